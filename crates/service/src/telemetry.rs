//! Where log lines go: standard error, as text for people or as JSON for collectors.

use std::io::{self, IsTerminal as _};
use tracing_subscriber::{EnvFilter, filter::LevelFilter};

/// Why logging could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter is not a list of `target=level`.
    #[error("not a log filter: {filter:?}")]
    Filter {
        /// The text.
        filter: String,
        /// What is wrong with it.
        #[source]
        source: tracing_subscriber::filter::ParseError,
    },
    /// It was set up before.
    #[error("logging was set up before")]
    Twice,
}

/// Sets logging up for the whole process, once.
///
/// `RUST_LOG` wins over `default_filter`, for example `info,rumqttd=warn`; what it has wrong is
/// ignored.
pub fn init(json: bool, default_filter: &str) -> Result<(), TelemetryError> {
    let default = EnvFilter::builder()
        .with_default_directive(LevelFilter::WARN.into())
        .parse(default_filter)
        .map_err(|source| TelemetryError::Filter {
            filter: default_filter.to_owned(),
            source,
        })?;
    let filter = match EnvFilter::try_from_default_env() {
        Ok(filter) => filter,
        Err(_unset_or_wrong) => default,
    };
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr);
    let done = if json {
        builder.json().flatten_event(true).try_init()
    } else {
        builder.with_ansi(io::stderr().is_terminal()).try_init()
    };
    done.map_err(|_set_before| TelemetryError::Twice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_filter_is_named_and_a_second_time_is_refused() {
        let wrong = init(false, "a=b=c").unwrap_err();
        assert_eq!(wrong.to_string(), "not a log filter: \"a=b=c\"");
        init(true, "info,rumqttd=warn").unwrap();
        assert!(matches!(init(false, "info"), Err(TelemetryError::Twice)));
    }
}
