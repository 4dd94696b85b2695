//! What is written can be read again, and what is not ours is refused with a reason that shows none
//! of it.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on should say where"
)]

mod gates;

use domain::{
    Access, Assurance, BoxInImage, Calendar, Candidate, CandidateId, CharRead, Class, CommandCause,
    CommandId, CommandKind, DeviceNonce, EvidenceItem, EvidenceRole, FaceMatch, GateCommand, Group,
    Liveness, OnHoliday, Outcome, PassId, PassageId, PersonId, Plate, PlateColour, PlateVote,
    RawRead, RawReads, ReferReason, Registration, RowRead, Rule, RulePath, Sighting, SightingId,
    SightingPhase, SiteList, Standing, Timestamp, TrackId, Verdict, VerdictId, WeeklyHours,
    face::FaceVote, plate::RAW_READS_MAX,
};
use proptest::prelude::*;
use wire::{
    Assist, Envelope, JournalEntry, JournalRecord, Message, Receipt, SignedCommand, Topic,
    WireError,
};

fn evidence() -> EvidenceItem {
    EvidenceItem {
        role: EvidenceRole::At,
        sha256: "0f".repeat(32),
        media_type: "image/jpeg".to_owned(),
        n_bytes: 123_456,
        frame_seq: 42,
        captured_at: Timestamp::from_micros(1_795_246_370_123_456),
    }
}

fn row(text: &str) -> RowRead {
    let char_read = |best| CharRead {
        best,
        score: 0.97,
        alternatives: vec![('8', 0.02), ('B', 0.01)],
    };
    RowRead {
        chars: text.chars().map(char_read).collect(),
    }
}

fn vote() -> PlateVote {
    PlateVote {
        rows: vec![row("29MĐ1"), row("23456")],
        colour: PlateColour::White,
        n_reads: 7,
        n_agreeing: 6,
    }
}

fn raw_read(frame_seq: u64, rows: &[&str]) -> RawRead {
    let bare = |text: &&str| RowRead {
        chars: row(text)
            .chars
            .into_iter()
            .map(|c| CharRead {
                alternatives: Vec::new(),
                ..c
            })
            .collect(),
    };
    RawRead {
        frame_seq,
        captured_at: Timestamp::from_micros(1_795_246_370_123_456),
        rows: rows.iter().map(bare).collect(),
        colour: PlateColour::Yellow,
        width_px: 83.25,
    }
}

fn sighting() -> Sighting {
    Sighting {
        id: SightingId(7),
        revision: 3,
        phase: SightingPhase::Update,
        camera: "gate-1".parse().unwrap(),
        track: TrackId(9),
        class: Class::Motorbike,
        first_seen_at: Timestamp::from_micros(1),
        last_seen_at: Timestamp::from_micros(2),
        bounds: BoxInImage::new(1.5, 2.5, 30.25, 40.0),
        is_plate_decisive: true,
        is_face_decisive: false,
        plate: Some(vote()),
        raw_reads: RawReads::new((0..3).map(|n| raw_read(n, &["29MĐ1", "23456"])), 5),
        face: Some(FaceVote {
            candidates: vec![FaceMatch {
                person: PersonId(5),
                similarity: 0.75,
                similarity_min: 0.31,
            }],
            liveness: Some(Liveness {
                score: 0.9,
                score_min: 0.5,
            }),
            n_views: 4,
            n_agreeing: 4,
        }),
        picture: Some(evidence()),
        crossings: Vec::new(),
    }
}

fn command() -> SignedCommand {
    let command = GateCommand {
        id: CommandId(1),
        gate: "gate-1".parse().unwrap(),
        kind: CommandKind::Open,
        cause: CommandCause::Verdict {
            verdict: VerdictId(2),
            passage: PassageId(3),
        },
        nonce: Some(DeviceNonce(0xABCD)),
        issued_at: Timestamp::from_millis(4),
        expires_at: Timestamp::from_millis(3004),
    };
    SignedCommand {
        command,
        key_id: "ab".repeat(8),
        signature: "cd".repeat(64),
    }
}

