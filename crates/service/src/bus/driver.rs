//! The task behind a bus: connects, hands over, delivers, and starts again.

use super::{
    BusConfig, BusError, BusState, Closed, Control, Counters, Fate, Incoming, Keeping, Publication,
    link::{self, Link, LinkEvent},
    pace::Pace,
    routes::Routes,
};
use std::{
    collections::VecDeque,
    fs,
    pin::pin,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::Instant,
};

/// How long the broker may take to hang up after our farewell.
const HANG_UP_WITHIN: Duration = Duration::from_millis(250);

/// Longer than this a receiver should not keep the connection waiting: people are told.
const STUCK_AFTER: Duration = Duration::from_secs(2);

/// What comes from the bus's owners.
pub(super) struct Queues {
    pub(super) outgoing_rx: mpsc::Receiver<Publication>,
    pub(super) pictures_rx: mpsc::Receiver<Publication>,
    pub(super) controls_rx: mpsc::Receiver<Control>,
}

/// What the bus's owners are told.
pub(super) struct Told {
    pub(super) state_tx: watch::Sender<BusState>,
    pub(super) session_tx: watch::Sender<Option<u64>>,
    pub(super) counters: Arc<Counters>,
}

/// A filter that somebody waits for.
struct Asking {
    filter: String,
    done: oneshot::Sender<Result<(), BusError>>,
}

struct Closing {
    deadline: Instant,
    done: Vec<oneshot::Sender<Closed>>,
    has_said_offline: bool,
    has_said_goodbye: bool,
}

pub(super) struct Driver {
    config: BusConfig,
    queues: Queues,
    told: Told,
    routes: Routes,
    asking: Vec<Asking>,
    /// Handed over on an earlier connection and not acknowledged there.
    again: VecDeque<Publication>,
    session: u64,
    closing: Option<Closing>,
    last_reason: String,
}

/// Why a connection ended.
enum Ended {
    /// Because the bus is closed.
    Closed,
    /// Because it broke.
    Broken(String),
}

impl Driver {
    pub(super) fn new(
        config: BusConfig,
        queues: Queues,
        told: Told,
        incoming: mpsc::Sender<Incoming>,
    ) -> Self {
        let routes = Routes::new(config.filters.clone(), incoming);
        Self {
            config,
            queues,
            told,
            routes,
            asking: Vec::new(),
            again: VecDeque::new(),
            session: 0,
            closing: None,
            last_reason: String::new(),
        }
    }

    pub(super) async fn run(mut self) {
        let mut pace = Pace::new(self.config.backoff_max);
        loop {
            self.told.state_tx.send_replace(BusState::Connecting);
            let started_at = Instant::now();
            let ended = match self.password() {
                Ok(password) => self.connection(password).await,
                Err(reason) => Ended::Broken(reason),
            };
            self.told.session_tx.send_replace(None);
            while self.queues.pictures_rx.try_recv().is_ok() {
                self.told
                    .counters
                    .pictures_dropped
                    .fetch_add(1, Ordering::Relaxed);
            }
            let reason = match ended {
                Ended::Closed => break,
                Ended::Broken(reason) => reason,
            };
            if reason != self.last_reason {
                tracing::warn!("MQTT: {reason}");
                self.last_reason.clone_from(&reason);
            }
            self.told
                .state_tx
                .send_replace(BusState::Offline { reason });
            let pause = pace.pause_after(started_at.elapsed());
            if !self.pause(pause).await {
                break;
            }
        }
        self.told.state_tx.send_replace(BusState::Offline {
            reason: "closed".to_owned(),
        });
        let n_unsent = self.n_waiting();
        for done in self
            .closing
            .take()
            .into_iter()
            .flat_map(|closing| closing.done)
        {
            // Whoever closed the bus may have stopped waiting.
            done.send(Closed { n_unsent }).ok();
        }
    }

    /// Waits for the next attempt; false when the bus is closed and need not try again.
    async fn pause(&mut self, pause: Duration) -> bool {
        let until = Instant::now() + pause;
        loop {
            if let Some(closing) = &self.closing
                && (self.n_waiting() == 0 || closing.deadline <= Instant::now())
            {
                return false;
            }
            let wake_at = self
                .closing
                .as_ref()
                .map_or(until, |closing| until.min(closing.deadline));
            tokio::select! {
                () = tokio::time::sleep_until(wake_at) => {
                    if until <= Instant::now() {
                        return true;
                    }
                }
                control = self.queues.controls_rx.recv() => self.on_control(control, None),
            }
        }
    }

    /// Messages that nobody has acknowledged.
    fn n_waiting(&self) -> usize {
        self.again.len() + self.queues.outgoing_rx.len()
    }

