//! Site files for the tests, and what they need: models and videos.

use gac::offline::Checkout;
use samples::{SceneKind, SceneSpec, Truth, truth::Access, truth_of, write_scene};
use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
    process::Command,
};

/// The root of the repository.
pub(crate) fn checkout() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// Whether a gate's vehicles are found here well enough to wait for what each of them leads to; one
/// line says why not.
pub(crate) fn can_judge_a_gate() -> bool {
    let checkout = Checkout::new(checkout());
    let Err(reason) = checkout.prepare(SceneKind::Gate) else {
        return true;
    };
    // Where the files are at hand, a pull that fails is a fault and no reason to skip.
    assert!(checkout.mirror().is_none(), "{reason}");
    println!("skipped: {reason}");
    false
}

/// Whether each of these tasks has a model here; one line says what is missing.
///
/// What is missing is first taken from the folder of upstream files beside the checkout, where
/// there is one.
pub(crate) fn has_models(tasks: &[&str]) -> bool {
    let missing = missing_models(tasks);
    if missing.is_empty() {
        return true;
    }
    let mirror = checkout().join("../shared/data/models");
    let has_mirror = mirror.exists();
    if has_mirror {
        let mut pull = Command::new(env!("CARGO_BIN_EXE_gac"));
        pull.args(["models", "pull", "--offline", "--mirror"])
            .arg(mirror);
        pull.arg("--store")
            .arg(checkout().join("third_party/models"));
        missing.iter().for_each(|task| {
            pull.args(["--task", task]);
        });
        pull.current_dir(checkout()).output().unwrap();
    }
    let missing = missing_models(tasks);
    // Where the files are at hand, a pull that fails is a fault and no reason to skip.
    assert!(
        !has_mirror || missing.is_empty(),
        "pulled and not there: {missing:?}"
    );
    if !missing.is_empty() {
        println!(
            "skipped: no model for {}; run `gac models pull`",
            missing.join(", ")
        );
    }
    missing.is_empty()
}

fn missing_models<'a>(tasks: &[&'a str]) -> Vec<&'a str> {
    let list = crate::program::lines_of(&crate::program::gac(&["models", "list"]));
    let is_here = |task: &&&str| {
        list.iter()
            .any(|line| line.starts_with(**task) && line.contains("in use"))
    };
    tasks
        .iter()
        .filter(|task| !is_here(task))
        .copied()
        .collect()
}

/// Models that a gate with plates needs.
pub(crate) const PLATE_MODELS: [&str; 3] = ["vehicle-detect", "plate-detect", "plate-read"];

/// A scene as a video, made once and kept with the build.
pub(crate) fn video(kind: SceneKind, seed: u64, duration_s: f64) -> (PathBuf, Truth) {
    let spec = SceneSpec::new(kind, seed).lasting(duration_s);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("scenes");
    let written = write_scene(&spec, None, &folder, |_done, _all| ()).unwrap();
    (written.video, truth_of(&spec).unwrap())
}

/// The text of a site file.
pub(crate) struct SiteText(pub(crate) String);

impl SiteText {
    /// A site with its console on a free port; `broker` is the port of one that runs elsewhere.
    pub(crate) fn new(broker: Option<u16>) -> Self {
        let mut text =
            "[site]\nid = \"trial\"\nname = \"Thử\"\n\n[web]\nlisten = \"127.0.0.1:0\"\n\n"
                .to_owned();
        if let Some(port) = broker {
            writeln!(text, "[broker]\nkind = \"external\"\nport = {port}\n").unwrap();
        }
        Self(text)
    }

    /// More of it.
    #[must_use]
    pub(crate) fn with(mut self, text: &str) -> Self {
        self.0.push_str(text);
        self.0.push('\n');
        self
    }

    /// A camera at a gate with a simulated barrier, and the list of who may pass.
    #[must_use]
    pub(crate) fn with_gate(mut self, video: &Path, truth: &Truth) -> Self {
        let size = [truth.header.width as f32, truth.header.height as f32];
        let share = |p: &[f32; 2]| {
            [
                (p[0] / size[0]).clamp(0.0, 1.0),
                (p[1] / size[1]).clamp(0.0, 1.0),
            ]
        };
        let region: Vec<[f32; 2]> = truth.header.geometry.lanes[0].iter().map(share).collect();
        write!(
            self.0,
            "[[camera]]\nid = \"lane\"\nsource = {{ file = {video:?}, repeat = true }}\n\
             tasks = [\"vehicles\", \"plates\"]\nregion = {region:?}\n\n\
             [[gate]]\nid = \"gate-1\"\ncamera = \"lane\"\nfactor = \"plate\"\n\
             actuator = \"simulator\"\n\n"
        )
        .unwrap();
        for entry in &truth.header.registrations {
            let access = if entry.access == Access::Allow {
                "allow"
            } else {
                "bar"
            };
            write!(
                self.0,
                "[[registration]]\nplate = {:?}\naccess = \"{access}\"\n\n",
                entry.plate
            )
            .unwrap();
        }
        self
    }

    /// A camera at a stop line; it runs as fast as it can be analysed.
    #[must_use]
    pub(crate) fn with_junction(mut self, video: &Path, truth: &Truth) -> Self {
        let geometry = &truth.header.geometry;
        let size = [truth.header.width as f32, truth.header.height as f32];
        let ([left, right], signal) = (geometry.stop_line.unwrap(), geometry.signal.unwrap());
        let share = |p: [f32; 2]| [p[0] / size[0], p[1] / size[1]];
        let lamp = |b: [f32; 4]| {
            [
                b[0] / size[0],
                b[1] / size[1],
                b[2] / size[0],
                b[3] / size[1],
            ]
        };
        write!(
            self.0,
            "[[camera]]\nid = \"junction\"\n\
             source = {{ file = {video:?}, pace = \"fast\", repeat = true }}\n\
             tasks = [\"vehicles\"]\nstop_line = {{ from = {:?}, to = {:?} }}\n\
             signal = {{ red = {:?}, amber = {:?}, green = {:?} }}\n\n",
            share(right),
            share(left),
            lamp(signal.red),
            lamp(signal.amber),
            lamp(signal.green)
        )
        .unwrap();
        self
    }

    /// Writes it as `site.toml` of the folder.
    pub(crate) fn write(&self, folder: &Path) {
        std::fs::write(folder.join("site.toml"), &self.0).unwrap();
    }
}

/// A camera that needs no file and no network.
pub(crate) fn test_picture(id: &str) -> String {
    format!(
        "[[camera]]\nid = \"{id}\"\n\
         source = {{ launch = \"videotestsrc is-live=true pattern=ball ! \
         video/x-raw,width=320,height=240,framerate=10/1\" }}\ntasks = [\"vehicles\"]\n"
    )
}
