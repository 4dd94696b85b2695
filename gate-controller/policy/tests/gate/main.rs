//! The policy seen from outside: examples for every reason, the full state table, and properties.

mod closed_loop;
mod examples;
mod face_examples;
mod factors;
mod lane;
mod properties;
mod scene;
mod table;
mod transit;
