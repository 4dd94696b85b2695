//! The parts of the program `gac`: what its commands do, and how a site is put together.
//!
//! `main.rs` reads the command line and calls in here.

#![expect(
    clippy::print_stdout,
    reason = "what people asked for goes to standard output"
)]

mod bundle;
pub mod check;
pub mod demo;
pub mod detector;
pub mod explain;
mod follow;
pub mod gate;
mod journals;
pub mod list;
pub mod models;
pub mod offline;
pub mod pass;
pub mod people;
pub mod pipeline;
pub mod reader;
pub mod replay;
pub mod report;
pub mod run;
pub mod scene;
pub mod serve;
pub mod simulate;
pub mod site;
pub mod visitor;
pub mod watch_list;
