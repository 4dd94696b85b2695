//! Plates of every class: none is lost, all vectors hold, and nothing panics.

mod costs;
mod exercise;
mod grammar;
mod odd;
mod valid;
mod vectors;
