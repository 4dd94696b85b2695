//! Forgetting who visited.

use super::{VisitorRefused, read::visitor_of};
use crate::store::{
    AuditEntry, Store, StoreError, audit,
    sql::{Tx, values},
};
use domain::{PassId, Timestamp, VisitorId};

/// Visits that are erased in one transaction.
const AT_A_TIME: i64 = 200;

impl Store {
    /// Erases who one visitor was, because somebody asked for it; the pass that has to be
    /// forgotten, too. The visit itself stays as a number in statistics.
    pub async fn erase_visitor(
        &self,
        id: VisitorId,
        actor: &str,
        now: Timestamp,
    ) -> Result<Option<PassId>, VisitorRefused> {
        let mut tx = self.database.begin().await?;
        let sql = "select * from visitor where visitor_id = $1";
        let rows = tx.rows(sql, values![id.to_string()]).await?;
        let visitor = rows.first().map(visitor_of).transpose()?;
        let visitor = visitor.ok_or(VisitorRefused::NotFound)?;
        if visitor.erased_at.is_none() {
            erase(&mut tx, id, actor, now).await?;
        }
        tx.commit().await?;
        self.database.scrub().await?;
        Ok(visitor.pass)
    }

    /// Erases who the visitors were whose visit has ended before this moment, and the hosts of
    /// links that have; the passes that have to be forgotten, too.
    pub async fn erase_visitors_before(
        &self,
        moment: Timestamp,
        now: Timestamp,
    ) -> Result<Vec<PassId>, StoreError> {
        let mut passes = Vec::new();
        let mut n_changed = 0;
        loop {
            let mut tx = self.database.begin().await?;
            let sql = "select * from visitor
                       where erased_at is null and expected_until < $1 and updated_at < $1
                       order by expected_until limit $2";
            let rows = tx.rows(sql, values![moment, AT_A_TIME]).await?;
            for row in &rows {
                let visitor = visitor_of(row)?;
                erase(&mut tx, visitor.id, "retention", now).await?;
                passes.extend(visitor.pass);
            }
            let sql = "update visit_link set host = null
                       where expires_at < $1 and host is not null";
            n_changed += tx.run(sql, values![moment]).await?;
            tx.commit().await?;
            n_changed += rows.len() as u64;
            if rows.len() < AT_A_TIME as usize {
                break;
            }
        }
        if 0 < n_changed {
            self.database.scrub().await?;
        }
        Ok(passes)
    }
}

async fn erase(tx: &mut Tx, id: VisitorId, actor: &str, now: Timestamp) -> Result<(), StoreError> {
    let sql = "update visitor set name = null, company = null, phone = null, host = null,
                   purpose = null, plate = null, plate_key = null, holder_key = null,
                   holder_masked = null, ticket_sha256 = null, erased_at = $2, updated_at = $2,
                   state = case when state in ('invited', 'registered') then 'cancelled'
                       else state end
               where visitor_id = $1";
    tx.run(sql, values![id.to_string(), now]).await?;
    let entry = AuditEntry {
        at: now,
        actor: actor.to_owned(),
        action: "erase-visitor",
        subject: format!("visitor {id}"),
        detail: String::new(),
    };
    audit::append(tx, &entry).await
}
