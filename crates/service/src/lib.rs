//! The shell that all programs share: configuration, clock, bus, broker, journal, outbox and keys.
