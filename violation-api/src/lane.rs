//! How a lane stands, for the guard's screen and for programs.

use crate::{
    app::App,
    console::is_silent,
    http::problem::Problem,
    orders::{ModeNow, check_gate},
    programs::Running,
    store::{AlarmRow, CameraRow, OrderRow, Page, PassageRow},
};
use domain::{Barrier, CameraId, GateId, GateState, PassageId, PassageState, Timestamp};
use std::time::Duration;

const PASSAGES_READ: u32 = 40;
const ALARMS_SHOWN: u32 = 6;
const ORDERS_SHOWN: u32 = 5;
/// Whoever came so long ago and was never said to have gone is not there any more: the gate ended
/// before it could say so.
const HERE_FOR_MAX: Duration = Duration::from_secs(2 * 3600);

/// How a lane stands.
pub(crate) struct LaneLook {
    pub(crate) gate: GateId,
    /// Nothing when the barrier was never heard of.
    pub(crate) barrier: Option<Barrier>,
    pub(crate) camera: Option<CameraId>,
    /// Nothing when the camera was never heard of.
    pub(crate) camera_row: Option<CameraRow>,
    pub(crate) has_picture: bool,
    /// Who is at the gate.
    pub(crate) waiting: Option<PassageRow>,
    /// Who else is in the lane, in the order of their coming.
    pub(crate) others: Vec<PassageRow>,
    /// Newest first.
    pub(crate) passages: Vec<PassageRow>,
    /// Those that are on first.
    pub(crate) alarms: Vec<AlarmRow>,
    /// Newest first.
    pub(crate) orders: Vec<OrderRow>,
    pub(crate) controller: Running,
    pub(crate) pipeline: Running,
    /// Whether anything can be sent.
    pub(crate) is_connected: bool,
    pub(crate) mode: Option<ModeNow>,
    /// Until when a referral waits for the guard, where there is a limit.
    pub(crate) answer_until: Option<Timestamp>,
}

impl LaneLook {
    /// The barrier; one that was never heard of is unknown since ever.
    pub(crate) fn barrier(&self) -> Barrier {
        let heard = self.barrier.clone();
        heard.unwrap_or_else(|| Barrier {
            gate: self.gate.clone(),
            state: GateState::Unknown,
            since: Timestamp::EPOCH,
            nonce: None,
        })
    }

    /// Whether the camera should have said something and has not.
    pub(crate) fn is_camera_silent(&self, now: Timestamp) -> bool {
        self.camera_row
            .as_ref()
            .is_some_and(|row| is_silent(row, now))
    }
}

/// Looks at a lane. The person may have picked whom they look at; nobody who has gone.
pub(crate) async fn look(
    app: &App,
    gate: &GateId,
    picked: Option<PassageId>,
) -> Result<LaneLook, Problem> {
    check_gate(app, gate).await?;
    let now = app.now();
    let barriers = app.store.gates().await?;
    let camera = app.plan.lane(gate).map(|lane| lane.camera.clone());
    let cameras = app.store.cameras().await?;
    let is_its = |row: &CameraRow| Some(&row.status.camera) == camera.as_ref();
    let page = Page::newest(PASSAGES_READ);
    let passages = app.store.passages(Some(gate), &page).await?;
    let mut others = here(&passages, now);
    let first = match picked {
        Some(picked) => others.iter().position(|row| row.passage.id == picked),
        None => None,
    };
    let waiting = match (first, others.is_empty()) {
        (_, true) => None,
        (Some(index), false) => Some(others.remove(index)),
        (None, false) => Some(others.remove(0)),
    };
    let is_referred = |row: &&PassageRow| row.passage.state == PassageState::Referred;
    let within = app.answer_within.get(gate);
    let answer_until = waiting
        .as_ref()
        .filter(is_referred)
        .zip(within)
        .map(|(row, within)| row.passage.changed_at.saturating_add(*within));
    Ok(LaneLook {
        barrier: barriers.into_iter().find(|row| row.gate == *gate),
        camera_row: cameras.into_iter().find(is_its),
        has_picture: (camera.as_ref()).is_some_and(|camera| app.pictures.get(camera).is_some()),
        camera,
        waiting,
        others,
        passages,
        alarms: alarms(app, gate).await?,
        orders: app
            .store
            .orders(Some(gate), &Page::newest(ORDERS_SHOWN))
            .await?,
        controller: app.programs.gate(gate),
        pipeline: app.programs.pipeline(),
        is_connected: app.ingest.is_connected(),
        mode: app.orders.mode(),
        answer_until,
        gate: gate.clone(),
    })
}

/// Who is in the lane: first who waits for an answer, in the order of their coming, then who has
/// one, newest first.
fn here(passages: &[PassageRow], now: Timestamp) -> Vec<PassageRow> {
    let is_here = |row: &&PassageRow| {
        let since = row.passage.changed_at;
        !row.passage.state.is_over() && now.since(since) < HERE_FOR_MAX
    };
    let waits = |row: &PassageRow| {
        matches!(
            row.passage.state,
            PassageState::Arrived | PassageState::Referred
        )
    };
    let mut here: Vec<PassageRow> = passages.iter().filter(is_here).cloned().collect();
    here.sort_by_key(|row| {
        let at = row.passage.arrived_at.as_micros();
        (!waits(row), if waits(row) { at } else { -at })
    });
    here
}

async fn alarms(app: &App, gate: &GateId) -> Result<Vec<AlarmRow>, Problem> {
    let page = Page::newest(ALARMS_SHOWN);
    let mut alarms = app.store.alarms(Some(gate), true, &page).await?;
    for row in app.store.alarms(Some(gate), false, &page).await? {
        if alarms.len() < ALARMS_SHOWN as usize && !alarms.contains(&row) {
            alarms.push(row);
        }
    }
    // What is on and nobody has taken note of stands first.
    alarms.sort_by_key(|row| (row.alarm.ended_at.is_some(), row.acknowledged.is_some()));
    Ok(alarms)
}
