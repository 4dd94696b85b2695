//! Everything that is said while the demo runs, heard as any other program would hear it.

use super::plan::DemoCamera;
use crate::run::Running;
use anyhow::Result;
use domain::{
    BoxInImage, Candidate, CommandId, PassageId, Sighting, SightingId, SightingPhase, Timestamp,
    Verdict,
};
use gate_controller::{CommandTiming, GateEvent};
use service::clock;
use std::{
    collections::BTreeMap,
    fs,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{sync::broadcast::error::RecvError, sync::watch};
use wire::{Message, Topic};

/// Pictures kept of one camera.
const PICTURES_MAX: usize = 6;

/// All that was heard.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    /// The newest message about each sighting.
    pub(crate) sightings: BTreeMap<SightingId, Sighting>,
    /// Where each sighting was, message by message.
    pub(crate) places: BTreeMap<SightingId, Vec<(Timestamp, BoxInImage)>>,
    /// Verdicts in the order in which they were given.
    pub(crate) verdicts: Vec<Verdict>,
    /// Commands with all their times.
    pub(crate) commands: BTreeMap<CommandId, CommandTiming>,
    /// Which passage each command was for.
    pub(crate) commanded: Vec<PassageId>,
    /// Candidates.
    pub(crate) candidates: Vec<Candidate>,
    /// From capture to hearing of a sighting that had just become decisive.
    pub(crate) sighting_ages_ms: Vec<f64>,
    /// Pictures by camera: file and when.
    pub(crate) pictures: BTreeMap<String, Vec<(PathBuf, Timestamp)>>,
    first_picture_at: Option<Timestamp>,
    newest_picture: BTreeMap<String, Vec<u8>>,
    decisive: BTreeMap<SightingId, ()>,
}

impl Seen {
    /// Takes a message about a sighting; one that comes again changes nothing.
    pub(crate) fn note(&mut self, sighting: Sighting) {
        let known = self.sightings.get(&sighting.id);
        if known.is_some_and(|known| sighting.revision <= known.revision) {
            return;
        }
        let places = self.places.entry(sighting.id).or_default();
        places.push((sighting.last_seen_at, sighting.bounds));
        self.sightings.insert(sighting.id, sighting);
    }
}

/// Hears everything.
pub(crate) struct Watch {
    seen: Arc<Mutex<Seen>>,
    changed: watch::Sender<u64>,
}

impl Watch {
    /// Listens to the broker and to the gates.
    pub(crate) async fn start(
        running: &mut Running,
        cameras: &[DemoCamera],
        folder: PathBuf,
    ) -> Result<Self> {
        if folder.exists() {
            fs::remove_dir_all(&folder)?;
        }
        fs::create_dir_all(&folder)?;
        let site = running.site.clone();
        let filters = ["sighting", "candidate", "picture"]
            .map(|kind| Topic::all_cameras(&site, kind))
            .to_vec();
        let (_bus, mut events) = running.connect("demo", filters);
        let this = Self {
            seen: Arc::default(),
            changed: watch::Sender::new(0),
        };
        let (seen, changed) = (this.seen.clone(), this.changed.clone());
        let keeper = Keeper {
            folder,
            gate_of: gate_cameras(cameras),
        };
        let pictures = keeper.clone();
        tokio::spawn(async move {
            while let Some(incoming) = events.recv().await {
                match incoming.parsed_topic() {
                    Some(Topic::Picture(_, camera)) => {
                        pictures.see(
                            &mut locked(&seen),
                            camera.as_str(),
                            incoming.payload.to_vec(),
                        );
                    }
                    _ => {
                        if let Ok(envelope) = incoming.envelope() {
                            hear(&mut locked(&seen), envelope.message, &pictures);
                        }
                    }
                }
                changed.send_modify(|n| *n += 1);
            }
        });
        for gate in &running.gates {
            let (seen, changed) = (this.seen.clone(), this.changed.clone());
            let (mut events, keeper) = (gate.events(), keeper.clone());
            let name = gate.gate.to_string();
            tokio::spawn(async move {
                loop {
                    match events.recv().await {
                        Ok(event) => hear_gate(&mut locked(&seen), event, (&keeper, &name)),
                        Err(RecvError::Lagged(_)) => continue,
                        Err(RecvError::Closed) => break,
                    }
                    changed.send_modify(|n| *n += 1);
                }
            });
        }
        Ok(this)
    }

    /// A copy of all that was heard.
    pub(crate) fn seen(&self) -> Seen {
        locked(&self.seen).clone()
    }

