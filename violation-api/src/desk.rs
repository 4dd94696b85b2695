//! What the visitors' desk needs: passes, the texts of documents, readers, and limits.

use crate::refusals::{PerMinute, Refusals};
use domain::{DocumentId, GateId, PassId, Timestamp, VisitLinkId, VisitorId};
use service::{
    document_reader::ReaderPort,
    documents::DocumentTexts,
    ids::{IdSource, Ids as _},
    keys::InvalidPublicKey,
    link_token::LinkToken,
    pass_desk::PassDesk,
};
use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::sync::Semaphore;

/// Photos that are looked at at a time: each takes up to 200 MB and a second of one core.
const PHOTOS_AT_A_TIME: usize = 1;

/// Wrong links that are answered a minute; what comes beyond is told to wait. Nobody has so many by
/// mistake.
const WRONG_LINKS_PER_MINUTE: u32 = 120;

/// Visitors who announce themselves a minute, over all links.
const ANNOUNCED_PER_MINUTE: u32 = 60;

/// Messages of readers a minute that are looked at, genuine or not: checking one costs a signature.
const READER_MESSAGES_PER_MINUTE: u32 = 1200;

/// A reader of chips or VNeID, as the site file has it.
#[derive(Clone, Debug)]
pub struct ReaderConfig {
    /// Its id.
    pub id: String,
    /// 64 hexadecimal digits.
    pub public_key: String,
    /// The gates that it may speak for.
    pub gates: Vec<GateId>,
}

/// What the visitors' desk needs to know.
#[derive(Clone, Debug)]
pub struct DeskConfig {
    /// Makes passes.
    pub passes: PassDesk,
    /// Reads documents.
    pub texts: DocumentTexts,
    /// The site's readers.
    pub readers: Vec<ReaderConfig>,
    /// How long it is kept who somebody was after the visit.
    pub kept: Duration,
    /// Whether whoever has a host's link gets a pass without the guard.
    pub is_automatic: bool,
    /// Where hosts' links lead, without the path; nothing, where the console is.
    pub public_url: Option<String>,
}

/// The visitors' desk.
pub(crate) struct Desk {
    pub(crate) passes: PassDesk,
    pub(crate) texts: DocumentTexts,
    pub(crate) kept: Duration,
    pub(crate) is_automatic: bool,
    public_url: Option<String>,
    readers: Mutex<ReaderPort>,
    pub(crate) refusals: Refusals,
    pub(crate) photos: Semaphore,
    ids: Mutex<IdSource>,
    pub(crate) wrong_links: PerMinute,
    pub(crate) announced: PerMinute,
    pub(crate) reader_messages: PerMinute,
}

impl Desk {
    pub(crate) fn new(config: DeskConfig) -> Result<Self, InvalidPublicKey> {
        let mut readers = ReaderPort::new(config.texts.clone());
        for reader in config.readers {
            readers.trust(&reader.id, &reader.public_key, reader.gates)?;
        }
        Ok(Self {
            passes: config.passes,
            texts: config.texts,
            kept: config.kept,
            is_automatic: config.is_automatic,
            public_url: config.public_url,
            readers: Mutex::new(readers),
            refusals: Refusals::default(),
            photos: Semaphore::new(PHOTOS_AT_A_TIME),
            ids: Mutex::new(IdSource::system()),
            wrong_links: PerMinute::new(WRONG_LINKS_PER_MINUTE),
            announced: PerMinute::new(ANNOUNCED_PER_MINUTE),
            reader_messages: PerMinute::new(READER_MESSAGES_PER_MINUTE),
        })
    }

    /// Checks readers' messages.
    pub(crate) fn readers(&self) -> MutexGuard<'_, ReaderPort> {
        self.readers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn id(&self) -> u128 {
        let mut ids = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        ids.next()
    }

    pub(crate) fn pass_id(&self) -> PassId {
        PassId(self.id())
    }

    pub(crate) fn visitor_id(&self) -> VisitorId {
        VisitorId(self.id())
    }

    pub(crate) fn link_id(&self) -> VisitLinkId {
        VisitLinkId(self.id())
    }

    pub(crate) fn document_id(&self) -> DocumentId {
        DocumentId(self.id())
    }

    /// The address of a link or a ticket; `here` is the host by which the request came.
    pub(crate) fn address(&self, here: &str, token: &LinkToken) -> String {
        let base = match &self.public_url {
            Some(url) => url.trim_end_matches('/').to_owned(),
            None => format!("http://{here}"),
        };
        format!("{base}/visit/{}", token.expose())
    }

    /// The name by which visitors reach the service: under it nothing is answered but `/visit/`.
    pub(crate) fn public_authority(&self) -> Option<&str> {
        service::config::site::authority_of(self.public_url.as_deref()?)
    }

    /// Before this moment whoever has left is forgotten.
    pub(crate) fn forget_before(&self, now: Timestamp) -> Timestamp {
        now.saturating_sub(self.kept)
    }
}
