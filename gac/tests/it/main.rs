//! The program itself, as people run it: real processes, brokers, databases, videos and models.
//!
//! Each test has a folder and ports of its own. A server or a model that this machine lacks is told
//! in one line, and the test returns.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on should say where"
)]
#![expect(clippy::print_stdout, reason = "what is skipped is told in one line")]

mod bad_broker;
mod bad_config;
mod bad_models;
mod bad_payload;
mod bad_sources;
mod edge_and_centre;
mod edges;
mod guard;
mod kept;
mod kill_nine;
mod list_and_passes;
mod offline_edges;
mod people;
mod postgres;
mod program;
mod servers;
mod site;
mod sites;
mod spy;
