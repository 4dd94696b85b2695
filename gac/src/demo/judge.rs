//! What happened, held against what the truth asks for.

use super::{
    attribution::Attribution,
    junction,
    plan::{DemoCamera, DemoKind},
    relative,
    watch::Seen,
};
use crate::report::{CameraReport, Expectation, Picture};
use anyhow::Result;
use domain::{Outcome, PassageId, Plate, Sighting, Timestamp};
use pipeline::CameraStats;
use samples::{
    Truth,
    truth::{Expected, Why},
};
use std::{collections::BTreeSet, time::Duration};

/// One camera's report; what the truth asks of it is added to `expectations`.
pub(super) fn camera(
    camera: &DemoCamera,
    stats: Option<&CameraStats>,
    seen: &Seen,
    expectations: &mut Vec<Expectation>,
) -> Result<CameraReport> {
    let Some(stats) = stats.filter(|_| camera.video.is_some()) else {
        return Ok(CameraReport {
            id: camera.id.to_owned(),
            status: "skipped".to_owned(),
            note: camera.skipped.clone().unwrap_or_default(),
            ..CameraReport::default()
        });
    };
    let mut report = numbers(camera, stats, seen);
    let score = scene(
        camera,
        stats.first_at.unwrap_or_default(),
        seen,
        expectations,
    );
    (report.precision, report.recall) = (score.precision(), score.recall());
    Ok(report)
}

/// What was done about a camera whose first frame was taken at `base`.
pub(crate) fn scene(
    camera: &DemoCamera,
    base: Timestamp,
    seen: &Seen,
    expectations: &mut Vec<Expectation>,
) -> Score {
    match &camera.kind {
        DemoKind::Gate(truth) => gate(camera, truth, base, seen, expectations),
        DemoKind::Door(truth) => door(camera, truth, base, seen, expectations),
        DemoKind::Junction(truth) => junction::judge(camera, truth, base, seen, expectations),
        DemoKind::Clip { .. } => Score::default(),
    }
}

/// What was done, and how much of it and of the truth was right.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Score {
    /// Done, and asked for.
    pub(crate) right: usize,
    /// Done.
    pub(crate) done: usize,
    /// Asked for.
    pub(crate) asked: usize,
    /// Plates of which a reading was wanted.
    pub(crate) plates: usize,
    /// Of these, read exactly.
    pub(crate) plates_exact: usize,
    /// Of these, those with a decisive reading.
    pub(crate) plates_decisive: usize,
    /// Of those, the ones with a decisive reading that is wrong.
    pub(crate) plates_wrong: usize,
}

impl Score {
    pub(crate) fn precision(self) -> Option<f64> {
        (0 < self.done + self.asked).then(|| share(self.right, self.done))
    }

    pub(crate) fn recall(self) -> Option<f64> {
        (0 < self.done + self.asked).then(|| share(self.right, self.asked))
    }
}

impl Score {
    /// Counts what was read of a vehicle's plate, and says it.
    ///
    /// A vehicle that is lost and found again is several sightings: what counts is the one that a
    /// gate would act on, and else the one that rests on most frames. Every decisive one must be
    /// right.
    fn count_plate(&mut self, sightings: &[&Sighting], truth: &Plate) -> PlateRead {
        let reads = || {
            let voted = |s: &&Sighting| {
                let vote = s.plate.as_ref()?;
                Some((vote.plate()?, s.is_plate_decisive, vote.n_reads))
            };
            sightings.iter().filter_map(voted)
        };
        self.plates += 1;
        self.plates_decisive += usize::from(reads().any(|(_, is_decisive, _)| is_decisive));
        let wrong = reads().find(|(plate, is_decisive, _)| *is_decisive && !plate.matches(truth));
        self.plates_wrong += usize::from(wrong.is_some());
        let best = reads().max_by_key(|(_, is_decisive, n_reads)| (*is_decisive, *n_reads));
        let is_exact = best
            .as_ref()
            .is_some_and(|(plate, ..)| plate.matches(truth));
        self.plates_exact += usize::from(is_exact);
        let mut words = match best {
            Some(_) if is_exact => "read exactly".to_owned(),
            Some((plate, ..)) => format!("read as {}", plate.expose()),
            None => "not read".to_owned(),
        };
        if let Some((plate, ..)) = &wrong {
            words += &format!(", decisively as {}", plate.expose());
        }
        PlateRead {
            words,
            is_right: is_exact && wrong.is_none(),
        }
    }
}

/// How a vehicle's plate was read.
struct PlateRead {
    words: String,
    /// Read as it is, and never decisively as another.
    is_right: bool,
}

