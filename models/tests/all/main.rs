//! The crate against real files, a real server, the real runtime and real pictures.

mod bad_models;
mod data;
mod faces;
mod objects;
mod plates;
mod pull;
mod speed;
