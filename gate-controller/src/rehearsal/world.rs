//! The site of a rehearsal: two lanes, their devices, the network between, and who comes.

use super::{
    parts::{Event, LaneState, START_MS, Waiting, Way, lane_state},
    *,
};

/// How often everything looks at its clock.
const TICK_MS: i64 = 200;

/// How long a vehicle waits before it goes away.
const PATIENCE_MS: i64 = 25_000;

/// From one vehicle of a lane to the next.
const SPACING_MS: u64 = 14_000;

pub(super) struct World {
    now_ms: i64,
    chance: SeededIds,
    faults: Faults,
    lanes: [LaneState; 2],
    events: BTreeMap<(i64, u64), Event>,
    n_events: u64,
    last_on: BTreeMap<Way, i64>,
    away_until_ms: i64,
    /// What each command is for, and when the newest frame before it was seen.
    commands: BTreeMap<CommandId, (PassageId, Timestamp)>,
    sighted: BTreeMap<PassageId, SightingId>,
    vehicles: BTreeMap<SightingId, (u32, bool)>,
    open_passages: BTreeSet<PassageId>,
    taken: BTreeSet<u32>,
    obeyed: BTreeMap<CommandId, u32>,
    report: RehearsalReport,
    n_vehicles: usize,
}

impl World {
    pub(super) fn new(seed: u64, n_vehicles: usize, faults: Faults) -> Self {
        let mut world = Self {
            now_ms: START_MS,
            chance: SeededIds::new(seed),
            faults,
            lanes: [lane_state(0, seed), lane_state(1, seed)],
            events: BTreeMap::new(),
            n_events: 0,
            last_on: BTreeMap::new(),
            away_until_ms: 0,
            commands: BTreeMap::new(),
            sighted: BTreeMap::new(),
            vehicles: BTreeMap::new(),
            open_passages: BTreeSet::new(),
            taken: BTreeSet::new(),
            obeyed: BTreeMap::new(),
            report: RehearsalReport::default(),
            n_vehicles,
        };
        let mut at = [START_MS + 5_000, START_MS + 60_000];
        for id in 0..u32::try_from(n_vehicles).unwrap_or(u32::MAX) {
            let lane = usize::from(id % 2 == 1);
            let vehicle = world.vehicle(id);
            let gap = if vehicle.is_tailgater {
                2_500
            } else {
                SPACING_MS + world.below(20_000)
            };
            at[lane] += i64::try_from(gap).unwrap_or(i64::MAX);
            world.plan(at[lane], Event::Come(lane, vehicle));
        }
        world
    }

    fn below(&mut self, n: u64) -> u64 {
        let word = self.chance.next_id(Timestamp::EPOCH);
        u64::try_from((word & 0xFFFF_FFFF) % u128::from(n.max(1))).unwrap_or(0)
    }

    fn happens(&mut self, per_thousand: u64) -> bool {
        self.below(1_000) < per_thousand
    }

    fn vehicle(&mut self, id: u32) -> Vehicle {
        let is_tailgater = self.happens(self.faults.tailgaters);
        let is_registered = !is_tailgater && self.below(10) < 8;
        // The same vehicle does not come again before hundreds of others have.
        let plate = if is_registered {
            registered_plate(id / 2 % N_REGISTERED)
        } else {
            stranger_plate(id)
        };
        let misreading = self.happens(self.faults.misread).then(|| Misreading {
            place: 3 + usize::try_from(self.below(4)).unwrap_or(0),
            shown: char::from(b'0' + u8::try_from(self.below(10)).unwrap_or(0)),
            is_sure: self.below(4) == 0,
        });
        let is_other = |wrong: &Misreading| {
            let text: Vec<char> = plate.chars().filter(|c| c.is_alphanumeric()).collect();
            text.get(wrong.place) != Some(&wrong.shown)
        };
        let misreading = misreading.filter(is_other);
        self.report.n_misread += usize::from(misreading.is_some());
        Vehicle {
            id,
            plate,
            is_registered,
            is_tailgater,
            turns_back: self.happens(self.faults.turn_back),
            misreading,
        }
    }

    fn plan(&mut self, at_ms: i64, event: Event) {
        self.n_events += 1;
        self.events.insert((at_ms, self.n_events), event);
    }

