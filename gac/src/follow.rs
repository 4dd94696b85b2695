//! Files that another program may write while this one runs.

use anyhow::Result;
use service::shutdown::Shutdown;
use std::{fmt::Display, time::Duration};

/// How often a file is asked for news.
const INTERVAL: Duration = Duration::from_secs(1);

/// Looks again and again whether a file has news, until the end.
///
/// `read` says whether there was anything to read. What cannot be read leaves in force what was
/// before, as `kept` says in the log; the same error is told once, until something was read.
pub(crate) async fn follow<E: Display + Send + 'static>(
    read: impl Fn() -> Result<bool, E> + Clone + Send + 'static,
    kept: &str,
    shutdown: Shutdown,
) -> Result<()> {
    let mut told_error = String::new();
    loop {
        tokio::select! {
            () = shutdown.wait() => return Ok(()),
            () = tokio::time::sleep(INTERVAL) => (),
        }
        match tokio::task::spawn_blocking(read.clone()).await? {
            Ok(false) => (),
            Ok(true) => told_error.clear(),
            Err(error) => {
                let error = error.to_string();
                if error != told_error {
                    tracing::warn!(error, "{kept}");
                    told_error = error;
                }
            }
        }
    }
}
