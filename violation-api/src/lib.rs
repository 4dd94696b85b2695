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
mod crowd;
mod desk;
mod documents;
mod feed;
mod flow;
mod http;
mod ingest;
mod lane;
mod names;
mod orders;
mod pictures;
mod plan;
mod profile;
mod programs;
mod refusals;
pub mod store;
mod visit;

pub use api::{Api, ApiConfig, ApiError, BindPolicy, DEFAULT_ZONE};
pub use crowd::{CrowdLevel, CrowdLevels, Fullness};
pub use desk::{DeskConfig, ReaderConfig};
pub use feed::Changes;
pub use flow::{Entrance, FlowDirection, FlowKind, FlowRow, FlowSource, InvalidEntrance};
pub use ingest::IngestTally;
pub use names::Names;
pub use orders::{GuardConfig, OrderReason};
pub use plan::{LanePlan, SitePlan, ZonePlan};
pub use profile::{NoticePlan, NoticeSees, SiteKind, SiteProfile};
pub use visit::{VisitState, VisitStep};
