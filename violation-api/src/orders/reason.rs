//! Why persons order something: coded, so that it can be counted and read in both languages.

use domain::OrderKind;

macro_rules! reasons {
    ($($(#[$doc:meta])* $variant:ident = $code:literal;)*) => {
        /// Why a person ordered something.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum OrderReason { $($(#[$doc])* $variant,)* }

        impl OrderReason {
            /// Its code, in kebab case.
            pub fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),* }
            }

            /// The reason of a code.
            pub fn from_code(code: &str) -> Option<Self> {
                match code { $($code => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

reasons! {
    /// Looked at, and in order.
    Looked = "looked";
    /// The papers were looked at.
    PapersChecked = "papers-checked";
    /// Somebody inside expects them.
    Expected = "expected";
    /// The guard knows them.
    Known = "known";
    /// They bring or fetch something.
    Delivery = "delivery";
    /// The machine has read wrongly.
    Misread = "misread";
    /// Ambulance, fire brigade, police.
    Emergency = "emergency";
    /// They have no permission.
    NotPermitted = "not-permitted";
    /// They show no papers.
    NoPapers = "no-papers";
    /// Whoever they want to see does not want it.
    HostDeclined = "host-declined";
    /// They belong at another gate.
    WrongGate = "wrong-gate";
    /// Something is not right with them.
    Suspicious = "suspicious";
    /// Cameras or programs do not work.
    SystemDown = "system-down";
    /// Many vehicles are to pass together.
    Convoy = "convoy";
    /// A vehicle or the barrier has broken down.
    Breakdown = "breakdown";
    /// Trying whether it works.
    Trial = "trial";
    /// What it was ordered for is over.
    Over = "over";
    /// A danger to the site.
    Threat = "threat";
    /// Fire or another disaster.
    Fire = "fire";
    /// An exercise.
    Drill = "drill";
    /// An authority has asked for it.
    Authority = "authority";
    /// Somebody has gone by another way, or was not seen going.
    NotSeen = "not-seen";
    /// Somebody has counted.
    HeadCount = "head-count";
    /// In the person's own words.
    Other = "other";
}

impl OrderReason {
    /// The reasons that an order may have, in the order of their keys; another one is none.
    pub fn of(kind: &OrderKind) -> &'static [Self] {
        match kind {
            OrderKind::Admit(_) => &[
                Self::Looked,
                Self::PapersChecked,
                Self::Expected,
                Self::Known,
                Self::Delivery,
                Self::Misread,
                Self::Emergency,
                Self::Other,
            ],
            OrderKind::Refuse(_) => &[
                Self::NotPermitted,
                Self::NoPapers,
                Self::HostDeclined,
                Self::WrongGate,
                Self::Suspicious,
                Self::Other,
            ],
            OrderKind::Open | OrderKind::HoldOpen => &[
                Self::SystemDown,
                Self::Emergency,
                Self::Convoy,
                Self::Breakdown,
                Self::Trial,
                Self::Other,
            ],
            OrderKind::Release => &[Self::Over, Self::Other],
            OrderKind::Mode(_) => &[
                Self::Threat,
                Self::Fire,
                Self::Authority,
                Self::Drill,
                Self::Over,
                Self::Other,
            ],
            OrderKind::ForgiveAntiPassback(_) => &[Self::NotSeen, Self::Misread, Self::Other],
            OrderKind::Counted { .. } => &[Self::HeadCount, Self::Other],
        }
    }

    /// What holds when a person gives none; nothing when a person must give one.
    pub fn unless_told(kind: &OrderKind, is_against_a_denial: bool) -> Option<Self> {
        match kind {
            OrderKind::Admit(_) if is_against_a_denial => None,
            OrderKind::Admit(_) | OrderKind::Refuse(_) => Self::of(kind).first().copied(),
            OrderKind::Release => Some(Self::Over),
            OrderKind::Counted { .. } => Some(Self::HeadCount),
            OrderKind::Open
            | OrderKind::HoldOpen
            | OrderKind::Mode(_)
            | OrderKind::ForgiveAntiPassback(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{PassageId, SiteMode};

    #[test]
    fn codes_lead_back_and_every_order_may_have_another_reason() {
        let yard: domain::ZoneId = "yard".parse().unwrap();
        for kind in [
            OrderKind::Admit(PassageId(1)),
            OrderKind::Refuse(PassageId(1)),
            OrderKind::Open,
            OrderKind::HoldOpen,
            OrderKind::Release,
            OrderKind::Mode(SiteMode::Lockdown),
            OrderKind::ForgiveAntiPassback(yard.clone()),
            OrderKind::Counted {
                zone: yard,
                vehicles: 1,
                people: 0,
            },
        ] {
            let reasons = OrderReason::of(&kind);
            assert_eq!(reasons.last(), Some(&OrderReason::Other));
            assert!(reasons.len() <= 10, "each has a key of its own");
            for reason in reasons {
                assert_eq!(OrderReason::from_code(reason.code()), Some(*reason));
            }
            let unless_told = OrderReason::unless_told(&kind, false);
            assert!(unless_told.is_none_or(|reason| reasons.contains(&reason)));
        }
        let admit = OrderKind::Admit(PassageId(1));
        assert_eq!(OrderReason::unless_told(&admit, true), None);
    }
}
