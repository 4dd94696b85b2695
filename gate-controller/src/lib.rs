//! Sightings to verdicts, signed commands and passages; the barrier simulator; journal replay.
