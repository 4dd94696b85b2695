//! Detections to tracks, and tracks to voted plates and sightings.
