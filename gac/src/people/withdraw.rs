//! `gac people withdraw`: erases what is kept of a person, looks for what is left, and signs what
//! was found.

use super::{gallery_as_it_is, nobody, person_of, said};
use crate::site::LoadedSite;
use anyhow::{Context as _, Result, bail};
use serde::Serialize;
use service::{clock, keys::SigningKeyFile, private_folder::private_folder};
use sha2::{Digest as _, Sha256};
use std::{
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
    process::ExitCode,
};

/// What the signature of a receipt is for.
const PURPOSE: &str = "withdrawal";

/// Who goes.
#[derive(clap::Args)]
pub(super) struct WithdrawArguments {
    /// The site file
    site: PathBuf,
    /// The person's id, as `gac people list` shows it
    person: String,
    /// Who records the withdrawal
    #[arg(long)]
    recorded_by: String,
}

/// What was done and what was found afterwards: neither a name nor a template.
#[derive(Serialize)]
struct Receipt {
    v: u32,
    site: String,
    person_id: String,
    withdrawn_at: String,
    recorded_by: String,
    /// The text that the person had agreed to.
    notice: String,
    n_templates_erased: usize,
    n_consents_erased: usize,
    n_people_left: usize,
    /// SHA-256 of the sealed file that holds everybody else from now on.
    gallery_sha256: String,
    /// Looked for in every file of the site's folder after the erasure.
    n_files_searched: u64,
    n_bytes_searched: u64,
    n_patterns: usize,
    n_traces_found: u64,
}

#[derive(Serialize)]
struct Signed<'a> {
    receipt: &'a Receipt,
    public_key: String,
    key_id: &'a str,
    /// Ed25519 over `gac-withdrawal-v1`, a line end, and `receipt` as JSON without spaces.
    signature: String,
}

/// Exit code 1 when something of the person is left.
pub(super) fn withdraw(arguments: &WithdrawArguments) -> Result<ExitCode> {
    let recorded_by = said("--recorded-by", &arguments.recorded_by)?;
    let person = person_of(&arguments.person)?;
    let site = LoadedSite::load(&arguments.site)?;
    let gallery = gallery_as_it_is(&site)?;
    let traces = gallery.traces_of(person);
    let Some(erased) = gallery.withdraw(person)? else {
        return Err(nobody(person, &arguments.site));
    };
    // What is in the file now, and not what this program remembers.
    let again = gallery_as_it_is(&site)?;
    if again.summary(person).is_some() {
        bail!("{person} is still in the gallery; try again");
    }
    let folder = site.state("");
    let looked = traces
        .look_through(&folder)
        .with_context(|| format!("looking through {}", folder.display()))?;
    let receipt = Receipt {
        v: 1,
        site: site.site.site.id.get_ref().clone(),
        person_id: person.to_string(),
        withdrawn_at: clock::now().to_string(),
        recorded_by,
        notice: erased.consent.notice,
        n_templates_erased: erased.n_templates,
        n_consents_erased: 1,
        n_people_left: again.n_people(),
        gallery_sha256: sha256(&site.state("people/gallery.sealed"))?,
        n_files_searched: looked.n_files,
        n_bytes_searched: looked.n_bytes,
        n_patterns: traces.n_patterns(),
        n_traces_found: looked.n_found,
    };
    let path = keep(&site, &receipt)?;
    println!(
        "{person} has withdrawn: {} templates and the consent record are erased",
        receipt.n_templates_erased
    );
    println!(
        "looked for {} patterns of them in {} files ({} bytes): {} found",
        receipt.n_patterns, looked.n_files, looked.n_bytes, looked.n_found
    );
    println!("receipt: {}", path.display());
    if site.site.storage.database.is_some() || site.site.storage.database_file.is_some() {
        println!("the database elsewhere was not looked through");
    }
    let listed = site.site.list(domain::Timestamp::EPOCH).registrations;
    if listed.iter().any(|entry| entry.person == Some(person)) {
        let file = arguments.site.display();
        println!("{file} still has a [[registration]] of {person}; take it out");
    }
    Ok(if looked.n_found == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn sha256(path: &Path) -> Result<String> {
    let bytes = fs::read(path).with_context(|| format!("reading {}", path.display()))?;
    let digest = Sha256::digest(&bytes);
    Ok(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Signs the receipt, prints it and keeps it.
fn keep(site: &LoadedSite, receipt: &Receipt) -> Result<PathBuf> {
    let key = SigningKeyFile::load_or_create(&site.state("keys/receipts.key"))?;
    let signature = key.sign_bytes(PURPOSE, &serde_json::to_vec(receipt)?);
    let signed = Signed {
        receipt,
        public_key: key.public_hex(),
        key_id: key.key_id(),
        signature,
    };
    let text = serde_json::to_string_pretty(&signed)?;
    println!("{text}");
    let folder = site.state("people/receipts");
    private_folder(&folder).with_context(|| format!("making {}", folder.display()))?;
    let path = folder.join(format!("{}.json", receipt.person_id));
    write(&path, &text).with_context(|| format!("writing {}", path.display()))?;
    Ok(path)
}

fn write(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = File::create(path)?;
    writeln!(file, "{text}")?;
    file.sync_all()?;
    path.parent().map_or(Ok(()), |folder| {
        fs::File::open(folder).and_then(|folder| folder.sync_all())
    })
}
