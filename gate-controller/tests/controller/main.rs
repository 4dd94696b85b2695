//! A gate with a real broker, a real outbox and a simulated barrier over MQTT.

mod adapters;
mod afterwards;
#[cfg(test)]
mod announced;
mod barrier;
#[cfg(test)]
mod hostile;
mod killed_barrier;
#[cfg(test)]
mod mosquitto;
mod orders;
mod outage;
mod passages;
mod restarts;
mod site;
