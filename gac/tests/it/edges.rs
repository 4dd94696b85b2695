//! Edges for tests: each with a broker of its own, which is joined to the centre's by a bridge, a
//! gate with a simulated barrier, and a camera that says what the test wants.

use crate::{
    kept::files,
    program::{Program, gac, lines_of, until},
    servers::Mosquitto,
    spy::Spy,
};
use domain::{
    BoxInImage, CharRead, Class, Movement, Outcome, PassageState, Plate, PlateColour, PlateVote,
    RowRead, Sighting, SightingId, SightingPhase, TrackId,
};
use policy::ZoneBook;
use service::{bus::Bus, clock::now};
use std::{collections::BTreeMap, fmt::Write as _, fs, path::Path, time::Duration};
use wire::{JournalEntry, Message, Topic};

/// What the centre's file says of who may pass.
pub(crate) const PLATES: [&str; 4] = ["51G-111.22", "51G-333.55", "30F-256.58", "29A-888.99"];

pub(crate) const UNKNOWN: &str = "92A-902.20";

/// The centre's folder, with a list that it publishes; gives the key that seals it.
pub(crate) fn centre(folder: &Path, port: u16) -> String {
    let mut text = format!(
        "[site]\nid = \"trial\"\nname = \"Thử\"\n[web]\nlisten = \"127.0.0.1:0\"\n\
         [broker]\nkind = \"external\"\nport = {port}\n[list]\npublish = true\n"
    );
    for plate in PLATES {
        write!(text, "[[registration]]\nplate = \"{plate}\"\n").unwrap();
    }
    fs::write(folder.join("site.toml"), text).unwrap();
    let file = folder.join("list.bundle");
    let lines = list(&["publish", "--file", file.to_str().unwrap()], folder);
    let key = lines
        .iter()
        .find_map(|line| line.strip_prefix("public_key = "));
    key.unwrap().trim_matches('"').to_owned()
}

/// Runs `gac list …` on a folder's site; it must go well.
pub(crate) fn list(words: &[&str], folder: &Path) -> Vec<String> {
    let site = folder.join("site.toml");
    let words = [&["list"], words, &[site.to_str().unwrap()]].concat();
    let output = gac(&words);
    let lines = lines_of(&output);
    assert!(output.status.success(), "{words:?}: {lines:#?}");
    lines
}

pub(crate) struct Edge {
    pub(crate) folder: tempfile::TempDir,
    _mosquitto: Mosquitto,
    pub(crate) spy: Spy,
    name: &'static str,
    program: Option<Program>,
}

impl Edge {
    /// None where Mosquitto is not installed. `way` says where the lane leads.
    pub(crate) async fn new(
        name: &'static str,
        way: &str,
        key: &str,
        centre: Option<u16>,
    ) -> Option<Self> {
        let bridge = centre.map_or_else(String::new, |port| {
            format!(
                "connection centre\naddress 127.0.0.1:{port}\ntopic gac/v1/trial/# both 1\n\
                 remote_clientid bridge-{name}\nlocal_clientid bridge-{name}-here\n\
                 cleansession false\nnotifications false\nrestart_timeout 1\n"
            )
        });
        let config = format!("allow_anonymous true\nmax_packet_size 1048576\n{bridge}");
        let mosquitto = Mosquitto::start(&config).await?;
        let folder = tempfile::tempdir().unwrap();
        let text = format!(
            "[site]\nid = \"trial\"\nname = \"Thử\"\n\
             [broker]\nkind = \"external\"\nport = {}\n\
             [list]\nfrom = \"centre\"\npublic_key = \"{key}\"\n\
             [[zone]]\nid = \"yard\"\n\
             [[camera]]\nid = \"{name}\"\nsource = {{ rtsp = \"rtsp://127.0.0.1:1/none\" }}\n\
             tasks = [\"vehicles\", \"plates\"]\n\
             [[gate]]\nid = \"{name}\"\ncamera = \"{name}\"\nfactor = \"plate\"\n\
             actuator = \"simulator\"\n{way}\n",
            mosquitto.port
        );
        fs::write(folder.path().join("site.toml"), text).unwrap();
        let spy = Spy::on(mosquitto.port);
        spy.online().await;
        Some(Self {
            folder,
            _mosquitto: mosquitto,
            spy,
            name,
            program: None,
        })
    }

    pub(crate) async fn start(&mut self) {
        let mut program = Program::start("gate", self.folder.path());
        program.says(&["running;"]).await;
        self.program = Some(program);
        // The barrier has said where it is, so the gate hears its camera, too.
        let topic = Topic::Barrier("trial".parse().unwrap(), self.name.parse().unwrap());
        let filter = topic.to_string();
        let mut events = self.spy.bus.route(&[filter], 4).unwrap();
        let closed = async {
            while let Some(incoming) = events.recv().await {
                if let Ok(Message::Barrier(barrier)) = incoming.envelope().map(|e| e.message)
                    && barrier.state == domain::GateState::Closed
                {
                    return;
                }
            }
        };
        tokio::time::timeout(crate::program::PATIENCE, closed)
            .await
            .unwrap();
    }