    /// When the first picture came.
    pub(crate) fn first_picture_at(&self) -> Option<Timestamp> {
        locked(&self.seen).first_picture_at
    }

    /// Wakes at every change.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// What is heard, for another task.
    pub(crate) fn shared(&self) -> Arc<Mutex<Seen>> {
        self.seen.clone()
    }

    /// One line for the progress bar.
    pub(crate) fn line(&self) -> String {
        let seen = locked(&self.seen);
        format!(
            "{} sightings, {} verdicts, {} commands, {} candidates",
            seen.sightings.len(),
            seen.verdicts.len(),
            seen.commanded.len(),
            seen.candidates.len()
        )
    }

    /// Waits until every sighting has ended and nothing new was heard for a second.
    pub(crate) async fn settle(&self, within: Duration) {
        let deadline = clock::now().saturating_add(within);
        let mut changes = self.changes();
        while clock::now() < deadline {
            let quiet = tokio::time::timeout(Duration::from_secs(1), changes.changed()).await;
            let is_final = |s: &Sighting| s.phase == SightingPhase::Final;
            if quiet.is_err() && locked(&self.seen).sightings.values().all(is_final) {
                return;
            }
        }
    }
}

pub(super) fn locked(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Gates by name, with the camera that sees who comes.
fn gate_cameras(cameras: &[DemoCamera]) -> BTreeMap<String, String> {
    cameras
        .iter()
        .map(|camera| (camera.id.to_owned(), camera.id.to_owned()))
        .collect()
}

#[derive(Clone)]
struct Keeper {
    folder: PathBuf,
    gate_of: BTreeMap<String, String>,
}

impl Keeper {
    fn see(&self, seen: &mut Seen, camera: &str, jpeg: Vec<u8>) {
        let now = clock::now();
        seen.first_picture_at.get_or_insert(now);
        seen.newest_picture.insert(camera.to_owned(), jpeg);
        // One picture of every camera even where nothing is decided: the first after five seconds.
        let is_first = !seen.pictures.contains_key(camera);
        let began = seen.first_picture_at.unwrap_or(now);
        if is_first && Duration::from_secs(5) < now.since(began) {
            self.keep(seen, camera);
        }
    }

    /// Writes the newest picture of a camera beside the report.
    fn keep(&self, seen: &mut Seen, camera: &str) {
        let Some(jpeg) = seen.newest_picture.get(camera) else {
            return;
        };
        let kept = seen.pictures.entry(camera.to_owned()).or_default();
        if PICTURES_MAX <= kept.len() {
            return;
        }
        let file = self.folder.join(format!("{camera}-{}.jpg", kept.len() + 1));
        if fs::write(&file, jpeg).is_ok() {
            kept.push((file, clock::now()));
        }
    }
}

fn hear(seen: &mut Seen, message: Message, keeper: &Keeper) {
    match message {
        Message::Sighting(sighting) => {
            if sighting.is_decisive()
                && sighting.phase != SightingPhase::Final
                && seen.decisive.insert(sighting.id, ()).is_none()
            {
                let age = clock::now().since(sighting.last_seen_at);
                seen.sighting_ages_ms.push(age.as_secs_f64() * 1000.0);
            }
            seen.note(sighting);
        }
        Message::Candidate(candidate)
            if !seen.candidates.iter().any(|known| known.id == candidate.id) =>
        {
            keeper.keep(seen, candidate.camera.as_str());
            seen.candidates.push(candidate);
        }
        _ => (),
    }
}

fn hear_gate(seen: &mut Seen, event: GateEvent, (keeper, gate): (&Keeper, &str)) {
    match event {
        GateEvent::Verdict(verdict) => {
            if let Some(camera) = keeper.gate_of.get(gate) {
                keeper.keep(seen, &camera.clone());
            }
            seen.verdicts.push(verdict);
        }
        GateEvent::Commanded(timing) => {
            let passage = seen
                .verdicts
                .iter()
                .rev()
                .find(|verdict| verdict.given_at == timing.given_at)
                .map(|verdict| verdict.passage);
            seen.commanded.extend(passage);
            seen.commands.insert(timing.command, timing);
        }
        GateEvent::Answered { timing, .. } => {
            seen.commands.insert(timing.command, timing);
        }
        GateEvent::Passage(_)
        | GateEvent::Barrier(_)
        | GateEvent::Movement(_)
        | GateEvent::Alarm(_) => (),
    }
}
