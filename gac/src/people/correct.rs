//! `gac people not-this`: somebody else was taken for a person, and must not be again.

use super::{gallery_as_it_is, line, nobody, person_of, said};
use crate::{serve::database_url, site::LoadedSite};
use anyhow::{Context as _, Result, bail};
use domain::{PassageId, PersonId};
use pipeline::gallery::Correction;
use service::clock;
use std::{path::PathBuf, process::ExitCode};
use violation_api::store::Store;

/// What was wrong.
#[derive(clap::Args)]
pub(super) struct CorrectArguments {
    /// The site file
    site: PathBuf,
    /// For whom somebody else was taken
    person: String,
    /// The passage at which that happened, as the console shows it
    #[arg(long, required_unless_present = "similarity")]
    passage: Option<String>,
    /// How similar the wrong face was, where no passage is known
    #[arg(long, conflicts_with = "passage")]
    similarity: Option<f32>,
    /// Who says so
    #[arg(long)]
    recorded_by: String,
}

/// Keeps how similar the wrong face was, and nothing else of it.
pub(super) fn correct(arguments: &CorrectArguments) -> Result<ExitCode> {
    let recorded_by = said("--recorded-by", &arguments.recorded_by)?;
    let person = person_of(&arguments.person)?;
    let site = LoadedSite::load(&arguments.site)?;
    let similarity = match (&arguments.passage, arguments.similarity) {
        (Some(passage), _) => similarity_at(&site, passage, person)?,
        (None, Some(similarity)) => similarity,
        (None, None) => bail!("write --passage or --similarity"),
    };
    if !(0.0..=1.0).contains(&similarity) {
        bail!("a similarity is a number from 0 to 1, not {similarity}");
    }
    let gallery = gallery_as_it_is(&site)?;
    let correction = Correction {
        at: clock::now(),
        similarity,
        recorded_by,
    };
    let Some(summary) = gallery.correct(person, correction)? else {
        return Err(nobody(person, &arguments.site));
    };
    println!("{}", line(&summary));
    println!("of the other one nothing is kept but the similarity {similarity:.3}");
    if summary.must_enrol_again() {
        println!(
            "what keeps the other one out keeps {person} out, too: enrol again, with --person \
             {person} and better pictures"
        );
    }
    Ok(ExitCode::SUCCESS)
}

/// How similar the face of a passage was to this person.
fn similarity_at(site: &LoadedSite, passage: &str, person: PersonId) -> Result<f32> {
    let id: PassageId = passage
        .parse()
        .map_err(|wrong| anyhow::anyhow!("{passage:?} is no passage: {wrong}"))?;
    let url = database_url(site, &site.site.storage)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let found = runtime.block_on(async { Store::open(&url).await?.passage(id).await })?;
    let detail = found.with_context(|| format!("there is no passage {id}"))?;
    let candidates = detail.row.face.map(|vote| vote.candidates);
    candidates
        .unwrap_or_default()
        .iter()
        .find(|found| found.person == person)
        .map(|found| found.similarity)
        .with_context(|| format!("{person} was not among those whom the face of {id} resembled"))
}
