//! kill -9 while the boom is on its way up: a command that comes again is not obeyed again.

use crate::{
    barrier::{acks, command, send, states},
    site::*,
};
use domain::{AckResult, DeviceNonce, GateCommand, GateState};
use gate_controller::{BarrierSettings, BarrierSimulator, SimulatorParts, simulator_filters};
use service::{
    bus::{Bus, BusConfig},
    clock::{SystemClock, now},
    keys::{CommandVerifier, SigningKeyFile},
    shutdown::Shutdown,
};
use std::{
    path::Path,
    process::{Child, Command},
    time::Duration,
};
use wire::Message;

/// `PORT FOLDER` of the site that the killed process is a barrier of.
const SITE: &str = "GAC_TEST_KILLED_BARRIER";
const N_ROUNDS: u128 = 4;

/// Not a test by itself: the part of the next one that is killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_barrier_to_kill() {
    let Some(site) = std::env::var_os(SITE) else {
        return;
    };
    let site = site.into_string().expect("it is text");
    let (port, folder) = site.split_once(' ').expect("two words");
    let port = port.parse().expect("it is a port");
    let config = BusConfig::new("127.0.0.1", port, site_id(), "barrier-1");
    let filters = simulator_filters(&site_id(), &gate_id());
    let (bus, events) = Bus::connect(BusConfig { filters, ..config });
    bus.wait_online().await.expect("the broker is reached");
    let folder = Path::new(folder);
    let key = SigningKeyFile::load_or_create(&folder.join("key")).expect("a key");
    let parts = SimulatorParts {
        bus,
        events,
        verifier: CommandVerifier::from_public(&key.public()).expect("a key"),
        settings: BarrierSettings::new(gate_id()),
        memory: folder.join("barrier-1.obeyed"),
        clock: SystemClock,
    };
    let _barrier = BarrierSimulator::start(parts, Shutdown::new()).expect("it starts");
    std::future::pending::<()>().await;
}

/// A barrier in a process of its own; SIGKILL ends it, also when the test fails.
struct Barrier(Child);

impl Drop for Barrier {
    fn drop(&mut self) {
        self.0.kill().expect("it can be killed");
        self.0.wait().expect("it has ended");
    }
}

fn start(site: &Site) -> Barrier {
    let folder = site.folder.path().to_str().expect("it is text");
    let child = Command::new(std::env::current_exe().expect("this program"))
        .args([
            "--exact",
            "killed_barrier::a_barrier_to_kill",
            "--nocapture",
        ])
        .env(SITE, format!("{} {folder}", site.port))
        .spawn();
    Barrier(child.expect("it starts"))
}

/// Does not expire while the test runs.
fn long_lived(id: u128, nonce: DeviceNonce) -> GateCommand {
    let issued_at = now();
    GateCommand {
        expires_at: issued_at.saturating_add(Duration::from_secs(300)),
        ..command(id, nonce, issued_at)
    }
}

fn n_up(heard: &[Message]) -> u128 {
    let opening = |state: &&GateState| **state == GateState::Opening;
    states(heard).iter().filter(opening).count() as u128
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_barrier_obeys_no_command_twice() {
    let site = Site::new().await;
    let mut listener = site.listener().await;
    let (bus, _events) = site.connect("sender", Vec::new()).await;
    let key = site.key();
    let mut before = Vec::new();
    for round in 0..N_ROUNDS {
        let barrier = start(&site);
        let is_down = |heard: &[Message]| {
            let downs = states(heard).into_iter();
            round < downs.filter(|state| *state == GateState::Closed).count() as u128
        };
        listener.until(is_down).await;
        // All that was ever said comes again, and then one new command.
        for again in before.iter().cloned() {
            send(&bus, again);
        }
        let is_duplicate = |heard: &[Message], id| {
            let again = acks(heard).into_iter();
            round
                < id + again
                    .filter(|ack| *ack == (id, AckResult::Duplicate))
                    .count() as u128
        };
        let is_known = |heard: &[Message]| (1..=round).all(|id| is_duplicate(heard, id));
        listener.until(is_known).await;
        let heard = listener.until(|_heard| true).await;
        let nonce = heard.iter().rev().find_map(|message| match message {
            Message::Barrier(barrier) => barrier.nonce,
            _ => None,
        });
        let nonce = nonce.expect("a barrier gives a nonce");
        let signed = key.sign_command(&site_id(), long_lived(round + 1, nonce));
        send(&bus, signed.clone());
        let is_obeyed = |heard: &[Message]| {
            acks(heard).contains(&(round + 1, AckResult::Accepted)) && round < n_up(heard)
        };
        listener.until(is_obeyed).await;
        drop(barrier);
        before.push(signed);
    }
    let heard = listener.until(|_heard| true).await;
    assert_eq!(n_up(&heard), N_ROUNDS, "once for each command: {heard:#?}");
    let accepted = acks(&heard)
        .into_iter()
        .filter(|(_, result)| *result == AckResult::Accepted);
    assert!(accepted.map(|(id, _)| id).eq(1..=N_ROUNDS));
}
