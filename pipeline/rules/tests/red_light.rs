//! Crossing the stop line on red, on made-up streets: what must be found, what must not, and why.

use domain::{
    BoxInImage, Class, EvidenceRole, PointInImage, SightingId, SignalPhase, Timestamp, Track,
    TrackId, TrackState,
    geometry::{Crossing, LineInImage},
};
use proptest::prelude::*;
use rules::{RedLight, RedLightConfig, Refusal, Rule as _, RuleFinding, RuleInput};
use std::collections::BTreeSet;

/// Vehicles come from the top; the line lies at y = 400.
const LINE_Y: f32 = 400.0;
const END_MS: i64 = 30_000;

fn config() -> RedLightConfig {
    let line = LineInImage {
        from: PointInImage {
            x: 100.0,
            y: LINE_Y,
        },
        to: PointInImage {
            x: 700.0,
            y: LINE_Y,
        },
    };
    RedLightConfig::new(line, Crossing::LeftToRight)
}

/// Green until 10 s, amber until 13 s, red until 25 s, green again.
fn phase_at(ms: i64) -> SignalPhase {
    match ms {
        ..10_000 => SignalPhase::Green,
        10_000..13_000 => SignalPhase::Amber,
        13_000..25_000 => SignalPhase::Red,
        _ => SignalPhase::Green,
    }
}

fn car(foot: PointInImage, at: Timestamp, n_hits: u32) -> Track {
    Track {
        id: TrackId(1),
        class: Class::Car,
        state: if n_hits < 3 {
            TrackState::Tentative
        } else {
            TrackState::Confirmed
        },
        bounds: BoxInImage::new(foot.x - 60.0, foot.y - 100.0, foot.x + 60.0, foot.y),
        score: 0.9,
        first_seen_at: Timestamp::EPOCH,
        last_seen_at: at,
        n_hits,
    }
}

struct Scene<'a> {
    phase: &'a dyn Fn(i64) -> SignalPhase,
    /// Where the foot of the car is; `None` when it is not seen.
    foot: &'a dyn Fn(i64) -> Option<(f32, f32)>,
    frames_ms: Vec<i64>,
}

fn play(scene: &Scene<'_>) -> (RedLight, Vec<RuleFinding>) {
    let mut rule = RedLight::new(config());
    let (mut found, mut n_hits) = (Vec::new(), 0);
    for (seq, &ms) in (0_u64..).zip(&scene.frames_ms) {
        let at = Timestamp::from_millis(ms);
        let phase = (scene.phase)(ms);
        rule.step(&RuleInput::Signal { at, phase }, &mut found);
        if let Some((x, y)) = (scene.foot)(ms) {
            n_hits += 1;
            let track = car(PointInImage { x, y }, at, n_hits);
            let input = RuleInput::Track {
                track: &track,
                sighting: SightingId(7),
                plate: None,
                frame_seq: seq,
            };
            rule.step(&input, &mut found);
        }
        rule.step(&RuleInput::Tick { at }, &mut found);
    }
    (rule, found)
}

fn every(step_ms: usize) -> Vec<i64> {
    (0..=END_MS).step_by(step_ms).collect()
}

/// At 200 px/s through the picture, over the line at `crosses_ms`.
fn drives(crosses_ms: i64) -> impl Fn(i64) -> Option<(f32, f32)> {
    move |ms| {
        let y = LINE_Y + (ms - crosses_ms) as f32 * 0.2;
        (50.0..=700.0).contains(&y).then_some((400.0, y))
    }
}

#[track_caller]
fn check(scene: &Scene<'_>, expect: Result<i64, Refusal>) {
    let (rule, found) = play(scene);
    match expect {
        Ok(act_ms) => {
            assert_eq!(found.len(), 1, "{:?}", rule.refusals());
            let off_ms = found[0].act_at.as_micros() / 1000 - act_ms;
            assert!(off_ms.abs() <= 20, "act is {off_ms} ms off");
        }
        Err(why) => {
            assert!(found.is_empty());
            assert_eq!(rule.refusals().get(&why), Some(&1), "{:?}", rule.refusals());
        }
    }
}

