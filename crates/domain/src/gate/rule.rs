//! The questions that a verdict answers, in the order in which they were asked.

use std::fmt;

macro_rules! rules {
    ($($(#[$doc:meta])* $variant:ident = $name:literal;)*) => {
        /// One question of the policy. A verdict carries all that were asked.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Rule { $($(#[$doc])* $variant,)* }

        impl Rule {
            /// Every rule.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// Its name in messages, in kebab case.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }
        }
    };
}

rules! {
    /// The camera's clock does not run ahead of ours.
    CapturedNotInFuture = "captured-not-in-future";
    /// What was seen is still there.
    CapturedRecently = "captured-recently";
    /// The list is young enough to rely on.
    RegistryFresh = "registry-fresh";
    /// The site is not locked down.
    NotLockedDown = "not-locked-down";
    /// The site is not being evacuated, or this lane leads out.
    NotEvacuated = "not-evacuated";
    /// The site is being evacuated, and whoever leaves is let out.
    EvacuationExit = "evacuation-exit";
    /// A plate was read.
    PlateRead = "plate-read";
    /// More frames would hardly change what was read.
    Decisive = "decisive";
    /// Enough frames agree.
    FramesAgree = "frames-agree";
    /// Most of the frames with a face agree on the person.
    MostFramesAgree = "most-frames-agree";
    /// Every character is sure.
    Score = "score";
    /// Nothing else is plausible in place of any character.
    NoRival = "no-rival";
    /// Nothing on the list looks much like it.
    NoLookAlike = "no-look-alike";
    /// It has the form of a Vietnamese plate.
    Grammar = "grammar";
    /// The camera sees the kind of vehicle that the plate is for.
    OneClass = "one-class";
    /// A face was seen.
    FaceSeen = "face-seen";
    /// It is a face, and no picture of one.
    Live = "live";
    /// It is an enrolled person's.
    Enrolled = "enrolled";
    /// It is nobody else's.
    NobodyElse = "nobody-else";
    /// A pass was shown.
    PassShown = "pass-shown";
    /// The pass is of this site and was not changed.
    PassGenuine = "pass-genuine";
    /// The pass was not used before, or may be used again.
    PassUnused = "pass-unused";
    /// It is on the list.
    Listed = "listed";
    /// The list turns it away.
    Barred = "barred";
    /// The list says one thing of it.
    OneEntry = "one-entry";
    /// Its group is known.
    Group = "group";
    /// The entry is for this lane.
    ThisGate = "this-gate";
    /// The entry is valid at this day and hour.
    ValidNow = "valid-now";
    /// The second identity that the lane asks for was shown, and is right.
    SecondFactor = "second-factor";
    /// The two identities belong together.
    FactorsAgree = "factors-agree";
    /// It is not inside already.
    NotInside = "not-inside";
    /// There is room in the zone.
    RoomLeft = "room-left";
    /// The other barrier of the pair is closed.
    InterlockFree = "interlock-free";
    /// Let in.
    Allowed = "allowed";
    /// Let in without being identified: the lane only counts.
    OpenLane = "open-lane";
    /// Let in with the one before, as an announced convoy.
    Convoy = "convoy";
    /// The guard let it in.
    GuardAdmitted = "guard-admitted";
    /// The guard turned it away.
    GuardRefused = "guard-refused";
    /// The guard did not answer in time.
    GuardSilent = "guard-silent";
}

impl Rule {
    /// The rule of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|rule| rule.name() == name).copied()
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The rules in the order in which they were asked: all but the last were passed, the last one
/// settled it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RulePath(pub Vec<Rule>);

impl RulePath {
    /// The rule that settled it.
    pub fn settled_by(&self) -> Option<Rule> {
        self.0.last().copied()
    }
}

impl fmt::Display for RulePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, rule) in self.0.iter().enumerate() {
            let gap = if place == 0 { "" } else { " " };
            write!(f, "{gap}{rule}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_lead_back() {
        for rule in Rule::ALL {
            assert_eq!(Rule::from_name(rule.name()), Some(*rule));
        }
        assert_eq!(Rule::from_name("open-sesame"), None);
        let path = RulePath(vec![Rule::PlateRead, Rule::Listed]);
        assert_eq!(path.to_string(), "plate-read listed");
        assert_eq!(path.settled_by(), Some(Rule::Listed));
    }
}
