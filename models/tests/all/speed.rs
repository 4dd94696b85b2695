//! How long each model takes, whole call, one thread: printed, and held against a generous limit.

use crate::data::{analyzer, frame_of};
use domain::{BoxInImage, FaceObservation, Frame, PlateDetection, PointInImage};
use models::{Analyzer, Catalog, Task};
use std::time::{Duration, Instant};

const N_RUNS: usize = 8;
/// A model that is slower than this by a whole decimal order is loaded wrongly: not optimised, or
/// spinning.
const SLOWER_THAN_CATALOGUED: f32 = 12.0;

fn call(analyzer: &mut Analyzer, task: Task, frame: &Frame) {
    let whole = BoxInImage::new(0.0, 0.0, frame.width as f32, frame.height as f32);
    let bounds = BoxInImage::new(300.0, 200.0, 420.0, 320.0);
    let face = FaceObservation {
        bounds,
        score: 1.0,
        landmarks: Some(
            [
                (335., 245.),
                (385., 245.),
                (360., 270.),
                (340., 295.),
                (380., 295.),
            ]
            .map(|(x, y)| PointInImage { x, y }),
        ),
        liveness: None,
        embedding: None,
    };
    let plate = PlateDetection {
        bounds,
        corners: None,
        score: 1.0,
    };
    match task {
        Task::VehicleDetect => drop(analyzer.detect_objects(frame).unwrap()),
        Task::PlateDetect => drop(analyzer.detect_plates(frame, whole).unwrap()),
        Task::PlateRead => drop(analyzer.read_plate(frame, &plate).unwrap()),
        Task::FaceDetect => drop(analyzer.detect_faces(frame, whole).unwrap()),
        Task::FaceEmbed => drop(analyzer.embed_face(frame, &face).unwrap()),
        Task::FaceLiveness => drop(analyzer.liveness(frame, &face).unwrap()),
    }
}

#[test]
fn every_model_is_about_as_fast_as_catalogued() {
    let (width, height) = (1280, 720);
    // A gradient with stripes, so that resizing has something to do.
    let pixel = |i: usize| ((i / 7) % 251) as u8;
    let frame = frame_of(width, height, (0..1280 * 720 * 3).map(pixel).collect());
    for model in Catalog::built_in().models {
        let Some(mut analyzer) = analyzer(&[&model.id]) else {
            continue;
        };
        let times: Vec<Duration> = (0..N_RUNS)
            .map(|_| timed(&mut analyzer, &model, &frame))
            .collect();
        let mut times: Vec<f32> = times.iter().map(|t| t.as_secs_f32() * 1000.0).collect();
        times.sort_by(f32::total_cmp);
        println!(
            "{}: {:.2} ms at best, {:.2} ms median of {N_RUNS} calls on 1280x720",
            model.id,
            times[0],
            times[N_RUNS / 2]
        );
        // A frame's preparation is not in the catalogue's figure.
        let limit = 4.0 + model.ms_min * SLOWER_THAN_CATALOGUED;
        assert!(times[0] < limit, "{}: {} ms", model.id, times[0]);
    }
}

fn timed(analyzer: &mut Analyzer, model: &models::catalog::Model, frame: &Frame) -> Duration {
    #[expect(clippy::disallowed_methods, reason = "a test that measures time")]
    let start = Instant::now();
    call(analyzer, model.task, frame);
    start.elapsed()
}
