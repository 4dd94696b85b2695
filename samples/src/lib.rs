//! Scenes with exact ground truth, made from a seed.
