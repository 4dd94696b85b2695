//! Topic names: `gac/v1/{site}/…`. No plate, name or number stands in a topic.

use domain::{CameraId, GateId, SiteId, ZoneId};
use std::{fmt, str::FromStr};

/// Where a message belongs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Topic {
    /// `gac/v1/{site}/camera/{camera}/sighting`
    Sighting(SiteId, CameraId),
    /// `gac/v1/{site}/camera/{camera}/candidate`
    Candidate(SiteId, CameraId),
    /// `gac/v1/{site}/camera/{camera}/state`, retained.
    CameraState(SiteId, CameraId),
    /// `gac/v1/{site}/camera/{camera}/picture`: a JPEG for live view, not retained, may be lost.
    Picture(SiteId, CameraId),
    /// `gac/v1/{site}/camera/{camera}/assist`: assistance is wanted, not retained.
    Assist(SiteId, CameraId),
    /// `gac/v1/{site}/gate/{gate}/verdict`
    Verdict(SiteId, GateId),
    /// `gac/v1/{site}/gate/{gate}/command`, never retained.
    Command(SiteId, GateId),
    /// `gac/v1/{site}/gate/{gate}/ack`
    Ack(SiteId, GateId),
    /// `gac/v1/{site}/gate/{gate}/passage`
    Passage(SiteId, GateId),
    /// `gac/v1/{site}/gate/{gate}/state`, retained.
    Barrier(SiteId, GateId),
    /// `gac/v1/{site}/gate/{gate}/event`: loops, beam, fire input and the like.
    Device(SiteId, GateId),
    /// `gac/v1/{site}/gate/{gate}/document`: a pass or a card was shown.
    Document(SiteId, GateId),
    /// `gac/v1/{site}/gate/{gate}/movement`: somebody went through.
    Movement(SiteId, GateId),
    /// `gac/v1/{site}/gate/{gate}/alarm`
    Alarm(SiteId, GateId),
    /// `gac/v1/{site}/gate/{gate}/order`, never retained.
    Order(SiteId, GateId),
    /// `gac/v1/{site}/gates/all/order`: an order to every gate of the site, never retained.
    OrderToAll(SiteId),
    /// `gac/v1/{site}/zone/{zone}/count`, retained.
    Count(SiteId, ZoneId),
    /// `gac/v1/{site}/list/all/seal`: which list is in force, signed, retained.
    ListSeal(SiteId),
    /// `gac/v1/{site}/list/{n}/part`: a part of that list's body, raw bytes, retained.
    ListPart(SiteId, u32),
    /// `gac/v1/{site}/edge/{source}/receipt`: the centre has stored these messages of that source.
    Receipt(SiteId, String),
    /// `gac/v1/{site}/edge/{source}/availability`: `online` or `offline` by last will, retained.
    Availability(SiteId, String),
}

const ROOT: &str = "gac/v1";

impl Topic {
    /// Whether the broker keeps the last message. A command or an order is never kept.
    pub fn is_retained(&self) -> bool {
        matches!(
            self,
            Self::CameraState(..)
                | Self::Barrier(..)
                | Self::Count(..)
                | Self::Availability(..)
                | Self::ListSeal(..)
                | Self::ListPart(..)
        )
    }

    /// Subscribes to one kind of message of every camera: `gac/v1/{site}/camera/+/{kind}`.
    pub fn all_cameras(site: &SiteId, kind: &str) -> String {
        format!("{ROOT}/{site}/camera/+/{kind}")
    }

    /// Subscribes to one kind of message of every gate.
    pub fn all_gates(site: &SiteId, kind: &str) -> String {
        format!("{ROOT}/{site}/gate/+/{kind}")
    }

    /// Subscribes to every part of the list.
    pub fn all_list_parts(site: &SiteId) -> String {
        format!("{ROOT}/{site}/list/+/part")
    }

    /// Subscribes to one kind of message of every program.
    pub fn all_edges(site: &SiteId, kind: &str) -> String {
        format!("{ROOT}/{site}/edge/+/{kind}")
    }

