//! The watch-list as its callers see it.

use super::*;
use crate::gallery::Traces;

/// Not a cipher: the real one is tested in `service`.
struct Inverting;
impl Seal for Inverting {
    fn seal(&self, context: &[u8], plain: &[u8]) -> Vec<u8> {
        context.iter().chain(plain).map(|byte| !byte).collect()
    }
    fn open(&self, context: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let plain: Vec<u8> = sealed.iter().map(|byte| !byte).collect();
        plain.strip_prefix(context).map(<[u8]>::to_vec)
    }
}

fn open(folder: &Path) -> WatchList {
    WatchList::open(folder, "m", Box::new(Inverting)).unwrap()
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_millis(1_800_000_000_000 + 1000 * seconds)
}

fn face(numbers: &[f32]) -> Embedding {
    Embedding::normalised(numbers).unwrap()
}

fn entry() -> Entry {
    Entry {
        name: "Trần Văn Mẫu".to_owned(),
        reason: "order 12/2026".to_owned(),
        added_by: "An".to_owned(),
        added_at: at(0),
        until: at(3600),
        confirmed_by: Some("nobody can bring this along".to_owned()),
        templates: vec![face(&[1.0, 0.0, 0.2])],
    }
}

/// How often assistance is wanted in these seconds.
fn n_assists(list: &WatchList, seconds: impl IntoIterator<Item = i64>) -> usize {
    let camera = "door".parse().unwrap();
    let see = |s| list.see((&camera, at(s)), &face(&[1.0, 0.1, 0.2]), 0.42);
    seconds.into_iter().filter(|s| see(*s).unwrap()).count()
}

#[test]
fn nobody_is_looked_for_before_a_second_person_has_confirmed_it() {
    let folder = tempfile::tempdir().unwrap();
    let list = open(folder.path());
    list.add(PersonId(1), entry()).unwrap();
    assert_eq!(n_assists(&list, 0..10), 0);
    let same = list.confirm(PersonId(1), " an ");
    assert!(matches!(same, Err(WatchListError::SamePerson)));
    let nobody = list.confirm(PersonId(2), "Bình");
    assert!(matches!(nobody, Err(WatchListError::Unknown)));
    list.confirm(PersonId(1), "Bình").unwrap();
    assert_eq!(n_assists(&list, [10, 11]), 0, "two frames may be chance");
    assert_eq!(n_assists(&list, 12..60), 1, "and then it is told once");
    // It has ended, and is gone for good when the list is written next.
    assert_eq!(n_assists(&list, 3600..3700), 0);
    let alerts = list.read_alerts("Chi", at(4000)).unwrap();
    assert_eq!((alerts.len(), alerts[0].state()), (1, AlertState::Raised));
    assert_eq!(
        format!("{alerts:?} {:?}", entry()),
        "[Alert(1, Raised)] Entry(<redacted>)"
    );
}

#[test]
fn two_people_must_agree_on_an_alert_and_one_can_dismiss_it() {
    let folder = tempfile::tempdir().unwrap();
    let list = open(folder.path());
    list.add(PersonId(1), entry()).unwrap();
    list.confirm(PersonId(1), "Bình").unwrap();
    assert_eq!(n_assists(&list, 0..130), 3, "once a minute at most");
    let answer = |number, by, answer| list.answer(number, (by, answer), at(200));
    assert_eq!(
        answer(1, "An", Answer::Confirm).unwrap(),
        AlertState::ConfirmedOnce
    );
    assert!(matches!(
        answer(1, "AN", Answer::Confirm),
        Err(WatchListError::SamePerson)
    ));
    assert_eq!(
        answer(1, "Chi", Answer::Confirm).unwrap(),
        AlertState::Confirmed
    );
    assert_eq!(
        answer(2, "An", Answer::Dismiss).unwrap(),
        AlertState::Dismissed
    );
    assert!(matches!(
        answer(9, "An", Answer::Confirm),
        Err(WatchListError::Unknown)
    ));
    // It lasts, and so does who has read it.
    let again = open(folder.path());
    let alerts = again.read_alerts("Dũng", at(300)).unwrap();
    let states: Vec<AlertState> = alerts.iter().map(Alert::state).collect();
    let expected = [
        AlertState::Confirmed,
        AlertState::Dismissed,
        AlertState::Raised,
    ];
    assert_eq!(states, expected);
    assert_eq!(again.read_list("Dũng", at(301)).unwrap().len(), 1);
    list.refresh().unwrap();
    let readers = list.readers();
    assert_eq!(readers.len(), 2);
    assert_eq!(
        (readers[1].0.as_str(), readers[1].1.as_str()),
        ("list", "Dũng")
    );
}

#[test]
fn what_one_program_changes_another_one_follows_and_who_is_off_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let [running, command] = [open(folder.path()), open(folder.path())];
    command.add(PersonId(1), entry()).unwrap();
    command.confirm(PersonId(1), "Bình").unwrap();
    assert_eq!(n_assists(&running, 0..9), 0);
    running.refresh().unwrap();
    assert_eq!(n_assists(&running, 10..19), 1);
    command.remove(PersonId(1), at(20)).unwrap();
    running.refresh().unwrap();
    assert_eq!(n_assists(&running, 100..109), 0);
    let traces = Traces::of(&entry().templates);
    let bytes = std::fs::read(folder.path().join("list.sealed")).unwrap();
    let plain: Vec<u8> = bytes.iter().map(|byte| !byte).collect();
    assert_eq!(traces.count_in(&plain), 0);
}

#[test]
fn an_entry_without_end_or_template_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let list = open(folder.path());
    let mut endless = entry();
    endless.until = at(91 * 24 * 3600);
    let mut faceless = entry();
    faceless.templates.clear();
    for wrong in [endless, faceless] {
        let refused = list.add(PersonId(1), wrong);
        assert!(matches!(refused, Err(WatchListError::Refused)));
    }
    let other = WatchList::open(folder.path(), "n", Box::new(Inverting)).map(|_| ());
    assert!(other.is_ok(), "nothing was written yet");
    list.add(PersonId(1), entry()).unwrap();
    let other = WatchList::open(folder.path(), "n", Box::new(Inverting)).map(|_| ());
    assert!(matches!(other, Err(WatchListError::Model { .. })));
}
