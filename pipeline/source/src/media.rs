//! Builds the pipelines.

use crate::{
    RtspTransport, SourceError, SourceOptions, container,
    idle::IdleLane,
    intake::{Fault, Flow, Intake},
    redact,
};
use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app as gst_app;
use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// A network camera's address and how to talk to it. It has no `Debug`: the address is a secret.
pub(crate) struct RtspCamera {
    url: String,
    transport: RtspTransport,
    latency_ms: u32,
}

impl RtspCamera {
    pub(crate) fn new(
        url: String,
        transport: RtspTransport,
        latency_ms: u32,
    ) -> Result<Self, SourceError> {
        let host = url
            .strip_prefix("rtsp://")
            .or_else(|| url.strip_prefix("rtsps://"))
            .map(|rest| rest.rsplit_once('@').map_or(rest, |(_user, host)| host));
        let is_address = host.is_some_and(|host| {
            !host.starts_with(['/', ':', '?'])
                && !host.is_empty()
                && !url.contains(char::is_whitespace)
        });
        if !is_address {
            return Err(SourceError::Address);
        }
        Ok(Self {
            url,
            transport,
            latency_ms,
        })
    }
}

/// Starts GStreamer once.
pub(crate) fn init() -> Result<(), SourceError> {
    gst::init().map_err(|error| SourceError::Runtime {
        detail: error.to_string(),
    })
}

/// `filesrc ! demuxer ! parsebin ! decoder ! appsink`, without the queues of `decodebin`.
///
/// A container that we do not know is left to `parsebin`.
pub(crate) fn file(
    path: &Path,
    flow: Flow,
    options: &SourceOptions,
) -> Result<Intake, SourceError> {
    init()?;
    let location = path.to_str().ok_or_else(|| SourceError::NotVideo {
        path: path.to_owned(),
        detail: "its name is not Unicode".to_owned(),
    })?;
    let demuxer = container::demuxer(path).map_err(|source| SourceError::Unreadable {
        path: path.to_owned(),
        source,
    })?;
    let pipeline = gst::Pipeline::new();
    let src = make("filesrc")?;
    src.set_property("location", location);
    let parse = make("parsebin")?;
    let sink = sink()?;
    add(&pipeline, &[&src, &parse, sink.upcast_ref()])?;
    let head = match demuxer {
        None => parse.clone(),
        Some(demuxer) => {
            let demuxer = make(demuxer)?;
            add(&pipeline, &[&demuxer])?;
            demuxer
        }
    };
    src.link(&head).map_err(|e| broken(&e))?;
    let intake = Intake::new(pipeline, sink, flow, options);
    decode_first_video(&parse, &intake, IdleLane::new(flow, options));
    if head != parse {
        parse_first_video(&head, &parse, &intake);
    }
    let shared = Arc::clone(&intake.shared);
    head.connect_no_more_pads(move |_head| {
        if !shared.has_video() {
            shared.fail(Fault::Said("it has no video stream".to_owned()));
        }
    });
    Ok(intake)
}

/// `rtspsrc ! parsebin ! decoder ! appsink`.
pub(crate) fn rtsp(camera: &RtspCamera, options: &SourceOptions) -> Result<Intake, SourceError> {
    init()?;
    let pipeline = gst::Pipeline::new();
    let src = make("rtspsrc")?;
    let micros = |span: Duration| u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
    src.set_property("location", &camera.url);
    src.set_property("latency", camera.latency_ms);
    src.set_property("drop-on-latency", true);
    src.set_property_from_str(
        "protocols",
        match camera.transport {
            RtspTransport::Tcp => "tcp",
            RtspTransport::Udp => "udp",
        },
    );
    src.set_property("tcp-timeout", micros(options.live.connect_timeout));
    // The watchdog judges a silent camera; this is only the longest that it can be asked to.
    src.set_property(
        "timeout",
        micros(options.live.stall_after.saturating_mul(2)),
    );
    select_video_only(&src);
    let parse = make("parsebin")?;
    let sink = sink()?;
    add(&pipeline, &[&src, &parse, sink.upcast_ref()])?;
    let intake = Intake::new(pipeline, sink, Flow::Live, options);
    decode_first_video(&parse, &intake, IdleLane::new(Flow::Live, options));
    let (parse, shared) = (parse.downgrade(), Arc::clone(&intake.shared));
    src.connect_pad_added(move |_src, pad| {
        let Some(parse) = parse.upgrade() else {
            return;
        };
        let is_taken = parse.static_pad("sink").is_none_or(|pad| pad.is_linked());
        if !is_taken && link_whole_pictures(pad, &parse).is_err() {
            shared.fail(Fault::Said("its stream cannot be read".to_owned()));
        }
    });
    Ok(intake)
}

