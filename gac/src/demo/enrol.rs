//! The staff door: the first approach is of somebody whom nobody has enrolled; then she is, with
//! her consent.

use super::{
    plan::DemoKind,
    prepare::Prepared,
    watch::{Seen, Watch, locked},
};
use crate::{
    detector,
    run::{CameraFrames, Running, new_person},
    site::LoadedSite,
};
use anyhow::{Result, bail};
use domain::{
    BoxInImage, CameraId, Embedding, Outcome, Registration, SightingPhase, SiteList,
    ports::Detector as _,
};
use models::Task;
use pipeline::gallery::{Consent, Enrolled, Gallery};
use service::clock;
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{sync::watch, task::JoinHandle};

/// Pictures that an enrolment takes.
const VIEWS: usize = 4;

/// A face lower than this is too small to enrol from.
const FACE_HEIGHT_MIN_PX: f32 = 120.0;

/// Nobody was seen for so long: she has gone, and is not just looking away.
const GONE_AFTER: Duration = Duration::from_millis(1500);

struct Enrolment {
    camera: CameraId,
    frames: Arc<CameraFrames>,
    gallery: Arc<Gallery>,
    detector: detector::ModelDetector,
    list: SiteList,
    controllers: crate::run::RegistrySetter,
}

/// Starts the enrolment when there is a door. It ends when she is enrolled.
pub(super) fn start(
    site: &LoadedSite,
    running: &Running,
    prepared: &Prepared,
    watch: &Watch,
) -> Result<Option<JoinHandle<()>>> {
    let door = prepared
        .cameras
        .iter()
        .find(|camera| matches!(camera.kind, DemoKind::Door(_)) && camera.video.is_some());
    let (Some(door), Some(gallery)) = (door, running.gallery.clone()) else {
        return Ok(None);
    };
    let tasks = [Task::FaceDetect, Task::FaceEmbed, Task::FaceLiveness];
    let analyzers = detector::analyzers(site, &tasks)?;
    let Some(detector) = detector::detectors(&analyzers, 1)?.pop() else {
        return Ok(None);
    };
    let task = Enrolment {
        camera: door.id.parse()?,
        frames: running.frames(),
        gallery,
        detector,
        list: site.site.list(clock::now()),
        controllers: running.registry_setter(),
    };
    let (seen, changes) = (watch.shared(), watch.changes());
    Ok(Some(tokio::spawn(async move {
        if let Err(error) = task.run(seen, changes).await {
            println!("the enrolment did not work: {error:#}");
        }
    })))
}

impl Enrolment {
    async fn run(
        mut self,
        seen: Arc<Mutex<Seen>>,
        mut changes: watch::Receiver<u64>,
    ) -> Result<()> {
        let mut views: Vec<Embedding> = Vec::new();
        let mut last_seq = None;
        loop {
            // The views are taken while she stands there; they are kept only once she has agreed.
            if let Some(frame) = self.frames.newest(&self.camera)
                && last_seq.replace(frame.seq) != Some(frame.seq)
                && views.len() < VIEWS
            {
                let (detector, view) = tokio::task::spawn_blocking({
                    let mut detector = self.detector;
                    move || {
                        let view = view(&mut detector, &frame);
                        (detector, view)
                    }
                })
                .await?;
                self.detector = detector;
                views.extend(view);
            }
            if VIEWS <= views.len() && has_left_referred(&locked(&seen), &self.camera) {
                break;
            }
            let pause = Duration::from_millis(300);
            if let Ok(Err(_)) = tokio::time::timeout(pause, changes.changed()).await {
                bail!("the demo has ended");
            }
        }
        let person = new_person();
        let consent = Consent {
            given_at: clock::now(),
            notice: "staff-door-2026-01".to_owned(),
            recorded_by: "demo front desk".to_owned(),
        };
        let name = "Người mẫu (chân dung thuộc phạm vi công cộng)".to_owned();
        self.gallery.enrol(
            person,
            Enrolled {
                name,
                consent,
                templates: views,
            },
        )?;
        self.list.registrations.push(Registration {
            person: Some(person),
            ..Registration::allow()
        });
        self.list.as_of = clock::now();
        self.controllers.set(self.list).await?;
        println!("door-1: enrolled {person} with her consent, {VIEWS} views");
        Ok(())
    }
}

/// A template of the one large face in the frame.
fn view(detector: &mut detector::ModelDetector, frame: &domain::Frame) -> Option<Embedding> {
    let whole = BoxInImage::new(0.0, 0.0, frame.width as f32, frame.height as f32);
    let faces = detector.faces(frame, whole).ok()?;
    let [face] = &faces[..] else { return None };
    let mut face = face.clone();
    if face.bounds.height() < FACE_HEIGHT_MIN_PX {
        return None;
    }
    detector.describe_face(frame, &mut face).ok()?;
    face.embedding
}

/// She was referred and is gone: the enrolment is for her next approach.
fn has_left_referred(seen: &Seen, camera: &CameraId) -> bool {
    let was_referred = seen.verdicts.iter().any(|verdict| {
        let is_referred = matches!(verdict.outcome, Outcome::Refer(_));
        verdict.gate.as_str() == camera.as_str() && is_referred
    });
    let now = clock::now();
    let mut sightings = seen.sightings.values().filter(|s| s.camera == *camera);
    was_referred
        && sightings
            .all(|s| s.phase == SightingPhase::Final && GONE_AFTER <= now.since(s.last_seen_at))
}
