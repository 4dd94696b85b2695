//! How crowded zones are, and when that changed.

use super::{
    Store, StoreError,
    read::id,
    sql::{Row, values},
};
use crate::crowd::CrowdLevel;
use domain::{Timestamp, ZoneId};

/// How crowded a zone is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrowdRow {
    /// The zone.
    pub zone: ZoneId,
    /// The level.
    pub level: CrowdLevel,
    /// Since when.
    pub since: Timestamp,
}

/// A zone came to another level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrowdChange {
    /// The zone.
    pub zone: ZoneId,
    /// When.
    pub at: Timestamp,
    /// To which.
    pub level: CrowdLevel,
    /// How many vehicles were inside.
    pub vehicles: u64,
    /// How many people were inside.
    pub people: u64,
}

impl Store {
    /// How crowded each zone is, as far as it has a level.
    pub async fn crowds(&self) -> Result<Vec<CrowdRow>, StoreError> {
        let sql = "select zone, level, since from crowd order by zone limit 256";
        let rows = self.database.rows(sql, values![]).await?;
        let read = |row: &Row| {
            Ok(CrowdRow {
                zone: id(row, "zone")?,
                level: row.parsed("level", CrowdLevel::from_code)?,
                since: row.time("since")?,
            })
        };
        rows.iter().map(read).collect()
    }

    /// Writes down that a zone has come to another level; an earlier change than the known one
    /// changes nothing.
    pub async fn put_crowd(&self, change: &CrowdChange) -> Result<bool, StoreError> {
        let mut tx = self.database.begin().await?;
        let zone = change.zone.as_str();
        let sql = "insert into crowd (zone, level, since) values ($1, $2, $3)
                   on conflict (zone) do update set level = excluded.level, since = excluded.since
                   where crowd.since < excluded.since and crowd.level <> excluded.level";
        let values = values![zone, change.level.code(), change.at];
        let is_new = tx.run(sql, values).await? == 1;
        if is_new {
            let sql = "insert into crowd_change (zone, changed_at, level, vehicles, people)
                       values ($1, $2, $3, $4, $5) on conflict (zone, changed_at) do nothing";
            let stored = super::sql::stored_count;
            let n_inside = (stored(change.vehicles), stored(change.people));
            let values = values![zone, change.at, change.level.code(), n_inside.0, n_inside.1];
            tx.run(sql, values).await?;
        }
        tx.commit().await?;
        Ok(is_new)
    }

    /// The newest changes of level from a moment on, newest first.
    pub async fn crowd_changes(
        &self,
        since: Timestamp,
        n_max: u32,
    ) -> Result<Vec<CrowdChange>, StoreError> {
        let sql = "select zone, changed_at, level, vehicles, people from crowd_change
                   where $1 <= changed_at order by changed_at desc, zone limit $2";
        let rows = self
            .database
            .rows(sql, values![since, i64::from(n_max)])
            .await?;
        let read = |row: &Row| {
            Ok(CrowdChange {
                zone: id(row, "zone")?,
                at: row.time("changed_at")?,
                level: row.parsed("level", CrowdLevel::from_code)?,
                vehicles: row.count("vehicles")?,
                people: row.count("people")?,
            })
        };
        rows.iter().map(read).collect()
    }
}