/// Links a stream of packets to `parsebin`, over a depayloader that puts packets together to whole
/// pictures (access units) where we know the codec.
///
/// The depayloader that `parsebin` brings has nobody to ask yet when it begins, and then gives
/// single NAL units; the parser behind it holds each picture back until the next one begins, 40 ms
/// at 25 frames a second.
fn link_whole_pictures(pad: &gst::Pad, parse: &gst::Element) -> Result<(), gst::glib::BoolError> {
    let cannot = || gst::glib::bool_error!("the stream cannot be linked");
    let caps = caps_of(pad);
    let encoding = caps
        .structure(0)
        .and_then(|caps| caps.get::<String>("encoding-name").ok());
    let (depay, media) = match encoding.as_deref() {
        Some("H264") => ("rtph264depay", "video/x-h264"),
        Some("H265") => ("rtph265depay", "video/x-h265"),
        _ => {
            let target = parse.static_pad("sink").ok_or_else(cannot)?;
            return pad.link(&target).map(drop).map_err(|_error| cannot());
        }
    };
    let whole = gst::Caps::builder(media)
        .field("stream-format", "byte-stream")
        .field("alignment", "au")
        .build();
    let depay = gst::ElementFactory::make(depay).build()?;
    let filter = gst::ElementFactory::make("capsfilter")
        .property("caps", whole)
        .build()?;
    let bin = parse.parent().and_downcast::<gst::Bin>();
    bin.ok_or_else(cannot)?.add_many([&depay, &filter])?;
    gst::Element::link_many([&depay, &filter, parse])?;
    filter.sync_state_with_parent()?;
    depay.sync_state_with_parent()?;
    let target = depay.static_pad("sink").ok_or_else(cannot)?;
    pad.link(&target).map(drop).map_err(|_error| cannot())
}

/// The text and a sink.
pub(crate) fn launch(
    text: &str,
    flow: Flow,
    options: &SourceOptions,
) -> Result<Intake, SourceError> {
    let (pipeline, sink) = parse_launch(text)?;
    single_thread_decoders(&pipeline);
    Ok(Intake::new(pipeline, sink, flow, options))
}

/// Whether a launch text is a camera: its source is live, or is not there.
pub(crate) fn is_live_launch(text: &str) -> Result<bool, SourceError> {
    let (pipeline, _sink) = parse_launch(text)?;
    let outcome = pipeline.set_state(gst::State::Paused);
    if pipeline.set_state(gst::State::Null).is_err() {
        tracing::debug!("pipeline did not stop");
    }
    Ok(!matches!(
        outcome,
        Ok(gst::StateChangeSuccess::Async | gst::StateChangeSuccess::Success)
    ))
}

fn parse_launch(text: &str) -> Result<(gst::Pipeline, gst_app::AppSink), SourceError> {
    init()?;
    const SINK: &str = "gac-sink";
    // Checked before, because the text that names the sink would hide it.
    let wrong = |detail: &str| SourceError::Launch {
        detail: redact(detail),
    };
    if text.trim().is_empty() || text.trim_end().ends_with('!') {
        return Err(wrong("it does not end in an element"));
    }
    let mut context = gst::ParseContext::new();
    let parsed = gst::parse::launch_full(
        &format!("{text} ! appsink name={SINK} caps=video/x-raw"),
        Some(&mut context),
        gst::ParseFlags::FATAL_ERRORS,
    );
    let element = parsed.map_err(|error| match error.kind::<gst::ParseError>() {
        Some(gst::ParseError::NoSuchElement) => {
            let missing = context.missing_elements();
            SourceError::missing(missing.first().map_or("such element", String::as_str))
        }
        _ => wrong(error.message()),
    })?;
    let pipeline = element
        .downcast::<gst::Pipeline>()
        .map_err(|_element| wrong("it is not a pipeline"))?;
    let sink = pipeline
        .by_name(SINK)
        .and_then(|sink| sink.downcast::<gst_app::AppSink>().ok())
        .ok_or_else(|| wrong("it has a sink of its own"))?;
    Ok((pipeline, sink))
}

