//! What a rehearsal's site is made of.

use super::*;

/// Before this moment nobody comes: the devices and the gates have found each other.
pub(super) const START_MS: i64 = 1_800_000_000_000;

/// A message on its way, or something that happens.
pub(super) enum Event {
    Come(usize, Vehicle),
    /// To a gate.
    Input(usize, Box<GateInput>),
    /// To a device.
    Command(usize, Box<GateCommand>),
    /// The front of a lane's queue looks at the boom.
    Look(usize),
    Over(usize, Vehicle, bool),
    Repair(usize),
    PowerOn(usize),
}

/// One publisher's messages to one listener keep their order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Way {
    Camera(usize),
    ToDevice(usize),
    FromDevice(usize),
    Movements(usize),
}

/// Somebody before the boom.
pub(super) struct Waiting {
    pub(super) vehicle: Vehicle,
    pub(super) since_ms: i64,
    pub(super) revision: u32,
    pub(super) told_at: i64,
    /// He is under the boom.
    pub(super) is_under: bool,
}

pub(super) struct LaneState {
    pub(super) machine: PassageMachine,
    pub(super) ids: SeededIds,
    pub(super) board: BarrierBoard,
    pub(super) gate_offset_ms: i64,
    pub(super) device_offset_ms: i64,
    pub(super) queue: VecDeque<Waiting>,
    pub(super) obeyed: Vec<CommandId>,
    pub(super) n_starts: u64,
    pub(super) old: VecDeque<GateCommand>,
    pub(super) is_powered: bool,
}

pub(super) fn lane_state(lane: usize, seed: u64) -> LaneState {
    let gate: GateId = if lane == 0 { "gate-in" } else { "gate-out" }
        .parse()
        .expect("it is a slug");
    let (from, to) = if lane == 0 {
        (None, Some(zone()))
    } else {
        (Some(zone()), None)
    };
    let policy = Policy {
        route: Route { from, to },
        registry_age_max: Duration::from_secs(u64::MAX / 4_000_000),
        ..Policy::for_factor(1, Factor::Plate)
    };
    let settings = Lane {
        confirm: Confirm::Loop,
        ..Lane::for_factor(gate.clone(), Factor::Plate)
    };
    let nonce = DeviceNonce(lane as u64);
    let now = Timestamp::from_millis(START_MS);
    LaneState {
        machine: PassageMachine::new(settings, policy, Arc::new(list())),
        ids: SeededIds::new(seed * 2 + lane as u64),
        board: BarrierBoard::new(BarrierSettings::new(gate), nonce, std::iter::empty(), now),
        gate_offset_ms: 0,
        device_offset_ms: 0,
        queue: VecDeque::new(),
        obeyed: Vec::new(),
        n_starts: 1,
        old: VecDeque::new(),
        is_powered: true,
    }
}
