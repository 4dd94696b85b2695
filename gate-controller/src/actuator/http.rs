//! One HTTP request to a device: the client that the HTTP relay and ONVIF share, and the relay.
//!
//! A request blocks a thread of the runtime's pool for at most its time-out; an adapter makes one
//! at a time. No redirect is followed, and nothing is tried twice.

use domain::{
    Ack, AckResult, CommandKind, GateCommand,
    ports::{Clock, GateActuator},
};
use service::config::site::{HttpRequestSection, HttpSection};
use std::{
    path::{Path, PathBuf},
    time::Duration,
};

/// More of an answer is not read.
const ANSWER_BYTES_MAX: u64 = 256 * 1024;
const HEADERS_BYTES_MAX: usize = 64 * 1024;

/// Why a device that is asked over HTTP did not obey. No address is told: it may hold a secret.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HttpError {
    /// The file with the headers or the password cannot be used.
    #[error("cannot read {path}")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A line of the headers file is none.
    #[error("line {line} of {path} is no header: write `Name: value`")]
    Header {
        /// The file.
        path: PathBuf,
        /// Counts from 1.
        line: usize,
    },
    /// The request cannot be made from the configuration.
    #[error("the request cannot be made")]
    Request(#[source] ureq::http::Error),
    /// It was not reached, or not in time.
    #[error("the device cannot be reached over HTTP")]
    Transport(#[source] ureq::Error),
    /// It said no.
    #[error("the device answered {status}{}", .because.as_deref().unwrap_or_default())]
    Refused {
        /// The HTTP status.
        status: u16,
        /// More about it.
        because: Option<String>,
    },
    /// Its answer is not what it should be.
    #[error("the device's answer cannot be understood: {reason}")]
    Answer {
        /// What is wrong.
        reason: &'static str,
    },
    /// It cannot do that.
    #[error("no request for that is configured")]
    NotConfigured,
    /// The program ends.
    #[error("the request was cancelled")]
    Cancelled,
}

/// A request as it is sent.
#[derive(Clone)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) url: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: String,
    pub(super) timeout: Duration,
}

/// What came back.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: String,
}

impl Request {
    /// Sends it from a thread that may block.
    pub(super) async fn send(self) -> Result<Answer, HttpError> {
        let sending = tokio::task::spawn_blocking(move || self.send_blocking());
        sending.await.map_err(|_cancelled| HttpError::Cancelled)?
    }

    fn send_blocking(self) -> Result<Answer, HttpError> {
        let agent = ureq::Agent::config_builder()
            .timeout_global(Some(self.timeout))
            .http_status_as_error(false)
            .max_redirects(0)
            .max_response_header_size(HEADERS_BYTES_MAX)
            .build()
            .new_agent();
        let mut request = ureq::http::Request::builder()
            .method(self.method.as_str())
            .uri(&self.url);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let request = request.body(self.body).map_err(HttpError::Request)?;
        let mut answer = agent.run(request).map_err(HttpError::Transport)?;
        let status = answer.status().as_u16();
        let body = answer.body_mut().with_config().limit(ANSWER_BYTES_MAX);
        let body = body.lossy_utf8(true).read_to_string();
        Ok(Answer {
            status,
            body: body.map_err(HttpError::Transport)?,
        })
    }
}

/// Headers, one a line; empty lines and those that begin with `#` are left out.
fn read_headers(path: &Path) -> Result<Vec<(String, String)>, HttpError> {
    let text = read(path)?;
    let lines = text.lines().enumerate();
    let lines = lines.filter(|(_n, line)| !line.trim().is_empty() && !line.starts_with('#'));
    let headers = lines.map(|(n, line)| {
        let (name, value) = line.split_once(':').ok_or_else(|| HttpError::Header {
            path: path.to_owned(),
            line: n + 1,
        })?;
        Ok((name.trim().to_owned(), value.trim().to_owned()))
    });
    headers.collect()
}

/// A small text file.
pub(super) fn read(path: &Path) -> Result<String, HttpError> {
    std::fs::read_to_string(path).map_err(|source| HttpError::File {
        path: path.to_owned(),
        source,
    })
}

/// A relay that is switched by one request.
pub(super) struct HttpRelay<C> {
    settings: HttpSection,
    headers: Vec<(String, String)>,
    clock: C,
}

impl<C: Clock> HttpRelay<C> {
    /// Reads the headers file.
    pub(super) fn open(settings: HttpSection, clock: C) -> Result<Self, HttpError> {
        let path = settings.headers_file.as_deref();
        Ok(Self {
            headers: path.map_or_else(|| Ok(Vec::new()), read_headers)?,
            settings,
            clock,
        })
    }

    fn request(&self, section: &HttpRequestSection, command: &GateCommand) -> Request {
        let pulse_ms = self.settings.pulse_ms;
        let fill = |text: &str| {
            let pulse_s = format!("{}.{:03}", pulse_ms / 1000, pulse_ms % 1000);
            text.replace("{pulse_ms}", &pulse_ms.to_string())
                .replace("{pulse_s}", &pulse_s)
        };
        let life = command.expires_at.since(self.clock.now());
        Request {
            method: section.method.clone(),
            url: fill(&section.url),
            headers: self.headers.clone(),
            body: fill(&section.body),
            timeout: life.min(Duration::from_millis(self.settings.timeout_ms)),
        }
    }
}

impl<C: Clock> GateActuator for HttpRelay<C> {
    type Error = HttpError;

    async fn send(&self, command: GateCommand) -> Result<Ack, HttpError> {
        let section = match command.kind {
            CommandKind::Open => Some(&self.settings.open),
            CommandKind::HoldOpen => self.settings.hold.as_ref(),
            CommandKind::Release => self.settings.release.as_ref(),
        };
        let section = section.ok_or(HttpError::NotConfigured)?;
        let Answer { status, body } = self.request(section, &command).send().await?;
        let is_expected = self.settings.statuses.contains(&status);
        let wanted = self.settings.body_contains.as_deref();
        let is_right = wanted.is_none_or(|wanted| body.contains(wanted));
        if !is_expected || !is_right {
            let because = is_expected.then(|| ", and not the text that means success".to_owned());
            return Err(HttpError::Refused { status, because });
        }
        let is_done = self.settings.success_is_open || command.kind == CommandKind::Release;
        Ok(Ack {
            command: command.id,
            gate: command.gate,
            result: if is_done {
                AckResult::Executed
            } else {
                AckResult::Accepted
            },
            at: self.clock.now(),
        })
    }
}