    /// Puts a message on its way: delayed, held up while the broker is away, sometimes twice.
    fn send(&mut self, way: Way, make: impl Fn() -> Event) {
        let mut delay = 3 + i64::try_from(self.below(12)).unwrap_or(0);
        if self.happens(self.faults.late) {
            delay += i64::try_from(self.below(900)).unwrap_or(0);
        }
        let last = self.last_on.get(&way).copied().unwrap_or(0);
        let at = (self.now_ms + delay).max(last).max(self.away_until_ms);
        self.last_on.insert(way, at);
        self.plan(at, make());
        if self.happens(self.faults.doubled) {
            self.report.n_doubled += 1;
            self.plan(at, make());
        }
    }

    fn gate_time(&self, lane: usize) -> Timestamp {
        Timestamp::from_millis(self.now_ms + self.lanes[lane].gate_offset_ms)
    }

    fn device_time(&self, lane: usize) -> Timestamp {
        Timestamp::from_millis(self.now_ms + self.lanes[lane].device_offset_ms)
    }

    pub(super) fn run(mut self) -> RehearsalReport {
        for lane in 0..2 {
            self.listen_to_device(lane);
        }
        let mut idle_ms = 0;
        while idle_ms < 180_000 {
            let next_tick = self.now_ms + TICK_MS;
            while let Some(entry) = self.events.first_entry().filter(|e| e.key().0 <= next_tick) {
                let ((at, _), event) = entry.remove_entry();
                self.now_ms = self.now_ms.max(at);
                self.happen(event);
                idle_ms = 0;
            }
            self.now_ms = next_tick;
            for lane in 0..2 {
                let now = self.device_time(lane);
                self.lanes[lane].board.on_time(now);
                self.listen_to_device(lane);
                self.tell_gate(lane, &GateInput::Tick);
                self.look_at_lane(lane);
            }
            let is_empty = self.lanes.iter().all(|lane| lane.queue.is_empty());
            idle_ms += if is_empty { TICK_MS } else { 0 };
        }
        let inside = |lane: usize| self.lanes[lane].machine.book().signed_vehicles(&zone());
        self.report.n_counted = [inside(0), inside(1)];
        self.report.n_unended = self.open_passages.len();
        self.report.n_vehicles = self.n_vehicles;
        self.report.n_served = self.taken.len();
        self.report.n_obeyed = self.obeyed.len();
        self.report.n_obeyed_twice = self.obeyed.values().filter(|n| 1 < **n).count();
        self.report
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Come(lane, vehicle) => self.come(lane, vehicle),
            Event::Input(lane, input) => self.tell_gate(lane, &input),
            Event::Command(lane, command) => self.tell_device(lane, &command),
            Event::Look(lane) => self.look_at_lane(lane),
            Event::Over(lane, vehicle, is_on) => self.drive(lane, vehicle, is_on),
            Event::Repair(lane) => {
                let now = self.device_time(lane);
                self.lanes[lane].board.repair(now);
                self.listen_to_device(lane);
            }
            Event::PowerOn(lane) => self.power_on(lane),
        }
    }

    fn come(&mut self, lane: usize, vehicle: Vehicle) {
        self.report.n_registered += usize::from(vehicle.is_registered);
        let id = SightingId(u128::from(vehicle.id) * 2 + lane as u128 + 1);
        self.vehicles
            .insert(id, (vehicle.id, vehicle.is_registered));
        self.lanes[lane].queue.push_back(Waiting {
            vehicle,
            since_ms: self.now_ms,
            revision: 0,
            told_at: self.now_ms,
            is_under: false,
        });
        self.plan(self.now_ms + 400, Event::Look(lane));
        self.go_wrong(lane);
    }

    /// What goes wrong about when a vehicle comes.
    fn go_wrong(&mut self, lane: usize) {
        let faults = self.faults;
        let mut n_faults = 0;
        if self.happens(faults.broker_away) {
            self.away_until_ms = self.now_ms + 500 + i64::try_from(self.below(9_000)).unwrap_or(0);
            n_faults += 1;
        }
        if self.happens(faults.clock_set) {
            let by = i64::try_from(self.below(2_001)).unwrap_or(0) - 1_000;
            let is_gate = self.below(2) == 0;
            let state = &mut self.lanes[lane];
            if is_gate {
                state.gate_offset_ms = by;
            } else {
                state.device_offset_ms = by;
            }
            n_faults += 1;
        }
        let now = self.device_time(lane);
        if self.happens(faults.jam) {
            self.lanes[lane].board.jam(now);
            let after = 5_000 + i64::try_from(self.below(30_000)).unwrap_or(0);
            self.plan(self.now_ms + after, Event::Repair(lane));
            n_faults += 1;
        }
        if self.happens(faults.power_cut) && self.lanes[lane].is_powered {
            self.lanes[lane].board.power_off(now);
            self.lanes[lane].is_powered = false;
            let after = 2_000 + i64::try_from(self.below(20_000)).unwrap_or(0);
            self.plan(self.now_ms + after, Event::PowerOn(lane));
            n_faults += 1;
        }
        if self.happens(faults.played_back) && !self.lanes[lane].old.is_empty() {
            let n = self.lanes[lane].old.len() as u64;
            let place = usize::try_from(self.below(n)).unwrap_or(0);
            let old = self.lanes[lane].old[place].clone();
            self.tell_device(lane, &old);
        }
        self.report.n_faults += n_faults;
        self.listen_to_device(lane);
    }

    fn power_on(&mut self, lane: usize) {
        let now = self.device_time(lane);
        let state = &mut self.lanes[lane];
        state.n_starts += 1;
        state.is_powered = true;
        let nonce = DeviceNonce(state.n_starts * 2 + lane as u64);
        let obeyed = state.obeyed.clone();
        state.board.power_on(nonce, obeyed.into_iter(), now);
        self.listen_to_device(lane);
    }

    /// The camera says what it sees of who is in front; whoever waits behind is hidden.
    fn see(&mut self, lane: usize, is_last: bool) {
        let at = Timestamp::from_millis(self.now_ms);
        let Some(waiting) = self.lanes[lane].queue.front_mut() else {
            return;
        };
        let told = sighting(&waiting.vehicle, lane, at, (waiting.revision, is_last));
        waiting.revision += 1;
        waiting.told_at = self.now_ms;
        self.send(Way::Camera(lane), || {
            Event::Input(lane, Box::new(GateInput::Sighting(told.clone())))
        });
    }

    /// Who waits is seen again; who is in front goes when the boom is up, or loses patience.
    fn look_at_lane(&mut self, lane: usize) {
        let now_ms = self.now_ms;
        if let Some(front) = self.lanes[lane].queue.front_mut() {
            if front.revision == 0 {
                front.since_ms = now_ms;
            }
            let interval = [0, 300, 1_000][front.revision.min(2) as usize];
            if front.told_at + interval <= now_ms {
                self.see(lane, false);
            }
        }
        let state = self.lanes[lane].board.barrier().state;
        let is_up = state == GateState::Open && self.lanes[lane].is_powered;
        let Some(front) = self.lanes[lane].queue.front_mut().filter(|w| !w.is_under) else {
            return;
        };
        let is_his = is_up
            && (front.vehicle.is_tailgater
                || Self::is_granted(
                    &self.commands,
                    &self.sighted,
                    &self.obeyed,
                    (lane, front.vehicle.id),
                ));
        if is_his && !front.vehicle.turns_back {
            front.is_under = true;
            let vehicle = front.vehicle.clone();
            self.plan(now_ms + 300, Event::Over(lane, vehicle, true));
        } else if front.since_ms + PATIENCE_MS <= now_ms || (is_his && front.vehicle.turns_back) {
            self.see(lane, true);
            self.lanes[lane].queue.pop_front();
        }
    }

    /// Whether the boom has gone up for this vehicle.
    fn is_granted(
        commands: &BTreeMap<CommandId, (PassageId, Timestamp)>,
        sighted: &BTreeMap<PassageId, SightingId>,
        obeyed: &BTreeMap<CommandId, u32>,
        (lane, vehicle): (usize, u32),
    ) -> bool {
        let id = SightingId(u128::from(vehicle) * 2 + lane as u128 + 1);
        commands
            .iter()
            .rev()
            .take(16)
            .any(|(command, (passage, _))| {
                sighted.get(passage) == Some(&id) && obeyed.contains_key(command)
            })
    }

    fn drive(&mut self, lane: usize, vehicle: Vehicle, is_on: bool) {
        let now = self.device_time(lane);
        self.lanes[lane]
            .board
            .set_input(DeviceInput::LoopUnder, is_on, now);
        self.listen_to_device(lane);
        if is_on {
            return self.plan(self.now_ms + 1_600, Event::Over(lane, vehicle, false));
        }
        self.report.n_crossings += 1;
        self.report.n_inside += if lane == 0 { 1 } else { -1 };
        self.see(lane, true);
        self.lanes[lane].queue.pop_front();
    }

    fn tell_device(&mut self, lane: usize, command: &GateCommand) {
        let now = self.device_time(lane);
        let heard = Heard {
            command: command.clone(),
            is_genuine: true,
        };
        let before = self.lanes[lane].board.barrier().state;
        self.lanes[lane].board.on_command(&heard, now);
        let after = self.lanes[lane].board.barrier().state;
        let is_opening = before != after && after == GateState::Opening;
        let has_obeyed = self.listen_to_device(lane);
        if has_obeyed.contains(&command.id) {
            self.lanes[lane].obeyed.push(command.id);
            *self.obeyed.entry(command.id).or_default() += 1;
            self.judge_opening(lane, command);
        } else if is_opening {
            self.report.n_false_openings += 1;
        }
    }

    /// Whether the boom goes up for somebody who may pass, and in time.
    fn judge_opening(&mut self, lane: usize, command: &GateCommand) {
        let known = self.commands.get(&command.id);
        let vehicle = known
            .and_then(|(passage, _)| self.sighted.get(passage))
            .and_then(|sighting| self.vehicles.get(sighting));
        if !vehicle.is_some_and(|(_, is_registered)| *is_registered) {
            self.report.n_false_openings += 1;
        }
        let state = &self.lanes[lane];
        let apart = (state.gate_offset_ms - state.device_offset_ms).unsigned_abs();
        let within =
            OPEN_WITHIN_MAX + Duration::from_millis(apart + state.gate_offset_ms.unsigned_abs());
        let now = Timestamp::from_millis(self.now_ms);
        let is_late = known.is_none_or(|(_, seen_at)| within < now.since(*seen_at));
        self.report.n_stale_openings += usize::from(is_late);
    }

    /// Sends what a device says, and tells which commands it has obeyed just now.
    fn listen_to_device(&mut self, lane: usize) -> Vec<CommandId> {
        let mut accepted = Vec::new();
        for said in self.lanes[lane].board.take_said() {
            let input = match said {
                Said::Ack(ack) => {
                    match ack.result {
                        AckResult::Accepted => accepted.push(ack.command),
                        AckResult::Executed => (),
                        AckResult::Rejected | AckResult::Expired | AckResult::Duplicate => {
                            self.report.n_refused += 1;
                        }
                    }
                    GateInput::Ack(ack)
                }
                Said::Moved(barrier) => GateInput::Barrier(barrier),
                Said::Input(event) => GateInput::Device(event),
            };
            self.send(Way::FromDevice(lane), || {
                Event::Input(lane, Box::new(input.clone()))
            });
        }
        accepted
    }

    fn tell_gate(&mut self, lane: usize, input: &GateInput) {
        let at = self.gate_time(lane);
        let mut out = Vec::new();
        let state = &mut self.lanes[lane];
        state.machine.step(at, input, &mut state.ids, &mut out);
        for output in out {
            match output {
                GateOutput::PassageChanged(passage) => {
                    if self.sighted.insert(passage.id, passage.sighting).is_none() {
                        self.report.n_passages += 1;
                        self.open_passages.insert(passage.id);
                    }
                    if passage.state.is_over() {
                        self.open_passages.remove(&passage.id);
                    }
                    if passage.state == domain::PassageState::Taken {
                        let vehicle = self.vehicles.get(&passage.sighting);
                        let served = vehicle.filter(|(_, is_registered)| *is_registered);
                        self.taken.extend(served.map(|(id, _)| *id));
                    }
                }
                GateOutput::Command(command) => self.carry(lane, command),
                GateOutput::Movement(movement) => self.tell_movement(lane, &movement),
                GateOutput::Verdict(_) | GateOutput::Alarm(_) => {}
            }
        }
    }

    fn carry(&mut self, lane: usize, command: GateCommand) {
        if let Some(passage) = command.cause.passage() {
            let seen_at = Timestamp::from_millis(self.now_ms);
            self.commands.insert(command.id, (passage, seen_at));
        }
        let state = &mut self.lanes[lane];
        state.old.push_back(command.clone());
        if 32 < state.old.len() {
            state.old.pop_front();
        }
        self.send(Way::ToDevice(lane), || {
            Event::Command(lane, Box::new(command.clone()))
        });
    }

    fn tell_movement(&mut self, lane: usize, movement: &Movement) {
        self.report.n_movements += 1;
        let other = 1 - lane;
        self.send(Way::Movements(lane), || {
            Event::Input(other, Box::new(GateInput::Movement(movement.clone())))
        });
    }
}
