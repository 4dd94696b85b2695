//! Reading what cameras and gates have said.

use super::{
    Store, StoreError,
    code::{Code as _, outcome_from_codes},
    read_text::{face_of_text, plate_of_text, raw_reads_of_text},
    sql::{Row, Value, values},
};
use domain::{
    Assurance, Barrier, BoxInImage, CameraId, Class, GateId, GateState, Passage, PassageId,
    PassageState, PlateVote, RawReads, Rule, RulePath, SightingId, SightingPhase, Timestamp,
    Verdict, face::FaceVote,
};
use std::str::FromStr;
use wire::{CameraState, CameraStatus, Count};

/// Most rows of one page.
pub(crate) const PAGE_ROWS_MAX: u32 = 200;

/// Where a page begins: after the row with this moment and this id, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// The moment that the list is sorted by.
    pub at: Timestamp,
    /// The id of the row.
    pub id: String,
}

impl Cursor {
    /// As text, for a query string.
    pub fn encode(&self) -> String {
        format!("{}.{}", self.at.as_micros(), self.id)
    }

    /// From text.
    pub fn decode(text: &str) -> Option<Self> {
        let (micros, id) = text.split_once('.')?;
        let is_id = id.len() <= 40 && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        let at = Timestamp::from_micros(micros.parse().ok()?);
        is_id.then(|| Self {
            at,
            id: id.to_owned(),
        })
    }
}

/// Which rows, newest first.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// At most so many; 0 means 50.
    pub limit: u32,
    /// After this row.
    pub after: Option<Cursor>,
    /// Not from before this moment.
    pub since: Option<Timestamp>,
}

impl Page {
    /// The newest so many.
    pub fn newest(limit: u32) -> Self {
        Self {
            limit,
            ..Self::default()
        }
    }

    /// How many rows it has at most.
    pub fn n_rows_max(&self) -> u32 {
        if self.limit == 0 {
            50
        } else {
            self.limit.min(PAGE_ROWS_MAX)
        }
    }

    /// Values for `$1` limit, `$2` since, `$3` and `$4` the row before.
    pub(super) fn values(&self) -> Vec<Value> {
        let since = self.since.map_or(i64::MIN, Timestamp::as_micros);
        let (at, id) = match &self.after {
            Some(cursor) => (cursor.at.as_micros(), cursor.id.clone()),
            // Every moment is before the end of time: the id is not looked at.
            None => (i64::MAX, String::new()),
        };
        values![i64::from(self.n_rows_max()), since, at, id]
    }
}

/// A camera as it last reported itself.
#[derive(Clone, Debug, PartialEq)]
pub struct CameraRow {
    /// What it said.
    pub status: CameraStatus,
    /// When that arrived here, by our clock.
    pub heard_at: Timestamp,
}

/// A sighting as it was last heard of.
#[derive(Clone, Debug, PartialEq)]
pub struct SightingRow {
    /// Its id.
    pub id: SightingId,
    /// Counts the messages about it.
    pub revision: u32,
    /// First, later or last message.
    pub phase: SightingPhase,
    /// The camera.
    pub camera: CameraId,
    /// What it is.
    pub class: Class,
    /// Capture time of the first frame with it.
    pub first_seen_at: Timestamp,
    /// Capture time of the newest frame with it.
    pub last_seen_at: Timestamp,
    /// Where it was in that frame.
    pub bounds: BoxInImage,
    /// Whether more frames would hardly change it.
    pub is_decisive: bool,
    /// The voted plate.
    pub plate: Option<PlateVote>,
    /// Whom the face resembles.
    pub face: Option<FaceVote>,
    /// SHA-256 of its best picture.
    pub picture_sha256: Option<String>,
}

