//! Who went in and out, and how many are inside: sums that change with what they are made of.
//!
//! **Invariant:** a sum changes in the transaction that adds or takes away what it counts, so what
//! comes twice, late or in another order leaves the same sums.

use super::{
    Store, StoreError,
    sql::{Row, Tx, values},
};
use crate::flow::{Entrance, FlowDirection, FlowKind, FlowRow, FlowSource, QUARTER_MICROS};
use domain::{Direction, Movement, Sighting, Timestamp, ZoneId};

/// Before every moment that is stored: nobody has counted.
const NEVER: i64 = -i64::MAX;

impl FlowKind {
    pub(super) fn code(self) -> &'static str {
        match self {
            Self::Vehicle => "vehicle",
            Self::Person => "person",
        }
    }

    fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }
}

impl FlowSource {
    pub(super) const ALL: [Self; 2] = [Self::Gate, Self::Line];

    pub(super) fn code(self) -> &'static str {
        match self {
            Self::Gate => "gate",
            Self::Line => "line",
        }
    }

    pub(super) fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|source| source.code() == code)
    }
}

/// One way through one place; the empty text is outside.
struct Step<'a> {
    source: FlowSource,
    place: &'a str,
    from: &'a str,
    to: &'a str,
    kind: FlowKind,
    at: i64,
}

impl Step<'_> {
    /// Adds it to the sums, or takes it out again.
    async fn add(&self, tx: &mut Tx, by: i64) -> Result<(), StoreError> {
        let quarter = self.at.div_euclid(QUARTER_MICROS) * QUARTER_MICROS;
        let sql = "insert into flow (quarter_at, source, place, from_zone, to_zone, kind, n)
                   values ($1, $2, $3, $4, $5, $6, $7)
                   on conflict (quarter_at, source, place, from_zone, to_zone, kind)
                   do update set n = flow.n + excluded.n";
        let values = values![
            quarter,
            self.source.code(),
            self.place,
            self.from,
            self.to,
            self.kind.code(),
            by
        ];
        tx.run(sql, values).await?;
        for (zone, by) in [(self.from, -by), (self.to, by)] {
            if !zone.is_empty() {
                self.move_inside(tx, zone, by).await?;
            }
        }
        Ok(())
    }

    async fn move_inside(&self, tx: &mut Tx, zone: &str, by: i64) -> Result<(), StoreError> {
        let (vehicles, people) = match self.kind {
            FlowKind::Vehicle => (by, 0),
            FlowKind::Person => (0, by),
        };
        // What is from before the newest count is in that count.
        let sql = "insert into zone_inside (zone, source, counted_at, vehicles, people)
                   values ($1, $2, $3, $4, $5)
                   on conflict (zone, source) do update set
                       vehicles = zone_inside.vehicles + excluded.vehicles,
                       people = zone_inside.people + excluded.people
                   where zone_inside.counted_at < $6";
        let values = values![zone, self.source.code(), NEVER, vehicles, people, self.at];
        tx.run(sql, values).await.map(|_n_rows| ())
    }
}

fn zone_text(zone: Option<&ZoneId>) -> &str {
    zone.map_or("", ZoneId::as_str)
}

/// Adds a movement that has just been stored for the first time.
pub(super) async fn add_movement(tx: &mut Tx, m: &Movement) -> Result<(), StoreError> {
    let step = Step {
        source: FlowSource::Gate,
        place: m.gate.as_str(),
        from: zone_text(m.from.as_ref()),
        to: zone_text(m.to.as_ref()),
        kind: FlowKind::of(m.class),
        at: m.at.as_micros(),
    };
    step.add(tx, 1).await
}

