//! How events are leased, by several nodes at once.

use std::collections::HashMap;

use deadpool_postgres::{Client, Transaction};
use telephony_core::{Event, MessageId, Timestamp};
use tokio_postgres::Row;

use super::queries::{Answer, Parsed, time};
use super::rows;
use crate::inbox::{FURTHEST_DUE, Lease, Leased, MAX_ATTEMPTS, RAN_OUT, is_due};

/// The reason of an event that a later version of the program wrote, or nobody.
const UNREADABLE: &str = "what is stored of it cannot be read";

/// What another node is at is left to it.
const DUE_LANES: &str = "
    SELECT name FROM inbox_lane
        WHERE due_at <= $1 AND ($2::text[] IS NULL OR account = ANY ($2))
        ORDER BY due_at, name LIMIT $3 FOR UPDATE SKIP LOCKED";

/// The same of what is due later than anything should be: mostly nothing, which is seen at the end of the
/// index.
const AHEAD_LANES: &str = "
    SELECT name FROM inbox_lane
        WHERE due_at > $1 AND ($2::text[] IS NULL OR account = ANY ($2))
        ORDER BY due_at, name LIMIT $3 FOR UPDATE SKIP LOCKED";

/// The oldest that waits in each of some lanes that are locked.
const HEADS: &str = "
    SELECT lane.name, head.position, head.id, head.attempts, head.leases, head.received_at,
            head.due_at, head.joined, head.event
        FROM unnest($1::text[]) AS lane (name) CROSS JOIN LATERAL (
            SELECT position, id, attempts, leases, received_at, due_at, joined, event
                FROM inbox_entry WHERE lane = lane.name AND state = 0 ORDER BY position LIMIT 1
        ) AS head";

const LEASE: &str = "
    WITH leased AS (
        UPDATE inbox_entry SET leased = TRUE, leases = leases + 1, attempts = attempts + 1,
            due_at = $2
            WHERE position = ANY ($1) RETURNING lane
    )
    UPDATE inbox_lane SET due_at = $2 WHERE name = ANY (ARRAY(SELECT lane FROM leased))";

const FAIL: &str = "
    UPDATE inbox_entry SET state = 2, leased = FALSE, joined = NULL, reason = failed.reason
        FROM unnest($1::bigint[], $2::text[]) AS failed (position, reason)
        WHERE inbox_entry.position = failed.position";

/// A lane whose head is due later than it was said to be.
const MOVE: &str = "
    UPDATE inbox_lane SET due_at = moved.due_at
        FROM unnest($1::text[], $2::bigint[]) AS moved (name, due_at)
        WHERE inbox_lane.name = moved.name";

const CLOSE: &str = "DELETE FROM inbox_lane WHERE name = ANY ($1)";

pub(super) async fn lease(
    client: &mut Client,
    accounts: Option<&[&str]>,
    now: Timestamp,
    until: Timestamp,
    limit: usize,
) -> Answer<Vec<Leased>> {
    let transaction = client.transaction().await?;
    let mut lanes: Vec<String> = Vec::new();
    // First what has waited since the clock was set back, which must not wait for a time with less to do.
    for (due, than) in [(AHEAD_LANES, now.saturating_add(FURTHEST_DUE)), (DUE_LANES, now)] {
        let left = rows(limit.saturating_sub(lanes.len()));
        if left > 0 {
            let statement = transaction.prepare_cached(due).await?;
            let found =
                transaction.query(&statement, &[&than.as_millisecond(), &accounts, &left]).await?;
            let found: Vec<String> =
                found.iter().map(|row| row.try_get(0)).collect::<Answer<_>>()?;
            lanes.extend(found);
        }
    }
    if lanes.is_empty() {
        transaction.rollback().await?;
        return Ok(Vec::new());
    }
    let mut found = Found::default();
    // The lanes whose heads are to be looked at: all, then those whose heads were set aside.
    let mut left = lanes.clone();
    while !left.is_empty() {
        left = found.look(&transaction, left, now).await?;
    }
    found.write(&transaction, until).await?;
    transaction.commit().await?;
    // In the order in which they were due.
    Ok(lanes.iter().filter_map(|lane| found.leased.remove(lane)).collect())
}

