//! Persons' orders, and who went where.

use super::{device::check_signature, slug, words};
use crate::message::SignedOrder;
use domain::{
    Direction, GateId, LineCrossing, Movement, Mover, Order, OrderId, OrderKind, PassId, PassageId,
    PersonId, SiteMode, Timestamp, ZoneId,
};
use serde::{Deserialize, Serialize};

words!(ModeWord for SiteMode { Normal, Lockdown, Evacuation });
words!(DirectionWord for Direction { In, Out });

pub(crate) fn mode_text(mode: SiteMode) -> &'static str {
    match mode {
        SiteMode::Normal => "normal",
        SiteMode::Lockdown => "lockdown",
        SiteMode::Evacuation => "evacuation",
    }
}

/// How an order's kind stands in the signed text.
pub(crate) fn order_kind_text(kind: &OrderKind) -> String {
    match kind {
        OrderKind::Admit(passage) => format!("admit {passage}"),
        OrderKind::Refuse(passage) => format!("refuse {passage}"),
        OrderKind::Open => "open".to_owned(),
        OrderKind::HoldOpen => "hold-open".to_owned(),
        OrderKind::Release => "release".to_owned(),
        OrderKind::Mode(mode) => format!("mode {}", mode_text(*mode)),
        OrderKind::ForgiveAntiPassback(zone) => format!("forgive-anti-passback {zone}"),
        OrderKind::Counted {
            zone,
            vehicles,
            people,
        } => format!("counted {zone} {vehicles} {people}"),
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum OrderKindShape {
    Admit {
        #[serde(with = "slug")]
        passage_id: PassageId,
    },
    Refuse {
        #[serde(with = "slug")]
        passage_id: PassageId,
    },
    Open,
    HoldOpen,
    Release,
    Mode(ModeWord),
    ForgiveAntiPassback {
        #[serde(with = "slug")]
        zone: ZoneId,
    },
    Counted {
        #[serde(with = "slug")]
        zone: ZoneId,
        vehicles: u32,
        people: u32,
    },
}

impl From<&OrderKind> for OrderKindShape {
    fn from(kind: &OrderKind) -> Self {
        match kind {
            OrderKind::Admit(passage_id) => Self::Admit {
                passage_id: *passage_id,
            },
            OrderKind::Refuse(passage_id) => Self::Refuse {
                passage_id: *passage_id,
            },
            OrderKind::Open => Self::Open,
            OrderKind::HoldOpen => Self::HoldOpen,
            OrderKind::Release => Self::Release,
            OrderKind::Mode(mode) => Self::Mode((*mode).into()),
            OrderKind::ForgiveAntiPassback(zone) => {
                Self::ForgiveAntiPassback { zone: zone.clone() }
            }
            OrderKind::Counted {
                zone,
                vehicles,
                people,
            } => Self::Counted {
                zone: zone.clone(),
                vehicles: *vehicles,
                people: *people,
            },
        }
    }
}

impl From<OrderKindShape> for OrderKind {
    fn from(kind: OrderKindShape) -> Self {
        match kind {
            OrderKindShape::Admit { passage_id } => Self::Admit(passage_id),
            OrderKindShape::Refuse { passage_id } => Self::Refuse(passage_id),
            OrderKindShape::Open => Self::Open,
            OrderKindShape::HoldOpen => Self::HoldOpen,
            OrderKindShape::Release => Self::Release,
            OrderKindShape::Mode(mode) => Self::Mode(mode.into()),
            OrderKindShape::ForgiveAntiPassback { zone } => Self::ForgiveAntiPassback(zone),
            OrderKindShape::Counted {
                zone,
                vehicles,
                people,
            } => Self::Counted {
                zone,
                vehicles,
                people,
            },
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OrderShape {
    #[serde(with = "slug")]
    order_id: OrderId,
    #[serde(with = "slug::optional")]
    gate: Option<GateId>,
    order: OrderKindShape,
    by: String,
    reason: String,
    #[serde(with = "crate::time")]
    issued_at: Timestamp,
    #[serde(with = "crate::time")]
    expires_at: Timestamp,
    key_id: String,
    signature: String,
}

impl From<&SignedOrder> for OrderShape {
    fn from(signed: &SignedOrder) -> Self {
        let o = &signed.order;
        Self {
            order_id: o.id,
            gate: o.gate.clone(),
            order: (&o.kind).into(),
            by: o.by.clone(),
            reason: o.reason.clone(),
            issued_at: o.issued_at,
            expires_at: o.expires_at,
            key_id: signed.key_id.clone(),
            signature: signed.signature.clone(),
        }
    }
}

/// Longest account name and longest reason, in characters.
const ORDER_TEXT_CHARS_MAX: usize = 500;

impl TryFrom<OrderShape> for SignedOrder {
    type Error = String;

    fn try_from(o: OrderShape) -> Result<Self, String> {
        check_signature(&o.signature)?;
        if [&o.by, &o.reason]
            .iter()
            .any(|text| ORDER_TEXT_CHARS_MAX < text.chars().count())
        {
            return Err("an order's account or reason is too long".to_owned());
        }
        let order = Order {
            id: o.order_id,
            gate: o.gate,
            kind: o.order.into(),
            by: o.by,
            reason: o.reason,
            issued_at: o.issued_at,
            expires_at: o.expires_at,
        };
        Ok(Self {
            order,
            key_id: o.key_id,
            signature: o.signature,
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum MoverShape {
    Plate(String),
    #[serde(with = "slug")]
    Person(PersonId),
    #[serde(with = "slug")]
    Pass(PassId),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MovementShape {
    #[serde(with = "slug")]
    passage_id: PassageId,
    #[serde(with = "slug")]
    gate: GateId,
    #[serde(with = "slug::optional")]
    from: Option<ZoneId>,
    #[serde(with = "slug::optional")]
    to: Option<ZoneId>,
    class: super::perception::ClassWord,
    mover: Option<MoverShape>,
    #[serde(with = "slug::optional")]
    pass_id: Option<PassId>,
    #[serde(with = "crate::time")]
    at: Timestamp,
}

impl From<&Movement> for MovementShape {
    fn from(m: &Movement) -> Self {
        Self {
            passage_id: m.passage,
            gate: m.gate.clone(),
            from: m.from.clone(),
            to: m.to.clone(),
            class: m.class.into(),
            mover: m.mover.as_ref().map(|mover| match mover {
                Mover::Plate(key) => MoverShape::Plate(key.clone()),
                Mover::Person(person) => MoverShape::Person(*person),
                Mover::Pass(pass) => MoverShape::Pass(*pass),
            }),
            pass_id: m.pass,
            at: m.at,
        }
    }
}

impl TryFrom<MovementShape> for Movement {
    type Error = String;

    fn try_from(m: MovementShape) -> Result<Self, String> {
        let is_key = |key: &str| {
            (1..=16).contains(&key.len()) && key.bytes().all(|b| b.is_ascii_alphanumeric())
        };
        let mover = match m.mover {
            Some(MoverShape::Plate(key)) if !is_key(&key) => {
                return Err("a mover is no plate's key".to_owned());
            }
            Some(MoverShape::Plate(key)) => Some(Mover::Plate(key)),
            Some(MoverShape::Person(person)) => Some(Mover::Person(person)),
            Some(MoverShape::Pass(pass)) => Some(Mover::Pass(pass)),
            None => None,
        };
        Ok(Self {
            passage: m.passage_id,
            gate: m.gate,
            from: m.from,
            to: m.to,
            class: m.class.into(),
            mover,
            pass: m.pass_id,
            at: m.at,
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CrossingShape {
    #[serde(with = "slug")]
    zone: ZoneId,
    direction: DirectionWord,
    #[serde(with = "crate::time")]
    at: Timestamp,
}

impl From<&LineCrossing> for CrossingShape {
    fn from(c: &LineCrossing) -> Self {
        Self {
            zone: c.zone.clone(),
            direction: c.direction.into(),
            at: c.at,
        }
    }
}

impl From<CrossingShape> for LineCrossing {
    fn from(c: CrossingShape) -> Self {
        Self {
            zone: c.zone,
            direction: c.direction.into(),
            at: c.at,
        }
    }
}