fn crossing(crosses_ms: i64, expect: Result<i64, Refusal>) {
    check(
        &Scene {
            phase: &phase_at,
            foot: &drives(crosses_ms),
            frames_ms: every(120),
        },
        expect,
    );
}

#[test]
fn crossing_on_red_is_found_at_the_time_of_the_act() {
    crossing(15_000, Ok(15_000));
    crossing(20_050, Ok(20_050));
    crossing(24_700, Ok(24_700));
}

#[test]
fn crossing_at_green_amber_or_just_after_the_change_is_not() {
    crossing(9_000, Err(Refusal::NotRed));
    crossing(12_500, Err(Refusal::NotRed));
    crossing(13_300, Err(Refusal::WithinGrace));
    crossing(26_000, Err(Refusal::NotRed));
}

#[test]
fn the_finding_names_three_frames_and_what_was_measured() {
    let (_, found) = play(&Scene {
        phase: &phase_at,
        foot: &drives(15_000),
        frames_ms: every(120),
    });
    let finding = &found[0];
    let roles: Vec<EvidenceRole> = finding.frames.iter().map(|f| f.role).collect();
    assert_eq!(
        roles,
        [EvidenceRole::Before, EvidenceRole::At, EvidenceRole::After]
    );
    let feet: Vec<f32> = finding
        .frames
        .iter()
        .map(|f| f.bounds.y_max - LINE_Y)
        .collect();
    assert!(
        feet[0] < -10.0 && 0.0 <= feet[1] && 30.0 <= feet[2],
        "{feet:?}"
    );
    let seqs: BTreeSet<u64> = finding.frames.iter().map(|f| f.seq).collect();
    assert_eq!(seqs.len(), 3);
    assert_eq!(finding.act_seq, finding.frames[1].seq);
    let facts: Vec<&str> = finding
        .facts
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(
        facts,
        [
            "phase",
            "red_for_ms",
            "interval_ms",
            "hits_before",
            "beyond_px",
            "speed_px_s",
            "phase_beyond"
        ]
    );
    assert_eq!((finding.rule, finding.version), ("red-light", 2));
}

#[test]
fn an_unknown_phase_accuses_nobody() {
    let unknown = |_| SignalPhase::Unknown;
    let flickers = |ms: i64| {
        if ms / 120 % 2 == 0 {
            SignalPhase::Red
        } else {
            SignalPhase::Green
        }
    };
    let goes_dark = |ms: i64| {
        if ms < 14_800 {
            phase_at(ms)
        } else {
            SignalPhase::Unknown
        }
    };
    for phase in [
        &unknown as &dyn Fn(i64) -> SignalPhase,
        &flickers,
        &goes_dark,
    ] {
        let scene = Scene {
            phase,
            foot: &drives(15_000),
            frames_ms: every(120),
        };
        check(&scene, Err(Refusal::PhaseUnknown));
    }
}

#[test]
fn a_car_first_seen_at_the_line_or_lost_around_it_is_not_found() {
    let born = |ms| drives(15_000)(ms).filter(|(_, y)| LINE_Y - 30.0 <= *y);
    let lost = |ms| drives(15_000)(ms).filter(|_| !(14_700..15_300).contains(&ms));
    let scene = |foot| Scene {
        phase: &phase_at,
        foot,
        frames_ms: every(120),
    };
    check(&scene(&born), Err(Refusal::BornOnLine));
    check(&scene(&lost), Err(Refusal::IntervalTooLong));
}

#[test]
fn a_car_beside_the_line_or_coming_the_other_way_is_not_found() {
    let beside = |ms| drives(15_000)(ms).map(|(_, y)| (900.0_f32, y));
    let back = |ms| drives(15_000)(ms).map(|(x, y)| (x, 2.0 * LINE_Y - y));
    for foot in [&beside as &dyn Fn(i64) -> Option<(f32, f32)>, &back] {
        let (_, found) = play(&Scene {
            phase: &phase_at,
            foot,
            frames_ms: every(120),
        });
        assert!(found.is_empty());
    }
}

