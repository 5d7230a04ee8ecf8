//! What is asked of the tables of the inbox.

use std::str::FromStr;

use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Params, Row, params};
use telephony_core::{AccountId, Event, MessageId, Timestamp};

use crate::inbox::{
    Counts, Entry, EntryState, EventKey, FURTHEST_DUE, Inserted, Lease, Leased, MAX_ATTEMPTS,
    NewEntry, RAN_OUT, Waiting, is_due,
};

type Answer<T> = rusqlite::Result<T>;

/// The reason of an event that a later version of the program wrote, or nobody.
const UNREADABLE: &str = "what is stored of it cannot be read";

pub(super) fn insert(db: &Connection, new: &NewEntry, lane: &str, event: &str) -> Answer<Inserted> {
    let account = new.event.account().as_str();
    let (key, received_at) = (new.key.as_str(), new.received_at.as_millisecond());
    let inserted = change(
        db,
        "INSERT INTO inbox_entry (id, account, key, lane, received_at, due_at, event)
            VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6) ON CONFLICT (account, key) DO NOTHING",
        params![new.id.as_str(), account, key, lane, received_at, event],
    )?;
    if inserted > 0 {
        open_lane(db, lane, new.received_at)?;
        return Ok(Inserted::New);
    }
    db.prepare_cached("SELECT id FROM inbox_entry WHERE account = ?1 AND key = ?2")?
        .query_row([account, key], |row| parsed(row, 0))
        .map(Inserted::Duplicate)
}

pub(super) fn lease(
    db: &Connection,
    accounts: Option<&str>,
    now: Timestamp,
    until: Timestamp,
    limit: usize,
) -> Answer<Vec<Leased>> {
    // A lane's name begins with its account.
    let mut lanes = Vec::new();
    for (due, than) in [
        // Mostly nothing, which is seen at the end of the index. First, for it must not wait for a time
        // with less to do.
        (">", now.saturating_add(FURTHEST_DUE)),
        ("<=", now),
    ] {
        let sql = format!(
            "SELECT name FROM inbox_lane WHERE due_at {due} ?1 AND (?3 IS NULL OR
                instr(',' || ?3 || ',', ',' || substr(name, 1, instr(name, ' ') - 1) || ',') > 0)
                ORDER BY due_at, name LIMIT ?2"
        );
        let left = rows(limit.saturating_sub(lanes.len()));
        let mut found = db.prepare_cached(&sql)?;
        let found =
            found.query_map(params![than.as_millisecond(), left, accounts], |row| row.get(0))?;
        lanes.extend(found.collect::<Answer<Vec<String>>>()?);
    }
    let leased = lanes.iter().map(|lane| lease_head(db, lane, now, until));
    leased.filter_map(Answer::transpose).collect()
}

/// The oldest that waits in a lane.
struct Head {
    position: i64,
    id: MessageId,
    attempts: u32,
    leases: i64,
    received_at: Timestamp,
    due_at: Timestamp,
    joined: Option<i64>,
    event: Option<Event>,
}

/// Leases the head of a lane, once those that cannot be tried again are set aside.
fn lease_head(
    db: &Connection,
    lane: &str,
    now: Timestamp,
    until: Timestamp,
) -> Answer<Option<Leased>> {
    while let Some(head) = head(db, lane)?.filter(|head| is_due(head.due_at, now)) {
        let (position, attempt, number) = (head.position, head.attempts + 1, head.leases + 1);
        let reason = match head.event {
            Some(event) if attempt <= MAX_ATTEMPTS => {
                change(
                    db,
                    "UPDATE inbox_entry SET leased = 1, leases = ?2, attempts = ?3
                        WHERE position = ?1",
                    params![position, number, attempt],
                )?;
                set_due(db, position, lane, until)?;
                let lease = Lease::new(head.id, number.unsigned_abs());
                let joined = head.joined.and_then(|count| usize::try_from(count).ok());
                let leased = Leased::new(lease, event, attempt, head.received_at);
                return Ok(Some(Leased { joined, ..leased }));
            }
            Some(_) => RAN_OUT,
            None => UNREADABLE,
        };
        fail(db, position, lane, reason)?;
    }
    Ok(None)
}

