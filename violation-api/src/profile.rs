//! What kind of place a site is, and what it tells the public.

use crate::crowd::CrowdLevels;
use domain::ZoneId;
use std::collections::BTreeMap;

/// What kind of place a site is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SiteKind {
    /// Lanes and lists, as at an industrial park.
    #[default]
    Park,
    /// People come and go, and nobody is stopped.
    Station,
    /// The same, with visitors from abroad.
    TouristSite,
}

impl SiteKind {
    /// Whether counting comes first on the overview.
    pub(crate) fn counts_first(self) -> bool {
        self != Self::Park
    }
}

/// What the public is told of the cameras. What is absent is not told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NoticePlan {
    /// Who operates the cameras and answers for the data.
    pub controller: String,
    /// Where the controller is.
    pub address: Option<String>,
    /// Telephone, e-mail or a desk, for questions and rights.
    pub contact: String,
    /// What for, in Vietnamese.
    pub purpose_vi: String,
    /// What for, in English.
    pub purpose_en: String,
    /// So many days pictures are kept when nothing happened; absent, it is not told.
    pub pictures_kept_days: Option<u32>,
    /// Where the whole notice can be read.
    pub url: Option<String>,
    /// What the cameras look for.
    pub sees: NoticeSees,
}

/// What a site's cameras look for, by its file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NoticeSees {
    /// People are seen as people.
    pub people: bool,
    /// Vehicles.
    pub vehicles: bool,
    /// People or vehicles are counted.
    pub counting: bool,
    /// Plates are read.
    pub plates: bool,
    /// Faces of enrolled people are recognised.
    pub faces: bool,
    /// Passes and citizens' cards are read.
    pub documents: bool,
    /// Somebody is looked for on the order of an authority.
    pub watch_list: bool,
}

/// What kind of place a site is, and what goes with it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SiteProfile {
    /// The kind.
    pub kind: SiteKind,
    /// From when on zones are crowded, where the site says so.
    pub crowd: BTreeMap<ZoneId, CrowdLevels>,
    /// What the public is told.
    pub notice: Option<NoticePlan>,
}

impl SiteProfile {
    /// From when on a zone is crowded.
    pub fn crowd_of(&self, zone: &ZoneId) -> CrowdLevels {
        self.crowd.get(zone).copied().unwrap_or_default()
    }
}
