use super::*;
use domain::{Plate, Registration};
use proptest::prelude::*;
use std::sync::OnceLock;

const HOUR: Duration = Duration::from_secs(3600);

fn now() -> Timestamp {
    Timestamp::from_millis(1_795_000_000_000)
}

fn site() -> SiteId {
    "park-1".parse().unwrap()
}

/// One key for all tests, and another that nobody trusts.
fn keys() -> &'static [SigningKeyFile; 2] {
    static KEYS: OnceLock<[SigningKeyFile; 2]> = OnceLock::new();
    KEYS.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        ["a", "b"].map(|name| SigningKeyFile::load_or_create(&folder.path().join(name)).unwrap())
    })
}

fn trusted() -> CommandVerifier {
    CommandVerifier::from_public(&keys()[0].public()).unwrap()
}

/// A list of so many vehicles; about 2000 fill a part.
fn content(n_vehicles: u32) -> BundleBody {
    let plate = |n: u32| Plate::parse(&format!("51G{:05}", n % 100_000)).unwrap();
    let entry = |n| Registration {
        plate: Some(plate(n)),
        group: Some("nhan-vien".parse().unwrap()),
        ..Registration::allow()
    };
    BundleBody {
        keys: BundleKeys {
            orders: vec![keys()[1].public_hex()],
            passes: Vec::new(),
        },
        list: SiteList {
            registrations: (0..n_vehicles).map(entry).collect(),
            ..SiteList::default()
        },
    }
}

fn bundle(version: u64, as_of: Timestamp, n_vehicles: u32) -> Bundle {
    let times = (as_of, as_of.saturating_add(48 * HOUR));
    Bundle::seal(&keys()[0], site(), version, times, content(n_vehicles)).unwrap()
}

fn assembler() -> Assembler {
    Assembler::new(site(), trusted(), None)
}

/// Gives all of a bundle, seal first.
fn give(assembler: &mut Assembler, bundle: &Bundle) -> Result<Taken, BundleRefused> {
    let mut last = assembler.take_seal(&bundle.sealed().encode(), now())?;
    if last == Taken::Wanted {
        for (n, part) in (0..).zip(bundle.parts()) {
            last = assembler.take_part(n, part.to_vec())?;
        }
    }
    Ok(last)
}

#[test]
fn fifty_thousand_vehicles_fit_in_parts_that_a_message_carries() {
    let bundle = bundle(1, now(), 50_000);
    let n_bytes: usize = bundle.parts().map(<[u8]>::len).sum();
    let n_parts = bundle.parts().count();
    let seal = bundle.sealed().encode().len();
    println!("{n_bytes} bytes, {n_parts} parts, a seal of {seal} bytes");
    assert!(n_parts <= PARTS_MAX / 4 && seal < 8192);
    assert!(
        bundle
            .parts()
            .all(|part| part.len() < wire::PAYLOAD_BYTES_MAX)
    );
    let Ok(Taken::Complete(got)) = give(&mut assembler(), &bundle) else {
        panic!("it is not complete")
    };
    assert_eq!(got.list(), bundle.list());
    assert_eq!(got.list().expires_at, Some(now().saturating_add(48 * HOUR)));
    let file = bundle.to_file();
    assert_eq!(
        Bundle::from_file(&trusted(), &site(), &file).unwrap(),
        bundle
    );
}

#[test]
fn parts_come_in_any_order_twice_and_again_after_a_gap() {
    let bundle = bundle(1, now(), 5000);
    let seal = bundle.sealed().encode();
    let parts: Vec<Vec<u8>> = bundle.parts().map(<[u8]>::to_vec).collect();
    assert!(2 < parts.len());
    let mut assembler = assembler();
    let unasked = assembler.take_part(0, parts[0].clone()).unwrap_err();
    assert_eq!(unasked.name(), "unasked");
    assert_eq!(assembler.take_seal(&seal, now()).unwrap(), Taken::Wanted);
    for n in (1..parts.len()).rev().chain(1..parts.len()) {
        let n_part = u32::try_from(n).unwrap();
        assert_eq!(
            assembler.take_part(n_part, parts[n].clone()).unwrap(),
            Taken::Nothing
        );
    }
    // One is missing, or another's: the seal that comes again asks again, and what came is kept.
    let other = assembler.take_part(0, parts[1].clone()).unwrap_err();
    assert_eq!(other.name(), "damaged");
    let large = assembler.take_part(0, vec![0; 1 << 20]).unwrap_err();
    assert_eq!(large.name(), "too large");
    assert_eq!(
        assembler.take_part(99, Vec::new()).unwrap_err().name(),
        "unasked"
    );
    assert_eq!(assembler.take_seal(&seal, now()).unwrap(), Taken::Wanted);
    let last = assembler.take_part(0, parts[0].clone()).unwrap();
    assert!(matches!(last, Taken::Complete(_)));
}

