//! The centre: seals the site's list when it changes, confirms it while it does not, and keeps both
//! with the broker.

use crate::site::{LoadedSite, Told};
use anyhow::Result;
use service::{
    bus::{Bus, BusError, BusState},
    list_bundle::Bundle,
};
use std::{path::PathBuf, time::Duration};
use wire::Topic;

/// How often the list is read again and confirmed.
const INTERVAL: Duration = Duration::from_secs(60);

/// How often the whole body is said again although nothing has changed: somebody may have written
/// over a part that the broker keeps.
const BODY_INTERVAL: Duration = Duration::from_secs(3600);

/// Publishes the list of the site file again and again, and at once when the connection was lost.
///
/// A file that is wrong is not sealed: edges go on with the list that they have, and in the end
/// refer everybody.
pub(crate) async fn publish_list(path: PathBuf, mut told: Told, bus: Bus) {
    let mut publisher = Publisher::new(bus);
    let mut told_error = String::new();
    loop {
        let again = tokio::task::spawn_blocking({
            let path = path.clone();
            move || {
                let site = LoadedSite::load_again(&path, &mut told);
                (site.and_then(|site| Ok(site.sealed_list()?.0)), told)
            }
        });
        let Ok((sealed, now_told)) = again.await else {
            return; // it has panicked
        };
        told = now_told;
        let published = match sealed {
            Ok(bundle) => publisher.publish(&bundle).await,
            Err(error) => Err(error),
        };
        match published {
            Ok(()) => told_error.clear(),
            Err(error) => {
                let error = format!("{error:#}");
                if error != told_error {
                    tracing::warn!(
                        error,
                        "the list is not published; edges keep the one they have"
                    );
                    told_error = error;
                }
            }
        }
        if publisher.wait(INTERVAL).await.is_err() {
            return;
        }
    }
}

/// Keeps the newest bundle with a broker.
pub(crate) struct Publisher {
    bus: Bus,
    /// The body that the broker has, on which connection, and since when.
    kept: Option<Kept>,
}

struct Kept {
    version: u64,
    n_parts: usize,
    connection: u64,
    at: tokio::time::Instant,
}

impl Publisher {
    pub(crate) fn new(bus: Bus) -> Self {
        Self { bus, kept: None }
    }

    /// Returns once the broker has it. Parts go first: whoever reads the seal finds them.
    pub(crate) async fn publish(&mut self, bundle: &Bundle) -> Result<()> {
        self.bus.wait_online().await?;
        let connection = self.bus.counts().connections;
        let site = self.bus.site().clone();
        let version = bundle.sealed().version;
        let n_before = self.kept.as_ref().map_or(0, |kept| kept.n_parts);
        let has_body = self.kept.as_ref().is_some_and(|kept| {
            kept.version == version
                && kept.connection == connection
                && kept.at.elapsed() < BODY_INTERVAL
        });
        if !has_body {
            let mut n_parts = 0;
            for part in bundle.parts() {
                self.say(&Topic::ListPart(site.clone(), n_parts), part.to_vec())
                    .await?;
                n_parts += 1;
            }
            // An empty message takes back what the broker keeps of a longer list.
            for n in n_parts..u32::try_from(n_before).unwrap_or(0) {
                self.say(&Topic::ListPart(site.clone(), n), Vec::new())
                    .await?;
            }
            tracing::info!(version, n_parts, "a list is published");
            self.kept = Some(Kept {
                version,
                n_parts: usize::try_from(n_parts).unwrap_or(usize::MAX),
                connection,
                at: tokio::time::Instant::now(),
            });
        }
        self.say(&Topic::ListSeal(site), bundle.sealed().encode())
            .await?;
        Ok(())
    }

    async fn say(&self, topic: &Topic, payload: Vec<u8>) -> Result<(), BusError> {
        self.bus.publish_kept(topic, payload).await
    }

    /// Until it is time to say it again, or there is another connection.
    async fn wait(&self, interval: Duration) -> Result<(), BusError> {
        let connection = self.kept.as_ref().map(|kept| kept.connection);
        let mut state = self.bus.state();
        let reconnected = async {
            loop {
                let is_online = *state.borrow_and_update() == BusState::Online;
                if is_online && connection != Some(self.bus.counts().connections) {
                    return Ok(());
                }
                state.changed().await.map_err(|_closed| BusError::Closed)?;
            }
        };
        match tokio::time::timeout(interval, reconnected).await {
            Ok(outcome) => outcome,
            Err(_elapsed) => Ok(()),
        }
    }
}
