//! `gac watch-list`: people whom a site looks for, and what became of its alerts. Off unless the
//! site file switches it on.
//!
//! There are no accounts yet: who may see the list is who may read its key file, and `--by` says
//! who that is. Everything that is read is written down.

use crate::{
    follow::follow,
    people::{SiteSeal, enrol::judge_all, enrol::tell, person_of, said},
    run::new_person,
    site::LoadedSite,
};
use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use domain::Embedding;
use models::Task;
use pipeline::watch_list::{Alert, AlertState, Answer, Entry, WatchList};
use service::{clock, sealed::SealingKey, shutdown::Shutdown};
use std::{path::PathBuf, process::ExitCode, sync::Arc, time::Duration};
use tokio::task::JoinSet;

/// What to do with the watch-list.
#[derive(Args)]
pub struct WatchListArguments {
    #[command(subcommand)]
    command: WatchListCommand,
}

#[derive(Subcommand)]
enum WatchListCommand {
    /// Put somebody on the list; a second person must confirm it
    Add(AddArguments),
    /// The second person's word on an entry
    Confirm(EntryArguments),
    /// Take somebody off the list
    Remove(EntryArguments),
    /// Who is on the list
    List(Reader),
    /// Whom the cameras saw, and who has read that
    Alerts(Reader),
    /// Say whether an alert is right; two people must confirm it, one can dismiss it
    Answer(AnswerArguments),
}

#[derive(Args)]
struct Reader {
    /// The site file
    site: PathBuf,
    /// Who you are; it is written down
    #[arg(long)]
    by: String,
}

#[derive(Args)]
struct AddArguments {
    #[command(flatten)]
    reader: Reader,
    /// Shown to those who may see alerts
    #[arg(long)]
    name: String,
    /// Why, and on whose order
    #[arg(long)]
    reason: String,
    /// After so many days the entry ends, 90 at most
    #[arg(long, default_value_t = 30)]
    days: u32,
    /// 1 to 5 pictures (JPEG or PNG); they are not kept
    #[arg(required = true, num_args = 1..=5)]
    pictures: Vec<PathBuf>,
}

#[derive(Args)]
struct EntryArguments {
    #[command(flatten)]
    reader: Reader,
    /// The entry's id
    entry: String,
}

#[derive(Args)]
struct AnswerArguments {
    #[command(flatten)]
    reader: Reader,
    /// The alert's number
    alert: usize,
    /// It is the person
    #[arg(long, required_unless_present = "dismiss", conflicts_with = "dismiss")]
    confirm: bool,
    /// It is somebody else
    #[arg(long)]
    dismiss: bool,
}

/// Runs the sub-command.
pub fn watch_list(arguments: &WatchListArguments) -> Result<ExitCode> {
    match &arguments.command {
        WatchListCommand::Add(arguments) => add(arguments),
        WatchListCommand::Confirm(arguments) => {
            let (list, by) = opened(&arguments.reader)?;
            list.confirm(person_of(&arguments.entry)?, &by)?;
            println!("{} is looked for from now on", arguments.entry);
            Ok(ExitCode::SUCCESS)
        }
        WatchListCommand::Remove(arguments) => {
            let (list, _by) = opened(&arguments.reader)?;
            list.remove(person_of(&arguments.entry)?, clock::now())?;
            println!(
                "{} is off the list, with all that was kept",
                arguments.entry
            );
            Ok(ExitCode::SUCCESS)
        }
        WatchListCommand::List(reader) => tell_list(reader),
        WatchListCommand::Alerts(reader) => tell_alerts(reader),
        WatchListCommand::Answer(arguments) => answer(arguments),
    }
}

/// The watch-list of a running site, when it is on; it is read again every second.
pub(crate) fn start(
    site: &LoadedSite,
    models: &[(Task, Vec<String>)],
    tasks: &mut JoinSet<Result<()>>,
    shutdown: &Shutdown,
) -> Result<Option<Arc<WatchList>>> {
    let model = models.iter().find(|(task, _)| *task == Task::FaceEmbed);
    let Some((_, ids)) = model.filter(|_| site.site.watch_list.enabled) else {
        return Ok(None);
    };
    let list = Arc::new(open(site, &ids.join("+"))?);
    let followed = list.clone();
    let read = move || followed.refresh().map(|()| true);
    let kept = "the old watch-list stays in force";
    tasks.spawn(follow(read, kept, shutdown.clone()));
    Ok(Some(list))
}