    /// Subscribes to every zone's counts.
    pub fn all_counts(site: &SiteId) -> String {
        format!("{ROOT}/{site}/zone/+/count")
    }
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sighting(site, camera) => write!(f, "{ROOT}/{site}/camera/{camera}/sighting"),
            Self::Candidate(site, camera) => write!(f, "{ROOT}/{site}/camera/{camera}/candidate"),
            Self::CameraState(site, camera) => write!(f, "{ROOT}/{site}/camera/{camera}/state"),
            Self::Picture(site, camera) => write!(f, "{ROOT}/{site}/camera/{camera}/picture"),
            Self::Assist(site, camera) => write!(f, "{ROOT}/{site}/camera/{camera}/assist"),
            Self::Verdict(site, gate) => write!(f, "{ROOT}/{site}/gate/{gate}/verdict"),
            Self::Command(site, gate) => write!(f, "{ROOT}/{site}/gate/{gate}/command"),
            Self::Ack(site, gate) => write!(f, "{ROOT}/{site}/gate/{gate}/ack"),
            Self::Passage(site, gate) => write!(f, "{ROOT}/{site}/gate/{gate}/passage"),
            Self::Barrier(site, gate) => write!(f, "{ROOT}/{site}/gate/{gate}/state"),
            Self::Device(site, gate) => write!(f, "{ROOT}/{site}/gate/{gate}/event"),
            Self::Document(site, gate) => write!(f, "{ROOT}/{site}/gate/{gate}/document"),
            Self::Movement(site, gate) => write!(f, "{ROOT}/{site}/gate/{gate}/movement"),
            Self::Alarm(site, gate) => write!(f, "{ROOT}/{site}/gate/{gate}/alarm"),
            Self::Order(site, gate) => write!(f, "{ROOT}/{site}/gate/{gate}/order"),
            Self::OrderToAll(site) => write!(f, "{ROOT}/{site}/gates/all/order"),
            Self::Count(site, zone) => write!(f, "{ROOT}/{site}/zone/{zone}/count"),
            Self::ListSeal(site) => write!(f, "{ROOT}/{site}/list/all/seal"),
            Self::ListPart(site, n) => write!(f, "{ROOT}/{site}/list/{n}/part"),
            Self::Receipt(site, source) => write!(f, "{ROOT}/{site}/edge/{source}/receipt"),
            Self::Availability(site, source) => {
                write!(f, "{ROOT}/{site}/edge/{source}/availability")
            }
        }
    }
}

impl FromStr for Topic {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "not a topic of ours".to_owned();
        let parts: Vec<&str> = text.split('/').collect();
        let ["gac", "v1", site, kind, name, leaf] = parts[..] else {
            return Err(wrong());
        };
        let site: SiteId = site.parse().map_err(|_invalid| wrong())?;
        let camera = || name.parse::<CameraId>().map_err(|_invalid| wrong());
        let gate = || name.parse::<GateId>().map_err(|_invalid| wrong());
        Ok(match (kind, leaf) {
            ("camera", "sighting") => Self::Sighting(site, camera()?),
            ("camera", "candidate") => Self::Candidate(site, camera()?),
            ("camera", "state") => Self::CameraState(site, camera()?),
            ("camera", "picture") => Self::Picture(site, camera()?),
            ("camera", "assist") => Self::Assist(site, camera()?),
            ("gate", "verdict") => Self::Verdict(site, gate()?),
            ("gate", "command") => Self::Command(site, gate()?),
            ("gate", "ack") => Self::Ack(site, gate()?),
            ("gate", "passage") => Self::Passage(site, gate()?),
            ("gate", "state") => Self::Barrier(site, gate()?),
            ("gate", "event") => Self::Device(site, gate()?),
            ("gate", "document") => Self::Document(site, gate()?),
            ("gate", "movement") => Self::Movement(site, gate()?),
            ("gate", "alarm") => Self::Alarm(site, gate()?),
            ("gate", "order") => Self::Order(site, gate()?),
            ("gates", "order") if name == "all" => Self::OrderToAll(site),
            ("zone", "count") => Self::Count(site, name.parse().map_err(|_invalid| wrong())?),
            ("list", "seal") if name == "all" => Self::ListSeal(site),
            ("list", "part") => {
                let n: u32 = name.parse().map_err(|_invalid| wrong())?;
                if n.to_string() != name {
                    return Err(wrong()); // one topic, one spelling
                }
                Self::ListPart(site, n)
            }
            ("edge", "receipt") => Self::Receipt(site, name.to_owned()),
            ("edge", "availability") => Self::Availability(site, name.to_owned()),
            _ => return Err(wrong()),
        })
    }
}