    /// What would make the client library panic or the broker hang up is told before anything is
    /// tried.
    fn password(&self) -> Result<Option<String>, String> {
        let BusConfig {
            client_id,
            source,
            filters,
            ..
        } = &self.config;
        if client_id.is_empty() {
            return Err("the client id is empty".to_owned());
        }
        if source.is_empty() || source.contains(['/', '+', '#', '\0']) {
            return Err(format!("the name {source:?} cannot stand in an MQTT topic"));
        }
        if let Some(filter) = filters
            .iter()
            .find(|filter| super::check_filter(filter).is_err())
        {
            return Err(format!("not an MQTT topic filter: {filter:?}"));
        }
        let Some(credentials) = &self.config.credentials else {
            return Ok(None);
        };
        let file = &credentials.password_file;
        let text = fs::read_to_string(file)
            .map_err(|error| format!("cannot read password file {}: {error}", file.display()))?;
        Ok(Some(text.trim_end_matches(['\r', '\n']).to_owned()))
    }

    /// One connection, from its attempt to its end.
    async fn connection(&mut self, password: Option<String>) -> Ended {
        let (mut link, events) = link::open(&self.config, password);
        let mut poll = pin!(link::poll_once(events));
        let mut is_connected = false;
        let ended = loop {
            if let Some(closing) = &mut self.closing
                && (closing.deadline <= Instant::now() || !is_connected && self.n_waiting() == 0)
            {
                break Ended::Closed;
            }
            let is_online = self.told.session_tx.borrow().is_some();
            if is_online {
                self.say_farewell(&mut link);
            }
            let has_room = is_online && link.has_room();
            let has_room_for_picture = is_online && link.has_room_for_picture();
            let give_up_at = self.closing.as_ref().map(|closing| closing.deadline);
            tokio::select! {
                (events, polled) = &mut poll => {
                    let event = match polled {
                        Ok(event) => link.on_event(event),
                        // The broker hangs up after our farewell.
                        Err(_hung_up) if self.has_said_goodbye() => break Ended::Closed,
                        Err(error) => {
                            break Ended::Broken(link::reason(&self.config, &error, is_connected));
                        }
                    };
                    is_connected |= matches!(event, LinkEvent::Connected);
                    self.on_event(&mut link, event).await;
                    poll.set(link::poll_once(events));
                }
                Some(publication) = next(&mut self.again, &mut self.queues.outgoing_rx),
                    if has_room =>
                {
                    self.hand(&mut link, publication);
                }
                Some(picture) = self.queues.pictures_rx.recv(), if has_room_for_picture => {
                    link.hand_picture(picture);
                }
                control = self.queues.controls_rx.recv() => {
                    let link = is_connected.then_some(&mut link);
                    self.on_control(control, link);
                }
                () = sleep_until(give_up_at), if give_up_at.is_some() => {}
            }
        };
        self.again = link
            .into_open()
            .filter(is_kept)
            .chain(self.again.drain(..))
            .collect();
        ended
    }

    fn hand(&self, link: &mut Link, mut publication: Publication) {
        match publication.keeping {
            Keeping::ForSession(session) if session != self.session => {}
            _expired if publication.is_expired() => {
                self.told.counters.expired.fetch_add(1, Ordering::Relaxed);
                publication.tell(Fate::Expired);
            }
            _still_wanted => link.hand(publication),
        }
    }

    async fn on_event(&mut self, link: &mut Link, event: LinkEvent) {
        match event {
            LinkEvent::Connected => {
                let mut filters: Vec<String> = self.routes.filters().cloned().collect();
                filters.push(link::availability(&self.config));
                filters.sort_unstable();
                filters.dedup();
                link.subscribe(filters);
            }
            LinkEvent::Subscribed(answers) => {
                for (filter, is_agreed) in answers {
                    self.on_answer(&filter, is_agreed);
                }
                if self.told.session_tx.borrow().is_none() && !link.is_asking() {
                    self.come_online(link);
                }
            }
            LinkEvent::Message { incoming, .. } if self.is_false_report(&incoming) => {
                link.hand(self.availability(link::ONLINE));
                self.deliver(link, incoming).await;
            }
            LinkEvent::Message {
                incoming,
                may_drop: true,
            } => self.routes.deliver_or_drop(&incoming, &self.told.counters),
            LinkEvent::Message {
                incoming,
                may_drop: false,
            } => self.deliver(link, incoming).await,
            LinkEvent::Acknowledged(publication) => {
                self.told.counters.published.fetch_add(1, Ordering::Relaxed);
                if let Some(done) = publication.acknowledged {
                    // The sender may have stopped waiting.
                    done.send(()).ok();
                }
            }
            LinkEvent::Disconnected => {
                // Hanging up with unread data resets the connection, and the broker may take that
                // for our death: it is given a moment to hang up first.
                if let Some(closing) = &mut self.closing {
                    closing.deadline = closing.deadline.min(Instant::now() + HANG_UP_WITHIN);
                }
            }
            LinkEvent::Other => {}
        }
    }

    fn come_online(&mut self, link: &mut Link) {
        self.session += 1;
        self.last_reason.clear();
        link.hand(self.availability(link::ONLINE));
        self.told
            .counters
            .connections
            .fetch_add(1, Ordering::Relaxed);
        tracing::info!(
            "MQTT: connected to {}:{}",
            self.config.host,
            self.config.port
        );
        self.told.state_tx.send_replace(BusState::Online);
        self.told.session_tx.send_replace(Some(self.session));
    }

