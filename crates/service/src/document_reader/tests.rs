//! The contract that every reader keeps, tried on simulated ones of both kinds.

use super::*;
use crate::documents::HolderKeys;
use proptest::prelude::*;

struct Desk {
    port: ReaderPort,
    reader: SimulatedReader,
    now: Timestamp,
    _folder: tempfile::TempDir,
}

fn desk(method: ReadMethod) -> Desk {
    let folder = tempfile::tempdir().unwrap();
    let key = |name: &str| SigningKeyFile::load_or_create(&folder.path().join(name)).unwrap();
    let reader = SimulatedReader {
        id: "desk-1".to_owned(),
        site: "park-1".parse().unwrap(),
        gate: "lane-1".parse().unwrap(),
        method,
        key: key("reader"),
    };
    let mut port = ReaderPort::new(DocumentTexts {
        site: "park-1".parse().unwrap(),
        holders: HolderKeys::load_or_create(&folder.path().join("holder")).unwrap(),
        passes: CommandVerifier::from_public(&key("pass").public()).unwrap(),
    });
    let gates = vec!["lane-1".parse().unwrap()];
    port.trust("desk-1", &reader.key.public_hex(), gates)
        .unwrap();
    Desk {
        port,
        reader,
        now: Timestamp::from_millis(1_795_246_370_000),
        _folder: folder,
    }
}

/// Nobody has this number.
fn card() -> ShownDocument {
    ShownDocument {
        number: CitizenNumber::parse("001090123456").unwrap(),
        is_authentic: true,
        expires_at: Some(Timestamp::from_millis(2_000_000_000_000)),
    }
}

impl Desk {
    fn later(&mut self, ms: u64) {
        self.now = self.now.saturating_add(Duration::from_millis(ms));
    }

    fn show(&mut self, document: &ShownDocument) -> Result<ToldDocument, ReaderRefusal> {
        self.later(5_000);
        let message = self.reader.show(document, self.now);
        self.port.take(&message, self.now)
    }
}

#[test]
fn every_reader_keeps_the_contract() {
    for (method, assurance) in [
        (ReadMethod::Chip, Assurance::Chip),
        (ReadMethod::Vneid, Assurance::Vneid),
    ] {
        let mut desk = desk(method);
        let told = desk.show(&card()).unwrap();
        assert_eq!((told.assurance, told.shown_at), (assurance, desk.now));
        assert_eq!(told.gate.as_str(), "lane-1");
        let DocumentKind::CitizenCard { holder, masked } = &told.kind else {
            unreachable!()
        };
        assert_eq!(masked, "001•••••3456");
        assert_eq!(*holder, desk.port.texts.holders.key_of(card().number));

        let forged = ShownDocument {
            is_authentic: false,
            ..card()
        };
        assert_eq!(desk.show(&forged), Err(ReaderRefusal::NotAuthentic));
        let over = ShownDocument {
            expires_at: Some(desk.now),
            ..card()
        };
        assert_eq!(desk.show(&over), Err(ReaderRefusal::Expired));

        let message = desk
            .reader
            .show(&card(), desk.now.saturating_add(Duration::from_secs(1)));
        assert!(desk.port.take(&message, desk.now).is_ok());
        assert_eq!(
            desk.port.take(&message, desk.now),
            Err(ReaderRefusal::Replay)
        );
        desk.later(60_000);
        assert_eq!(
            desk.port.take(&message, desk.now),
            Err(ReaderRefusal::NotOfNow)
        );

        desk.reader.site = "park-2".parse().unwrap();
        assert_eq!(desk.show(&card()), Err(ReaderRefusal::Signature));
        desk.reader.site = "park-1".parse().unwrap();
        desk.reader.gate = "lane-2".parse().unwrap();
        assert_eq!(desk.show(&card()), Err(ReaderRefusal::Gate));
        desk.reader.gate = "lane-1".parse().unwrap();
        desk.reader.id = "desk-2".to_owned();
        assert_eq!(desk.show(&card()), Err(ReaderRefusal::UnknownReader));
    }
}

#[test]
fn a_changed_message_is_refused_and_takes_no_number() {
    let mut desk = desk(ReadMethod::Chip);
    let message = desk.reader.show(&card(), desk.now);
    let text = String::from_utf8(message.clone()).unwrap();
    for (from, to, why) in [
        ("001090123456", "001090123457", ReaderRefusal::Signature),
        ("true", "false", ReaderRefusal::Signature),
        (
            "\"signature\":\"",
            "\"signature\":\"0",
            ReaderRefusal::Malformed,
        ),
        ("\"body\"", "\"text\"", ReaderRefusal::Malformed),
        ("lane-1", "lane-2", ReaderRefusal::Signature),
    ] {
        let changed = text.replacen(from, to, 1);
        assert_eq!(
            desk.port.take(changed.as_bytes(), desk.now),
            Err(why),
            "{from}"
        );
    }
    assert!(desk.port.take(&message, desk.now).is_ok());
    let huge = vec![b' '; 1 << 20];
    assert_eq!(
        desk.port.take(&huge, desk.now),
        Err(ReaderRefusal::TooLarge)
    );
}

#[test]
fn a_flood_is_refused_and_ends() {
    let mut desk = desk(ReadMethod::Vneid);
    let mut taken = Vec::new();
    for _n in 0..3 * FLOOD_MAX {
        desk.later(100);
        let message = desk.reader.show(&card(), desk.now);
        taken.push(desk.port.take(&message, desk.now));
    }
    assert_eq!(
        taken.iter().filter(|taken| taken.is_ok()).count(),
        FLOOD_MAX
    );
    assert_eq!(taken.last(), Some(&Err(ReaderRefusal::Flood)));
    desk.later(60_000);
    assert!(desk.show(&card()).is_ok());
}

proptest! {
    // Each case makes key files.
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn no_message_is_too_strange(bytes in any::<Vec<u8>>(), body in any::<String>()) {
        let mut desk = desk(ReadMethod::Chip);
        prop_assert!(desk.port.take(&bytes, desk.now).is_err());
        let sealed = Sealed { body, signature: "0".repeat(128) };
        let message = serde_json::to_vec(&sealed).unwrap();
        prop_assert!(desk.port.take(&message, desk.now).is_err());
    }
}
