//! How often what goes wrong.

/// Shares of a thousand, per vehicle, and the longest delay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Faults {
    /// Misread plates.
    pub misread: u64,
    /// Messages that come twice, per message.
    pub doubled: u64,
    /// Messages that are held up, so that those of other topics overtake them, per message.
    pub late: u64,
    /// Times that the broker is away for some seconds.
    pub broker_away: u64,
    /// Clocks that are set by up to a second, of a gate or of a device.
    pub clock_set: u64,
    /// Booms that jam for a while.
    pub jam: u64,
    /// Power cuts of the device.
    pub power_cut: u64,
    /// Old commands that somebody plays back.
    pub played_back: u64,
    /// Vehicles that go through behind another.
    pub tailgaters: u64,
    /// Vehicles that are let in and turn back.
    pub turn_back: u64,
}

impl Faults {
    /// Nothing goes wrong, and nobody misbehaves.
    pub fn none() -> Self {
        Self {
            misread: 0,
            doubled: 0,
            late: 0,
            broker_away: 0,
            clock_set: 0,
            jam: 0,
            power_cut: 0,
            played_back: 0,
            tailgaters: 0,
            turn_back: 0,
        }
    }

    /// Five in a hundred plates misread, five in a hundred messages twice and as many late, and of
    /// everything else about one in a hundred vehicles.
    pub fn usual() -> Self {
        Self {
            misread: 50,
            doubled: 50,
            late: 50,
            broker_away: 10,
            clock_set: 10,
            jam: 5,
            power_cut: 5,
            played_back: 50,
            tailgaters: 20,
            turn_back: 20,
        }
    }
}
