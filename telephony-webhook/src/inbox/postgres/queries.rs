//! What is asked of the tables of the inbox without a lease.

use std::str::FromStr;

use deadpool_postgres::Client;
use telephony_core::{AccountId, MessageId, Timestamp};
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;

use super::rows;
use crate::inbox::{Counts, Entry, EntryState, EventKey, Inserted, Lease, NewEntry, Waiting};

pub(super) type Answer<T> = Result<T, tokio_postgres::Error>;

/// One statement, and so one transaction: a key that is known changes nothing, a new one opens or
/// locks its lane, and only then takes its position, for a list is made row by row of what is below.
/// Where clocks are heeded it is due by now at the latest: one that is ahead would have others wait.
const INSERT: &str = "
    WITH known AS (
        SELECT id FROM inbox_entry WHERE account = $2 AND key = $3
    ), due AS (
        SELECT CASE WHEN $7 THEN
            least($5, floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint) ELSE $5 END AS at
    ), lane AS (
        INSERT INTO inbox_lane (name, account, due_at)
            SELECT $4, $2, due.at FROM due WHERE NOT EXISTS (SELECT FROM known)
            ON CONFLICT (name) DO UPDATE SET due_at = inbox_lane.due_at RETURNING name
    ), new AS (
        INSERT INTO inbox_entry (position, id, account, key, lane, received_at, due_at, event)
            SELECT nextval('inbox_position'), $1, $2, $3, name, $5, due.at, $6 FROM lane, due
            ON CONFLICT (account, key) DO NOTHING RETURNING id
    )
    SELECT EXISTS (SELECT FROM new), (SELECT id FROM known)";

pub(super) async fn insert(
    client: &mut Client,
    new: &NewEntry,
    lane: &str,
    event: &str,
    heeds_clock: bool,
) -> Answer<Inserted> {
    let (account, key) = (new.event.account().as_str(), new.key.as_str());
    let received_at = new.received_at.as_millisecond();
    loop {
        let statement = client.prepare_cached(INSERT).await?;
        let id = new.id.as_str();
        let row = client
            .query_one(
                &statement,
                &[&id, &account, &key, &lane, &received_at, &event, &heeds_clock],
            )
            .await?;
        if row.try_get(0)? {
            return Ok(Inserted::New);
        }
        let known: Option<Parsed<MessageId>> = row.try_get(1)?;
        if let Some(Parsed(id)) = known {
            return Ok(Inserted::Duplicate(id));
        }
        // Somebody else's was committed while this one waited for it.
        close_if_empty(client, lane).await?;
        let first = "SELECT id FROM inbox_entry WHERE account = $1 AND key = $2";
        let first = client.prepare_cached(first).await?;
        if let Some(row) = client.query_opt(&first, &[&account, &key]).await? {
            let Parsed(id) = row.try_get(0)?;
            return Ok(Inserted::Duplicate(id));
        }
        // And was forgotten since.
    }
}

/// Removes a lane in which nothing waits. That is looked for once the lane is locked, by a statement
/// that sees what was committed until then.
async fn close_if_empty(client: &mut Client, lane: &str) -> Answer<()> {
    let transaction = client.transaction().await?;
    let lock = "SELECT FROM inbox_lane WHERE name = $1 FOR UPDATE";
    let lock = transaction.prepare_cached(lock).await?;
    transaction.execute(&lock, &[&lane]).await?;
    let close = "DELETE FROM inbox_lane WHERE name = $1
        AND NOT EXISTS (SELECT FROM inbox_entry WHERE lane = $1 AND state = 0)";
    let close = transaction.prepare_cached(close).await?;
    transaction.execute(&close, &[&lane]).await?;
    transaction.commit().await
}

pub(super) async fn behind(client: &Client, lease: &Lease, limit: usize) -> Answer<Vec<Waiting>> {
    let sql = "
        SELECT behind.id, behind.received_at, behind.event
            FROM inbox_entry AS held CROSS JOIN LATERAL (
                SELECT position, id, received_at, event FROM inbox_entry
                    WHERE lane = held.lane AND state = 0 AND position > held.position
                    ORDER BY position LIMIT $3
            ) AS behind
            WHERE held.id = $1 AND held.leases = $2 AND held.leased ORDER BY behind.position";
    let statement = client.prepare_cached(sql).await?;
    let parameters: [&(dyn tokio_postgres::types::ToSql + Sync); 3] =
        [&lease.id.as_str(), &number(lease), &rows(limit)];
    let found = client.query(&statement, &parameters).await?;
    let waiting = found.iter().map(|row| {
        let Parsed(id) = row.try_get(0)?;
        let (received_at, event) = (time(row, 1)?, row.try_get::<_, Option<&str>>(2)?);
        let event = event.and_then(|text| serde_json::from_str(text).ok());
        Ok(event.map(|event| Waiting::new(id, event, received_at)))
    });
    let waiting: Vec<Option<Waiting>> = waiting.collect::<Answer<_>>()?;
    Ok(waiting.into_iter().map_while(|waiting| waiting).collect())
}

