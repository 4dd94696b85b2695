//! The gallery as its callers see it.

use super::*;
use domain::Timestamp;
use std::fs;

/// Not a cipher: the real one is tested in `service`. This one shows that the gallery goes
/// through it.
struct Inverting(u8);
impl Seal for Inverting {
    fn seal(&self, context: &[u8], plain: &[u8]) -> Vec<u8> {
        let tag = [self.0, context.len() as u8];
        tag.into_iter().chain(plain.iter().map(|b| !b)).collect()
    }
    fn open(&self, context: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let rest = sealed.strip_prefix(&[self.0, context.len() as u8])?;
        Some(rest.iter().map(|b| !b).collect())
    }
}

fn open(path: &Path, key: u8, model: &str) -> Result<Gallery, GalleryError> {
    Gallery::open(path, model, Box::new(Inverting(key)))
}

fn enrolled(vector: &[f32]) -> Enrolled {
    let consent = Consent {
        given_at: Timestamp::from_millis(5),
        notice: "staff-door-2026-01".to_owned(),
        recorded_by: "front desk".to_owned(),
    };
    let templates = vec![Embedding::normalised(vector).unwrap()];
    Enrolled {
        name: "Nguyễn Thị Mẫu".to_owned(),
        consent,
        templates,
    }
}

#[test]
fn an_enrolment_lasts_and_a_withdrawal_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("people/gallery.sealed");
    let gallery = open(&path, 7, "m").unwrap();
    gallery.enrol(PersonId(1), enrolled(&[1.0, 0.0])).unwrap();
    gallery.enrol(PersonId(2), enrolled(&[0.0, 1.0])).unwrap();
    let again = open(&path, 7, "m").unwrap();
    let face = Embedding::normalised(&[0.9, 0.1]).unwrap();
    let nearest = again.nearest(&face, 0.5);
    assert_eq!(
        nearest.iter().map(|m| m.person.0).collect::<Vec<_>>(),
        [1, 2]
    );
    assert!(nearest[0].is_same() && !nearest[1].is_same());
    assert_eq!(again.name(PersonId(1)).as_deref(), Some("Nguyễn Thị Mẫu"));
    for person in [1, 2] {
        assert!(again.withdraw(PersonId(person)).unwrap().is_some());
    }
    assert_eq!(open(&path, 7, "m").unwrap().n_people(), 0);
}

#[test]
fn another_key_and_another_model_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gallery.sealed");
    open(&path, 7, "m")
        .unwrap()
        .enrol(PersonId(1), enrolled(&[1.0]))
        .unwrap();
    assert!(matches!(
        open(&path, 8, "m"),
        Err(GalleryError::Sealed { .. })
    ));
    assert!(matches!(
        open(&path, 7, "n"),
        Err(GalleryError::Model { .. })
    ));
}

#[test]
fn nobody_is_enrolled_without_a_template() {
    let folder = tempfile::tempdir().unwrap();
    let gallery = open(&folder.path().join("g"), 7, "m").unwrap();
    let mut nobody = enrolled(&[1.0]);
    nobody.templates.clear();
    assert!(matches!(
        gallery.enrol(PersonId(1), nobody),
        Err(GalleryError::Templates { n_templates: 0 })
    ));
    assert_eq!(
        format!("{:?}", enrolled(&[1.0])),
        "Enrolled(1 templates, <redacted>)"
    );
}

/// No cipher at all: what is in the file can be looked for.
struct Open;
impl Seal for Open {
    fn seal(&self, context: &[u8], plain: &[u8]) -> Vec<u8> {
        [context, plain].concat()
    }
    fn open(&self, context: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        sealed.strip_prefix(context).map(<[u8]>::to_vec)
    }
}

fn open_plain(path: &Path) -> Gallery {
    Gallery::open(path, "m", Box::new(Open)).unwrap()
}

/// Another direction for each number, of 128 numbers.
fn direction(n: u32) -> Vec<f32> {
    let mut state = u64::from(n).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut number = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1 << 24) as f32 - 0.5
    };
    (0..128).map(|_| number()).collect()
}

