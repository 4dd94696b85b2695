//! What the tests show to a lane. Plates are of the form that Circular 79 prints in its own
//! examples.

use domain::{
    Access, Ack, AckResult, AlarmKind, Assurance, Barrier, BoxInImage, CameraId, CharRead, Class,
    CommandId, DeviceEvent, DeviceInput, DocumentId, DocumentKind, DocumentRead, FaceMatch, GateId,
    GateState, Liveness, Order, OrderId, OrderKind, PassId, PassageId, PersonId, Plate,
    PlateColour, PlateVote, Registration, RowRead, Sighting, SightingId, SightingPhase, SiteMode,
    Timestamp, TrackId, WeeklyHours, ZoneId, face::FaceVote,
};
use policy::{
    Circumstances, Decision, Evidence, Factor, GateInput, GateOutput, Lane, ListRegistry,
    PassageMachine, Policy, Question, SeededIds, ZoneBook, decide,
};
use std::sync::Arc;

pub(crate) const ALLOWED: &str = "51G-123.45";
pub(crate) const OTHER: &str = "29-B1/123.45";
pub(crate) const BARRED: &str = "30F-256.58";
pub(crate) const UNKNOWN: &str = "92A-902.20";
/// One confusable character away from [`ALLOWED`].
pub(crate) const LOOK_ALIKE: &str = "51G-723.45";

/// Milliseconds after the start of the scene: Monday 2026-11-16, 08:00 in Viet Nam.
pub(crate) fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(1_794_762_000_000 + 8 * 3_600_000 + millis)
}

pub(crate) fn gate() -> GateId {
    "gate-1".parse().expect("it is a slug")
}

pub(crate) fn entry(plate: &str) -> Registration {
    Registration {
        plate: Some(Plate::parse(plate).expect("it is a plate")),
        ..Registration::allow()
    }
}

pub(crate) fn bar(plate: &str) -> Registration {
    Registration {
        access: Access::Bar,
        ..entry(plate)
    }
}

pub(crate) fn person(number: u128) -> Registration {
    Registration {
        plate: None,
        person: Some(PersonId(number)),
        ..entry(ALLOWED)
    }
}

pub(crate) fn hours(days: [bool; 7], from_minute: u16, until_minute: u16) -> WeeklyHours {
    WeeklyHours {
        days,
        from_minute,
        until_minute,
    }
}

pub(crate) fn registry() -> ListRegistry {
    ListRegistry::new(
        vec![
            entry(ALLOWED),
            entry(OTHER),
            bar(BARRED),
            person(1),
            person(2),
        ],
        at(0),
    )
}

/// A vote in which every frame agrees. A plate written on one line is read on one row.
pub(crate) fn vote(plate: &str) -> PlateVote {
    let char_read = |best| CharRead {
        best,
        score: 1.0,
        alternatives: Vec::new(),
    };
    let plate = Plate::parse(plate).expect("it is a plate");
    let row = |row: &String| RowRead {
        chars: row.chars().map(char_read).collect(),
    };
    PlateVote {
        rows: plate.rows().iter().map(row).collect(),
        colour: PlateColour::White,
        n_reads: 5,
        n_agreeing: 5,
    }
}

/// The same vote with one character less sure, and another character that shares its votes.
pub(crate) fn doubtful(plate: &str, place: usize, rival: char, share: f32) -> PlateVote {
    let mut vote = vote(plate);
    let c = &mut vote.rows[0].chars[place];
    c.score = 1.0 - share;
    c.alternatives = vec![(rival, share)];
    vote
}

pub(crate) fn face(similarities: &[(u128, f32)], liveness: Option<f32>) -> FaceVote {
    let candidate = |(person, similarity): &(u128, f32)| FaceMatch {
        person: PersonId(*person),
        similarity: *similarity,
        similarity_min: 0.4,
    };
    FaceVote {
        candidates: similarities.iter().map(candidate).collect(),
        liveness: liveness.map(|score| Liveness {
            score,
            score_min: 0.5,
        }),
        n_views: 6,
        n_agreeing: 5,
    }
}

