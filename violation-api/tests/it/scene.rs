//! Messages as cameras and gates send them, for tests.

use domain::{
    AlarmId, AlarmKind, Barrier, BoxInImage, Candidate, CandidateId, CharRead, Class, EvidenceItem,
    EvidenceRole, GateAlarm, GateState, Movement, Outcome, Passage, PassageId, PassageState,
    PlateColour, PlateVote, RawRead, RawReads, RowRead, Sighting, SightingId, SightingPhase,
    Standing, Timestamp, TrackId, Verdict, VerdictId,
};
use wire::{CameraState, CameraStatus, Count, Envelope, Message};

/// 2026-11-21T07:32:50.123456Z.
pub(crate) const NOON: i64 = 1_795_246_370_123_456;

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(NOON + seconds * 1_000_000)
}

pub(crate) fn envelope(n: u64, source: &str, message: Message) -> Envelope {
    Envelope {
        id: format!("{:032x}", u128::from(n) << 64 | 0xabc),
        source: source.to_owned(),
        seq: n,
        sent_at: at(0),
        traceparent: None,
        message,
    }
}

pub(crate) fn plate(rows: &[&str], score: f32) -> PlateVote {
    let char_read = |(i, best): (usize, char)| {
        let is_weak = i == 3 && score < 0.9;
        let alternatives = if is_weak {
            vec![('8', 0.21), ('6', 0.07)]
        } else {
            vec![]
        };
        CharRead {
            best,
            score: if is_weak { score } else { 0.99 },
            alternatives,
        }
    };
    let row = |row: &&str| RowRead {
        chars: row.chars().enumerate().map(char_read).collect(),
    };
    let rows = rows.iter().map(row).collect();
    PlateVote {
        rows,
        colour: PlateColour::White,
        n_reads: 14,
        n_agreeing: 13,
    }
}

pub(crate) fn still(role: EvidenceRole, sha256: &str, frame_seq: u64) -> EvidenceItem {
    EvidenceItem {
        role,
        sha256: sha256.to_owned(),
        media_type: "image/jpeg".to_owned(),
        n_bytes: 1000,
        frame_seq,
        captured_at: at(i64::try_from(frame_seq).unwrap()),
    }
}

pub(crate) fn sha(n: u64) -> String {
    format!("{n:064x}")
}

pub(crate) fn sighting(n: u64, revision: u32) -> Sighting {
    Sighting {
        id: SightingId(u128::from(n)),
        revision,
        phase: if revision == 0 {
            SightingPhase::New
        } else {
            SightingPhase::Update
        },
        camera: "gate-1-in".parse().unwrap(),
        track: TrackId(n),
        class: Class::Car,
        first_seen_at: at(i64::try_from(n).unwrap()),
        last_seen_at: at(i64::try_from(n).unwrap() + i64::from(revision)),
        bounds: BoxInImage::new(10.0, 20.0, 110.0, 220.5),
        is_plate_decisive: 0 < revision,
        is_face_decisive: false,
        raw_reads: raw_reads(revision),
        plate: Some(plate(&["51F12345"], 0.8 + 0.01 * revision as f32)),
        face: None,
        crossings: Vec::new(),
        picture: Some(still(
            EvidenceRole::Sighting,
            &sha(n * 100 + u64::from(revision)),
            n,
        )),
    }
}

/// From the second revision on; three frames, of which one misread the last character.
fn raw_reads(revision: u32) -> RawReads {
    let read = |(frame_seq, text): (u64, &str)| RawRead {
        frame_seq,
        captured_at: at(i64::try_from(frame_seq).unwrap()),
        rows: plate(&[text], 0.75).rows.into_iter().map(bare).collect(),
        colour: PlateColour::White,
        width_px: 96.0,
    };
    if revision < 2 {
        return RawReads::default();
    }
    RawReads::new(
        [(1, "51F12345"), (2, "51F12346"), (3, "51F12345")].map(read),
        7,
    )
}

fn bare(row: RowRead) -> RowRead {
    let bare = |c: CharRead| CharRead {
        alternatives: Vec::new(),
        ..c
    };
    RowRead {
        chars: row.chars.into_iter().map(bare).collect(),
    }
}

