//! What a site's folder holds: outboxes, journals and the database, read after a crash without
//! touching them.

use domain::PassageId;
use sqlx::{Connection as _, Row as _, SqliteConnection, sqlite::SqliteConnectOptions};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};
use wire::{Envelope, JournalEntry, Message};

/// Ids of entities, and for messages of an outbox those of their envelopes too.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    /// `sig_…`, `ver_…`, `can_…`, `pas_…`.
    pub(crate) entities: BTreeSet<String>,
    /// The envelopes of an outbox.
    pub(crate) envelopes: BTreeSet<String>,
    /// Commands of a journal, by passage.
    pub(crate) commands: BTreeMap<PassageId, BTreeSet<String>>,
}

impl Kept {
    /// Everything in the outboxes and journals of a state folder.
    pub(crate) async fn read(state: &Path) -> Self {
        let mut kept = Self::read_journals(state);
        kept.add(Self::read_outboxes(state).await);
        kept
    }

    /// What waits for its receipt.
    pub(crate) async fn read_outboxes(state: &Path) -> Self {
        let mut kept = Self::default();
        for path in files(state, ".db") {
            if path
                .file_name()
                .unwrap()
                .to_str()
                .unwrap()
                .starts_with("outbox-")
            {
                kept.read_outbox(&path).await;
            }
        }
        kept
    }

    /// What gates have answered.
    pub(crate) fn read_journals(state: &Path) -> Self {
        let mut kept = Self::default();
        for path in files(state, ".jsonl") {
            kept.read_journal(&path);
        }
        kept
    }

    /// Adds what another reading has found.
    pub(crate) fn add(&mut self, other: Self) {
        self.entities.extend(other.entities);
        self.envelopes.extend(other.envelopes);
        for (passage, ids) in other.commands {
            self.commands.entry(passage).or_default().extend(ids);
        }
    }

    /// How many entities have this prefix.
    pub(crate) fn n(&self, prefix: &str) -> usize {
        self.entities
            .iter()
            .filter(|id| id.starts_with(prefix))
            .count()
    }

    async fn read_outbox(&mut self, path: &Path) {
        // The file is copied with its write-ahead log: opening it would settle what the crash left.
        let copies = tempfile::tempdir().unwrap();
        let copy = copies.path().join("outbox.db");
        std::fs::copy(path, &copy).unwrap();
        let log = PathBuf::from(format!("{}-wal", path.display()));
        if log.exists() {
            std::fs::copy(log, copies.path().join("outbox.db-wal")).unwrap();
        }
        let options = SqliteConnectOptions::new().filename(&copy);
        let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
        let rows = sqlx::query("select payload from message")
            .fetch_all(&mut connection)
            .await;
        for row in rows.unwrap() {
            let envelope = Envelope::decode(row.get::<&[u8], _>(0)).unwrap();
            self.envelopes.insert(envelope.id.clone());
            self.take(&envelope.message);
        }
        connection.close().await.unwrap();
    }

    fn read_journal(&mut self, path: &Path) {
        for record in service::journal::read(path).unwrap().records {
            if let JournalEntry::Output(message) = record.entry {
                self.take(&message);
            }
        }
    }

    fn take(&mut self, message: &Message) {
        let id = match message {
            Message::Sighting(sighting) => sighting.id.to_string(),
            Message::Candidate(candidate) => candidate.id.to_string(),
            Message::Verdict(verdict) => verdict.id.to_string(),
            Message::Passage(passage) => passage.id.to_string(),
            Message::Command(signed) => {
                let ids = self
                    .commands
                    .entry(signed.command.cause.passage().expect("it is for a passage"))
                    .or_default();
                ids.insert(signed.command.id.to_string());
                return;
            }
            _another => return,
        };
        self.entities.insert(id);
    }
}

/// The files of a folder with this ending, in order.
pub(crate) fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.to_str().unwrap().ends_with(ending));
    paths.sort();
    paths
}

/// What the API has stored: every id once for each row that has it.
#[derive(Debug)]
pub(crate) struct Stored {
    pub(crate) ids: Vec<String>,
}

impl Stored {
    /// Reads the SQLite database of a state folder, also while the API runs.
    pub(crate) async fn read(state: &Path) -> Self {
        let options = SqliteConnectOptions::new().filename(state.join("gac.db"));
        let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
        let sql = "select message_id from message union all select sighting_id from sighting
            union all select verdict_id from verdict union all select candidate_id from candidate
            union all select passage_id from passage
            union all select candidate_id || '/case' from violation";
        let rows = sqlx::query(sql).fetch_all(&mut connection).await.unwrap();
        let ids = rows.iter().map(|row| row.get(0)).collect();
        connection.close().await.unwrap();
        Self { ids }
    }

    /// What of these is not there.
    pub(crate) fn lacks(&self, kept: &Kept) -> Vec<String> {
        let ids: BTreeSet<&String> = self.ids.iter().collect();
        let wanted = kept.entities.iter().chain(&kept.envelopes);
        wanted.filter(|id| !ids.contains(id)).cloned().collect()
    }

    /// Nothing is there twice, and each candidate has one case.
    pub(crate) fn check_once(&self) {
        let ids: BTreeSet<&String> = self.ids.iter().collect();
        assert_eq!(ids.len(), self.ids.len(), "an id is stored twice");
        for id in ids
            .iter()
            .filter(|id| id.starts_with("can_") && !id.ends_with("/case"))
        {
            assert!(ids.contains(&format!("{id}/case")), "{id} has no case");
        }
    }
}
