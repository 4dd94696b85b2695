//! The shapes on the wire, and how they become domain types.

mod device;
mod gate;
mod order;
mod perception;
mod registry;

pub(crate) use device::{
    AckShape, BarrierShape, CommandShape, DeviceEventShape, DocumentShape, cause_text,
    command_kind_text, nonce_text,
};
pub(crate) use gate::{AlarmShape, PassageShape, VerdictShape};
pub(crate) use order::{MovementShape, OrderShape, order_kind_text};
pub(crate) use perception::{CandidateShape, SightingShape};
pub(crate) use registry::{BodyShape, ListShape};

/// A shape of a closed set of words, and its way to the domain and back.
macro_rules! words {
    ($shape:ident for $domain:ty { $($variant:ident),* $(,)? }) => {
        #[derive(Clone, Copy, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub(crate) enum $shape { $($variant),* }
        impl From<$domain> for $shape {
            fn from(word: $domain) -> Self {
                match word { $(<$domain>::$variant => Self::$variant),* }
            }
        }
        impl From<$shape> for $domain {
            fn from(word: $shape) -> Self {
                match word { $($shape::$variant => Self::$variant),* }
            }
        }
    };
}
pub(crate) use words;

/// A score in [0, 1]; anything else, NaN included, is refused.
pub(crate) fn score(value: f32) -> Result<f32, String> {
    if (0.0..=1.0).contains(&value) {
        Ok(value)
    } else {
        Err("a score is not in 0..1".to_owned())
    }
}

/// Serialises ids and slugs by their text.
pub(crate) mod slug {
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};
    use std::{fmt::Display, str::FromStr};

    pub(crate) fn serialize<T: Display, S: Serializer>(id: &T, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(id)
    }

    pub(crate) fn deserialize<'de, T, D>(d: D) -> Result<T, D::Error>
    where
        T: FromStr<Err: Display>,
        D: Deserializer<'de>,
    {
        String::deserialize(d)?.parse().map_err(D::Error::custom)
    }

    /// The same where there may be none.
    pub(crate) mod optional {
        use super::{Deserializer, Display, FromStr, Serializer};
        use serde::{Deserialize as _, de::Error as _};

        pub(crate) fn serialize<T: Display, S: Serializer>(
            id: &Option<T>,
            s: S,
        ) -> Result<S::Ok, S::Error> {
            match id {
                Some(id) => s.collect_str(id),
                None => s.serialize_none(),
            }
        }

        pub(crate) fn deserialize<'de, T, D>(d: D) -> Result<Option<T>, D::Error>
        where
            T: FromStr<Err: Display>,
            D: Deserializer<'de>,
        {
            let text = Option::<String>::deserialize(d)?;
            text.map(|text| text.parse().map_err(D::Error::custom))
                .transpose()
        }
    }
}
