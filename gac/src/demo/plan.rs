//! The demo's cameras and how each is written into its site file.

use samples::{SceneKind, Truth, truth::Access};
use std::{fmt::Write as _, path::PathBuf};

/// What a camera shows.
#[derive(Clone, Debug)]
pub(crate) enum DemoKind {
    /// The gate lane, with its truth.
    Gate(Box<Truth>),
    /// The staff door, with its truth.
    Door(Box<Truth>),
    /// The junction, with its truth.
    Junction(Box<Truth>),
    /// A real clip, with its counting line.
    Clip {
        /// Zone and line.
        zone: &'static str,
        /// Start, as shares of width and height.
        from: [f32; 2],
        /// End.
        to: [f32; 2],
        /// `people`, or `vehicles`.
        task: &'static str,
    },
}

impl DemoKind {
    /// The generated scene; nothing for a real clip.
    pub(crate) fn scene(&self) -> Option<SceneKind> {
        match self {
            Self::Gate(_) => Some(SceneKind::Gate),
            Self::Door(_) => Some(SceneKind::Door),
            Self::Junction(_) => Some(SceneKind::Junction),
            Self::Clip { .. } => None,
        }
    }
}

/// One camera of the demo.
#[derive(Clone, Debug)]
pub(crate) struct DemoCamera {
    /// Its id.
    pub(crate) id: &'static str,
    /// Its name for people.
    pub(crate) name: &'static str,
    /// What it shows.
    pub(crate) kind: DemoKind,
    /// The video; nothing when it is skipped.
    pub(crate) video: Option<PathBuf>,
    /// Why it is skipped.
    pub(crate) skipped: Option<String>,
    /// Frames a second of the clip.
    pub(crate) fps: f64,
    /// Length of the clip.
    pub(crate) duration_s: f64,
    /// Whether plates are read on it.
    pub(crate) reads_plates: bool,
}

impl DemoCamera {
    /// The camera that looks at a generated scene.
    pub(crate) fn of_scene(kind: SceneKind, truth: Truth, video: Option<PathBuf>) -> Self {
        let truth = Box::new(truth);
        let fps = f64::from(truth.header.fps);
        let duration_s = f64::from(truth.header.n_frames) / fps;
        let (id, name, kind) = match kind {
            SceneKind::Gate | SceneKind::Exit | SceneKind::CarPark => {
                ("gate-1", "Cổng 1 – làn xe vào", DemoKind::Gate(truth))
            }
            SceneKind::Door => ("door-1", "Cửa nhân viên", DemoKind::Door(truth)),
            SceneKind::Junction => (
                "junction-1",
                "Ngã tư – vạch dừng",
                DemoKind::Junction(truth),
            ),
            SceneKind::Entrance | SceneKind::Pass => {
                ("entrance-1", "Lối vào", counted_entrance(&truth))
            }
        };
        Self {
            id,
            name,
            kind,
            video,
            skipped: None,
            fps,
            duration_s,
            reads_plates: true,
        }
    }

    /// Its part of the site file.
    pub(crate) fn toml(&self) -> String {
        let Some(video) = &self.video else {
            return String::new();
        };
        self.toml_with(&format!("{{ file = {video:?} }}"))
    }

    /// Its part of a site file that takes its frames from elsewhere.
    pub(crate) fn toml_with(&self, source: &str) -> String {
        let mut text = format!(
            "\n[[camera]]\nid = \"{}\"\nname = \"{}\"\nsource = {source}\n",
            self.id, self.name
        );
        let done = match &self.kind {
            DemoKind::Gate(truth) => gate(&mut text, truth),
            DemoKind::Door(_) => door(&mut text),
            DemoKind::Junction(truth) => junction(&mut text, truth, self.reads_plates),
            DemoKind::Clip {
                zone,
                from,
                to,
                task,
            } => write!(
                text,
                "tasks = [\"{task}\"]\nfps_max = 6\nline = [{{ zone = \"{zone}\", \
                 from = {from:?}, to = {to:?} }}]\n"
            ),
        };
        done.expect("writing to a string does not fail");
        text
    }
}

/// People are counted over the line of the truth.
fn counted_entrance(truth: &Truth) -> DemoKind {
    let [from, to] = truth.header.geometry.count_line.unwrap_or_default();
    let size = [truth.header.width as f32, truth.header.height as f32];
    let share = |p: [f32; 2]| [p[0] / size[0], p[1] / size[1]];
    DemoKind::Clip {
        zone: "inside",
        from: share(from),
        to: share(to),
        task: "people",
    }
}

fn gate(text: &mut String, truth: &Truth) -> std::fmt::Result {
    writeln!(text, "tasks = [\"vehicles\", \"plates\"]\nfps_max = 10")?;
    if let Some(lane) = truth.header.geometry.lanes.first() {
        writeln!(text, "region = {:?}", shares(lane, truth))?;
    }
    writeln!(
        text,
        "\n[[gate]]\nid = \"gate-1\"\nname = \"Làn xe vào\"\ncamera = \"gate-1\"\n\
         factor = \"plate\"\nactuator = \"simulator\""
    )?;
    for entry in &truth.header.registrations {
        let access = match entry.access {
            Access::Allow => "allow",
            Access::Bar => "bar",
        };
        writeln!(
            text,
            "\n[[registration]]\nplate = {:?}\naccess = \"{access}\"",
            entry.plate
        )?;
    }
    Ok(())
}

fn door(text: &mut String) -> std::fmt::Result {
    writeln!(
        text,
        "tasks = [\"faces\"]\nfps_max = 8\n\n[[gate]]\nid = \"door-1\"\n\
         name = \"Cửa nhân viên\"\ncamera = \"door-1\"\nfactor = \"face\"\n\
         actuator = \"simulator\""
    )
}

fn junction(text: &mut String, truth: &Truth, reads_plates: bool) -> std::fmt::Result {
    let plates = if reads_plates { ", \"plates\"" } else { "" };
    writeln!(text, "tasks = [\"vehicles\"{plates}]\nfps_max = 9")?;
    let geometry = &truth.header.geometry;
    let (Some([left, right]), Some(signal)) = (geometry.stop_line, geometry.signal) else {
        return Ok(());
    };
    let size = [truth.header.width as f32, truth.header.height as f32];
    let share = |p: [f32; 2]| [p[0] / size[0], p[1] / size[1]];
    let lamp = |b: [f32; 4]| {
        [
            b[0] / size[0],
            b[1] / size[1],
            b[2] / size[0],
            b[3] / size[1],
        ]
    };
    // Vehicles drive upwards in the picture: from the left of a line that runs from right to left.
    writeln!(
        text,
        "stop_line = {{ from = {:?}, to = {:?} }}",
        share(right),
        share(left)
    )?;
    writeln!(
        text,
        "signal = {{ red = {:?}, amber = {:?}, green = {:?} }}",
        lamp(signal.red),
        lamp(signal.amber),
        lamp(signal.green)
    )
}

/// A polygon as shares, kept inside the picture.
fn shares(polygon: &[[f32; 2]], truth: &Truth) -> Vec<[f32; 2]> {
    let (width, height) = (truth.header.width as f32, truth.header.height as f32);
    let share = |p: &[f32; 2]| {
        [
            (p[0] / width).clamp(0.0, 1.0),
            (p[1] / height).clamp(0.0, 1.0),
        ]
    };
    polygon.iter().map(share).collect()
}