/// Nothing of nothing is all right.
fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 {
        1.0
    } else {
        part as f64 / whole as f64
    }
}

fn numbers(camera: &DemoCamera, stats: &CameraStats, seen: &Seen) -> CameraReport {
    let span = match (stats.first_at, stats.last_at) {
        (Some(first), Some(last)) => last.since(first).as_secs_f64() + 1.0 / camera.fps,
        _ => 0.0,
    };
    let of_camera = |gate: &str| gate == camera.id;
    let verdicts = seen
        .verdicts
        .iter()
        .filter(|v| of_camera(v.gate.as_str()))
        .count();
    let pictures = seen
        .pictures
        .get(camera.id)
        .map(Vec::as_slice)
        .unwrap_or_default();
    let picture = |(file, at): &(std::path::PathBuf, Timestamp)| Picture {
        file: file.parent().and_then(std::path::Path::parent).map_or_else(
            || file.display().to_string(),
            |folder| relative(file, folder),
        ),
        caption: format!("{} – {at}", camera.name),
    };
    CameraReport {
        id: camera.id.to_owned(),
        status: "ran".to_owned(),
        note: camera.name.to_owned(),
        frames: stats.frames,
        idle: stats.idle,
        analysed: stats.analysed,
        dropped: stats.dropped,
        fps: if 0.0 < span {
            stats.frames as f64 / span
        } else {
            0.0
        },
        real_time_factor: if 0.0 < span {
            camera.duration_s / span
        } else {
            0.0
        },
        cpu_s: stats.cpu.as_secs_f64(),
        detections: stats.detections,
        tracks: stats.tracks,
        sightings: stats.sightings,
        verdicts: verdicts as u64,
        candidates: stats.candidates,
        counts: stats.counts.clone(),
        refusals: stats.refusals.clone(),
        pictures: pictures.iter().map(picture).collect(),
        ..CameraReport::default()
    }
}

/// A span of frames as capture times.
pub(super) fn span(base: Timestamp, frames: (u32, u32), fps: f64) -> (Timestamp, Timestamp) {
    let at = |frame: u32| base.saturating_add(Duration::from_secs_f64(f64::from(frame) / fps));
    (at(frames.0), at(frames.1))
}

/// What the gate did about some sightings.
struct Doing {
    n_commands: usize,
    outcomes: Vec<Outcome>,
    words: String,
}

fn doing(sightings: &[&Sighting], seen: &Seen) -> Doing {
    let ids: BTreeSet<_> = sightings.iter().map(|s| s.id).collect();
    let verdicts: Vec<_> = seen
        .verdicts
        .iter()
        .filter(|v| ids.contains(&v.sighting))
        .collect();
    let passages: BTreeSet<PassageId> = verdicts.iter().map(|v| v.passage).collect();
    let n_commands = seen
        .commanded
        .iter()
        .filter(|p| passages.contains(*p))
        .count();
    let outcomes: Vec<Outcome> = verdicts.iter().map(|v| v.outcome).collect();
    let mut words: Vec<String> = outcomes.iter().map(outcome_words).collect();
    if words.is_empty() {
        words.push("no verdict".to_owned());
    }
    words.push(counted(n_commands, "command"));
    Doing {
        n_commands,
        outcomes,
        words: words.join(", "),
    }
}

/// `1 command`, `2 commands`.
pub(super) fn counted(n: usize, one: &str) -> String {
    format!("{n} {one}{}", if n == 1 { "" } else { "s" })
}

fn outcome_words(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Grant => "granted".to_owned(),
        Outcome::Deny(reason) => format!("denied ({reason:?})"),
        Outcome::Refer(reason) => format!("referred ({reason:?})"),
    }
}

