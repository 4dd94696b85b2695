//! From what a broker brings to a bundle that may be put into force.
//!
//! **Invariant:** what is not signed, not newer, or not whole changes nothing but a count.
//! Memory is held for one bundle at most, and only for one whose seal was signed.

use super::{Bundle, BundleRefused, check_seal, check_times};
use crate::{hex, keys::CommandVerifier};
use domain::{SiteId, Timestamp};
use wire::{PART_BYTES, Seal};

/// What came of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// Nothing yet, or nothing new.
    Nothing,
    /// A newer list is there: its parts are wanted.
    Wanted,
    /// The list in force is confirmed.
    Confirmed(Seal),
    /// A newer list is here.
    Complete(Box<Bundle>),
}

/// Puts seals and parts together. It does no I/O and reads no clock.
#[derive(Debug)]
pub struct Assembler {
    site: SiteId,
    trusted: CommandVerifier,
    held: Option<Seal>,
    pending: Option<Pending>,
}

/// A bundle on its way.
#[derive(Debug)]
struct Pending {
    seal: Seal,
    parts: Vec<Option<Vec<u8>>>,
}

impl Assembler {
    /// `trusted`: whose seals count. `held`: the seal of the list in force.
    pub fn new(site: SiteId, trusted: CommandVerifier, held: Option<Seal>) -> Self {
        Self {
            site,
            trusted,
            held,
            pending: None,
        }
    }

    /// The seal of the newest list that was complete.
    pub fn held(&self) -> Option<&Seal> {
        self.held.as_ref()
    }

    /// Another way has brought a list, as a memory stick.
    pub fn hold(&mut self, seal: Seal) {
        let is_pending_newer = |pending: &Pending| {
            (seal.version, seal.as_of) < (pending.seal.version, pending.seal.as_of)
        };
        self.pending = self.pending.take().filter(is_pending_newer);
        self.held = Some(seal);
    }

    /// The list in force cannot be read any more: the body of its very version is wanted again, and
    /// nothing older.
    pub fn has_lost_its_body(&mut self) {
        if let Some(held) = &mut self.held {
            held.sha256.clear();
        }
    }

    /// Takes a seal.
    pub fn take_seal(&mut self, payload: &[u8], now: Timestamp) -> Result<Taken, BundleRefused> {
        let seal = Seal::decode(payload).map_err(BundleRefused::Form)?;
        check_seal(&self.trusted, &self.site, &seal)?;
        check_times(&seal, now)?;
        if let Some(held) = &self.held {
            if seal.version < held.version {
                return Err(BundleRefused::Older);
            }
            if seal.version == held.version && !held.sha256.is_empty() {
                return self.take_same_version(seal);
            }
        }
        if let Some(pending) = &mut self.pending {
            if seal.version < pending.seal.version {
                return Err(BundleRefused::Older);
            }
            if seal.sha256 == pending.seal.sha256 && seal.version == pending.seal.version {
                // What has come already is kept; what is missing is asked for again.
                if pending.seal.as_of < seal.as_of {
                    pending.seal = seal;
                }
                return Ok(Taken::Wanted);
            }
        }
        let parts = vec![None; seal.parts.len()];
        self.pending = Some(Pending { seal, parts });
        Ok(Taken::Wanted)
    }

    fn take_same_version(&mut self, seal: Seal) -> Result<Taken, BundleRefused> {
        let Some(held) = &self.held else {
            return Ok(Taken::Nothing);
        };
        if seal.sha256 != held.sha256 {
            return Err(BundleRefused::Conflict);
        }
        if seal.as_of <= held.as_of {
            return Ok(Taken::Nothing); // the broker's last one, come again
        }
        self.held = Some(seal.clone());
        Ok(Taken::Confirmed(seal))
    }

    /// Takes a part. Parts may come in any order and more than once.
    pub fn take_part(&mut self, n: u32, payload: Vec<u8>) -> Result<Taken, BundleRefused> {
        if PART_BYTES < payload.len() {
            return Err(BundleRefused::TooLarge);
        }
        let pending = self.pending.as_mut().ok_or(BundleRefused::Unasked)?;
        let n = usize::try_from(n).unwrap_or(usize::MAX);
        let (Some(place), Some(sha256)) = (pending.parts.get_mut(n), pending.seal.parts.get(n))
        else {
            return Err(BundleRefused::Unasked);
        };
        if place.is_some() {
            return Ok(Taken::Nothing);
        }
        if hex::sha256(&payload) != *sha256 {
            return Err(BundleRefused::Damaged);
        }
        *place = Some(payload);
        if pending.parts.iter().any(Option::is_none) {
            return Ok(Taken::Nothing);
        }
        let Some(pending) = self.pending.take() else {
            return Ok(Taken::Nothing);
        };
        let body = pending.parts.into_iter().flatten().flatten().collect();
        let bundle = Bundle::open_checked(pending.seal, body)?;
        self.held = Some(bundle.seal.clone());
        Ok(Taken::Complete(Box::new(bundle)))
    }
}