fn head(db: &Connection, lane: &str) -> Answer<Option<Head>> {
    db.prepare_cached(
        "SELECT position, id, attempts, leases, received_at, due_at, joined, event FROM inbox_entry
            INDEXED BY inbox_entry_waiting WHERE lane = ?1 AND state = 0 ORDER BY position LIMIT 1",
    )?
    .query_row([lane], |row| {
        let event: Option<String> = row.get(7)?;
        Ok(Head {
            position: row.get(0)?,
            id: parsed(row, 1)?,
            attempts: row.get(2)?,
            leases: row.get(3)?,
            received_at: time(row, 4)?,
            due_at: time(row, 5)?,
            joined: row.get(6)?,
            event: event.and_then(|text| serde_json::from_str(&text).ok()),
        })
    })
    .optional()
}

/// The row of a lease that is still held.
struct Held {
    position: i64,
    lane: String,
    attempts: u32,
}

fn held(db: &Connection, lease: &Lease) -> Answer<Option<Held>> {
    let Ok(number) = i64::try_from(lease.number) else { return Ok(None) };
    db.prepare_cached(
        "SELECT position, lane, attempts FROM inbox_entry
            WHERE id = ?1 AND leases = ?2 AND leased = 1",
    )?
    .query_row(params![lease.id.as_str(), number], |row| {
        Ok(Held { position: row.get(0)?, lane: row.get(1)?, attempts: row.get(2)? })
    })
    .optional()
}

pub(super) fn renew(db: &Connection, lease: &Lease, until: Timestamp) -> Answer<bool> {
    let Some(Held { position, lane, .. }) = held(db, lease)? else { return Ok(false) };
    set_due(db, position, &lane, until)?;
    Ok(true)
}

pub(super) fn behind(db: &Connection, lease: &Lease, limit: usize) -> Answer<Vec<Waiting>> {
    let Some(Held { position, lane, .. }) = held(db, lease)? else { return Ok(Vec::new()) };
    let waiting: Vec<Option<Waiting>> = db
        .prepare_cached(
            "SELECT id, received_at, event FROM inbox_entry INDEXED BY inbox_entry_waiting
                WHERE lane = ?1 AND state = 0 AND position > ?2 ORDER BY position LIMIT ?3",
        )?
        .query_map(params![lane, position, rows(limit)], |row| {
            let (id, received_at) = (parsed(row, 0)?, time(row, 1)?);
            let event: Option<String> = row.get(2)?;
            let event = event.and_then(|text| serde_json::from_str(&text).ok());
            Ok(event.map(|event| Waiting::new(id, event, received_at)))
        })?
        .collect::<Answer<_>>()?;
    Ok(waiting.into_iter().map_while(|waiting| waiting).collect())
}

pub(super) fn join(db: &Connection, lease: &Lease, count: usize) -> Answer<bool> {
    let Some(Held { position, lane, .. }) = held(db, lease)? else { return Ok(false) };
    change(
        db,
        "UPDATE inbox_entry SET joined = (SELECT count(*) FROM (
            SELECT 1 FROM inbox_entry INDEXED BY inbox_entry_waiting
                WHERE lane = ?2 AND state = 0 AND position > ?1 LIMIT ?3)) WHERE position = ?1",
        params![position, lane, rows(count)],
    )?;
    Ok(true)
}

pub(super) fn finish(db: &Connection, lease: &Lease, now: Timestamp) -> Answer<bool> {
    let Some(Held { position, lane, .. }) = held(db, lease)? else { return Ok(false) };
    // Whatever is leased is the head of its lane.
    change(
        db,
        "UPDATE inbox_entry SET state = 1, leased = 0, done_at = ?3, reason = NULL
            WHERE position IN (SELECT position FROM inbox_entry INDEXED BY inbox_entry_waiting
                WHERE lane = ?2 AND state = 0 AND position >= ?1 ORDER BY position LIMIT
                (SELECT 1 + coalesce(joined, 0) FROM inbox_entry WHERE position = ?1))",
        params![position, lane, now.as_millisecond()],
    )?;
    advance(db, &lane)?;
    Ok(true)
}