fn sink() -> Result<gst_app::AppSink, SourceError> {
    make("appsink")?
        .downcast::<gst_app::AppSink>()
        .map_err(|_element| SourceError::missing("appsink"))
}

fn make(element: &str) -> Result<gst::Element, SourceError> {
    gst::ElementFactory::make(element)
        .build()
        .map_err(|_error| SourceError::missing(element))
}

fn add(pipeline: &gst::Pipeline, elements: &[&gst::Element]) -> Result<(), SourceError> {
    pipeline.add_many(elements).map_err(|e| broken(&e))
}

fn broken(error: &gst::glib::BoolError) -> SourceError {
    SourceError::Runtime {
        detail: error.message.to_string(),
    }
}

/// Asks the camera for its first video stream only: sound would be sent for nothing.
fn select_video_only(src: &gst::Element) {
    let is_chosen = AtomicBool::new(false);
    src.connect("select-stream", false, move |args| {
        let is_video = args
            .get(2)
            .and_then(|caps| caps.get::<gst::Caps>().ok())
            .and_then(|caps| caps.structure(0)?.get::<String>("media").ok())
            .is_some_and(|media| media == "video");
        Some((is_video && !is_chosen.swap(true, Ordering::AcqRel)).to_value())
    });
}

fn is_video(caps: &str) -> bool {
    caps.starts_with("video/") || caps.starts_with("image/")
}

fn caps_of(pad: &gst::Pad) -> gst::Caps {
    pad.current_caps().unwrap_or_else(|| pad.query_caps(None))
}

/// Links the demuxer's first video stream to the parser.
fn parse_first_video(demuxer: &gst::Element, parse: &gst::Element, intake: &Intake) {
    let (parse, shared) = (parse.downgrade(), Arc::clone(&intake.shared));
    demuxer.connect_pad_added(move |_demuxer, pad| {
        let caps = caps_of(pad);
        if !caps.structure(0).is_some_and(|caps| is_video(caps.name())) {
            shared.pass_over();
            return;
        }
        let (Some(parse), true) = (parse.upgrade(), shared.find_video()) else {
            return;
        };
        // The pipeline starts its elements in any order while they are not linked; the demuxer may
        // be ahead.
        let is_ready = parse.sync_state_with_parent().is_ok();
        let target = parse.static_pad("sink").filter(|_pad| is_ready);
        if target.is_none_or(|target| pad.link(&target).is_err()) {
            shared.fail(Fault::Said("its stream cannot be read".to_owned()));
        }
    });
}

/// Puts a decoder between the first video stream and the sink.
fn decode_first_video(parse: &gst::Element, intake: &Intake, idle: Option<IdleLane>) {
    let shared = Arc::clone(&intake.shared);
    let (pipeline, sink) = (intake.pipeline.downgrade(), intake.sink.downgrade());
    parse.connect_pad_added(move |_parse, pad| {
        let (Some(pipeline), Some(sink)) = (pipeline.upgrade(), sink.upgrade()) else {
            return;
        };
        let caps = caps_of(pad);
        let Some(name) = caps.structure(0).map(|caps| caps.name().to_string()) else {
            return;
        };
        if !is_video(&name) {
            shared.pass_over();
            return;
        }
        if !shared.claim_decoder(&name) {
            return;
        }
        match (decode(&pipeline, pad, &caps, &sink), &idle) {
            (Ok(()), Some(idle)) => idle.clone().watch(pad, &pipeline, &shared),
            (Ok(()), None) => {}
            (Err(fault), _) => shared.fail(fault),
        }
    });
}

