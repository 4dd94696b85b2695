//! How rules and lanes stand in the journal.

use domain::{Class, Direction, GateId, ZoneId};
use policy::{AntiPassback, Capacity, Confirm, Factor, Lane, OnSilence, Policy, Route};
use serde::{Deserialize, Serialize};
use std::{str::FromStr, time::Duration};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PolicyShape {
    version: u64,
    factor: FactorWord,
    second: Option<FactorWord>,
    second_within_ms: u64,
    from: Option<String>,
    to: Option<String>,
    anti_passback: AntiPassbackShape,
    inside_forgotten_after_ms: u64,
    vehicles_max: Option<u32>,
    people_max: Option<u32>,
    plate_score_min: f32,
    rival_score_min: f32,
    face_margin_min: f32,
    is_liveness_required: bool,
    agreeing_min: u32,
    face_agreeing_share_min: f32,
    registry_age_max_ms: u64,
    late_after_ms: u64,
    clock_tolerance_ms: u64,
    grant_ttl_ms: u64,
    utc_offset_minutes: i32,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum AntiPassbackShape {
    Off,
    Soft,
    Hard,
    TimedMs(u64),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum ConfirmShape {
    Presumed,
    Loop,
    Line {
        zone: String,
        direction: DirectionWord,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LaneShape {
    gate: String,
    classes: Vec<ClassWord>,
    decide_after_max_ms: u64,
    unread_after_max_ms: u64,
    same_vehicle_within_ms: u64,
    quiet_max_ms: u64,
    open_max: u32,
    is_upgrade_allowed: bool,
    confirm: ConfirmShape,
    guard_within_ms: Option<u64>,
    on_silence: SilenceWord,
    interlocked_with: Vec<String>,
    opens_on_fire: bool,
    loop_gap_ms: u64,
    held_open_after_ms: u64,
    stalled_after_ms: u64,
}

macro_rules! words {
    ($word:ident for $ty:ident { $($variant:ident),* }) => {
        #[derive(Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        enum $word { $($variant),* }

        impl From<$ty> for $word {
            fn from(value: $ty) -> Self {
                match value { $($ty::$variant => Self::$variant),* }
            }
        }

        impl From<$word> for $ty {
            fn from(value: $word) -> Self {
                match value { $($word::$variant => Self::$variant),* }
            }
        }
    };
}

words!(FactorWord for Factor { Plate, Face, Pass, Anyone });
words!(ClassWord for Class { Person, Bicycle, Car, Motorbike, Bus, Truck, Face, Plate });
words!(DirectionWord for Direction { In, Out });
words!(SilenceWord for OnSilence { StayShut, LetIn });

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

fn slug<T: FromStr>(text: &str) -> Result<T, String> {
    text.parse()
        .map_err(|_invalid| "a name is no slug".to_owned())
}

impl From<&Policy> for PolicyShape {
    fn from(p: &Policy) -> Self {
        let zone = |zone: &Option<ZoneId>| zone.as_ref().map(ToString::to_string);
        Self {
            version: p.version,
            factor: p.factor.into(),
            second: p.second.map(FactorWord::from),
            second_within_ms: millis(p.second_within),
            from: zone(&p.route.from),
            to: zone(&p.route.to),
            anti_passback: match p.anti_passback {
                AntiPassback::Off => AntiPassbackShape::Off,
                AntiPassback::Soft => AntiPassbackShape::Soft,
                AntiPassback::Hard => AntiPassbackShape::Hard,
                AntiPassback::Timed(span) => AntiPassbackShape::TimedMs(millis(span)),
            },
            inside_forgotten_after_ms: millis(p.inside_forgotten_after),
            vehicles_max: p.capacity.vehicles,
            people_max: p.capacity.people,
            plate_score_min: p.plate_score_min,
            rival_score_min: p.rival_score_min,
            face_margin_min: p.face_margin_min,
            is_liveness_required: p.is_liveness_required,
            agreeing_min: p.agreeing_min,
            face_agreeing_share_min: p.face_agreeing_share_min,
            registry_age_max_ms: millis(p.registry_age_max),
            late_after_ms: millis(p.late_after),
            clock_tolerance_ms: millis(p.clock_tolerance),
            grant_ttl_ms: millis(p.grant_ttl),
            utc_offset_minutes: p.utc_offset_minutes,
        }
    }
}

impl TryFrom<PolicyShape> for Policy {
    type Error = String;

    fn try_from(p: PolicyShape) -> Result<Self, String> {
        let span = Duration::from_millis;
        Ok(Self {
            version: p.version,
            factor: p.factor.into(),
            second: p.second.map(Factor::from),
            second_within: span(p.second_within_ms),
            route: Route {
                from: p.from.as_deref().map(slug).transpose()?,
                to: p.to.as_deref().map(slug).transpose()?,
            },
            anti_passback: match p.anti_passback {
                AntiPassbackShape::Off => AntiPassback::Off,
                AntiPassbackShape::Soft => AntiPassback::Soft,
                AntiPassbackShape::Hard => AntiPassback::Hard,
                AntiPassbackShape::TimedMs(ms) => AntiPassback::Timed(span(ms)),
            },
            inside_forgotten_after: span(p.inside_forgotten_after_ms),
            capacity: Capacity {
                vehicles: p.vehicles_max,
                people: p.people_max,
            },
            plate_score_min: p.plate_score_min,
            rival_score_min: p.rival_score_min,
            face_margin_min: p.face_margin_min,
            is_liveness_required: p.is_liveness_required,
            agreeing_min: p.agreeing_min,
            face_agreeing_share_min: p.face_agreeing_share_min,
            registry_age_max: span(p.registry_age_max_ms),
            late_after: span(p.late_after_ms),
            clock_tolerance: span(p.clock_tolerance_ms),
            grant_ttl: span(p.grant_ttl_ms),
            utc_offset_minutes: p.utc_offset_minutes,
        })
    }
}

impl From<&Lane> for LaneShape {
    fn from(l: &Lane) -> Self {
        Self {
            gate: l.gate.to_string(),
            classes: l.classes.iter().map(|class| (*class).into()).collect(),
            decide_after_max_ms: millis(l.decide_after_max),
            unread_after_max_ms: millis(l.unread_after_max),
            same_vehicle_within_ms: millis(l.same_vehicle_within),
            quiet_max_ms: millis(l.quiet_max),
            open_max: u32::try_from(l.open_max).unwrap_or(u32::MAX),
            is_upgrade_allowed: l.is_upgrade_allowed,
            confirm: match &l.confirm {
                Confirm::Presumed => ConfirmShape::Presumed,
                Confirm::Loop => ConfirmShape::Loop,
                Confirm::Line(zone, direction) => ConfirmShape::Line {
                    zone: zone.to_string(),
                    direction: (*direction).into(),
                },
            },
            guard_within_ms: l.guard_within.map(millis),
            on_silence: l.on_silence.into(),
            interlocked_with: l.interlocked_with.iter().map(GateId::to_string).collect(),
            opens_on_fire: l.opens_on_fire,
            loop_gap_ms: millis(l.loop_gap),
            held_open_after_ms: millis(l.held_open_after),
            stalled_after_ms: millis(l.stalled_after),
        }
    }
}

impl TryFrom<LaneShape> for Lane {
    type Error = String;

    fn try_from(l: LaneShape) -> Result<Self, String> {
        let span = Duration::from_millis;
        let others: Result<Vec<GateId>, String> =
            l.interlocked_with.iter().map(|gate| slug(gate)).collect();
        Ok(Self {
            gate: slug(&l.gate)?,
            classes: l.classes.into_iter().map(Class::from).collect(),
            decide_after_max: span(l.decide_after_max_ms),
            unread_after_max: span(l.unread_after_max_ms),
            same_vehicle_within: span(l.same_vehicle_within_ms),
            quiet_max: span(l.quiet_max_ms),
            open_max: usize::try_from(l.open_max).unwrap_or(usize::MAX),
            is_upgrade_allowed: l.is_upgrade_allowed,
            confirm: match l.confirm {
                ConfirmShape::Presumed => Confirm::Presumed,
                ConfirmShape::Loop => Confirm::Loop,
                ConfirmShape::Line { zone, direction } => {
                    Confirm::Line(slug(&zone)?, direction.into())
                }
            },
            guard_within: l.guard_within_ms.map(span),
            on_silence: l.on_silence.into(),
            interlocked_with: others?,
            opens_on_fire: l.opens_on_fire,
            loop_gap: span(l.loop_gap_ms),
            held_open_after: span(l.held_open_after_ms),
            stalled_after: span(l.stalled_after_ms),
        })
    }
}