    fn availability(&self, word: &[u8]) -> Publication {
        // Said anew on each connection.
        let keeping = Keeping::ForSession(self.session);
        Publication {
            is_retained: true,
            ..Publication::new(link::availability(&self.config), word.to_vec(), keeping)
        }
    }

    /// Whether somebody says that we are offline while we are here.
    ///
    /// A broker that notices late that an earlier connection broke says so after we have come back.
    fn is_false_report(&self, incoming: &Incoming) -> bool {
        incoming.payload == link::OFFLINE
            && !incoming.retained
            && self.closing.is_none()
            && self.told.session_tx.borrow().is_some()
            && incoming.topic == link::availability(&self.config)
    }

    fn on_answer(&mut self, filter: &str, is_agreed: bool) {
        if !is_agreed {
            tracing::warn!("MQTT: the broker refuses the subscription to {filter}");
        }
        let (answered, asking) = std::mem::take(&mut self.asking)
            .into_iter()
            .partition(|asking| asking.filter == filter);
        self.asking = asking;
        for Asking { filter, done } in answered {
            let answer = if is_agreed {
                Ok(())
            } else {
                Err(BusError::Refused { filter })
            };
            // The asker may have stopped waiting.
            done.send(answer).ok();
        }
    }

    /// Waits for room at each receiver in turn; gives up only when the bus is being closed.
    async fn deliver(&mut self, link: &mut Link, incoming: Incoming) {
        for receiver in self.routes.wanting(&incoming.topic) {
            let mut tell_at = Some(Instant::now() + STUCK_AFTER);
            loop {
                let give_up_at = self.closing.as_ref().map(|closing| closing.deadline);
                tokio::select! {
                    permit = receiver.reserve() => {
                        // A receiver that is gone wants nothing.
                        if let Ok(permit) = permit {
                            permit.send(incoming.clone());
                            self.told.counters.received.fetch_add(1, Ordering::Relaxed);
                        }
                        break;
                    }
                    control = self.queues.controls_rx.recv() => {
                        self.on_control(control, Some(&mut *link));
                    }
                    () = sleep_until(give_up_at), if give_up_at.is_some() => return,
                    () = sleep_until(tell_at), if tell_at.is_some() => {
                        tell_at = None;
                        tracing::warn!("MQTT: a receiver does not take its messages, all others wait");
                    }
                }
            }
        }
    }

    fn on_control(&mut self, control: Option<Control>, link: Option<&mut Link>) {
        // All clones of the bus are gone: nobody can wait, so nothing is waited for.
        let (done, _nobody) = oneshot::channel();
        let control = control.unwrap_or(Control::Close {
            within: Duration::ZERO,
            done,
        });
        match control {
            Control::Subscribe { filter, done } => {
                self.routes.widen(filter.clone());
                if let Some(link) = link {
                    link.subscribe(vec![filter.clone()]);
                }
                self.asking.push(Asking { filter, done });
            }
            Control::Route { filters, incoming } => {
                if let Some(link) = link {
                    link.subscribe(filters.clone());
                }
                self.routes.add(filters, incoming);
            }
            Control::Close { within, done } => {
                self.queues.outgoing_rx.close();
                self.queues.pictures_rx.close();
                let deadline = Instant::now() + within;
                match &mut self.closing {
                    Some(closing) => {
                        closing.deadline = closing.deadline.min(deadline);
                        closing.done.push(done);
                    }
                    None => {
                        let done = vec![done];
                        let (has_said_offline, has_said_goodbye) = (false, false);
                        let closing = Closing {
                            deadline,
                            done,
                            has_said_offline,
                            has_said_goodbye,
                        };
                        self.closing = Some(closing);
                    }
                }
            }
        }
    }

    fn has_said_goodbye(&self) -> bool {
        self.closing
            .as_ref()
            .is_some_and(|closing| closing.has_said_goodbye)
    }

    /// Once all is acknowledged: says `offline`, and when that is acknowledged too, disconnects.
    fn say_farewell(&mut self, link: &mut Link) {
        let is_all_sent = self.n_waiting() == 0 && link.n_open() == 0;
        let offline = self.availability(link::OFFLINE);
        match &mut self.closing {
            Some(closing) if is_all_sent && !closing.has_said_offline => {
                closing.has_said_offline = true;
                link.hand(offline);
            }
            Some(closing) if is_all_sent && !closing.has_said_goodbye => {
                closing.has_said_goodbye = true;
                link.say_goodbye();
            }
            _not_yet => {}
        }
    }
}

/// The next message to hand over: those of the last connection first. May be cancelled.
async fn next(
    again: &mut VecDeque<Publication>,
    outgoing_rx: &mut mpsc::Receiver<Publication>,
) -> Option<Publication> {
    match again.pop_front() {
        Some(publication) => Some(publication),
        None => outgoing_rx.recv().await,
    }
}

fn is_kept(publication: &Publication) -> bool {
    publication.keeping == Keeping::UntilAcknowledged
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}
