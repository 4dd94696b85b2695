//! The words of a `[[gate]]`.

use serde::Deserialize;

/// What is done about somebody who enters and is inside already.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AntiPassbackKind {
    /// Nothing.
    #[default]
    Off,
    /// Let in, with an alarm.
    Soft,
    /// The guard is asked.
    Hard,
    /// The guard is asked for so many minutes after the entry.
    TimedMinutes(u32),
}

impl AntiPassbackKind {
    /// Whether anything is done at all.
    pub fn is_on(self) -> bool {
        self != Self::Off
    }
}

/// How it is known that somebody went through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ConfirmKind {
    /// Who was let in and has left the picture went through.
    #[default]
    Presumed,
    /// The loop under the boom, or the light beam.
    Loop,
    /// A line of the camera.
    Line,
}

/// What holds when the guard has not answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SilenceKind {
    /// Not let in.
    #[default]
    StayShut,
    /// Let in.
    LetIn,
}

/// What a door does at fire and without mains power.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailKind {
    /// It opens: nobody may be locked in.
    Safe,
    /// It does what it is told, as always.
    #[default]
    Secure,
}