/// A passage with what is known of it.
#[derive(Clone, Debug, PartialEq)]
pub struct PassageRow {
    /// The passage.
    pub passage: Passage,
    /// The newest verdict.
    pub verdict: Option<Verdict>,
    /// What came, when its sighting has been heard of.
    pub class: Option<Class>,
    /// The voted plate.
    pub plate: Option<PlateVote>,
    /// Whom the face resembles.
    pub face: Option<FaceVote>,
    /// SHA-256 of its best picture.
    pub picture_sha256: Option<String>,
}

/// A passage with all that is known of its sighting.
#[derive(Clone, Debug, PartialEq)]
pub struct PassageDetail {
    /// As in lists.
    pub row: PassageRow,
    /// What every frame of the plate was read as; nothing before the sighting has ended.
    pub raw_reads: RawReads,
}

pub(super) fn id<T: FromStr>(row: &Row, column: &'static str) -> Result<T, StoreError> {
    row.parsed(column, |text| text.parse().ok())
}

pub(super) fn plate(row: &Row) -> Result<Option<PlateVote>, StoreError> {
    let Some(text) = row.text_or_null("plate_read")? else {
        return Ok(None);
    };
    plate_of_text(&text).map(Some).ok_or(StoreError::Content {
        column: "plate_read",
    })
}

fn raw_reads(row: &Row) -> Result<RawReads, StoreError> {
    let Some(text) = row.text_or_null("raw_reads")? else {
        return Ok(RawReads::default());
    };
    raw_reads_of_text(&text).ok_or(StoreError::Content {
        column: "raw_reads",
    })
}

fn face(row: &Row) -> Result<Option<FaceVote>, StoreError> {
    let Some(text) = row.text_or_null("face_read")? else {
        return Ok(None);
    };
    face_of_text(&text).map(Some).ok_or(StoreError::Content {
        column: "face_read",
    })
}

pub(super) fn bounds(row: &Row) -> Result<BoxInImage, StoreError> {
    #[expect(clippy::cast_possible_truncation, reason = "it was stored from an f32")]
    let number = |column| row.real(column).map(|number| number as f32);
    let (x_min, y_min) = (number("x_min")?, number("y_min")?);
    Ok(BoxInImage {
        x_min,
        y_min,
        x_max: number("x_max")?,
        y_max: number("y_max")?,
    })
}

fn small(row: &Row, column: &'static str) -> Result<u32, StoreError> {
    u32::try_from(row.int(column)?).map_err(|_range| StoreError::Content { column })
}