fn envelope(message: Message) -> Envelope {
    Envelope {
        id: "00000000000000000000000000000001".to_owned(),
        source: "pipeline".to_owned(),
        seq: 41,
        sent_at: Timestamp::from_micros(1_795_246_370_123_456),
        traceparent: None,
        message,
    }
}

#[track_caller]
fn check(message: Message) {
    let sent = envelope(message);
    assert_eq!(Envelope::decode(&sent.encode()).unwrap(), sent);
}

#[test]
fn every_kind_of_message_comes_back_as_it_was() {
    check(Message::Sighting(sighting()));
    check(Message::Command(command()));
    check(Message::Assist(Assist {
        camera: "door".parse().unwrap(),
        at: Timestamp::from_millis(9),
    }));
    check(Message::Receipt(Receipt {
        source: "pipeline".to_owned(),
        ids: vec!["1".to_owned()],
    }));
    check(Message::Verdict(Verdict {
        id: VerdictId(1),
        passage: PassageId(2),
        sighting: SightingId(3),
        gate: "gate-1".parse().unwrap(),
        outcome: Outcome::Refer(ReferReason::LookAlike),
        given_at: Timestamp::from_millis(1),
        captured_at: Timestamp::from_millis(2),
        policy_version: 12,
        registry_as_of: Timestamp::from_millis(3),
        rule_path: RulePath(vec![Rule::PlateRead, Rule::NoLookAlike]),
        assurance: Some(Assurance::Plate),
        by: Some("guard-1".to_owned()),
    }));
    gates::messages().into_iter().for_each(check);
    check(Message::Candidate(Candidate {
        id: CandidateId(1),
        camera: "junction-1".parse().unwrap(),
        sighting: SightingId(2),
        track: TrackId(3),
        class: Class::Car,
        rule: "red-light".to_owned(),
        rule_version: 1,
        act_at: Timestamp::from_millis(4),
        bounds: BoxInImage::new(0.0, 0.0, 1.0, 1.0),
        standing: Standing::Evidential,
        facts: vec![("red_for_ms".to_owned(), "2100".to_owned())],
        plate: None,
        evidence: vec![evidence()],
    }));
}

#[test]
fn a_journal_line_comes_back_as_it_was() {
    let registration = Registration {
        plate: Some(Plate::parse("29-MĐ1/234.56").unwrap()),
        pass: Some(PassId(4)),
        group: Some("staff".parse().unwrap()),
        access: Access::Bar,
        valid_from: Some(Timestamp::from_millis(1)),
        valid_until: None,
        schedule: vec![WeeklyHours {
            days: [true; 7],
            from_minute: 0,
            until_minute: 1440,
        }],
        uses_max: Some(2),
        convoy: 3,
        is_duress: true,
        ..Registration::allow()
    };
    let entries = [
        JournalEntry::Tick,
        JournalEntry::Input(Message::Sighting(sighting())),
        JournalEntry::Registry(SiteList {
            version: 7,
            as_of: Timestamp::from_millis(9),
            expires_at: Some(Timestamp::from_millis(99)),
            registrations: vec![registration, Registration::allow()],
            groups: vec![Group {
                gates: vec!["gate-1".parse().unwrap()],
                on_holiday: OnHoliday::Closed,
                is_free_of_capacity: true,
                ..Group::new("staff".parse().unwrap())
            }],
            calendar: Calendar {
                holidays: vec![20_000],
                worked: vec![(20_001, 0)],
            },
        }),
    ];
    for (seq, entry) in entries.into_iter().enumerate() {
        let record = JournalRecord {
            seq: seq as u64,
            at: Timestamp::from_millis(5),
            entry,
        };
        let line = record.encode();
        assert!(!line.contains('\n'));
        assert_eq!(JournalRecord::decode(&line).unwrap(), record);
    }
}

