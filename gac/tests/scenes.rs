//! What the system is for, on scenes whose truth is known: every registered vehicle gets exactly
//! one command and no other vehicle gets any; every crossing on red becomes a candidate and no
//! other does.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on should say where"
)]
#![expect(clippy::print_stdout, reason = "what is skipped is told in one line")]

use gac::offline::{self, Checkout};
use samples::SceneKind;
use std::path::Path;

fn check(kind: SceneKind, seed: u64) {
    let checkout = Checkout::new(&Path::new(env!("CARGO_MANIFEST_DIR")).join(".."));
    if let Err(reason) = checkout.prepare(kind) {
        // Where the files are at hand, a pull that fails is a fault and no reason to skip.
        assert!(checkout.mirror().is_none(), "{reason}");
        println!("skipped: {reason}");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let outcome = offline::run(&checkout, (kind, seed), folder.path()).unwrap();
    println!("{}", outcome.table());
    assert!(0 < outcome.asked, "the scene asks for nothing");
    assert_eq!(
        (outcome.right, outcome.done),
        (outcome.asked, outcome.asked),
        "each thing that is asked for is done once, and nothing else is:\n{}",
        outcome.table()
    );
    let wrong = outcome.expectations.iter().filter(|e| !e.is_met).count();
    assert_eq!(wrong, 0, "{}", outcome.table());
}

macro_rules! scenes {
    ($($name:ident: $kind:ident $seed:literal,)*) => {
        $(#[test]
        fn $name() {
            check(SceneKind::$kind, $seed);
        })*
    };
}

scenes! {
    gate_1: Gate 1,
    gate_2: Gate 2,
    gate_3: Gate 3,
    gate_4: Gate 4,
    gate_5: Gate 5,
    gate_6: Gate 6,
    junction_1: Junction 1,
    junction_2: Junction 2,
    junction_3: Junction 3,
    junction_4: Junction 4,
    junction_5: Junction 5,
    junction_6: Junction 6,
}

/// Of whom a box is lost behind another, a crossing may be missed; nobody is counted who is not
/// there.
#[test]
fn people_are_counted_as_they_walk() {
    let checkout = Checkout::new(&Path::new(env!("CARGO_MANIFEST_DIR")).join(".."));
    if let Err(reason) = checkout.prepare(SceneKind::Entrance) {
        assert!(checkout.mirror().is_none(), "{reason}");
        println!("skipped: {reason}");
        return;
    }
    let (mut n_crossed, mut n_wrong) = (0, 0);
    for seed in 1..=6 {
        let folder = tempfile::tempdir().unwrap();
        let outcome = offline::count_people(&checkout, seed, folder.path()).unwrap();
        println!("entrance {seed}: {outcome:?}");
        n_crossed += outcome.crossed.iter().sum::<u64>();
        n_wrong += outcome.n_wrong();
    }
    println!("{n_wrong} of {n_crossed} wrong");
    assert!(
        10 * n_wrong <= n_crossed,
        "{n_wrong} of {n_crossed} crossings are counted wrongly"
    );
}
