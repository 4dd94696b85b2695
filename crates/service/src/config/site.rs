//! `site.toml`: one file that says what a site has. Every key is described in `docs/ref/config.md`.
//!
//! These are the shapes as written; [`Site::problems`] finds what is wrong beyond syntax, with line
//! and column.

use serde::Deserialize;
use std::path::PathBuf;
use toml::Spanned;

mod access;
mod actuator;
mod decode;
mod entry;
mod hours;
mod lane;
mod list;
mod notice;
mod places;
mod scene;
mod source;
mod stuck;
mod validate;
mod visitors;

pub use access::{CalendarSection, GroupSection, HolidayKind, WorkedDay, ZoneSection};
pub use actuator::{
    ActuatorSection, HomeAssistantSection, HttpRequestSection, HttpSection, InputMeaning,
    InputSection, OnvifEventsSection, OnvifHold, OnvifSection, ShellySection, TasmotaSection,
};
pub use decode::DecodeKind;
pub use hours::parse_hours;
pub use lane::{AntiPassbackKind, ConfirmKind, FailKind, SilenceKind};
pub use list::{ListFrom, ListSection};
pub use notice::{CrowdSection, NoticeSection, ProfileKind};
pub use source::{PaceKind, SCENES, SourceSection};
pub use validate::{Problem, Severity};
pub use visitors::{ApproveKind, ReaderSection, VisitorsSection, authority_of};

/// A whole site.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Site {
    /// Who and where.
    pub site: SiteSection,
    /// Where things are kept.
    #[serde(default)]
    pub storage: StorageSection,
    /// The MQTT broker.
    #[serde(default)]
    pub broker: BrokerSection,
    /// The web console and JSON API.
    #[serde(default)]
    pub web: WebSection,
    /// Model files and the inference runtime.
    #[serde(default)]
    pub models: ModelsSection,
    /// People whom the site looks for.
    #[serde(default)]
    pub watch_list: WatchListSection,
    /// Where the list comes from, and whether it is published.
    #[serde(default)]
    pub list: ListSection,
    /// Who visits.
    #[serde(default)]
    pub visitors: VisitorsSection,
    /// Readers of chips and VNeID.
    #[serde(default, rename = "reader")]
    pub readers: Vec<ReaderSection>,
    /// Home Assistant finds the gates by itself when this is there.
    pub home_assistant: Option<HomeAssistantSection>,
    /// What the public is told of the cameras.
    pub notice: Option<NoticeSection>,
    /// What happens is said as ONVIF events when this is there.
    pub onvif_events: Option<OnvifEventsSection>,
    /// Cameras.
    #[serde(default, rename = "camera")]
    pub cameras: Vec<CameraSection>,
    /// Gates.
    #[serde(default, rename = "gate")]
    pub gates: Vec<GateSection>,
    /// Zones that gates lead into and out of.
    #[serde(default, rename = "zone")]
    pub zones: Vec<ZoneSection>,
    /// What many registrations have in common.
    #[serde(default, rename = "group")]
    pub groups: Vec<GroupSection>,
    /// Public holidays.
    #[serde(default)]
    pub calendar: CalendarSection,
    /// Who may pass.
    #[serde(default, rename = "registration")]
    pub registrations: Vec<Spanned<RegistrationSection>>,
}

/// `[site]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SiteSection {
    /// Slug; stands in every topic.
    pub id: Spanned<String>,
    /// Shown to people.
    pub name: String,
    /// IANA zone for printing and schedules.
    #[serde(default = "default_timezone")]
    pub timezone: Spanned<String>,
    /// What kind of place it is; a park when absent.
    pub profile: Option<Spanned<ProfileKind>>,
}

fn default_timezone() -> Spanned<String> {
    Spanned::new(0..0, "Asia/Ho_Chi_Minh".to_owned())
}

/// `[storage]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StorageSection {
    /// Folder of journals, outboxes, evidence, keys and, by default, the database.
    pub dir: PathBuf,
    /// `sqlite://…` or `postgres://…`; SQLite in `dir` when absent.
    pub database: Option<String>,
    /// File with the database URL, for a URL with a password.
    pub database_file: Option<PathBuf>,
}

impl Default for StorageSection {
    fn default() -> Self {
        Self {
            dir: PathBuf::from("state"),
            database: None,
            database_file: None,
        }
    }
}

