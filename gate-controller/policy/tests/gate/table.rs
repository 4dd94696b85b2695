//! Every state of a passage against every input: what comes out, and where the passage is then.

use crate::scene::*;
use domain::{AckResult, GateState, OrderKind, Sighting, SiteMode};
use policy::{Factor, GateInput};
use std::{fmt::Write as _, sync::Arc};

type Input = (&'static str, fn(&mut Scene) -> String);

fn seen(plate: &str) -> Sighting {
    sure(car(1, 9, 1_000), plate)
}

/// A lane whose only passage is in the state, at 0 ms.
fn lane_in(state: &str) -> Scene {
    let mut lane = Scene::new(Factor::Plate);
    let plate = if state == "Denied" { BARRED } else { ALLOWED };
    match state {
        "Arrived" => lane.sees(0, read(car(1, 0, 0), plate)),
        "Referred" => lane.sees(0, sure(car(1, 0, 0), UNKNOWN)),
        _ => lane.sees(0, sure(car(1, 0, 0), plate)),
    };
    match state {
        "Opened" => lane.hears(0, AckResult::Accepted),
        "Failed" => lane.hears(0, AckResult::Rejected),
        "Taken" => {
            lane.hears(0, AckResult::Executed);
            lane.sees(0, last(sure(car(1, 1, 0), plate)))
        }
        _ => String::new(),
    };
    lane
}

const INPUTS: [Input; 25] = [
    ("the same again", |l| {
        l.sees(1_000, sure(car(1, 0, 0), ALLOWED))
    }),
    ("update, nothing sure", |l| {
        l.sees(1_000, read(car(1, 9, 1_000), ALLOWED))
    }),
    ("update, allowed", |l| l.sees(1_000, seen(ALLOWED))),
    ("update, unknown", |l| l.sees(1_000, seen(UNKNOWN))),
    ("update, barred", |l| l.sees(1_000, seen(BARRED))),
    ("final, nothing sure", |l| {
        l.sees(1_000, last(read(car(1, 9, 1_000), ALLOWED)))
    }),
    ("final, allowed", |l| l.sees(1_000, last(seen(ALLOWED)))),
    ("second track, allowed", |l| {
        l.sees(1_000, sure(car(2, 0, 1_000), ALLOWED))
    }),
    ("accepted", |l| l.hears(1_000, AckResult::Accepted)),
    ("executed", |l| l.hears(1_000, AckResult::Executed)),
    ("rejected", |l| l.hears(1_000, AckResult::Rejected)),
    ("expired", |l| l.hears(1_000, AckResult::Expired)),
    ("duplicate", |l| l.hears(1_000, AckResult::Duplicate)),
    ("barrier opening", |l| l.barrier(1_000, GateState::Opening)),
    ("barrier in fault", |l| l.barrier(1_000, GateState::Fault)),
    ("list changed", |l| {
        l.step(1_000, &GateInput::RegistryChanged(Arc::new(registry())))
    }),
    ("guard admits", |l| {
        let passage = l.passage();
        l.order(1_000, OrderKind::Admit(passage))
    }),
    ("guard refuses", |l| {
        let passage = l.passage();
        l.order(1_000, OrderKind::Refuse(passage))
    }),
    ("guard opens", |l| l.order(1_000, OrderKind::Open)),
    ("hold open", |l| l.order(1_000, OrderKind::HoldOpen)),
    ("release", |l| l.order(1_000, OrderKind::Release)),
    ("lockdown", |l| {
        l.order(1_000, OrderKind::Mode(SiteMode::Lockdown))
    }),
    ("evacuation", |l| {
        l.order(1_000, OrderKind::Mode(SiteMode::Evacuation))
    }),
    ("tick after 5 s", |l| l.tick(5_000)),
    ("tick after 60 s", |l| l.tick(60_000)),
];

#[test]
fn every_state_against_every_input() {
    let mut table = String::new();
    for state in [
        "Arrived",
        "Referred",
        "Denied",
        "Commanded",
        "Opened",
        "Failed",
        "Taken",
    ] {
        for (name, input) in INPUTS {
            let mut lane = lane_in(state);
            let before: Vec<_> = lane.machine.passages().map(|p| p.state).collect();
            assert_eq!(
                format!("{before:?}"),
                if state == "Taken" {
                    "[]".to_owned()
                } else {
                    format!("[{state}]")
                }
            );
            let said = input(&mut lane);
            let said = if said.is_empty() { "-" } else { &said };
            writeln!(table, "{state:9} | {name:21} | {said}").unwrap();
        }
    }
    assert_eq!(table, include_str!("table.txt"), "\n{table}");
}
