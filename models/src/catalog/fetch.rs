//! One file from a mirror folder or a server into the store: to a temporary name, hashed, then
//! renamed.

use super::{chain, store::hex};
use sha2::{Digest as _, Sha256};
use std::{
    fs::{self, File},
    io::{self, Read, Write as _},
    path::{Path, PathBuf},
    process,
    time::Duration,
};
use ureq::Agent;

/// A server that does not take the connection within this time cannot be reached.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// A server that is silent for this long has gone.
const READ_TIMEOUT: Duration = Duration::from_secs(20);

/// What a file must be to be kept.
pub(super) struct Wanted<'a> {
    /// Where it goes.
    pub(super) path: &'a Path,
    /// Its SHA-256.
    pub(super) sha256: &'a str,
    /// Its size: not one byte more is taken from a server.
    pub(super) n_bytes: u64,
}

/// Copies a file of a folder.
pub(super) fn from_file(
    from: &Path,
    wanted: &Wanted<'_>,
    on_bytes: &mut dyn FnMut(u64),
) -> Result<(), String> {
    let file = File::open(from).map_err(|error| format!("{}: {error}", from.display()))?;
    keep(file, wanted, on_bytes)
}

/// Why a download failed.
pub(super) struct Failure {
    /// In words, on one line.
    pub(super) reason: String,
    /// Whether the server did not answer at all: other files of the same host need not be tried.
    pub(super) is_unreachable: bool,
}

/// Downloads a file.
pub(super) fn from_url(
    url: &str,
    wanted: &Wanted<'_>,
    on_bytes: &mut dyn FnMut(u64),
) -> Result<(), Failure> {
    let config = Agent::config_builder()
        .timeout_resolve(Some(CONNECT_TIMEOUT))
        .timeout_connect(Some(CONNECT_TIMEOUT))
        .timeout_recv_response(Some(READ_TIMEOUT))
        .timeout_per_read(Some(READ_TIMEOUT))
        .build();
    let agent = Agent::new_with_config(config);
    let response = agent.get(url).call();
    let mut response = response.map_err(|error| Failure {
        reason: format!("{url}: {}", chain(&error)),
        is_unreachable: !matches!(error, ureq::Error::StatusCode(_)),
    })?;
    keep(response.body_mut().as_reader(), wanted, on_bytes).map_err(|reason| Failure {
        reason: format!("{url}: {reason}"),
        is_unreachable: false,
    })
}

fn keep(
    mut from: impl Read,
    wanted: &Wanted<'_>,
    on_bytes: &mut dyn FnMut(u64),
) -> Result<(), String> {
    let part = part_path(wanted.path);
    let result = write_part(&mut from, &part, wanted, on_bytes).and_then(|()| {
        fs::rename(&part, wanted.path)
            .map_err(|error| format!("cannot rename to {}: {error}", wanted.path.display()))
    });
    if result.is_err() {
        // A part that cannot be removed is never loaded: only its final name is.
        drop(fs::remove_file(&part));
    }
    result
}

fn write_part(
    from: &mut impl Read,
    part: &Path,
    wanted: &Wanted<'_>,
    on_bytes: &mut dyn FnMut(u64),
) -> Result<(), String> {
    let cannot_write = |error: io::Error| format!("cannot write {}: {error}", part.display());
    let mut file = File::create(part).map_err(cannot_write)?;
    let (mut hash, mut n_read, mut buffer) = (Sha256::new(), 0_u64, vec![0; 65_536]);
    loop {
        let n = match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(format!("broke off after {n_read} bytes: {error}")),
        };
        n_read += n as u64;
        if wanted.n_bytes < n_read {
            return Err(format!(
                "is longer than the {} bytes wanted",
                wanted.n_bytes
            ));
        }
        hash.update(&buffer[..n]);
        file.write_all(&buffer[..n]).map_err(cannot_write)?;
        on_bytes(n_read);
    }
    let found = hex(&hash.finalize());
    if n_read != wanted.n_bytes {
        return Err(format!(
            "has {n_read} bytes where {} are wanted",
            wanted.n_bytes
        ));
    }
    if found != wanted.sha256 {
        return Err(format!(
            "has SHA-256 {found} where {} is wanted",
            wanted.sha256
        ));
    }
    file.sync_all().map_err(cannot_write)
}

/// Beside the final name, so that the rename stays on one file system; with the process, so that
/// two pulls do not meet.
fn part_path(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.part", process::id()));
    path.with_file_name(name)
}