/// Puts the crossings of a sighting's newest revision in the place of those of the one before;
/// whether anything changed.
pub(super) async fn put_crossings(tx: &mut Tx, s: &Sighting) -> Result<bool, StoreError> {
    let id = s.id.to_string();
    let sql = "select camera, from_zone, to_zone, kind, crossed_at from crossing
               where sighting_id = $1 order by from_zone, to_zone";
    let mut before = Vec::new();
    for row in tx.rows(sql, values![&*id]).await? {
        let kind = row.parsed("kind", FlowKind::from_code)?;
        let zones = (row.text("from_zone")?, row.text("to_zone")?);
        before.push((row.text("camera")?, zones, kind, row.int("crossed_at")?));
    }
    let kind = FlowKind::of(s.class);
    let mut now: Vec<_> = s
        .crossings
        .iter()
        .map(|crossing| {
            let zone = crossing.zone.to_string();
            let zones = match crossing.direction {
                Direction::In => (String::new(), zone),
                Direction::Out => (zone, String::new()),
            };
            (s.camera.to_string(), zones, kind, crossing.at.as_micros())
        })
        .collect();
    now.sort_by(|a, b| (&a.1, a.3).cmp(&(&b.1, b.3)));
    // Each line once in each direction.
    now.dedup_by(|a, b| a.1 == b.1);
    if before == now {
        return Ok(false);
    }
    let sql = "delete from crossing where sighting_id = $1";
    tx.run(sql, values![&*id]).await?;
    for (by, crossings) in [(-1, &before), (1, &now)] {
        for (camera, (from, to), kind, at) in crossings {
            let (source, place, kind, at) = (FlowSource::Line, &**camera, *kind, *at);
            let step = Step {
                source,
                place,
                from,
                to,
                kind,
                at,
            };
            step.add(tx, by).await?;
            if 0 < by {
                let sql = "insert into crossing (sighting_id, camera, from_zone, to_zone, kind,
                               crossed_at)
                           values ($1, $2, $3, $4, $5, $6)";
                let values = values![&*id, place, &**from, &**to, kind.code(), at];
                tx.run(sql, values).await?;
            }
        }
    }
    Ok(true)
}

/// How many are inside a zone, as one source says; less than none says that more were seen to leave
/// than to come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InsideRow {
    /// The zone.
    pub zone: ZoneId,
    /// Whose crossings.
    pub source: FlowSource,
    /// Vehicles.
    pub vehicles: i64,
    /// People.
    pub people: i64,
    /// When somebody last counted.
    pub counted_at: Option<Timestamp>,
}

/// A count by a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// The zone.
    pub zone: ZoneId,
    /// Vehicles in it.
    pub vehicles: u32,
    /// People in it.
    pub people: u32,
    /// Who counted.
    pub by: String,
    /// When: the count holds from here on.
    pub at: Timestamp,
}

impl Store {
    /// Keeps a person's count of a zone. It holds from its moment on, as in the gates' own book;
    /// one that is not the newest is kept and changes nothing. `false` when it was known.
    pub async fn put_counted(&self, counted: &Counted, now: Timestamp) -> Result<bool, StoreError> {
        let mut tx = self.database.begin().await?;
        let zone = counted.zone.as_str();
        let (vehicles, people) = (i64::from(counted.vehicles), i64::from(counted.people));
        let sql = "insert into zone_counted (zone, counted_at, vehicles, people, by_account,
                       created_at)
                   values ($1, $2, $3, $4, $5, $6) on conflict (zone, counted_at) do nothing";
        let values = values![zone, counted.at, vehicles, people, &*counted.by, now];
        let is_new = tx.run(sql, values).await? == 1;
        if is_new {
            for source in FlowSource::ALL {
                // The row is taken first, so that no crossing is added in between.
                let sql = "insert into zone_inside (zone, source, counted_at, vehicles, people)
                           values ($1, $2, $3, $4, $5)
                           on conflict (zone, source) do update set
                               counted_at = excluded.counted_at, vehicles = excluded.vehicles,
                               people = excluded.people
                           where zone_inside.counted_at < excluded.counted_at";
                let values = values![zone, source.code(), counted.at, vehicles, people];
                if tx.run(sql, values).await? == 1 {
                    add_later(&mut tx, source, counted).await?;
                }
            }
        }
        tx.commit().await?;
        Ok(is_new)
    }

    /// How many are inside each zone, by each source that has said anything.
    pub async fn insides(&self) -> Result<Vec<InsideRow>, StoreError> {
        let sql = "select zone, source, counted_at, vehicles, people from zone_inside
                   order by zone, source limit 1024";
        let rows = self.database.rows(sql, values![]).await?;
        let read = |row: &Row| {
            let counted_at = row.int("counted_at")?;
            Ok(InsideRow {
                zone: super::read::id(row, "zone")?,
                source: row.parsed("source", FlowSource::from_code)?,
                vehicles: row.int("vehicles")?,
                people: row.int("people")?,
                counted_at: (counted_at != NEVER).then(|| Timestamp::from_micros(counted_at)),
            })
        };
        rows.iter().map(read).collect()
    }

    /// What went where from a moment on, and before another one; by hours of UTC, or by quarters
    /// where the site's hours are others. In the order of time.
    pub async fn flow(
        &self,
        (from, until): (Timestamp, Timestamp),
        by_quarter: bool,
    ) -> Result<Vec<FlowRow>, StoreError> {
        let step = QUARTER_MICROS * if by_quarter { 1 } else { 4 };
        let sql =
            "select quarter_at / $3 * $3 as began_at, source, place, from_zone, to_zone, kind,
                       cast(sum(n) as bigint) as n_went
                   from flow where $1 <= quarter_at and quarter_at < $2
                   group by began_at, source, place, from_zone, to_zone, kind
                   having sum(n) <> 0
                   order by began_at, source, place, from_zone, to_zone, kind";
        let rows = self.database.rows(sql, values![from, until, step]).await?;
        rows.iter().map(read_flow).collect()
    }

    /// How many more came into a zone than left it, by quarters of an hour from a moment on.
    pub async fn net_by_quarter(
        &self,
        (zone, source): (&ZoneId, FlowSource),
        since: Timestamp,
    ) -> Result<Vec<(Timestamp, FlowKind, i64)>, StoreError> {
        let sql = "select quarter_at, kind,
                       cast(sum(case when to_zone = $1 then n else 0 end
                           - case when from_zone = $1 then n else 0 end) as bigint) as n_more
                   from flow
                   where $3 <= quarter_at and source = $2 and (to_zone = $1 or from_zone = $1)
                   group by quarter_at, kind order by quarter_at, kind";
        let values = values![zone.as_str(), source.code(), since];
        let rows = self.database.rows(sql, values).await?;
        let read = |row: &Row| {
            let kind = row.parsed("kind", FlowKind::from_code)?;
            Ok((row.time("quarter_at")?, kind, row.int("n_more")?))
        };
        rows.iter().map(read).collect()
    }
}

