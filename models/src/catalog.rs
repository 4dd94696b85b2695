//! Which models there are, where they come from, and what they are good for: `catalog.toml` as
//! values.

mod fetch;
mod npm;
mod pinned;
mod pull;
mod store;
mod weights;

pub use pinned::WantedFile;
pub use pull::{PullEvent, PullOptions, PullOutcome, pull, pull_models};
pub use store::{Check, Store, VerifyOutcome};

use crate::ModelError;
use serde::Deserialize;
use std::{collections::BTreeSet, fmt, fs, path::Path};

/// What a model is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Task {
    /// Vehicles and people in a frame.
    VehicleDetect,
    /// Number plates in a frame or in a vehicle.
    PlateDetect,
    /// The characters of a plate.
    PlateRead,
    /// Faces in a frame or in a person.
    FaceDetect,
    /// The template of a face.
    FaceEmbed,
    /// Whether a face is alive or a picture.
    FaceLiveness,
}

impl Task {
    /// All tasks, in the order in which they are listed.
    pub const ALL: [Self; 6] = [
        Self::VehicleDetect,
        Self::PlateDetect,
        Self::PlateRead,
        Self::FaceDetect,
        Self::FaceEmbed,
        Self::FaceLiveness,
    ];

    /// The name in the catalogue and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::VehicleDetect => "vehicle-detect",
            Self::PlateDetect => "plate-detect",
            Self::PlateRead => "plate-read",
            Self::FaceDetect => "face-detect",
            Self::FaceEmbed => "face-embed",
            Self::FaceLiveness => "face-liveness",
        }
    }

    /// The task of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|task| task.name() == name)
    }
}

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Which decoder reads a model's outputs; it also fixes how the picture is prepared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decoder {
    /// NanoDet: distances as distributions, BGR.
    Nanodet,
    /// PicoDet: distances as distributions, RGB.
    Picodet,
    /// YOLOX: grid offsets, letter-boxed.
    Yolox,
    /// CenterNet: peaks of a heat map.
    Centernet,
    /// Our plate detector: a score and four corners for each cell.
    PlateCorners,
    /// YOLOv9 with the suppression of doubles inside.
    Yolov9End2end,
    /// A plate reader with one distribution for each character slot.
    Slots,
    /// Our plate reader: the slots of two rows, what the picture shows, and the ground's colour.
    PlateRows,
    /// YuNet: faces with five landmarks.
    Yunet,
    /// UltraFace: faces without landmarks.
    Ultraface,
    /// BlazeFace: faces with six landmarks.
    Blazeface,
    /// An embedder of 112 x 112 faces aligned to five points, ImageNet normalisation.
    Mobilefacenet,
    /// dlib's embedder of 150 x 150 faces aligned to the eyes.
    DlibResnet,
    /// MiniFASNet: the face with much around it, three classes.
    Minifasnet,
    /// A classifier of the face alone, first output the score of a live face.
    FaceCrop,
}

/// One model.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Model {
    /// Its id; the file in the store is named after it.
    pub id: String,
    /// What it is for.
    pub task: Task,
    /// The licence of its weights, as an SPDX name.
    pub licence: String,
    /// What one should know before relying on the licence or on the accuracy.
    #[serde(default)]
    pub note: String,
    /// SHA-256 of the ONNX file.
    pub sha256: String,
    /// Size of the ONNX file.
    pub n_bytes: u64,
    /// Which decoder reads it.
    pub decoder: Decoder,
    /// Width and height of the picture that it takes.
    pub input_px: [u32; 2],
    /// The least score, or similarity, that counts. For vehicles and people the least that is
    /// given: a tracker wants weak boxes too, and begins nothing new with them.
    pub score_min: f32,
    /// How much larger than the face's box the crop is, where the decoder asks for it.
    #[serde(default)]
    pub crop_scale: Option<f32>,
    /// In how many parts a plate detector looks at a region again in which it found nothing: four
    /// where a look costs little, or one, the lower part.
    #[serde(default)]
    pub closer_look: CloserLook,
    /// What was measured, in words.
    pub accuracy: String,
    /// The shortest of many calls on a frame of 1280 x 720, preparation included, one thread of a
    /// server core.
    pub ms_min: f32,
    /// Where it comes from, in order of preference.
    #[serde(rename = "source", default)]
    pub sources: Vec<Source>,
}

