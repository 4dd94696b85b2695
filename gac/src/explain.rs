//! `gac explain`: why a verdict came out as it did, and what would have changed it.

use crate::{journals, site::LoadedSite};
use anyhow::{Result, bail};
use domain::{Outcome, Rule, VerdictId};
use gate_controller::Explained;
use policy::{Explanation, Fact, Obstacle};
use std::{path::PathBuf, process::ExitCode};

/// Which verdict.
#[derive(clap::Args)]
pub struct ExplainArguments {
    /// The verdict's id, `ver_…`, as the console and the JSON API show it
    verdict: VerdictId,
    /// The site file, for its journals and its own time
    #[arg(long, default_value = "site.toml")]
    site: PathBuf,
    /// Look into this journal alone
    #[arg(long)]
    journal: Option<PathBuf>,
}

/// Finds the verdict in the journals, decides it again, and says why.
pub fn explain(arguments: &ExplainArguments) -> Result<ExitCode> {
    let (journals, timezone) = match &arguments.journal {
        Some(journal) => (vec![journal.clone()], "Asia/Ho_Chi_Minh".to_owned()),
        None => {
            let site = LoadedSite::load(&arguments.site)?;
            let mut all = Vec::new();
            for gate in journals::gates(&site) {
                all.extend(journals::of_gate(&site, gate)?);
            }
            (all, site.site.site.timezone.get_ref().clone())
        }
    };
    // The newest are the likeliest to be asked about.
    let mut n_left_out = 0;
    for journal in journals.iter().rev() {
        let found = match gate_controller::explain_verdict(journal, arguments.verdict) {
            Ok(found) => found,
            // One that a program of another version wrote must not hide the others.
            Err(error) => {
                let error = anyhow::Error::from(error);
                eprintln!("{} is left out: {error:#}", journal.display());
                n_left_out += 1;
                continue;
            }
        };
        if let Some(found) = found {
            print!("{}", text(&found, &timezone));
            return Ok(ExitCode::SUCCESS);
        }
    }
    bail!(
        "{} is in none of the {} journals that could be read; is it of this site?",
        arguments.verdict,
        journals.len() - n_left_out
    )
}

pub(crate) fn outcome_words(outcome: Outcome) -> String {
    let words = match outcome {
        Outcome::Grant => "grant".to_owned(),
        Outcome::Deny(reason) => format!("deny: {reason:?}"),
        Outcome::Refer(reason) => format!("refer to the guard: {reason:?}"),
    };
    // `OutsideSchedule` reads as `outside schedule`.
    let mut spaced = String::new();
    for c in words.chars() {
        if c.is_uppercase() && !spaced.ends_with([' ', ':']) {
            spaced.push(' ');
        }
        spaced.extend(c.to_lowercase());
    }
    spaced
}

fn text(found: &Explained, timezone: &str) -> String {
    let verdict = &found.verdict;
    let mut text = String::new();
    let at = journals::local_time(verdict.given_at, timezone);
    let mut line = |name: &str, what: &str| {
        text.push_str(&format!("{name:<10} {what}\n"));
    };
    line("verdict", &verdict.id.to_string());
    line("gate", &format!("{}, {at}", verdict.gate));
    line("passage", &verdict.passage.to_string());
    line("answer", &outcome_words(verdict.outcome));
    if let Some(assurance) = verdict.assurance {
        line("rests on", &format!("{assurance:?}").to_lowercase());
    }
    if let Some(by) = &verdict.by {
        line("given by", by);
    }
    line("rules", &path_words(&verdict.rule_path.0, verdict.outcome));
    match &found.explanation {
        Some(explanation) => tell_obstacles(&mut text, explanation, timezone),
        None => {
            text.push_str("A person or the guard's silence gave it; no rule stood in between.\n")
        }
    }
    text
}

fn path_words(rules: &[Rule], outcome: Outcome) -> String {
    let last = rules.len().saturating_sub(1);
    let mark = |(place, rule): (usize, &Rule)| {
        let is_settling = place == last && outcome != Outcome::Grant;
        format!("{rule} {}", if is_settling { "✗" } else { "✓" })
    };
    let marked: Vec<String> = rules.iter().enumerate().map(mark).collect();
    marked.join(", ")
}

