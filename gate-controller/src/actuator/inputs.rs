//! What the inputs of a relay module mean.

use super::adapter::Report;
use domain::{DeviceInput, GateState};
use service::config::site::{InputMeaning, InputSection};

/// The inputs of one device, as configured, and what is known of its position.
#[derive(Clone, Debug)]
pub(super) struct Inputs {
    sections: Vec<InputSection>,
    /// By the upper limit switch; nothing when it was not heard.
    is_open: Option<bool>,
    /// By the lower one.
    is_closed: Option<bool>,
    /// Where it was when a limit switch last was on.
    last: GateState,
}

impl Inputs {
    pub(super) fn new(sections: Vec<InputSection>) -> Self {
        Self {
            sections,
            is_open: None,
            is_closed: None,
            last: GateState::Unknown,
        }
    }

    /// Whether it says by itself that it is up.
    pub(super) fn tells_position(&self) -> bool {
        let tells = |section: &InputSection| {
            matches!(section.means, InputMeaning::IsOpen | InputMeaning::IsClosed)
        };
        self.sections.iter().any(tells)
    }

    /// An input with this number is on or off.
    pub(super) fn hear(&mut self, number: u8, is_on: bool) -> Option<Report> {
        let section = self.sections.iter().find(|found| found.input == number)?;
        let is_active = is_on != section.inverted;
        let input = match section.means {
            InputMeaning::IsOpen => {
                self.is_open = Some(is_active);
                return Some(self.position());
            }
            InputMeaning::IsClosed => {
                self.is_closed = Some(is_active);
                return Some(self.position());
            }
            InputMeaning::LoopBefore => DeviceInput::LoopBefore,
            InputMeaning::LoopUnder => DeviceInput::LoopUnder,
            InputMeaning::Beam => DeviceInput::Beam,
            InputMeaning::Fire => DeviceInput::Fire,
            InputMeaning::Tamper => DeviceInput::Tamper,
            InputMeaning::PowerLost => DeviceInput::PowerLost,
        };
        Some(Report::Input(input, is_active))
    }

    /// The device is away.
    pub(super) fn forget(&mut self) -> Report {
        (self.is_open, self.is_closed) = (None, None);
        self.last = GateState::Unknown;
        Report::Moved(GateState::Unknown)
    }

    fn position(&mut self) -> Report {
        let state = match (self.is_open, self.is_closed) {
            // Both limit switches cannot be on.
            (Some(true), Some(true)) => GateState::Fault,
            (Some(true), _) => GateState::Open,
            (_, Some(true)) => GateState::Closed,
            // A door contact alone: what is not shut is open.
            (None, Some(false)) if !self.has(InputMeaning::IsOpen) => GateState::Open,
            (Some(false), Some(false)) => match self.last {
                GateState::Closed | GateState::Opening => GateState::Opening,
                GateState::Open | GateState::Closing => GateState::Closing,
                _ => GateState::Unknown,
            },
            _ => GateState::Unknown,
        };
        self.last = state;
        Report::Moved(state)
    }

    fn has(&self, means: InputMeaning) -> bool {
        self.sections.iter().any(|section| section.means == means)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inputs(sections: &[(u8, InputMeaning, bool)]) -> Inputs {
        let section = |(input, means, inverted): &(u8, InputMeaning, bool)| InputSection {
            input: *input,
            means: *means,
            inverted: *inverted,
        };
        Inputs::new(sections.iter().map(section).collect())
    }

    #[test]
    fn two_limit_switches_tell_the_whole_way() {
        let mut inputs = inputs(&[
            (1, InputMeaning::IsOpen, false),
            (2, InputMeaning::IsClosed, false),
        ]);
        let steps = [
            (2, true, GateState::Closed),
            (1, false, GateState::Closed),
            (2, false, GateState::Opening),
            (1, true, GateState::Open),
            (1, false, GateState::Closing),
            (2, true, GateState::Closed),
            (1, true, GateState::Fault),
        ];
        for (number, is_on, state) in steps {
            assert_eq!(inputs.hear(number, is_on), Some(Report::Moved(state)));
        }
        assert_eq!(inputs.hear(3, true), None);
        assert_eq!(inputs.forget(), Report::Moved(GateState::Unknown));
    }

    #[test]
    fn a_door_contact_alone_tells_shut_and_open_and_may_be_inverted() {
        let mut inputs = inputs(&[
            (0, InputMeaning::IsClosed, true),
            (1, InputMeaning::Beam, true),
        ]);
        assert!(inputs.tells_position());
        let moved = |state| Some(Report::Moved(state));
        assert_eq!(inputs.hear(0, false), moved(GateState::Closed));
        assert_eq!(inputs.hear(0, true), moved(GateState::Open));
        let beam = inputs.hear(1, false);
        assert_eq!(beam, Some(Report::Input(DeviceInput::Beam, true)));
    }
}
