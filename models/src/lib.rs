//! Catalogue, import and ONNX Runtime sessions, with pure pre- and post-processing.
