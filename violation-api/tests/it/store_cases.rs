//! Cases and the audit in the store; called by the suite on both databases.

use crate::{
    databases::Databases,
    scene::{at, candidate, envelope},
};
use casework::{DismissReason, Event, Illegal, Missing, Reviewer, State};
use domain::{Standing, ViolationId};
use violation_api::store::{AuditEntry, CaseChange, ChangeError, Key, Store};
use wire::Message;

fn local() -> Reviewer {
    Reviewer::named("local").unwrap()
}

fn id(n: u128) -> ViolationId {
    ViolationId(n)
}

fn change(n: u128, event: Event) -> CaseChange {
    CaseChange {
        id: id(n),
        event,
        at: at(9),
        key: None,
    }
}

fn start(n: u128) -> CaseChange {
    change(n, Event::StartReview(local()))
}

fn confirm(n: u128) -> CaseChange {
    change(n, Event::Confirm(local()))
}

fn dismiss(n: u128) -> CaseChange {
    change(n, Event::Dismiss(local(), DismissReason::SignalFault))
}

async fn with_candidates(databases: &Databases) -> Store {
    let store = databases.fresh().await;
    let mut incomplete = candidate(3);
    incomplete.evidence.remove(2);
    let mut screening = candidate(4);
    screening.standing = Standing::ScreeningOnly;
    let messages = [candidate(1), candidate(2), incomplete, screening];
    let say = |(n, c)| envelope(n, "p", Message::Candidate(c));
    let batch: Vec<_> = (1..).zip(messages).map(say).collect();
    store.ingest(&batch, at(0)).await.unwrap();
    store
}

pub(crate) async fn a_case_is_reviewed_and_decided(databases: &Databases) {
    let store = with_candidates(databases).await;
    let early = store.change_case(&confirm(1)).await.unwrap_err();
    assert!(matches!(
        early,
        ChangeError::Illegal(Illegal::NotUnderReview)
    ));
    store.change_case(&start(1)).await.unwrap();
    let confirmed = store.change_case(&confirm(1)).await.unwrap();
    assert_eq!(confirmed.case.state(), &State::Confirmed(local()));
    assert_eq!((confirmed.version, confirmed.history.len()), (3, 3));
    let late = store.change_case(&dismiss(1)).await.unwrap_err();
    assert!(matches!(late, ChangeError::Illegal(Illegal::Closed)));

    store.change_case(&start(2)).await.unwrap();
    let other = Event::Confirm(Reviewer::named("other").unwrap());
    let held = store.change_case(&change(2, other)).await.unwrap_err();
    assert!(matches!(held, ChangeError::Illegal(Illegal::HeldByAnother)));
    let dismissed = store.change_case(&dismiss(2)).await.unwrap();
    assert_eq!(
        dismissed.history[2].dismiss_reason,
        Some(DismissReason::SignalFault)
    );

    let missing = store.change_case(&start(99)).await.unwrap_err();
    assert!(matches!(missing, ChangeError::NotFound));
    assert!(store.case(id(99)).await.unwrap().is_none());

    // A refused change leaves no trace: four were made.
    let report = store.verify_audit().await.unwrap();
    assert_eq!((report.n_rows, report.first_broken), (4, None));

    // The camera says the same once more: the decision stands.
    let again = envelope(50, "p", Message::Candidate(candidate(1)));
    store.ingest(&[again], at(20)).await.unwrap();
    let record = store.case(id(1)).await.unwrap().unwrap();
    assert_eq!(record.case.state(), &State::Confirmed(local()));
    store.close().await;
}

pub(crate) async fn a_case_without_its_stills_or_standing_is_not_confirmed(databases: &Databases) {
    let store = with_candidates(databases).await;
    store.change_case(&start(3)).await.unwrap();
    let error = store.change_case(&confirm(3)).await.unwrap_err();
    let ChangeError::Illegal(Illegal::Incomplete(missing)) = error else {
        panic!("{error}")
    };
    assert_eq!(missing, [Missing::After]);
    store.change_case(&start(4)).await.unwrap();
    let error = store.change_case(&confirm(4)).await.unwrap_err();
    assert!(matches!(
        error,
        ChangeError::Illegal(Illegal::ScreeningOnly)
    ));
    store.change_case(&dismiss(4)).await.unwrap();
    store.close().await;
}

