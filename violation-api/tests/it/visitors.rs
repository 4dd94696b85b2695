//! Visitors in the store: the same on SQLite and on PostgreSQL, and gone from the file when erased.

use crate::{
    databases::Databases,
    desk::{HOUR, new_visitor},
    scene::{at, envelope, movement},
};
use domain::{
    Assurance, HolderKey, Mover, PassId, PassageId, Plate, Timestamp, VisitLinkId, VisitorId,
};
use violation_api::{
    VisitState, VisitStep,
    store::{
        DayFilter, LinkWanted, NewVisitor, StepWanted, Store, VisitorDocument, VisitorDone,
        VisitorRefused,
    },
};
use wire::Message;

macro_rules! suite {
    ($($name:ident),* $(,)?) => {
        mod on_sqlite {
            $(
                #[tokio::test]
                async fn $name() {
                    super::$name(&crate::databases::Databases::sqlite()).await;
                }
            )*
        }

        #[tokio::test]
        async fn visitors_on_postgres() {
            let Some(databases) = Databases::postgres() else { return };
            $(
                println!("{}", stringify!($name));
                $name(&databases).await;
            )*
        }
    };
}

suite! {
    a_visit_goes_its_way_and_every_step_is_written_down,
    a_link_is_used_up_expires_and_is_called_back,
    a_gate_checks_in_and_out_by_itself,
    nobody_comes_and_nobody_is_remembered,
    a_readers_number_rises_for_ever,
    of_many_at_once_a_link_takes_its_number,
}

fn step(id: u128, step: VisitStep, seconds: i64) -> StepWanted {
    StepWanted::new(VisitorId(id), step, "guard", at(seconds))
}

async fn state(store: &Store, id: u128) -> VisitState {
    store.visitor(VisitorId(id)).await.unwrap().unwrap().state
}

async fn a_visit_goes_its_way_and_every_step_is_written_down(databases: &Databases) {
    let store = databases.fresh().await;
    let new = new_visitor(1, "Nguyễn Văn Mẫu", at(0));
    let register = async || {
        let pass = Some(PassId(7));
        store
            .register_visitor(&new, pass, "guard", at(0))
            .await
            .unwrap()
    };
    assert_eq!(
        register().await,
        VisitorDone::Changed(VisitState::Registered)
    );
    assert_eq!(
        register().await,
        VisitorDone::Already(VisitState::Registered)
    );
    let mut check_in = step(1, VisitStep::CheckIn, 60);
    check_in.gate = Some("gate-1".parse().unwrap());
    check_in.assurance = Some(Assurance::QrText);
    check_in.document = Some(VisitorDocument {
        holder: HolderKey(0x1234),
        masked: "001•••••3456".to_owned(),
    });
    let done = store.step_visitor(&check_in).await.unwrap();
    assert_eq!(done, VisitorDone::Changed(VisitState::CheckedIn));
    let again = store.step_visitor(&check_in).await.unwrap();
    assert_eq!(again, VisitorDone::Already(VisitState::CheckedIn));
    let cancel = store.step_visitor(&step(1, VisitStep::Cancel, 61)).await;
    assert!(matches!(
        cancel,
        Err(VisitorRefused::Illegal(VisitState::CheckedIn))
    ));
    let unknown = store.step_visitor(&step(2, VisitStep::CheckIn, 61)).await;
    assert!(matches!(unknown, Err(VisitorRefused::NotFound)));
    store
        .step_visitor(&step(1, VisitStep::CheckOut, 120))
        .await
        .unwrap();

    let visitor = store.visitor(VisitorId(1)).await.unwrap().unwrap();
    assert_eq!(visitor.person.as_ref().unwrap(), &new.person);
    assert_eq!((visitor.pass, visitor.uses_max), (Some(PassId(7)), Some(1)));
    assert_eq!(visitor.assurance, Some(Assurance::QrText));
    assert_eq!(visitor.document, check_in.document);
    assert_eq!(
        visitor.checked_in,
        Some((at(60), Some("gate-1".parse().unwrap())))
    );
    assert_eq!(visitor.checked_out, Some((at(120), None)));
    let events = store.visitor_events(VisitorId(1)).await.unwrap();
    let steps: Vec<_> = events.iter().map(|event| (event.step, event.at)).collect();
    let expect = [
        (VisitStep::Register, at(0)),
        (VisitStep::CheckIn, at(60)),
        (VisitStep::CheckOut, at(120)),
    ];
    assert_eq!(steps, expect);
    let audit = store.verify_audit().await.unwrap();
    assert_eq!((audit.n_rows, audit.first_broken), (3, None));
    assert!(!format!("{visitor:?} {new:?} {check_in:?}").contains("Mẫu"));

    let day = |from: i64, until: i64| DayFilter {
        from: at(from),
        until: at(until),
        with_present: false,
    };
    assert_eq!(store.visitors(&day(-100, 1)).await.unwrap().len(), 1);
    assert_eq!(store.visitors(&day(-100, 0)).await.unwrap().len(), 0);
}

