//! `gac models`: what there is, what is here, and getting the rest.

use crate::site::provided;
use anyhow::Result;
use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use models::{
    Catalog, Store, Task,
    catalog::{Check, PullEvent, PullOptions, PullOutcome, pull, pull_models},
};
use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

/// Which models, and where.
#[derive(Args)]
pub struct ModelsArguments {
    /// Folder of the model files
    #[arg(long, global = true)]
    store: Option<PathBuf>,
    #[command(subcommand)]
    command: ModelsCommand,
}

#[derive(Subcommand)]
enum ModelsCommand {
    /// Every model of the catalogue, and whether it is here
    List,
    /// Get, for each task, the best models that can be had
    Pull(PullArguments),
    /// Hash every file again and name the wrong ones
    Verify,
}

#[derive(Args)]
struct PullArguments {
    /// A folder with the upstream files, for a machine without a network
    #[arg(long)]
    mirror: Option<PathBuf>,
    /// Ask no server and no package registry
    #[arg(long)]
    offline: bool,
    /// Only these tasks, for example `plate-read`
    #[arg(long = "task")]
    tasks: Vec<String>,
    /// Also the models that are not the first choice, to compare with
    #[arg(long)]
    all: bool,
}

/// Runs the sub-command.
pub fn models(arguments: &ModelsArguments) -> Result<ExitCode> {
    let store_dir = arguments
        .store
        .clone()
        .unwrap_or_else(|| provided("models"));
    let store = Store::new(&store_dir, Catalog::built_in());
    match &arguments.command {
        ModelsCommand::List => Ok(list(&store)),
        ModelsCommand::Verify => Ok(verify(&store)),
        ModelsCommand::Pull(pull) => {
            let tasks = chosen_tasks(&pull.tasks)?;
            let options = pull_options(&store_dir, pull.mirror.as_deref(), !pull.offline);
            let outcomes = pull_with_progress(&options, &tasks);
            let code = tell(&outcomes);
            if pull.all {
                pull_others(&options, &tasks);
            }
            Ok(code)
        }
    }
}

fn chosen_tasks(names: &[String]) -> Result<Vec<Task>> {
    if names.is_empty() {
        return Ok(Task::ALL.to_vec());
    }
    let known: Vec<&str> = Task::ALL.iter().map(|task| task.name()).collect();
    let task = |name: &String| {
        Task::from_name(name).ok_or_else(|| {
            anyhow::anyhow!(
                "there is no task {name:?}; write one of: {}",
                known.join(", ")
            )
        })
    };
    names.iter().map(task).collect()
}

/// What a pull may use.
pub fn pull_options(store_dir: &Path, mirror: Option<&Path>, network: bool) -> PullOptions {
    PullOptions {
        store_dir: store_dir.to_owned(),
        mirror: mirror.map(Path::to_owned),
        repository: std::env::current_dir().ok(),
        python_path: Some(provided("python")),
        allow_network: network,
    }
}

/// Pulls, and shows how far it is.
pub fn pull_with_progress(options: &PullOptions, tasks: &[Task]) -> Vec<PullOutcome> {
    let bar = bar();
    let outcomes = pull(&Catalog::built_in(), options, tasks, &mut |event| {
        show(&bar, &event);
    });
    bar.finish_and_clear();
    outcomes
}

/// Gets every model of these tasks that can be had and is not here yet; what cannot be had is no
/// failure, since something better is.
fn pull_others(options: &PullOptions, tasks: &[Task]) {
    let catalog = Catalog::built_in();
    let store = Store::new(&options.store_dir, catalog.clone());
    let models = catalog.models.iter();
    let wanted = models.filter(|m| tasks.contains(&m.task) && store.check(m) != Check::Good);
    let ids: Vec<&str> = wanted.map(|model| model.id.as_str()).collect();
    let bar = bar();
    let outcomes = pull_models(&catalog, options, &ids, &mut |event| show(&bar, &event));
    bar.finish_and_clear();
    for (id, outcome) in outcomes {
        match outcome {
            Ok(()) => println!("{:<15} {id}", "besides"),
            Err(reasons) => println!("{:<15}   not {id}: {}", "", reasons.join("; ")),
        }
    }
}

fn bar() -> ProgressBar {
    let bar = ProgressBar::new(0);
    let style = ProgressStyle::with_template("models  {bar:28} {bytes}/{total_bytes}  {msg}");
    bar.set_style(style.unwrap_or_else(|_template| ProgressStyle::default_bar()));
    bar
}

fn show(bar: &ProgressBar, event: &PullEvent<'_>) {
    match event {
        PullEvent::Trying { model, source } => bar.set_message(format!("{model} from {source}")),
        PullEvent::Received {
            n_bytes,
            n_bytes_total,
            ..
        } => {
            bar.set_length(*n_bytes_total);
            bar.set_position(*n_bytes);
        }
        PullEvent::Failed { .. } | PullEvent::Installed { .. } => (),
    }
}

fn tell(outcomes: &[PullOutcome]) -> ExitCode {
    let mut code = ExitCode::SUCCESS;
    for outcome in outcomes {
        match &outcome.chosen {
            Some(models) => println!("{:<15} {}", outcome.task.name(), models.join(" + ")),
            None => {
                println!("{:<15} none can be had", outcome.task.name());
                code = ExitCode::FAILURE;
            }
        }
        for (model, reason) in &outcome.tried {
            println!("{:<15}   not {model}: {reason}", "");
        }
    }
    code
}

fn list(store: &Store) -> ExitCode {
    println!(
        "{:<15} {:<9} {:<10} {:<36} accuracy as measured",
        "task", "here", "licence", "model"
    );
    for task in Task::ALL {
        let in_use = store.installed(task).map(|candidate| candidate.label());
        for candidate in store.catalog().candidates(task) {
            for model in store.catalog().models_of(candidate) {
                let here = match store.check(model) {
                    Check::Good if in_use.as_deref() == Some(&candidate.label()) => "in use",
                    Check::Good => "yes",
                    Check::Absent => "–",
                    Check::Wrong(_) => "WRONG",
                };
                println!(
                    "{:<15} {:<9} {:<10} {:<36} {}",
                    task.name(),
                    here,
                    model.licence.split_whitespace().next().unwrap_or("?"),
                    model.id,
                    model.accuracy
                );
            }
        }
    }
    ExitCode::SUCCESS
}

fn verify(store: &Store) -> ExitCode {
    let mut code = ExitCode::SUCCESS;
    for outcome in store.verify() {
        match outcome.check {
            Check::Good => println!("good     {}", outcome.model),
            Check::Absent => (),
            Check::Wrong(why) => {
                println!(
                    "WRONG    {}: {why}; remove the file and pull again",
                    outcome.model
                );
                code = ExitCode::FAILURE;
            }
        }
    }
    code
}
