//! Which message goes to which receiver.

use super::{Counters, Incoming};
use std::sync::atomic::Ordering;
use tokio::sync::mpsc;

/// The receivers; the first is that of `Bus::connect`.
pub(super) struct Routes {
    routes: Vec<Route>,
}

/// A receiver and what it wants.
struct Route {
    filters: Vec<String>,
    incoming: mpsc::Sender<Incoming>,
}

impl Routes {
    pub(super) fn new(filters: Vec<String>, incoming: mpsc::Sender<Incoming>) -> Self {
        Self {
            routes: vec![Route { filters, incoming }],
        }
    }

    /// One more receiver, in place of those that have been dropped.
    pub(super) fn add(&mut self, filters: Vec<String>, incoming: mpsc::Sender<Incoming>) {
        let mut is_first = true;
        self.routes
            .retain(|route| std::mem::take(&mut is_first) || !route.incoming.is_closed());
        self.routes.push(Route { filters, incoming });
    }

    /// The first receiver wants this too.
    pub(super) fn widen(&mut self, filter: String) {
        self.routes[0].filters.push(filter);
    }

    /// All that anybody wants.
    pub(super) fn filters(&self) -> impl Iterator<Item = &String> {
        self.routes.iter().flat_map(|route| &route.filters)
    }

    /// All who want a message of that topic.
    pub(super) fn wanting(&self, topic: &str) -> Vec<mpsc::Sender<Incoming>> {
        let fits = |filter: &String| rumqttc::matches(topic, filter);
        self.routes
            .iter()
            .filter(|route| route.filters.iter().any(fits))
            .map(|route| route.incoming.clone())
            .collect()
    }

    /// Hands a picture to all who have room for it.
    pub(super) fn deliver_or_drop(&self, incoming: &Incoming, counters: &Counters) {
        for receiver in self.wanting(&incoming.topic) {
            match receiver.try_send(incoming.clone()) {
                Ok(()) => &counters.received,
                Err(_full_or_gone) => &counters.incoming_dropped,
            }
            .fetch_add(1, Ordering::Relaxed);
        }
    }
}
