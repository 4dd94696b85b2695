//! The store on both databases, the API, the pages, and taking in over a real broker.

mod console;
mod databases;
mod http;
mod http_cases;
mod ingest;
mod scene;
mod site;
mod store;
mod store_cases;
