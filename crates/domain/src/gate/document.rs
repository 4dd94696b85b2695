//! Documents that are shown to a camera or a reader.

use crate::{DocumentId, GateId, PassId, Timestamp};
use std::fmt;

/// How well an identity is proved. Later is better.
///
/// The text of the QR code of a citizen's card is unsigned and proves nothing by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Assurance {
    /// Unsigned text in a QR code.
    QrText,
    /// A number plate.
    Plate,
    /// A pass that this site signed.
    Pass,
    /// A live face of an enrolled person.
    Face,
    /// The chip of a citizen's card with passive authentication (ICAO 9303-11 §5.1).
    Chip,
    /// The VNeID service.
    Vneid,
    /// A person looked.
    Human,
}

/// Names the holder of a document without saying who it is: a keyed hash of the personal number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HolderKey(pub u128);

/// What kind of document was shown, and what it says that a gate may know.
#[derive(Clone, PartialEq, Eq)]
pub enum DocumentKind {
    /// A pass of this site.
    Pass {
        /// Which.
        pass: PassId,
        /// Whether its signature is this site's.
        is_genuine: bool,
    },
    /// A citizen's card (CCCD, Căn cước), by its QR code, its chip or VNeID.
    CitizenCard {
        /// Whose.
        holder: HolderKey,
        /// For the guard's screen: most digits of the number are left out.
        masked: String,
    },
}

impl fmt::Debug for DocumentKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pass { pass, is_genuine } => write!(f, "Pass({pass}, genuine {is_genuine})"),
            Self::CitizenCard { .. } => f.write_str("CitizenCard(<redacted>)"),
        }
    }
}

/// A document was shown at a gate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentRead {
    /// Its id: the same when the message comes again.
    pub id: DocumentId,
    /// The gate.
    pub gate: GateId,
    /// What it is.
    pub kind: DocumentKind,
    /// How well it proves what it says.
    pub assurance: Assurance,
    /// Capture time of the frame, or the reader's time.
    pub shown_at: Timestamp,
}
