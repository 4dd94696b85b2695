//! Cameras: watched, given up, and tried again until the source is stopped.

use crate::{
    Context, SourceError, SourceState,
    backoff::Backoff,
    convert::Converter,
    delivery::{Delivery, Pauses},
    intake::{Fault, Flow, Intake, Intaken},
    loss_log::{LossLog, Word},
    media::{self, RtspCamera},
    stored::TICK,
    timeline::{Anchor, Timeline},
};
use domain::{SourceEvent, ports::FrameSource};
use gstreamer as gst;
use gstreamer::prelude::*;
use std::time::Duration;

/// How the camera is reached.
pub(crate) enum Recipe {
    Rtsp(RtspCamera),
    Launch(String),
}

/// A camera. It never ends, and never fails: it is lost, and tried again.
pub(crate) struct LiveSource {
    recipe: Recipe,
    context: Context,
    attempt: Option<Attempt>,
    delivery: Delivery,
    converter: Converter,
    backoff: Backoff,
    loss_log: LossLog,
}

/// One try, with a pipeline of its own: one that has failed is not worth repairing.
struct Attempt {
    intake: Intake,
    started_at: gst::ClockTime,
    /// When a picture was last decoded; the start before the first one.
    heard_at: gst::ClockTime,
    is_streaming: bool,
}

/// Why an attempt ended.
enum Loss {
    Fault(Fault),
    Ended,
    Stalled,
    NoAnswer,
}

impl LiveSource {
    /// Checks what can be checked without the camera.
    pub(crate) fn new(recipe: Recipe, context: Context) -> Result<Self, SourceError> {
        media::init()?;
        let options = &context.options;
        let anchor = Anchor::Wall {
            source_delay_max: options.source_delay_max,
        };
        let live = options.live;
        // Tells of a missing plugin now, not once per attempt.
        drop(recipe.build(&context)?);
        Ok(Self {
            recipe,
            delivery: Delivery::new(
                options.camera.clone(),
                context.monitor.clone(),
                Timeline::new(anchor),
                Pauses::AreLosses,
            ),
            converter: Converter::new(options.max_size),
            backoff: Backoff::new(live.backoff_min, live.backoff_max, options.camera.as_str()),
            loss_log: LossLog::default(),
            attempt: None,
            context,
        })
    }

    fn connect(&mut self) -> Result<Attempt, Fault> {
        self.context.monitor.enter(SourceState::Connecting);
        self.context.monitor.count(|stats| stats.n_attempts += 1);
        self.delivery.restart();
        let intake = self
            .recipe
            .build(&self.context)
            .map_err(|error| Fault::Said(error.to_string()))?;
        if intake.pipeline.set_state(gst::State::Playing).is_err() {
            let fault = intake.shared.fault();
            return Err(fault.unwrap_or(Fault::Said("it cannot be opened".to_owned())));
        }
        let now = steady_now();
        Ok(Attempt {
            intake,
            started_at: now,
            heard_at: now,
            is_streaming: false,
        })
    }

    fn sample(&mut self, attempt: &mut Attempt, sample: &gst::Sample) -> SourceEvent {
        let moment = attempt.intake.moment(sample, &self.context.options);
        let n_dropped = attempt.intake.take_dropped();
        let is_first = !attempt.is_streaming;
        let was_there = 0 < self.delivery.n_delivered();
        let event = match self.converter.picture(sample) {
            Ok(picture) => self.delivery.picture(picture, moment, n_dropped),
            Err(reason) => return self.delivery.damaged(&reason),
        };
        attempt.is_streaming = true;
        if is_first {
            self.context
                .monitor
                .count(|stats| stats.n_reconnects += u64::from(was_there));
            tracing::info!(camera = %self.context.options.camera, "camera streams");
            self.context.monitor.enter(SourceState::Streaming);
        }
        if self.loss_log.is_away() && self.has_proved_itself(attempt) {
            self.tell_back();
        }
        event
    }

    /// A camera that streams for as long as the longest pause between attempts is there again.
    fn has_proved_itself(&self, attempt: &Attempt) -> bool {
        let lasted = steady_now().saturating_sub(attempt.started_at);
        attempt.is_streaming
            && self.context.options.live.backoff_max.as_nanos() <= lasted.nseconds().into()
    }

    fn tell_back(&mut self) {
        if let Some(absence) = self.loss_log.back(steady_span()) {
            tracing::warn!(
                camera = %self.context.options.camera,
                after_s = absence.lasts.as_secs(),
                losses = absence.n_losses,
                "camera is back"
            );
        }
    }