fn decode(
    pipeline: &gst::Pipeline,
    pad: &gst::Pad,
    caps: &gst::Caps,
    sink: &gst_app::AppSink,
) -> Result<(), Fault> {
    let cannot = |what: &str| Fault::Said(format!("its pictures cannot be {what}"));
    sink.sync_state_with_parent()
        .map_err(|_error| cannot("taken"))?;
    let target = |element: &gst::Element| element.static_pad("sink");
    if caps
        .structure(0)
        .is_some_and(|caps| caps.name() == "video/x-raw")
    {
        let target = target(sink.upcast_ref()).ok_or_else(|| cannot("taken"))?;
        return pad
            .link(&target)
            .map(drop)
            .map_err(|_error| cannot("taken"));
    }
    let decoder = make_decoder(caps)?;
    pipeline.add(&decoder).map_err(|_error| cannot("decoded"))?;
    decoder.link(sink).map_err(|_error| cannot("taken"))?;
    let target = target(&decoder).ok_or_else(|| cannot("decoded"))?;
    decoder
        .sync_state_with_parent()
        .map_err(|_error| cannot("decoded"))?;
    pad.link(&target)
        .map(drop)
        .map_err(|_error| cannot("decoded"))
}

/// The decoder with the highest rank: one in hardware where there is one, else libav's.
fn make_decoder(caps: &gst::Caps) -> Result<gst::Element, Fault> {
    let kind = gst::ElementFactoryType::DECODER
        | gst::ElementFactoryType::MEDIA_VIDEO
        | gst::ElementFactoryType::MEDIA_IMAGE;
    let best = gst::ElementFactory::factories_with_type(kind, gst::Rank::MARGINAL)
        .into_iter()
        .filter(|factory| factory.can_sink_any_caps(caps))
        .max_by_key(|factory| (factory.rank(), factory.name().starts_with("avdec_")));
    let decoder = best.and_then(|factory| factory.create().build().ok());
    let decoder = decoder.ok_or_else(|| {
        let name = caps.structure(0).map(|caps| caps.name().to_string());
        let codec = name.as_deref().unwrap_or("video");
        Fault::Missing(format!(
            "avdec_{}",
            codec.rsplit(['/', '-']).next().unwrap_or(codec)
        ))
    })?;
    single_thread(&decoder);
    Ok(decoder)
}

/// Many cameras share the cores; frame threads would only add latency and 10 % of CPU time.
fn single_thread(decoder: &gst::Element) {
    let is_libav = decoder
        .factory()
        .is_some_and(|factory| factory.name().starts_with("avdec_"));
    if is_libav && decoder.has_property("max-threads") {
        decoder.set_property("max-threads", 1_i32);
    }
}

fn single_thread_decoders(pipeline: &gst::Pipeline) {
    for element in pipeline.iterate_recurse().into_iter().flatten() {
        single_thread(&element);
    }
    pipeline.connect_deep_element_added(|_pipeline, _bin, element| single_thread(element));
}

/// What a fault means for whoever opened a file or a launch text.
pub(crate) fn missing_or(fault: Fault, other: impl FnOnce(String) -> SourceError) -> SourceError {
    match fault {
        Fault::Missing(element) => SourceError::missing(&element),
        Fault::Said(detail) => other(detail),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::Shared;

    #[test]
    fn only_the_first_video_is_claimed() {
        let shared = Shared::default();
        assert!(shared.find_video() && !shared.find_video());
        assert!(shared.claim_decoder("video/x-h264"));
        assert!(!shared.claim_decoder("video/x-h265"));
        assert_eq!(shared.codec().as_deref(), Some("video/x-h264"));
    }

    #[test]
    fn an_address_needs_a_scheme_and_a_host() {
        let check = |url: &str| RtspCamera::new(url.to_owned(), RtspTransport::Tcp, 100).is_ok();
        assert!(check("rtsp://10.0.0.2/s") && check("rtsps://u:p@cam:322/"));
        for bad in [
            "",
            "http://cam/",
            "rtsp://",
            "rtsp:///s",
            "rtsp://u:p@",
            "rtsp://a b/",
            "cam",
        ] {
            assert!(!check(bad), "{bad}");
        }
    }

    #[test]
    fn a_launch_text_is_checked_before_it_is_run() {
        let reason = |text: &str| is_live_launch(text).unwrap_err().to_string();
        assert!(reason("nosuchsrc ! queue").contains("nosuchsrc"));
        assert!(reason("").contains("does not end"));
        assert!(reason("videotestsrc ! ").contains("does not end"));
        assert!(reason("audiotestsrc").contains("launch text"));
        assert!(is_live_launch("videotestsrc is-live=true").unwrap());
        assert!(!is_live_launch("videotestsrc").unwrap());
    }
}
