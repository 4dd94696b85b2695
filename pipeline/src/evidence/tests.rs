use super::*;
use domain::{CandidateId, Class, SightingId, Standing, Timestamp, TrackId};
use std::{fs, path::PathBuf};
use tokio::sync::mpsc::Receiver as Outlet;

/// A store whose folder can be taken away and put back.
struct Disk {
    _folder: tempfile::TempDir,
    evidence: PathBuf,
    away: PathBuf,
}

impl Disk {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            evidence: folder.path().join("evidence"),
            away: folder.path().join("away"),
            _folder: folder,
        }
    }

    /// A file in the folder's place stops root, too.
    fn fail(&self) {
        fs::rename(&self.evidence, &self.away).unwrap();
        fs::write(&self.evidence, "").unwrap();
    }

    fn mend(&self) {
        fs::remove_file(&self.evidence).unwrap();
        fs::rename(&self.away, &self.evidence).unwrap();
    }
}

struct Kept {
    queue: EvidenceQueue,
    thread: JoinHandle<()>,
    outlet: Outlet<Output>,
    store: Arc<EvidenceStore>,
}

fn kept(disk: &Disk) -> Kept {
    let store = Arc::new(EvidenceStore::open(&disk.evidence).unwrap());
    let (outputs, outlet) = Outputs::new();
    let (queue, thread) = start(store.clone(), outputs, Faults::new()).unwrap();
    Kept {
        queue,
        thread,
        outlet,
        store,
    }
}

fn frame(shade: u8) -> Frame {
    Frame {
        camera: "cam".parse().unwrap(),
        seq: u64::from(shade),
        captured_at: Timestamp::from_millis(i64::from(shade)),
        width: 32,
        height: 16,
        rgb: vec![shade; 32 * 16 * 3].into(),
    }
}

fn candidate(n: u8) -> Job {
    let still = |role| Still {
        role,
        frame: frame(n),
        crop: None,
    };
    Job::Candidate {
        candidate: Candidate {
            id: CandidateId(n.into()),
            camera: "cam".parse().unwrap(),
            sighting: SightingId(1),
            track: TrackId(1),
            class: Class::Car,
            rule: "red-light".to_owned(),
            rule_version: 1,
            act_at: Timestamp::EPOCH,
            bounds: BoxInImage::new(0., 0., 1., 1.),
            standing: Standing::Evidential,
            facts: Vec::new(),
            plate: None,
            evidence: Vec::new(),
        },
        stills: vec![still(EvidenceRole::Before), still(EvidenceRole::At)],
    }
}

fn live() -> Job {
    Job::Live {
        camera: "cam".parse().unwrap(),
        frame: frame(9),
        marks: Vec::new(),
        lines: Vec::new(),
    }
}

#[track_caller]
fn told(outlet: &mut Outlet<Output>) -> Candidate {
    match outlet.blocking_recv() {
        Some(Output::Candidate(candidate)) => candidate,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_candidate_waits_until_its_stills_can_be_stored() {
    let disk = Disk::new();
    let mut kept = kept(&disk);
    disk.fail();
    kept.queue.put(candidate(1));
    kept.queue.put(candidate(2));
    // Other jobs go on meanwhile, and the candidates have not gone before them.
    kept.queue.put(live());
    let next = kept.outlet.blocking_recv();
    assert!(matches!(next, Some(Output::Picture { .. })), "{next:?}");
    disk.mend();
    for n in [1, 2] {
        let candidate = told(&mut kept.outlet);
        assert_eq!(candidate.id, CandidateId(n));
        let roles: Vec<EvidenceRole> = candidate.evidence.iter().map(|item| item.role).collect();
        assert_eq!(roles, [EvidenceRole::Before, EvidenceRole::At]);
        for item in &candidate.evidence {
            let jpeg = kept.store.get(&item.sha256).unwrap();
            assert_eq!(jpeg.len() as u64, item.n_bytes);
        }
    }
    drop(kept.queue);
    kept.thread.join().unwrap();
    assert!(kept.outlet.blocking_recv().is_none());
}

#[test]
fn at_the_end_there_is_one_more_attempt_and_the_message_goes_anyway() {
    for mends in [true, false] {
        let disk = Disk::new();
        let mut kept = kept(&disk);
        disk.fail();
        kept.queue.put(candidate(1));
        kept.queue.put(live());
        kept.outlet.blocking_recv().unwrap();
        if mends {
            disk.mend();
        }
        drop(kept.queue);
        kept.thread.join().unwrap();
        let n_stills = told(&mut kept.outlet).evidence.len();
        assert_eq!(n_stills, if mends { 2 } else { 0 });
    }
}

#[test]
fn when_too_many_wait_the_workers_do_until_the_end() {
    let disk = Disk::new();
    let mut kept = kept(&disk);
    disk.fail();
    let n_all = WAITING_MAX + QUEUE_MAX + 10;
    let worker = std::thread::spawn({
        let queue = kept.queue.clone();
        move || {
            for n in 0..n_all {
                queue.put(candidate(u8::try_from(n).unwrap()));
            }
        }
    });
    // Live pictures are dropped as soon as it is stuck.
    let deadline = steady() + Duration::from_secs(30);
    while !kept.queue.shared.is_stuck.load(Ordering::Relaxed) {
        assert!(steady() < deadline, "it is never stuck");
        std::thread::yield_now();
    }
    assert!(!kept.queue.try_live(live()));
    assert!(kept.outlet.try_recv().is_err() && !worker.is_finished());
    kept.queue.end();
    worker.join().unwrap();
    drop(kept.queue);
    for _n in 0..n_all {
        told(&mut kept.outlet);
    }
    kept.thread.join().unwrap();
}

#[test]
fn what_comes_after_the_thread_is_told_without_its_stills() {
    let disk = Disk::new();
    let mut kept = kept(&disk);
    let (jobs, inbox) = sync_channel(1);
    drop(inbox);
    let orphan = EvidenceQueue {
        jobs,
        ..kept.queue.clone()
    };
    orphan.put(candidate(1));
    assert_eq!(told(&mut kept.outlet).evidence, []);
}
