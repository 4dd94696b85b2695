//! What moves a barrier: which commands a device obeys, and the dialects of devices that do not
//! speak our topics.
//!
//! A device that speaks our topics checks commands itself. In front of any other stands an
//! [`Adapter`], in this program: it checks the signed command as the device would, hands it over
//! through [`domain::ports::GateActuator`], and says on our topics what the device answers.

pub(crate) mod admission;
pub(crate) mod hearing;
pub(crate) mod memory;

mod adapter;
mod http;
mod inputs;
mod mqtt_device;
mod onvif;
mod shelly;
mod tasmota;

pub use adapter::{Adapter, AdapterParts};
pub use hearing::RefusedCounts;
pub use memory::MemoryError;

use crate::simulator::new_nonce;
use domain::ports::Clock;
use http::{HttpError, HttpRelay};
use mqtt_device::{Dialect, MqttDevice};
use onvif::OnvifDoor;
use service::{bus::BusError, config::site::ActuatorSection, shutdown::Shutdown};
use shelly::Shelly;
use std::time::Duration;
use tasmota::Tasmota;
use tokio::sync::mpsc;

/// Why an adapter cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum AdapterError {
    /// Its memory cannot be used.
    #[error(transparent)]
    Memory(#[from] MemoryError),
    /// The connection to the broker is closed or busy.
    #[error("the adapter cannot listen to the device")]
    Bus(#[from] BusError),
    /// Its files cannot be used.
    #[error("the adapter cannot be set up: {reason}")]
    Setup {
        /// What is wrong, in one line.
        reason: String,
    },
    /// Such a device needs none.
    #[error("a device that takes signed commands needs no adapter")]
    NotNeeded,
}

impl From<HttpError> for AdapterError {
    fn from(error: HttpError) -> Self {
        let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}"));
        let reason = format!("{error}{}", cause.unwrap_or_default());
        Self::Setup { reason }
    }
}

/// Starts the adapter that the configuration asks for. Must be called inside a tokio runtime.
pub fn start_adapter<C: Clock + Clone + 'static>(
    section: &ActuatorSection,
    parts: AdapterParts<C>,
    shutdown: Shutdown,
) -> Result<Adapter, AdapterError> {
    let (reports, heard) = mpsc::channel(adapter::N_REPORTS_MAX);
    let clock = parts.clock.clone();
    match section {
        ActuatorSection::Mqtt | ActuatorSection::Simulator => Err(AdapterError::NotNeeded),
        ActuatorSection::Tasmota(section) => {
            let dialect = Tasmota::new(section.clone());
            let device = listen(dialect, section.timeout_ms, &parts, reports)?;
            Ok(Adapter::start(parts, device, heard, shutdown)?)
        }
        ActuatorSection::Shelly(section) => {
            let source = format!("gac-{}-{}", parts.bus.site(), parts.gate);
            // 32 random bits: JSON numbers are exact to 53.
            let first_request = new_nonce().0 >> 32;
            let dialect = Shelly::new(section.clone(), source, first_request);
            let device = listen(dialect, section.timeout_ms, &parts, reports)?;
            Ok(Adapter::start(parts, device, heard, shutdown)?)
        }
        ActuatorSection::Http(section) => {
            let device = HttpRelay::open(section.clone(), clock)?;
            Ok(Adapter::start(parts, device, heard, shutdown)?)
        }
        ActuatorSection::Onvif(section) => {
            let device = OnvifDoor::start(section.clone(), clock, reports);
            Ok(Adapter::start(parts, device, heard, shutdown)?)
        }
    }
}

fn listen<C: Clock + Clone + 'static>(
    dialect: impl Dialect,
    timeout_ms: u64,
    parts: &AdapterParts<C>,
    reports: mpsc::Sender<adapter::Report>,
) -> Result<MqttDevice<C>, BusError> {
    let of = (parts.bus.clone(), parts.gate.clone());
    let patience = (Duration::from_millis(timeout_ms), parts.clock.clone());
    MqttDevice::start(dialect, of, patience, reports)
}
