//! What was shown last at each gate, for the guard's screen. Kept in memory and forgotten soon.

use domain::{DocumentId, DocumentRead, GateId, Timestamp};
use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// A document is shown to the guard for so long.
const SHOWN_FOR: Duration = Duration::from_secs(600);

/// Gates that are remembered; a site has fewer.
const GATES_MAX: usize = 256;

/// The newest document of each gate.
#[derive(Default)]
pub(crate) struct NewestDocuments(Mutex<BTreeMap<GateId, (DocumentRead, Timestamp)>>);

impl NewestDocuments {
    /// Notes what was shown; whether it is newer than what was known.
    pub(crate) fn put(&self, read: DocumentRead, now: Timestamp) -> bool {
        let mut newest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        newest.retain(|_gate, (_read, heard_at)| is_fresh(*heard_at, now));
        let known = newest.get(&read.gate);
        let is_newer = known.is_none_or(|(known, _heard_at)| {
            known.id != read.id && known.shown_at <= read.shown_at
        });
        if !is_newer || (known.is_none() && GATES_MAX <= newest.len()) {
            return false;
        }
        newest.insert(read.gate.clone(), (read, now));
        true
    }

    /// The newest document of the gate, unless that was long ago.
    pub(crate) fn of(&self, gate: &GateId, now: Timestamp) -> Option<DocumentRead> {
        let newest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (read, heard_at) = newest.get(gate)?;
        is_fresh(*heard_at, now).then(|| read.clone())
    }

    /// All that were shown not long ago, the newest first.
    pub(crate) fn all(&self, now: Timestamp) -> Vec<DocumentRead> {
        let newest = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = newest
            .values()
            .filter(|(_, heard_at)| is_fresh(*heard_at, now));
        let mut reads: Vec<DocumentRead> = fresh.map(|(read, _)| read.clone()).collect();
        reads.sort_by_key(|read| (std::cmp::Reverse(read.shown_at), read.id));
        reads
    }

    /// The document with this id, when it was shown not long ago.
    pub(crate) fn find(&self, id: DocumentId, now: Timestamp) -> Option<DocumentRead> {
        self.all(now).into_iter().find(|read| read.id == id)
    }
}

fn is_fresh(heard_at: Timestamp, now: Timestamp) -> bool {
    now.since(heard_at) < SHOWN_FOR
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{Assurance, DocumentKind, PassId};

    fn read(id: u128, gate: &str, shown_at: i64) -> DocumentRead {
        DocumentRead {
            id: DocumentId(id),
            gate: gate.parse().unwrap(),
            kind: DocumentKind::Pass {
                pass: PassId(id),
                is_genuine: true,
            },
            assurance: Assurance::Pass,
            shown_at: at(shown_at),
        }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(1000 * seconds)
    }

    #[test]
    fn the_newest_of_each_gate_is_kept_for_ten_minutes() {
        let newest = NewestDocuments::default();
        let gate = "gate-1".parse().unwrap();
        assert!(newest.put(read(1, "gate-1", 10), at(10)));
        assert!(!newest.put(read(1, "gate-1", 10), at(11)), "the same again");
        assert!(!newest.put(read(2, "gate-1", 9), at(11)), "an older one");
        assert!(newest.put(read(3, "gate-1", 12), at(12)));
        assert!(newest.put(read(4, "gate-2", 11), at(12)));
        assert_eq!(newest.of(&gate, at(13)).unwrap().id, DocumentId(3));
        let ids = |now| {
            newest
                .all(now)
                .iter()
                .map(|read| read.id.0)
                .collect::<Vec<_>>()
        };
        assert_eq!(ids(at(611)), [3, 4]);
        assert_eq!(
            newest.find(DocumentId(4), at(611)).unwrap().gate.as_str(),
            "gate-2"
        );
        assert_eq!((ids(at(612)), newest.of(&gate, at(612))), (vec![], None));
    }

    #[test]
    fn a_flood_of_gates_is_bounded() {
        let newest = NewestDocuments::default();
        let n_taken = (0..1000)
            .filter(|n| newest.put(read(*n, &format!("gate-{n}"), 1), at(1)))
            .count();
        assert_eq!(n_taken, GATES_MAX);
    }
}
