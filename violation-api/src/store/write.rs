//! Taking in what cameras and gates say.

use super::{
    Store, StoreError,
    code::{Code as _, outcome_codes, passage_rank},
    flow,
    read_text::{face_text, plate_text, raw_reads_text},
    sql::{Tx, stored_count, values},
};
use crate::feed::Changes;
use domain::{
    Barrier, Candidate, EvidenceItem, Passage, Plate, PlateVote, Sighting, Timestamp, Verdict,
    ViolationId,
};
use wire::{CameraStatus, Count, Envelope, Message};

mod gates;

/// What a batch did.
#[derive(Clone, Debug, Default)]
pub struct Ingested {
    /// Messages that changed something or were new.
    pub n_new: usize,
    /// Messages that had been taken in before.
    pub n_doubles: usize,
    /// What is to be shown anew.
    pub changes: Changes,
}

impl Store {
    /// Takes in a batch in one transaction: when this returns, all of it is written durably.
    ///
    /// Receipts, calls for assistance, orders as they are heard, commands that no order led to and
    /// what devices and readers say are none of the store's business and count as doubles.
    pub async fn ingest(&self, batch: &[Envelope], now: Timestamp) -> Result<Ingested, StoreError> {
        let mut ingested = Ingested::default();
        let mut tx = self.database.begin().await?;
        for envelope in batch {
            let is_new = match &envelope.message {
                Message::Camera(status) => put_camera(&mut tx, status, now).await?,
                Message::Barrier(barrier) => put_barrier(&mut tx, barrier, now).await?,
                Message::Count(count) => put_count(&mut tx, count, now).await?,
                Message::Sighting(_)
                | Message::Candidate(_)
                | Message::Verdict(_)
                | Message::Passage(_)
                | Message::Movement(_)
                | Message::Alarm(_) => {
                    is_first(&mut tx, envelope, now).await?
                        && put_event(&mut tx, &envelope.message, now).await?
                }
                Message::Command(signed) => {
                    gates::put_command(&mut tx, &signed.command, now).await?
                }
                Message::Ack(ack) => gates::put_ack(&mut tx, ack, now).await?,
                Message::Receipt(_)
                | Message::Assist(_)
                | Message::Device(_)
                | Message::Document(_)
                | Message::Order(_) => false,
            };
            if is_new {
                ingested.n_new += 1;
                ingested.changes.note(&envelope.message);
            } else {
                ingested.n_doubles += 1;
            }
        }
        tx.commit().await?;
        Ok(ingested)
    }
}

/// Notes the envelope; false when it has been here before.
async fn is_first(tx: &mut Tx, envelope: &Envelope, now: Timestamp) -> Result<bool, StoreError> {
    let kind = match &envelope.message {
        Message::Sighting(_) => "sighting",
        Message::Candidate(_) => "candidate",
        Message::Verdict(_) => "verdict",
        Message::Passage(_) => "passage",
        Message::Movement(_) => "movement",
        Message::Alarm(_) => "alarm",
        _ => "state",
    };
    let sql = "insert into message (message_id, source, seq, kind, created_at)
               values ($1, $2, $3, $4, $5) on conflict (message_id) do nothing";
    let seq = stored_count(envelope.seq);
    let values = values![&*envelope.id, &*envelope.source, seq, kind, now];
    Ok(tx.run(sql, values).await? == 1)
}

async fn put_event(tx: &mut Tx, message: &Message, now: Timestamp) -> Result<bool, StoreError> {
    match message {
        Message::Sighting(sighting) => put_sighting(tx, sighting, now).await,
        Message::Candidate(candidate) => put_candidate(tx, candidate, now).await,
        Message::Verdict(verdict) => put_verdict(tx, verdict, now).await,
        Message::Passage(passage) => put_passage(tx, passage, now).await,
        Message::Movement(movement) => gates::put_movement(tx, movement, now).await,
        Message::Alarm(alarm) => gates::put_alarm(tx, alarm, now).await,
        _ => Ok(false),
    }
}

fn plate_key(vote: Option<&PlateVote>) -> Option<String> {
    vote.and_then(PlateVote::plate).as_ref().map(Plate::key)
}

