//! What all handlers share.

use crate::{
    api::BindPolicy,
    console::Assets,
    desk::Desk,
    documents::NewestDocuments,
    feed::{Changes, Feed},
    http::{guard::host_name, problem::Problem},
    ingest::Ingest,
    names::Names,
    orders::Orders,
    pictures::Pictures,
    plan::SitePlan,
    profile::SiteProfile,
    programs::Programs,
    store::Store,
};
use axum::http::StatusCode;
use domain::{DocumentRead, GateId, SiteId, Timestamp};
use jiff::tz::TimeZone;
use service::{bus::Bus, evidence::EvidenceStore, shutdown::Shutdown};
use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
    time::Duration,
};
use tokio::sync::Semaphore;
use wire::{Message, Topic};

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
    /// Visitors; nothing where the configuration has no desk.
    pub(crate) desk: Option<Desk>,
    pub(crate) documents: NewestDocuments,
    /// Where gates are told of documents, once messages are being taken in.
    pub(crate) bus: OnceLock<Bus>,
}

impl App {
    /// Now, by the system's clock.
    pub(crate) fn now(&self) -> Timestamp {
        service::clock::now()
    }

    /// The visitors' desk, where there is one.
    pub(crate) fn desk(&self) -> Result<&Desk, Problem> {
        self.desk.as_ref().ok_or_else(|| Problem::not_found("desk"))
    }

    /// Whether this is the name by which visitors come from outside.
    pub(crate) fn is_public_name(&self, host: &str) -> bool {
        let public = self.desk.as_ref().and_then(Desk::public_authority);
        public.is_some_and(|name| host_name(name).eq_ignore_ascii_case(host_name(host)))
    }

    /// Whether visitors come from outside at all: then something stands in front of the service.
    pub(crate) fn has_public_name(&self) -> bool {
        let public = self.desk.as_ref().and_then(Desk::public_authority);
        public.is_some()
    }

    /// Tells the gate what was shown. It comes back by the broker, and then the guard sees it.
    pub(crate) fn say_document(&self, read: DocumentRead) -> Result<(), Problem> {
        let topic = Topic::Document(self.site.clone(), read.gate.clone());
        let said = self.bus.get().filter(|_bus| self.ingest.is_connected());
        let said = said.map(|bus| bus.say(&topic, Message::Document(read), self.now()));
        if let Some(Ok(_id)) = said {
            return Ok(());
        }
        let detail = "the message broker cannot be reached just now; show it again";
        let status = StatusCode::SERVICE_UNAVAILABLE;
        Err(Problem::new(status, "broker-unavailable", detail))
    }

    /// Notes what was shown at a gate, and tells open pages.
    pub(crate) fn note_document(&self, read: DocumentRead) {
        if self.documents.put(read, self.now()) {
            self.say_gate_changed();
        }
    }

    /// Tells open pages that something at a gate has changed, visitors among it.
    pub(crate) fn say_gate_changed(&self) {
        self.feed.say(Changes {
            is_gate_changed: true,
            ..Changes::default()
        });
    }
}
