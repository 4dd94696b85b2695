//! Files, and launch texts that end: played once or over and over.

use crate::{
    Context, Pace, SourceError, SourceState, container,
    convert::Converter,
    delivery::{Delivery, Pauses},
    intake::{Fault, Flow, Intake, Intaken},
    media,
    timeline::{Anchor, Timeline},
};
use domain::{SourceEvent, ports::FrameSource};
use gstreamer as gst;
use gstreamer::prelude::*;
use std::{fs::File, path::PathBuf, time::Duration};

/// What is played.
enum Recipe {
    File(PathBuf),
    Launch(String),
}

/// What there was of a file before its damage.
#[derive(Clone, Copy)]
struct Good {
    /// The place in the file.
    at: Duration,
    n_frames: u64,
}

/// How often the stop flag is looked at while nothing comes.
pub(crate) const TICK: Duration = Duration::from_millis(50);
/// A decoder that gives nothing for so long has hung: 30 s.
const TICKS_MAX: u32 = 600;
/// A file whose first picture takes so long has none: 10 s.
const FIRST_TICKS_MAX: u32 = 200;
/// A file whose streams are known for 5 s, and none is video, has none; GStreamer may never say so.
const OTHER_TICKS_MAX: u32 = 100;

/// A file, or a launch text that is not live.
pub(crate) struct StoredSource {
    recipe: Recipe,
    context: Context,
    intake: Option<Intake>,
    delivery: Delivery,
    converter: Converter,
    is_playing: bool,
    /// Pictures of this run of the file.
    n_in_run: u64,
}

impl StoredSource {
    pub(crate) fn open_file(path: PathBuf, context: Context) -> Result<Self, SourceError> {
        Self::open(Recipe::File(path), context)
    }

    pub(crate) fn open_launch(text: String, context: Context) -> Result<Self, SourceError> {
        Self::open(Recipe::Launch(text), context)
    }

    fn open(recipe: Recipe, context: Context) -> Result<Self, SourceError> {
        let intake = recipe.start(&context)?;
        context.monitor.count(|stats| stats.n_attempts += 1);
        let delivery = Delivery::new(
            context.options.camera.clone(),
            context.monitor.clone(),
            Timeline::new(context.anchor()),
            Pauses::AreMeant,
        );
        Ok(Self {
            recipe,
            converter: Converter::new(context.options.max_size),
            context,
            intake: Some(intake),
            delivery,
            is_playing: false,
            n_in_run: 0,
        })
    }

    fn sample(&mut self, sample: &gst::Sample) -> SourceEvent {
        let Some(intake) = &mut self.intake else {
            return SourceEvent::EndOfStream;
        };
        self.n_in_run += 1;
        let moment = intake.moment(sample, &self.context.options);
        let n_dropped = intake.take_dropped();
        let event = match self.converter.picture(sample) {
            Ok(picture) => self.delivery.picture(picture, moment, n_dropped),
            Err(reason) => self.delivery.damaged(&reason),
        };
        self.context.monitor.enter(SourceState::Streaming);
        event
    }

    /// The file has ended: as it should, or because its end is missing.
    fn ended(&mut self) -> Result<Option<SourceEvent>, SourceError> {
        let good = self.close();
        if let Some(detail) = self.recipe.cut_short() {
            return Err(self.recipe.damaged(good, detail));
        }
        if self.n_in_run == 0 {
            return Err(self.recipe.unusable("it has no pictures".to_owned()));
        }
        if !self.context.options.loop_playback {
            self.context.monitor.enter(SourceState::Ended);
            return Ok(Some(SourceEvent::EndOfStream));
        }
        self.intake = Some(self.recipe.start(&self.context)?);
        self.context.monitor.count(|stats| stats.n_attempts += 1);
        self.delivery.restart();
        self.is_playing = false;
        self.n_in_run = 0;
        Ok(None)
    }

    fn failed(&mut self, fault: Fault) -> SourceError {
        let good = self.close();
        let cut = self.recipe.cut_short();
        media::missing_or(fault, |detail| match good.n_frames {
            0 => self.recipe.unusable(detail),
            _ => self.recipe.damaged(good, cut.unwrap_or(detail)),
        })
    }

    /// Ends this run of the file; how much of it was good.
    fn close(&mut self) -> Good {
        let intake = self.intake.take();
        Good {
            at: intake.map_or(Duration::ZERO, |intake| intake.shared.place()),
            n_frames: self.delivery.n_delivered(),
        }
    }
}

impl FrameSource for StoredSource {
    type Error = SourceError;

