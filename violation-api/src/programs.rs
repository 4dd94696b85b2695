//! Which programs of the site run, by what the broker says of their connections.

use domain::{GateId, Timestamp};
use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

/// The program with the cameras.
const PIPELINE: &str = "pipeline";
/// The connections over which gates hear orders are called so, with the gate's name between.
const GATE: &str = "gate-";
const HEARS: &str = "-in";
/// Anybody can say that he is a program.
const PROGRAMS_MAX: usize = 128;

/// Whether a program runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Running {
    /// It is connected.
    Online,
    /// It said that it ends, or its connection broke.
    Offline {
        /// When we heard of it.
        since: Timestamp,
    },
    /// Nothing was ever heard of it.
    Unknown,
}

impl Running {
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Online => "online",
            Self::Offline { .. } => "offline",
            Self::Unknown => "unknown",
        }
    }
}

/// The programs that pages tell of.
#[derive(Default)]
pub(crate) struct Programs {
    by_source: Mutex<BTreeMap<String, (bool, Timestamp)>>,
}

impl Programs {
    /// Notes what the broker says of a program; whether that is news.
    pub(crate) fn note(&self, source: &str, is_online: bool, now: Timestamp) -> bool {
        let is_gate = source.starts_with(GATE) && source.ends_with(HEARS);
        if source != PIPELINE && !is_gate {
            return false;
        }
        let mut all = self
            .by_source
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if !all.contains_key(source) && PROGRAMS_MAX <= all.len() {
            return false;
        }
        match all.insert(source.to_owned(), (is_online, now)) {
            Some((was_online, since)) if was_online == is_online => {
                all.insert(source.to_owned(), (is_online, since));
                false
            }
            _ => true,
        }
    }

    fn of(&self, source: &str) -> Running {
        let all = self
            .by_source
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match all.get(source) {
            None => Running::Unknown,
            Some((true, _)) => Running::Online,
            Some((false, since)) => Running::Offline { since: *since },
        }
    }

    /// Whether the program runs that obeys orders to a gate.
    pub(crate) fn gate(&self, gate: &GateId) -> Running {
        self.of(&format!("{GATE}{gate}{HEARS}"))
    }

    /// Whether the program with the cameras runs.
    pub(crate) fn pipeline(&self) -> Running {
        self.of(PIPELINE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_changes_of_what_pages_tell_of_are_news() {
        let (programs, gate) = (Programs::default(), "main".parse().unwrap());
        let at = Timestamp::from_micros;
        assert_eq!(programs.gate(&gate), Running::Unknown);
        assert!(!programs.note("somebody", true, at(1)));
        assert!(!programs.note("gate-main", true, at(1)));
        assert!(programs.note("gate-main-in", true, at(1)));
        assert!(!programs.note("gate-main-in", true, at(2)));
        assert!(programs.note("gate-main-in", false, at(3)));
        assert!(!programs.note("gate-main-in", false, at(4)));
        assert_eq!(programs.gate(&gate), Running::Offline { since: at(3) });
        for n in 0..200 {
            programs.note(&format!("gate-{n}-in"), true, at(5));
        }
        assert_eq!(programs.by_source.lock().unwrap().len(), PROGRAMS_MAX);
    }
}
