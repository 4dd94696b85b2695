//! A file of sealed records: one more record is appended, everything else writes the file anew.
//!
//! So an enrolment writes two kilobytes and not fifty megabytes, and what was taken out is in no
//! file afterwards, not even sealed. Bytes: `GACLOG2\n`, 16 random bytes that name this writing of
//! the file, then for each record its length (32 bits, little endian) and the sealed bytes. A
//! record is sealed in the context of its purpose, its writing and its number: it opens at its own
//! place alone, so that none can be exchanged, left out or brought back from an older writing. What
//! is cut off at the end is not noticed; that, and bringing back a whole older file, is what only a
//! copy elsewhere can show.

use super::Seal;
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::Arc,
};

const MAGIC: &[u8; 8] = b"GACLOG2\n";
const HEADER_LEN: u64 = 24;

/// A record is no longer than this.
const RECORD_LEN_MAX: u32 = 1 << 20;

/// Why a log failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LogError {
    /// The file cannot be read or written.
    #[error("sealed file {path}")]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// No such file, another key, or changed.
    #[error("sealed file {path} does not open with its key, or was changed")]
    Sealed {
        /// Which file.
        path: PathBuf,
    },
}

/// What has happened to the file since it was read last.
pub(crate) enum News {
    /// Nothing.
    None,
    /// These records came.
    Appended(Vec<Vec<u8>>),
    /// It was written anew, or for the first time, and these are its records.
    Anew(Vec<Vec<u8>>),
}

/// The file as it was read last.
pub(crate) struct SealedLog {
    path: PathBuf,
    purpose: &'static str,
    seal: Arc<dyn Seal>,
    writing: [u8; 16],
    n_records: u64,
    /// Bytes of whole records; what is behind them is what a crash left of one.
    n_bytes: u64,
    /// Inode, length and time of change, when it was read.
    stamp: Option<[i128; 3]>,
}

impl SealedLog {
    /// Reads nothing yet.
    pub(crate) fn new(path: &Path, purpose: &'static str, seal: Arc<dyn Seal>) -> Self {
        Self {
            path: path.to_owned(),
            purpose,
            seal,
            writing: [0; 16],
            n_records: 0,
            n_bytes: 0,
            stamp: None,
        }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Keeps other programs from writing until it is dropped. Readers need none: a new writing
    /// comes by a rename, and half a record is no record.
    pub(crate) fn lock(&self) -> Result<File, LogError> {
        let path = self.path.with_extension("lock");
        let made = self.make_folder().and_then(|()| private().open(&path));
        let file = made.map_err(|source| self.fault(source))?;
        file.lock().map_err(|source| self.fault(source))?;
        Ok(file)
    }

    /// Reads what is new. Without a change it asks for the file's times alone.
    pub(crate) fn read(&mut self) -> Result<News, LogError> {
        let mut file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(self.gone()),
            Err(source) => return Err(self.fault(source)),
        };
        let stamp = self.stamp_of(&file)?;
        if self.stamp == Some(stamp) {
            return Ok(News::None);
        }
        let mut header = [0; HEADER_LEN as usize];
        file.read_exact(&mut header).map_err(|_end| self.sealed())?;
        let writing = header.strip_prefix(MAGIC).ok_or_else(|| self.sealed())?;
        let is_anew = writing != self.writing || self.n_bytes < HEADER_LEN;
        let mut next = Self {
            writing: writing.try_into().map_err(|_length| self.sealed())?,
            n_records: if is_anew { 0 } else { self.n_records },
            n_bytes: if is_anew { HEADER_LEN } else { self.n_bytes },
            stamp: Some(stamp),
            ..Self::new(&self.path, self.purpose, self.seal.clone())
        };
        let start = SeekFrom::Start(next.n_bytes);
        let mut bytes = Vec::new();
        let read = file
            .seek(start)
            .and_then(|_at| file.read_to_end(&mut bytes));
        read.map_err(|source| self.fault(source))?;
        let records = next.open(&bytes)?;
        *self = next;
        Ok(if is_anew {
            News::Anew(records)
        } else {
            News::Appended(records)
        })
    }

    fn gone(&mut self) -> News {
        let was_here = self.n_bytes != 0;
        *self = Self::new(&self.path, self.purpose, self.seal.clone());
        if was_here {
            News::Anew(Vec::new())
        } else {
            News::None
        }
    }

