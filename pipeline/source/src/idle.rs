//! The idle lane: what nobody needs to see is not decoded.
//!
//! Stands between the parser and the decoder of a camera or of a file at its own speed. The design
//! and its limits: `docs/design/0002-idle-lane.md`.

mod rest;
mod units;
mod watch;

use crate::{
    Attention, Decode, SourceOptions,
    intake::{Flow, Shared, lock},
};
use domain::CameraId;
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_video as gst_video;
use rest::{Arrival, Doubt, Rest, Step};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use units::{Codec, Layout};

/// What a pipeline needs to let its decoder rest.
#[derive(Clone)]
pub(crate) struct IdleLane {
    camera: CameraId,
    attention: Attention,
    flow: Flow,
}

/// The gate before one decoder; called from the thread that decodes alone.
struct Gate {
    lane: IdleLane,
    shared: Arc<Shared>,
    pipeline: gst::glib::WeakRef<gst::Pipeline>,
    state: Mutex<State>,
}

struct State {
    rest: Rest<gst::Buffer>,
    format: Option<(Codec, Layout)>,
}

type Flowed = Result<gst::FlowSuccess, gst::FlowError>;

impl IdleLane {
    /// None when all is to be decoded; always so where nothing may be lost.
    pub(crate) fn new(flow: Flow, options: &SourceOptions) -> Option<Self> {
        let is_on = options.decode == Decode::WhenMoving && flow != Flow::Lossless;
        is_on.then(|| Self {
            camera: options.camera.clone(),
            attention: options.attention.clone(),
            flow,
        })
    }

    /// Watches what the parser's pad gives to the decoder that it is linked to.
    pub(crate) fn watch(self, pad: &gst::Pad, pipeline: &gst::Pipeline, shared: &Arc<Shared>) {
        let format = pad.current_caps().and_then(|caps| format_of(&caps));
        let gate = Gate {
            lane: self,
            shared: Arc::clone(shared),
            pipeline: pipeline.downgrade(),
            state: Mutex::new(State {
                rest: Rest::new(),
                format,
            }),
        };
        let mask = gst::PadProbeType::BUFFER | gst::PadProbeType::EVENT_DOWNSTREAM;
        pad.add_probe(mask, move |pad, info| match info.data.take() {
            Some(gst::PadProbeData::Buffer(buffer)) => {
                // A pad that has lost its decoder says so itself.
                let Some(decoder) = pad.peer() else {
                    info.data = Some(gst::PadProbeData::Buffer(buffer));
                    return gst::PadProbeReturn::Ok;
                };
                match gate.take(pad, &decoder, buffer) {
                    Ok(Some(buffer)) => {
                        info.data = Some(gst::PadProbeData::Buffer(buffer));
                        gst::PadProbeReturn::Ok
                    }
                    Ok(None) => {
                        info.flow_res = Ok(gst::FlowSuccess::Ok);
                        gst::PadProbeReturn::Handled
                    }
                    Err(error) => {
                        info.flow_res = Err(error);
                        gst::PadProbeReturn::Handled
                    }
                }
            }
            other => {
                if let Some(gst::PadProbeData::Event(event)) = &other {
                    gate.hear(event);
                }
                info.data = other;
                gst::PadProbeReturn::Ok
            }
        });
    }
}

impl Gate {
    /// Gives the buffer back when it goes on as it would without the gate.
    fn take(
        &self,
        pad: &gst::Pad,
        decoder: &gst::Pad,
        buffer: gst::Buffer,
    ) -> Result<Option<gst::Buffer>, gst::FlowError> {
        let at = running_time(pad, &buffer);
        self.wait_until(at);
        let is_wanted = self.lane.attention.wants_every_frame();
        let mut state = lock(&self.state);
        let unit = state.format.and_then(|(codec, layout)| {
            let map = buffer.map_readable().ok()?;
            units::look(codec, layout, &map)
        });
        let arrival = Arrival { unit, at, buffer };
        let step = state.rest.take(arrival, is_wanted);
        self.shared
            .pass_over_pictures(state.rest.take_passed_over());
        let doubt = state.rest.take_doubt();
        // Decoding may wait for the reader, and the reader for nobody.
        drop(state);
        if let Some(doubt) = doubt {
            self.tell(doubt);
        }
        match step {
            Step::Decode(buffer) => return Ok(Some(buffer)),
            Step::Keep => {
                self.shared.hear_picture();
            }
            Step::Show(buffer) => {
                decoder.chain(buffer)?;
                // A decoder may hold a picture back until it has seen the next ones; there are
                // none. A still frame makes it give all that it has.
                decoder.send_event(gst_video::StillFrameEvent::builder(true).build());
            }
            Step::CatchUp { kept, repeated } => {
                let first = kept.first().and_then(|first| first.pts());
                self.shared.expect_again(first.filter(|_| repeated));
                catch_up(decoder, kept)?;
            }
        }
        Ok(None)
    }