/// `[broker]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BrokerSection {
    /// Whether `gac run` starts a broker of its own on loopback.
    pub kind: BrokerKind,
    /// Host of a broker elsewhere.
    pub host: String,
    /// Port; for the embedded broker 0 takes a free one.
    pub port: u16,
    /// User name, when the broker asks for one.
    pub user: Option<Spanned<String>>,
    /// File with the password.
    pub password_file: Option<PathBuf>,
}

impl Default for BrokerSection {
    fn default() -> Self {
        Self {
            kind: BrokerKind::Embedded,
            host: "127.0.0.1".to_owned(),
            port: 0,
            user: None,
            password_file: None,
        }
    }
}

/// Where the broker is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BrokerKind {
    /// In this process, on loopback.
    Embedded,
    /// Mosquitto or another broker.
    External,
}

/// `[web]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WebSection {
    /// Address and port.
    pub listen: Spanned<String>,
    /// Whether it may listen beyond loopback although there is no login.
    pub allow_unauthenticated_network: bool,
    /// Folder with `htmx.min.js` and `sse.js`; looked for when absent.
    pub assets: Option<PathBuf>,
}

impl Default for WebSection {
    fn default() -> Self {
        Self {
            listen: Spanned::new(0..0, "127.0.0.1:8080".to_owned()),
            allow_unauthenticated_network: false,
            assets: None,
        }
    }
}

/// `[watch_list]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WatchListSection {
    /// Whether the site looks for people at all; only on the order of an authority.
    pub enabled: bool,
}

/// `[models]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ModelsSection {
    /// Folder that `gac models pull` fills; looked for when absent.
    pub store: Option<PathBuf>,
    /// `libonnxruntime.so`, when it is not where it is looked for.
    pub runtime: Option<PathBuf>,
    /// Inference threads; 0 takes one for each core.
    pub workers: usize,
}

/// `[[camera]]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CameraSection {
    /// Slug.
    pub id: Spanned<String>,
    /// Shown to people; the id when absent.
    pub name: Option<String>,
    /// Where frames come from.
    pub source: Spanned<SourceSection>,
    /// What is looked for.
    pub tasks: Spanned<Vec<CameraTask>>,
    /// At most so many frames a second are analysed.
    #[serde(default = "default_fps_max")]
    pub fps_max: Spanned<f32>,
    /// Only what stands in this polygon counts, corners as shares of width and height.
    pub region: Option<Spanned<Vec<[f32; 2]>>>,
    /// Where QR codes are shown, as shares of width and height: left, top, right, bottom.
    pub qr_region: Option<Spanned<[f32; 4]>>,
    /// Whether still scenes are left out.
    #[serde(default = "yes")]
    pub motion_gate: bool,
    /// Which frames are decoded; see [`CameraSection::decodes`].
    pub decode: Option<Spanned<DecodeKind>>,
    /// Lines that people and vehicles are counted across.
    #[serde(default, rename = "line")]
    pub lines: Vec<LineSection>,
    /// The stop line, for the rule `red-light`.
    pub stop_line: Option<Spanned<StopLineSection>>,
    /// The lamps of the signal that governs the stop line.
    pub signal: Option<Spanned<SignalSection>>,
}

fn default_fps_max() -> Spanned<f32> {
    Spanned::new(0..0, 8.0)
}

fn yes() -> bool {
    true
}

/// What a camera looks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CameraTask {
    /// Cars, lorries, buses, motorbikes, bicycles.
    Vehicles,
    /// People.
    People,
    /// Number plates.
    Plates,
    /// Faces of enrolled people.
    Faces,
    /// QR codes of visitor passes and citizens' cards.
    Qr,
}

/// `[[camera.line]]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LineSection {
    /// Slug of the zone on its far side.
    pub zone: Spanned<String>,
    /// Start, as shares of width and height.
    pub from: [f32; 2],
    /// End. Crossing from the left of the line to its right, looking from start to end, is "in".
    pub to: [f32; 2],
}

/// `[camera.stop_line]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StopLineSection {
    /// Start, as shares of width and height.
    pub from: [f32; 2],
    /// End. Crossing from the left of the line to its right is crossing it.
    pub to: [f32; 2],
    /// Red counts after this long.
    #[serde(default = "default_grace_ms")]
    pub grace_ms: u64,
}

fn default_grace_ms() -> u64 {
    400
}

/// `[camera.signal]`: the lamps' boxes as shares of width and height, `[left, top, right, bottom]`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignalSection {
    /// The red lamp.
    pub red: [f32; 4],
    /// The amber lamp.
    pub amber: [f32; 4],
    /// The green lamp.
    pub green: [f32; 4],
}