/// What is to become of the lanes that are due.
#[derive(Default)]
struct Found {
    leased: HashMap<String, Leased>,
    positions: Vec<i64>,
    /// Lanes whose heads are due later, and when.
    later: (Vec<String>, Vec<i64>),
    empty: Vec<String>,
}

impl Found {
    /// Looks at the heads of `lanes`, and sets those aside that cannot be tried again. The lanes
    /// that have another head now.
    async fn look(
        &mut self,
        transaction: &Transaction<'_>,
        lanes: Vec<String>,
        now: Timestamp,
    ) -> Answer<Vec<String>> {
        let statement = transaction.prepare_cached(HEADS).await?;
        let heads = transaction.query(&statement, &[&lanes]).await?;
        let heads: Vec<Head> = heads.iter().map(Head::read).collect::<Answer<_>>()?;
        let is_empty = |lane: &String| heads.iter().all(|head| head.lane != *lane);
        self.empty.extend(lanes.into_iter().filter(is_empty));
        let (mut again, mut failed) = (Vec::new(), (Vec::new(), Vec::new()));
        for head in heads {
            if !is_due(head.due_at, now) {
                self.later.0.push(head.lane);
                self.later.1.push(head.due_at.as_millisecond());
                continue;
            }
            let attempt = head.attempts.saturating_add(1);
            let reason = match head.event {
                Some(event) if attempt <= MAX_ATTEMPTS => {
                    let lease = Lease::new(head.id, head.leases.unsigned_abs().saturating_add(1));
                    let leased = Leased::new(lease, event, attempt, head.received_at);
                    let joined = head.joined.and_then(|count| usize::try_from(count).ok());
                    self.positions.push(head.position);
                    self.leased.insert(head.lane, Leased { joined, ..leased });
                    continue;
                }
                Some(_) => RAN_OUT,
                None => UNREADABLE,
            };
            failed.0.push(head.position);
            failed.1.push(reason);
            again.push(head.lane);
        }
        if !again.is_empty() {
            let statement = transaction.prepare_cached(FAIL).await?;
            transaction.execute(&statement, &[&failed.0, &failed.1]).await?;
        }
        Ok(again)
    }

    async fn write(&self, transaction: &Transaction<'_>, until: Timestamp) -> Answer<()> {
        if !self.positions.is_empty() {
            let statement = transaction.prepare_cached(LEASE).await?;
            let until = until.as_millisecond();
            transaction.execute(&statement, &[&self.positions, &until]).await?;
        }
        if !self.later.0.is_empty() {
            let statement = transaction.prepare_cached(MOVE).await?;
            transaction.execute(&statement, &[&self.later.0, &self.later.1]).await?;
        }
        if !self.empty.is_empty() {
            let statement = transaction.prepare_cached(CLOSE).await?;
            transaction.execute(&statement, &[&self.empty]).await?;
        }
        Ok(())
    }
}

/// The oldest that waits in a lane.
struct Head {
    lane: String,
    position: i64,
    id: MessageId,
    attempts: u32,
    leases: i64,
    received_at: Timestamp,
    due_at: Timestamp,
    joined: Option<i64>,
    event: Option<Event>,
}

impl Head {
    fn read(row: &Row) -> Answer<Self> {
        let Parsed(id) = row.try_get(2)?;
        let event: Option<&str> = row.try_get(8)?;
        Ok(Self {
            lane: row.try_get(0)?,
            position: row.try_get(1)?,
            id,
            attempts: row.try_get::<_, i32>(3)?.unsigned_abs(),
            leases: row.try_get(4)?,
            received_at: time(row, 5)?,
            due_at: time(row, 6)?,
            joined: row.try_get(7)?,
            event: event.and_then(|text| serde_json::from_str(text).ok()),
        })
    }
}