    /// A file gives its pictures when they are due, as a camera would: what stands in it further on
    /// is not looked at.
    fn wait_until(&self, at: Option<Duration>) {
        if self.lane.flow != Flow::Paced {
            return;
        }
        let running = self.pipeline.upgrade().and_then(|pipeline| {
            let is_playing = pipeline.current_state() == gst::State::Playing;
            pipeline.current_running_time().filter(|_| is_playing)
        });
        if let (Some(running), Some(at)) = (running, at) {
            let running = Duration::from_nanos(running.nseconds());
            self.shared.closing.wait(at.saturating_sub(running));
        }
    }

    fn hear(&self, event: &gst::Event) {
        let mut state = lock(&self.state);
        match event.view() {
            gst::EventView::Caps(caps) => state.format = format_of(&caps.caps_owned()),
            gst::EventView::Eos(_) => {}
            _ => return,
        }
        state.rest.begin_anew();
        let n_passed_over = state.rest.take_passed_over();
        self.shared.pass_over_pictures(n_passed_over);
    }

    /// Says once why the processor is not spared.
    fn tell(&self, doubt: Doubt) {
        if !self.lane.attention.is_news() {
            return;
        }
        let camera = &self.lane.camera;
        match doubt {
            Doubt::FewKeyFrames => tracing::warn!(
                %camera,
                interval_max_s = rest::KEY_INTERVAL_MAX.as_secs_f32(),
                "key frames come too seldom, so that all is decoded; set the camera's key frame \
                 interval to 1 or 2 s"
            ),
            Doubt::SameSizes => tracing::warn!(
                %camera,
                "all pictures have the same size, so that all is decoded; set the camera's rate \
                 to variable"
            ),
            Doubt::Unreadable => tracing::warn!(
                %camera,
                "its stream cannot be judged undecoded, so that all is decoded; H.264 and H.265 \
                 can"
            ),
        }
    }
}

fn catch_up(decoder: &gst::Pad, kept: Vec<gst::Buffer>) -> Flowed {
    for buffer in kept {
        decoder.chain(buffer)?;
    }
    Ok(gst::FlowSuccess::Ok)
}

/// When a picture is due for decoding.
fn running_time(pad: &gst::Pad, buffer: &gst::Buffer) -> Option<Duration> {
    let at = buffer.dts().or(buffer.pts())?;
    let segment = pad.sticky_event::<gst::event::Segment>(0)?;
    let segment = segment.segment().downcast_ref::<gst::ClockTime>()?.clone();
    // A decoding time may lie before the segment's beginning.
    let running = match segment.to_running_time_full(at)? {
        gst::Signed::Positive(time) => time,
        gst::Signed::Negative(_) => gst::ClockTime::ZERO,
    };
    Some(Duration::from_nanos(running.nseconds()))
}

/// What can be judged undecoded: whole pictures of H.264 and H.265.
fn format_of(caps: &gst::Caps) -> Option<(Codec, Layout)> {
    let structure = caps.structure(0)?;
    let (codec, length_at) = match structure.name().as_str() {
        "video/x-h264" => (Codec::H264, 4),
        "video/x-h265" => (Codec::H265, 21),
        _ => return None,
    };
    if structure.get::<&str>("alignment").ok()? != "au" {
        return None;
    }
    let layout = match structure.get::<&str>("stream-format").ok()? {
        "byte-stream" => Layout::StartCodes,
        // ISO/IEC 14496-15 §5.3.3.1 and §8.3.3.1: the lowest two bits of a byte of the record.
        _ => {
            let record = structure.get::<gst::Buffer>("codec_data").ok()?;
            let record = record.map_readable().ok()?;
            Layout::Lengths(usize::from(record.get(length_at)? & 3) + 1)
        }
    };
    Some((codec, layout))
}