    fn next(&mut self) -> Result<SourceEvent, SourceError> {
        if let Some(event) = self.delivery.pending() {
            return Ok(event);
        }
        let mut n_ticks = 0;
        loop {
            let Some(intake) = &mut self.intake else {
                return Ok(SourceEvent::EndOfStream);
            };
            if self.context.stop.is_stopped() {
                self.intake = None;
                self.context.monitor.enter(SourceState::Ended);
                return Ok(SourceEvent::EndOfStream);
            }
            if !self.is_playing {
                self.is_playing = true;
                if intake.pipeline.set_state(gst::State::Playing).is_err() {
                    let fault = intake.shared.fault();
                    let fault = fault.unwrap_or(Fault::Said("it cannot be played".to_owned()));
                    return Err(self.failed(fault));
                }
            }
            let taken = intake.take(TICK);
            let progress = intake.take_progress();
            self.context.monitor.count(|stats| {
                stats.n_decoded += progress.n_decoded;
                stats.n_skipped += progress.n_skipped;
                stats.n_idle += progress.n_idle;
                stats.cpu += progress.cpu;
            });
            match taken {
                Intaken::Sample(sample) => return Ok(self.sample(&sample)),
                Intaken::Failed(fault) => return Err(self.failed(fault)),
                Intaken::Ended => {
                    if let Some(event) = self.ended()? {
                        return Ok(event);
                    }
                }
                Intaken::Nothing if !progress.is_alive => n_ticks += 1,
                Intaken::Nothing => n_ticks = 0,
            }
            if n_ticks == TICKS_MAX {
                let fault = Fault::Said("its decoder gave nothing for 30 s".to_owned());
                return Err(self.failed(fault));
            }
        }
    }
}

impl Recipe {
    /// Builds the pipeline and waits for its first picture.
    fn start(&self, context: &Context) -> Result<Intake, SourceError> {
        let options = &context.options;
        let flow = match options.pace {
            Pace::RealTime | Pace::Patient => Flow::Paced,
            Pace::AsFastAsPossible => Flow::Lossless,
        };
        let intake = match self {
            Self::File(path) => {
                readable(path)?;
                media::file(path, flow, options)?
            }
            Self::Launch(text) => media::launch(text, flow, options)?,
        };
        match preroll(&intake) {
            Ok(_sample) => Ok(intake),
            Err(fault) => Err(media::missing_or(fault, |detail| {
                self.unusable(self.cut_short().unwrap_or(detail))
            })),
        }
    }

    fn cut_short(&self) -> Option<String> {
        match self {
            Self::File(path) => container::cut_short(path).ok().flatten(),
            Self::Launch(_) => None,
        }
    }

    fn unusable(&self, detail: String) -> SourceError {
        match self {
            Self::File(path) => SourceError::NotVideo {
                path: path.clone(),
                detail,
            },
            Self::Launch(_) => SourceError::Launch { detail },
        }
    }

    fn damaged(&self, good: Good, detail: String) -> SourceError {
        match self {
            Self::File(path) => SourceError::Damaged {
                path: path.clone(),
                at: good.at,
                n_frames: good.n_frames,
                detail,
            },
            Self::Launch(_) => SourceError::Launch { detail },
        }
    }
}

impl Context {
    /// What capture times are tied to, for whatever is not a camera.
    pub(crate) fn anchor(&self) -> Anchor {
        match self.options.pace {
            // The moment that a frame is due is its capture time by definition.
            Pace::RealTime | Pace::Patient => Anchor::Wall {
                source_delay_max: Duration::ZERO,
            },
            Pace::AsFastAsPossible => Anchor::Fixed {
                starts_at: self
                    .options
                    .starts_at
                    .unwrap_or_else(|| (self.options.clock)()),
            },
        }
    }
}

/// Whether it is a file that can be read; GStreamer's own words for this are worse.
pub(crate) fn readable(path: &std::path::Path) -> Result<(), SourceError> {
    let unreadable = |source| SourceError::Unreadable {
        path: path.to_owned(),
        source,
    };
    let metadata = File::open(path)
        .and_then(|file| file.metadata())
        .map_err(unreadable)?;
    let not_video = |detail: &str| SourceError::NotVideo {
        path: path.to_owned(),
        detail: detail.to_owned(),
    };
    if metadata.is_dir() {
        return Err(not_video("it is a folder"));
    }
    if metadata.is_file() && metadata.len() == 0 {
        return Err(not_video("it is empty"));
    }
    Ok(())
}

/// Runs the pipeline up to its first picture, and gives it.
pub(crate) fn preroll(intake: &Intake) -> Result<gst::Sample, Fault> {
    let said = |text: &str| Fault::Said(text.to_owned());
    let fault = |text: &str| intake.shared.fault().unwrap_or_else(|| said(text));
    if intake.pipeline.set_state(gst::State::Paused).is_err() {
        return Err(fault("it cannot be opened"));
    }
    let mut n_silent = 0;
    for _ in 0..FIRST_TICKS_MAX {
        let wait = gst::ClockTime::from_mseconds(TICK.as_millis() as u64);
        if let Some(sample) = intake.sink.try_pull_preroll(wait) {
            return Ok(sample);
        }
        if let Some(fault) = intake.shared.fault() {
            return Err(fault);
        }
        if intake.sink.is_eos() {
            return Err(said("it has no pictures"));
        }
        n_silent = if intake.has_only_other() {
            n_silent + 1
        } else {
            0
        };
        if n_silent == OTHER_TICKS_MAX {
            return Err(said("it has no video stream"));
        }
    }
    Err(said("it gave no picture in 10 s"))
}
