//! `gac people enrol`: 3 to 5 pictures, each good enough, all of one person, and her consent.

use super::{
    gallery, line, model_in_use, person_of,
    pictures::{Judged, compare, judge},
    said,
};
use crate::{detector, run::new_person, site::LoadedSite};
use anyhow::{Context as _, Result, bail};
use domain::Embedding;
use models::Task;
use pipeline::gallery::{Consent, Enrolled, Gallery};
use service::clock;
use std::{path::PathBuf, process::ExitCode};

/// How many pictures an enrolment takes.
const PICTURES: std::ops::RangeInclusive<usize> = 3..=5;

/// Who is enrolled, and what from.
#[derive(clap::Args)]
pub(super) struct EnrolArguments {
    /// The site file
    site: PathBuf,
    /// What the person is called on the guard's screen
    #[arg(long)]
    name: String,
    /// Which text the person has agreed to, for example `staff-door-2026-01`
    #[arg(long)]
    notice: String,
    /// Who records the consent
    #[arg(long)]
    recorded_by: String,
    /// The person's id, to take new pictures of somebody who is enrolled; a new one without it
    #[arg(long)]
    person: Option<String>,
    /// Enrol although somebody who is enrolled looks alike, such as a twin
    #[arg(long)]
    looks_alike: bool,
    /// 3 to 5 pictures (JPEG or PNG); they are not kept
    #[arg(required = true)]
    pictures: Vec<PathBuf>,
}

/// Exit code 1 when a picture was refused.
pub(super) fn enrol(arguments: &EnrolArguments) -> Result<ExitCode> {
    let consent = Consent {
        given_at: clock::now(),
        notice: said("--notice", &arguments.notice)?,
        recorded_by: said("--recorded-by", &arguments.recorded_by)?,
    };
    let name = said("--name", &arguments.name)?;
    let person = match &arguments.person {
        Some(text) => person_of(text)?,
        None => new_person(),
    };
    if !PICTURES.contains(&arguments.pictures.len()) {
        bail!(
            "an enrolment takes {} to {} pictures, not {}",
            PICTURES.start(),
            PICTURES.end(),
            arguments.pictures.len()
        );
    }
    let site = LoadedSite::load(&arguments.site)?;
    let (judged, similarity_min) = judge_all(&site, &arguments.pictures)?;
    let n_refused = judged.iter().filter(|one| !tell(one)).count();
    if 0 < n_refused {
        println!(
            "nobody was enrolled: {n_refused} of {} pictures refused; take these again",
            judged.len()
        );
        return Ok(ExitCode::FAILURE);
    }
    let templates: Vec<Embedding> = judged.into_iter().filter_map(|one| one.template).collect();
    let gallery = gallery(&site, &model_in_use(&site)?)?;
    if let Some(other) = look_alike(&gallery, &templates, similarity_min, person)
        && !arguments.looks_alike
    {
        bail!(
            "nobody was enrolled: {other} is enrolled and looks alike; if that is the same person, \
             add --person {other}, and if it is another one, add --looks-alike"
        );
    }
    let enrolled = Enrolled {
        name,
        consent,
        templates,
    };
    gallery.enrol(person, enrolled)?;
    let summary = gallery.summary(person).context("was enrolled just now")?;
    println!("enrolled {}", line(&summary));
    println!("the pictures are not kept; a running program knows the person within a second");
    if !site
        .site
        .list(domain::Timestamp::EPOCH)
        .registrations
        .iter()
        .any(|entry| entry.person == Some(person))
    {
        println!("to let the person in, add to {}:", arguments.site.display());
        println!("\n[[registration]]\nperson = \"{person}\"");
    }
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn judge_all(site: &LoadedSite, pictures: &[PathBuf]) -> Result<(Vec<Judged>, f32)> {
    let tasks = [Task::FaceDetect, Task::FaceEmbed, Task::FaceLiveness];
    let mut analyzer = detector::analyzers(site, &tasks)?.analyzer()?;
    let similarity_min = analyzer.similarity_min().unwrap_or(1.0);
    let mut judged = Vec::new();
    for path in pictures {
        judged.push(judge(&mut analyzer, path)?);
    }
    compare(&mut judged, similarity_min);
    Ok((judged, similarity_min))
}

/// Says what is wrong with a picture; true when nothing is.
pub(crate) fn tell(judged: &Judged) -> bool {
    let path = judged.path.display();
    if judged.refusals.is_empty() {
        println!("{path}: đạt – good");
    }
    for refusal in &judged.refusals {
        println!("{path}: {} – {}", refusal.vi(), refusal.en());
    }
    judged.refusals.is_empty()
}

/// Somebody else who would be taken for this person.
fn look_alike(
    gallery: &Gallery,
    templates: &[Embedding],
    similarity_min: f32,
    person: domain::PersonId,
) -> Option<domain::PersonId> {
    let found = templates
        .iter()
        .flat_map(|template| gallery.nearest(template, similarity_min))
        .find(|found| found.person != person && found.is_same())?;
    Some(found.person)
}
