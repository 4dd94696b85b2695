//! What the log has about bundles that were refused: the first of each kind at once, and after that
//! at most one line a minute.

use super::BundleRefused;
use domain::Timestamp;
use std::{collections::BTreeMap, time::Duration};

/// The shortest pause between two summaries.
const SUMMARY_INTERVAL: Duration = Duration::from_secs(60);

/// Counts refusals and says when to speak of them.
#[derive(Debug, Default)]
pub struct RefusalLog {
    counts: BTreeMap<&'static str, u64>,
    has_news: bool,
    told_at: Option<Timestamp>,
}

impl RefusalLog {
    /// Counts one; gives the line for the log, when one is due.
    pub fn note(&mut self, refused: &BundleRefused, now: Timestamp) -> Option<String> {
        let count = self.counts.entry(refused.name()).or_default();
        *count += 1;
        if *count == 1 {
            return Some(format!("a list bundle was refused: {refused}"));
        }
        self.has_news = true;
        self.summary(now)
    }

    /// The counts in words, at most once a minute and only when they have grown.
    pub fn summary(&mut self, now: Timestamp) -> Option<String> {
        let told_at = *self.told_at.get_or_insert(now);
        // A clock that was set back does not silence the log.
        let is_due = told_at.saturating_add(SUMMARY_INTERVAL) <= now || now < told_at;
        if !self.has_news || !is_due {
            return None;
        }
        self.has_news = false;
        self.told_at = Some(now);
        let counts: Vec<String> = self
            .counts
            .iter()
            .map(|(name, n)| format!("{n} {name}"))
            .collect();
        Some(format!(
            "list bundles refused so far: {}",
            counts.join(", ")
        ))
    }

    /// How many were refused in all.
    pub fn n_refused(&self) -> u64 {
        self.counts.values().sum()
    }
}
