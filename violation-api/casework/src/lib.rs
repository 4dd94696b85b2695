//! The life of a case: from candidate to review, as a total state machine.
