use super::*;
use domain::{EvidenceItem, EvidenceRole, Timestamp};
use proptest::prelude::*;

fn still(role: EvidenceRole, frame_seq: u64) -> EvidenceItem {
    EvidenceItem {
        role,
        sha256: format!("{frame_seq:064x}"),
        media_type: "image/jpeg".to_owned(),
        n_bytes: 100,
        frame_seq,
        captured_at: Timestamp::from_millis(i64::try_from(frame_seq).unwrap() * 40),
    }
}

fn three_stills() -> Vec<EvidenceItem> {
    vec![
        still(EvidenceRole::Before, 10),
        still(EvidenceRole::At, 20),
        still(EvidenceRole::After, 30),
    ]
}

fn named(name: &str) -> Reviewer {
    Reviewer::named(name).unwrap()
}

fn states() -> [State; 4] {
    [
        State::Candidate,
        State::UnderReview(named("an")),
        State::Confirmed(named("an")),
        State::Dismissed(named("an"), DismissReason::NoAct),
    ]
}

fn events() -> [(&'static str, Event); 6] {
    [
        ("an starts", Event::StartReview(named("an"))),
        ("an confirms", Event::Confirm(named("an"))),
        (
            "an dismisses",
            Event::Dismiss(named("an"), DismissReason::SignalFault),
        ),
        ("bo starts", Event::StartReview(named("bo"))),
        ("bo confirms", Event::Confirm(named("bo"))),
        (
            "bo dismisses",
            Event::Dismiss(named("bo"), DismissReason::SignalFault),
        ),
    ]
}

fn table(standing: Standing, evidence: &[EvidenceItem]) -> String {
    let mut lines = String::new();
    for state in states() {
        for (what, event) in events() {
            let case = Case {
                standing,
                missing: missing(evidence),
                state: state.clone(),
            };
            let answer = match case.apply(event) {
                Ok(next) => {
                    let reason = next.state.dismiss_reason().map_or("", DismissReason::code);
                    let who = next.state.reviewer().map_or("", Reviewer::as_str);
                    format!("{} {who} {reason}", next.state.name())
                }
                Err(illegal) => format!("- {illegal}"),
            };
            lines += format!("{:12} | {what:12} | {answer}", state.name().code()).trim_end();
            lines += "\n";
        }
    }
    lines
}

#[test]
fn every_state_answers_every_event() {
    let expect = "\
candidate    | an starts    | under-review an
candidate    | an confirms  | - the review of this case has not begun
candidate    | an dismisses | - the review of this case has not begun
candidate    | bo starts    | under-review bo
candidate    | bo confirms  | - the review of this case has not begun
candidate    | bo dismisses | - the review of this case has not begun
under-review | an starts    | - this case is under review already
under-review | an confirms  | confirmed an
under-review | an dismisses | dismissed an signal-fault
under-review | bo starts    | - another person is reviewing this case
under-review | bo confirms  | - another person is reviewing this case
under-review | bo dismisses | - another person is reviewing this case
confirmed    | an starts    | - this case has been decided
confirmed    | an confirms  | - this case has been decided
confirmed    | an dismisses | - this case has been decided
confirmed    | bo starts    | - this case has been decided
confirmed    | bo confirms  | - this case has been decided
confirmed    | bo dismisses | - this case has been decided
dismissed    | an starts    | - this case has been decided
dismissed    | an confirms  | - this case has been decided
dismissed    | an dismisses | - this case has been decided
dismissed    | bo starts    | - this case has been decided
dismissed    | bo confirms  | - this case has been decided
dismissed    | bo dismisses | - this case has been decided
";
    assert_eq!(table(Standing::Evidential, &three_stills()), expect);

    let incomplete = expect.replace(
        "confirmed an\n",
        "- the evidence is incomplete: still-before, still-at, still-after\n",
    );
    assert_eq!(table(Standing::Evidential, &[]), incomplete);

    let screening = expect.replace(
        "confirmed an\n",
        "- this candidate serves screening only and cannot be confirmed\n",
    );
    assert_eq!(table(Standing::ScreeningOnly, &three_stills()), screening);
}

#[test]
fn what_is_missing_is_listed() {
    let without = |role| {
        let stills = three_stills().into_iter().filter(|s| s.role != role);
        missing(&stills.collect::<Vec<_>>())
    };
    assert_eq!(missing(&three_stills()), []);
    assert_eq!(without(EvidenceRole::Before), [Missing::Before]);
    assert_eq!(without(EvidenceRole::At), [Missing::At]);
    assert_eq!(without(EvidenceRole::After), [Missing::After]);
    assert_eq!(missing(&[]), [Missing::Before, Missing::At, Missing::After]);
}

#[test]
fn one_frame_shown_three_times_is_no_evidence() {
    let same = [EvidenceRole::Before, EvidenceRole::At, EvidenceRole::After].map(|r| still(r, 7));
    assert_eq!(missing(&same), [Missing::TimeOrder]);
    let mut reversed = three_stills();
    reversed[0] = still(EvidenceRole::Before, 40);
    assert_eq!(missing(&reversed), [Missing::TimeOrder]);
    let mut same_picture = three_stills();
    same_picture[2].sha256 = same_picture[1].sha256.clone();
    assert_eq!(missing(&same_picture), [Missing::TimeOrder]);
}

#[test]
fn a_stored_case_that_never_could_be_is_refused() {
    let confirmed = || State::Confirmed(named("an"));
    assert!(Case::restore(Standing::Evidential, vec![], confirmed()).is_some());
    assert!(Case::restore(Standing::ScreeningOnly, vec![], confirmed()).is_none());
    assert!(Case::restore(Standing::Evidential, vec![Missing::At], confirmed()).is_none());
    assert!(Case::restore(Standing::Evidential, vec![Missing::At], State::Candidate).is_some());
}

#[test]
fn codes_round_trip_and_are_unlike() {
    for reason in DismissReason::ALL {
        assert_eq!(reason.code().parse(), Ok(*reason));
    }
    for state in StateName::ALL {
        assert_eq!(state.code().parse(), Ok(*state));
    }
    for what in Missing::ALL {
        assert_eq!(what.code().parse(), Ok(*what));
    }
    assert!("other".parse::<DismissReason>().is_err());
}

#[test]
fn a_reviewer_has_a_name() {
    for bad in ["", " ", "an\n", " an", &"a".repeat(65)] {
        assert_eq!(Reviewer::named(bad), None, "{bad:?}");
    }
    assert_eq!(
        Reviewer::named("Nguyễn Văn An").unwrap().as_str(),
        "Nguyễn Văn An"
    );
}

proptest! {
    /// Whatever people do: screening never becomes a confirmed case, nor does one without its
    /// stills, and a decided case stays as it was decided.
    #[test]
    fn no_history_confirms_what_may_not_be(
        is_screening: bool,
        n_stills in 0_usize..=3,
        choices in proptest::collection::vec(0_usize..6, 0..12),
    ) {
        let standing = if is_screening { Standing::ScreeningOnly } else { Standing::Evidential };
        let missing = missing(&three_stills()[..n_stills]);
        let mut case = Case { standing, missing, state: State::Candidate };
        for choice in choices {
            let before = case.clone();
            let decided = matches!(before.state, State::Confirmed(_) | State::Dismissed(..));
            match case.apply(events()[choice].1.clone()) {
                Ok(next) => {
                    prop_assert!(!decided);
                    case = next;
                }
                Err(_) => case = before,
            }
        }
        if matches!(case.state, State::Confirmed(_)) {
            prop_assert!(!is_screening && n_stills == 3);
        }
    }
}
