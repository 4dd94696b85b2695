//! What the pipeline says, and the one queue that it leaves by.

use domain::{CameraId, Candidate, DocumentRead, Sighting};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use wire::{Assist, CameraStatus, Count};

/// Messages that may wait for the outbox.
const QUEUE_MAX: usize = 1024;

/// One thing said.
#[derive(Clone, Debug)]
pub enum Output {
    /// A sighting began, changed or ended. Never lost.
    Sighting(Sighting),
    /// A rule fired. Never lost.
    Candidate(Candidate),
    /// A document was shown. Never lost.
    Document(DocumentRead),
    /// Somebody crossed a counting line; sums, so the newest is enough.
    Count(Count),
    /// Assistance is wanted before a camera: all that the watch-list says.
    Assist(Assist),
    /// How a camera is.
    Status(CameraStatus),
    /// A picture for the console; may be lost.
    Picture {
        /// The camera.
        camera: CameraId,
        /// JPEG.
        jpeg: Vec<u8>,
    },
}

/// The threads' end of the queue.
#[derive(Clone)]
pub(crate) struct Outputs {
    queue: Sender<Output>,
}

impl Outputs {
    /// The queue and its receiver.
    pub(crate) fn new() -> (Self, Receiver<Output>) {
        let (queue, receiver) = channel(QUEUE_MAX);
        (Self { queue }, receiver)
    }

    /// Says it. Sightings and candidates wait for room; pictures do not.
    ///
    /// Called from plain threads, never from an async task.
    pub(crate) fn send(&self, output: Output) {
        let is_lossy = matches!(output, Output::Picture { .. });
        let sent = if is_lossy {
            self.queue.try_send(output).map_err(|_full| ())
        } else {
            self.queue.blocking_send(output).map_err(|_closed| ())
        };
        if sent.is_err() && !is_lossy {
            tracing::error!("the pipeline's outlet is closed; a message was not sent");
        }
    }
}
