//! Which models a camera of the demo cannot do without.

use models::{Store, Task};
use samples::SceneKind;

/// Finds two cars of five on the generated scenes: good enough to count by, too weak to judge by.
const TOO_WEAK_TO_JUDGE: &str = "centernet";

/// Why a scene, or a clip where there is none, is skipped with the models that are here.
pub(crate) fn skip_reason(scene: Option<SceneKind>, store: &Store) -> Option<String> {
    let is_judged = scene.is_some_and(|kind| kind != SceneKind::Door);
    if is_judged && is_detector_weak(store) {
        return Some(
            "the only vehicle detector that can be had here finds too little to judge by"
                .to_owned(),
        );
    }
    let needed: &[Task] = match scene {
        Some(SceneKind::Gate | SceneKind::Exit | SceneKind::CarPark) => {
            &[Task::VehicleDetect, Task::PlateDetect, Task::PlateRead]
        }
        Some(SceneKind::Door) => &[Task::FaceDetect, Task::FaceEmbed, Task::FaceLiveness],
        Some(SceneKind::Junction | SceneKind::Entrance | SceneKind::Pass) | None => {
            &[Task::VehicleDetect]
        }
    };
    let missing: Vec<&str> = needed
        .iter()
        .filter(|task| store.installed(**task).is_none())
        .map(|task| task.name())
        .collect();
    let missing = missing.join(", ");
    (!missing.is_empty()).then(|| format!("no model for {missing} can be had here"))
}

/// Whether plates can be read; the junction goes on without.
pub(crate) fn reads_plates(store: &Store) -> bool {
    [Task::PlateDetect, Task::PlateRead]
        .iter()
        .all(|task| store.installed(*task).is_some())
}

/// Whether the vehicle detector in use is one that counts but does not judge.
pub(crate) fn is_detector_weak(store: &Store) -> bool {
    let detector = store.installed(Task::VehicleDetect);
    detector.is_some_and(|candidate| candidate.label().contains(TOO_WEAK_TO_JUDGE))
}
