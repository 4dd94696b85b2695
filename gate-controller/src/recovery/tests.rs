//! A gate that is killed at any moment goes on and does nothing twice.

use super::*;
use crate::{replay::replay, settings::CoreSettings};
use domain::{
    Ack, AckResult, BoxInImage, CharRead, Class, CommandId, Plate, PlateColour, PlateVote, RowRead,
    Sighting, SightingPhase, TrackId,
};
use policy::{Factor, GateInput, GateOutput, Lane, ListRegistry, Policy};
use std::sync::Arc;
use tempfile::TempDir;
use wire::SignedCommand;

fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(1_795_000_000_000 + millis)
}

fn start(seed: u64) -> Start {
    let gate: domain::GateId = "gate-1".parse().unwrap();
    Start {
        program: "gate-1".to_owned(),
        config_sha256: "00".to_owned(),
        seed,
        settings: CoreSettings {
            policy: Policy::for_factor(1, Factor::Plate),
            lane: Lane::for_factor(gate, Factor::Plate),
            handled: Vec::new(),
        },
    }
}

fn registry(n_others: u32) -> GateInput {
    let entry = |plate: &str| domain::Registration {
        plate: Some(Plate::parse(plate).unwrap()),
        ..domain::Registration::allow()
    };
    let others = (0..n_others).map(|n| entry(&format!("30F{n:05}")));
    let entries = [entry("51G-123.45")].into_iter().chain(others).collect();
    GateInput::RegistryChanged(Arc::new(ListRegistry::new(entries, at(0))))
}

fn sighting(id: u128, revision: u32, millis: i64) -> Sighting {
    let char_read = |best| CharRead {
        best,
        score: 0.9,
        alternatives: vec![('X', 0.1)],
    };
    let row = RowRead {
        chars: "51G12345".chars().map(char_read).collect(),
    };
    Sighting {
        id: SightingId(id),
        revision,
        phase: if revision == 3 {
            SightingPhase::Final
        } else {
            SightingPhase::Update
        },
        camera: "lane".parse().unwrap(),
        track: TrackId(1),
        class: Class::Car,
        first_seen_at: at(100),
        last_seen_at: at(millis),
        bounds: BoxInImage::new(1.0, 2.0, 3.0, 4.0),
        is_plate_decisive: 0 < revision,
        is_face_decisive: false,
        raw_reads: domain::RawReads::default(),
        plate: Some(PlateVote {
            rows: vec![row],
            colour: PlateColour::White,
            n_reads: 4,
            n_agreeing: 4,
        }),
        face: None,
        picture: None,
        crossings: Vec::new(),
    }
}

fn ack(command: CommandId, result: AckResult, millis: i64) -> GateInput {
    let gate = "gate-1".parse().unwrap();
    GateInput::Ack(Ack {
        command,
        gate,
        result,
        at: at(millis),
    })
}

fn inputs(command: CommandId) -> Vec<(i64, GateInput)> {
    let seen = |revision, millis| (millis, GateInput::Sighting(sighting(1, revision, millis)));
    vec![
        (0, registry(0)),
        seen(0, 100),
        seen(1, 200),
        (250, ack(command, AckResult::Accepted, 250)),
        seen(2, 300),
        (900, ack(command, AckResult::Executed, 900)),
        seen(3, 1000),
    ]
}

fn command_of(records: &[JournalRecord]) -> Vec<CommandId> {
    let ids = records.iter().filter_map(|record| match &record.entry {
        JournalEntry::Output(Message::Command(SignedCommand { command, .. })) => Some(command.id),
        _ => None,
    });
    ids.collect()
}

/// One vehicle's whole passage, with a journal that another program could have been killed over.
fn a_passage(folder: &TempDir) -> (PathBuf, Vec<u8>, CommandId) {
    let path = folder.path().join("gate-1.jsonl");
    let mut recovered = recover(&path, u64::MAX, at(0), start(7)).unwrap();
    let mut command = CommandId(0);
    for n in 0..inputs(command).len() {
        let (millis, input) = inputs(command)[n].clone();
        let step = recovered.core.step(at(millis), &input).unwrap();
        recovered.journal.append(&step.records).unwrap();
        command = command_of(&step.records)
            .first()
            .copied()
            .unwrap_or(command);
    }
    drop(recovered);
    let whole = std::fs::read(&path).unwrap();
    (path, whole, command)
}