fn plain_templates_in(folder: &Path, n: u32) -> u64 {
    let template = Embedding::normalised(&direction(n)).unwrap();
    Traces::of(&[template])
        .look_through(folder)
        .unwrap()
        .n_found
}

#[test]
fn what_one_program_writes_another_one_sees_and_keeps() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gallery.sealed");
    let [running, command] = [open_plain(&path), open_plain(&path)];
    assert!(!running.refresh().unwrap());
    for n in 1..=3 {
        command
            .enrol(PersonId(n.into()), enrolled(&direction(n)))
            .unwrap();
        assert_eq!(
            (running.refresh().unwrap(), running.n_people()),
            (true, n as usize)
        );
        assert!(!running.refresh().unwrap());
    }
    // Neither loses what the other one wrote.
    running.enrol(PersonId(4), enrolled(&direction(4))).unwrap();
    command.withdraw(PersonId(2)).unwrap().unwrap();
    assert!(running.refresh().unwrap());
    for gallery in [&running, &command, &open_plain(&path)] {
        let people: Vec<u128> = gallery.everybody().iter().map(|one| one.person.0).collect();
        assert_eq!(people, [1, 3, 4]);
    }
    fs::remove_file(&path).unwrap();
    assert!(running.refresh().unwrap());
    assert_eq!(running.n_people(), 0);
}

#[test]
fn one_more_person_is_appended_and_a_withdrawal_leaves_no_byte() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gallery.sealed");
    let gallery = open_plain(&path);
    gallery.enrol(PersonId(1), enrolled(&direction(1))).unwrap();
    let before = fs::read(&path).unwrap();
    gallery.enrol(PersonId(2), enrolled(&direction(2))).unwrap();
    assert!(fs::read(&path).unwrap().starts_with(&before));
    assert!(0 < plain_templates_in(folder.path(), 2));
    let forgotten = gallery.withdraw(PersonId(2)).unwrap().unwrap();
    assert_eq!(forgotten.n_templates, 1);
    assert_eq!(plain_templates_in(folder.path(), 2), 0);
    assert!(0 < plain_templates_in(folder.path(), 1));
    assert!(gallery.withdraw(PersonId(2)).unwrap().is_none());
    // New templates of the same person take the old ones' place.
    gallery.enrol(PersonId(1), enrolled(&direction(3))).unwrap();
    assert_eq!(plain_templates_in(folder.path(), 1), 0);
}

#[test]
fn a_crash_while_appending_loses_the_half_record_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gallery.sealed");
    let gallery = open_plain(&path);
    gallery.enrol(PersonId(1), enrolled(&direction(1))).unwrap();
    let whole = fs::read(&path).unwrap();
    gallery.enrol(PersonId(2), enrolled(&direction(2))).unwrap();
    let more = fs::read(&path).unwrap();
    for cut in [whole.len() + 1, whole.len() + 5, more.len() - 1] {
        fs::write(&path, &more[..cut]).unwrap();
        let again = open_plain(&path);
        assert_eq!(again.n_people(), 1, "cut at {cut}");
        again.enrol(PersonId(3), enrolled(&direction(3))).unwrap();
        let people = open_plain(&path).everybody();
        assert_eq!(people.len(), 2, "cut at {cut}");
    }
    fs::write(&path, [&whole[..], &[0; 700]].concat()).unwrap();
    assert_eq!(open_plain(&path).n_people(), 1, "zeros at the end");
}

