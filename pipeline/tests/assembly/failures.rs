//! What panics, and a clock that is set back.

use super::*;

#[test]
fn a_frame_whose_analysis_panics_is_counted_and_the_rest_goes_on() {
    let setups = || vec![setup(plan("junction-1", false), road(SignalPhase::Red))];
    let early = run_with(setups(), &[10]);
    assert_eq!((early.fault.clone(), early.n_candidates()), (Ok(()), 1));
    assert_eq!(early.stats[0].1.failed, 1);
    assert_eq!(early.stats[0].1.frames, N_FRAMES);

    // While the vehicle is in view: what was remembered of it ends, and it is seen anew.
    let amid = run_with(setups(), &[40]);
    assert_eq!((amid.fault.clone(), amid.stats[0].1.failed), (Ok(()), 1));
    let sightings = amid.sightings();
    assert_eq!(sightings.len(), 2);
    for messages in sightings.values() {
        assert_eq!(messages.last().unwrap().phase, SightingPhase::Final);
    }
    let tracks: Vec<_> = sightings
        .values()
        .map(|messages| messages[0].track)
        .collect();
    assert_ne!(tracks[0], tracks[1], "no number of a track comes twice");
}

#[test]
fn a_detector_that_only_panics_ends_the_pipeline_with_an_error() {
    let all: Vec<u64> = (0..N_FRAMES).collect();
    let setups = vec![setup(plan("gate-1", true), road(SignalPhase::Red))];
    let ran = run_with(setups, &all);
    let fault = ran.fault.unwrap_err().to_string();
    assert!(fault.contains("has panicked on 16 frames"), "{fault}");
    assert!(16 <= ran.stats[0].1.failed);
}

#[test]
fn a_source_that_panics_ends_the_pipeline_with_an_error() {
    let breaks = SourceSpec::Scene(Box::new(Road {
        phase: SignalPhase::Green,
        fps: FPS,
        breaks_at: Some(40),
    }));
    let ran = run_with(vec![setup(plan("gate-1", true), breaks)], &[]);
    let fault = ran.fault.clone().unwrap_err().to_string();
    assert!(fault.contains("gate-1"), "{fault}");
    let sightings = ran.sightings();
    let last = sightings.values().next().unwrap().last().unwrap();
    assert_eq!(last.phase, SightingPhase::Final);
    let is_lost = |output: &Output| {
        matches!(output, Output::Status(status)
            if status.state == CameraState::Lost && status.reason.is_some())
    };
    assert!(ran.said.iter().any(is_lost));
}

#[test]
fn a_clock_that_is_set_back_ends_what_was_seen_and_begins_anew() {
    const HOUR: Duration = Duration::from_secs(3600);
    // In view from 0.5 to 2.5 s.
    let scene = SourceSpec::Scene(Box::new(Road {
        phase: SignalPhase::Green,
        fps: 20.0,
        breaks_at: None,
    }));
    let began_at = service::clock::now();
    let mut setup = setup(plan("junction-1", false), scene);
    setup.options.pace = Pace::RealTime;
    setup.options.clock = Arc::new(move || {
        let now = service::clock::now();
        let is_early = now.since(began_at) < Duration::from_millis(1600);
        now.saturating_sub(if is_early { Duration::ZERO } else { HOUR })
    });
    let ran = run_with(vec![setup], &[]);
    let sightings: Vec<_> = ran.sightings().into_values().collect();
    let [before, after] = &sightings[..] else {
        panic!("{} sightings", sightings.len())
    };
    let lasts = [before.last().unwrap(), after.last().unwrap()];
    assert!(lasts.iter().all(|last| last.phase == SightingPhase::Final));
    assert!(before.iter().all(|told| began_at <= told.last_seen_at));
    assert!(after.iter().all(|told| told.last_seen_at < began_at));
    assert_ne!(before[0].track, after[0].track);
}
