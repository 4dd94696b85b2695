//! What a camera has done, in numbers.

use domain::Timestamp;
use std::{collections::BTreeMap, time::Duration};

/// Counts of one camera since the start.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CameraStats {
    /// Frames that the source delivered or skipped by rate.
    pub frames: u64,
    /// Frames given to the models.
    pub analysed: u64,
    /// Frames in which nothing moved, so that the models were not asked.
    pub still: u64,
    /// Frames that were due and replaced by a newer one.
    pub dropped: u64,
    /// Frames on which a model failed.
    pub failed: u64,
    /// Boxes that the models found.
    pub detections: u64,
    /// Plates that were read.
    pub plate_reads: u64,
    /// Faces that were described.
    pub face_views: u64,
    /// Tracks that were believed.
    pub tracks: u64,
    /// Sightings.
    pub sightings: u64,
    /// Candidates.
    pub candidates: u64,
    /// CPU time of decoding, as far as the source's own threads tell, and of analysis.
    pub cpu: Duration,
    /// Capture time of the first frame.
    pub first_at: Option<Timestamp>,
    /// Capture time of the newest frame.
    pub last_at: Option<Timestamp>,
    /// Crossings of the stop line that the rule did not find, by reason.
    pub refusals: BTreeMap<String, u64>,
    /// Crossings by zone and direction.
    pub counts: BTreeMap<String, u64>,
}

/// CPU time of the calling thread so far.
pub(crate) fn thread_cpu() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    let (secs, nanos) = (u64::try_from(time.tv_sec), u32::try_from(time.tv_nsec));
    Duration::new(secs.unwrap_or(0), nanos.unwrap_or(0))
}