    /// Dead at once; what it said.
    pub(crate) fn kill(&mut self) -> Vec<String> {
        self.program.take().unwrap().kill_nine()
    }

    pub(crate) async fn end(&mut self) {
        let (code, lines) = self.program.take().unwrap().end().await;
        assert_eq!(code, Some(0), "{lines:#?}");
    }

    pub(crate) fn program(&mut self) -> &mut Program {
        self.program.as_mut().unwrap()
    }

    /// What the edge says of its list.
    pub(crate) fn listed(&self) -> String {
        list(&["show"], self.folder.path()).join("\n")
    }

    /// A car comes, is answered, and goes on when it was let in.
    pub(crate) async fn passes(&self, id: u128, plate: &str) -> Outcome {
        self.see(car(self.name, id, 0, plate));
        let verdict = async || {
            self.spy.heard(|heard| {
                heard.messages.iter().find_map(|message| match message {
                    Message::Verdict(v) if v.sighting == SightingId(id) => Some(v.clone()),
                    _ => None,
                })
            })
        };
        let verdict = until("a verdict is given", verdict).await;
        if verdict.outcome == Outcome::Grant {
            let is_open = async || {
                self.spy.heard(|heard| {
                    let opened = |message: &Message| {
                        matches!(message, Message::Passage(passage)
                            if passage.id == verdict.passage
                                && passage.state == PassageState::Opened)
                    };
                    heard.messages.iter().any(opened).then_some(())
                })
            };
            until("the barrier opens", is_open).await;
        }
        let mut gone = car(self.name, id, 1, plate);
        gone.phase = SightingPhase::Final;
        self.see(gone);
        if verdict.outcome == Outcome::Grant {
            let has_moved = async || {
                let passages: Vec<_> = self.movements().iter().map(|m| m.passage).collect();
                passages.contains(&verdict.passage).then_some(())
            };
            until("the car is through", has_moved).await;
        }
        verdict.outcome
    }

    fn see(&self, sighting: Sighting) {
        let topic = Topic::Sighting("trial".parse().unwrap(), self.name.parse().unwrap());
        say(&self.spy.bus, &topic, Message::Sighting(sighting));
    }

    /// Waits until its gate decides on the list of this version.
    pub(crate) async fn decides_on(&self, version: u64) {
        let is_in_force = async || {
            let journals = files(&self.folder.path().join("state"), ".jsonl");
            let records = journals
                .iter()
                .flat_map(|journal| service::journal::read(journal).unwrap().records);
            let of_list = |entry| match entry {
                JournalEntry::Registry(list) => Some(list.version),
                _ => None,
            };
            let last = records
                .filter_map(|record| of_list(record.entry))
                .next_back();
            (last == Some(version)).then_some(())
        };
        until("the list is in force", is_in_force).await;
    }

    /// All movements in its journal, its own and those that it heard, each once.
    pub(crate) fn movements(&self) -> Vec<Movement> {
        let mut movements = BTreeMap::new();
        for journal in files(&self.folder.path().join("state"), ".jsonl") {
            for record in service::journal::read(&journal).unwrap().records {
                if let JournalEntry::Input(Message::Movement(m))
                | JournalEntry::Output(Message::Movement(m)) = record.entry
                {
                    movements.insert(m.passage, m);
                }
            }
        }
        movements.into_values().collect()
    }

    /// Its book of who is inside.
    pub(crate) fn book(&self) -> ZoneBook {
        let mut book = ZoneBook::default();
        for movement in self.movements() {
            book.note(&movement);
        }
        book
    }
}

pub(crate) fn say(bus: &Bus, topic: &Topic, message: Message) {
    bus.say(topic, message, now()).unwrap();
}

/// A car that was seen just now with this plate, read surely.
fn car(camera: &str, id: u128, revision: u32, plate: &str) -> Sighting {
    let seen_at = now();
    let char_read = |best| CharRead {
        best,
        score: 0.97,
        alternatives: Vec::new(),
    };
    let plate = Plate::parse(plate).unwrap();
    let row = |row: &String| RowRead {
        chars: row.chars().map(char_read).collect(),
    };
    Sighting {
        id: SightingId(id),
        revision,
        phase: SightingPhase::New,
        camera: camera.parse().unwrap(),
        track: TrackId(1),
        class: Class::Car,
        first_seen_at: seen_at.saturating_sub(Duration::from_millis(300)),
        last_seen_at: seen_at,
        bounds: BoxInImage::new(1.0, 2.0, 3.0, 4.0),
        is_plate_decisive: true,
        is_face_decisive: false,
        raw_reads: domain::RawReads::default(),
        plate: Some(PlateVote {
            rows: plate.rows().iter().map(row).collect(),
            colour: PlateColour::White,
            n_reads: 5,
            n_agreeing: 5,
        }),
        face: None,
        picture: None,
        crossings: Vec::new(),
    }
}