fn gate(
    camera: &DemoCamera,
    truth: &Truth,
    base: Timestamp,
    seen: &Seen,
    expectations: &mut Vec<Expectation>,
) -> Score {
    let vehicles = &truth.header.vehicles;
    let found = Attribution::by_place(camera, (truth, base), seen);
    let mut score = Score {
        done: n_commands_of(camera, seen),
        ..Score::default()
    };
    for (vehicle, sightings) in vehicles.iter().zip(&found.of_each) {
        let doing = doing(sightings, seen);
        let (expected, is_met) = match vehicle.expected {
            Expected::Grant => {
                score.asked += 1;
                let is_met = doing.n_commands == 1 && doing.outcomes.contains(&Outcome::Grant);
                score.right += usize::from(is_met);
                ("be granted, with one command", is_met)
            }
            Expected::Deny => {
                let is_denied = doing.outcomes.iter().any(|o| matches!(o, Outcome::Deny(_)));
                ("be denied", is_denied && doing.n_commands == 0)
            }
            _ => {
                let is_referred = doing
                    .outcomes
                    .iter()
                    .any(|o| matches!(o, Outcome::Refer(_)));
                ("be referred", is_referred && doing.n_commands == 0)
            }
        };
        let read = score.count_plate(sightings, &vehicle.plate.plate());
        expectations.push(Expectation {
            camera: camera.id.to_owned(),
            subject: format!(
                "{} {} ({})",
                format!("{:?}", vehicle.class).to_lowercase(),
                vehicle.plate.plate().expose(),
                why_words(vehicle.why)
            ),
            expected: expected.to_owned(),
            happened: format!("{}; {}", doing.words, read.words),
            is_met,
            is_forbidden: usize::from(vehicle.expected == Expected::Grant) < doing.n_commands,
            is_plate_right: Some(read.is_right),
        });
    }
    expectations.extend(stray(camera, &found.strays, seen));
    score
}

fn door(
    camera: &DemoCamera,
    truth: &Truth,
    base: Timestamp,
    seen: &Seen,
    expectations: &mut Vec<Expectation>,
) -> Score {
    let approaches = &truth.header.approaches;
    let spans: Vec<_> = approaches
        .iter()
        .map(|a| span(base, (a.arrive_frame, a.leave_frame), camera.fps))
        .collect();
    let found = Attribution::by_time(camera, &spans, seen);
    let mut score = Score {
        done: n_commands_of(camera, seen),
        ..Score::default()
    };
    for (approach, sightings) in approaches.iter().zip(&found.of_each) {
        let doing = doing(sightings, seen);
        let (expected, is_met) = match approach.expected {
            Expected::Grant => {
                score.asked += 1;
                let is_met = doing.n_commands == 1 && doing.outcomes.contains(&Outcome::Grant);
                score.right += usize::from(is_met);
                ("be let in, with one command", is_met)
            }
            _ if approach.why == Why::PrintedPicture => ("not be let in", doing.n_commands == 0),
            _ => {
                let is_referred = doing
                    .outcomes
                    .iter()
                    .any(|o| matches!(o, Outcome::Refer(_)));
                ("be referred", is_referred && doing.n_commands == 0)
            }
        };
        let liveness: Vec<String> = sightings
            .iter()
            .filter_map(|s| s.face.as_ref()?.liveness)
            .map(|l| format!("{:.2}", l.score))
            .collect();
        expectations.push(Expectation {
            camera: camera.id.to_owned(),
            subject: format!("approach {} ({})", approach.id, why_words(approach.why)),
            expected: expected.to_owned(),
            happened: format!("{}; liveness {}", doing.words, liveness.join(" ")),
            is_met,
            is_forbidden: usize::from(approach.expected == Expected::Grant) < doing.n_commands,
            is_plate_right: None,
        });
    }
    expectations.extend(stray(camera, &found.strays, seen));
    score
}

/// What is nobody of the truth must not be let in.
fn stray(camera: &DemoCamera, strays: &[&Sighting], seen: &Seen) -> Option<Expectation> {
    let doing = doing(strays, seen);
    (0 < doing.n_commands).then(|| Expectation {
        camera: camera.id.to_owned(),
        subject: "what is nobody of the truth".to_owned(),
        expected: "not be let in".to_owned(),
        happened: doing.words,
        is_met: false,
        is_forbidden: true,
        is_plate_right: None,
    })
}

fn n_commands_of(camera: &DemoCamera, seen: &Seen) -> usize {
    let passages: BTreeSet<PassageId> = seen
        .verdicts
        .iter()
        .filter(|v| v.gate.as_str() == camera.id)
        .map(|v| v.passage)
        .collect();
    seen.commanded
        .iter()
        .filter(|passage| passages.contains(*passage))
        .count()
}

pub(super) fn why_words(why: Why) -> &'static str {
    match why {
        Why::Registered => "registered",
        Why::Unknown => "not on the list",
        Why::Barred => "barred",
        Why::LookAlike => "one character from a registered one",
        Why::CrossedOnRed => "crosses on red",
        Why::CrossedOnGreen => "crosses on green",
        Why::CrossedOnAmber => "crosses on amber",
        Why::DidNotCross => "does not cross",
        Why::NotEnrolled => "not enrolled yet",
        Why::Enrolled => "enrolled",
        Why::PrintedPicture => "a printed picture of her",
        Why::Anyone => "let in whoever it is",
    }
}
