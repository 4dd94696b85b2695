//! Everything that is said between programs.

use crate::shape::{
    self, AckShape, AlarmShape, BarrierShape, CandidateShape, CommandShape, DeviceEventShape,
    DocumentShape, MovementShape, OrderShape, PassageShape, SightingShape, VerdictShape,
};
use domain::{
    Ack, Barrier, CameraId, Candidate, DeviceEvent, DocumentRead, GateAlarm, GateCommand, Movement,
    Order, Passage, Sighting, SiteId, Timestamp, Verdict, ZoneId,
};
use serde::{Deserialize, Serialize};

/// One thing said.
#[derive(Clone, Debug, PartialEq)]
pub enum Message {
    /// Somebody or something is in front of a camera.
    Sighting(Sighting),
    /// A rule fired.
    Candidate(Candidate),
    /// A gate's answer.
    Verdict(Verdict),
    /// An order to a barrier, signed.
    Command(SignedCommand),
    /// A barrier's answer.
    Ack(Ack),
    /// A passage changed.
    Passage(Passage),
    /// A barrier moved.
    Barrier(Barrier),
    /// An input of a barrier has changed.
    Device(DeviceEvent),
    /// A document was shown at a gate.
    Document(DocumentRead),
    /// A person's order to a gate, signed.
    Order(SignedOrder),
    /// Somebody went through a gate.
    Movement(Movement),
    /// Something is wrong at a gate, or no longer is.
    Alarm(GateAlarm),
    /// How a camera is.
    Camera(CameraStatus),
    /// How many have passed.
    Count(Count),
    /// Assistance is wanted.
    Assist(Assist),
    /// The centre has stored these messages.
    Receipt(Receipt),
}

/// A command with the signature that the device checks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedCommand {
    /// The order.
    pub command: GateCommand,
    /// First 16 hexadecimal digits of the SHA-256 of the public key.
    pub key_id: String,
    /// Ed25519 signature over [`SignedCommand::signed_bytes`], 128 hexadecimal digits.
    pub signature: String,
}

impl SignedCommand {
    /// What is signed: every field that the device acts on, in a fixed text, with the site so that
    /// a command for another site's gate of the same name is refused.
    pub fn signed_bytes(site: &SiteId, command: &GateCommand) -> Vec<u8> {
        let GateCommand {
            id,
            gate,
            kind,
            cause,
            nonce,
            issued_at,
            expires_at,
        } = command;
        let kind = shape::command_kind_text(*kind);
        let cause = shape::cause_text(*cause);
        let nonce = nonce.map_or_else(|| "none".to_owned(), shape::nonce_text);
        format!(
            "gac-command-v2\n{site}\n{gate}\n{id}\n{kind}\n{cause}\n{nonce}\n\
             {issued_at}\n{expires_at}\n"
        )
        .into_bytes()
    }
}

/// A person's order with the signature of the program that knows who the person is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedOrder {
    /// The order.
    pub order: Order,
    /// First 16 hexadecimal digits of the SHA-256 of the public key.
    pub key_id: String,
    /// Ed25519 signature over [`SignedOrder::signed_bytes`], 128 hexadecimal digits.
    pub signature: String,
}

impl SignedOrder {
    /// What is signed, with the site. The account and the reason come last and with their lengths
    /// in bytes, so that no line break in them can pass for another field.
    pub fn signed_bytes(site: &SiteId, order: &Order) -> Vec<u8> {
        let Order {
            id,
            gate,
            kind,
            by,
            reason,
            issued_at,
            expires_at,
        } = order;
        let gate = gate.as_ref().map_or("*", |gate| gate.as_str());
        let kind = shape::order_kind_text(kind);
        let (by_len, reason_len) = (by.len(), reason.len());
        format!(
            "gac-order-v1\n{site}\n{gate}\n{id}\n{kind}\n{issued_at}\n{expires_at}\n\
             {by_len} {by}\n{reason_len} {reason}\n"
        )
        .into_bytes()
    }
}

/// Whether a camera delivers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CameraState {
    /// Being opened.
    Connecting,
    /// Frames come.
    Streaming,
    /// Connected, and no frame for too long.
    Stalled,
    /// Not to be had; tried again and again.
    Lost,
    /// The file has ended.
    Ended,
}

