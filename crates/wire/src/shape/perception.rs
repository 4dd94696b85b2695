//! Sightings and candidates.

mod raw_reads;

use super::{order::CrossingShape, score, slug, words};
use domain::{
    BoxInImage, CameraId, Candidate, CandidateId, CharRead, Class, EvidenceItem, EvidenceRole,
    FaceMatch, LineCrossing, Liveness, PersonId, PlateColour, PlateVote, RowRead, Sighting,
    SightingId, SightingPhase, Standing, Timestamp, TrackId, face::FaceVote,
};
use raw_reads::RawReadsShape;
use serde::{Deserialize, Serialize};

words!(ClassWord for Class { Person, Bicycle, Car, Motorbike, Bus, Truck, Face, Plate });
words!(PhaseWord for SightingPhase { New, Update, Final });
words!(ColourWord for PlateColour { Unknown, White, Yellow, Blue, Red });
words!(RoleWord for EvidenceRole { Before, At, After, Plate, Sighting });
words!(StandingWord for Standing { Evidential, ScreeningOnly });

/// Longest row that is read; a plate has at most 11 characters.
const ROW_CHARS_MAX: usize = 16;

/// `[x_min, y_min, x_max, y_max]` in pixels.
type BoxShape = [f32; 4];

fn box_shape(b: &BoxInImage) -> BoxShape {
    [b.x_min, b.y_min, b.x_max, b.y_max]
}

