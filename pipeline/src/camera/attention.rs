//! Which frames the models are asked about, and whether the source is to decode all.

use super::CameraCore;
use domain::Frame;
use std::time::Duration;

/// A live picture at most this often.
const LIVE_INTERVAL: Duration = Duration::from_millis(500);

/// The same, where nothing has moved and nothing has been for [`RESTING_SPAN`].
const LIVE_RESTING_INTERVAL: Duration = Duration::from_secs(5);

/// A still scene is looked at this often all the same: what stands there is not forgotten.
const STILL_INTERVAL: Duration = Duration::from_secs(2);

/// Where nothing has moved and nothing has been for this long, not every frame is wanted.
const QUIET_SPAN: Duration = Duration::from_secs(4);

/// Where nothing has moved and nothing has been for [`RESTING_SPAN`], a look this often is enough.
const RESTING_INTERVAL: Duration = Duration::from_secs(30);

/// See [`RESTING_INTERVAL`].
const RESTING_SPAN: Duration = Duration::from_secs(15);

/// Things that stand still before a camera that has no gate are looked at this often.
const WAITING_INTERVAL: Duration = Duration::from_millis(400);

/// A gate at which everybody is settled looks this often: somebody new may come, and who is there
/// may go.
const SETTLED_INTERVAL: Duration = Duration::from_millis(280);

impl CameraCore {
    /// Whether every frame is wanted, as far as the frames so far say: something is there, or moved
    /// a moment ago, or what cannot be seen to move has to be followed, as a signal.
    pub(crate) fn wants_every_frame(&self) -> bool {
        self.motion.is_none() || self.traffic.is_some() || !self.has_been_quiet(QUIET_SPAN)
    }

    pub(super) fn live_interval(&self) -> Duration {
        if self.has_been_quiet(RESTING_SPAN) {
            LIVE_RESTING_INTERVAL
        } else {
            LIVE_INTERVAL
        }
    }

    fn has_been_quiet(&self, span: Duration) -> bool {
        let is_empty = self.n_live_tracks == 0 && self.told.is_empty();
        let since = self.last_busy_at.zip(self.newest_at);
        is_empty && since.is_some_and(|(busy, now)| span <= now.since(busy))
    }

    /// Whether the models are asked about this frame.
    ///
    /// A gate looks at every frame while somebody there is not settled, and less often once
    /// everybody is.
    /// Elsewhere a frame in which nothing moves is left out, but for a look now and then.
    pub(super) fn is_worth_a_look(&mut self, frame: &Frame) -> bool {
        let Some(motion) = &mut self.motion else {
            return true;
        };
        // A gate that fails must not hide a vehicle: look.
        let has_motion = motion.has_motion(frame).unwrap_or(true);
        self.has_motion = has_motion;
        let has_tracks = 0 < self.n_live_tracks;
        if has_motion || has_tracks || self.last_busy_at.is_none() {
            self.last_busy_at = Some(frame.captured_at);
        }
        let is_settled = !self.told.is_empty() && self.told.values().all(|told| told.is_decisive);
        let interval = match (self.plan.is_gate, has_tracks) {
            (true, true) if is_settled => SETTLED_INTERVAL,
            (true, true) => Duration::ZERO,
            (false, true) if !has_motion => WAITING_INTERVAL,
            (_, false) if !has_motion && self.has_been_quiet(RESTING_SPAN) => RESTING_INTERVAL,
            (_, false) if !has_motion => STILL_INTERVAL,
            _ => Duration::ZERO,
        };
        self.last_looked_at
            .is_none_or(|last| interval <= frame.captured_at.since(last))
    }
}
