//! What open pages are sent: the parts of the overview that have changed, in the page's language.

use super::{CONSOLE_ACTOR, Lang, overview::Parts, zones::crowd_fragment};
use crate::{
    app::App,
    feed::Changes,
    http::problem::{Problem, chain},
    store::AuditEntry,
};
use axum::{
    extract::State,
    http::{HeaderMap, StatusCode, Uri},
    response::sse::{Event, KeepAlive, Sse},
};
use std::{convert::Infallible, sync::Arc, time::Duration};
use tokio::sync::{OwnedSemaphorePermit, broadcast, mpsc};
use tokio_stream::{Stream, wrappers::ReceiverStream};

/// A page is sent changes together, at most so often.
const PAUSE_MIN: Duration = Duration::from_millis(300);
/// A camera that has gone silent is noticed without a message.
const LOOK_AGAIN_AFTER: Duration = Duration::from_secs(5);
const WAITING_EVENTS_MAX: usize = 32;

pub(crate) type Said = Result<Event, Infallible>;

pub(crate) async fn get_events(
    State(app): State<Arc<App>>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Said>>, Problem> {
    let permit = Arc::clone(&app.listeners)
        .try_acquire_owned()
        .map_err(|_full| {
            let detail = "too many pages are open; try again later";
            Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "too-many-listeners",
                detail,
            )
        })?;
    let mut asked = uri.query().unwrap_or("").split('&');
    let is_crowd = asked.any(|pair| pair == "page=crowd");
    let entry = AuditEntry {
        at: app.now(),
        actor: CONSOLE_ACTOR.to_owned(),
        action: "listen",
        subject: if is_crowd { "crowd" } else { "overview" }.to_owned(),
        detail: String::new(),
    };
    app.store.audit(&entry).await?;
    let lang = Lang::of_request(uri.query(), &headers);
    let (said, events) = mpsc::channel(WAITING_EVENTS_MAX);
    let rendered_at = uri.query().and_then(|query| {
        query
            .split('&')
            .find_map(|pair| pair.strip_prefix("seq=")?.parse::<i64>().ok())
    });
    let speaker = Speaker {
        app: Arc::clone(&app),
        lang,
        is_crowd,
        crowd: String::new(),
        said,
        rendered_at,
        shown: Vec::new(),
        _permit: permit,
    };
    tokio::spawn(speaker.run());
    let alive = KeepAlive::new().interval(Duration::from_secs(15));
    Ok(Sse::new(ReceiverStream::new(events)).keep_alive(alive))
}

/// Which parts are to be sent.
enum Due {
    /// The page may have missed something, or is new.
    All,
    Some(Changes),
    Captions,
}

/// The page has gone.
struct Gone;

struct Speaker {
    app: Arc<App>,
    lang: Lang,
    /// The page is the one of crowd levels, and shows nothing else.
    is_crowd: bool,
    /// What it was sent last.
    crowd: String,
    said: mpsc::Sender<Said>,
    /// The feed's number when the page was rendered.
    rendered_at: Option<i64>,
    /// The cameras on the page, and whether with a picture.
    shown: Vec<(String, bool)>,
    _permit: OwnedSemaphorePermit,
}

impl Speaker {
    async fn run(mut self) {
        let app = Arc::clone(&self.app);
        let mut changes = app.feed.listen();
        let mut due = Due::All;
        // A new page has just been rendered: what it shows is not sent again, so that nothing on it
        // flickers.
        if self.rendered_at == Some(app.feed.seq())
            && let Ok((_wall, shown)) = Parts::new(&app, self.lang).cameras().await
        {
            self.shown = shown;
            due = Due::Captions;
        }
        loop {
            match self.tell(&due).await {
                Ok(()) => (),
                Err(Told::Gone) => return,
                Err(Told::Problem(problem)) => {
                    tracing::debug!(kind = problem.kind, "a page could not be told of changes");
                }
            }
            tokio::select! {
                () = app.shutdown.wait() => return,
                () = self.said.closed() => return,
                () = tokio::time::sleep(PAUSE_MIN) => (),
            }
            due = tokio::select! {
                () = app.shutdown.wait() => return,
                () = self.said.closed() => return,
                next = next_changes(&mut changes) => match next {
                    Some(due) => due,
                    None => return,
                },
            };
        }
    }

