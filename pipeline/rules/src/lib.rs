//! Tracks, signals and zones to candidates: one file for each traffic rule.