fn open(site: &LoadedSite, model: &str) -> Result<WatchList> {
    let key = SealingKey::load_or_create(&site.state("keys/watch-list.key"))?;
    let folder = site.state("watch-list");
    Ok(WatchList::open(
        &folder,
        model,
        Box::new(SiteSeal::new(key)),
    )?)
}

/// The list, and who asks for it.
fn opened(reader: &Reader) -> Result<(WatchList, String)> {
    let site = LoadedSite::load(&reader.site)?;
    let list = opened_of(&site)?;
    Ok((list, said("--by", &reader.by)?))
}

fn opened_of(site: &LoadedSite) -> Result<WatchList> {
    if !site.site.watch_list.enabled {
        bail!(
            "this site has no watch-list; where an authority orders one, write enabled = true under \
             [watch_list]"
        );
    }
    open(site, &crate::people::model_in_use(site)?)
}

fn add(arguments: &AddArguments) -> Result<ExitCode> {
    let site = LoadedSite::load(&arguments.reader.site)?;
    let list = opened_of(&site)?;
    let added_by = said("--by", &arguments.reader.by)?;
    let (name, reason) = (
        said("--name", &arguments.name)?,
        said("--reason", &arguments.reason)?,
    );
    let (judged, _similarity_min) = judge_all(&site, &arguments.pictures)?;
    if judged.iter().filter(|one| !tell(one)).count() != 0 {
        println!("nobody was put on the list");
        return Ok(ExitCode::FAILURE);
    }
    let templates: Vec<Embedding> = judged.into_iter().filter_map(|one| one.template).collect();
    let (id, added_at) = (new_person(), clock::now());
    let entry = Entry {
        name,
        reason,
        added_by,
        added_at,
        until: added_at.saturating_add(Duration::from_secs(u64::from(arguments.days) * 24 * 3600)),
        confirmed_by: None,
        templates,
    };
    list.add(id, entry)?;
    println!("{id} waits for a second person: gac watch-list confirm SITE {id} --by …");
    Ok(ExitCode::SUCCESS)
}

fn tell_list(reader: &Reader) -> Result<ExitCode> {
    let (list, by) = opened(reader)?;
    for (id, entry) in list.read_list(&by, clock::now())? {
        let confirmed = match &entry.confirmed_by {
            Some(second) => format!("confirmed by {second}"),
            None => "not confirmed, not looked for".to_owned(),
        };
        println!(
            "{id}  {}  {}; added by {}, {confirmed}, until {}",
            entry.name, entry.reason, entry.added_by, entry.until
        );
    }
    Ok(ExitCode::SUCCESS)
}

fn tell_alerts(reader: &Reader) -> Result<ExitCode> {
    let (list, by) = opened(reader)?;
    for alert in list.read_alerts(&by, clock::now())? {
        println!("{}", line(&alert));
    }
    for (what, who, at) in list.readers() {
        println!("{at}  {who} has read the {what}");
    }
    Ok(ExitCode::SUCCESS)
}

fn line(alert: &Alert) -> String {
    let answers: Vec<String> = alert
        .answers
        .iter()
        .map(|(who, answer)| match answer {
            Answer::Confirm => format!("{who}: yes"),
            Answer::Dismiss => format!("{who}: no"),
        })
        .collect();
    format!(
        "{}  {}  {}  {}  {:.2}  {}  {}",
        alert.number,
        alert.at,
        alert.camera,
        alert.entry,
        alert.similarity,
        state_text(alert.state()),
        answers.join(", ")
    )
}

fn state_text(state: AlertState) -> &'static str {
    match state {
        AlertState::Raised => "not answered",
        AlertState::ConfirmedOnce => "a second person must confirm it",
        AlertState::Confirmed => "confirmed by two people",
        AlertState::Dismissed => "dismissed",
    }
}

fn answer(arguments: &AnswerArguments) -> Result<ExitCode> {
    let (list, by) = opened(&arguments.reader)?;
    let said = if arguments.confirm {
        Answer::Confirm
    } else {
        Answer::Dismiss
    };
    let state = list.answer(arguments.alert, (&by, said), clock::now())?;
    println!("alert {}: {}", arguments.alert, state_text(state));
    Ok(ExitCode::SUCCESS)
}