async fn put_sighting(tx: &mut Tx, s: &Sighting, now: Timestamp) -> Result<bool, StoreError> {
    let sql = "insert into sighting (sighting_id, revision, phase, camera, track, class,
                   first_seen_at, last_seen_at, x_min, y_min, x_max, y_max, is_decisive,
                   plate_key, plate_read, raw_reads, face_read, picture_sha256, created_at,
                   updated_at)
               values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16,
                   $17, $18, $19, $20)
               on conflict (sighting_id) do update set
                   revision = excluded.revision, phase = excluded.phase,
                   camera = excluded.camera, track = excluded.track, class = excluded.class,
                   first_seen_at = excluded.first_seen_at, last_seen_at = excluded.last_seen_at,
                   x_min = excluded.x_min, y_min = excluded.y_min,
                   x_max = excluded.x_max, y_max = excluded.y_max,
                   is_decisive = excluded.is_decisive, plate_key = excluded.plate_key,
                   plate_read = excluded.plate_read, raw_reads = excluded.raw_reads,
                   face_read = excluded.face_read, picture_sha256 = excluded.picture_sha256,
                   updated_at = excluded.updated_at
               where sighting.revision < excluded.revision";
    let id = s.id.to_string();
    let values = values![
        &*id,
        i64::from(s.revision),
        s.phase.code(),
        s.camera.as_str(),
        stored_count(s.track.0),
        s.class.code(),
        s.first_seen_at,
        s.last_seen_at,
        s.bounds.x_min,
        s.bounds.y_min,
        s.bounds.x_max,
        s.bounds.y_max,
        s.is_decisive(),
        plate_key(s.plate.as_ref()),
        s.plate.as_ref().map(plate_text),
        raw_reads_text(&s.raw_reads),
        s.face.as_ref().map(face_text),
        s.picture.as_ref().map(|picture| picture.sha256.clone()),
        now,
        now,
    ];
    if tx.run(sql, values).await? == 0 {
        return Ok(false);
    }
    // The pictures of older revisions go, so that what is left does not depend on the order of
    // arrival.
    tx.run(
        "delete from evidence_item where owner_id = $1",
        values![&*id],
    )
    .await?;
    if let Some(picture) = &s.picture {
        put_evidence(tx, &id, picture, now).await?;
    }
    flow::put_crossings(tx, s).await?;
    Ok(true)
}

async fn put_evidence(
    tx: &mut Tx,
    owner_id: &str,
    item: &EvidenceItem,
    now: Timestamp,
) -> Result<(), StoreError> {
    let sql = "insert into evidence_item (owner_id, role, sha256, media_type, n_bytes, frame_seq,
                   captured_at, created_at)
               values ($1, $2, $3, $4, $5, $6, $7, $8)
               on conflict (owner_id, role, sha256) do nothing";
    let values = values![
        owner_id,
        item.role.code(),
        &*item.sha256,
        &*item.media_type,
        stored_count(item.n_bytes),
        stored_count(item.frame_seq),
        item.captured_at,
        now,
    ];
    tx.run(sql, values).await.map(|_n_rows| ())
}

async fn put_verdict(tx: &mut Tx, v: &Verdict, now: Timestamp) -> Result<bool, StoreError> {
    put_gate(tx, v.gate.as_str(), now).await?;
    let sql = "insert into verdict (verdict_id, passage_id, sighting_id, gate, outcome, reason,
                   given_at, captured_at, policy_version, registry_as_of, rule_path, assurance,
                   by_account, created_at)
               values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
               on conflict (verdict_id) do nothing";
    let (outcome, reason) = outcome_codes(v.outcome);
    let values = values![
        v.id.to_string(),
        v.passage.to_string(),
        v.sighting.to_string(),
        v.gate.as_str(),
        outcome,
        reason.map(str::to_owned),
        v.given_at,
        v.captured_at,
        stored_count(v.policy_version),
        v.registry_as_of,
        v.rule_path.to_string(),
        v.assurance.map(|assurance| assurance.code().to_owned()),
        v.by.clone(),
        now,
    ];
    Ok(tx.run(sql, values).await? == 1)
}

async fn put_passage(tx: &mut Tx, p: &Passage, now: Timestamp) -> Result<bool, StoreError> {
    put_gate(tx, p.gate.as_str(), now).await?;
    let sql = "insert into passage (passage_id, gate, sighting_id, state, state_rank, arrived_at,
                   changed_at, created_at, updated_at)
               values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
               on conflict (passage_id) do update set
                   gate = excluded.gate, sighting_id = excluded.sighting_id,
                   state = excluded.state, state_rank = excluded.state_rank,
                   arrived_at = excluded.arrived_at, changed_at = excluded.changed_at,
                   updated_at = excluded.updated_at
               where passage.changed_at < excluded.changed_at
                   or (passage.changed_at = excluded.changed_at
                       and passage.state_rank < excluded.state_rank)";
    let values = values![
        p.id.to_string(),
        p.gate.as_str(),
        p.sighting.to_string(),
        p.state.code(),
        passage_rank(p.state),
        p.arrived_at,
        p.changed_at,
        now,
        now,
    ];
    Ok(tx.run(sql, values).await? == 1)
}

/// A gate is known from its first passage, also when its barrier has said nothing yet.
async fn put_gate(tx: &mut Tx, gate: &str, now: Timestamp) -> Result<(), StoreError> {
    let sql = "insert into barrier (gate, state, since, created_at, updated_at)
               values ($1, 'unknown', 0, $2, $2) on conflict (gate) do nothing";
    tx.run(sql, values![gate, now]).await.map(|_n_rows| ())
}

