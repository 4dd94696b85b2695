//! One camera's thread: its source's events, until they end.

use crate::{CameraSetup, Inner, error_line, fault::survives, locked, stats};
use domain::{SourceEvent, ports::FrameSource as _};
use source::{Source, SourceState};
use std::{sync::Arc, time::Duration};
use wire::CameraState;

/// A camera's status is told this often.
const STATUS_INTERVAL: Duration = Duration::from_secs(1);

/// Takes one camera's frames until they end. A source that panics ends the pipeline.
pub(crate) fn camera(inner: &Arc<Inner>, n: usize, setup: CameraSetup) {
    if survives(|| follow(inner, n, setup)).is_some() {
        return;
    }
    let reason = "its source has panicked".to_owned();
    let id = &inner.cameras[n].id;
    inner.faults.fail(format!("camera {id}: {reason}"));
    if survives(|| end(inner, n, Some(reason))).is_none() {
        inner.scheduler.end(n);
    }
}

fn follow(inner: &Arc<Inner>, n: usize, setup: CameraSetup) {
    let CameraSetup {
        source,
        mut options,
        ..
    } = setup;
    // `next` does not return while a camera is away, so the source itself says so. The monitor
    // keeps this callback and `inner` keeps the monitor: a strong reference would never end.
    let told = Arc::downgrade(inner);
    options.on_state = Some(Arc::new(move |state| {
        if let (SourceState::Stalled | SourceState::Lost { .. }, Some(inner)) =
            (state, told.upgrade())
        {
            let (state, reason) = wire_state(state);
            inner.tell_status(n, state, reason);
        }
    }));
    let mut source = match Source::open(source, options) {
        Ok(source) => source,
        Err(error) => {
            let reason = error_line(&error);
            tracing::error!(camera.id = %inner.cameras[n].id, reason, "a camera did not open");
            inner.tell_status(n, CameraState::Lost, Some(reason));
            inner.scheduler.end(n);
            return;
        }
    };
    let monitor = source.monitor();
    *locked(&inner.cameras[n].source) = Some((source.stop_handle(), monitor.clone()));
    inner.tell_status(n, CameraState::Connecting, None);
    let mut told_at = None;
    let mut failure = None;
    while !inner.faults.has_failed() {
        match source.next() {
            Ok(SourceEvent::Frame(frame)) => {
                let at = frame.captured_at;
                inner.scheduler.offer(n, frame);
                *locked(&inner.cameras[n].source_cpu) = stats::thread_cpu() + monitor.stats().cpu;
                if told_at.is_none_or(|told| STATUS_INTERVAL <= at.since(told)) {
                    told_at = Some(at);
                    let (state, reason) = wire_state(&monitor.state());
                    inner.tell_status(n, state, reason);
                }
            }
            Ok(SourceEvent::Gap { .. }) => {
                let (state, reason) = wire_state(&monitor.state());
                inner.tell_status(n, state, reason);
            }
            Ok(SourceEvent::ClockSetBack { by }) => {
                // What was captured before is judged before, and told by its own times.
                inner.scheduler.drain(n);
                locked(&inner.cameras[n].core).start_over(by, &inner.outlets);
                told_at = None;
            }
            Ok(SourceEvent::EndOfStream) => break,
            Err(error) => {
                let reason = error_line(&error);
                tracing::error!(camera.id = %inner.cameras[n].id, reason, "a camera has ended");
                failure = Some(reason);
                break;
            }
        }
    }
    end(inner, n, failure);
}

fn end(inner: &Inner, n: usize, failure: Option<String>) {
    inner.scheduler.drain(n);
    locked(&inner.cameras[n].core).finish(&inner.outlets);
    let state = if failure.is_some() {
        CameraState::Lost
    } else {
        CameraState::Ended
    };
    inner.tell_status(n, state, failure);
    inner.scheduler.end(n);
}

fn wire_state(state: &SourceState) -> (CameraState, Option<String>) {
    match state {
        SourceState::Connecting => (CameraState::Connecting, None),
        SourceState::Streaming => (CameraState::Streaming, None),
        SourceState::Stalled => (CameraState::Stalled, None),
        SourceState::Lost { reason } => (CameraState::Lost, Some(reason.clone())),
        SourceState::Ended => (CameraState::Ended, None),
    }
}