    fn tell_lost(&mut self, reason: &str, pause: Duration) {
        let camera = &self.context.options.camera;
        let pause_ms = pause.as_millis();
        match self.loss_log.lost(steady_span()) {
            Some(Word::First) => tracing::warn!(%camera, reason, pause_ms, "camera lost"),
            Some(Word::Still(absence)) => tracing::warn!(
                %camera,
                reason,
                for_s = absence.lasts.as_secs(),
                losses = absence.n_losses,
                "camera is still away"
            ),
            None => tracing::debug!(%camera, reason, pause_ms, "camera lost again"),
        }
    }

    /// Gives the attempt up, says why, and waits before the next one.
    fn lose(&mut self, attempt: Option<Attempt>, loss: &Loss) {
        let live = self.context.options.live;
        if let Loss::Stalled = loss {
            self.context.monitor.count(|stats| stats.n_stalls += 1);
            self.context.monitor.enter(SourceState::Stalled);
        }
        if attempt.is_some_and(|attempt| self.has_proved_itself(&attempt)) {
            self.backoff.reset();
        }
        let reason = match loss {
            Loss::Fault(Fault::Missing(element)) => SourceError::missing(element).to_string(),
            Loss::Fault(Fault::Said(text)) => text.clone(),
            Loss::Ended => "the camera closed the connection".to_owned(),
            Loss::Stalled => format!("no picture for {:.1} s", live.stall_after.as_secs_f64()),
            Loss::NoAnswer => {
                let span = live.connect_timeout.as_secs_f64();
                format!("no first picture in {span:.1} s")
            }
        };
        let pause = self.backoff.next_pause();
        self.tell_lost(&reason, pause);
        self.context.monitor.enter(SourceState::Lost { reason });
        self.context.stop.wait(pause);
    }
}

impl FrameSource for LiveSource {
    type Error = SourceError;

    fn next(&mut self) -> Result<SourceEvent, SourceError> {
        if let Some(event) = self.delivery.pending() {
            return Ok(event);
        }
        loop {
            let current = self.attempt.take();
            if self.context.stop.is_stopped() {
                drop(current);
                self.context.monitor.enter(SourceState::Ended);
                return Ok(SourceEvent::EndOfStream);
            }
            let mut attempt = match current.map_or_else(|| self.connect(), Ok) {
                Ok(attempt) => attempt,
                Err(fault) => {
                    self.lose(None, &Loss::Fault(fault));
                    continue;
                }
            };
            let taken = attempt.intake.take(TICK);
            let progress = attempt.intake.take_progress();
            self.context.monitor.count(|stats| {
                stats.n_decoded += progress.n_decoded;
                stats.n_skipped += progress.n_skipped;
                stats.n_idle += progress.n_idle;
                stats.cpu += progress.cpu;
            });
            if progress.is_alive {
                attempt.heard_at = steady_now();
            }
            let loss = match taken {
                Intaken::Sample(sample) => {
                    let event = self.sample(&mut attempt, &sample);
                    self.attempt = Some(attempt);
                    return Ok(event);
                }
                Intaken::Failed(fault) => Some(Loss::Fault(fault)),
                Intaken::Ended => Some(Loss::Ended),
                Intaken::Nothing => self.judge_silence(&attempt),
            };
            match loss {
                Some(loss) => self.lose(Some(attempt), &loss),
                None => self.attempt = Some(attempt),
            }
        }
    }
}

impl LiveSource {
    /// The watchdog: a frozen camera says nothing, and GStreamer's own time-outs miss it.
    fn judge_silence(&self, attempt: &Attempt) -> Option<Loss> {
        let live = self.context.options.live;
        let (limit, loss) = if attempt.is_streaming {
            (live.stall_after, Loss::Stalled)
        } else {
            (live.connect_timeout, Loss::NoAnswer)
        };
        let silence = steady_now().saturating_sub(attempt.heard_at);
        (limit.as_nanos() <= silence.nseconds().into()).then_some(loss)
    }
}

impl Recipe {
    fn build(&self, context: &Context) -> Result<Intake, SourceError> {
        match self {
            Self::Rtsp(camera) => media::rtsp(camera, &context.options),
            Self::Launch(text) => media::launch(text, Flow::Live, &context.options),
        }
    }
}

fn steady_span() -> Duration {
    Duration::from_nanos(steady_now().nseconds())
}

/// GStreamer's monotonic clock: spans are measured by it, never by the time of day.
pub(crate) fn steady_now() -> gst::ClockTime {
    gst::SystemClock::obtain().time()
}
