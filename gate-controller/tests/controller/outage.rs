//! The broker is away for longer than a command lives.

use crate::site::*;
use domain::PassageState;
use gate_controller::{GateConfig, GateEvent, JOURNAL_BYTES_MAX};
use policy::Policy;
use service::{
    bus::{Bus, BusConfig},
    clock::SystemClock,
};
use std::{net::Ipv4Addr, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
};
use wire::Message;

/// A way to the broker that is shut at first: whoever comes is hung up on.
struct Way {
    port: u16,
    is_open: watch::Sender<bool>,
}

impl Way {
    async fn shut(broker: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("a port");
        let port = listener.local_addr().expect("it is bound").port();
        let (is_open, open) = watch::channel(false);
        tokio::spawn(async move {
            while let Ok((mut stream, _address)) = listener.accept().await {
                if *open.borrow() {
                    tokio::spawn(async move {
                        let mut on = TcpStream::connect((Ipv4Addr::LOCALHOST, broker)).await?;
                        tokio::io::copy_bidirectional(&mut stream, &mut on).await
                    });
                }
            }
        });
        Self { port, is_open }
    }
}

fn config(site: &Site, life: Duration) -> GateConfig {
    let config = site.config(JOURNAL_BYTES_MAX);
    let policy = Policy {
        grant_ttl: life,
        ..config.policy
    };
    GateConfig { policy, ..config }
}

/// A gate that hears its cameras and cannot speak yet.
async fn mute_gate(site: &Site, way: &Way, life: Duration) -> (Gate, Bus) {
    let config = config(site, life);
    let filters = config.filters(&site_id());
    let (ears, events) = site.connect("gate-1-in", filters).await;
    let (bus, _own) = Bus::connect(BusConfig {
        backoff_max: Duration::from_millis(200),
        ..BusConfig::new("127.0.0.1", way.port, site_id(), "gate-1")
    });
    let gate = site.gate_on(config, (bus, events), SystemClock).await;
    (gate, ears)
}

fn is_state(state: PassageState) -> impl Fn(&GateEvent) -> bool {
    move |event| matches!(event, GateEvent::Passage(passage) if passage.state == state)
}

fn is_commanded(event: &GateEvent) -> bool {
    matches!(event, GateEvent::Commanded(_))
}

fn n_commands(heard: &[Message]) -> usize {
    let commands = heard.iter().filter(|m| matches!(m, Message::Command(_)));
    commands.count()
}

/// Opens the way to the broker after a command's end, and gives all that is heard then.
async fn heard_after_the_outage(gate: &Gate, way: &Way, listener: &mut Listener) -> Vec<Message> {
    way.is_open.send_replace(true);
    gate.bus.wait_online().await.expect("the bus is open");
    until_equal(|| gate.controller.stats().commands_expired_unsent, 1).await;
    assert_eq!(gate.bus.counts().expired, 1);
    // The outbox's messages come after what was queued first.
    let is_told = |m: &Message| matches!(m, Message::Passage(p) if p.state == PassageState::Failed);
    listener.until(|heard| heard.iter().any(is_told)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_that_expires_while_the_broker_is_away_is_never_sent() {
    let site = Site::new().await;
    let mut listener = site.listener().await;
    let way = Way::shut(site.port).await;
    let (mut gate, _ears) = mute_gate(&site, &way, Duration::from_secs(2)).await;
    let (camera, _events) = site.connect("camera", Vec::new()).await;
    see(&camera, car(1, 0, ALLOWED));
    let mut seen = gate.until(is_state(PassageState::Failed)).await;
    assert_eq!(gate.controller.stats().commands, 1);
    let heard = heard_after_the_outage(&gate, &way, &mut listener).await;
    assert_eq!(n_commands(&heard), 0);
    while let Ok(event) = gate.events.try_recv() {
        seen.push(event);
    }
    assert!(!seen.iter().any(is_commanded), "{seen:#?}");
    gate.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_that_is_said_again_after_a_restart_expires_too() {
    let site = Site::new().await;
    let mut listener = site.listener().await;
    let life = Duration::from_secs(4);
    let config = config(&site, life);
    let connected = site.connect("gate-1", config.filters(&site_id())).await;
    let mut gate = site.gate_on(config, connected, SystemClock).await;
    let (camera, _events) = site.connect("camera", Vec::new()).await;
    see(&camera, car(1, 0, ALLOWED));
    gate.until(is_commanded).await;
    gate.stop().await;

    let way = Way::shut(site.port).await;
    let (mut gate, _ears) = mute_gate(&site, &way, life).await;
    assert_eq!(gate.controller.recovery().n_commands_again, 1);
    gate.until(is_state(PassageState::Failed)).await;
    let heard = heard_after_the_outage(&gate, &way, &mut listener).await;
    assert_eq!(n_commands(&heard), 1, "the first time only");
    gate.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_waits_for_a_broker_that_is_back_in_time() {
    let site = Site::new().await;
    let mut listener = site.listener().await;
    let way = Way::shut(site.port).await;
    let (mut gate, _ears) = mute_gate(&site, &way, Duration::from_secs(4)).await;
    let (camera, _events) = site.connect("camera", Vec::new()).await;
    see(&camera, car(1, 0, ALLOWED));
    let seen = gate.until(is_state(PassageState::Commanded)).await;
    assert!(!seen.iter().any(is_commanded), "{seen:#?}");
    way.is_open.send_replace(true);
    gate.until(is_commanded).await;
    listener.until(|heard| n_commands(heard) == 1).await;
    let stats = gate.controller.stats();
    assert_eq!((stats.commands, stats.commands_expired_unsent), (1, 0));
    gate.stop().await;
}
