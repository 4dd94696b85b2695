-- What persons have ordered gates to do. Rows are written before an order is sent, and are never
-- changed; what became of it stands beside it.
create table gate_order (
    order_id text primary key,
    -- Nothing means every gate of the site.
    gate text,
    kind text not null
        check (kind in ('admit', 'refuse', 'open', 'hold-open', 'release', 'mode',
                        'forgive-anti-passback', 'counted')),
    passage_id text,
    mode text check (mode in ('normal', 'lockdown', 'evacuation')),
    zone text,
    vehicles bigint,
    people bigint,
    by_account text not null,
    reason text not null,
    note text not null,
    -- The key that the client chose, and what it was for: a request that comes twice acts once.
    request_key text not null unique,
    request_sha256 text not null,
    issued_at bigint not null,
    expires_at bigint not null,
    created_at bigint not null,
    check ((kind in ('admit', 'refuse')) = (passage_id is not null)),
    check ((kind = 'mode') = (mode is not null)),
    check ((kind in ('forgive-anti-passback', 'counted')) = (zone is not null))
);
create index gate_order_issued_at on gate_order (issued_at, order_id);
create index gate_order_gate on gate_order (gate, issued_at, order_id);
create index gate_order_mode on gate_order (mode, issued_at, order_id);

-- Whether an order was handed to the broker. What was not is never sent later.
create table order_fate (
    order_id text primary key references gate_order (order_id),
    fate text not null check (fate in ('sent', 'not-sent')),
    at bigint not null,
    created_at bigint not null
);

-- What barriers were told because of an order, and what each of them answered at last.
create table gate_command (
    command_id text primary key,
    gate text not null,
    order_id text not null,
    issued_at bigint not null,
    created_at bigint not null
);
create index gate_command_order on gate_command (order_id);
create table command_ack (
    command_id text primary key,
    result text not null
        check (result in ('accepted', 'executed', 'rejected', 'expired', 'duplicate')),
    -- Of two answers the one with the higher rank counts.
    result_rank bigint not null,
    at bigint not null,
    created_at bigint not null,
    updated_at bigint not null
);

-- Who said that they are on duty, by the SHA-256 of what their browser keeps. There is no login:
-- the name is a claim.
create table guard_shift (
    token_sha256 text primary key,
    name text not null,
    gate text,
    began_at bigint not null,
    ended_at bigint,
    created_at bigint not null
);

create table alarm_ack (
    alarm_id text primary key,
    by_account text not null,
    at bigint not null,
    created_at bigint not null
);
create index alarm_gate on alarm (gate, began_at, alarm_id);