fn link(n: u128, visitors_max: u32, until: Timestamp) -> LinkWanted {
    LinkWanted {
        id: VisitLinkId(n),
        token_sha256: format!("{n:064x}"),
        host: "Trần Thị Đón".to_owned(),
        visitors_max,
        expires_at: until,
    }
}

fn announced(n: u128) -> NewVisitor {
    NewVisitor {
        ticket_sha256: Some(format!("{:064x}", 1000 + n)),
        ..new_visitor(n, "Khách Mẫu", at(0))
    }
}

async fn a_link_is_used_up_expires_and_is_called_back(databases: &Databases) {
    let store = databases.fresh().await;
    store
        .make_visit_link(&link(1, 2, at(100)), "guard", at(0))
        .await
        .unwrap();
    let announce = async |n, l, seconds| {
        store
            .announce_visitor(&announced(n), VisitLinkId(l), at(seconds))
            .await
    };
    let first = announce(1, 1, 1).await.unwrap();
    assert_eq!(first, VisitorDone::Changed(VisitState::Invited));
    // The same form once more is the same visit, and does not use the link up.
    let again = announce(1, 1, 2).await.unwrap();
    assert_eq!(again, VisitorDone::Already(VisitState::Invited));
    announce(2, 1, 2).await.unwrap();
    assert!(
        matches!(announce(3, 1, 3).await, Err(VisitorRefused::Link)),
        "used up"
    );

    store
        .make_visit_link(&link(2, 9, at(100)), "guard", at(0))
        .await
        .unwrap();
    assert!(
        matches!(announce(4, 2, 100).await, Err(VisitorRefused::Link)),
        "over"
    );
    assert!(
        matches!(announce(4, 9, 1).await, Err(VisitorRefused::Link)),
        "none"
    );
    assert_eq!(store.visit_links(at(1)).await.unwrap().len(), 2);
    store
        .call_back_visit_link(VisitLinkId(2), "guard", at(5))
        .await
        .unwrap();
    assert!(
        matches!(announce(4, 2, 6).await, Err(VisitorRefused::Link)),
        "called back"
    );
    assert_eq!(store.visit_links(at(1)).await.unwrap().len(), 1);
    assert!(store.visitor(VisitorId(4)).await.unwrap().is_none());
    let found = store
        .visit_link_of(&format!("{:064x}", 1))
        .await
        .unwrap()
        .unwrap();
    assert_eq!((found.n_visitors, found.is_usable(at(5))), (2, false));
    let of_ticket = store
        .visitor_of_ticket(&format!("{:064x}", 1001))
        .await
        .unwrap();
    assert_eq!(of_ticket.unwrap().link, Some(VisitLinkId(1)));
}

async fn of_many_at_once_a_link_takes_its_number(databases: &Databases) {
    let store = databases.fresh().await;
    store
        .make_visit_link(&link(1, 3, at(100)), "guard", at(0))
        .await
        .unwrap();
    let tries = (1..=8).map(|n| {
        let store = &store;
        async move {
            store
                .announce_visitor(&announced(n), VisitLinkId(1), at(1))
                .await
                .is_ok()
        }
    });
    let mut n_taken = 0;
    for is_taken in futures_all(tries).await {
        n_taken += usize::from(is_taken);
    }
    assert_eq!(n_taken, 3);
    let found = store
        .visit_link_of(&format!("{:064x}", 1))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found.n_visitors, 3);
}

