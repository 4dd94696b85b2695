//! Hosts' links.

use super::VisitorRefused;
use crate::store::{
    AuditEntry, Store, StoreError, audit,
    sql::{Row, values},
};
use domain::{Timestamp, VisitLinkId};
use std::fmt;

/// A host's link. Personal data: `Debug` shows the id alone.
#[derive(Clone, PartialEq, Eq)]
pub struct VisitLink {
    /// Which.
    pub id: VisitLinkId,
    /// Who invites; nothing once it was erased.
    pub host: Option<String>,
    /// How many visitors may be announced by it.
    pub visitors_max: u32,
    /// How many have been.
    pub n_visitors: u32,
    /// First moment at which it is worth nothing any more.
    pub expires_at: Timestamp,
    /// When it was called back.
    pub called_back_at: Option<Timestamp>,
    /// Who made it.
    pub created_by: String,
}

impl fmt::Debug for VisitLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VisitLink({})", self.id)
    }
}

impl VisitLink {
    /// Whether somebody may still be announced by it.
    pub fn is_usable(&self, now: Timestamp) -> bool {
        self.called_back_at.is_none()
            && now < self.expires_at
            && self.n_visitors < self.visitors_max
    }
}

/// A link that is to be made.
#[derive(Clone)]
pub struct LinkWanted {
    /// Its id.
    pub id: VisitLinkId,
    /// The hash of its token.
    pub token_sha256: String,
    /// Who invites.
    pub host: String,
    /// How many visitors.
    pub visitors_max: u32,
    /// Until when.
    pub expires_at: Timestamp,
}

impl Store {
    /// Makes a link. Once more with the same id changes nothing.
    pub async fn make_visit_link(
        &self,
        wanted: &LinkWanted,
        actor: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tx = self.database.begin().await?;
        let sql = "insert into visit_link (link_id, token_sha256, host, visitors_max, n_visitors,
                       expires_at, created_by, created_at)
                   values ($1, $2, $3, $4, 0, $5, $6, $7)
                   on conflict (link_id) do nothing";
        let values = values![
            wanted.id.to_string(),
            &*wanted.token_sha256,
            &*wanted.host,
            i64::from(wanted.visitors_max),
            wanted.expires_at,
            actor,
            now,
        ];
        if tx.run(sql, values).await? == 1 {
            let entry = entry(wanted.id, "make-visit-link", actor, now);
            audit::append(&mut tx, &entry).await?;
        }
        tx.commit().await
    }

    /// The link with this token, whether or not it may still be used.
    pub async fn visit_link_of(&self, token_sha256: &str) -> Result<Option<VisitLink>, StoreError> {
        let sql = "select * from visit_link where token_sha256 = $1";
        let rows = self.database.rows(sql, values![token_sha256]).await?;
        rows.first().map(link_of).transpose()
    }

    /// Links that are not over, those that end first at the top.
    pub async fn visit_links(&self, now: Timestamp) -> Result<Vec<VisitLink>, StoreError> {
        let sql = "select * from visit_link where $1 < expires_at and called_back_at is null
                   order by expires_at, link_id limit 200";
        let rows = self.database.rows(sql, values![now]).await?;
        rows.iter().map(link_of).collect()
    }

    /// Calls a link back: nobody can be announced by it any more.
    pub async fn call_back_visit_link(
        &self,
        id: VisitLinkId,
        actor: &str,
        now: Timestamp,
    ) -> Result<(), VisitorRefused> {
        let mut tx = self.database.begin().await?;
        let sql = "update visit_link set called_back_at = coalesce(called_back_at, $2)
                   where link_id = $1";
        if tx.run(sql, values![id.to_string(), now]).await? == 0 {
            return Err(VisitorRefused::Link);
        }
        let entry = entry(id, "call-back-visit-link", actor, now);
        audit::append(&mut tx, &entry).await?;
        Ok(tx.commit().await?)
    }
}

fn entry(id: VisitLinkId, action: &'static str, actor: &str, at: Timestamp) -> AuditEntry {
    AuditEntry {
        at,
        actor: actor.to_owned(),
        action,
        subject: format!("visit link {id}"),
        detail: String::new(),
    }
}

fn link_of(row: &Row) -> Result<VisitLink, StoreError> {
    let count = |column| row.int(column).map(|n| u32::try_from(n).unwrap_or(0));
    Ok(VisitLink {
        id: row.parsed("link_id", |id| id.parse().ok())?,
        host: row.text_or_null("host")?,
        visitors_max: count("visitors_max")?,
        n_visitors: count("n_visitors")?,
        expires_at: row.time("expires_at")?,
        called_back_at: row.time_or_null("called_back_at")?,
        created_by: row.text("created_by")?,
    })
}
