//! What a benchmark measures time with.

use std::time::Instant;

/// Now.
#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
pub fn now() -> Instant {
    Instant::now()
}

/// Milliseconds that this thread has worked: while others have the core, it stands still.
pub fn worked_ms() -> f64 {
    let worked = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    worked.tv_sec as f64 * 1e3 + worked.tv_nsec as f64 / 1e6
}

/// Milliseconds since then.
pub fn ms_since(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1000.0
}
