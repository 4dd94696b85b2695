//! CPU time per frame: decoding alone, and this crate's source, one after the other in one process.
//!
//! `cargo run --release -p source --example cost -- FILE.mp4`

use domain::{SourceEvent, Timestamp, ports::FrameSource};
use gstreamer as gst;
use gstreamer::prelude::*;
use source::{Pace, Source, SourceOptions, SourceSpec};
use std::{error::Error, fs, path::PathBuf, sync::Arc};

#[expect(clippy::print_stdout, reason = "an example prints its result")]
fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args_os()
        .nth(1)
        .map(PathBuf::from)
        .ok_or("give an H.264 mp4")?;
    gst::init()?;
    for _ in 0..3 {
        let started = cpu_ms()?;
        let n_decoded = decode_alone(&path)?;
        let decode_ms = (cpu_ms()? - started) / n_decoded;
        let started = cpu_ms()?;
        let n_delivered = deliver(&path)?;
        let source_ms = (cpu_ms()? - started) / n_delivered;
        let more = (source_ms / decode_ms - 1.0) * 100.0;
        println!(
            "{n_delivered} frames, CPU ms a frame: decode {decode_ms:.2}, source {source_ms:.2} (+{more:.0} %)"
        );
    }
    Ok(())
}

fn decode_alone(path: &std::path::Path) -> Result<f64, Box<dyn Error>> {
    let pipeline = gst::parse::launch(&format!(
        "filesrc location=\"{}\" ! qtdemux ! h264parse ! avdec_h264 max-threads=1 ! \
         fakesink name=end sync=false",
        path.display()
    ))?;
    let count = Arc::new(std::sync::atomic::AtomicU32::new(0));
    let bin = pipeline
        .downcast_ref::<gst::Pipeline>()
        .ok_or("no pipeline")?;
    let pad = bin
        .by_name("end")
        .and_then(|end| end.static_pad("sink"))
        .ok_or("no sink")?;
    let counter = Arc::clone(&count);
    pad.add_probe(gst::PadProbeType::BUFFER, move |_pad, _info| {
        counter.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        gst::PadProbeReturn::Ok
    });
    pipeline.set_state(gst::State::Playing)?;
    let kinds = [gst::MessageType::Eos, gst::MessageType::Error];
    let bus = pipeline.bus().ok_or("no bus")?;
    bus.timed_pop_filtered(gst::ClockTime::NONE, &kinds);
    pipeline.set_state(gst::State::Null)?;
    Ok(f64::from(count.load(std::sync::atomic::Ordering::Relaxed)))
}

fn deliver(path: &std::path::Path) -> Result<f64, Box<dyn Error>> {
    let mut options = SourceOptions::new("cost".parse()?, Arc::new(|| Timestamp::EPOCH));
    options.pace = Pace::AsFastAsPossible;
    let spec = SourceSpec::File {
        path: path.to_owned(),
    };
    let mut source = Source::open(spec, options)?;
    let mut n_frames = 0.0;
    while !matches!(source.next()?, SourceEvent::EndOfStream) {
        n_frames += 1.0;
    }
    Ok(n_frames)
}

/// User and system time of this process, in ticks of 10 ms.
fn cpu_ms() -> Result<f64, Box<dyn Error>> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let fields = stat
        .rsplit(')')
        .next()
        .ok_or("no fields")?
        .split_whitespace();
    let ticks: Vec<f64> = fields
        .skip(11)
        .take(2)
        .map(str::parse)
        .collect::<Result<_, _>>()?;
    Ok(ticks.iter().sum::<f64>() * 10.0)
}
