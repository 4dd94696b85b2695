//! Who may pass: list, schedule and look-alike matching, verdicts and the passage state machine.
