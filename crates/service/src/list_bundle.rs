//! Signed list bundles: the centre seals the site's list, an edge decides on the last one it has.
//!
//! The design is in `docs/design/0004-list-bundle.md`.
//! Nothing in here talks to a broker: what comes from one goes through [`Assembler`], what stands
//! on the disk through [`BundleStore`].

mod assembler;
mod refusals;
mod store;

pub use assembler::{Assembler, Taken};
pub use refusals::RefusalLog;
pub use store::{BundleStore, StoredError};

use crate::{
    hex,
    keys::{CommandVerifier, SignatureRejected, SigningKeyFile},
};
use domain::{SiteId, SiteList, Timestamp};
use std::time::Duration;
use wire::{BundleBody, BundleKeys, PART_BYTES, PARTS_MAX, Seal, WireError};

/// What a seal's signature is for.
const PURPOSE: &str = "list-bundle";

/// How far the centre's clock may be ahead of the edge's.
const AHEAD_MAX: Duration = Duration::from_secs(120);

/// Why a bundle, or a part of one, does not count. No content stands in it: it may hold a plate.
#[derive(Debug, thiserror::Error)]
pub enum BundleRefused {
    /// Not ours, of a newer form, or too large.
    #[error("{0}")]
    Form(WireError),
    /// Larger than any bundle.
    #[error("it is larger than a list bundle may be")]
    TooLarge,
    /// A part or the body is not what was sealed: damaged, of another bundle, or forged.
    #[error("it is not what was sealed")]
    Damaged,
    /// For another site.
    #[error("it is for another site")]
    OtherSite,
    /// Signed by nobody who is trusted here.
    #[error("{0}")]
    Signature(SignatureRejected),
    /// Older than the one in force.
    #[error("it is older than the one in force")]
    Older,
    /// Another body with the version of the one in force.
    #[error("it has the version of the one in force and another content")]
    Conflict,
    /// It grants nothing any more.
    #[error("it has expired")]
    Expired,
    /// From the future.
    #[error("it is from the future: the clock of the centre or of this machine is wrong")]
    Future,
    /// A part that nobody has asked for.
    #[error("nobody has asked for this part")]
    Unasked,
}

impl BundleRefused {
    /// One word for counts.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Form(WireError::TooLarge { .. }) | Self::TooLarge => "too large",
            Self::Form(WireError::Version { .. }) => "newer",
            Self::Form(WireError::Malformed { .. }) => "malformed",
            Self::Damaged => "damaged",
            Self::OtherSite => "of another site",
            Self::Signature(_) => "forged",
            Self::Older => "older",
            Self::Conflict => "conflicting",
            Self::Expired => "expired",
            Self::Future => "from the future",
            Self::Unasked => "unasked",
        }
    }
}

/// A bundle whose signature and hashes are right.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    seal: Seal,
    body: Vec<u8>,
    content: BundleBody,
}

impl Bundle {
    /// Seals a body.
    pub fn seal(
        key: &SigningKeyFile,
        site: SiteId,
        version: u64,
        (as_of, expires_at): (Timestamp, Timestamp),
        content: BundleBody,
    ) -> Result<Self, BundleRefused> {
        let body = content.encode();
        let parts: Vec<String> = body.chunks(PART_BYTES).map(hex::sha256).collect();
        if PARTS_MAX < parts.len() {
            return Err(BundleRefused::TooLarge);
        }
        let mut seal = Seal {
            site,
            version,
            as_of,
            expires_at,
            n_bytes: u64::try_from(body.len()).unwrap_or(u64::MAX),
            sha256: hex::sha256(&body),
            parts,
            key_id: key.key_id().to_owned(),
            signature: String::new(),
        };
        seal.signature = key.sign_bytes(PURPOSE, &seal.signed_bytes());
        Ok(Self {
            seal,
            body,
            content,
        })
    }

