//! How long one face takes: found in the picture, asked whether it is alive, and made a template.

use super::{
    Failure,
    detect::{all_of, frame},
};
use crate::clock;
use models::{Analyzer, face_quality::only_face};
use std::{fs, path::Path};

/// Passes over the photos; the first one is not counted.
const PASSES: usize = 6;

/// Milliseconds on one thread.
pub struct Speed {
    /// Of all three together, the median.
    pub p50_ms: f64,
    /// Of all three together.
    pub p99_ms: f64,
    /// Of all three together in time of the processor, the median: what others do on this machine
    /// plays no part.
    pub p50_work_ms: f64,
    /// Of each part, the median.
    pub parts: Vec<(&'static str, f64)>,
}

/// Times photos of one face each.
pub fn measure(analyzer: &mut Analyzer, folder: &Path) -> Result<Speed, Failure> {
    let mut frames = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|e| e == "jpg") {
            frames.push(frame(&path)?);
        }
    }
    let mut times: [Vec<f64>; 4] = Default::default();
    let mut work = Vec::new();
    for pass in 0..PASSES {
        for frame in &frames {
            let (began_at, worked_at) = (clock::now(), clock::worked_ms());
            let faces = analyzer.detect_faces(frame, all_of(frame))?;
            let found_ms = clock::ms_since(began_at);
            let Ok(face) = only_face(&faces) else {
                continue;
            };
            let live_at = clock::now();
            analyzer.liveness(frame, face)?;
            let live_ms = clock::ms_since(live_at);
            let embed_at = clock::now();
            analyzer.embed_face(frame, face)?;
            let embed_ms = clock::ms_since(embed_at);
            if 0 < pass {
                let all_ms = clock::ms_since(began_at);
                work.push(clock::worked_ms() - worked_at);
                for (times, ms) in times.iter_mut().zip([all_ms, found_ms, live_ms, embed_ms]) {
                    times.push(ms);
                }
            }
        }
    }
    let [all, parts @ ..] = &mut times;
    let names = ["detect", "liveness", "template"];
    let medians = names.into_iter().zip(parts.iter_mut());
    Ok(Speed {
        p50_ms: quantile(all, 0.5),
        p99_ms: quantile(all, 0.99),
        p50_work_ms: quantile(&mut work, 0.5),
        parts: medians
            .map(|(n, times)| (n, quantile(times, 0.5)))
            .collect(),
    })
}

/// The value that this share of them does not exceed; sorts them.
pub(super) fn quantile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let at = (share * values.len() as f64).ceil() as usize;
    values.get(at.saturating_sub(1)).copied().unwrap_or(0.0)
}