/// What a plate detector is shown of a region that it sees small and in which it found nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CloserLook {
    /// The lower part, where a vehicle has its plate.
    #[default]
    LowerPart,
    /// Four parts that overlap.
    FourParts,
}

/// Where a model comes from.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Source {
    /// A file that is kept with the source text; the one of this program is built into it.
    Repository {
        /// Its path from the root of the repository.
        path: String,
    },
    /// A file in a mirror folder.
    Mirror {
        /// Its name there.
        file: String,
    },
    /// A file on a server.
    Url {
        /// With the commit in it, so that it always names the same bytes.
        url: String,
    },
    /// Files of an npm package, converted.
    Npm {
        /// `name@version`.
        package: String,
        /// What `import/tfjs_to_onnx.py` is to do: `graph` or `dlib-resnet`.
        converter: String,
        /// Description and weights, in this order.
        files: [PackageFile; 2],
        /// The outputs of a `graph`.
        #[serde(default)]
        outputs: Vec<String>,
    },
}

/// A file inside a package.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackageFile {
    /// Its path inside the package.
    pub path: String,
    /// Its SHA-256.
    pub sha256: String,
}

/// Models that do a task together. One that stands earlier has been measured to do it better.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Candidate {
    /// The task.
    pub task: Task,
    /// Ids of the models; all of them are needed.
    pub models: Vec<String>,
    /// What they reach together, in words.
    pub accuracy: String,
}

impl Candidate {
    /// A name that tells it from the other candidates of its task.
    pub fn label(&self) -> String {
        self.models.join(" + ")
    }
}

/// All models that are known.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalog {
    /// Every model, in order of its task.
    #[serde(rename = "model")]
    pub models: Vec<Model>,
    /// Every candidate; those of one task in order of preference.
    #[serde(rename = "candidate")]
    pub candidates: Vec<Candidate>,
}

impl Catalog {
    /// The catalogue that this program was built with.
    pub fn built_in() -> Self {
        Self::parse(include_str!("../catalog.toml")).expect("a test reads the built-in catalogue")
    }

    /// A catalogue of one's own.
    pub fn load(path: &Path) -> Result<Self, ModelError> {
        let text = fs::read_to_string(path).map_err(|source| ModelError::Read {
            path: path.to_owned(),
            source,
        })?;
        Self::parse(&text)
    }

    /// Reads and checks a catalogue.
    pub fn parse(text: &str) -> Result<Self, ModelError> {
        let catalog: Self = toml::from_str(text).map_err(|error| ModelError::Catalog {
            reason: one_line(&error.to_string()),
        })?;
        match catalog.fault() {
            Some(reason) => Err(ModelError::Catalog { reason }),
            None => Ok(catalog),
        }
    }

    /// The model of this id.
    pub fn model(&self, id: &str) -> Option<&Model> {
        self.models.iter().find(|model| model.id == id)
    }

    /// The candidates of a task, best first.
    pub fn candidates(&self, task: Task) -> impl Iterator<Item = &Candidate> {
        self.candidates
            .iter()
            .filter(move |candidate| candidate.task == task)
    }

    /// The models of a candidate.
    pub fn models_of(&self, candidate: &Candidate) -> Vec<&Model> {
        let ids = candidate.models.iter();
        ids.filter_map(|id| self.model(id)).collect()
    }

