//! A gate with a real broker, a real outbox and a simulated barrier over MQTT.

mod afterwards;
mod barrier;
mod killed_barrier;
mod orders;
mod outage;
mod passages;
mod restarts;
mod site;
