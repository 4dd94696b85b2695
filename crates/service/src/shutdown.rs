//! One token that tells every task to come to an end.

use tokio::{
    signal::unix::{SignalKind, signal},
    sync::watch,
};

/// Tells tasks to end; clones are the same token.
#[derive(Clone, Debug)]
pub struct Shutdown {
    triggered: watch::Sender<bool>,
}

impl Shutdown {
    /// Not triggered yet.
    pub fn new() -> Self {
        Self {
            triggered: watch::Sender::new(false),
        }
    }

    /// Triggered by SIGINT (Ctrl-C) or SIGTERM; at a second one the process ends at once with code
    /// 130.
    ///
    /// Must be called inside a tokio runtime.
    pub fn on_signals() -> std::io::Result<Self> {
        let shutdown = Self::new();
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let token = shutdown.clone();
        tokio::spawn(async move {
            loop {
                let name = tokio::select! {
                    _ = interrupt.recv() => "SIGINT",
                    _ = terminate.recv() => "SIGTERM",
                };
                if token.is_triggered() {
                    tracing::warn!("ended at once by a second {name}");
                    std::process::exit(130);
                }
                tracing::info!("ending after {name}");
                token.trigger();
            }
        });
        Ok(shutdown)
    }

    /// Everybody who waits, now or later, goes on.
    pub fn trigger(&self) {
        self.triggered.send_replace(true);
    }

    /// Whether it was triggered.
    pub fn is_triggered(&self) -> bool {
        *self.triggered.borrow()
    }

    /// Returns once it is triggered.
    pub async fn wait(&self) {
        let mut triggered = self.triggered.subscribe();
        // Cannot end early: this token itself keeps the sender.
        let ended = triggered.wait_for(|triggered| *triggered).await.is_ok();
        debug_assert!(ended, "the sender outlives the wait");
    }
}

impl Default for Shutdown {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn all_who_wait_go_on_also_those_who_come_later() {
        let shutdown = Shutdown::new();
        let waiting = {
            let shutdown = shutdown.clone();
            tokio::spawn(async move { shutdown.wait().await })
        };
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        shutdown.clone().trigger();
        waiting.await.unwrap();
        shutdown.wait().await;
        assert!(shutdown.is_triggered());
    }
}
