//! The edge: takes bundles in from the broker, keeps the last one, and puts it into force.

use super::Trusted;
use crate::{
    run::{RegistrySetter, Running},
    site::LoadedSite,
};
use anyhow::{Context as _, Result};
use domain::{SiteId, SiteList, Timestamp};
use service::{
    bus::{Bus, BusError, BusEvents, Incoming},
    clock,
    keys::CommandVerifier,
    list_bundle::{Assembler, Bundle, BundleRefused, BundleStore, RefusalLog, StoredError, Taken},
};
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;
use wire::{Seal, Topic};

/// How often the disk is looked at: a bundle may come by memory stick, or through another process.
const LOOK_INTERVAL: Duration = Duration::from_secs(10);

/// A list that is only confirmed is put into force again when its age has become better by this
/// much: every gate writes it into its journal.
const CONFIRM_STEP: Duration = Duration::from_secs(900);

/// Parts that may wait: a body has up to 256.
const N_PARTS_MAX: usize = 32;

/// What an edge begins with: the list of its last bundle and the keys in it.
///
/// With none, or one that was changed on the disk, the list is one that grants nothing.
pub(crate) fn stored(site: &LoadedSite) -> Result<SiteList> {
    Ok(begin(&Edge::of(site)?, true).0)
}

/// The list to begin with, the seal that nothing older may follow, and whether its body is whole.
/// `is_told`: whether the log has what is wrong.
fn begin(edge: &Edge, is_told: bool) -> (SiteList, Option<Seal>, bool) {
    let nothing = SiteList::default();
    match edge.store.load(&edge.sealed_by, &edge.site) {
        Ok(Some(bundle)) => match edge.trusted.replace(bundle.keys()) {
            Ok(()) => (bundle.list(), Some(bundle.sealed().clone()), true),
            Err(error) => {
                tracing::error!(%error, "the list bundle has a key that is none; everybody is referred");
                (nothing, Some(bundle.sealed().clone()), false)
            }
        },
        Ok(None) => {
            if is_told {
                tracing::warn!("no list has come from the centre yet; everybody is referred");
            }
            (nothing, None, false)
        }
        Err(error) => {
            if is_told {
                tracing::error!("{error}; until then everybody is referred");
            }
            let seal = match error {
                StoredError::Refused { seal, .. } => seal.map(|seal| *seal),
                StoredError::Io { .. } => None,
            };
            (nothing, seal, false)
        }
    }
}

/// What an edge works with.
struct Edge {
    site: SiteId,
    sealed_by: CommandVerifier,
    store: BundleStore,
    trusted: Trusted,
}

impl Edge {
    fn of(site: &LoadedSite) -> Result<Self> {
        Ok(Self {
            site: site.id()?,
            sealed_by: site.site.list.trusted(),
            store: site.edge_store(),
            trusted: site.trusted.clone(),
        })
    }
}

/// Follows the centre's list until the program ends.
///
/// A process with gates listens to the broker; one with cameras alone reads what that has kept.
pub(crate) async fn follow(
    site: Arc<LoadedSite>,
    connection: Option<(Bus, BusEvents)>,
    lists: RegistrySetter,
) -> Result<()> {
    let edge = Edge::of(&site)?;
    let (list, seal, is_whole) = begin(&edge, connection.is_none());
    let mut assembler = Assembler::new(edge.site.clone(), edge.sealed_by.clone(), seal);
    if !is_whole {
        assembler.has_lost_its_body();
    }
    let mut follower = Follower {
        edge,
        assembler,
        lists,
        in_force: is_whole.then_some(list),
        refusals: RefusalLog::default(),
    };
    match connection {
        Some((bus, events)) => follower.listen(bus, events).await,
        None => loop {
            tokio::time::sleep(LOOK_INTERVAL).await;
            follower.look().await?;
        },
    }
}

/// The connection over which bundles come.
pub(crate) fn connect(
    site: &LoadedSite,
    running: &mut Running,
) -> Result<Option<(Bus, BusEvents)>> {
    let Some(gate) = site.site.gates.first() else {
        return Ok(None);
    };
    let filters = vec![Topic::ListSeal(site.id()?).to_string()];
    // Of several edges each has gates of its own, so the name is its own, too.
    let source = format!("list-{}", gate.id.get_ref());
    Ok(Some(running.connect(&source, filters)))
}

struct Follower {
    edge: Edge,
    assembler: Assembler,
    lists: RegistrySetter,
    in_force: Option<SiteList>,
    refusals: RefusalLog,
}

