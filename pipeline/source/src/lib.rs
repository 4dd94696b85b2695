//! Cameras, files and generated scenes to frames with a capture time.
