//! What crosses a process boundary: MQTT payloads, topics and journal records, versioned.
