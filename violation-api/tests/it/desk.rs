//! A visitors' desk with real keys and a real list, for tests.

use domain::{PassId, Plate, Timestamp, VisitorId};
use service::{
    documents::{DocumentTexts, HolderKeys},
    keys::{CommandVerifier, SigningKeyFile},
    pass_desk::{PassDesk, PassWish},
    site_list::ListStore,
};
use std::{
    io::Write,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};
use violation_api::{
    ApiConfig, DeskConfig, LanePlan, ReaderConfig, SitePlan,
    store::{NewVisitor, VisitorPerson},
};

/// Nobody has this number or name.
pub(crate) const CARD: &str = "001090123456|012345678|NGUYỄN VĂN MẪU|01011990|Nam|\
                               Số 0, Đường Mẫu, Hà Nội|15042021";

/// Beyond any real clock of these tests.
pub(crate) const HOUR: Duration = Duration::from_secs(3600);

pub(crate) fn pass_desk(folder: &Path) -> PassDesk {
    let key = SigningKeyFile::load_or_create(&folder.join("keys/pass.key")).unwrap();
    PassDesk::new("park-1".parse().unwrap(), key, ListStore::new(folder))
}

pub(crate) fn reader_key(folder: &Path) -> SigningKeyFile {
    SigningKeyFile::load_or_create(&folder.join("reader.key")).unwrap()
}

/// A desk whose one reader stands at `gate-1`.
pub(crate) fn desk(folder: &Path) -> DeskConfig {
    let pass_key = SigningKeyFile::load_or_create(&folder.join("keys/pass.key")).unwrap();
    let holder_key = folder.join("keys/holder.key");
    DeskConfig {
        passes: pass_desk(folder),
        texts: DocumentTexts {
            site: "park-1".parse().unwrap(),
            holders: HolderKeys::load_or_create(&holder_key).unwrap(),
            passes: CommandVerifier::from_public(&pass_key.public()).unwrap(),
        },
        readers: vec![ReaderConfig {
            id: "desk-1".to_owned(),
            public_key: reader_key(folder).public_hex(),
            gates: vec!["gate-1".parse().unwrap()],
        }],
        kept: Duration::from_secs(30 * 24 * 3600),
        is_automatic: false,
        public_url: None,
    }
}

/// A zone in which it is noon just now: no test runs over a midnight of its site.
fn noon_zone() -> String {
    let hour = clock_hour();
    match 12 - hour {
        0 => "Etc/GMT".to_owned(),
        // The sign of these names is turned round (tz database, file etcetera).
        east @ 1.. => format!("Etc/GMT-{east}"),
        west => format!("Etc/GMT+{}", -west),
    }
}

fn clock_hour() -> i64 {
    service::clock::now().as_micros() / 3_600_000_000 % 24
}

/// Gives a configuration a desk, and the gate `gate-1`.
pub(crate) fn with_desk(config: &mut ApiConfig) {
    let folder = config.evidence_dir.parent().unwrap().to_owned();
    config.desk = Some(desk(&folder));
    config.zone = noon_zone();
    config.plan = SitePlan {
        lanes: vec![LanePlan {
            gate: "gate-1".parse().unwrap(),
            camera: "gate-1-in".parse().unwrap(),
            from: None,
            to: Some("yard".parse().unwrap()),
        }],
        zones: Vec::new(),
    };
}

/// A pass of this site from an hour ago; listed or not.
pub(crate) fn pass(folder: &Path, id: u128, until: Timestamp, is_listed: bool) -> String {
    let now = service::clock::now();
    let wish = PassWish {
        plate: None,
        group: None,
        note: None,
        from: now.saturating_sub(2 * HOUR),
        until,
        uses_max: None,
    };
    let desk = pass_desk(folder);
    let (entry, text) = desk.prepare(PassId(id), &wish).unwrap();
    if is_listed {
        desk.list(entry, now).unwrap();
    }
    text
}

pub(crate) fn new_visitor(n: u128, name: &str, from: Timestamp) -> NewVisitor {
    NewVisitor {
        id: VisitorId(n),
        person: VisitorPerson {
            name: name.to_owned(),
            company: Some("Công ty Mẫu".to_owned()),
            phone: Some("0912000111".to_owned()),
            host: "Trần Thị Đón".to_owned(),
            purpose: Some("giao hàng".to_owned()),
            plate: Some(Plate::parse("30F-256.58").unwrap()),
        },
        expected_from: from,
        expected_until: from.saturating_add(4 * HOUR),
        uses_max: Some(1),
        ticket_sha256: None,
    }
}

/// A place for a log that a test looks into.
#[derive(Clone, Default)]
pub(crate) struct Log(pub(crate) Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
