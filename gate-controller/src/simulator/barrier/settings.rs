//! How a simulated barrier moves, and what drives through it.

use domain::{DeviceInput, GateId};
use std::time::Duration;

/// What a barrier does when there is fire or its mains power is away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fail {
    /// It goes up and stays so: nobody may be locked in.
    Safe,
    /// It does what it is told, as always.
    #[default]
    Secure,
}

/// How a barrier moves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BarrierSettings {
    /// Its gate.
    pub gate: GateId,
    /// From down to up.
    pub opening: Duration,
    /// How long it stays up after a command; the device ends its own pulse.
    pub hold: Duration,
    /// How long it stays up after the last vehicle has left the loop and the beam.
    pub clear: Duration,
    /// From up to down.
    pub closing: Duration,
    /// What it does at fire and without mains power.
    pub fail: Fail,
    /// How far a command's time of issue may lie ahead of the device's clock.
    pub clock_tolerance: Duration,
}

impl BarrierSettings {
    /// A quick boom of a car park: up in 0.9 s, up for 4 s, down in 1.2 s.
    pub fn new(gate: GateId) -> Self {
        Self {
            gate,
            opening: Duration::from_millis(900),
            hold: Duration::from_secs(4),
            clear: Duration::from_secs(1),
            closing: Duration::from_millis(1200),
            fail: Fail::Secure,
            clock_tolerance: Duration::from_secs(2),
        }
    }
}

/// Loops are 2 m long, as in the usual wiring of car parks: the first from 4 m to 2 m before the
/// boom, the second from 1 m before to 1 m behind it; the beam is at the boom.
const LOOP_BEFORE_M: [f64; 2] = [-4.0, -2.0];
const LOOP_UNDER_M: [f64; 2] = [-1.0, 1.0];
const BEAM_M: [f64; 2] = [0.0, 0.0];

/// A vehicle that goes through without a stop.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Vehicle {
    /// From bumper to bumper, in metres.
    pub length_m: f64,
    /// In metres a second.
    pub speed_m_s: f64,
}

impl Vehicle {
    /// What the inputs do, and when after its front has reached the first loop; in order of time.
    /// Nothing for a vehicle without length or speed.
    pub fn steps(self) -> Vec<(Duration, DeviceInput, bool)> {
        let Self {
            length_m,
            speed_m_s,
        } = self;
        if !(0.0 < length_m && 0.0 < speed_m_s) {
            return Vec::new();
        }
        let at = |metres: f64| {
            let seconds = (metres - LOOP_BEFORE_M[0]) / speed_m_s;
            Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
        };
        let places = [
            (DeviceInput::LoopBefore, LOOP_BEFORE_M),
            (DeviceInput::LoopUnder, LOOP_UNDER_M),
            (DeviceInput::Beam, BEAM_M),
        ];
        let mut steps: Vec<_> = places
            .into_iter()
            .flat_map(|(input, [begin, end])| {
                [(at(begin), input, true), (at(end + length_m), input, false)]
            })
            .collect();
        steps.sort_by_key(|(after, _input, _is_active)| *after);
        steps
    }
}
