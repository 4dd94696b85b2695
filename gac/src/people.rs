//! `gac people`: who is enrolled at a site, and how somebody comes in and goes out again.
//!
//! It works while `gac run` is on: both write the gallery under a lock, and the running program
//! looks every second whether the file is another one.

mod correct;
pub(crate) mod enrol;
mod pictures;
mod withdraw;

use crate::site::LoadedSite;
use anyhow::{Context as _, Result, bail};
use clap::{Args, Subcommand};
use domain::PersonId;
use models::{Catalog, Store, Task};
use pipeline::gallery::{Gallery, GalleryError, Seal, Summary};
use service::{sealed::SealingKey, shutdown::Shutdown};
use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

/// What to do with the people of a site.
#[derive(Args)]
pub struct PeopleArguments {
    #[command(subcommand)]
    command: PeopleCommand,
}

#[derive(Subcommand)]
enum PeopleCommand {
    /// Enrol a person from 3 to 5 pictures, with a record of consent
    Enrol(enrol::EnrolArguments),
    /// Who is enrolled
    List(PeopleSite),
    /// Erase a person's templates and consent record, and prove it
    Withdraw(withdraw::WithdrawArguments),
    /// Record that somebody else was taken for this person
    NotThis(correct::CorrectArguments),
}

/// Which site.
#[derive(Args)]
struct PeopleSite {
    /// The site file
    site: PathBuf,
}

/// Runs the sub-command.
pub fn people(arguments: &PeopleArguments) -> Result<ExitCode> {
    match &arguments.command {
        PeopleCommand::Enrol(arguments) => enrol::enrol(arguments),
        PeopleCommand::List(arguments) => list(&arguments.site),
        PeopleCommand::Withdraw(arguments) => withdraw::withdraw(arguments),
        PeopleCommand::NotThis(arguments) => correct::correct(arguments),
    }
}

/// The site's key around a sealed file.
pub(crate) struct SiteSeal(SealingKey);

impl SiteSeal {
    pub(crate) fn new(key: SealingKey) -> Self {
        Self(key)
    }
}

impl Seal for SiteSeal {
    fn seal(&self, context: &[u8], plain: &[u8]) -> Vec<u8> {
        self.0.seal(context, plain)
    }

    fn open(&self, context: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        self.0.open(context, sealed).ok()
    }
}

/// The gallery of a site, with templates of this model.
pub(crate) fn gallery(site: &LoadedSite, model: &str) -> Result<Gallery> {
    let key = SealingKey::load_or_create(&site.state("keys/gallery.key"))?;
    let path = site.state("people/gallery.sealed");
    Ok(Gallery::open(&path, model, Box::new(SiteSeal(key)))?)
}

/// The gallery of a site, whatever its model is.
fn gallery_as_it_is(site: &LoadedSite) -> Result<Gallery> {
    let key = SealingKey::load_or_create(&site.state("keys/gallery.key"))?;
    let path = site.state("people/gallery.sealed");
    Ok(Gallery::open_as_it_is(&path, Box::new(SiteSeal(key)))?)
}

/// The model of templates that this site uses.
pub(crate) fn model_in_use(site: &LoadedSite) -> Result<String> {
    let store = Store::new(&site.model_store(), Catalog::built_in());
    let Some(candidate) = store.installed(Task::FaceEmbed) else {
        bail!(
            "there is no model for {} in {}; run `gac models pull`",
            Task::FaceEmbed.name(),
            store.dir().display()
        );
    };
    Ok(candidate.models.join("+"))
}

/// Looks again and again whether the gallery's file is another one, until the end.
///
/// What cannot be read leaves the people in force who were there before, and is told once.
pub(crate) async fn follow(gallery: Arc<Gallery>, shutdown: Shutdown) -> Result<()> {
    let read = move || {
        let is_read = gallery.refresh()?;
        if is_read {
            tracing::info!(n_people = gallery.n_people(), "the gallery was read again");
        }
        Ok::<_, GalleryError>(is_read)
    };
    let kept = "the people who were enrolled before stay in force";
    crate::follow::follow(read, kept, shutdown).await
}

fn list(path: &Path) -> Result<ExitCode> {
    let gallery = gallery_as_it_is(&LoadedSite::load(path)?)?;
    let everybody = gallery.everybody();
    for one in &everybody {
        println!("{}", line(one));
    }
    println!(
        "{} people, {} templates",
        everybody.len(),
        gallery.n_templates()
    );
    Ok(ExitCode::SUCCESS)
}

fn line(one: &Summary) -> String {
    let consent = &one.consent;
    let mut line = format!(
        "{}  {}  {} templates; agreed to {} on {}, recorded by {}",
        one.person,
        one.name,
        one.n_templates,
        consent.notice,
        consent.given_at,
        consent.recorded_by
    );
    if let Some(floor) = one.similarity_floor {
        line += &format!(
            "; {} corrections, matched from {floor:.2}",
            one.n_corrections
        );
    }
    if one.must_enrol_again() {
        line += "; must enrol again";
    }
    line
}

/// The id of a person as somebody wrote it.
pub(crate) fn person_of(text: &str) -> Result<PersonId> {
    let person = text.parse();
    person.map_err(|wrong| anyhow::anyhow!("{text:?} is no person: {wrong}"))
}

/// Says where a person who is not enrolled may be looked up.
fn nobody(person: PersonId, path: &Path) -> anyhow::Error {
    anyhow::anyhow!(
        "{person} is not enrolled; `gac people list {}` says who is",
        path.display()
    )
}

/// A text that must not be empty.
pub(crate) fn said(what: &str, text: &str) -> Result<String> {
    let text = text.trim();
    if text.is_empty() {
        return Err(anyhow::anyhow!("{what} is empty")).context("a record of consent needs it");
    }
    Ok(text.to_owned())
}