pub(crate) fn passage(n: u64, state: PassageState, changed: i64) -> Passage {
    Passage {
        id: PassageId(u128::from(n)),
        gate: "gate-1".parse().unwrap(),
        sighting: SightingId(u128::from(n)),
        state,
        arrived_at: at(i64::try_from(n).unwrap()),
        changed_at: at(changed),
    }
}

pub(crate) fn verdict(n: u64, outcome: Outcome) -> Verdict {
    Verdict {
        id: VerdictId(u128::from(n)),
        passage: PassageId(u128::from(n)),
        sighting: SightingId(u128::from(n)),
        gate: "gate-1".parse().unwrap(),
        outcome,
        given_at: Timestamp::from_micros(at(i64::try_from(n).unwrap()).as_micros() + 84_000),
        captured_at: at(i64::try_from(n).unwrap()),
        policy_version: 3,
        registry_as_of: at(-60),
        rule_path: domain::RulePath(vec![domain::Rule::PlateRead, domain::Rule::Listed]),
        assurance: Some(domain::Assurance::Plate),
        by: None,
    }
}

pub(crate) fn movement(n: u64) -> Movement {
    Movement {
        passage: PassageId(u128::from(n)),
        gate: "gate-1".parse().unwrap(),
        from: None,
        to: Some("yard".parse().unwrap()),
        class: Class::Car,
        mover: None,
        pass: None,
        at: at(i64::try_from(n).unwrap() + 4),
    }
}

pub(crate) fn alarm(n: u64) -> GateAlarm {
    GateAlarm {
        id: AlarmId(u128::from(n)),
        gate: "gate-1".parse().unwrap(),
        kind: AlarmKind::Tailgating,
        passage: Some(PassageId(u128::from(n))),
        began_at: at(i64::try_from(n).unwrap() + 5),
        ended_at: None,
    }
}

pub(crate) fn candidate(n: u64) -> Candidate {
    Candidate {
        id: CandidateId(u128::from(n)),
        camera: "junction-1".parse().unwrap(),
        sighting: SightingId(u128::from(n)),
        track: TrackId(n),
        class: Class::Motorbike,
        rule: "red-light".to_owned(),
        rule_version: 1,
        act_at: at(i64::try_from(n).unwrap()),
        bounds: BoxInImage::new(1.0, 2.0, 3.0, 4.0),
        standing: Standing::Evidential,
        facts: vec![
            ("phase".to_owned(), "red".to_owned()),
            ("red_for_ms".to_owned(), "2340".to_owned()),
            ("interval_ms".to_owned(), "40".to_owned()),
            ("beyond_px".to_owned(), "37".to_owned()),
        ],
        plate: Some(plate(&["29B1", "12345"], 0.72)),
        evidence: vec![
            still(EvidenceRole::Before, &sha(n * 1000 + 1), 1),
            still(EvidenceRole::At, &sha(n * 1000 + 2), 2),
            still(EvidenceRole::After, &sha(n * 1000 + 3), 3),
            still(EvidenceRole::Plate, &sha(n * 1000 + 4), 2),
        ],
    }
}

pub(crate) fn camera(name: &str, state: CameraState, frames: u64) -> CameraStatus {
    CameraStatus {
        camera: name.parse().unwrap(),
        state,
        reason: None,
        fps: 24.9,
        frames,
        dropped: frames / 40,
        at: at(i64::try_from(frames / 25).unwrap()),
    }
}

pub(crate) fn barrier(state: GateState, since: i64) -> Barrier {
    Barrier {
        gate: "gate-1".parse().unwrap(),
        state,
        since: at(since),
        nonce: None,
    }
}

pub(crate) fn counted(zone: &str, people_in: u64, seconds: i64) -> Count {
    Count {
        zone: zone.parse().unwrap(),
        people_in,
        people_out: people_in / 2,
        vehicles_in: people_in * 3,
        vehicles_out: people_in * 2,
        at: at(seconds),
    }
}
