//! What gates, their devices and their guards say.

use crate::command;
use domain::{
    AlarmId, AlarmKind, Assurance, Barrier, Class, CommandCause, DeviceEvent, DeviceInput,
    DeviceNonce, DocumentId, DocumentKind, DocumentRead, GateAlarm, GateId, GateState, HolderKey,
    Movement, Mover, Order, OrderId, OrderKind, PassId, PassageId, PersonId, SiteMode, Timestamp,
    ZoneId,
};
use wire::{Message, SignedOrder};

fn order(kind: OrderKind) -> Message {
    let order = Order {
        id: OrderId(1),
        gate: Some("gate-1".parse().unwrap()),
        kind,
        by: "guard-1".to_owned(),
        reason: "xe cứu thương".to_owned(),
        issued_at: Timestamp::from_millis(4),
        expires_at: Timestamp::from_millis(3004),
    };
    Message::Order(SignedOrder {
        order,
        key_id: "ab".repeat(8),
        signature: "cd".repeat(64),
    })
}

fn gate() -> GateId {
    "gate-1".parse().unwrap()
}

fn zone() -> ZoneId {
    "yard".parse().unwrap()
}

fn document(kind: DocumentKind, assurance: Assurance) -> Message {
    Message::Document(DocumentRead {
        id: DocumentId(1),
        gate: gate(),
        kind,
        assurance,
        shown_at: Timestamp::from_millis(5),
    })
}

fn movement(mover: Option<Mover>) -> Message {
    Message::Movement(Movement {
        passage: PassageId(1),
        gate: gate(),
        from: None,
        to: Some(zone()),
        class: Class::Truck,
        mover,
        pass: Some(PassId(2)),
        at: Timestamp::from_millis(6),
    })
}

fn commanded_by(cause: CommandCause) -> Message {
    let mut signed = command();
    (signed.command.cause, signed.command.nonce) = (cause, None);
    Message::Command(signed)
}

fn of_devices() -> Vec<Message> {
    let pass = DocumentKind::Pass {
        pass: PassId(2),
        is_genuine: false,
    };
    let card = DocumentKind::CitizenCard {
        holder: HolderKey(9),
        masked: "001•••••3456".to_owned(),
    };
    vec![
        Message::Barrier(Barrier {
            gate: gate(),
            state: GateState::Opening,
            since: Timestamp::from_millis(7),
            nonce: Some(DeviceNonce(1)),
        }),
        Message::Device(DeviceEvent {
            gate: gate(),
            input: DeviceInput::LoopUnder,
            is_active: true,
            seq: 8,
            at: Timestamp::from_millis(8),
        }),
        document(pass, Assurance::Pass),
        document(card, Assurance::QrText),
    ]
}

fn of_gates() -> Vec<Message> {
    vec![
        movement(Some(Mover::Plate("51G12345".to_owned()))),
        movement(Some(Mover::Person(PersonId(3)))),
        movement(Some(Mover::Pass(PassId(2)))),
        movement(None),
        Message::Alarm(GateAlarm {
            id: AlarmId(1),
            gate: gate(),
            kind: AlarmKind::Tailgating,
            passage: Some(PassageId(1)),
            began_at: Timestamp::from_millis(9),
            ended_at: None,
        }),
        commanded_by(CommandCause::Order(OrderId(4))),
        commanded_by(CommandCause::Fire),
    ]
}

pub(crate) fn messages() -> Vec<Message> {
    let people = OrderKind::Counted {
        zone: zone(),
        vehicles: 3,
        people: 4,
    };
    let orders = [
        OrderKind::Admit(PassageId(1)),
        OrderKind::Refuse(PassageId(1)),
        OrderKind::Open,
        OrderKind::HoldOpen,
        OrderKind::Release,
        OrderKind::Mode(SiteMode::Lockdown),
        OrderKind::ForgiveAntiPassback(zone()),
        people,
    ];
    let said = of_devices().into_iter().chain(of_gates());
    said.chain(orders.map(order)).collect()
}

/// The account and the reason are a person's words: no line break in them makes another order.
#[test]
fn no_two_orders_have_the_same_signed_bytes() {
    let site = "park".parse().unwrap();
    let bytes = |by: &str, reason: &str| {
        let Message::Order(mut signed) = order(OrderKind::Open) else {
            unreachable!("it is an order")
        };
        (signed.order.by, signed.order.reason) = (by.to_owned(), reason.to_owned());
        SignedOrder::signed_bytes(&site, &signed.order)
    };
    assert_ne!(bytes("a\n1 b", "c"), bytes("a", "1 b\n1 c"));
    assert_ne!(bytes("a", "b\n"), bytes("a\n", "b"));
}
