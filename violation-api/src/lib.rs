//! Passages, verdicts and cases in a store, with a JSON API and a web console.
//!
//! Messages come over MQTT (`ingest`), are stored once whatever happens (`store`), and are shown to
//! programs (`http`) and to people (`console`). A case changes by an event of `casework` only, and
//! every reading of a plate or a case is written to an audit that shows tampering.

#![forbid(unsafe_code)]
#![warn(missing_docs)]

mod api;
mod app;
mod console;
mod desk;
mod documents;
mod feed;
mod http;
mod ingest;
mod names;
mod pictures;
mod plan;
mod refusals;
pub mod store;
mod visit;

pub use api::{Api, ApiConfig, ApiError, BindPolicy, DEFAULT_ZONE};
pub use desk::{DeskConfig, ReaderConfig};
pub use feed::Changes;
pub use ingest::IngestTally;
pub use names::Names;
pub use plan::{LanePlan, SitePlan, ZonePlan};
pub use visit::{VisitState, VisitStep};
