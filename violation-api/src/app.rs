//! What all handlers share.

use crate::{
    api::BindPolicy, console::Assets, feed::Feed, ingest::Ingest, names::Names, orders::Orders,
    pictures::Pictures, plan::SitePlan, profile::SiteProfile, programs::Programs, store::Store,
};
use domain::{GateId, SiteId, Timestamp};
use jiff::tz::TimeZone;
use service::{evidence::EvidenceStore, shutdown::Shutdown};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::sync::Semaphore;

/// How many pages may listen at a time; one more is told to come back.
pub(crate) const LISTENERS_MAX: usize = 64;

/// Who acts while there is no login: whoever sits at this machine.
pub(crate) const LOCAL_REVIEWER: &str = "local";

pub(crate) struct App {
    pub(crate) site: SiteId,
    pub(crate) site_name: String,
    pub(crate) names: Arc<Names>,
    pub(crate) plan: Arc<SitePlan>,
    pub(crate) profile: Arc<SiteProfile>,
    pub(crate) orders: Orders,
    /// How long the guard of a lane has for an answer.
    pub(crate) answer_within: BTreeMap<GateId, Duration>,
    pub(crate) programs: Programs,
    pub(crate) zone: TimeZone,
    pub(crate) zone_name: String,
    pub(crate) policy: BindPolicy,
    pub(crate) store: Store,
    pub(crate) evidence: EvidenceStore,
    pub(crate) pictures: Pictures,
    pub(crate) feed: Feed,
    pub(crate) ingest: Ingest,
    pub(crate) assets: Assets,
    pub(crate) listeners: Arc<Semaphore>,
    pub(crate) shutdown: Shutdown,
}

impl App {
    /// Now, by the system's clock.
    pub(crate) fn now(&self) -> Timestamp {
        service::clock::now()
    }
}
