-- Why a verdict was given, what the identity rests on, and who gave it when a person did.
alter table verdict add column rule_path text not null default '';
alter table verdict add column assurance text;
alter table verdict add column by_account text;

-- Whether somebody who was let in went through. A check cannot be changed in place on SQLite.
create table passage_with_access (
    passage_id text primary key,
    gate text not null,
    sighting_id text not null,
    state text not null
        check (state in ('arrived', 'referred', 'denied', 'commanded', 'opened', 'failed', 'left',
                         'not-taken', 'taken')),
    -- Where the state stands in the life of a passage: of two changes at the same moment the later
    -- one wins.
    state_rank bigint not null,
    arrived_at bigint not null,
    changed_at bigint not null,
    created_at bigint not null,
    updated_at bigint not null
);
insert into passage_with_access select * from passage;
drop table passage;
alter table passage_with_access rename to passage;
create index passage_arrived_at on passage (arrived_at, passage_id);
create index passage_gate on passage (gate, arrived_at, passage_id);

-- Who went from where to where. Who it was stands with the sighting of the passage, and goes when
-- that goes.
create table movement (
    passage_id text primary key,
    gate text not null,
    from_zone text,
    to_zone text,
    class text not null,
    moved_at bigint not null,
    created_at bigint not null
);
create index movement_moved_at on movement (moved_at, passage_id);

create table alarm (
    alarm_id text primary key,
    gate text not null,
    kind text not null,
    passage_id text,
    began_at bigint not null,
    ended_at bigint,
    created_at bigint not null,
    updated_at bigint not null
);
create index alarm_began_at on alarm (began_at, alarm_id);