/// A car seen since 400 ms before `millis`, with nothing read.
pub(crate) fn car(id: u128, revision: u32, millis: i64) -> Sighting {
    Sighting {
        id: SightingId(id),
        revision,
        phase: if revision == 0 {
            SightingPhase::New
        } else {
            SightingPhase::Update
        },
        camera: "lane".parse::<CameraId>().expect("it is a slug"),
        track: TrackId(1),
        class: Class::Car,
        first_seen_at: at(millis - 400),
        last_seen_at: at(millis),
        bounds: BoxInImage::new(10.0, 10.0, 90.0, 60.0),
        is_plate_decisive: false,
        is_face_decisive: false,
        raw_reads: domain::RawReads::default(),
        plate: None,
        face: None,
        picture: None,
        crossings: Vec::new(),
    }
}

pub(crate) fn read(sighting: Sighting, plate: &str) -> Sighting {
    Sighting {
        plate: Some(vote(plate)),
        ..sighting
    }
}

pub(crate) fn sure(sighting: Sighting, plate: &str) -> Sighting {
    Sighting {
        is_plate_decisive: true,
        ..read(sighting, plate)
    }
}

pub(crate) fn last(sighting: Sighting) -> Sighting {
    Sighting {
        phase: SightingPhase::Final,
        ..sighting
    }
}

pub(crate) fn walker(id: u128, revision: u32, face: FaceVote) -> Sighting {
    Sighting {
        class: Class::Person,
        is_face_decisive: true,
        face: Some(face),
        ..car(id, revision, 0)
    }
}

pub(crate) fn order(id: u128, millis: i64, kind: OrderKind) -> Order {
    Order {
        id: OrderId(id),
        gate: None,
        kind,
        by: "guard-1".to_owned(),
        reason: "known to me".to_owned(),
        issued_at: at(millis),
        expires_at: at(millis + 3_000),
    }
}

pub(crate) fn shown(millis: i64, pass: u128, is_genuine: bool) -> DocumentRead {
    DocumentRead {
        id: DocumentId(u128::try_from(millis + 1_000_000).unwrap_or(0) * 1_000 + pass),
        gate: gate(),
        kind: DocumentKind::Pass {
            pass: PassId(pass),
            is_genuine,
        },
        assurance: Assurance::Pass,
        shown_at: at(millis),
    }
}

pub(crate) fn zone(name: &str) -> ZoneId {
    name.parse().expect("it is a slug")
}

/// The policy's answer to a sighting alone, on a site where all is well.
pub(crate) fn answer(
    policy: &Policy,
    registry: &ListRegistry,
    sighting: &Sighting,
    now: Timestamp,
) -> Decision {
    decide(&question(
        policy,
        registry,
        sighting,
        (&ZoneBook::default(), now),
    ))
}

pub(crate) fn question<'a>(
    policy: &'a Policy,
    registry: &'a ListRegistry,
    sighting: &'a Sighting,
    (book, now): (&'a ZoneBook, Timestamp),
) -> Question<'a, ListRegistry> {
    static GATE: std::sync::LazyLock<GateId> = std::sync::LazyLock::new(gate);
    Question {
        policy,
        gate: &GATE,
        registry,
        evidence: Evidence::of(sighting),
        circumstances: Circumstances {
            mode: SiteMode::Normal,
            book,
            n_underway: [0, 0],
            passes_underway: &[],
            is_interlock_free: true,
        },
        now,
    }
}

/// A lane under test, and everything it has answered.
pub(crate) struct Scene {
    pub(crate) machine: PassageMachine,
    pub(crate) ids: SeededIds,
    pub(crate) outputs: Vec<GateOutput>,
    n_orders: u128,
    n_events: u64,
}

impl Scene {
    pub(crate) fn new(factor: Factor) -> Self {
        let lane = Lane::for_factor(gate(), factor);
        Self::of(lane, Policy::for_factor(12, factor), registry())
    }

    pub(crate) fn of(lane: Lane, policy: Policy, registry: ListRegistry) -> Self {
        Self {
            machine: PassageMachine::new(lane, policy, Arc::new(registry)),
            ids: SeededIds::new(7),
            outputs: Vec::new(),
            n_orders: 0,
            n_events: 0,
        }
    }

