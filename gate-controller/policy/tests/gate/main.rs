//! The policy seen from outside: examples for every reason, the full state table, and properties.

mod examples;
mod face_examples;
mod lane;
mod properties;
mod scene;
mod table;
