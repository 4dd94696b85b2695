//! What a journal tells afterwards: why a verdict came out as it did, and what other rules would
//! have made of it.

use crate::site::*;
use domain::{Access, Outcome, ReferReason, Rule, SiteList, Timestamp, VerdictId};
use gate_controller::{GateEvent, Trial, explain_verdict, try_policy};
use policy::{Factor, Lane, Policy};

const UNKNOWN: &str = "92A-902.20";

/// A gate that has referred an unknown car and let a registered one in: its journal, and the
/// verdicts.
async fn a_day() -> (Site, Vec<(VerdictId, Outcome)>) {
    let site = Site::new().await;
    let mut gate = site.gate().await;
    let (camera, _events) = site.connect("camera", Vec::new()).await;
    let mut verdicts = Vec::new();
    for (id, plate) in [(1, UNKNOWN), (2, ALLOWED)] {
        see(&camera, car(id, 0, plate));
        let is_verdict = |event: &GateEvent| matches!(event, GateEvent::Verdict(_));
        let seen = gate.until(is_verdict).await;
        verdicts.extend(seen.iter().filter_map(|event| match event {
            GateEvent::Verdict(verdict) => Some((verdict.id, verdict.outcome)),
            _ => None,
        }));
    }
    gate.stop().await;
    (site, verdicts)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_verdict_is_explained_from_the_journal() {
    let (site, verdicts) = a_day().await;
    let [(referred, _), (granted, _)] = verdicts[..] else {
        panic!("{verdicts:?}");
    };
    let found = explain_verdict(&site.journal(), referred).expect("the journal is read");
    let found = found.expect("it is there");
    let why = found.explanation.expect("the policy gave it");
    assert_eq!(why.rule_path, found.verdict.rule_path);
    let rules: Vec<Rule> = why.obstacles.iter().map(|obstacle| obstacle.rule).collect();
    assert_eq!(rules, [Rule::Listed]);

    let found = explain_verdict(&site.journal(), granted).expect("the journal is read");
    let why = found
        .expect("it is there")
        .explanation
        .expect("the policy gave it");
    assert_eq!((why.outcome, why.obstacles.len()), (Outcome::Grant, 0));

    let nobody = explain_verdict(&site.journal(), VerdictId(1)).expect("the journal is read");
    assert_eq!(nobody, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn other_rules_and_another_list_are_tried_on_what_has_been() {
    let (site, _verdicts) = a_day().await;
    let same = Trial {
        policy: Policy::for_factor(2, Factor::Plate),
        lane: Lane::for_factor(gate_id(), Factor::Plate),
        list: None,
        since: Timestamp::EPOCH,
    };
    let report = try_policy(&site.journal(), &same).expect("the journal is read");
    assert_eq!((report.n_passages, report.changed.len()), (2, 0));

    let registered = Trial {
        list: Some(SiteList {
            registrations: vec![entry(UNKNOWN, Access::Allow)],
            ..SiteList::default()
        }),
        ..same.clone()
    };
    let report = try_policy(&site.journal(), &registered).expect("the journal is read");
    let changed: Vec<_> = report
        .changed
        .iter()
        .map(|changed| (changed.before.map(|b| b.0), changed.after))
        .collect();
    let unknown = Outcome::Refer(ReferReason::Unknown);
    assert_eq!(
        changed,
        [
            (Some(unknown), Some((Outcome::Grant, Some(Rule::Allowed)))),
            (Some(Outcome::Grant), Some((unknown, Some(Rule::Listed)))),
        ]
    );

    let later = Trial {
        since: service::clock::now(),
        ..registered
    };
    let report = try_policy(&site.journal(), &later).expect("the journal is read");
    assert_eq!(report.n_passages, 0);
}