#[test]
fn records_open_at_their_own_place_in_their_own_writing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gallery.sealed");
    let gallery = open_plain(&path);
    for n in 1..=3 {
        gallery
            .enrol(PersonId(n.into()), enrolled(&direction(n)))
            .unwrap();
    }
    let bytes = fs::read(&path).unwrap();
    let mut records = Vec::new();
    let mut at = 24;
    while at < bytes.len() {
        let length = u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
        records.push(bytes[at..at + 4 + length].to_vec());
        at += 4 + length;
    }
    assert_eq!(records.len(), 4);
    for order in [[0, 2, 1, 3], [0, 1, 1, 3], [0, 3, 3, 3], [1, 0, 2, 3]] {
        let moved: Vec<u8> = order
            .iter()
            .flat_map(|n: &usize| records[*n].clone())
            .collect();
        fs::write(&path, [&bytes[..24], &moved].concat()).unwrap();
        let opened = Gallery::open(&path, "m", Box::new(Open));
        assert!(
            matches!(opened, Err(GalleryError::Sealed { .. })),
            "{order:?}"
        );
    }
    // A person who has withdrawn cannot be brought back by appending her old record.
    fs::write(&path, &bytes).unwrap();
    gallery.withdraw(PersonId(3)).unwrap().unwrap();
    let without = fs::read(&path).unwrap();
    fs::write(&path, [&without[..], &records[3]].concat()).unwrap();
    assert!(Gallery::open(&path, "m", Box::new(Open)).is_err());
}

#[test]
fn a_correction_keeps_a_number_and_asks_for_more() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gallery.sealed");
    let gallery = open_plain(&path);
    let mut her = enrolled(&[1.0, 0.0]);
    her.templates
        .push(Embedding::normalised(&[1.0, 0.2]).unwrap());
    gallery.enrol(PersonId(1), her).unwrap();
    let stranger = Embedding::normalised(&[0.5, 0.86]).unwrap();
    let found = gallery.nearest(&stranger, 0.31)[0];
    assert!(found.is_same());
    let correction = |similarity| Correction {
        at: Timestamp::from_millis(7),
        similarity,
        recorded_by: "guard".to_owned(),
    };
    let told = gallery
        .correct(PersonId(1), correction(found.similarity))
        .unwrap()
        .unwrap();
    assert!(!told.must_enrol_again());
    // It lasts, holds for whoever is as similar, and not for her.
    let again = open_plain(&path);
    let found = again.nearest(&stranger, 0.31)[0];
    assert!(!found.is_same() && found.similarity < found.similarity_min);
    let herself = Embedding::normalised(&[0.99, 0.1]).unwrap();
    assert!(again.nearest(&herself, 0.31)[0].is_same());
    assert!(
        again
            .correct(PersonId(2), correction(0.5))
            .unwrap()
            .is_none()
    );
    // So similar that her own pictures would not pass: only a new enrolment helps, and it does.
    let told = again
        .correct(PersonId(1), correction(0.97))
        .unwrap()
        .unwrap();
    assert_eq!((told.must_enrol_again(), told.n_corrections), (true, 2));
    assert_eq!(told.similarity_floor, Some(1.0));
    again.enrol(PersonId(1), enrolled(&[1.0, 0.0])).unwrap();
    assert_eq!(again.summary(PersonId(1)).unwrap().similarity_floor, None);
}

#[test]
fn a_hundred_thousand_templates_are_kept_and_found() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("gallery.sealed");
    let gallery = open_plain(&path);
    let person = |n: u32| {
        let templates = (0..4).map(|view| Embedding::normalised(&direction(n * 4 + view)));
        let templates = templates.collect::<Option<Vec<Embedding>>>().unwrap();
        (
            PersonId(n.into()),
            Enrolled {
                templates,
                ..enrolled(&[1.0])
            },
        )
    };
    gallery
        .enrol_all((0..25_000).map(person).collect())
        .unwrap();
    gallery.enrol_all(vec![person(25_000)]).unwrap();
    let n_bytes = fs::metadata(&path).unwrap().len();
    let began_at = service::clock::now();
    let again = open_plain(&path);
    let took = service::clock::now().since(began_at);
    println!("{n_bytes} bytes, opened in {took:?}");
    assert_eq!((again.n_people(), again.n_templates()), (25_001, 100_004));
    assert!(n_bytes < 80_000_000);
    for n in [0, 12_345, 25_000] {
        let (id, enrolled) = person(n);
        let found = again.nearest(&enrolled.templates[2], 0.9);
        assert!(found[0].person == id && found[0].is_same() && !found[1].is_same());
    }
    let many = (30_000..140_000).map(|n| (PersonId(n), enrolled(&[1.0; 128])));
    assert!(matches!(
        again.enrol_all(many.collect()),
        Err(GalleryError::Full)
    ));
}
