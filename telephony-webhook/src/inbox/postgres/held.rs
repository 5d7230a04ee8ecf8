//! What the holder of a lease does.
//!
//! Each is a transaction that locks the lane first and then looks whether the lease is still held, in
//! a statement of its own: a statement sees what was committed when it began, and what waits in the
//! lane must not change behind its back.

use deadpool_postgres::Client;
use telephony_core::Timestamp;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::queries::{Answer, number};
use super::rows;
use crate::inbox::{EntryState, Lease, MAX_ATTEMPTS};

/// Once an event is not held any more, it never is by the same lease: so who finds no lane here finds
/// no event later.
const LOCK: &str = "SELECT FROM inbox_lane WHERE name =
    (SELECT lane FROM inbox_entry WHERE id = $1 AND leases = $2 AND leased) FOR UPDATE";

/// Begins a statement with the event of a lease as `held`.
macro_rules! held {
    ($rest:literal) => {
        concat!(
            "WITH held AS (
                SELECT position, lane, attempts, joined FROM inbox_entry
                    WHERE id = $1 AND leases = $2 AND leased
            ), ",
            $rest
        )
    };
}

/// Ends one that says in `next` when the head of the lane is due: makes the lane due then, or closes
/// it when there is none.
macro_rules! advance {
    ($statement:literal) => {
        concat!(
            held!($statement),
            ", moved AS (
                UPDATE inbox_lane SET due_at = next.due_at FROM next
                    WHERE name = next.lane AND next.due_at IS NOT NULL
            ), closed AS (
                DELETE FROM inbox_lane USING next WHERE name = next.lane AND next.due_at IS NULL
            )
            SELECT next.due_at IS NOT NULL, next.failed FROM next"
        )
    };
}

const RENEW: &str = "
    WITH held AS (
        UPDATE inbox_entry SET due_at = $3 WHERE id = $1 AND leases = $2 AND leased RETURNING lane
    )
    UPDATE inbox_lane SET due_at = $3 FROM held WHERE name = held.lane RETURNING 1";

const JOIN: &str = held!(
    "behind AS (
        SELECT count(*) AS count FROM (
            SELECT FROM inbox_entry
                WHERE lane = (SELECT lane FROM held) AND state = 0
                    AND position > (SELECT position FROM held)
                ORDER BY position LIMIT $3
        ) AS rows
    )
    UPDATE inbox_entry SET joined = behind.count FROM held, behind
        WHERE inbox_entry.position = held.position RETURNING 1"
);

/// Whatever is leased is the head of its lane.
const FINISH: &str = advance!(
    "ended AS (
        SELECT position FROM inbox_entry
            WHERE lane = (SELECT lane FROM held) AND state = 0
                AND position >= (SELECT position FROM held)
            ORDER BY position LIMIT (SELECT 1 + coalesce(joined, 0) FROM held)
    ), done AS (
        UPDATE inbox_entry SET state = 1, leased = FALSE, done_at = $3, reason = NULL
            WHERE position = ANY (ARRAY(SELECT position FROM ended))
    ), next AS (
        SELECT lane, FALSE AS failed, (
            SELECT due_at FROM inbox_entry
                WHERE lane = held.lane AND state = 0
                    AND position > (SELECT max(position) FROM ended)
                ORDER BY position LIMIT 1
        ) AS due_at FROM held
    )"
);

const PUT_BACK: &str = advance!(
    "next AS (
        SELECT position, lane, attempts >= $5 AS failed, CASE WHEN attempts < $5 THEN $3 ELSE (
            SELECT due_at FROM inbox_entry
                WHERE lane = held.lane AND state = 0 AND position > held.position
                ORDER BY position LIMIT 1
        ) END AS due_at FROM held
    ), back AS (
        UPDATE inbox_entry SET leased = FALSE, reason = $4,
            state = CASE WHEN next.failed THEN 2 ELSE 0 END,
            joined = CASE WHEN next.failed THEN NULL ELSE joined END,
            due_at = CASE WHEN next.failed THEN inbox_entry.due_at ELSE $3 END
            FROM next WHERE inbox_entry.position = next.position
    )"
);

/// What a finished event leaves in its lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// Another one waits.
    Waits,
    /// Nothing does.
    Nothing,
}

pub(super) async fn renew(client: &mut Client, lease: &Lease, until: Timestamp) -> Answer<bool> {
    Ok(locked(client, lease, RENEW, &[&until.as_millisecond()]).await?.is_some())
}

pub(super) async fn join(client: &mut Client, lease: &Lease, count: usize) -> Answer<bool> {
    Ok(locked(client, lease, JOIN, &[&rows(count)]).await?.is_some())
}

/// What comes next, or `None` when the lease was held no more.
pub(super) async fn finish(
    client: &mut Client,
    lease: &Lease,
    now: Timestamp,
) -> Answer<Option<Next>> {
    let Some(row) = locked(client, lease, FINISH, &[&now.as_millisecond()]).await? else {
        return Ok(None);
    };
    Ok(Some(if row.try_get(0)? { Next::Waits } else { Next::Nothing }))
}

/// Whether an event is done by this very lease.
pub(super) async fn is_finished(client: &Client, lease: &Lease) -> Answer<bool> {
    let sql = "SELECT FROM inbox_entry WHERE id = $1 AND leases = $2 AND state = 1";
    let statement = client.prepare_cached(sql).await?;
    let (id, number) = (lease.id.as_str(), number(lease));
    Ok(client.query_opt(&statement, &[&id, &number]).await?.is_some())
}

pub(super) async fn put_back(
    client: &mut Client,
    lease: &Lease,
    at: Timestamp,
    reason: &str,
) -> Answer<Option<EntryState>> {
    let most = i32::try_from(MAX_ATTEMPTS).unwrap_or(i32::MAX);
    let parameters: [&(dyn ToSql + Sync); 3] = [&at.as_millisecond(), &reason, &most];
    let Some(row) = locked(client, lease, PUT_BACK, &parameters).await? else { return Ok(None) };
    Ok(Some(if row.try_get(1)? { EntryState::Failed } else { EntryState::Waiting }))
}

/// Does `sql`, whose first two parameters are the lease, once its lane is locked. What it says, or
/// `None` when the lease is held no more.
async fn locked(
    client: &mut Client,
    lease: &Lease,
    sql: &str,
    parameters: &[&(dyn ToSql + Sync)],
) -> Answer<Option<Row>> {
    let (lock, statement) = (client.prepare_cached(LOCK).await?, client.prepare_cached(sql).await?);
    let (id, number) = (lease.id.as_str(), number(lease));
    let held: [&(dyn ToSql + Sync); 2] = [&id, &number];
    let all = [&held[..], parameters].concat();
    let transaction = client.transaction().await?;
    // Sent together, done one after the other.
    let (locked, done) = tokio::join! {
        biased;
        transaction.execute(&lock, &held),
        transaction.query_opt(&statement, &all),
    };
    locked?;
    let row = done?;
    transaction.commit().await?;
    Ok(row)
}