#[test]
fn a_kill_at_any_moment_loses_nothing_and_doubles_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let (path, whole, command) = a_passage(&folder);
    assert_eq!(replay(&path).unwrap().n_commands, 1);
    // At, before and after every line's end, and in the middle of every line.
    let mut cuts = vec![0];
    for line in whole.split_inclusive(|b| *b == b'\n') {
        let begin = cuts.last().copied().unwrap_or(0);
        let end = begin + line.len();
        cuts.extend([begin + 1, begin + line.len() / 2, end - 1, end]);
    }
    for cut in cuts {
        std::fs::write(&path, &whole[..cut]).unwrap();
        let mut recovered = recover(&path, u64::MAX, at(1100), start(8)).unwrap();
        assert_eq!(recovered.report.set_aside, None, "cut at {cut}");
        // Everything is delivered once more, as after a reconnection.
        let mut records = Vec::new();
        for (millis, input) in inputs(command) {
            let step = recovered.core.step(at(1100 + millis), &input).unwrap();
            records.extend(step.records);
        }
        recovered.journal.append(&records).unwrap();
        drop(recovered);
        let report = replay(&path).unwrap();
        assert_eq!(
            (report.n_commands, report.n_verdicts),
            (1, 1),
            "cut at {cut}"
        );
        assert_eq!(report.n_unwritten, 0, "cut at {cut}");
    }
}

#[test]
fn what_may_not_have_left_the_program_is_at_hand_with_the_same_ids() {
    let folder = tempfile::tempdir().unwrap();
    let (path, whole, command) = a_passage(&folder);
    let lines: Vec<&[u8]> = whole.split_inclusive(|b| *b == b'\n').collect();
    let is_command = |line: &&[u8]| String::from_utf8_lossy(line).contains("\"command\"");
    let at_command = lines.iter().position(is_command).unwrap();
    // Killed after the sighting was written, before any answer; and after the command was.
    let ids = |n_lines: usize| {
        std::fs::write(&path, lines[..n_lines].concat()).unwrap();
        let recovered = recover(&path, u64::MAX, at(1100), start(8)).unwrap();
        let found = recovered
            .newest
            .iter()
            .find_map(|answer| match &answer.output {
                GateOutput::Command(found) => Some((found.id, answer.message_id)),
                _ => None,
            });
        (found, recovered.report.n_completed)
    };
    let (before, n_completed) = ids(at_command);
    assert_eq!(n_completed, 2);
    let (after, n_completed) = ids(at_command + 1);
    assert_eq!(n_completed, 1);
    assert_eq!(before, after);
    assert_eq!(before.map(|(id, _message)| id), Some(command));
}

#[test]
fn a_journal_that_is_damaged_is_set_aside_and_what_it_handled_stays_handled() {
    let folder = tempfile::tempdir().unwrap();
    let (path, whole, _command) = a_passage(&folder);
    let text = String::from_utf8(whole).unwrap();
    let damages = [
        text.replacen("\"grant\"", "\"gramt\"", 1),
        text.replacen("\"at\":\"2026", "\"at\":\"2025", 3),
        text.replacen("\"seq\":3", "\"seq\":4", 1),
        format!("{text}no record\n"),
    ];
    for (n, damaged) in damages.into_iter().enumerate() {
        assert_ne!(damaged, text, "damage {n} changes nothing");
        std::fs::write(&path, damaged).unwrap();
        let mut recovered = recover(&path, u64::MAX, at(1100), start(8)).unwrap();
        let aside = recovered.report.set_aside.clone().expect("it is set aside");
        assert!(
            aside.exists() && recovered.report.set_aside_because.is_some(),
            "damage {n}"
        );
        recovered.core.step(at(1100), &registry(0)).unwrap();
        let again = GateInput::Sighting(sighting(1, 2, 1100));
        assert_eq!(
            recovered.core.step(at(1100), &again).unwrap().answers,
            [],
            "damage {n}"
        );
        let other = GateInput::Sighting(sighting(2, 1, 1100));
        assert!(
            !recovered
                .core
                .step(at(1100), &other)
                .unwrap()
                .answers
                .is_empty()
        );
        std::fs::remove_file(&path).unwrap();
    }
}

