//! The store on both databases, the API, the pages, and taking in over a real broker.

#[cfg(test)]
mod console;
#[cfg(test)]
mod console_lists;
#[cfg(test)]
mod databases;
#[cfg(test)]
mod desk;
#[cfg(test)]
mod documents;
#[cfg(test)]
mod flow_cases;
#[cfg(test)]
mod flow_pages;
#[cfg(test)]
mod guard;
#[cfg(test)]
mod http;
#[cfg(test)]
mod http_cases;
#[cfg(test)]
mod ingest;
#[cfg(test)]
mod lane;
#[cfg(test)]
mod orders;
#[cfg(test)]
mod orders_fate;
#[cfg(test)]
mod scene;
#[cfg(test)]
mod site;
#[cfg(test)]
mod store;
#[cfg(test)]
mod store_cases;
#[cfg(test)]
mod visit_pages;
#[cfg(test)]
mod visitors;