fn tell_obstacles(text: &mut String, explanation: &Explanation, timezone: &str) {
    if explanation.outcome == Outcome::Grant {
        text.push_str("Every rule that was asked was passed.\n");
        return;
    }
    text.push_str("It would have been a grant if all of this had come out otherwise:\n");
    for Obstacle {
        rule,
        outcome,
        facts,
    } in &explanation.obstacles
    {
        let facts: Vec<String> = facts
            .iter()
            .map(|fact| fact_words(fact, timezone))
            .collect();
        let facts = if facts.is_empty() {
            outcome_words(*outcome)
        } else {
            facts.join("; ")
        };
        text.push_str(&format!("  {:<22} {facts}\n", rule.name()));
    }
}

fn fact_words(fact: &Fact, timezone: &str) -> String {
    let time = |at| journals::local_time(at, timezone);
    match fact {
        Fact::Age { age, max } => {
            format!(
                "{:.1} s old, at most {:.1} s",
                age.as_secs_f64(),
                max.as_secs_f64()
            )
        }
        Fact::Frames {
            n_agreeing,
            n_of,
            min,
        } => {
            format!("{n_agreeing} of {n_of} frames agree, at least {min} are needed")
        }
        Fact::Score { score, min } => format!("score {score:.2}, at least {min:.2} is needed"),
        Fact::LookAlikes(n) => format!("listed plates that look like it: {n}"),
        Fact::Validity { from, until } => {
            let ends = [("from", from), ("until", until)].into_iter();
            let said = ends.filter_map(|(word, at)| at.map(|at| format!("{word} {}", time(at))));
            format!("valid {}", said.collect::<Vec<_>>().join(" "))
        }
        Fact::NextOpening(at) => format!("its hours begin again at {}", time(*at)),
        Fact::NoOpening => "its hours do not begin again within three weeks".to_owned(),
        Fact::Inside { zone, n, max } => format!("{n} of {max} were in {zone}"),
        Fact::InsideSince {
            at,
            overlooked_from,
        } => format!(
            "inside since {}, which counts until {}",
            time(*at),
            time(*overlooked_from)
        ),
        Fact::Uses { n, max } => format!("used {n} times, {max} allowed"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{
        DenyReason, PassageId, ReferReason, RulePath, SightingId, Timestamp, Verdict, ZoneId,
    };

    #[test]
    fn outcomes_are_said_in_words() {
        let refer = Outcome::Refer(ReferReason::OutsideSchedule);
        assert_eq!(outcome_words(refer), "refer to the guard: outside schedule");
        assert_eq!(
            outcome_words(Outcome::Deny(DenyReason::Barred)),
            "deny: barred"
        );
        assert_eq!(outcome_words(Outcome::Grant), "grant");
    }

    #[test]
    fn a_refusal_names_every_obstacle_with_its_numbers() {
        let refer = Outcome::Refer(ReferReason::OverCapacity);
        let verdict = Verdict {
            id: VerdictId(1),
            passage: PassageId(2),
            sighting: SightingId(3),
            gate: "gate-1".parse().unwrap(),
            outcome: refer,
            given_at: Timestamp::from_millis(1_795_246_370_000),
            captured_at: Timestamp::from_millis(1_795_246_369_900),
            policy_version: 1,
            registry_as_of: Timestamp::EPOCH,
            rule_path: RulePath(vec![Rule::PlateRead, Rule::RoomLeft]),
            assurance: Some(domain::Assurance::Plate),
            by: None,
        };
        let inside = Fact::Inside {
            zone: "yard".parse::<ZoneId>().unwrap(),
            n: 3,
            max: 3,
        };
        let found = Explained {
            explanation: Some(Explanation {
                outcome: refer,
                rule_path: verdict.rule_path.clone(),
                obstacles: vec![Obstacle {
                    rule: Rule::RoomLeft,
                    outcome: refer,
                    facts: vec![inside],
                }],
            }),
            verdict,
        };
        let told = text(&found, "Asia/Ho_Chi_Minh");
        assert!(told.contains("plate-read ✓, room-left ✗"), "{told}");
        assert!(told.contains("2026-11-21 14:32:50 +07:00"), "{told}");
        assert!(
            told.contains("  room-left              3 of 3 were in yard\n"),
            "{told}"
        );
        let by_hand = Explained {
            explanation: None,
            ..found
        };
        assert!(text(&by_hand, "UTC").contains("A person or the guard's silence"));
    }
}