#[test]
fn a_long_journal_goes_on_while_somebody_is_here_or_has_just_been_let_in() {
    let folder = tempfile::tempdir().unwrap();
    let (path, whole, _command) = a_passage(&folder);
    let lines: Vec<&[u8]> = whole.split_inclusive(|b| *b == b'\n').collect();
    let is_opened = |line: &&[u8]| String::from_utf8_lossy(line).contains("\"opened\"");
    let opened = lines.iter().position(is_opened).unwrap() + 1;
    // While the lorry stands under the boom, and 2 s after it was last seen; 100 bytes are less
    // than any journal has. It comes into view again under another id.
    for (n_lines, millis) in [(opened, 2_250), (lines.len(), 3_000)] {
        std::fs::write(&path, lines[..n_lines].concat()).unwrap();
        let mut recovered = recover(&path, 100, at(millis), start(8)).unwrap();
        assert_eq!(recovered.report.set_aside, None, "{n_lines} lines");
        let mut records = recovered.core.step(at(millis), &registry(0)).unwrap();
        let again = GateInput::Sighting(Sighting {
            first_seen_at: at(millis - 100),
            ..sighting(2, 1, millis)
        });
        let step = recovered.core.step(at(millis + 10), &again).unwrap();
        records.records.extend(step.records);
        assert_eq!(command_of(&records.records), [], "{n_lines} lines");
        drop(recovered);
    }
    // Once nobody can come again, it is set aside.
    std::fs::write(&path, whole).unwrap();
    let recovered = recover(&path, 100, at(17_001), start(8)).unwrap();
    assert!(recovered.report.set_aside.is_some());
}

#[test]
fn a_list_of_any_length_is_replayed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gate-1.jsonl");
    let mut recovered = recover(&path, u64::MAX, at(0), start(7)).unwrap();
    for (millis, input) in [
        (0, registry(9000)),
        (0, registry(9000)), // two lists at one moment stay two
        (200, GateInput::Sighting(sighting(1, 1, 200))),
    ] {
        let step = recovered.core.step(at(millis), &input).unwrap();
        recovered.journal.append(&step.records).unwrap();
    }
    let report = replay(&path).unwrap();
    assert_eq!((report.n_inputs, report.n_commands), (3, 1));
    assert!(6 < service::journal::read(&path).unwrap().records.len());
}

#[test]
fn a_changed_journal_is_not_confirmed() {
    let folder = tempfile::tempdir().unwrap();
    let (path, whole, _command) = a_passage(&folder);
    let text = String::from_utf8(whole).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let check = |text: String, expect: &str| {
        std::fs::write(&path, text).unwrap();
        let error = replay(&path).unwrap_err().to_string();
        assert!(error.ends_with(expect), "{error}");
    };
    let differs = "replay gives another answer than was recorded";
    // Another seed makes other ids; another score makes another verdict; other spacing is other
    // bytes.
    check(text.replacen("\"seed\":7", "\"seed\":8", 1), differs);
    check(text.replace("\"score\":0.9", "\"score\":0.4"), differs);
    check(text.replacen("{\"output\":", "{\"output\": ", 1), differs);
    check(
        lines[1..].join("\n").replacen("\"seq\":1", "\"seq\":0", 1),
        "the journal cannot be read",
    );
    let first = lines[1].replacen("\"seq\":1", "\"seq\":0", 1);
    check(format!("{first}\n"), "a journal begins with a start record");
    let last = lines.len() - 1;
    let foreign = lines[last].replacen("{\"output\":", "{\"input\":", 1);
    let foreign = [&lines[..last], &[foreign.as_str()]].concat().join("\n") + "\n";
    check(foreign, differs);
}

#[test]
fn two_programs_cannot_write_one_journal() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gate-1.jsonl");
    let _first = recover(&path, u64::MAX, at(0), start(7)).unwrap();
    let second = recover(&path, u64::MAX, at(0), start(8))
        .err()
        .expect("it is in use");
    assert!(
        matches!(second, RecoveryError::Journal(JournalError::InUse { .. })),
        "{second}"
    );
}