pub(crate) async fn a_key_acts_once(databases: &Databases) {
    let store = with_candidates(databases).await;
    let key = |key: &str, hash: &str| {
        Some(Key {
            key: key.to_owned(),
            request_sha256: hash.to_owned(),
        })
    };
    let first = CaseChange {
        key: key("k1", "a"),
        ..start(1)
    };
    store.change_case(&first).await.unwrap();
    let again = store.change_case(&first).await.unwrap();
    assert_eq!((again.version, again.history.len()), (2, 2));

    let another = CaseChange {
        key: key("k1", "b"),
        ..confirm(1)
    };
    let reused = store.change_case(&another).await.unwrap_err();
    assert!(matches!(reused, ChangeError::KeyReused));

    // A change that was refused has not used its key up.
    let early = CaseChange {
        key: key("k2", "c"),
        ..confirm(2)
    };
    assert!(store.change_case(&early).await.is_err());
    store.change_case(&start(2)).await.unwrap();
    store.change_case(&early).await.unwrap();
    store.close().await;
}

pub(crate) async fn of_two_reviewers_at_once_one_wins(databases: &Databases) {
    let store = with_candidates(databases).await;
    let by = |name: &str| change(1, Event::StartReview(Reviewer::named(name).unwrap()));
    let (an, bo) = (by("an"), by("bo"));
    let (an, bo) = tokio::join!(store.change_case(&an), store.change_case(&bo));
    assert_eq!(
        [an.is_ok(), bo.is_ok()]
            .iter()
            .filter(|is_ok| **is_ok)
            .count(),
        1
    );
    let record = store.case(id(1)).await.unwrap().unwrap();
    assert_eq!((record.version, record.history.len()), (2, 2));
    store.close().await;
}

pub(crate) async fn tampering_with_the_audit_shows(databases: &Databases) {
    let attacks = [
        (
            "update audit set actor = 'nobody' where audit_id = 3",
            Some(3),
        ),
        ("update audit set at = at + 1 where audit_id = 1", Some(1)),
        ("delete from audit where audit_id = 4", Some(4)),
        ("delete from audit where audit_id = 8", Some(8)),
        (
            "update audit set subject = 'a', detail = 'b' where audit_id = 5",
            Some(5),
        ),
        (
            "update audit set sha256 = previous_sha256 where audit_id = 2",
            Some(2),
        ),
        (
            "update audit set created_at = created_at where audit_id = 2",
            None,
        ),
    ];
    for (attack, first_broken) in attacks {
        let url = databases.fresh_url();
        let store = Store::open(&url).await.unwrap();
        let entry = |n: i64| AuditEntry {
            at: at(n),
            actor: "local".to_owned(),
            action: "view",
            subject: format!("vio_{n}"),
            detail: String::new(),
        };
        // At the same time, so that the chain would fork if it could.
        let entries: Vec<AuditEntry> = (0..8).map(entry).collect();
        let (a, b, c, d) = tokio::join!(
            store.audit(&entries[0]),
            store.audit(&entries[1]),
            store.audit(&entries[2]),
            store.audit(&entries[3])
        );
        assert!([a, b, c, d].iter().all(Result::is_ok));
        for entry in &entries[4..] {
            store.audit(entry).await.unwrap();
        }
        let report = store.verify_audit().await.unwrap();
        assert_eq!((report.n_rows, report.first_broken), (8, None));
        Databases::meddle(&url, attack).await;
        let report = store.verify_audit().await.unwrap();
        assert_eq!(report.first_broken, first_broken, "{attack}");
        store.close().await;
    }
}
