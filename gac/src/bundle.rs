//! The signed list bundle: made at the centre, decided on at the edge.

use crate::{gate::ORDER_KEY, pass::PASS_KEY, site::LoadedSite};
use anyhow::Result;
use domain::SiteId;
use service::{
    clock,
    config::site::ListFrom,
    keys::{CommandVerifier, InvalidPublicKey, SigningKeyFile},
    list_bundle::{Bundle, BundleStore},
};
use wire::{BundleBody, BundleKeys};

pub(crate) mod centre;
pub(crate) mod command;
pub(crate) mod edge;

/// What the centre seals lists with.
pub(crate) const LIST_KEY: &str = "keys/list.key";

/// Whose word counts in this process; the keys of an edge come with its list.
#[derive(Clone, Debug, Default)]
pub struct Trusted {
    /// Persons' orders to the gates.
    pub orders: CommandVerifier,
    /// Visitor passes.
    pub passes: CommandVerifier,
}

impl Trusted {
    /// From now on these count, and no others.
    pub(crate) fn replace(&self, keys: &BundleKeys) -> Result<(), InvalidPublicKey> {
        self.orders.replace(&keys.orders)?;
        self.passes.replace(&keys.passes)
    }
}

impl LoadedSite {
    /// Whether the list comes from the centre.
    pub(crate) fn is_edge(&self) -> bool {
        self.site.list.from == ListFrom::Centre
    }

    /// The bundle that this edge has; `None` before the first one.
    pub(crate) fn edge_store(&self) -> BundleStore {
        BundleStore::of_edge(&self.path(&self.site.storage.dir))
    }

    pub(crate) fn id(&self) -> Result<SiteId> {
        Ok(self.site.site.id.get_ref().parse()?)
    }

    /// Seals the list of this site, as the centre does, and gives it with the key.
    pub(crate) fn sealed_list(&self) -> Result<(Bundle, SigningKeyFile)> {
        let now = clock::now();
        let key = SigningKeyFile::load_or_create(&self.state(LIST_KEY))?;
        let orders = SigningKeyFile::load_or_create(&self.state(ORDER_KEY))?;
        let passes = SigningKeyFile::load_or_create(&self.state(PASS_KEY))?;
        let content = BundleBody {
            keys: BundleKeys {
                orders: vec![orders.public_hex()],
                passes: vec![passes.public_hex()],
            },
            list: self.list(now)?,
        };
        let store = BundleStore::of_centre(&self.path(&self.site.storage.dir));
        let life = self.site.list.life();
        let bundle = store.reseal(&key, &self.id()?, content, (now, life))?;
        Ok((bundle, key))
    }
}
