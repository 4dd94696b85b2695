//! The shapes of the JSON API that several answers share.

use crate::store::{Code as _, Cursor, outcome_codes};
use domain::{
    BoxInImage, EvidenceItem, Outcome, Plate, PlateVote, Timestamp, Verdict, face::FaceVote,
};
use serde::Serialize;
use utoipa::ToSchema;

/// Where a list goes on.
#[derive(Serialize, ToSchema)]
pub(crate) struct Meta {
    /// Give this as `cursor` for the next page; absent on the last one.
    #[schema(example = "1795246370123456.sig_018f1234000070008000000000000001")]
    pub(crate) next: Option<String>,
}

impl Meta {
    /// There may be more when the page is full.
    pub(crate) fn after(n_rows: usize, n_rows_max: u32, last: Option<Cursor>) -> Self {
        let is_full = usize::try_from(n_rows_max).is_ok_and(|max| max <= n_rows);
        Self {
            next: last.filter(|_cursor| is_full).map(|cursor| cursor.encode()),
        }
    }
}

/// A plate as many frames of one vehicle agree on it. Personal data.
#[derive(Serialize, ToSchema)]
#[schema(as = Plate)]
pub(crate) struct PlateJson {
    /// The voted text with `/` between rows; absent when it has not the length of a plate.
    #[schema(example = "29B1/12345")]
    text: Option<String>,
    /// The lowest score of its characters, 0 to 1.
    score: f32,
    /// `white`, `yellow`, `blue`, `red` or `unknown`.
    colour: &'static str,
    /// How many frames were read.
    n_reads: u32,
    /// How many of them read exactly the voted text.
    n_agreeing: u32,
    /// The characters, by row.
    rows: Vec<Vec<CharJson>>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = PlateChar)]
struct CharJson {
    /// The likeliest character.
    #[schema(value_type = String)]
    char: char,
    /// Its score, 0 to 1.
    score: f32,
    /// The next likeliest.
    alternatives: Vec<AlternativeJson>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = PlateAlternative)]
struct AlternativeJson {
    #[schema(value_type = String)]
    char: char,
    score: f32,
}

impl From<&PlateVote> for PlateJson {
    fn from(vote: &PlateVote) -> Self {
        let alternative = |(char, score): &(char, f32)| AlternativeJson {
            char: *char,
            score: *score,
        };
        let char_json = |c: &domain::CharRead| CharJson {
            char: c.best,
            score: c.score,
            alternatives: c.alternatives.iter().map(alternative).collect(),
        };
        Self {
            text: vote.plate().as_ref().map(Plate::expose),
            score: vote.score(),
            colour: vote.colour.code(),
            n_reads: vote.n_reads,
            n_agreeing: vote.n_agreeing,
            rows: vote
                .rows
                .iter()
                .map(|row| row.chars.iter().map(char_json).collect())
                .collect(),
        }
    }
}

/// Which enrolled people a face resembles. Personal data.
#[derive(Serialize, ToSchema)]
#[schema(as = Face)]
pub(crate) struct FaceJson {
    /// Best first, at most three.
    candidates: Vec<MatchJson>,
    /// 1 is surely a live face, 0 surely a picture or a screen.
    liveness: Option<f32>,
    /// How many frames had a usable face.
    n_views: u32,
    /// In how many of them the first candidate reached the threshold.
    n_agreeing: u32,
}

#[derive(Serialize, ToSchema)]
#[schema(as = FaceMatch)]
struct MatchJson {
    person_id: String,
    /// Cosine similarity, -1 to 1.
    similarity: f32,
    /// The least similarity that counts as the same person.
    similarity_min: f32,
}

impl From<&FaceVote> for FaceJson {
    fn from(vote: &FaceVote) -> Self {
        let match_json = |m: &domain::FaceMatch| MatchJson {
            person_id: m.person.to_string(),
            similarity: m.similarity,
            similarity_min: m.similarity_min,
        };
        Self {
            candidates: vote.candidates.iter().map(match_json).collect(),
            liveness: vote.liveness.map(|liveness| liveness.score),
            n_views: vote.n_views,
            n_agreeing: vote.n_agreeing,
        }
    }
}

/// One file of evidence, named by what is in it.
#[derive(Serialize, ToSchema)]
#[schema(as = EvidenceItem)]
pub(crate) struct EvidenceJson {
    /// `before`, `at`, `after`, `plate` or `sighting`.
    role: &'static str,
    /// SHA-256 of the file; `/api/v1/evidence/{sha256}` gives it.
    sha256: String,
    media_type: String,
    n_bytes: u64,
    /// The frame it was taken from.
    frame_seq: u64,
    /// That frame's capture time.
    #[schema(format = DateTime)]
    captured_at: String,
}

impl From<&EvidenceItem> for EvidenceJson {
    fn from(item: &EvidenceItem) -> Self {
        Self {
            role: item.role.code(),
            sha256: item.sha256.clone(),
            media_type: item.media_type.clone(),
            n_bytes: item.n_bytes,
            frame_seq: item.frame_seq,
            captured_at: item.captured_at.to_string(),
        }
    }
}

/// A gate's answer to one sighting.
#[derive(Serialize, ToSchema)]
#[schema(as = Verdict)]
pub(crate) struct VerdictJson {
    id: String,
    passage_id: String,
    sighting_id: String,
    gate: String,
    #[serde(flatten)]
    outcome: OutcomeJson,
    #[schema(format = DateTime)]
    given_at: String,
    /// Capture time of the frame that settled it.
    #[schema(format = DateTime)]
    captured_at: String,
    /// From capture to verdict.
    latency_ms: f64,
    policy_version: u64,
    /// How fresh the list was.
    #[schema(format = DateTime)]
    registry_as_of: String,
}

#[derive(Serialize, ToSchema)]
#[schema(as = Outcome)]
pub(crate) struct OutcomeJson {
    /// `grant`, `deny` or `refer`.
    outcome: &'static str,
    /// Why, unless it is a grant.
    #[schema(example = "look-alike")]
    reason: Option<&'static str>,
}

impl From<Outcome> for OutcomeJson {
    fn from(outcome: Outcome) -> Self {
        let (outcome, reason) = outcome_codes(outcome);
        Self { outcome, reason }
    }
}

impl From<&Verdict> for VerdictJson {
    fn from(v: &Verdict) -> Self {
        Self {
            id: v.id.to_string(),
            passage_id: v.passage.to_string(),
            sighting_id: v.sighting.to_string(),
            gate: v.gate.to_string(),
            outcome: v.outcome.into(),
            given_at: v.given_at.to_string(),
            captured_at: v.captured_at.to_string(),
            latency_ms: latency_ms(v),
            policy_version: v.policy_version,
            registry_as_of: v.registry_as_of.to_string(),
        }
    }
}

/// From the capture of the frame that settled it to the verdict.
pub(crate) fn latency_ms(verdict: &Verdict) -> f64 {
    verdict.given_at.since(verdict.captured_at).as_secs_f64() * 1000.0
}

/// `[x_min, y_min, x_max, y_max]` in pixels.
pub(crate) fn bounds_json(bounds: &BoxInImage) -> [f32; 4] {
    [bounds.x_min, bounds.y_min, bounds.x_max, bounds.y_max]
}

/// A moment of the query string: RFC 3339.
pub(crate) fn parse_since(
    text: Option<&str>,
) -> Result<Option<Timestamp>, super::problem::Problem> {
    let parse = |text: &str| {
        wire::parse_time(text)
            .map_err(|error| super::problem::Problem::bad_request(format!("since: {error}")))
    };
    text.map(parse).transpose()
}