    fn fault(&self) -> Option<String> {
        let mut ids = BTreeSet::new();
        for model in &self.models {
            let id = &model.id;
            let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            if id.is_empty() || !id.chars().all(is_plain) {
                return Some(format!("{id:?} is not a model id (a-z, 0-9, -)"));
            }
            if !ids.insert(id) {
                return Some(format!("model {id} stands there twice"));
            }
            if model.input_px.iter().any(|n| !(1..=4096).contains(n)) {
                return Some(format!("model {id} has an input of {:?}", model.input_px));
            }
            if !model.hashes().into_iter().all(is_sha256) {
                return Some(format!(
                    "model {id} has a SHA-256 that is not 64 lower-case digits"
                ));
            }
        }
        for candidate in &self.candidates {
            let label = candidate.label();
            if candidate.models.is_empty() {
                return Some(format!("a candidate of {} has no models", candidate.task));
            }
            for id in &candidate.models {
                match self.model(id) {
                    None => return Some(format!("candidate {label} names the unknown model {id}")),
                    Some(model) if model.task != candidate.task => {
                        return Some(format!("candidate {label} has models of two tasks"));
                    }
                    Some(model)
                        if model.decoder == Decoder::PlateRows && candidate.models.len() != 1 =>
                    {
                        return Some(format!("candidate {label}: {id} reads plates alone"));
                    }
                    Some(_) => (),
                }
            }
        }
        None
    }
}

impl Model {
    fn hashes(&self) -> Vec<&str> {
        let mut all = vec![self.sha256.as_str()];
        for source in &self.sources {
            if let Source::Npm { files, .. } = source {
                all.extend(files.iter().map(|file| file.sha256.as_str()));
            }
        }
        all
    }
}

fn is_sha256(text: &str) -> bool {
    text.len() == 64
        && text
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// The text without line breaks.
pub(crate) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// An error and its sources on one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(source) = next {
        let cause = source.to_string();
        if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
        next = source.source();
    }
    one_line(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_catalogue_has_candidates_for_every_task() {
        let catalog = Catalog::built_in();
        for task in Task::ALL {
            assert!(catalog.candidates(task).next().is_some(), "{task}");
            assert_eq!(Task::from_name(task.name()), Some(task));
        }
        for model in &catalog.models {
            let is_used = |c: &Candidate| c.models.contains(&model.id);
            assert!(catalog.candidates.iter().any(is_used), "{}", model.id);
            assert!(!model.sources.is_empty(), "{}", model.id);
            for source in &model.sources {
                if let Source::Url { url } = source {
                    let commit = url.split('/').nth(5).unwrap();
                    assert_eq!(commit.len(), 40, "{url} is pinned by a whole commit");
                }
            }
        }
    }

    #[track_caller]
    fn check(change: impl Fn(&str) -> String, expect: &str) {
        let text = r#"
            [[model]]
            id = "a"
            task = "plate-read"
            licence = "MIT"
            sha256 = "0000000000000000000000000000000000000000000000000000000000000000"
            n_bytes = 1
            decoder = "slots"
            input_px = [128, 64]
            score_min = 0.0
            accuracy = "none"
            ms_min = 1.0
            [[candidate]]
            task = "plate-read"
            models = ["a"]
            accuracy = "none"
        "#;
        assert!(Catalog::parse(text).is_ok());
        let error = Catalog::parse(&change(text)).unwrap_err().to_string();
        assert!(error.contains(expect), "{error}");
        assert!(!error.contains('\n'), "{error}");
    }

    #[test]
    fn a_wrong_catalogue_is_refused_with_one_line() {
        check(|t| t.replace("id = \"a\"", "id = \"../a\""), "model id");
        check(|t| t.replace("000\"", "00\""), "SHA-256");
        check(|t| t.replace("[\"a\"]", "[\"b\"]"), "unknown model b");
        check(|t| t.replace("[\"a\"]", "[]"), "has no models");
        check(|t| t.replace("128", "0"), "input of [0, 64]");
        check(|t| format!("{t}\nwhat = 1"), "unknown field `what`");
        check(|t| t.replacen("plate-read", "face-embed", 1), "two tasks");
        let rows = |t: &str| t.replace("\"slots\"", "\"plate-rows\"");
        check(
            |t| rows(t).replace("[\"a\"]", "[\"a\", \"a\"]"),
            "reads plates alone",
        );
        check(|t| format!("{t}\n[[model"), "catalogue is wrong");
    }
}