fn box_of([x_min, y_min, x_max, y_max]: BoxShape) -> Result<BoxInImage, String> {
    let bounds = BoxInImage {
        x_min,
        y_min,
        x_max,
        y_max,
    };
    if bounds.is_finite() && x_min <= x_max && y_min <= y_max {
        Ok(bounds)
    } else {
        Err("a box is not finite or is inside out".to_owned())
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CharShape {
    c: char,
    score: f32,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    alt: Vec<(char, f32)>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlateShape {
    rows: Vec<Vec<CharShape>>,
    colour: ColourWord,
    n_reads: u32,
    n_agreeing: u32,
}

impl From<&PlateVote> for PlateShape {
    fn from(p: &PlateVote) -> Self {
        let char_shape = |c: &CharRead| CharShape {
            c: c.best,
            score: c.score,
            alt: c.alternatives.clone(),
        };
        let row = |row: &RowRead| row.chars.iter().map(char_shape).collect();
        Self {
            rows: p.rows.iter().map(row).collect(),
            colour: p.colour.into(),
            n_reads: p.n_reads,
            n_agreeing: p.n_agreeing,
        }
    }
}

/// A character that a plate can have; a reader has no others, so another one means a broken or
/// hostile sender.
fn plate_char(c: char) -> Result<char, String> {
    if c.is_ascii_uppercase() || c.is_ascii_digit() || c == 'Đ' {
        Ok(c)
    } else {
        Err("a plate has a character that no plate has".to_owned())
    }
}

impl TryFrom<PlateShape> for PlateVote {
    type Error = String;

    fn try_from(p: PlateShape) -> Result<Self, String> {
        if 2 < p.rows.len() || p.rows.iter().any(|row| ROW_CHARS_MAX < row.len()) {
            return Err("a plate has more than two rows or too long a row".to_owned());
        }
        let mut rows = Vec::new();
        for row in p.rows {
            let mut chars = Vec::new();
            for c in row {
                let mut alternatives = Vec::new();
                for (other, other_score) in c.alt.into_iter().take(3) {
                    alternatives.push((plate_char(other)?, score(other_score)?));
                }
                chars.push(CharRead {
                    best: plate_char(c.c)?,
                    score: score(c.score)?,
                    alternatives,
                });
            }
            rows.push(RowRead { chars });
        }
        Ok(Self {
            rows,
            colour: p.colour.into(),
            n_reads: p.n_reads,
            n_agreeing: p.n_agreeing,
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct MatchShape {
    #[serde(with = "slug")]
    person_id: PersonId,
    similarity: f32,
    similarity_min: f32,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FaceShape {
    candidates: Vec<MatchShape>,
    /// Score and the least score that counts as live.
    liveness: Option<(f32, f32)>,
    n_views: u32,
    n_agreeing: u32,
}

impl From<&FaceVote> for FaceShape {
    fn from(f: &FaceVote) -> Self {
        let match_shape = |m: &FaceMatch| MatchShape {
            person_id: m.person,
            similarity: m.similarity,
            similarity_min: m.similarity_min,
        };
        Self {
            candidates: f.candidates.iter().map(match_shape).collect(),
            liveness: f.liveness.map(|l| (l.score, l.score_min)),
            n_views: f.n_views,
            n_agreeing: f.n_agreeing,
        }
    }
}

impl TryFrom<FaceShape> for FaceVote {
    type Error = String;

    fn try_from(f: FaceShape) -> Result<Self, String> {
        let mut candidates = Vec::new();
        for m in f.candidates.into_iter().take(3) {
            if !(-1.0..=1.0).contains(&m.similarity) || !(-1.0..=1.0).contains(&m.similarity_min) {
                return Err("a similarity is not in -1..1".to_owned());
            }
            candidates.push(FaceMatch {
                person: m.person_id,
                similarity: m.similarity,
                similarity_min: m.similarity_min,
            });
        }
        let liveness = match f.liveness {
            Some((value, least)) => Some(Liveness {
                score: score(value)?,
                score_min: score(least)?,
            }),
            None => None,
        };
        Ok(Self {
            candidates,
            liveness,
            n_views: f.n_views,
            n_agreeing: f.n_agreeing,
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EvidenceShape {
    role: RoleWord,
    sha256: String,
    media_type: String,
    n_bytes: u64,
    frame_seq: u64,
    #[serde(with = "crate::time")]
    captured_at: Timestamp,
}

impl From<&EvidenceItem> for EvidenceShape {
    fn from(e: &EvidenceItem) -> Self {
        Self {
            role: e.role.into(),
            sha256: e.sha256.clone(),
            media_type: e.media_type.clone(),
            n_bytes: e.n_bytes,
            frame_seq: e.frame_seq,
            captured_at: e.captured_at,
        }
    }
}

impl TryFrom<EvidenceShape> for EvidenceItem {
    type Error = String;

    fn try_from(e: EvidenceShape) -> Result<Self, String> {
        let is_digit = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        if e.sha256.len() != 64 || !e.sha256.bytes().all(is_digit) {
            return Err("a SHA-256 is not 64 lower-case hexadecimal digits".to_owned());
        }
        Ok(Self {
            role: e.role.into(),
            sha256: e.sha256,
            media_type: e.media_type,
            n_bytes: e.n_bytes,
            frame_seq: e.frame_seq,
            captured_at: e.captured_at,
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SightingShape {
    #[serde(with = "slug")]
    sighting_id: SightingId,
    revision: u32,
    phase: PhaseWord,
    #[serde(with = "slug")]
    camera: CameraId,
    track: u64,
    class: ClassWord,
    #[serde(with = "crate::time")]
    first_seen_at: Timestamp,
    #[serde(with = "crate::time")]
    last_seen_at: Timestamp,
    bounds: BoxShape,
    is_plate_decisive: bool,
    is_face_decisive: bool,
    plate: Option<PlateShape>,
    /// In the final message only; older programs wrote none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    raw_reads: Option<RawReadsShape>,
    face: Option<FaceShape>,
    picture: Option<EvidenceShape>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    crossings: Vec<CrossingShape>,
}

impl From<&Sighting> for SightingShape {
    fn from(s: &Sighting) -> Self {
        Self {
            sighting_id: s.id,
            revision: s.revision,
            phase: s.phase.into(),
            camera: s.camera.clone(),
            track: s.track.0,
            class: s.class.into(),
            first_seen_at: s.first_seen_at,
            last_seen_at: s.last_seen_at,
            bounds: box_shape(&s.bounds),
            is_plate_decisive: s.is_plate_decisive,
            is_face_decisive: s.is_face_decisive,
            plate: s.plate.as_ref().map(PlateShape::from),
            raw_reads: RawReadsShape::of(&s.raw_reads),
            face: s.face.as_ref().map(FaceShape::from),
            picture: s.picture.as_ref().map(EvidenceShape::from),
            crossings: s.crossings.iter().map(CrossingShape::from).collect(),
        }
    }
}

impl TryFrom<SightingShape> for Sighting {
    type Error = String;

    fn try_from(s: SightingShape) -> Result<Self, String> {
        Ok(Self {
            id: s.sighting_id,
            revision: s.revision,
            phase: s.phase.into(),
            camera: s.camera,
            track: TrackId(s.track),
            class: s.class.into(),
            first_seen_at: s.first_seen_at,
            last_seen_at: s.last_seen_at,
            bounds: box_of(s.bounds)?,
            is_plate_decisive: s.is_plate_decisive,
            is_face_decisive: s.is_face_decisive,
            plate: s.plate.map(PlateVote::try_from).transpose()?,
            raw_reads: RawReadsShape::read(s.raw_reads)?,
            face: s.face.map(FaceVote::try_from).transpose()?,
            picture: s.picture.map(EvidenceItem::try_from).transpose()?,
            crossings: crossings_of(s.crossings)?,
        })
    }
}

/// Most counting lines that one sighting can go over.
const CROSSINGS_MAX: usize = 64;

fn crossings_of(shapes: Vec<CrossingShape>) -> Result<Vec<LineCrossing>, String> {
    if CROSSINGS_MAX < shapes.len() {
        return Err(format!(
            "a sighting has more than {CROSSINGS_MAX} crossings"
        ));
    }
    Ok(shapes.into_iter().map(LineCrossing::from).collect())
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CandidateShape {
    #[serde(with = "slug")]
    candidate_id: CandidateId,
    #[serde(with = "slug")]
    camera: CameraId,
    #[serde(with = "slug")]
    sighting_id: SightingId,
    track: u64,
    class: ClassWord,
    rule: String,
    rule_version: u32,
    #[serde(with = "crate::time")]
    act_at: Timestamp,
    bounds: BoxShape,
    standing: StandingWord,
    facts: Vec<(String, String)>,
    plate: Option<PlateShape>,
    evidence: Vec<EvidenceShape>,
}

impl From<&Candidate> for CandidateShape {
    fn from(c: &Candidate) -> Self {
        Self {
            candidate_id: c.id,
            camera: c.camera.clone(),
            sighting_id: c.sighting,
            track: c.track.0,
            class: c.class.into(),
            rule: c.rule.clone(),
            rule_version: c.rule_version,
            act_at: c.act_at,
            bounds: box_shape(&c.bounds),
            standing: c.standing.into(),
            facts: c.facts.clone(),
            plate: c.plate.as_ref().map(PlateShape::from),
            evidence: c.evidence.iter().map(EvidenceShape::from).collect(),
        }
    }
}

impl TryFrom<CandidateShape> for Candidate {
    type Error = String;

    fn try_from(c: CandidateShape) -> Result<Self, String> {
        let evidence: Result<_, String> =
            c.evidence.into_iter().map(EvidenceItem::try_from).collect();
        Ok(Self {
            id: c.candidate_id,
            camera: c.camera,
            sighting: c.sighting_id,
            track: TrackId(c.track),
            class: c.class.into(),
            rule: c.rule,
            rule_version: c.rule_version,
            act_at: c.act_at,
            bounds: box_of(c.bounds)?,
            standing: c.standing.into(),
            facts: c.facts,
            plate: c.plate.map(PlateVote::try_from).transpose()?,
            evidence: evidence?,
        })
    }
}