#[test]
fn a_car_that_stops_over_the_line_and_goes_at_green_is_not_found() {
    // It comes to stand 20 px over the line at 15 s and goes on at 26 s.
    let stops = |ms: i64| {
        let way_px = match ms {
            ..15_000 => (ms - 15_000) as f32 * 0.2,
            15_000..26_000 => 0.0,
            _ => (ms - 26_000) as f32 * 0.2,
        };
        let y = LINE_Y + 20.0 + way_px;
        (50.0..=700.0).contains(&y).then_some((400.0, y))
    };
    let scene = Scene {
        phase: &phase_at,
        foot: &stops,
        frames_ms: every(120),
    };
    check(&scene, Err(Refusal::StoppedBeyond));
}

/// Comes at 100 px/s, stands so many pixels beyond the line from `stops_ms` to `goes_ms`, and goes
/// on at 200 px/s.
fn stops_beyond(stands_px: f32, stops_ms: i64, goes_ms: i64) -> impl Fn(i64) -> Option<(f32, f32)> {
    move |ms| {
        let way_px = match ms {
            ms if ms < stops_ms => (ms - stops_ms) as f32 * 0.1,
            ms if ms < goes_ms => 0.0,
            ms => (ms - goes_ms) as f32 * 0.2,
        };
        let y = LINE_Y + stands_px + way_px;
        (50.0..=700.0).contains(&y).then_some((400.0, y))
    }
}

#[test]
fn a_car_that_a_jam_stopped_beyond_the_line_at_green_may_go_on_at_red() {
    for stands_px in [0.5, 3.0, 5.9] {
        let scene = Scene {
            phase: &phase_at,
            foot: &stops_beyond(stands_px, 9_000, 15_000),
            frames_ms: every(120),
        };
        check(&scene, Err(Refusal::OverBeforeRed));
    }
}

#[test]
fn a_box_that_trembles_over_the_line_again_at_red_is_no_second_crossing() {
    let foot = |ms: i64| {
        let trembles = if ms / 120 % 2 == 0 { 4.0 } else { -4.0 };
        let is_standing = (9_000..15_000).contains(&ms);
        stops_beyond(3.0, 9_000, 15_000)(ms)
            .map(|(x, y)| (x, y + if is_standing { trembles } else { 0.0 }))
    };
    let scene = Scene {
        phase: &phase_at,
        foot: &foot,
        frames_ms: every(120),
    };
    check(&scene, Err(Refusal::OverBeforeRed));
}

#[test]
fn a_car_that_stopped_beyond_the_line_on_red_acts_when_it_goes() {
    let scene = Scene {
        phase: &phase_at,
        foot: &stops_beyond(3.0, 14_000, 17_040),
        frames_ms: every(120),
    };
    check(&scene, Ok(17_055));
    let (_, found) = play(&scene);
    // The picture before the act shows it before the line, not standing on it.
    let before = found[0].frames[0];
    assert_eq!(before.role, EvidenceRole::Before);
    assert!(
        before.bounds.y_max < LINE_Y - 6.0,
        "{}",
        before.bounds.y_max
    );
}