async fn put_barrier(tx: &mut Tx, b: &Barrier, now: Timestamp) -> Result<bool, StoreError> {
    let sql = "insert into barrier (gate, state, since, created_at, updated_at)
               values ($1, $2, $3, $4, $4)
               on conflict (gate) do update set state = excluded.state, since = excluded.since,
                   updated_at = excluded.updated_at
               where barrier.since < excluded.since
                   or (barrier.since = excluded.since and barrier.state < excluded.state)";
    Ok(tx
        .run(sql, values![b.gate.as_str(), b.state.code(), b.since, now])
        .await?
        == 1)
}

async fn put_camera(tx: &mut Tx, c: &CameraStatus, now: Timestamp) -> Result<bool, StoreError> {
    let sql = "insert into camera_status (camera, state, reason, fps, frames, dropped, at,
                   created_at, updated_at)
               values ($1, $2, $3, $4, $5, $6, $7, $8, $8)
               on conflict (camera) do update set state = excluded.state,
                   reason = excluded.reason, fps = excluded.fps, frames = excluded.frames,
                   dropped = excluded.dropped, at = excluded.at, updated_at = excluded.updated_at
               where camera_status.at < excluded.at";
    let values = values![
        c.camera.as_str(),
        c.state.code(),
        c.reason.clone(),
        c.fps,
        stored_count(c.frames),
        stored_count(c.dropped),
        c.at,
        now,
    ];
    Ok(tx.run(sql, values).await? == 1)
}

async fn put_count(tx: &mut Tx, c: &Count, now: Timestamp) -> Result<bool, StoreError> {
    let sql = "insert into count (zone, people_in, people_out, vehicles_in, vehicles_out, at,
                   created_at, updated_at)
               values ($1, $2, $3, $4, $5, $6, $7, $7)
               on conflict (zone) do update set people_in = excluded.people_in,
                   people_out = excluded.people_out, vehicles_in = excluded.vehicles_in,
                   vehicles_out = excluded.vehicles_out, at = excluded.at,
                   updated_at = excluded.updated_at
               where count.at < excluded.at
                   or (count.at = excluded.at and
                       count.people_in + count.people_out
                           + count.vehicles_in + count.vehicles_out
                       < excluded.people_in + excluded.people_out
                           + excluded.vehicles_in + excluded.vehicles_out)";
    let values = values![
        c.zone.as_str(),
        stored_count(c.people_in),
        stored_count(c.people_out),
        stored_count(c.vehicles_in),
        stored_count(c.vehicles_out),
        c.at,
        now,
    ];
    Ok(tx.run(sql, values).await? == 1)
}

/// Stores a candidate and opens its case. The case has the candidate's number, so that a candidate
/// has one case.
async fn put_candidate(tx: &mut Tx, c: &Candidate, now: Timestamp) -> Result<bool, StoreError> {
    let sql = "insert into candidate (candidate_id, camera, sighting_id, track, class, rule,
                   rule_version, act_at, x_min, y_min, x_max, y_max, standing, facts, plate_key,
                   plate_read, created_at)
               values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
               on conflict (candidate_id) do nothing";
    let id = c.id.to_string();
    let facts = serde_json::to_string(&c.facts).expect("pairs of texts are JSON");
    let values = values![
        &*id,
        c.camera.as_str(),
        c.sighting.to_string(),
        stored_count(c.track.0),
        c.class.code(),
        &*c.rule,
        i64::from(c.rule_version),
        c.act_at,
        c.bounds.x_min,
        c.bounds.y_min,
        c.bounds.x_max,
        c.bounds.y_max,
        c.standing.code(),
        facts,
        plate_key(c.plate.as_ref()),
        c.plate.as_ref().map(plate_text),
        now,
    ];
    if tx.run(sql, values).await? == 0 {
        return Ok(false);
    }
    for item in &c.evidence {
        put_evidence(tx, &id, item, now).await?;
    }
    let case_id = ViolationId(c.id.0).to_string();
    let sql = "insert into violation (violation_id, candidate_id, state, reviewer, dismiss_reason,
                   version, act_at, created_at, updated_at)
               values ($1, $2, 'candidate', null, null, 1, $3, $4, $4)";
    tx.run(sql, values![&*case_id, id, c.act_at, now]).await?;
    let sql = "insert into violation_event (violation_id, version, at, actor, state,
                   dismiss_reason, created_at)
               values ($1, 1, $2, $3, 'candidate', null, $2)";
    let actor = format!("camera {}", c.camera);
    tx.run(sql, values![case_id, now, actor]).await?;
    Ok(true)
}
