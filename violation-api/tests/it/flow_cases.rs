//! Flow and what is inside, on both databases: sums that no order of messages changes.

use crate::{
    databases::Databases,
    scene::{at, envelope, sighting},
};
use domain::{Class, Direction, LineCrossing, Movement, PassageId, Sighting, Timestamp, ZoneId};
use policy::{Inside, ZoneBook};
use proptest::{
    prelude::*,
    strategy::ValueTree as _,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use std::collections::BTreeMap;
use violation_api::{
    CrowdLevel, Entrance, FlowDirection, FlowKind, FlowSource,
    store::{Counted, CrowdChange, Store},
};
use wire::{Envelope, Message};

/// The first moment of the day that is drawn: a local midnight, an hour of UTC.
const DAY: i64 = 1_795_194_000_000_000;
const QUARTER: i64 = 900_000_000;
const CLASSES: [Class; 4] = [Class::Car, Class::Person, Class::Truck, Class::Bicycle];

fn zone(name: &str) -> ZoneId {
    name.parse().unwrap()
}

/// One thing that is told: a message, or a count by a person.
#[derive(Clone, Debug)]
enum Told {
    Message(Box<Message>),
    Counted(Counted),
}

fn movement(n: u64, (gate, way, class): (usize, usize, usize), at: i64) -> Movement {
    let ways = [
        (None, Some("yard")),
        (Some("yard"), None),
        (Some("yard"), Some("hall")),
        (None, None),
    ];
    let (from, to) = ways[way];
    Movement {
        passage: PassageId(u128::from(n) + 1),
        gate: ["gate-1", "gate-2"][gate].parse().unwrap(),
        from: from.map(zone),
        to: to.map(zone),
        class: CLASSES[class],
        mover: None,
        pass: None,
        at: Timestamp::from_micros(at),
    }
}

/// The revisions of one sighting: the last one has all its crossings, and may know the class
/// better.
fn revisions(n: u64, (class, n_crossings): (usize, usize), at: i64) -> Vec<Sighting> {
    let crossings = [Direction::In, Direction::Out].map(|direction| LineCrossing {
        zone: zone("platform"),
        direction,
        at: Timestamp::from_micros(at + i64::from(direction == Direction::Out) * QUARTER),
    });
    (0..3_u32)
        .map(|revision| Sighting {
            camera: "door-1".parse().unwrap(),
            class: CLASSES[(class + usize::from(revision == 1)) % 4],
            crossings: crossings[..n_crossings.min(revision as usize)].to_vec(),
            ..sighting(n + 1, revision)
        })
        .collect()
}

prop_compose! {
    /// A day in which anything happens.
    fn day()(
        moves in proptest::collection::vec(
            (0_usize..2, 0_usize..4, 0_usize..4, 0_i64..86_400), 1..40),
        walks in proptest::collection::vec((0_usize..4, 0_usize..3, 0_i64..80_000), 0..12),
        counts in proptest::collection::vec(
            (0_usize..3, 0_u32..50, 0_u32..50, 0_i64..86_400), 0..4),
    ) -> Vec<Told> {
        let second = |s: i64| DAY + s * 1_000_000 + 7;
        let moves = (0..).zip(moves).map(|(n, (gate, way, class, s))| {
            Told::Message(Box::new(Message::Movement(movement(n, (gate, way, class), second(s)))))
        });
        let walks = (0..).zip(walks).flat_map(|(n, (class, n_crossings, s))| {
            let told = |it| Told::Message(Box::new(Message::Sighting(it)));
            revisions(n, (class, n_crossings), second(s)).into_iter().map(told)
        });
        let counts = counts.into_iter().map(|(of, vehicles, people, s)| Told::Counted(Counted {
            zone: zone(["yard", "hall", "platform"][of]),
            vehicles,
            people,
            by: "guard".to_owned(),
            // No two of one zone at the same moment, and none at the moment of a movement.
            at: Timestamp::from_micros(
                second(s) + 100 + i64::from(vehicles) * 100 + i64::from(people)),
        }));
        moves.chain(walks).chain(counts).collect()
    }
}

/// All that is left.
type Left = (
    Vec<violation_api::FlowRow>,
    Vec<violation_api::store::InsideRow>,
);

async fn take_in(store: &Store, told: &[Told], n_first: u64) {
    for (n, one) in (n_first..).zip(told) {
        match one {
            Told::Message(message) => {
                let batch: [Envelope; 1] = [envelope(n, "gate", (**message).clone())];
                store.ingest(&batch, at(0)).await.unwrap();
            }
            Told::Counted(counted) => {
                store.put_counted(counted, at(0)).await.unwrap();
            }
        }
    }
}

async fn left(store: &Store) -> Left {
    let span = (
        Timestamp::from_micros(DAY),
        Timestamp::from_micros(DAY + 86_400_000_000),
    );
    let flow = store.flow(span, false).await.unwrap();
    let mut insides = store.insides().await.unwrap();
    // Rows of nothing are no difference.
    insides.retain(|row| (row.vehicles, row.people, row.counted_at) != (0, 0, None));
    (flow, insides)
}

/// What the hours must be, from the newest revision of everything.
fn expected(told: &[Told]) -> BTreeMap<(i64, Entrance, FlowDirection, FlowKind), u64> {
    let mut newest: BTreeMap<String, &Sighting> = BTreeMap::new();
    let mut steps = Vec::new();
    for one in told {
        let Told::Message(message) = one else {
            continue;
        };
        match &**message {
            Message::Movement(m) => {
                let direction = if m.from.is_some() && m.to.is_none() {
                    FlowDirection::Out
                } else {
                    FlowDirection::In
                };
                steps.push((m.at, Entrance::Gate(m.gate.clone()), direction, m.class));
            }
            Message::Sighting(s) => {
                let known = newest.entry(s.id.to_string()).or_insert(s);
                if known.revision < s.revision {
                    *known = s;
                }
            }
            _ => (),
        }
    }
    for s in newest.values() {
        for crossing in &s.crossings {
            let direction = match crossing.direction {
                Direction::In => FlowDirection::In,
                Direction::Out => FlowDirection::Out,
            };
            let line = Entrance::Line(s.camera.clone(), crossing.zone.clone());
            steps.push((crossing.at, line, direction, s.class));
        }
    }
    let mut hours = BTreeMap::new();
    for (at, entrance, direction, class) in steps {
        let hour = at.as_micros() / (4 * QUARTER) * 4 * QUARTER;
        *hours
            .entry((hour, entrance, direction, FlowKind::of(class)))
            .or_default() += 1;
    }
    hours
}

pub(crate) async fn a_day_in_any_order_leaves_the_same_hours(databases: &Databases) {
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    for _case in 0..5 {
        let told = day().new_tree(&mut runner).unwrap().current();
        let shuffled = Just(told.clone()).prop_shuffle();
        let shuffled = shuffled.new_tree(&mut runner).unwrap().current();
        let (one, other) = (databases.fresh().await, databases.fresh().await);
        take_in(&one, &told, 0).await;
        take_in(&other, &shuffled, 5000).await;
        // Everything again: the same envelopes, and others with the same news.
        take_in(&other, &shuffled, 5000).await;
        take_in(&other, &told, 9000).await;
        let (flow, insides) = left(&one).await;
        assert_eq!((flow.clone(), insides), left(&other).await);
        let mut hours: BTreeMap<_, u64> = BTreeMap::new();
        for row in flow {
            let key = (row.at.as_micros(), row.entrance, row.direction, row.kind);
            *hours.entry(key).or_default() += row.n;
        }
        assert_eq!(hours, expected(&told));
    }
}

/// The sums here and the gates' own book are two programs of one meaning.
pub(crate) async fn what_is_inside_is_what_the_gates_own_book_says(databases: &Databases) {
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    for _case in 0..5 {
        let told = day()
            .prop_shuffle()
            .new_tree(&mut runner)
            .unwrap()
            .current();
        let store = databases.fresh().await;
        take_in(&store, &told, 0).await;
        let mut book = ZoneBook::default();
        for one in &told {
            match one {
                Told::Message(message) => {
                    if let Message::Movement(movement) = &**message {
                        book.note(movement);
                    }
                }
                Told::Counted(c) => {
                    let (vehicles, people) = (i64::from(c.vehicles), i64::from(c.people));
                    book.counted(&c.zone, Inside { vehicles, people }, c.at);
                }
            }
        }
        let rows = store.insides().await.unwrap();
        for name in ["yard", "hall"] {
            let zone = zone(name);
            let row = rows
                .iter()
                .find(|row| row.zone == zone && row.source == FlowSource::Gate);
            let here = Inside {
                vehicles: row.map_or(0, |row| row.vehicles.max(0)),
                people: row.map_or(0, |row| row.people.max(0)),
            };
            assert_eq!(here, book.inside(&zone), "{name}");
        }
    }
}

pub(crate) async fn a_crossing_that_a_later_revision_takes_back_is_taken_out(
    databases: &Databases,
) {
    let store = databases.fresh().await;
    let mut all = revisions(1, (1, 1), DAY);
    all[1].class = Class::Person;
    let lost = Sighting {
        crossings: Vec::new(),
        ..all[1].clone()
    };
    all[0].crossings = all[1].crossings.clone();
    all[0].class = Class::Person;
    take_in(
        &store,
        &[Told::Message(Box::new(Message::Sighting(all[0].clone())))],
        0,
    )
    .await;
    let (flow, insides) = left(&store).await;
    assert_eq!((flow.len(), flow[0].n, insides[0].people), (1, 1, 1));
    let span = Timestamp::from_micros(DAY);
    let platform = zone("platform");
    let net = store
        .net_by_quarter((&platform, FlowSource::Line), span)
        .await;
    assert_eq!(net.unwrap(), [(span, FlowKind::Person, 1)]);
    let taken_back = Told::Message(Box::new(Message::Sighting(lost)));
    take_in(&store, &[taken_back], 1).await;
    assert_eq!(left(&store).await, (vec![], vec![]));
}

pub(crate) async fn levels_are_written_down_once(databases: &Databases) {
    let store = databases.fresh().await;
    let change = |seconds, level| CrowdChange {
        zone: zone("hall"),
        at: at(seconds),
        level,
        vehicles: 0,
        people: 340,
    };
    assert!(
        store
            .put_crowd(&change(1, CrowdLevel::Crowded))
            .await
            .unwrap()
    );
    assert!(
        !store
            .put_crowd(&change(2, CrowdLevel::Crowded))
            .await
            .unwrap()
    );
    assert!(!store.put_crowd(&change(0, CrowdLevel::Full)).await.unwrap());
    assert!(store.put_crowd(&change(3, CrowdLevel::Full)).await.unwrap());
    let now = store.crowds().await.unwrap();
    assert_eq!((now[0].level, now[0].since), (CrowdLevel::Full, at(3)));
    let changes = store.crowd_changes(at(0), 9).await.unwrap();
    assert_eq!(
        changes,
        [change(3, CrowdLevel::Full), change(1, CrowdLevel::Crowded)]
    );
    assert_eq!(store.crowd_changes(at(0), 1).await.unwrap().len(), 1);
}
