-- One text for SQLite and PostgreSQL: only text, bigint and double precision, and keys that the
-- programs make.
-- Every moment is microseconds since the Unix epoch, UTC, as domain::Timestamp.

-- What has been taken in, by envelope: a message that comes twice is stored once.
create table message (
    message_id text primary key,
    source text not null,
    seq bigint not null,
    kind text not null,
    created_at bigint not null
);
create index message_created_at on message (created_at);

-- The newest revision of each sighting. The plate is personal data: it is read by people with
-- authority only, and every such reading stands in audit.
create table sighting (
    sighting_id text primary key,
    revision bigint not null,
    phase text not null check (phase in ('new', 'update', 'final')),
    camera text not null,
    track bigint not null,
    class text not null,
    first_seen_at bigint not null,
    last_seen_at bigint not null,
    x_min double precision not null,
    y_min double precision not null,
    x_max double precision not null,
    y_max double precision not null,
    is_decisive bigint not null check (is_decisive in (0, 1)),
    plate_key text,
    plate_read text,
    face_read text,
    picture_sha256 text,
    created_at bigint not null,
    updated_at bigint not null
);
create index sighting_first_seen_at on sighting (first_seen_at, sighting_id);
create index sighting_camera on sighting (camera, first_seen_at, sighting_id);

create table verdict (
    verdict_id text primary key,
    passage_id text not null,
    sighting_id text not null,
    gate text not null,
    outcome text not null check (outcome in ('grant', 'deny', 'refer')),
    reason text,
    given_at bigint not null,
    captured_at bigint not null,
    policy_version bigint not null,
    registry_as_of bigint not null,
    created_at bigint not null,
    check ((outcome = 'grant') = (reason is null))
);
create index verdict_passage_id on verdict (passage_id, given_at, verdict_id);
create index verdict_given_at on verdict (given_at, verdict_id);

create table passage (
    passage_id text primary key,
    gate text not null,
    sighting_id text not null,
    state text not null
        check (state in ('arrived', 'referred', 'denied', 'commanded', 'opened', 'failed', 'left')),
    -- Where the state stands in the life of a passage: of two changes at the same moment the later
    -- one wins.
    state_rank bigint not null,
    arrived_at bigint not null,
    changed_at bigint not null,
    created_at bigint not null,
    updated_at bigint not null
);
create index passage_arrived_at on passage (arrived_at, passage_id);
create index passage_gate on passage (gate, arrived_at, passage_id);

create table camera_status (
    camera text primary key,
    state text not null check (state in ('connecting', 'streaming', 'stalled', 'lost', 'ended')),
    reason text,
    fps double precision not null,
    frames bigint not null,
    dropped bigint not null,
    at bigint not null,
    created_at bigint not null,
    updated_at bigint not null
);

-- A gate whose barrier has not been heard of has the state 'unknown' since 0.
create table barrier (
    gate text primary key,
    state text not null
        check (state in ('closed', 'opening', 'open', 'closing', 'fault', 'unknown')),
    since bigint not null,
    created_at bigint not null,
    updated_at bigint not null
);

create table count (
    zone text primary key,
    people_in bigint not null,
    people_out bigint not null,
    vehicles_in bigint not null,
    vehicles_out bigint not null,
    at bigint not null,
    created_at bigint not null,
    updated_at bigint not null
);

create table candidate (
    candidate_id text primary key,
    camera text not null,
    sighting_id text not null,
    track bigint not null,
    class text not null,
    rule text not null,
    rule_version bigint not null,
    act_at bigint not null,
    x_min double precision not null,
    y_min double precision not null,
    x_max double precision not null,
    y_max double precision not null,
    standing text not null check (standing in ('evidential', 'screening-only')),
    facts text not null,
    plate_key text,
    plate_read text,
    created_at bigint not null
);

-- The files, by content. The owner is a candidate or a sighting; no file is served that is not
-- named here.
create table evidence_item (
    owner_id text not null,
    role text not null check (role in ('before', 'at', 'after', 'plate', 'sighting')),
    sha256 text not null,
    media_type text not null,
    n_bytes bigint not null,
    frame_seq bigint not null,
    captured_at bigint not null,
    created_at bigint not null,
    primary key (owner_id, role, sha256)
);
create index evidence_item_sha256 on evidence_item (sha256);

-- The case as its events have left it. The rows of violation_event are the truth, and are never
-- changed.
create table violation (
    violation_id text primary key,
    candidate_id text not null unique references candidate (candidate_id),
    state text not null check (state in ('candidate', 'under-review', 'confirmed', 'dismissed')),
    reviewer text,
    dismiss_reason text,
    version bigint not null,
    act_at bigint not null,
    created_at bigint not null,
    updated_at bigint not null,
    check ((state = 'candidate') = (reviewer is null)),
    check ((state = 'dismissed') = (dismiss_reason is not null))
);
create index violation_act_at on violation (act_at, violation_id);
create index violation_state on violation (state, act_at, violation_id);

create table violation_event (
    violation_id text not null references violation (violation_id),
    version bigint not null,
    at bigint not null,
    actor text not null,
    state text not null,
    dismiss_reason text,
    created_at bigint not null,
    primary key (violation_id, version)
);

-- Requests that change something, by the key that the client chose: a request that comes twice acts
-- once.
create table idempotency (
    scope text not null,
    idempotency_key text not null,
    request_sha256 text not null,
    created_at bigint not null,
    primary key (scope, idempotency_key)
);
create index idempotency_created_at on idempotency (created_at);

-- Who saw what and who changed what. Each row carries the hash of the one before it, so that a row
-- that is changed, removed or put in between shows. No plate stands here.
create table audit (
    audit_id bigint primary key,
    at bigint not null,
    actor text not null,
    action text not null,
    subject text not null,
    detail text not null,
    previous_sha256 text not null,
    sha256 text not null,
    created_at bigint not null
);

-- The newest row of audit. Its one row is locked by whoever appends, so that the chain has no fork.
create table audit_head (
    head_id bigint primary key check (head_id = 1),
    audit_id bigint not null,
    sha256 text not null,
    created_at bigint not null
);
insert into audit_head (head_id, audit_id, sha256, created_at)
values (1, 0, '0000000000000000000000000000000000000000000000000000000000000000', 0);
