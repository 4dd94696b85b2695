-- A host's link: whoever has its address announces visitors by it. Of the address only the hash is
-- kept.
create table visit_link (
    link_id text primary key,
    token_sha256 text not null unique,
    -- Nothing once it was erased.
    host text,
    visitors_max bigint not null,
    n_visitors bigint not null,
    expires_at bigint not null,
    called_back_at bigint,
    created_by text not null,
    created_at bigint not null
);
create index visit_link_expires_at on visit_link (expires_at, link_id);

-- One visit of one person. Whatever says who it was is null once it was erased; of a document a
-- key and a mask are kept, and never its number.
create table visitor (
    visitor_id text primary key,
    link_id text references visit_link (link_id),
    -- Of the address at which a visitor who announced himself sees his pass.
    ticket_sha256 text unique,
    state text not null
        check (state in ('invited', 'registered', 'checked-in', 'checked-out', 'cancelled',
                         'did-not-come')),
    version bigint not null,
    name text,
    company text,
    phone text,
    host text,
    purpose text,
    plate text,
    plate_key text,
    holder_key text,
    holder_masked text,
    assurance text,
    expected_from bigint not null,
    expected_until bigint not null,
    uses_max bigint,
    pass_id text unique,
    checked_in_at bigint,
    checked_in_gate text,
    checked_out_at bigint,
    checked_out_gate text,
    erased_at bigint,
    created_at bigint not null,
    updated_at bigint not null
);
create index visitor_expected_from on visitor (expected_from, visitor_id);
create index visitor_expected_until on visitor (expected_until, visitor_id);
create index visitor_state on visitor (state, expected_until);
create index visitor_plate_key on visitor (plate_key);

-- Who did what when. No name stands here.
create table visitor_event (
    visitor_id text not null references visitor (visitor_id),
    version bigint not null,
    step text not null,
    actor text not null,
    gate text,
    passage_id text,
    assurance text,
    at bigint not null,
    created_at bigint not null,
    primary key (visitor_id, version)
);

-- The highest number of each reader's messages: one that came before is refused, also after a
-- restart.
create table reader_message (
    reader text primary key,
    seq bigint not null,
    created_at bigint not null,
    updated_at bigint not null
);
