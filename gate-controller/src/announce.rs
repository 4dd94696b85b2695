//! What other systems are told, when the site wants it: Home Assistant finds the gates by itself,
//! and what happens is said as ONVIF events.
//!
//! **Invariant:** nothing here opens anything: no topic for commands is announced, and nothing that
//! comes back is listened to. What must not be seen at the gate (`AlarmKind::is_silent`) is not
//! said.

mod home_assistant;
mod onvif_events;

use domain::{CameraId, GateId, SiteId, ZoneId};
use home_assistant::discovery;
use onvif_events::OnvifEvents;
use service::{
    bus::{Bus, BusError, BusEvents},
    shutdown::Shutdown,
};
use tokio::sync::mpsc;
use wire::Topic;

/// Messages that may wait; what is said to other systems may not hold ours up.
const N_INCOMING_MAX: usize = 256;

/// A message on a topic of another system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Foreign {
    pub(crate) topic: String,
    pub(crate) payload: String,
    pub(crate) is_retained: bool,
}

/// What is told to whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnnounceConfig {
    /// The site.
    pub site: SiteId,
    /// The gates with the names that people see.
    pub gates: Vec<(GateId, String)>,
    /// The cameras that look at them.
    pub cameras: Vec<CameraId>,
    /// The zones that are counted.
    pub zones: Vec<ZoneId>,
    /// Home Assistant's prefix, usually `homeassistant`; nothing is announced without it.
    pub home_assistant: Option<String>,
    /// The prefix of ONVIF events, and whether plates stand in them; none are said without it.
    pub onvif_events: Option<(String, bool)>,
}

impl AnnounceConfig {
    /// Whether anybody wants to be told.
    pub fn is_wanted(&self) -> bool {
        self.home_assistant.is_some() || self.onvif_events.is_some()
    }

    /// The topics that the connection must subscribe to.
    fn filters(&self) -> Vec<String> {
        let Some((_prefix, with_plates)) = &self.onvif_events else {
            return Vec::new();
        };
        let kinds = ["verdict", "passage", "state", "event", "alarm"];
        let mut filters: Vec<String> = kinds
            .iter()
            .map(|kind| Topic::all_gates(&self.site, kind))
            .collect();
        if *with_plates {
            let sighting = |camera: &CameraId| Topic::Sighting(self.site.clone(), camera.clone());
            filters.extend(
                self.cameras
                    .iter()
                    .map(|camera| sighting(camera).to_string()),
            );
        }
        filters
    }
}

/// Announces the gates, and then says what happens until `shutdown` or until the connection is
/// closed.
pub async fn announce(
    config: AnnounceConfig,
    bus: Bus,
    shutdown: Shutdown,
) -> Result<(), BusError> {
    if let Some(prefix) = &config.home_assistant {
        for foreign in discovery(&config, prefix) {
            publish(&bus, &foreign);
        }
    }
    let Some((prefix, with_plates)) = config.onvif_events.clone() else {
        shutdown.wait().await;
        return Ok(());
    };
    let incoming = bus.route(&config.filters(), N_INCOMING_MAX)?;
    // A slow broker may not hold up the connection: what does not fit is lost.
    let (to_say, said) = mpsc::channel(N_INCOMING_MAX);
    tokio::spawn(say_all(bus, said));
    translate(
        incoming,
        OnvifEvents::new(prefix, with_plates),
        to_say,
        shutdown,
    )
    .await;
    Ok(())
}

async fn translate(
    mut incoming: BusEvents,
    mut events: OnvifEvents,
    to_say: mpsc::Sender<Foreign>,
    shutdown: Shutdown,
) {
    let mut n_lost = 0_u64;
    loop {
        let message = tokio::select! {
            () = shutdown.wait() => return,
            message = incoming.recv() => message,
        };
        let Some(message) = message else { return };
        // What is no message of ours is counted and told by those who must act on it.
        let Ok(envelope) = message.envelope() else {
            continue;
        };
        for foreign in events.translate(&envelope.message, message.retained) {
            if to_say.try_send(foreign).is_err() {
                n_lost += 1;
                if n_lost.is_power_of_two() {
                    tracing::warn!(n = n_lost, "events for other systems were lost");
                }
            }
        }
    }
}

async fn say_all(bus: Bus, mut said: mpsc::Receiver<Foreign>) {
    while let Some(foreign) = said.recv().await {
        publish(&bus, &foreign);
    }
}

fn publish(bus: &Bus, foreign: &Foreign) {
    let Foreign {
        topic,
        payload,
        is_retained,
    } = foreign;
    if let Err(error) = bus.publish_foreign(topic, payload.clone().into_bytes(), *is_retained) {
        tracing::warn!("other systems cannot be told: {error}");
    }
}