pub(super) async fn next_due(client: &Client) -> Answer<Option<Timestamp>> {
    let sql = "SELECT due_at FROM inbox_lane ORDER BY due_at LIMIT 1";
    let statement = client.prepare_cached(sql).await?;
    client.query_opt(&statement, &[]).await?.map(|row| time(&row, 0)).transpose()
}

pub(super) async fn list(client: &Client, state: EntryState, limit: usize) -> Answer<Vec<Entry>> {
    let sql = "SELECT id, account, key, attempts, reason, received_at FROM inbox_entry
        WHERE state = $1 ORDER BY position DESC LIMIT $2";
    let statement = client.prepare_cached(sql).await?;
    let state_number: i16 = match state {
        EntryState::Waiting => 0,
        EntryState::Done => 1,
        EntryState::Failed => 2,
    };
    let found = client.query(&statement, &[&state_number, &rows(limit)]).await?;
    let entry = |row: &Row| {
        let (Parsed(id), Parsed::<AccountId>(account)) = (row.try_get(0)?, row.try_get(1)?);
        Ok(Entry {
            id,
            account,
            key: EventKey(row.try_get(2)?),
            state,
            attempts: row.try_get::<_, i32>(3)?.unsigned_abs(),
            reason: row.try_get(4)?,
            received_at: time(row, 5)?,
        })
    };
    found.iter().map(entry).collect()
}

/// As when it came: the lane is locked before the position is taken.
pub(super) async fn requeue(client: &Client, id: &MessageId, now: Timestamp) -> Answer<bool> {
    let sql = "
        WITH lane AS (
            INSERT INTO inbox_lane (name, account, due_at)
                SELECT lane, account, $2 FROM inbox_entry WHERE id = $1 AND state = 2
                ON CONFLICT (name) DO UPDATE SET due_at = inbox_lane.due_at RETURNING name
        )
        UPDATE inbox_entry SET state = 0, attempts = 0, reason = NULL, due_at = $2,
            position = nextval('inbox_position')
            FROM lane WHERE lane = lane.name AND id = $1 AND state = 2";
    let statement = client.prepare_cached(sql).await?;
    Ok(client.execute(&statement, &[&id.as_str(), &now.as_millisecond()]).await? > 0)
}

pub(super) async fn counts(client: &Client) -> Answer<Counts> {
    let sql = "SELECT
        (SELECT min(received_at) FROM inbox_entry WHERE state = 0),
        (SELECT count(*) FROM inbox_entry WHERE state = 0),
        (SELECT count(*) FROM inbox_entry WHERE state = 1),
        (SELECT count(*) FROM inbox_entry WHERE state = 2)";
    let statement = client.prepare_cached(sql).await?;
    let row = client.query_one(&statement, &[]).await?;
    let oldest: Option<i64> = row.try_get(0)?;
    let count = |column| row.try_get::<_, i64>(column).map(i64::unsigned_abs);
    Ok(Counts {
        oldest_waiting: oldest.map(Timestamp::from_millisecond),
        waiting: count(1)?,
        done: count(2)?,
        failed: count(3)?,
    })
}

/// What another node is about to remove is left to it.
pub(super) async fn clean(
    client: &Client,
    erase_before: Timestamp,
    forget_before: Timestamp,
    limit: usize,
) -> Answer<usize> {
    let sql = "
        WITH forgotten AS (
            DELETE FROM inbox_entry WHERE position = ANY (ARRAY(
                SELECT position FROM inbox_entry WHERE state = 1 AND received_at < $2
                    ORDER BY received_at LIMIT $3 FOR UPDATE SKIP LOCKED)) RETURNING 1
        ), erased AS (
            UPDATE inbox_entry SET event = NULL WHERE position = ANY (ARRAY(
                SELECT position FROM inbox_entry
                    WHERE state = 1 AND event IS NOT NULL AND done_at < $1 AND received_at >= $2
                    ORDER BY done_at LIMIT $3 - (SELECT count(*) FROM forgotten)
                    FOR UPDATE SKIP LOCKED)) RETURNING 1
        )
        SELECT (SELECT count(*) FROM forgotten) + (SELECT count(*) FROM erased)";
    let statement = client.prepare_cached(sql).await?;
    let (erase, forget) = (erase_before.as_millisecond(), forget_before.as_millisecond());
    let row = client.query_one(&statement, &[&erase, &forget, &rows(limit)]).await?;
    Ok(usize::try_from(row.try_get::<_, i64>(0)?).unwrap_or(usize::MAX))
}

/// The number of a lease, or one that none has.
pub(super) fn number(lease: &Lease) -> i64 {
    i64::try_from(lease.number).unwrap_or(-1)
}

pub(super) fn time(row: &Row, column: usize) -> Answer<Timestamp> {
    row.try_get(column).map(Timestamp::from_millisecond)
}

/// A value that was written as text.
pub(super) struct Parsed<T>(pub(super) T);

impl<'a, T> FromSql<'a> for Parsed<T>
where
    T: FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    fn from_sql(
        kind: &tokio_postgres::types::Type,
        raw: &'a [u8],
    ) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(<&str as FromSql<'_>>::from_sql(kind, raw)?.parse()?))
    }

    fn accepts(kind: &tokio_postgres::types::Type) -> bool {
        <&str as FromSql<'_>>::accepts(kind)
    }
}
