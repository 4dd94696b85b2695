//! Pairs of faces: labelled ones, and ones that are of different people for certain.
//!
//! The threshold is the catalogue's. It was set from what the embedder does on LFW's 3000 pairs of
//! strangers, and not from these. But it was not set blindly: at 0.31, where it stood before, 3 of
//! these 621 pairs of strangers were taken for one person (0.381 to 0.389), and that was known.

use super::{
    Failure,
    detect::{all_of, frame},
    interval::Exact,
};
use domain::{Embedding, FaceObservation, Frame};
use models::{Analyzer, face_quality::only_face, preprocess::Picture};
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

/// A face lower than this is not compared at a gate either.
const HEIGHT_MIN_PX: f32 = 60.0;

/// Two faces that were compared.
#[derive(Clone, Debug)]
pub struct Pair {
    /// Their pictures; for those of a group with its number in it.
    pub names: [String; 2],
    /// Cosine.
    pub similarity: f32,
    /// Whether they are of one person.
    pub is_same: bool,
    /// Whether somebody labelled this very pair.
    pub is_labelled: bool,
}

/// All pairs, and the faces that are in misjudged ones.
pub struct Pairs {
    /// From here two faces count as one person.
    pub threshold: f32,
    /// The pairs.
    pub all: Vec<Pair>,
    /// JPEG crops by name.
    pub crops: BTreeMap<String, Vec<u8>>,
}

struct Face {
    name: String,
    template: Embedding,
    crop: Vec<u8>,
}

/// Compares labelled pairs of photos and of strangers.
///
/// Where they are there, these are strangers who stand together in one photo, with each other and
/// with the people of the labelled photos.
pub fn measure(
    analyzer: &mut Analyzer,
    labelled: &Path,
    strangers: Option<&Path>,
) -> Result<Pairs, Failure> {
    let threshold = analyzer.similarity_min().ok_or("no model for templates")?;
    let labels = labels(&labelled.join("pairs.csv"))?;
    let mut faces: BTreeMap<String, Face> = BTreeMap::new();
    for name in labels.iter().flat_map(|(names, _)| names) {
        if !faces.contains_key(name) {
            let frame = frame(&labelled.join(name))?;
            let found = analyzer.detect_faces(&frame, all_of(&frame))?;
            let face = only_face(&found).map_err(|refusal| format!("{name}: {}", refusal.en()))?;
            if let Some(face) = described(analyzer, &frame, (name, face))? {
                faces.insert(name.clone(), face);
            }
        }
    }
    let mut all: Vec<Pair> = Vec::new();
    for (names, is_same) in &labels {
        if let [Some(a), Some(b)] = [faces.get(&names[0]), faces.get(&names[1])] {
            all.push(pair(a, b, (*is_same, true)));
        }
    }
    let mut others = Vec::new();
    for path in strangers.map(pictures).transpose()?.unwrap_or_default() {
        others.push(together(analyzer, &path)?);
    }
    for group in &others {
        for (at, face) in group.faces.iter().enumerate() {
            all.extend(
                group.faces[..at]
                    .iter()
                    .map(|other| pair(face, other, (false, false))),
            );
            all.extend(
                faces
                    .values()
                    .map(|known| pair(face, known, (false, false))),
            );
        }
    }
    let mut crops = BTreeMap::new();
    let mut pairs = Pairs {
        threshold,
        all,
        crops: BTreeMap::new(),
    };
    let every = faces
        .values()
        .chain(others.iter().flat_map(|group| &group.faces));
    let by_name: BTreeMap<&str, &Face> = every.map(|face| (face.name.as_str(), face)).collect();
    for pair in pairs.misjudged().chain(pairs.nearest()) {
        for name in &pair.names {
            if let Some(face) = by_name.get(name.as_str()) {
                crops.insert(name.clone(), face.crop.clone());
            }
        }
    }
    pairs.crops = crops;
    Ok(pairs)
}

/// The people of one photo, who are different people.
struct Together {
    faces: Vec<Face>,
}

fn together(analyzer: &mut Analyzer, path: &Path) -> Result<Together, Failure> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let frame = frame(path)?;
    let mut faces = Vec::new();
    let found = analyzer.detect_faces(&frame, all_of(&frame))?;
    for (n, face) in found.iter().enumerate() {
        if HEIGHT_MIN_PX <= face.bounds.height() {
            let name = format!("{name}#{n}");
            faces.extend(described(analyzer, &frame, (&name, face))?);
        }
    }
    Ok(Together { faces })
}

fn described(
    analyzer: &mut Analyzer,
    frame: &Frame,
    (name, face): (&str, &FaceObservation),
) -> Result<Option<Face>, Failure> {
    let template = analyzer.embed_face(frame, face)?;
    Ok(template.map(|template| Face {
        name: name.to_owned(),
        template,
        crop: crop(frame, face).unwrap_or_default(),
    }))
}

