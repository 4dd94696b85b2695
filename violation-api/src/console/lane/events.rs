//! What an open lane is sent: the parts that look otherwise than they did.

use super::{
    super::{Lang, Params, Teller, events::Said},
    LaneQuery, forms,
    parts::{Beside, LaneParts, with_keys, words},
};
use crate::{
    app::App,
    http::{PathId, problem::Problem},
    store::AuditEntry,
};
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    response::sse::{Event, KeepAlive, Sse},
};
use domain::{GateId, PassageId};
use std::{sync::Arc, time::Duration};
use tokio::sync::{OwnedSemaphorePermit, broadcast::error::RecvError, mpsc};
use tokio_stream::{Stream, wrappers::ReceiverStream};

/// Changes are sent together, at most so often: a guard waits for a vehicle, not for the screen.
const PAUSE_MIN: Duration = Duration::from_millis(150);
/// What is noticed without a message: a camera that has gone silent, an order without an answer.
const LOOK_AGAIN_AFTER: Duration = Duration::from_secs(2);
const WAITING_EVENTS_MAX: usize = 32;

pub(crate) async fn get_lane_events(
    State(app): State<Arc<App>>,
    uri: Uri,
    PathId(gate): PathId<GateId>,
    Params(query): Params<LaneQuery>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Said>>, Problem> {
    crate::orders::check_gate(&app, &gate).await?;
    let permit = Arc::clone(&app.listeners)
        .try_acquire_owned()
        .map_err(|_full| {
            let (status, detail) = (
                StatusCode::SERVICE_UNAVAILABLE,
                "too many pages are open; try again later",
            );
            Problem::new(status, "too-many-listeners", detail)
        })?;
    let is_signed_on = forms::guard_of(&app, &headers).await?.is_some();
    let entry = AuditEntry {
        at: app.now(),
        actor: super::super::CONSOLE_ACTOR.to_owned(),
        action: "listen",
        subject: format!("lane {gate}"),
        detail: String::new(),
    };
    app.store.audit(&entry).await?;
    let (said, events) = mpsc::channel(WAITING_EVENTS_MAX);
    let speaker = Speaker {
        lang: Lang::of_request(uri.query(), &headers),
        picked: query.picked(),
        app,
        gate,
        is_signed_on,
        said,
        shown: None,
        _permit: permit,
    };
    tokio::spawn(speaker.run(query.seq));
    let alive = KeepAlive::new().interval(Duration::from_secs(15));
    Ok(Sse::new(ReceiverStream::new(events)).keep_alive(alive))
}

struct Speaker {
    app: Arc<App>,
    gate: GateId,
    lang: Lang,
    picked: Option<PassageId>,
    is_signed_on: bool,
    said: mpsc::Sender<Said>,
    shown: Option<LaneParts>,
    _permit: OwnedSemaphorePermit,
}

impl Speaker {
    async fn run(mut self, rendered_at: Option<i64>) {
        let app = Arc::clone(&self.app);
        let mut changes = app.feed.listen();
        // A page that has just been rendered shows this already.
        if rendered_at == Some(app.feed.seq()) {
            self.shown = self.look().await.ok();
        }
        loop {
            if self.tell().await.is_err() {
                return;
            }
            tokio::select! {
                () = app.shutdown.wait() => return,
                () = self.said.closed() => return,
                () = tokio::time::sleep(PAUSE_MIN) => (),
            }
            tokio::select! {
                () = app.shutdown.wait() => return,
                () = self.said.closed() => return,
                () = tokio::time::sleep(LOOK_AGAIN_AFTER) => (),
                next = changes.recv() => if matches!(next, Err(RecvError::Closed)) {
                    return;
                },
            }
            // All that waits is looked at together.
            changes = changes.resubscribe();
        }
    }

    async fn look(&self) -> Result<LaneParts, Problem> {
        let look = crate::lane::look(&self.app, &self.gate, self.picked).await?;
        let beside = Beside::of(&self.app, self.lang, &self.gate).await?;
        let teller = Teller::new(&self.app, self.lang);
        let l = words(self.lang);
        LaneParts::new(&teller, l, &look, self.is_signed_on, beside)
    }

    /// Sends what looks otherwise than before; an error when the page has gone.
    async fn tell(&mut self) -> Result<(), ()> {
        let parts = match self.look().await {
            Ok(parts) => parts,
            Err(problem) => {
                tracing::debug!(kind = problem.kind, "a lane could not be told of changes");
                return Ok(());
            }
        };
        let before = self.shown.as_ref().map(LaneParts::named);
        for (n, (name, html)) in parts.named().into_iter().enumerate() {
            if before.is_some_and(|before| before[n].1 == html) {
                continue;
            }
            let html = with_keys(&html.replace('\r', ""));
            let event = Event::default().event(name).data(html);
            self.said.send(Ok(event)).await.map_err(|_gone| ())?;
        }
        self.shown = Some(parts);
        Ok(())
    }
}