impl Follower {
    async fn listen(&mut self, bus: Bus, mut seals: BusEvents) -> Result<()> {
        let mut parts: Option<BusEvents> = None;
        let mut look_at = Instant::now() + LOOK_INTERVAL;
        loop {
            let next_part = async {
                match &mut parts {
                    Some(parts) => parts.recv().await,
                    None => std::future::pending().await,
                }
            };
            let (incoming, is_seal) = tokio::select! {
                seal = seals.recv() => (seal, true),
                part = next_part => (part, false),
                () = tokio::time::sleep_until(look_at) => {
                    look_at = Instant::now() + LOOK_INTERVAL;
                    self.look().await?;
                    self.tell(None);
                    continue;
                }
            };
            let Some(incoming) = incoming else {
                return Ok(()); // the connection is closed
            };
            let taken = if is_seal {
                self.assembler.take_seal(&incoming.payload, clock::now())
            } else {
                self.take_part(incoming)
            };
            match taken {
                Ok(Taken::Nothing) => (),
                Ok(Taken::Wanted) => parts = Some(ask(&bus, &self.edge.site)?),
                Ok(Taken::Confirmed(seal)) => self.confirm(seal).await?,
                Ok(Taken::Complete(bundle)) => {
                    parts = None;
                    self.keep(*bundle).await?;
                }
                Err(refused) => self.tell(Some(&refused)),
            }
        }
    }

    fn take_part(&mut self, incoming: Incoming) -> Result<Taken, BundleRefused> {
        match incoming.parsed_topic() {
            // What was taken back.
            Some(Topic::ListPart(..)) if incoming.payload.is_empty() => Ok(Taken::Nothing),
            Some(Topic::ListPart(_site, n)) => self.assembler.take_part(n, incoming.payload),
            _ => Err(BundleRefused::Unasked),
        }
    }

    fn tell(&mut self, refused: Option<&BundleRefused>) {
        let now = clock::now();
        let line = match refused {
            Some(refused) => self.refusals.note(refused, now),
            None => self.refusals.summary(now),
        };
        if let Some(line) = line {
            tracing::warn!("{line}; the list in force stays");
        }
    }

    /// Keeps a bundle, and only then decides by it: a restart knows what was in force.
    async fn keep(&mut self, bundle: Bundle) -> Result<()> {
        if let Err(error) = self.edge.store.save(&bundle) {
            tracing::error!(
                "{:#}; the list holds until the next start",
                anyhow::Error::from(error)
            );
        }
        self.put_into_force(bundle).await
    }

    async fn put_into_force(&mut self, bundle: Bundle) -> Result<()> {
        self.edge
            .trusted
            .replace(bundle.keys())
            .context("a key of the list bundle")?;
        let list = bundle.list();
        tracing::info!(
            version = list.version,
            as_of = %list.as_of,
            n_entries = list.registrations.len(),
            "a list of the centre is in force"
        );
        self.set(list).await
    }

    async fn set(&mut self, list: SiteList) -> Result<()> {
        self.in_force = Some(list.clone());
        self.lists.set(list).await
    }

    async fn confirm(&mut self, seal: Seal) -> Result<()> {
        if let Err(error) = self.edge.store.confirm(&seal) {
            tracing::error!("{:#}", anyhow::Error::from(error));
        }
        let is_due = |list: &SiteList| list.as_of.saturating_add(CONFIRM_STEP) <= seal.as_of;
        match self.in_force.clone().filter(is_due) {
            Some(list) => self.set(seal.in_force(&list)).await,
            None => Ok(()),
        }
    }

    /// Takes what another way has put on the disk.
    async fn look(&mut self) -> Result<()> {
        let Ok(Some(seal)) = self.edge.store.seal() else {
            return Ok(()); // what is wrong with it was told at the start
        };
        let age = |seal: &Seal| (seal.version, seal.as_of);
        let is_newer = |held: &Seal| age(held) < age(&seal);
        if !self.assembler.held().is_none_or(is_newer) || is_over(&seal, clock::now()) {
            return Ok(());
        }
        match self.edge.store.load(&self.edge.sealed_by, &self.edge.site) {
            Ok(Some(bundle)) => {
                self.assembler.hold(bundle.sealed().clone());
                self.put_into_force(bundle).await
            }
            Ok(None) => Ok(()),
            Err(StoredError::Refused { refused, .. }) => {
                self.tell(Some(&refused));
                Ok(())
            }
            Err(error) => {
                tracing::error!("{:#}", anyhow::Error::from(error));
                Ok(())
            }
        }
    }
}

fn is_over(seal: &Seal, now: Timestamp) -> bool {
    seal.expires_at <= now
}

/// Asks the broker for all parts that it keeps; asked again, it says them again.
fn ask(bus: &Bus, site: &SiteId) -> Result<BusEvents, BusError> {
    bus.route(&[Topic::all_list_parts(site)], N_PARTS_MAX)
}
