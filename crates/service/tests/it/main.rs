//! The shell against real brokers, real files and processes that are really killed.

#[cfg(test)]
mod bus;
#[cfg(test)]
mod bus_faults;
#[cfg(test)]
mod kill;
#[cfg(test)]
mod mosquitto;
#[cfg(test)]
mod outbox;
#[cfg(test)]
mod outbox_faults;
#[cfg(test)]
mod support;