    /// Opens whole records and counts them.
    fn open(&mut self, mut bytes: &[u8]) -> Result<Vec<Vec<u8>>, LogError> {
        let mut records = Vec::new();
        while let Some((length, rest)) = bytes.split_first_chunk::<4>() {
            let length = u32::from_le_bytes(*length);
            // A length of 0 is what some file systems leave of a write that a crash cut short.
            if length == 0 {
                break;
            }
            if RECORD_LEN_MAX < length {
                return Err(self.sealed());
            }
            let Some((sealed, rest)) = rest.split_at_checked(length as usize) else {
                break;
            };
            let plain = self.seal.open(&self.context(), sealed);
            records.push(plain.ok_or_else(|| self.sealed())?);
            self.n_records += 1;
            self.n_bytes += 4 + u64::from(length);
            bytes = rest;
        }
        Ok(records)
    }

    /// Adds a record. Durable when it returns. The caller has the lock, and has read what is new.
    pub(crate) fn append(&mut self, plain: &[u8]) -> Result<(), LogError> {
        if self.n_bytes < HEADER_LEN {
            return self.rewrite(std::iter::once(plain.to_vec()));
        }
        let record = self.record(plain);
        let write = || -> io::Result<File> {
            let mut file = OpenOptions::new().write(true).open(&self.path)?;
            file.set_len(self.n_bytes)?;
            file.seek(SeekFrom::Start(self.n_bytes))?;
            file.write_all(&record)?;
            file.sync_all()?;
            Ok(file)
        };
        let file = write().map_err(|source| self.fault(source))?;
        self.n_records += 1;
        self.n_bytes += record.len() as u64;
        self.stamp = Some(self.stamp_of(&file)?);
        Ok(())
    }

    /// Writes the whole file beside, syncs, renames: a crash leaves the old file or the new one.
    pub(crate) fn rewrite(
        &mut self,
        plains: impl Iterator<Item = Vec<u8>>,
    ) -> Result<(), LogError> {
        let mut next = Self::new(&self.path, self.purpose, self.seal.clone());
        let written = next.write_anew(plains);
        written.map_err(|source| self.fault(source))?;
        *self = next;
        Ok(())
    }

    fn write_anew(&mut self, plains: impl Iterator<Item = Vec<u8>>) -> io::Result<()> {
        self.make_folder()?;
        getrandom::fill(&mut self.writing).map_err(io::Error::other)?;
        let temporary = self.path.with_extension("new");
        let mut file = io::BufWriter::new(private().truncate(true).open(&temporary)?);
        file.write_all(MAGIC)?;
        file.write_all(&self.writing)?;
        self.n_bytes = HEADER_LEN;
        for plain in plains {
            let record = self.record(&plain);
            file.write_all(&record)?;
            self.n_records += 1;
            self.n_bytes += record.len() as u64;
        }
        let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.sync_all()?;
        fs::rename(&temporary, &self.path)?;
        self.stamp = Some(stamp(&file)?);
        if let Some(folder) = self.path.parent() {
            File::open(folder)?.sync_all()?;
        }
        Ok(())
    }

    fn make_folder(&self) -> io::Result<()> {
        match self.path.parent() {
            Some(folder) => service::private_folder::private_folder(folder),
            None => Ok(()),
        }
    }

    fn record(&self, plain: &[u8]) -> Vec<u8> {
        let sealed = self.seal.seal(&self.context(), plain);
        let length = u32::try_from(sealed.len()).unwrap_or(u32::MAX);
        [&length.to_le_bytes()[..], &sealed].concat()
    }

    /// What the next record is bound to.
    fn context(&self) -> Vec<u8> {
        let number = self.n_records.to_le_bytes();
        [self.purpose.as_bytes(), &self.writing, &number].concat()
    }

    fn stamp_of(&self, file: &File) -> Result<[i128; 3], LogError> {
        stamp(file).map_err(|source| self.fault(source))
    }

    fn fault(&self, source: io::Error) -> LogError {
        LogError::File {
            path: self.path.clone(),
            source,
        }
    }

    fn sealed(&self) -> LogError {
        LogError::Sealed {
            path: self.path.clone(),
        }
    }
}

fn stamp(file: &File) -> io::Result<[i128; 3]> {
    let metadata = file.metadata()?;
    let changed_ns =
        i128::from(metadata.mtime()) * 1_000_000_000 + i128::from(metadata.mtime_nsec());
    Ok([metadata.ino().into(), metadata.len().into(), changed_ns])
}

/// For the owner alone.
fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).mode(0o600);
    options
}
