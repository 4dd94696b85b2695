//! Frames to sightings and candidates: the assembly of one edge box.