/// Frame times with dropped frames: 80 to 320 ms apart.
fn dropped_frames() -> impl Strategy<Value = Vec<i64>> {
    prop::collection::vec(80_i64..=320, 400).prop_map(|steps| {
        let times = steps.into_iter().scan(0, |at, step| {
            *at += step;
            Some(*at)
        });
        times.take_while(|at| *at <= END_MS).collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_crossing_well_within_red_is_found_exactly_once(
        frames_ms in dropped_frames(),
        crosses_ms in 14_500_i64..23_500,
        jitter in prop::collection::vec(-2.0_f32..2.0, 64),
    ) {
        let foot = |ms: i64| {
            drives(crosses_ms)(ms).map(|(x, y)| (x, y + jitter[(ms % 64) as usize]))
        };
        let (rule, found) = play(&Scene { phase: &phase_at, foot: &foot, frames_ms });
        prop_assert_eq!(found.len(), 1, "{:?}", rule.refusals());
        let off_ms = found[0].act_at.as_micros() / 1000 - crosses_ms;
        prop_assert!(off_ms.abs() <= 60, "{} ms off", off_ms);
    }

    #[test]
    fn a_crossing_at_green_or_amber_never_is(
        frames_ms in dropped_frames(),
        crosses_ms in prop_oneof![2_000_i64..12_950, 25_100_i64..28_000],
    ) {
        let foot = drives(crosses_ms);
        let (_, found) = play(&Scene { phase: &phase_at, foot: &foot, frames_ms });
        prop_assert!(found.is_empty());
    }

    #[test]
    fn a_car_that_trembles_at_the_line_and_goes_at_green_never_is(
        frames_ms in dropped_frames(),
        stands_at in -8.0_f32..2.0,
        jitter in prop::collection::vec(-4.0_f32..4.0, 97),
        goes_ms in 25_050_i64..27_000,
    ) {
        // It comes to stand at 12 s, near the line or a little over it.
        let foot = |ms: i64| {
            let way_px = match ms {
                ms if ms < 12_000 => (ms - 12_000) as f32 * 0.1,
                ms if ms < goes_ms => 0.0,
                ms => (ms - goes_ms) as f32 * 0.2,
            };
            let y = LINE_Y + stands_at + way_px + jitter[(ms % 97) as usize];
            (50.0..=700.0).contains(&y).then_some((400.0, y))
        };
        let (_, found) = play(&Scene { phase: &phase_at, foot: &foot, frames_ms });
        prop_assert!(found.is_empty(), "{:?}", found);
    }

    #[test]
    fn whoever_was_over_the_line_before_red_never_is_whatever_comes_after(
        frames_ms in dropped_frames(),
        crosses_ms in 4_000_i64..12_900,
        stands_px in 4.5_f32..60.0,
        jitter in prop::collection::vec(-4.0_f32..4.0, 97),
        moves in prop::collection::vec((300_i64..6_000, -0.02_f32..0.2), 1..8),
        rests_ms in 0_i64..9_000,
    ) {
        // It stops beyond the line, stands, and then goes on and back, but not behind the line.
        let stops_ms = crosses_ms + (stands_px / 0.1) as i64;
        let foot = |ms: i64| {
            let mut beyond_px = stands_px;
            let mut since_ms = stops_ms + rests_ms;
            if ms < stops_ms {
                beyond_px += (ms - stops_ms) as f32 * 0.1;
            }
            for (lasts_ms, speed) in &moves {
                let share_ms = (ms - since_ms).clamp(0, *lasts_ms);
                if 0 < share_ms {
                    beyond_px = (beyond_px + share_ms as f32 * speed).max(0.5);
                }
                since_ms += lasts_ms;
            }
            let y = LINE_Y + beyond_px + jitter[(ms % 97) as usize];
            (50.0..=700.0).contains(&y).then_some((400.0, y))
        };
        let (_, found) = play(&Scene { phase: &phase_at, foot: &foot, frames_ms });
        prop_assert!(found.is_empty(), "{:?}", found);
    }

    #[test]
    fn any_input_is_taken_without_panic(
        steps in prop::collection::vec((any::<i64>(), any::<f32>(), any::<f32>(), 0_u8..4), 0..60)
    ) {
        let mut rule = RedLight::new(config());
        let mut found = Vec::new();
        for (n, (at, x, y, phase)) in (0_u32..).zip(steps) {
            let at = Timestamp::from_micros(at);
            let phase = match phase {
                0 => SignalPhase::Red,
                1 => SignalPhase::Amber,
                2 => SignalPhase::Green,
                _ => SignalPhase::Unknown,
            };
            rule.step(&RuleInput::Signal { at, phase }, &mut found);
            let track = car(PointInImage { x, y }, at, n);
            rule.step(&RuleInput::Track {
                track: &track,
                sighting: SightingId(1),
                plate: None,
                frame_seq: u64::from(n),
            }, &mut found);
            rule.step(&RuleInput::Tick { at }, &mut found);
        }
        prop_assert!(found.len() <= 1);
    }
}