/// The face as a small JPEG.
fn crop(frame: &Frame, face: &FaceObservation) -> Option<Vec<u8>> {
    let picture = Picture::of(frame).ok()?;
    let pixels = models::preprocess::resize(picture, face.bounds, 112, 144);
    let image = image::RgbImage::from_raw(pixels.width, pixels.height, pixels.rgb)?;
    let mut jpeg = std::io::Cursor::new(Vec::new());
    image.write_to(&mut jpeg, image::ImageFormat::Jpeg).ok()?;
    Some(jpeg.into_inner())
}

fn pair(a: &Face, b: &Face, (is_same, is_labelled): (bool, bool)) -> Pair {
    Pair {
        names: [a.name.clone(), b.name.clone()],
        similarity: a.template.similarity(&b.template),
        is_same,
        is_labelled,
    }
}

/// Photos that are not of strangers.
///
/// Dogs, whom the detector sometimes takes for faces; a person who may be on the labelled photos,
/// too; and a collage that has several photos of each of its people (dlib's example of grouping
/// faces, `dnn_face_recognition_ex`).
const NO_STRANGERS: [&str; 3] = ["dogs.jpg", "Tom_Cruise_avp_2014_4.jpg", "bald_guys.jpg"];

/// The photos of strangers.
fn pictures(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let is_known = NO_STRANGERS.iter().any(|name| path.ends_with(name));
        if path.extension().is_some_and(|e| e == "jpg") && !is_known {
            paths.push(path);
        }
    }
    paths.sort();
    Ok(paths)
}

/// The columns are two pictures, and `Yes` for one person.
fn labels(path: &Path) -> Result<Vec<([String; 2], bool)>, Failure> {
    let text = fs::read_to_string(path)?;
    let mut labels = Vec::new();
    for line in text.lines().skip(1).filter(|line| !line.trim().is_empty()) {
        let [a, b, label] = line.trim().split(',').collect::<Vec<_>>()[..] else {
            return Err(format!("{}: {line:?} has no three columns", path.display()).into());
        };
        labels.push(([a.to_owned(), b.to_owned()], label == "Yes"));
    }
    Ok(labels)
}

impl Pairs {
    /// Whether the threshold judges it rightly.
    pub fn is_right(&self, pair: &Pair) -> bool {
        (self.threshold <= pair.similarity) == pair.is_same
    }

    fn count(&self, of: impl Fn(&Pair) -> bool) -> usize {
        self.all.iter().filter(|pair| of(pair)).count()
    }

    /// Pairs that somebody labelled.
    pub fn n_labelled(&self) -> usize {
        self.count(|pair| pair.is_labelled)
    }

    /// Of these, judged rightly.
    pub fn n_right(&self) -> usize {
        self.count(|pair| pair.is_labelled && self.is_right(pair))
    }

    /// Share of the labelled pairs that is judged rightly.
    pub fn accuracy(&self) -> f64 {
        self.n_right() as f64 / self.n_labelled().max(1) as f64
    }

    /// Pairs of different people.
    pub fn n_impostor(&self) -> usize {
        self.count(|pair| !pair.is_same)
    }

    /// Of these, taken for one person.
    pub fn n_false_matches(&self) -> usize {
        self.count(|pair| !pair.is_same && !self.is_right(pair))
    }

    /// Share of the pairs of different people that is taken for one. The interval is of independent
    /// pairs; these share people, so that the true one is wider.
    pub fn false_matches(&self) -> Exact {
        Exact::of(self.n_false_matches(), self.n_impostor())
    }

    /// Share of the pairs of one person that is not recognised.
    pub fn false_non_matches(&self) -> Exact {
        let wrong = self.count(|pair| pair.is_same && !self.is_right(pair));
        Exact::of(wrong, self.count(|pair| pair.is_same))
    }

    /// The pairs that are judged rightly and are nearest to the threshold: the three most alike of
    /// different people, and the three least alike of one person.
    pub fn nearest(&self) -> Vec<&Pair> {
        let mut nearest: Vec<&Pair> = self.all.iter().filter(|pair| self.is_right(pair)).collect();
        let distance = |pair: &Pair| (pair.similarity - self.threshold).abs();
        nearest.sort_by(|a, b| distance(a).total_cmp(&distance(b)));
        let of = |is_same: bool| nearest.iter().filter(move |pair| pair.is_same == is_same);
        of(false).take(3).chain(of(true).take(3)).copied().collect()
    }

    /// The pairs that are judged wrongly.
    pub fn misjudged(&self) -> impl Iterator<Item = &Pair> {
        self.all.iter().filter(|pair| !self.is_right(pair))
    }
}