    /// Reads what was sealed, and checks every byte of it. How old it is, is not looked at.
    pub fn open(
        trusted: &CommandVerifier,
        site: &SiteId,
        seal: Seal,
        body: Vec<u8>,
    ) -> Result<Self, BundleRefused> {
        check_seal(trusted, site, &seal)?;
        Self::open_checked(seal, body)
    }

    fn open_checked(seal: Seal, body: Vec<u8>) -> Result<Self, BundleRefused> {
        let is_whole =
            u64::try_from(body.len()) == Ok(seal.n_bytes) && hex::sha256(&body) == seal.sha256;
        if !is_whole {
            return Err(BundleRefused::Damaged);
        }
        let content = BundleBody::decode(&body).map_err(BundleRefused::Form)?;
        Ok(Self {
            seal,
            body,
            content,
        })
    }

    /// Its seal.
    pub fn sealed(&self) -> &Seal {
        &self.seal
    }

    /// Its body, cut as it is sent.
    pub fn parts(&self) -> impl Iterator<Item = &[u8]> {
        self.body.chunks(PART_BYTES)
    }

    /// The list that it puts into force.
    pub fn list(&self) -> SiteList {
        self.seal.in_force(&self.content.list)
    }

    /// Whose word counts at an edge.
    pub fn keys(&self) -> &BundleKeys {
        &self.content.keys
    }

    /// The same list, confirmed by a newer seal.
    pub fn confirmed(self, seal: Seal) -> Self {
        Self { seal, ..self }
    }

    /// Whether it may follow the one that is held, at this moment.
    pub fn check_newer(&self, held: Option<&Seal>, now: Timestamp) -> Result<(), BundleRefused> {
        check_times(&self.seal, now)?;
        let Some(held) = held else { return Ok(()) };
        if (self.seal.version, self.seal.as_of) < (held.version, held.as_of) {
            return Err(BundleRefused::Older);
        }
        if self.seal.version == held.version && self.seal.sha256 != held.sha256 {
            return Err(BundleRefused::Conflict);
        }
        Ok(())
    }

    /// As one file, for a memory stick: the seal in one line, then the body.
    pub fn to_file(&self) -> Vec<u8> {
        let mut bytes = self.seal.encode();
        bytes.push(b'\n');
        bytes.extend_from_slice(&self.body);
        bytes
    }

    /// Reads such a file.
    pub fn from_file(
        trusted: &CommandVerifier,
        site: &SiteId,
        bytes: &[u8],
    ) -> Result<Self, BundleRefused> {
        let line = bytes.iter().position(|byte| *byte == b'\n');
        let (seal, body) = bytes.split_at(line.ok_or(BundleRefused::Damaged)?);
        let seal = Seal::decode(seal).map_err(BundleRefused::Form)?;
        Self::open(trusted, site, seal, body[1..].to_vec())
    }
}

/// Whether a seal is of this site, is one that can be, and was signed by somebody who is trusted.
fn check_seal(trusted: &CommandVerifier, site: &SiteId, seal: &Seal) -> Result<(), BundleRefused> {
    if seal.site != *site {
        return Err(BundleRefused::OtherSite);
    }
    let n_parts = usize::try_from(seal.n_bytes)
        .unwrap_or(usize::MAX)
        .div_ceil(PART_BYTES);
    if PARTS_MAX < n_parts {
        return Err(BundleRefused::TooLarge);
    }
    if n_parts != seal.parts.len() {
        return Err(BundleRefused::Damaged);
    }
    trusted
        .verify_bytes(PURPOSE, &seal.signed_bytes(), &seal.key_id, &seal.signature)
        .map_err(BundleRefused::Signature)
}

/// Whether a seal may be put into force at this moment.
fn check_times(seal: &Seal, now: Timestamp) -> Result<(), BundleRefused> {
    if seal.expires_at <= now {
        Err(BundleRefused::Expired)
    } else if now.saturating_add(AHEAD_MAX) < seal.as_of {
        Err(BundleRefused::Future)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
