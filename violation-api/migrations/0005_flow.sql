-- Who goes in and out, by quarters of an hour: every time zone's hours are made of those. A count
-- that a line's camera tells is not used here, for it begins again at every start and two cameras
-- of one zone tell it on one topic: what counts is each crossing, as its sighting tells it.
-- Whatever changes a row of movement or of crossing changes these sums in the same transaction.
create table flow (
    quarter_at bigint not null,
    source text not null check (source in ('gate', 'line')),
    -- The gate, or the line's camera.
    place text not null,
    -- Empty for outside the site.
    from_zone text not null,
    to_zone text not null,
    kind text not null check (kind in ('vehicle', 'person')),
    n bigint not null,
    primary key (quarter_at, source, place, from_zone, to_zone, kind)
);

-- Over which lines the newest revision of a sighting says that it went.
create table crossing (
    sighting_id text not null,
    camera text not null,
    from_zone text not null,
    to_zone text not null,
    kind text not null check (kind in ('vehicle', 'person')),
    crossed_at bigint not null,
    primary key (sighting_id, from_zone, to_zone)
);
create index crossing_from_zone on crossing (from_zone, crossed_at);
create index crossing_to_zone on crossing (to_zone, crossed_at);
create index movement_from_zone on movement (from_zone, moved_at);
create index movement_to_zone on movement (to_zone, moved_at);

-- What people have counted by hand. The newest one holds from its moment on.
create table zone_counted (
    zone text not null,
    counted_at bigint not null,
    vehicles bigint not null,
    people bigint not null,
    by_account text not null,
    created_at bigint not null,
    primary key (zone, counted_at)
);

-- How many are inside by what is known: the newest count, and what went in and out after it. By
-- gates and by lines apart, so that nothing counts twice. Less than none says that more were seen
-- to leave than to come.
create table zone_inside (
    zone text not null,
    source text not null check (source in ('gate', 'line')),
    counted_at bigint not null,
    vehicles bigint not null,
    people bigint not null,
    primary key (zone, source)
);

-- How crowded a zone is, and when that changed.
create table crowd (
    zone text primary key,
    level text not null check (level in ('calm', 'busy', 'crowded', 'full')),
    since bigint not null
);
create table crowd_change (
    zone text not null,
    changed_at bigint not null,
    level text not null check (level in ('calm', 'busy', 'crowded', 'full')),
    vehicles bigint not null,
    people bigint not null,
    primary key (zone, changed_at)
);
create index crowd_change_changed_at on crowd_change (changed_at, zone);

-- What has been stored before.
insert into flow (quarter_at, source, place, from_zone, to_zone, kind, n)
select moved_at / 900000000 * 900000000, 'gate', gate, coalesce(from_zone, ''),
    coalesce(to_zone, ''),
    case when class in ('car', 'motorbike', 'bus', 'truck') then 'vehicle' else 'person' end,
    count(*)
from movement group by 1, 2, 3, 4, 5, 6;
insert into zone_inside (zone, source, counted_at, vehicles, people)
select zone, 'gate', -9223372036854775807,
    sum(case when kind = 'vehicle' then n else 0 end),
    sum(case when kind = 'person' then n else 0 end)
from (select to_zone as zone, kind, n from flow where to_zone <> ''
      union all select from_zone as zone, kind, -n from flow where from_zone <> '') moved
group by zone;