#[track_caller]
fn refused(payload: &str, expect: &str) {
    let error = Envelope::decode(payload.as_bytes())
        .unwrap_err()
        .to_string();
    assert!(error.contains(expect), "{error}");
    assert!(
        !error.contains("30F"),
        "the reason shows the content: {error}"
    );
}

#[test]
fn what_is_not_ours_is_refused_without_being_shown() {
    let good = String::from_utf8(envelope(Message::Sighting(sighting())).encode()).unwrap();
    refused("30F25658", "missing, unknown or mistyped");
    refused("{\"v\":1,\"30F", "ends too early");
    refused("not 30F json", "is not JSON");
    refused(&good.replace("\"v\":1", "\"v\":2"), "version 2");
    refused(
        &good.replacen("\"seq\"", "\"30F25658\":1,\"seq\"", 1),
        "unknown",
    );
    refused(
        &good.replace("\"score\":0.97", "\"score\":1.97"),
        "score is not in 0..1",
    );
    refused(
        &good.replacen("\"c\":\"2\"", "\"c\":\"２\"", 1),
        "no plate has",
    );
    refused(
        &good.replacen("\"c\":\"2\"", "\"c\":\"\\u202e\"", 1),
        "no plate has",
    );
    refused(&good.replace("\"gate-1\"", "\"../gate\""), "mistyped");
    refused(&good.replace("\"is_face_decisive\":false,", ""), "missing");
    refused(
        &good.replace("[1.5,2.5,30.25,40.0]", "[1.5,2.5,0.25,40.0]"),
        "inside out",
    );
}

#[test]
fn a_sighting_from_before_raw_reads_were_told_is_still_read() {
    let mut older = sighting();
    older.raw_reads = RawReads::default();
    let payload = envelope(Message::Sighting(older.clone())).encode();
    assert!(
        !String::from_utf8(payload.clone())
            .unwrap()
            .contains("raw_reads")
    );
    let read = Envelope::decode(&payload).unwrap();
    assert_eq!(read.message, Message::Sighting(older));
}

#[test]
fn the_longest_sighting_has_an_eighth_of_the_room_that_a_payload_has() {
    let mut longest = sighting();
    let chars = ["A12345678901", "A12345678901"];
    let reads = (0..200).map(|n| raw_read(1_000_000 + n, &chars));
    longest.raw_reads = RawReads::new(reads, 0);
    assert_eq!(longest.raw_reads.reads().len(), RAW_READS_MAX);
    let payload = envelope(Message::Sighting(longest.clone())).encode();
    assert!(
        payload.len() < wire::PAYLOAD_BYTES_MAX / 8,
        "{}",
        payload.len()
    );
    assert_eq!(
        Envelope::decode(&payload).unwrap().message,
        Message::Sighting(longest)
    );
}

#[test]
fn raw_reads_that_no_reader_of_ours_gives_are_refused() {
    let good = String::from_utf8(envelope(Message::Sighting(sighting())).encode()).unwrap();
    let one = good.find("{\"frame_seq\":0").unwrap();
    let end = good[one..].find("},{").unwrap() + one + 1;
    let many = format!("{},", &good[one..end]).repeat(RAW_READS_MAX);
    let too_many = good.replacen("{\"frame_seq\":0", &format!("{many}{{\"frame_seq\":0"), 1);
    let bad = [
        (good.replacen("83.25", "-1.0", 1), "width"),
        (
            good.replacen("[\"M\",0.97]", "[\"?\",0.97]", 1),
            "no plate has",
        ),
        (good.replacen("[\"M\",0.97]", "[\"M\",1.5]", 1), "score"),
        (too_many, "more than 64 reads"),
    ];
    for (payload, why) in bad {
        assert_ne!(payload, good, "{why}");
        let error = Envelope::decode(payload.as_bytes())
            .unwrap_err()
            .to_string();
        assert!(error.contains(why) && !error.contains("23456"), "{error}");
    }
}

