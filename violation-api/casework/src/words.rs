//! The closed sets of words of casework, with the code that stands for each in a store or on a
//! wire.

use std::{fmt, str::FromStr};

/// A set of words: an enum, its codes, and all of it in order.
macro_rules! coded {
    ($(#[$doc:meta])* $name:ident {
        $($(#[$word_doc:meta])* $variant:ident = $code:literal,)*
    }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $name { $($(#[$word_doc])* $variant,)* }

        impl $name {
            /// All of them, in the order in which people are offered them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The code: stable, in lower case.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),* }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.code())
            }
        }

        impl FromStr for $name {
            type Err = UnknownCode;
            fn from_str(code: &str) -> Result<Self, UnknownCode> {
                Self::ALL.iter().copied().find(|word| word.code() == code).ok_or(UnknownCode)
            }
        }
    };
}
pub(crate) use coded;

/// A text that is none of the codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownCode;

impl fmt::Display for UnknownCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not one of the codes")
    }
}

impl std::error::Error for UnknownCode {}

coded! {
    /// A state without who and why.
    StateName {
        /// A rule fired; nobody has looked yet.
        Candidate = "candidate",
        /// Somebody is looking.
        UnderReview = "under-review",
        /// The act took place.
        Confirmed = "confirmed",
        /// It did not, or cannot be proved.
        Dismissed = "dismissed",
    }
}

coded! {
    /// Why a person dismisses a case. There is no "other" on purpose: a reason that is not here is
    /// a change of this list.
    DismissReason {
        /// The pictures show a lawful act.
        NoAct = "no-act",
        /// An emergency vehicle on duty.
        EmergencyVehicle = "emergency-vehicle",
        /// An officer directed the traffic.
        DirectedByOfficer = "directed-by-officer",
        /// The signal was out of order.
        SignalFault = "signal-fault",
        /// The vehicle had no choice, for example it made way for an ambulance.
        Necessity = "necessity",
        /// The plate cannot be read.
        PlateUnreadable = "plate-unreadable",
        /// The plate was read wrongly, and the right one cannot be told.
        PlateMisread = "plate-misread",
        /// The stills show another vehicle than the one that acted.
        WrongVehicle = "wrong-vehicle",
        /// The pictures do not show enough.
        PicturesUnclear = "pictures-unclear",
        /// Stills are missing.
        EvidenceIncomplete = "evidence-incomplete",
        /// The camera had moved against its calibration.
        CameraMoved = "camera-moved",
        /// The same act is another case already.
        Duplicate = "duplicate",
        /// For screening only.
        ScreeningOnly = "screening-only",
    }
}
