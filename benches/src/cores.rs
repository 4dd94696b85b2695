//! One core for what is timed, so that the scheduler does not move it about.

use std::{collections::BTreeMap, fs, process::Command};

/// How long each core has worked since the machine started, in ticks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Work(BTreeMap<usize, u64>);

impl Work {
    /// Until now.
    pub fn so_far() -> Self {
        Self::parse(&fs::read_to_string("/proc/stat").unwrap_or_default())
    }

    /// Of `/proc/stat`: the fourth and fifth number of a core are ticks in which it did nothing.
    fn parse(text: &str) -> Self {
        let core = |line: &str| {
            let mut cells = line.strip_prefix("cpu")?.split_whitespace();
            let number: usize = cells.next()?.parse().ok()?;
            let ticks: Vec<u64> = cells.filter_map(|cell| cell.parse().ok()).collect();
            let idle: u64 = ticks.iter().skip(3).take(2).sum();
            Some((number, ticks.iter().take(8).sum::<u64>() - idle))
        };
        Self(
            text.lines()
                .filter(|l| !l.starts_with("cpu "))
                .filter_map(core)
                .collect(),
        )
    }

    /// The core, of those that may be used, that has worked least since `before`.
    fn idlest_since(&self, before: &Self, allowed: &[usize]) -> Option<usize> {
        let worked = |core: &usize| {
            let then = before.0.get(core).copied().unwrap_or_default();
            self.0
                .get(core)
                .map_or(u64::MAX, |now| now - then.min(*now))
        };
        allowed.iter().copied().min_by_key(worked)
    }
}

/// `0-3,8` as numbers.
fn listed(text: &str) -> Vec<usize> {
    let part = |part: &str| {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        let (from, to) = (from.trim().parse::<usize>(), to.trim().parse::<usize>());
        from.ok().zip(to.ok()).map(|(from, to)| from..=to)
    };
    text.split(',').filter_map(part).flatten().collect()
}

/// Binds this program, and what it starts from now on, to the core that has worked least since
/// `before`: to be called from the main thread, before there are others. Its number, or why not.
pub fn pin(before: &Work) -> Result<usize, String> {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let allowed = status
        .lines()
        .find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
    let allowed = listed(allowed.unwrap_or_default());
    let core = Work::so_far().idlest_since(before, &allowed);
    let core = core.ok_or("the system does not say which cores may be used")?;
    let (core_text, pid) = (core.to_string(), std::process::id().to_string());
    let output = Command::new("taskset")
        .args(["-cp", &core_text, &pid])
        .output()
        .map_err(|error| format!("taskset (package util-linux) does not start: {error}"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(format!("taskset: {}", said.trim()));
    }
    Ok(core)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BEFORE: &str =
        "cpu  9 9 9 9\ncpu0 10 0 0 5 5 0 0 0 0 0\ncpu1 10 0 0 5 5 0 0 0 0 0\nintr 5\n";
    const AFTER: &str =
        "cpu  9 9 9 9\ncpu0 90 0 0 5 5 0 0 0 0 0\ncpu1 11 0 1 80 5 0 0 0 0 0\nintr 5\n";

    #[test]
    fn the_core_that_has_worked_least_is_taken() {
        let [before, after] = [BEFORE, AFTER].map(Work::parse);
        assert_eq!(before.0, BTreeMap::from([(0, 10), (1, 10)]));
        assert_eq!(after.idlest_since(&before, &[0, 1]), Some(1));
        assert_eq!(after.idlest_since(&before, &[0]), Some(0));
        assert_eq!(after.idlest_since(&before, &[]), None);
    }

    #[test]
    fn lists_of_cores() {
        assert_eq!(listed("\t0-2,5\n"), [0, 1, 2, 5]);
        assert_eq!(listed(""), Vec::<usize>::new());
    }

    #[test]
    fn a_process_is_bound_to_one_core() {
        match pin(&Work::so_far()) {
            Ok(core) => {
                let output = Command::new("taskset")
                    .args(["-cp", &std::process::id().to_string()])
                    .output()
                    .unwrap();
                let said = String::from_utf8_lossy(&output.stdout).into_owned();
                assert!(said.trim().ends_with(&format!(": {core}")), "{said}");
            }
            Err(reason) => println!("skipped: {reason}"),
        }
    }
}
