//! What whoever takes a source's frames says about them: whether it wants every one.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

/// Tells a source whether every frame is wanted, from any thread. Clones speak to one source.
///
/// Every frame is wanted until somebody says otherwise: a source whose reader never speaks decodes
/// all.
#[derive(Clone, Debug)]
pub struct Attention(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    is_wanted: AtomicBool,
    /// Why all is decoded although it need not be was said to the operator.
    is_told: AtomicBool,
}

impl Default for Attention {
    fn default() -> Self {
        Self(Arc::new(Inner {
            is_wanted: AtomicBool::new(true),
            is_told: AtomicBool::new(false),
        }))
    }
}

impl Attention {
    /// Whether every frame is wanted from now on; `false` when nothing is there and nothing moves.
    ///
    /// `true` also brings the frames that came since the newest key frame and were not decoded.
    pub fn set(&self, wants_every_frame: bool) {
        self.0.is_wanted.store(wants_every_frame, Ordering::Release);
    }

    /// What was said last.
    pub fn wants_every_frame(&self) -> bool {
        self.0.is_wanted.load(Ordering::Acquire)
    }

    /// Whether something is to be said for the first time.
    pub(crate) fn is_news(&self) -> bool {
        !self.0.is_told.swap(true, Ordering::AcqRel)
    }
}