    async fn say(&self, name: &str, html: &str) -> Result<(), Gone> {
        // A line break of any kind would end the field.
        let html = html.replace('\r', "");
        let event = Event::default().event(name).data(html);
        self.said.send(Ok(event)).await.map_err(|_closed| Gone)
    }

    async fn tell(&mut self, due: &Due) -> Result<(), Told> {
        if self.is_crowd {
            return self.tell_crowd(due).await;
        }
        let app = Arc::clone(&self.app);
        let parts = Parts::new(&app, self.lang);
        let (is_all, changes) = match due {
            Due::All => (true, Changes::default()),
            Due::Some(changes) => (false, changes.clone()),
            Due::Captions => (false, Changes::default()),
        };
        let is_tick = matches!(due, Due::Captions);
        if is_all || is_tick || !changes.cameras.is_empty() {
            self.tell_cameras(&parts).await?;
        }
        if is_all || changes.is_gate_changed {
            self.say("gates", &parts.gates().await?).await?;
        }
        if is_all || changes.is_case_changed {
            self.say("cases", &parts.cases().await?).await?;
        }
        if is_all || changes.is_count_changed {
            self.say("counts", &parts.counts().await?).await?;
        }
        if is_all || changes.is_zone_changed {
            self.say("zones", &parts.zones().await?).await?;
        }
        if is_all || is_tick {
            self.say("notice", &parts.notice()?).await?;
        }
        Ok(())
    }

    async fn tell_crowd(&mut self, due: &Due) -> Result<(), Told> {
        let is_due = match due {
            Due::All => true,
            Due::Some(changes) => changes.is_zone_changed,
            // The trend ends at the present, also when nobody comes.
            Due::Captions => true,
        };
        if is_due {
            let crowd = crowd_fragment(&self.app, self.lang).await?;
            if crowd != self.crowd {
                self.say("crowd", &crowd).await?;
                self.crowd = crowd;
            }
        }
        Ok(())
    }

    /// Only the captions when the page has these cameras already, so that the pictures do not
    /// flicker.
    async fn tell_cameras(&mut self, parts: &Parts<'_>) -> Result<(), Told> {
        let captions = parts.captions().await?;
        let is_shown = captions.len() == self.shown.len()
            && captions
                .iter()
                .zip(&self.shown)
                .all(|((id, has_picture, _), shown)| *id == shown.0 && *has_picture == shown.1);
        if is_shown {
            for (id, _has_picture, caption) in &captions {
                self.say(&format!("camera-{id}"), caption).await?;
            }
        } else {
            let (wall, shown) = parts.cameras().await?;
            self.shown = shown;
            self.say("cameras", &wall).await?;
        }
        Ok(())
    }
}

enum Told {
    Gone,
    Problem(Problem),
}

impl From<Gone> for Told {
    fn from(_gone: Gone) -> Self {
        Self::Gone
    }
}

impl From<Problem> for Told {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

/// Waits for a change and takes all that wait with it. Nothing when there will be none any more.
async fn next_changes(changes: &mut broadcast::Receiver<Arc<Changes>>) -> Option<Due> {
    let first = match tokio::time::timeout(LOOK_AGAIN_AFTER, changes.recv()).await {
        Err(_nothing_new) => return Some(Due::Captions),
        Ok(Err(broadcast::error::RecvError::Lagged(n_missed))) => {
            tracing::debug!(n_missed, "a page was behind and is shown everything anew");
            return Some(Due::All);
        }
        Ok(Err(error @ broadcast::error::RecvError::Closed)) => {
            tracing::debug!(error = chain(&error), "there will be no changes any more");
            return None;
        }
        Ok(Ok(first)) => first,
    };
    let mut joined = (*first).clone();
    loop {
        match changes.try_recv() {
            Ok(next) => joined.join(&next),
            Err(broadcast::error::TryRecvError::Lagged(_)) => return Some(Due::All),
            Err(_empty_or_closed) => return Some(Due::Some(joined)),
        }
    }
}