pub(super) fn is_finished(db: &Connection, lease: &Lease) -> Answer<bool> {
    let Ok(number) = i64::try_from(lease.number) else { return Ok(false) };
    let sql = "SELECT 1 FROM inbox_entry WHERE id = ?1 AND leases = ?2 AND state = 1";
    db.prepare_cached(sql)?.exists(params![lease.id.as_str(), number])
}

pub(super) fn put_back(
    db: &Connection,
    lease: &Lease,
    at: Timestamp,
    reason: &str,
) -> Answer<Option<EntryState>> {
    let Some(Held { position, lane, attempts }) = held(db, lease)? else { return Ok(None) };
    if attempts >= MAX_ATTEMPTS {
        fail(db, position, &lane, reason)?;
        return Ok(Some(EntryState::Failed));
    }
    change(
        db,
        "UPDATE inbox_entry SET leased = 0, reason = ?2 WHERE position = ?1",
        params![position, reason],
    )?;
    set_due(db, position, &lane, at)?;
    Ok(Some(EntryState::Waiting))
}

pub(super) fn take_over(db: &Connection, now: Timestamp) -> Answer<usize> {
    let lanes: Vec<String> = db
        .prepare_cached(
            "UPDATE inbox_entry INDEXED BY inbox_entry_waiting
                SET leased = 0, due_at = min(due_at, ?1)
                WHERE state = 0 AND leased = 1 RETURNING lane",
        )?
        .query_map([now.as_millisecond()], |row| row.get(0))?
        .collect::<Answer<_>>()?;
    lanes.iter().try_for_each(|lane| advance(db, lane))?;
    Ok(lanes.len())
}

pub(super) fn next_due(db: &Connection) -> Answer<Option<Timestamp>> {
    let sql = "SELECT due_at FROM inbox_lane ORDER BY due_at LIMIT 1";
    db.prepare_cached(sql)?.query_row([], |row| time(row, 0)).optional()
}

pub(super) fn list(db: &Connection, state: EntryState, limit: usize) -> Answer<Vec<Entry>> {
    db.prepare_cached(match state {
        EntryState::Waiting => {
            "SELECT id, account, key, attempts, reason, received_at FROM inbox_entry
                INDEXED BY inbox_entry_waiting WHERE state = 0 ORDER BY position DESC LIMIT ?1"
        }
        // Almost all are, so the newest are found from the end.
        EntryState::Done => {
            "SELECT id, account, key, attempts, reason, received_at FROM inbox_entry NOT INDEXED
                WHERE state = 1 ORDER BY position DESC LIMIT ?1"
        }
        EntryState::Failed => {
            "SELECT id, account, key, attempts, reason, received_at FROM inbox_entry
                INDEXED BY inbox_entry_failed WHERE state = 2 ORDER BY position DESC LIMIT ?1"
        }
    })?
    .query_map([rows(limit)], |row| {
        Ok(Entry {
            id: parsed(row, 0)?,
            account: parsed::<AccountId>(row, 1)?,
            key: EventKey(row.get(2)?),
            state,
            attempts: row.get(3)?,
            reason: row.get(4)?,
            received_at: time(row, 5)?,
        })
    })?
    .collect()
}

pub(super) fn requeue(db: &Connection, id: &MessageId, now: Timestamp) -> Answer<bool> {
    let lane: Option<String> = db
        .prepare_cached(
            "UPDATE inbox_entry SET state = 0, attempts = 0, reason = NULL, due_at = ?2,
                position = (SELECT max(position) + 1 FROM inbox_entry)
                WHERE id = ?1 AND state = 2 RETURNING lane",
        )?
        .query_row(params![id.as_str(), now.as_millisecond()], |row| row.get(0))
        .optional()?;
    lane.as_deref().map(|lane| open_lane(db, lane, now)).transpose()?;
    Ok(lane.is_some())
}