#[test]
fn what_is_forged_of_another_site_expired_or_from_the_future_changes_nothing() {
    let good = bundle(5, now(), 3);
    let mut assembler = assembler();
    give(&mut assembler, &good).unwrap();
    let sealed = |key: usize, site: &str, version, as_of: Timestamp| {
        let times = (as_of, as_of.saturating_add(HOUR));
        let site = site.parse().unwrap();
        Bundle::seal(&keys()[key], site, version, times, content(4)).unwrap()
    };
    let cases = [
        ("forged", sealed(1, "park-1", 6, now())),
        ("of another site", sealed(0, "park-2", 6, now())),
        ("older", sealed(0, "park-1", 4, now())),
        (
            "conflicting",
            sealed(0, "park-1", 5, now().saturating_add(AHEAD_MAX)),
        ),
        (
            "expired",
            sealed(0, "park-1", 6, now().saturating_sub(HOUR)),
        ),
        (
            "from the future",
            sealed(0, "park-1", 6, now().saturating_add(HOUR)),
        ),
    ];
    let mut log = RefusalLog::default();
    for (name, case) in &cases {
        let refused = assembler
            .take_seal(&case.sealed().encode(), now())
            .unwrap_err();
        assert_eq!(refused.name(), *name);
        assert!(log.note(&refused, now()).unwrap().contains("was refused"));
        assert_eq!(assembler.held(), Some(good.sealed()), "{name}");
    }
    let large = assembler
        .take_seal(&vec![b'{'; 1 << 20], now())
        .unwrap_err();
    assert_eq!(large.name(), "too large");
    // A flood is told once a minute, whatever its number.
    let told: Vec<String> = (0..100_000)
        .filter_map(|n| {
            log.note(
                &BundleRefused::Older,
                now().saturating_add(Duration::from_millis(n)),
            )
        })
        .collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].contains("older, 1 expired") || told[0].contains("older"),
        "{told:?}"
    );
    assert_eq!(log.n_refused(), 100_006);
}

#[test]
fn a_later_seal_confirms_the_list_without_its_body() {
    let mut assembler = assembler();
    give(&mut assembler, &bundle(5, now(), 3)).unwrap();
    let later = bundle(5, now().saturating_add(Duration::from_secs(60)), 3);
    let taken = give(&mut assembler, &later).unwrap();
    assert_eq!(taken, Taken::Confirmed(later.sealed().clone()));
    assert_eq!(give(&mut assembler, &later).unwrap(), Taken::Nothing);
}