/// `[[gate]]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GateSection {
    /// Slug.
    pub id: Spanned<String>,
    /// Shown to people; the id when absent.
    pub name: Option<String>,
    /// The camera that sees who comes.
    pub camera: Spanned<String>,
    /// What identifies who comes.
    pub factor: FactorKind,
    /// What is asked for besides.
    pub second: Option<Spanned<FactorKind>>,
    /// The zone that is left; nothing is outside the site.
    pub from: Option<Spanned<String>>,
    /// The zone that is entered; nothing is outside the site.
    pub to: Option<Spanned<String>>,
    /// What is done about somebody who is inside already.
    #[serde(default)]
    pub anti_passback: AntiPassbackKind,
    /// How it is known that somebody went through.
    #[serde(default)]
    pub confirm: ConfirmKind,
    /// How long the guard has for an answer; absent, as long as somebody stands there.
    pub guard_within_s: Option<u64>,
    /// What holds when the guard has not answered.
    #[serde(default)]
    pub on_silence: SilenceKind,
    /// Barriers that must not be open together with this one.
    #[serde(default)]
    pub interlocked_with: Vec<Spanned<String>>,
    /// A barrier that is up for longer than this, without an order, is an alarm.
    #[serde(default = "default_held_open_after_s")]
    pub held_open_after_s: u64,
    /// Something under the boom for longer than this is an alarm.
    #[serde(default = "default_stalled_after_s")]
    pub stalled_after_s: u64,
    /// A command that the barrier gets later than this is refused by it.
    #[serde(default = "default_command_expires_ms")]
    pub command_expires_ms: Spanned<u64>,
    /// Least score of the weakest character of a plate that may grant.
    #[serde(default = "default_score_min")]
    pub score_min: Spanned<f32>,
    /// The list is refused when older than this.
    #[serde(default = "default_registry_age_max_hours")]
    pub registry_age_max_hours: u64,
    /// Who moves the barrier.
    #[serde(default = "default_actuator")]
    pub actuator: Spanned<ActuatorSection>,
    /// What it does at fire and without mains power.
    #[serde(default)]
    pub fail: FailKind,
}

fn default_actuator() -> Spanned<ActuatorSection> {
    Spanned::new(0..0, ActuatorSection::Mqtt)
}

fn default_command_expires_ms() -> Spanned<u64> {
    Spanned::new(0..0, 3000)
}

fn default_score_min() -> Spanned<f32> {
    Spanned::new(0..0, domain::plate::PLATE_SCORE_MIN)
}

fn default_held_open_after_s() -> u64 {
    30
}

fn default_stalled_after_s() -> u64 {
    15
}

fn default_registry_age_max_hours() -> u64 {
    72
}

/// What identifies who comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FactorKind {
    /// The vehicle's plate.
    Plate,
    /// An enrolled face.
    Face,
    /// A visitor pass.
    Pass,
    /// Nothing: whoever comes is let through and counted.
    Anyone,
}

/// `[[registration]]`: a plate or an enrolled person.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegistrationSection {
    /// The plate as printed; rows may be told apart by `/`.
    pub plate: Option<Spanned<String>>,
    /// The id of an enrolled person.
    pub person: Option<Spanned<String>>,
    /// What the list says.
    #[serde(default)]
    pub access: AccessKind,
    /// RFC 3339.
    pub valid_from: Option<Spanned<String>>,
    /// RFC 3339.
    pub valid_until: Option<Spanned<String>>,
    /// For example `["mon-fri 07:00-18:00", "sat 07:00-12:00"]`; none means always.
    #[serde(default)]
    pub hours: Vec<Spanned<String>>,
    /// The id of a visitor pass.
    pub pass: Option<Spanned<String>>,
    /// The group that it belongs to.
    pub group: Option<Spanned<String>>,
    /// How often the pass may be used to enter.
    pub uses_max: Option<u32>,
    /// How many vehicles one grant lets through.
    #[serde(default = "one")]
    pub convoy: u8,
    /// Whoever shows this is under threat: let in, with a silent alarm.
    #[serde(default)]
    pub duress: bool,
    /// For people; not used.
    pub note: Option<String>,
}

fn one() -> u8 {
    1
}

/// What a list entry says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AccessKind {
    /// Let in.
    #[default]
    Allow,
    /// Turn away.
    Bar,
}