pub(super) fn counts(db: &Connection) -> Answer<Counts> {
    let (waiting, oldest) = db
        .prepare_cached(
            "SELECT count(*), (SELECT min(received_at) FROM inbox_entry
                    INDEXED BY inbox_entry_oldest WHERE state = 0)
                FROM inbox_entry INDEXED BY inbox_entry_waiting WHERE state = 0",
        )?
        .query_row([], |row| Ok((row.get(0)?, row.get::<_, Option<i64>>(1)?)))?;
    let count = |sql| db.prepare_cached(sql)?.query_row([], |row| row.get(0));
    Ok(Counts {
        waiting,
        done: count(
            "SELECT count(*) FROM inbox_entry INDEXED BY inbox_entry_done WHERE state = 1",
        )?,
        failed: count(
            "SELECT count(*) FROM inbox_entry INDEXED BY inbox_entry_failed WHERE state = 2",
        )?,
        oldest_waiting: oldest.map(Timestamp::from_millisecond),
    })
}

pub(super) fn clean(
    db: &Connection,
    erase_before: Timestamp,
    forget_before: Timestamp,
    limit: usize,
) -> Answer<usize> {
    let forgotten = change(
        db,
        "DELETE FROM inbox_entry WHERE position IN (SELECT position FROM inbox_entry
            INDEXED BY inbox_entry_done WHERE state = 1 AND received_at < ?1 LIMIT ?2)",
        params![forget_before.as_millisecond(), rows(limit)],
    )?;
    let erased = change(
        db,
        "UPDATE inbox_entry SET event = NULL WHERE position IN (SELECT position FROM inbox_entry
            INDEXED BY inbox_entry_unerased
            WHERE state = 1 AND event IS NOT NULL AND done_at < ?1 LIMIT ?2)",
        params![erase_before.as_millisecond(), rows(limit.saturating_sub(forgotten))],
    )?;
    Ok(forgotten + erased)
}

/// Sets an event aside, and lets the next one of its lane go.
fn fail(db: &Connection, position: i64, lane: &str, reason: &str) -> Answer<()> {
    let sql = "UPDATE inbox_entry SET state = 2, leased = 0, joined = NULL, reason = ?2
        WHERE position = ?1";
    change(db, sql, params![position, reason])?;
    advance(db, lane)
}

/// Says when the head of a lane, and so the lane, is due.
fn set_due(db: &Connection, position: i64, lane: &str, at: Timestamp) -> Answer<()> {
    let at = at.as_millisecond();
    let sql = "UPDATE inbox_entry SET due_at = ?2 WHERE position = ?1";
    change(db, sql, params![position, at])?;
    change(db, "UPDATE inbox_lane SET due_at = ?2 WHERE name = ?1", params![lane, at])?;
    Ok(())
}

/// Notes that something waits in a lane, which is due when its head is.
fn open_lane(db: &Connection, lane: &str, at: Timestamp) -> Answer<()> {
    let sql = "INSERT INTO inbox_lane (name, due_at) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
    change(db, sql, params![lane, at.as_millisecond()]).map(drop)
}

/// Makes a lane due when its new head is, or closes it when nothing waits.
fn advance(db: &Connection, lane: &str) -> Answer<()> {
    let sql = "SELECT due_at FROM inbox_entry INDEXED BY inbox_entry_waiting
        WHERE lane = ?1 AND state = 0 ORDER BY position LIMIT 1";
    let due_at: Option<i64> =
        db.prepare_cached(sql)?.query_row([lane], |row| row.get(0)).optional()?;
    match due_at {
        Some(at) => {
            change(db, "UPDATE inbox_lane SET due_at = ?2 WHERE name = ?1", params![lane, at])
        }
        None => change(db, "DELETE FROM inbox_lane WHERE name = ?1", [lane]),
    }
    .map(drop)
}

fn change(db: &Connection, sql: &str, values: impl Params) -> Answer<usize> {
    db.prepare_cached(sql)?.execute(values)
}

/// A limit as SQLite counts.
fn rows(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

fn time(row: &Row<'_>, column: usize) -> Answer<Timestamp> {
    row.get(column).map(Timestamp::from_millisecond)
}

/// A value that was written as text.
fn parsed<T>(row: &Row<'_>, column: usize) -> Answer<T>
where
    T: FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    row.get::<_, String>(column)?.parse().map_err(|error| {
        rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error))
    })
}