#[test]
fn a_bundle_survives_a_restart_and_a_changed_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let store = BundleStore::of_edge(folder.path());
    assert_eq!(store.load(&trusted(), &site()).unwrap(), None);
    store.save(&bundle(1, now(), 3)).unwrap();
    let newer = bundle(2, now(), 4);
    store.save(&newer).unwrap();
    assert_eq!(
        store.load(&trusted(), &site()).unwrap(),
        Some(newer.clone())
    );
    let files = std::fs::read_dir(folder.path().join("list"))
        .unwrap()
        .count();
    assert_eq!(files, 2, "the body of the older one is gone");

    let body = store.body_path(newer.sealed());
    let good = std::fs::read(&body).unwrap();
    let opened_up = String::from_utf8(good.clone())
        .unwrap()
        .replacen("allow", "bar", 1);
    std::fs::write(&body, opened_up).unwrap();
    let error = store.load(&trusted(), &site()).unwrap_err();
    assert!(
        error.to_string().contains("it is not what was sealed"),
        "{error}"
    );
    let StoredError::Refused {
        seal: Some(seal), ..
    } = error
    else {
        panic!("the seal is right")
    };
    // The same version is taken again, an older one is not.
    let mut assembler = Assembler::new(site(), trusted(), Some(*seal));
    assembler.has_lost_its_body();
    assert_eq!(
        give(&mut assembler, &bundle(1, now(), 3))
            .unwrap_err()
            .name(),
        "older"
    );
    let Ok(Taken::Complete(again)) = give(&mut assembler, &newer) else {
        panic!("it is not complete")
    };
    store.save(&again).unwrap();
    assert_eq!(store.load(&trusted(), &site()).unwrap(), Some(newer));
}

#[test]
fn the_centre_keeps_the_version_while_the_list_is_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let store = BundleStore::of_centre(folder.path());
    let reseal = |n_vehicles, at: Timestamp| {
        let made = store.reseal(&keys()[0], &site(), content(n_vehicles), (at, HOUR));
        made.unwrap().sealed().clone()
    };
    let first = reseal(3, now());
    let same = reseal(3, now().saturating_add(HOUR));
    assert_eq!((first.version, first.sha256), (same.version, same.sha256));
    assert!(first.as_of < same.as_of);
    // Also when the clock was set back.
    let other = reseal(4, now().saturating_sub(HOUR));
    assert!(same.version < other.version);
    // And when the file is lost.
    std::fs::remove_file(store.seal_path()).unwrap();
    assert!(other.version < reseal(5, now().saturating_add(HOUR)).version);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Whatever comes in whatever order: what is in force never goes back.
    #[test]
    fn the_version_in_force_never_falls(
        steps in proptest::collection::vec((1_u64..6, 0_u64..4, any::<bool>(), 0_u32..3), 1..40),
    ) {
        let mut assembler = assembler();
        let mut last = (0, Timestamp::EPOCH);
        for (version, minutes, with_parts, n_skipped) in steps {
            let as_of = now().saturating_sub(Duration::from_secs(60 * minutes));
            // Of one version there is one body.
            let bundle = bundle(version, as_of, u32::try_from(version).unwrap());
            let taken = assembler.take_seal(&bundle.sealed().encode(), now());
            if with_parts && matches!(taken, Ok(Taken::Wanted)) {
                for (n, part) in (0..).zip(bundle.parts()).skip(n_skipped as usize) {
                    drop(assembler.take_part(n, part.to_vec()));
                }
            }
            if let Some(held) = assembler.held() {
                prop_assert!(last <= (held.version, held.as_of));
                last = (held.version, held.as_of);
            }
        }
    }

    /// A byte of the file that is another one is found, wherever it stands.
    #[test]
    fn any_changed_byte_is_found(place in any::<prop::sample::Index>(), by in 1_u8..=255) {
        let mut file = bundle(1, now(), 3).to_file();
        let place = place.index(file.len());
        file[place] ^= by;
        prop_assert!(Bundle::from_file(&trusted(), &site(), &file).is_err());
    }

    /// A file that ends early, or goes on, is none.
    #[test]
    fn a_file_of_another_length_is_found(place in any::<prop::sample::Index>()) {
        let mut file = bundle(1, now(), 3).to_file();
        let more = [&file[..], b" "].concat();
        prop_assert!(Bundle::from_file(&trusted(), &site(), &more).is_err());
        file.truncate(place.index(file.len()));
        prop_assert!(Bundle::from_file(&trusted(), &site(), &file).is_err());
    }
}

#[test]
fn each_single_byte_of_a_bundle_is_guarded() {
    let file = bundle(1, now(), 2).to_file();
    for place in 0..file.len() {
        for by in [1, 0x20, 0x80] {
            let mut changed = file.clone();
            changed[place] ^= by;
            let opened = Bundle::from_file(&trusted(), &site(), &changed);
            assert!(opened.is_err(), "byte {place} changed by {by:#x}");
        }
    }
}