#[test]
fn a_payload_that_is_too_large_is_not_even_parsed() {
    let payload = vec![b' '; wire::PAYLOAD_BYTES_MAX + 1];
    assert!(matches!(
        Envelope::decode(&payload),
        Err(WireError::TooLarge { .. })
    ));
}

#[test]
fn the_signed_text_names_everything_that_the_device_acts_on() {
    let site = "demo".parse().unwrap();
    let base = SignedCommand::signed_bytes(&site, &command().command);
    let changed = |change: &dyn Fn(&mut GateCommand)| {
        let mut command = command().command;
        change(&mut command);
        SignedCommand::signed_bytes(&site, &command)
    };
    let cause = |verdict, passage| CommandCause::Verdict { verdict, passage };
    let others = [
        changed(&|c| c.id = CommandId(9)),
        changed(&|c| c.gate = "gate-2".parse().unwrap()),
        changed(&|c| c.kind = CommandKind::HoldOpen),
        changed(&|c| c.cause = cause(VerdictId(9), PassageId(3))),
        changed(&|c| c.cause = cause(VerdictId(2), PassageId(9))),
        changed(&|c| c.cause = CommandCause::Fire),
        changed(&|c| c.nonce = None),
        changed(&|c| c.issued_at = Timestamp::from_millis(5)),
        changed(&|c| c.expires_at = Timestamp::from_millis(3005)),
        SignedCommand::signed_bytes(&"other".parse().unwrap(), &command().command),
    ];
    for other in others {
        assert_ne!(other, base);
    }
}

#[test]
fn topics_are_read_as_they_are_written_and_only_state_is_kept() {
    let (site, gate) = ("demo".parse().unwrap(), "gate-1".parse().unwrap());
    let command = Topic::Command(site, gate);
    assert_eq!(command.to_string(), "gac/v1/demo/gate/gate-1/command");
    assert!(!command.is_retained());
    for text in [
        "gac/v1/demo/camera/gate-1/sighting",
        "gac/v1/demo/camera/gate-1/candidate",
        "gac/v1/demo/gate/gate-1/event",
        "gac/v1/demo/gate/gate-1/document",
        "gac/v1/demo/gate/gate-1/movement",
        "gac/v1/demo/gate/gate-1/alarm",
        "gac/v1/demo/gate/gate-1/order",
        "gac/v1/demo/gates/all/order",
        "gac/v1/demo/camera/gate-1/picture",
        "gac/v1/demo/camera/gate-1/state",
        "gac/v1/demo/gate/gate-1/verdict",
        "gac/v1/demo/gate/gate-1/passage",
        "gac/v1/demo/gate/gate-1/ack",
        "gac/v1/demo/gate/gate-1/state",
        "gac/v1/demo/zone/yard/count",
        "gac/v1/demo/edge/pipeline/receipt",
        "gac/v1/demo/edge/pipeline/availability",
    ] {
        let topic: Topic = text.parse().unwrap();
        assert_eq!(topic.to_string(), text);
        let keeps =
            text.ends_with("state") || text.ends_with("count") || text.ends_with("lability");
        assert_eq!(topic.is_retained(), keeps, "{text}");
    }
    for bad in [
        "gac/v2/demo/gate/g/ack",
        "gac/v1/demo/gate/G/ack",
        "gac/v1/demo/gate/g",
        "#",
    ] {
        assert!(bad.parse::<Topic>().is_err(), "{bad}");
    }
}

proptest! {
    #[test]
    fn no_payload_makes_it_panic(payload in proptest::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(Envelope::decode(&payload).is_err());
    }

    #[test]
    fn a_flipped_byte_is_read_or_refused(at in 0usize..1200, to in any::<u8>()) {
        let mut payload = envelope(Message::Sighting(sighting())).encode();
        let at = at % payload.len();
        payload[at] = to;
        if let Ok(read) = Envelope::decode(&payload) {
            prop_assert_eq!(Envelope::decode(&read.encode()).unwrap(), read);
        }
    }
}