/// A page of passages, each with its sighting and its newest verdict.
macro_rules! passage_sql {
    ($filter:literal) => {
        concat!(
            "select p.passage_id, p.gate, p.sighting_id, p.state, p.arrived_at, p.changed_at,
                 s.class, s.plate_read, s.face_read, s.picture_sha256,
                 v.verdict_id, v.sighting_id as verdict_sighting_id, v.outcome, v.reason,
                 v.given_at, v.captured_at, v.policy_version, v.registry_as_of,
                 v.rule_path, v.assurance, v.by_account
             from (select * from passage ",
            $filter,
            " order by arrived_at desc, passage_id desc limit $1) p
             left join sighting s on s.sighting_id = p.sighting_id
             left join verdict v on v.verdict_id = (
                 select verdict_id from verdict where passage_id = p.passage_id
                 order by given_at desc, verdict_id desc limit 1)
             order by p.arrived_at desc, p.passage_id desc"
        )
    };
}

/// A page of sightings, without what each frame was read as.
macro_rules! sighting_sql {
    ($filter:literal) => {
        concat!(
            "select sighting_id, revision, phase, camera, class, first_seen_at, last_seen_at,
                 x_min, y_min, x_max, y_max, is_decisive, plate_read, face_read, picture_sha256
             from sighting ",
            $filter,
            " order by first_seen_at desc, sighting_id desc limit $1"
        )
    };
}

impl Store {
    /// Every camera, by name.
    pub async fn cameras(&self) -> Result<Vec<CameraRow>, StoreError> {
        let sql = "select camera, state, reason, fps, frames, dropped, at, updated_at
                   from camera_status order by camera limit 256";
        let rows = self.database.rows(sql, values![]).await?;
        let read = |row: &Row| {
            #[expect(clippy::cast_possible_truncation, reason = "it was stored from an f32")]
            let fps = row.real("fps")? as f32;
            let status = CameraStatus {
                camera: id(row, "camera")?,
                state: row.parsed("state", CameraState::from_code)?,
                reason: row.text_or_null("reason")?,
                fps,
                frames: row.count("frames")?,
                dropped: row.count("dropped")?,
                at: row.time("at")?,
            };
            Ok(CameraRow {
                status,
                heard_at: row.time("updated_at")?,
            })
        };
        rows.iter().map(read).collect()
    }

    /// Every gate with its barrier, by name.
    pub async fn gates(&self) -> Result<Vec<Barrier>, StoreError> {
        let sql = "select gate, state, since from barrier order by gate limit 256";
        let rows = self.database.rows(sql, values![]).await?;
        let read = |row: &Row| {
            let state = row.parsed("state", GateState::from_code)?;
            Ok(Barrier {
                gate: id(row, "gate")?,
                state,
                since: row.time("since")?,
                nonce: None,
            })
        };
        rows.iter().map(read).collect()
    }

    /// Every zone's count, by name.
    pub async fn counts(&self) -> Result<Vec<Count>, StoreError> {
        let sql = "select zone, people_in, people_out, vehicles_in, vehicles_out, at
                   from count order by zone limit 256";
        let rows = self.database.rows(sql, values![]).await?;
        let read = |row: &Row| {
            Ok(Count {
                zone: id(row, "zone")?,
                people_in: row.count("people_in")?,
                people_out: row.count("people_out")?,
                vehicles_in: row.count("vehicles_in")?,
                vehicles_out: row.count("vehicles_out")?,
                at: row.time("at")?,
            })
        };
        rows.iter().map(read).collect()
    }

    /// Sightings, newest first by their first frame; of one camera or of all.
    pub async fn sightings(
        &self,
        camera: Option<&CameraId>,
        page: &Page,
    ) -> Result<Vec<SightingRow>, StoreError> {
        let mut values = page.values();
        let rows = if let Some(camera) = camera {
            values.push(camera.as_str().into());
            let sql = sighting_sql!(
                "where camera = $5 and $2 <= first_seen_at
                     and (first_seen_at < $3 or (first_seen_at = $3 and sighting_id < $4))"
            );
            self.database.rows(sql, values).await?
        } else {
            let sql = sighting_sql!(
                "where $2 <= first_seen_at
                     and (first_seen_at < $3 or (first_seen_at = $3 and sighting_id < $4))"
            );
            self.database.rows(sql, values).await?
        };
        rows.iter().map(read_sighting).collect()
    }

    /// Passages, newest first by their arrival; of one gate or of all.
    pub async fn passages(
        &self,
        gate: Option<&GateId>,
        page: &Page,
    ) -> Result<Vec<PassageRow>, StoreError> {
        let mut values = page.values();
        // The page is cut before it is joined, so that its cost does not grow with the table.
        let rows = if let Some(gate) = gate {
            values.push(gate.as_str().into());
            let sql = passage_sql!(
                "where gate = $5 and $2 <= arrived_at
                     and (arrived_at < $3 or (arrived_at = $3 and passage_id < $4))"
            );
            self.database.rows(sql, values).await?
        } else {
            let sql = passage_sql!(
                "where $2 <= arrived_at
                     and (arrived_at < $3 or (arrived_at = $3 and passage_id < $4))"
            );
            self.database.rows(sql, values).await?
        };
        rows.iter().map(read_passage).collect()
    }

    /// One passage, with what every frame of its plate was read as.
    pub async fn passage(&self, id: PassageId) -> Result<Option<PassageDetail>, StoreError> {
        let sql = passage_sql!("where passage_id = $2");
        let values = values![1_i64, id.to_string()];
        let rows = self.database.rows(sql, values).await?;
        let Some(row) = rows.first().map(read_passage).transpose()? else {
            return Ok(None);
        };
        let sql = "select raw_reads from sighting where sighting_id = $1";
        let values = values![row.passage.sighting.to_string()];
        let rows = self.database.rows(sql, values).await?;
        let raw_reads = rows.first().map(raw_reads).transpose()?;
        Ok(Some(PassageDetail {
            row,
            raw_reads: raw_reads.unwrap_or_default(),
        }))
    }

    /// Verdicts, newest first.
    pub async fn verdicts(&self, page: &Page) -> Result<Vec<Verdict>, StoreError> {
        let sql = "select verdict_id, passage_id, sighting_id as verdict_sighting_id, gate,
                       outcome, reason, given_at, captured_at, policy_version, registry_as_of,
                       rule_path, assurance, by_account
                   from verdict
                   where $2 <= given_at
                       and (given_at < $3 or (given_at = $3 and verdict_id < $4))
                   order by given_at desc, verdict_id desc limit $1";
        let rows = self.database.rows(sql, page.values()).await?;
        rows.iter().map(read_verdict).collect()
    }
}

fn read_sighting(row: &Row) -> Result<SightingRow, StoreError> {
    Ok(SightingRow {
        id: id(row, "sighting_id")?,
        revision: small(row, "revision")?,
        phase: row.parsed("phase", SightingPhase::from_code)?,
        camera: id(row, "camera")?,
        class: row.parsed("class", Class::from_code)?,
        first_seen_at: row.time("first_seen_at")?,
        last_seen_at: row.time("last_seen_at")?,
        bounds: bounds(row)?,
        is_decisive: row.int("is_decisive")? != 0,
        plate: plate(row)?,
        face: face(row)?,
        picture_sha256: row.text_or_null("picture_sha256")?,
    })
}

fn read_passage(row: &Row) -> Result<PassageRow, StoreError> {
    let has_verdict = row.text_or_null("verdict_id")?.is_some();
    let class = row.text_or_null("class")?;
    Ok(PassageRow {
        passage: Passage {
            id: id(row, "passage_id")?,
            gate: id(row, "gate")?,
            sighting: id(row, "sighting_id")?,
            state: row.parsed("state", PassageState::from_code)?,
            arrived_at: row.time("arrived_at")?,
            changed_at: row.time("changed_at")?,
        },
        verdict: if has_verdict {
            Some(read_verdict(row)?)
        } else {
            None
        },
        class: class.as_deref().and_then(Class::from_code),
        plate: plate(row)?,
        face: face(row)?,
        picture_sha256: row.text_or_null("picture_sha256")?,
    })
}

/// The rules of a text in which spaces stand between them.
fn rule_path(text: &str) -> Option<RulePath> {
    let rules: Option<Vec<Rule>> = text.split_whitespace().map(Rule::from_name).collect();
    rules.map(RulePath)
}

fn read_verdict(row: &Row) -> Result<Verdict, StoreError> {
    let reason = row.text_or_null("reason")?;
    Ok(Verdict {
        id: id(row, "verdict_id")?,
        passage: id(row, "passage_id")?,
        sighting: id(row, "verdict_sighting_id")?,
        gate: id(row, "gate")?,
        outcome: row.parsed("outcome", |what| {
            outcome_from_codes(what, reason.as_deref())
        })?,
        given_at: row.time("given_at")?,
        captured_at: row.time("captured_at")?,
        policy_version: row.count("policy_version")?,
        registry_as_of: row.time("registry_as_of")?,
        rule_path: row.parsed("rule_path", rule_path)?,
        assurance: match row.text_or_null("assurance")? {
            Some(_) => Some(row.parsed("assurance", Assurance::from_code)?),
            None => None,
        },
        by: row.text_or_null("by_account")?,
    })
}