/// How a camera is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CameraStatus {
    /// The camera.
    #[serde(with = "crate::shape::slug")]
    pub camera: CameraId,
    /// Whether it delivers.
    pub state: CameraState,
    /// One line for people when it does not.
    pub reason: Option<String>,
    /// Frames in the last second.
    pub fps: f32,
    /// Frames since the start.
    pub frames: u64,
    /// Of these, not analysed because a newer one was there, and frames that the network lost.
    pub dropped: u64,
    /// When this was said.
    #[serde(with = "crate::time")]
    pub at: Timestamp,
}

/// How many have passed a line since the start.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Count {
    /// The zone that the line bounds.
    #[serde(with = "crate::shape::slug")]
    pub zone: ZoneId,
    /// People in.
    pub people_in: u64,
    /// People out.
    pub people_out: u64,
    /// Vehicles in.
    pub vehicles_in: u64,
    /// Vehicles out.
    pub vehicles_out: u64,
    /// Capture time of the newest crossing.
    #[serde(with = "crate::time")]
    pub at: Timestamp,
}

/// Assistance is wanted before a camera, and nothing more: why is for those who may see the
/// watch-list's alerts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Assist {
    /// Where.
    #[serde(with = "crate::shape::slug")]
    pub camera: CameraId,
    /// When.
    #[serde(with = "crate::time")]
    pub at: Timestamp,
}

/// The centre has written these messages durably; their outbox may forget them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// Whose messages.
    pub source: String,
    /// The envelopes' ids, at most 256.
    pub ids: Vec<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", content = "body", rename_all = "kebab-case")]
pub(crate) enum MessageShape {
    Sighting(Box<SightingShape>),
    Candidate(Box<CandidateShape>),
    Verdict(VerdictShape),
    Command(CommandShape),
    Ack(AckShape),
    Passage(PassageShape),
    Barrier(BarrierShape),
    Device(DeviceEventShape),
    Document(DocumentShape),
    Order(OrderShape),
    Movement(MovementShape),
    Alarm(AlarmShape),
    Camera(CameraStatus),
    Count(Count),
    Assist(Assist),
    Receipt(Receipt),
}

impl From<&Message> for MessageShape {
    fn from(message: &Message) -> Self {
        match message {
            Message::Sighting(m) => Self::Sighting(Box::new(m.into())),
            Message::Candidate(m) => Self::Candidate(Box::new(m.into())),
            Message::Verdict(m) => Self::Verdict(m.into()),
            Message::Command(m) => Self::Command(m.into()),
            Message::Ack(m) => Self::Ack(m.into()),
            Message::Passage(m) => Self::Passage(m.into()),
            Message::Barrier(m) => Self::Barrier(m.into()),
            Message::Device(m) => Self::Device(m.into()),
            Message::Document(m) => Self::Document(m.into()),
            Message::Order(m) => Self::Order(m.into()),
            Message::Movement(m) => Self::Movement(m.into()),
            Message::Alarm(m) => Self::Alarm(m.into()),
            Message::Camera(m) => Self::Camera(m.clone()),
            Message::Count(m) => Self::Count(m.clone()),
            Message::Assist(m) => Self::Assist(m.clone()),
            Message::Receipt(m) => Self::Receipt(m.clone()),
        }
    }
}

impl TryFrom<MessageShape> for Message {
    type Error = String;

    fn try_from(shape: MessageShape) -> Result<Self, String> {
        Ok(match shape {
            MessageShape::Sighting(m) => Self::Sighting((*m).try_into()?),
            MessageShape::Candidate(m) => Self::Candidate((*m).try_into()?),
            MessageShape::Verdict(m) => Self::Verdict(m.try_into()?),
            MessageShape::Command(m) => Self::Command(m.try_into()?),
            MessageShape::Ack(m) => Self::Ack(m.into()),
            MessageShape::Passage(m) => Self::Passage(m.into()),
            MessageShape::Barrier(m) => Self::Barrier(m.try_into()?),
            MessageShape::Device(m) => Self::Device(m.into()),
            MessageShape::Document(m) => Self::Document(m.try_into()?),
            MessageShape::Order(m) => Self::Order(m.try_into()?),
            MessageShape::Movement(m) => Self::Movement(m.try_into()?),
            MessageShape::Alarm(m) => Self::Alarm(m.into()),
            MessageShape::Camera(m) if m.fps.is_finite() => Self::Camera(m),
            MessageShape::Camera(_) => return Err("a number is not finite".to_owned()),
            MessageShape::Count(m) => Self::Count(m),
            MessageShape::Assist(m) => Self::Assist(m),
            MessageShape::Receipt(m) if m.ids.len() <= 256 => Self::Receipt(m),
            MessageShape::Receipt(_) => return Err("a receipt has more than 256 ids".to_owned()),
        })
    }
}