    /// Steps, and says what came out: one word an output.
    pub(crate) fn step(&mut self, millis: i64, input: &GateInput) -> String {
        let mut out = Vec::new();
        self.machine
            .step(at(millis), input, &mut self.ids, &mut out);
        let text: Vec<String> = out.iter().map(word).collect();
        self.outputs.extend(out);
        text.join(" ")
    }

    pub(crate) fn sees(&mut self, millis: i64, sighting: Sighting) -> String {
        self.step(millis, &GateInput::Sighting(sighting))
    }

    pub(crate) fn hears(&mut self, millis: i64, result: AckResult) -> String {
        let command = self.last_command();
        let ack = Ack {
            command,
            gate: gate(),
            result,
            at: at(millis),
        };
        self.step(millis, &GateInput::Ack(ack))
    }

    pub(crate) fn barrier(&mut self, millis: i64, state: GateState) -> String {
        let barrier = Barrier {
            gate: gate(),
            state,
            since: at(millis),
            nonce: None,
        };
        self.step(millis, &GateInput::Barrier(barrier))
    }

    /// The passage that arrived last.
    pub(crate) fn passage(&self) -> PassageId {
        let mut said = self.outputs.iter().rev();
        let passage = said.find_map(|output| match output {
            GateOutput::PassageChanged(passage) => Some(passage.id),
            _ => None,
        });
        passage.unwrap_or(PassageId(0))
    }

    pub(crate) fn order(&mut self, millis: i64, kind: OrderKind) -> String {
        self.n_orders += 1;
        let order = order(self.n_orders, millis, kind);
        self.step(millis, &GateInput::Order(order))
    }

    pub(crate) fn device(&mut self, millis: i64, input: DeviceInput, is_active: bool) -> String {
        self.n_events += 1;
        let event = DeviceEvent {
            gate: gate(),
            input,
            is_active,
            seq: self.n_events,
            at: at(millis),
        };
        self.step(millis, &GateInput::Device(event))
    }

    /// Something goes under the boom, and is free of it.
    pub(crate) fn drives_under(&mut self, millis: i64) -> String {
        let before = self.device(millis, DeviceInput::LoopUnder, true);
        let under = self.device(millis + 1_500, DeviceInput::LoopUnder, false);
        let free = self.tick(millis + 1_800);
        let said = [before, under, free];
        let said: Vec<&str> = said
            .iter()
            .map(String::as_str)
            .filter(|s| !s.is_empty())
            .collect();
        said.join(" ")
    }

    pub(crate) fn shows(&mut self, millis: i64, pass: u128, is_genuine: bool) -> String {
        self.step(
            millis,
            &GateInput::Document(shown(millis, pass, is_genuine)),
        )
    }

    pub(crate) fn alarms(&self) -> Vec<AlarmKind> {
        let alarms = self.outputs.iter().filter_map(|output| match output {
            GateOutput::Alarm(alarm) if alarm.ended_at.is_none_or(|e| e == alarm.began_at) => {
                Some(alarm.kind)
            }
            _ => None,
        });
        alarms.collect()
    }

    pub(crate) fn tick(&mut self, millis: i64) -> String {
        self.step(millis, &GateInput::Tick)
    }

    pub(crate) fn commands(&self) -> usize {
        self.outputs
            .iter()
            .filter(|o| matches!(o, GateOutput::Command(_)))
            .count()
    }

    fn last_command(&self) -> CommandId {
        let commands = self.outputs.iter().rev().filter_map(|output| match output {
            GateOutput::Command(command) => Some(command.id),
            _ => None,
        });
        commands.into_iter().next().unwrap_or(CommandId(0))
    }
}

fn word(output: &GateOutput) -> String {
    match output {
        GateOutput::PassageChanged(passage) => format!("{:?}", passage.state),
        GateOutput::Verdict(verdict) => format!("{:?}", verdict.outcome),
        GateOutput::Command(command) => format!("{:?}!", command.kind),
        GateOutput::Movement(_) => "moved".to_owned(),
        GateOutput::Alarm(alarm) => match alarm.ended_at {
            Some(end) if alarm.began_at < end => format!("({:?} over)", alarm.kind),
            _ => format!("({:?})", alarm.kind),
        },
    }
}