fn read_flow(row: &Row) -> Result<FlowRow, StoreError> {
    let source = row.parsed("source", FlowSource::from_code)?;
    let zones = (row.text("from_zone")?, row.text("to_zone")?);
    let is_out = !zones.0.is_empty() && zones.1.is_empty();
    let zone_column = if is_out { "from_zone" } else { "to_zone" };
    let entrance = match source {
        FlowSource::Gate => Entrance::Gate(super::read::id(row, "place")?),
        FlowSource::Line => Entrance::Line(
            super::read::id(row, "place")?,
            super::read::id(row, zone_column)?,
        ),
    };
    Ok(FlowRow {
        at: row.time("began_at")?,
        entrance,
        direction: if is_out {
            FlowDirection::Out
        } else {
            FlowDirection::In
        },
        kind: row.parsed("kind", FlowKind::from_code)?,
        n: row.count("n_went")?,
    })
}

/// Adds to a count what went in and out after it.
async fn add_later(tx: &mut Tx, source: FlowSource, counted: &Counted) -> Result<(), StoreError> {
    let (zone, at) = (counted.zone.as_str(), counted.at);
    let sql = match source {
        FlowSource::Gate => {
            "select case when class in ('car', 'motorbike', 'bus', 'truck') then 'vehicle'
                     else 'person' end as kind,
                 cast(sum(case when to_zone = $1 then 1 else 0 end
                     - case when from_zone = $1 then 1 else 0 end) as bigint) as n_more
             from movement where (to_zone = $1 or from_zone = $1) and $2 < moved_at
             group by class"
        }
        FlowSource::Line => {
            "select kind,
                 cast(sum(case when to_zone = $1 then 1 else 0 end
                     - case when from_zone = $1 then 1 else 0 end) as bigint) as n_more
             from crossing where (to_zone = $1 or from_zone = $1) and $2 < crossed_at
             group by kind"
        }
    };
    for row in tx.rows(sql, values![zone, at]).await? {
        let n_more = row.int("n_more")?;
        let (vehicles, people) = match row.parsed("kind", FlowKind::from_code)? {
            FlowKind::Vehicle => (n_more, 0),
            FlowKind::Person => (0, n_more),
        };
        let sql = "update zone_inside set vehicles = vehicles + $3, people = people + $4
                   where zone = $1 and source = $2";
        let values = values![zone, source.code(), vehicles, people];
        tx.run(sql, values).await?;
    }
    Ok(())
}
