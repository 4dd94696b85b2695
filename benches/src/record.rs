//! Results of record: the tables with what they were measured on, as a file for the repository.

use std::{env, fmt::Write as _, fs, path::Path, process::Command};

/// On what, and of what, the figures are.
#[derive(Clone, Debug, Default)]
pub struct Machine {
    /// The processor.
    pub processor: String,
    /// Its cores.
    pub n_cores: usize,
    /// The core that one thread was measured on, or why it was none; empty where all took part.
    pub pinned: String,
    /// Processes that wanted to run before and after, on average over a minute.
    pub load: [String; 2],
    /// The commit, with `-dirty` where files differed from it.
    pub commit: String,
    /// The day.
    pub date: String,
}

/// A table with its heading.
pub struct Section {
    /// The heading.
    pub title: String,
    /// Text above the table.
    pub text: String,
    /// The first row has the headings.
    pub rows: Vec<Vec<String>>,
}

impl Machine {
    /// This machine, and the commit that is checked out in `root`. `DATE` names another day than
    /// the commit's.
    pub fn of(root: &Path) -> Self {
        let git = |arguments: &[&str]| {
            let output = Command::new("git")
                .arg("-C")
                .arg(root)
                .args(arguments)
                .output();
            let output = output.ok().filter(|output| output.status.success());
            output.map_or("unknown".to_owned(), |output| {
                String::from_utf8_lossy(&output.stdout).trim().to_owned()
            })
        };
        let date = env::var_os("DATE").filter(|date| !date.is_empty());
        let date = date.map(|date| date.to_string_lossy().into_owned());
        let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        Self {
            processor: processor(&cpuinfo),
            n_cores: std::thread::available_parallelism().map_or(1, usize::from),
            load: [load(), String::new()],
            commit: git(&["describe", "--always", "--dirty", "--exclude=*"]),
            date: date.unwrap_or_else(|| git(&["log", "-1", "--format=%cs"])),
            ..Self::default()
        }
    }
}

/// Processes that want to run, on average over a minute.
pub fn load() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().unwrap_or_default().to_owned()
}

/// The name of the processor in `/proc/cpuinfo`.
pub fn processor(cpuinfo: &str) -> String {
    let field = |line: &str| {
        let (name, value) = line.split_once(':')?;
        (name.trim() == "model name").then(|| value.trim().to_owned())
    };
    cpuinfo
        .lines()
        .find_map(field)
        .unwrap_or("unknown".to_owned())
}

/// The file of a benchmark, with its title.
pub fn record((title, bench): (&str, &str), machine: &Machine, sections: &[Section]) -> String {
    let pinned = match &*machine.pinned {
        "" => String::new(),
        pinned => format!("; one thread, {pinned}"),
    };
    let mut text = format!(
        "# {title}\n\nWritten by `make bench-{bench} RECORD=1`; what the columns mean says \
         [`{bench}.rs`](../benches/{bench}.rs).\n\n| | |\n|---|---|\n| commit | {} |\n\
         | date | {} |\n\
         | machine | {}, {} cores{} |\n| load before and after | {} and {} |\n",
        cell(&machine.commit),
        cell(&machine.date),
        cell(&machine.processor),
        machine.n_cores,
        cell(&pinned),
        cell(&machine.load[0]),
        cell(&machine.load[1]),
    );
    for section in sections {
        let Some((headings, rows)) = section.rows.split_first() else {
            continue;
        };
        text += &format!("\n## {}\n\n", section.title);
        if !section.text.is_empty() {
            text += &format!("{}\n\n", section.text);
        }
        line(&mut text, headings);
        text += "|---|---";
        text += &"|---:".repeat(headings.len().saturating_sub(2));
        text += "|\n";
        for row in rows {
            line(&mut text, row);
        }
    }
    text
}

fn line(text: &mut String, cells: &[String]) {
    for one in cells {
        write!(text, "| {} ", cell(one)).expect("a string takes all that is written");
    }
    text.push_str("|\n");
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_record_names_the_machine_and_holds_every_row() {
        let machine = Machine {
            processor: processor("processor\t: 0\nmodel name\t: Some CPU @ 2 GHz\n"),
            n_cores: 2,
            ..Machine::default()
        };
        let row = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
        let sections = [
            Section {
                title: "Pictures".to_owned(),
                text: "As they are.".to_owned(),
                rows: vec![row(["set", "chain", "exact"]), row(["a|b", "ours", "0.5"])],
            },
            Section {
                title: "None".to_owned(),
                text: String::new(),
                rows: Vec::new(),
            },
        ];
        let text = record(("Plates", "plates"), &machine, &sections);
        for part in [
            "# Plates\n\nWritten by `make bench-plates RECORD=1`",
            "| machine | Some CPU @ 2 GHz, 2 cores |",
            "## Pictures\n\nAs they are.\n\n| set | chain | exact |\n|---|---|---:|\n\
             | a\\|b | ours | 0.5 |\n",
        ] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
        assert!(!text.contains("## None"));
        assert_eq!(processor(""), "unknown");
    }
}
