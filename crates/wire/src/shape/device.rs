//! Commands, and what devices and readers say.

use super::{gate::AssuranceWord, slug, words};
use crate::message::SignedCommand;
use domain::{
    Ack, AckResult, Barrier, CommandCause, CommandId, CommandKind, DeviceEvent, DeviceInput,
    DeviceNonce, DocumentId, DocumentKind, DocumentRead, GateCommand, GateId, GateState, HolderKey,
    OrderId, PassId, PassageId, Timestamp, VerdictId,
};
use serde::{Deserialize, Serialize};

words!(KindWord for CommandKind { Open, HoldOpen, Release });
words!(AckWord for AckResult { Accepted, Executed, Rejected, Expired, Duplicate });
words!(StateWord for GateState { Closed, Opening, Open, Closing, Fault, Unknown });
words!(InputWord for DeviceInput { LoopBefore, LoopUnder, Beam, Fire, Tamper, PowerLost });

pub(crate) fn command_kind_text(kind: CommandKind) -> &'static str {
    match kind {
        CommandKind::Open => "open",
        CommandKind::HoldOpen => "hold-open",
        CommandKind::Release => "release",
    }
}

/// How the cause of a command stands in the signed text.
pub(crate) fn cause_text(cause: CommandCause) -> String {
    match cause {
        CommandCause::Verdict { verdict, passage } => format!("verdict {verdict} {passage}"),
        CommandCause::Order(order) => format!("order {order}"),
        CommandCause::Fire => "fire".to_owned(),
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum CauseShape {
    Verdict {
        #[serde(with = "slug")]
        verdict_id: VerdictId,
        #[serde(with = "slug")]
        passage_id: PassageId,
    },
    Order {
        #[serde(with = "slug")]
        order_id: OrderId,
    },
    Fire,
}

impl From<CommandCause> for CauseShape {
    fn from(cause: CommandCause) -> Self {
        match cause {
            CommandCause::Verdict { verdict, passage } => Self::Verdict {
                verdict_id: verdict,
                passage_id: passage,
            },
            CommandCause::Order(order_id) => Self::Order { order_id },
            CommandCause::Fire => Self::Fire,
        }
    }
}

impl From<CauseShape> for CommandCause {
    fn from(cause: CauseShape) -> Self {
        match cause {
            CauseShape::Verdict {
                verdict_id,
                passage_id,
            } => Self::Verdict {
                verdict: verdict_id,
                passage: passage_id,
            },
            CauseShape::Order { order_id } => Self::Order(order_id),
            CauseShape::Fire => Self::Fire,
        }
    }
}

/// A nonce as 16 lower-case hexadecimal digits.
pub(crate) fn nonce_text(nonce: DeviceNonce) -> String {
    format!("{:016x}", nonce.0)
}

fn nonce_of(text: &str) -> Result<DeviceNonce, String> {
    let is_hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    if text.len() != 16 || !text.bytes().all(is_hex) {
        return Err("a nonce is not 16 lower-case hexadecimal digits".to_owned());
    }
    let number = u64::from_str_radix(text, 16).map_err(|error| error.to_string())?;
    Ok(DeviceNonce(number))
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CommandShape {
    #[serde(with = "slug")]
    command_id: CommandId,
    #[serde(with = "slug")]
    gate: GateId,
    op: KindWord,
    cause: CauseShape,
    nonce: Option<String>,
    #[serde(with = "crate::time")]
    issued_at: Timestamp,
    #[serde(with = "crate::time")]
    expires_at: Timestamp,
    key_id: String,
    signature: String,
}

impl From<&SignedCommand> for CommandShape {
    fn from(signed: &SignedCommand) -> Self {
        let c = &signed.command;
        Self {
            command_id: c.id,
            gate: c.gate.clone(),
            op: c.kind.into(),
            cause: c.cause.into(),
            nonce: c.nonce.map(nonce_text),
            issued_at: c.issued_at,
            expires_at: c.expires_at,
            key_id: signed.key_id.clone(),
            signature: signed.signature.clone(),
        }
    }
}

impl TryFrom<CommandShape> for SignedCommand {
    type Error = String;

    fn try_from(c: CommandShape) -> Result<Self, String> {
        check_signature(&c.signature)?;
        let command = GateCommand {
            id: c.command_id,
            gate: c.gate,
            kind: c.op.into(),
            cause: c.cause.into(),
            nonce: c.nonce.as_deref().map(nonce_of).transpose()?,
            issued_at: c.issued_at,
            expires_at: c.expires_at,
        };
        Ok(Self {
            command,
            key_id: c.key_id,
            signature: c.signature,
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AckShape {
    #[serde(with = "slug")]
    command_id: CommandId,
    #[serde(with = "slug")]
    gate: GateId,
    result: AckWord,
    #[serde(with = "crate::time")]
    at: Timestamp,
}

impl From<&Ack> for AckShape {
    fn from(a: &Ack) -> Self {
        Self {
            command_id: a.command,
            gate: a.gate.clone(),
            result: a.result.into(),
            at: a.at,
        }
    }
}

impl From<AckShape> for Ack {
    fn from(a: AckShape) -> Self {
        Self {
            command: a.command_id,
            gate: a.gate,
            result: a.result.into(),
            at: a.at,
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct BarrierShape {
    #[serde(with = "slug")]
    gate: GateId,
    state: StateWord,
    #[serde(with = "crate::time")]
    since: Timestamp,
    nonce: Option<String>,
}

impl From<&Barrier> for BarrierShape {
    fn from(b: &Barrier) -> Self {
        Self {
            gate: b.gate.clone(),
            state: b.state.into(),
            since: b.since,
            nonce: b.nonce.map(nonce_text),
        }
    }
}

impl TryFrom<BarrierShape> for Barrier {
    type Error = String;

    fn try_from(b: BarrierShape) -> Result<Self, String> {
        Ok(Self {
            gate: b.gate,
            state: b.state.into(),
            since: b.since,
            nonce: b.nonce.as_deref().map(nonce_of).transpose()?,
        })
    }
}

/// 64 bytes in hexadecimal.
pub(crate) fn check_signature(text: &str) -> Result<(), String> {
    if text.len() == 128 && text.bytes().all(|b| b.is_ascii_hexdigit()) {
        Ok(())
    } else {
        Err("a signature is not 128 hexadecimal digits".to_owned())
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeviceEventShape {
    #[serde(with = "slug")]
    gate: GateId,
    input: InputWord,
    is_active: bool,
    seq: u64,
    #[serde(with = "crate::time")]
    at: Timestamp,
}

impl From<&DeviceEvent> for DeviceEventShape {
    fn from(e: &DeviceEvent) -> Self {
        Self {
            gate: e.gate.clone(),
            input: e.input.into(),
            is_active: e.is_active,
            seq: e.seq,
            at: e.at,
        }
    }
}

impl From<DeviceEventShape> for DeviceEvent {
    fn from(e: DeviceEventShape) -> Self {
        Self {
            gate: e.gate,
            input: e.input.into(),
            is_active: e.is_active,
            seq: e.seq,
            at: e.at,
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
enum DocumentKindShape {
    Pass {
        #[serde(with = "slug")]
        pass_id: PassId,
        is_genuine: bool,
    },
    CitizenCard {
        holder: String,
        masked: String,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DocumentShape {
    #[serde(with = "slug")]
    document_id: DocumentId,
    #[serde(with = "slug")]
    gate: GateId,
    document: DocumentKindShape,
    assurance: AssuranceWord,
    #[serde(with = "crate::time")]
    shown_at: Timestamp,
}

/// Longest masked number; more is no mask.
const MASKED_CHARS_MAX: usize = 16;

impl From<&DocumentRead> for DocumentShape {
    fn from(d: &DocumentRead) -> Self {
        Self {
            document_id: d.id,
            gate: d.gate.clone(),
            document: match &d.kind {
                DocumentKind::Pass { pass, is_genuine } => DocumentKindShape::Pass {
                    pass_id: *pass,
                    is_genuine: *is_genuine,
                },
                DocumentKind::CitizenCard { holder, masked } => DocumentKindShape::CitizenCard {
                    holder: format!("{:032x}", holder.0),
                    masked: masked.clone(),
                },
            },
            assurance: d.assurance.into(),
            shown_at: d.shown_at,
        }
    }
}

impl TryFrom<DocumentShape> for DocumentRead {
    type Error = String;

    fn try_from(d: DocumentShape) -> Result<Self, String> {
        let kind = match d.document {
            DocumentKindShape::Pass {
                pass_id,
                is_genuine,
            } => DocumentKind::Pass {
                pass: pass_id,
                is_genuine,
            },
            DocumentKindShape::CitizenCard { holder, masked } => {
                let is_hex = holder.bytes().all(|b| b.is_ascii_hexdigit());
                if holder.len() != 32 || !is_hex {
                    return Err("a holder is not 32 hexadecimal digits".to_owned());
                }
                if MASKED_CHARS_MAX < masked.chars().count() {
                    return Err("a masked number is too long".to_owned());
                }
                let holder = u128::from_str_radix(&holder, 16).map_err(|e| e.to_string())?;
                DocumentKind::CitizenCard {
                    holder: HolderKey(holder),
                    masked,
                }
            }
        };
        Ok(Self {
            id: d.document_id,
            gate: d.gate,
            kind,
            assurance: d.assurance.into(),
            shown_at: d.shown_at,
        })
    }
}