/// All of them at the same time.
async fn futures_all(tries: impl Iterator<Item = impl Future<Output = bool>>) -> Vec<bool> {
    let mut pinned: Vec<_> = tries.map(Box::pin).collect();
    let mut done = vec![None; pinned.len()];
    std::future::poll_fn(|cx| {
        for (n, one) in pinned.iter_mut().enumerate() {
            if done[n].is_none()
                && let std::task::Poll::Ready(is_so) = one.as_mut().poll(cx)
            {
                done[n] = Some(is_so);
            }
        }
        if done.iter().all(Option::is_some) {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    done.into_iter().flatten().collect()
}

async fn a_gate_checks_in_and_out_by_itself(databases: &Databases) {
    let store = databases.fresh().await;
    let mut other = new_visitor(2, "Khách Hai", at(0));
    other.person.plate = Some(Plate::parse("51G-123.45").unwrap());
    for (new, pass) in [(new_visitor(1, "Khách Một", at(0)), 7), (other, 8)] {
        let made = store
            .register_visitor(&new, Some(PassId(pass)), "guard", at(0))
            .await;
        made.unwrap();
    }
    let mut n = 0;
    let mut moves = async |change: &dyn Fn(&mut domain::Movement)| {
        n += 1;
        let mut moved = movement(n);
        moved.at = at(100 + i64::try_from(n).unwrap());
        change(&mut moved);
        let said = envelope(n, "gate-gate-1", Message::Movement(moved));
        // Twice, as an outbox may.
        for _time in 0..2 {
            store
                .ingest(std::slice::from_ref(&said), at(300))
                .await
                .unwrap();
        }
    };
    let plate = Plate::parse("51G-123.45").unwrap().key();
    moves(&|m| m.pass = Some(PassId(7))).await;
    moves(&|m| m.mover = Some(Mover::Plate(plate.clone()))).await;
    // Another vehicle, an unknown pass, and nobody.
    moves(&|m| m.mover = Some(Mover::Plate("29A99999".to_owned()))).await;
    moves(&|m| m.pass = Some(PassId(99))).await;
    moves(&|_m| ()).await;
    assert_eq!(state(&store, 1).await, VisitState::CheckedIn);
    assert_eq!(state(&store, 2).await, VisitState::CheckedIn);
    let one = store.visitor(VisitorId(1)).await.unwrap().unwrap();
    assert_eq!(
        one.checked_in,
        Some((at(101), Some("gate-1".parse().unwrap())))
    );
    assert_eq!(one.assurance, Some(Assurance::Pass));
    let two = store.visitor(VisitorId(2)).await.unwrap().unwrap();
    assert_eq!(two.assurance, Some(Assurance::Plate));
    // From zone to zone inside changes nothing; out of the site checks out.
    moves(&|m| {
        m.mover = Some(Mover::Pass(PassId(7)));
        m.from = Some("yard".parse().unwrap());
    })
    .await;
    assert_eq!(state(&store, 1).await, VisitState::CheckedIn);
    moves(&|m| {
        m.mover = Some(Mover::Pass(PassId(7)));
        (m.from, m.to) = (Some("yard".parse().unwrap()), None);
    })
    .await;
    assert_eq!(state(&store, 1).await, VisitState::CheckedOut);
    let events = store.visitor_events(VisitorId(1)).await.unwrap();
    assert_eq!(events.len(), 3, "{events:?}");
    assert_eq!(events[1].passage, Some(PassageId(1)));
    assert_eq!(events[1].actor, "gate gate-1");
}

async fn nobody_comes_and_nobody_is_remembered(databases: &Databases) {
    let store = databases.fresh().await;
    let register = async |n: u128| {
        let new = new_visitor(n, "Khách Mẫu", at(0));
        let pass = Some(PassId(n));
        store
            .register_visitor(&new, pass, "guard", at(0))
            .await
            .unwrap();
    };
    register(1).await;
    register(2).await;
    let new = NewVisitor {
        expected_from: at(100_000),
        expected_until: at(200_000),
        ..new_visitor(3, "Khách Mai", at(0))
    };
    store
        .register_visitor(&new, Some(PassId(3)), "guard", at(0))
        .await
        .unwrap();
    store
        .step_visitor(&step(2, VisitStep::CheckIn, 10))
        .await
        .unwrap();
    let over = at(0).saturating_add(4 * HOUR);
    assert_eq!(
        store.give_up_visitors(over).await.unwrap(),
        0,
        "not over yet"
    );
    let over = over.saturating_add(HOUR);
    assert_eq!(store.give_up_visitors(over).await.unwrap(), 1);
    assert_eq!(state(&store, 1).await, VisitState::DidNotCome);
    assert_eq!(
        state(&store, 2).await,
        VisitState::CheckedIn,
        "overdue, and here"
    );

    // Before the time is over nothing goes; afterwards all that has ended does.
    let kept = store.erase_visitors_before(at(10), over).await.unwrap();
    assert_eq!(kept, []);
    let later = over.saturating_add(HOUR);
    let mut passes = store.erase_visitors_before(later, later).await.unwrap();
    passes.sort_unstable();
    assert_eq!(passes, [PassId(1), PassId(2)]);
    let visitor = store.visitor(VisitorId(1)).await.unwrap().unwrap();
    assert_eq!((visitor.person, visitor.document), (None, None));
    assert_eq!(visitor.erased_at, Some(later));
    let refused = store
        .step_visitor(&step(2, VisitStep::CheckOut, 30_000))
        .await;
    assert!(matches!(refused, Err(VisitorRefused::Illegal(_))));
    assert!(
        store
            .visitor(VisitorId(3))
            .await
            .unwrap()
            .unwrap()
            .person
            .is_some()
    );
    assert_eq!(store.erase_visitors_before(later, later).await.unwrap(), []);

    on_request(&store, later).await;
    assert_eq!(store.verify_audit().await.unwrap().first_broken, None);
}

/// Erased because somebody asked for it, before the time.
async fn on_request(store: &Store, later: Timestamp) {
    let pass = store
        .erase_visitor(VisitorId(3), "guard", later)
        .await
        .unwrap();
    assert_eq!(pass, Some(PassId(3)));
    assert_eq!(state(store, 3).await, VisitState::Cancelled);
    let none = store.erase_visitor(VisitorId(9), "guard", later).await;
    assert!(matches!(none, Err(VisitorRefused::NotFound)));
}

async fn a_readers_number_rises_for_ever(databases: &Databases) {
    let url = databases.fresh_url();
    let store = Store::open(&url).await.unwrap();
    let take = async |store: &Store, reader: &str, seq| {
        store.take_reader_number(reader, seq, at(0)).await.unwrap()
    };
    assert!(take(&store, "desk-1", 41).await);
    assert!(!take(&store, "desk-1", 41).await);
    assert!(take(&store, "desk-2", 41).await);
    store.close().await;
    let store = Store::open(&url).await.unwrap();
    assert!(!take(&store, "desk-1", 40).await);
    assert!(take(&store, "desk-1", 42).await);
}

/// Every byte of the database's files.
fn bytes(folder: &std::path::Path) -> Vec<u8> {
    let files = std::fs::read_dir(folder).unwrap();
    files
        .map(|file| std::fs::read(file.unwrap().path()).unwrap())
        .collect::<Vec<_>>()
        .concat()
}

/// Neither a name nor anything else of a visitor is left in the files: not in rows, not in free
/// pages, not in the write-ahead log.
#[tokio::test]
async fn what_was_erased_is_in_no_byte_of_the_database() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", folder.path().join("api.db").display());
    let store = Store::open(&url).await.unwrap();
    store
        .make_visit_link(&link(1, 50, at(100)), "guard", at(0))
        .await
        .unwrap();
    for n in 1..=40 {
        let mut new = new_visitor(n, &format!("Đặng Thị Quên {n}"), at(0));
        new.person.plate = Some(Plate::parse(&format!("30F-257.{n:02}")).unwrap());
        new.ticket_sha256 = Some(format!("{:064x}", 0xfeed_0000 + n));
        let done = if n % 2 == 0 {
            store.announce_visitor(&new, VisitLinkId(1), at(1)).await
        } else {
            store
                .register_visitor(&new, Some(PassId(n)), "guard", at(1))
                .await
        };
        done.unwrap();
        if n % 2 == 1 {
            let mut check_in = step(n, VisitStep::CheckIn, 2);
            check_in.document = Some(VisitorDocument {
                holder: HolderKey(0xabcd_0123_4567_89ab_cdef_0123_4567_0000 + n),
                masked: format!("001•••••{n:04}"),
            });
            store.step_visitor(&check_in).await.unwrap();
        }
    }
    let words = [
        "Đặng Thị Quên",
        "Trần Thị Đón",
        "Công ty Mẫu",
        "0912000111",
        "giao hàng",
        "30F-257",
        "30F257",
        "abcd0123456789",
        "001•••••",
        "feed00",
    ];
    let has = |word: &str| {
        let all = bytes(folder.path());
        all.windows(word.len()).any(|part| part == word.as_bytes())
    };
    for word in words {
        assert!(has(word) || word == "30F-257", "{word} was stored");
    }
    // One on request, the others because the time is over.
    store
        .erase_visitor(VisitorId(1), "guard", at(50))
        .await
        .unwrap();
    assert!(!has("Đặng Thị Quên 1\u{0}") && has("Đặng Thị Quên 2"));
    let later = at(0).saturating_add(48 * HOUR);
    let passes = store.erase_visitors_before(later, later).await.unwrap();
    assert_eq!(passes.len(), 19);
    for word in words {
        assert!(!has(word), "{word} is still in the files");
    }
    assert_eq!(store.verify_audit().await.unwrap().first_broken, None);
}
