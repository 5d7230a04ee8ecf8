//! What is asked of the tables of the ledger.

use rusqlite::{Connection, OptionalExtension, params};
use telephony_core::{
    AccountId, Applied, DeliveryState, DeliveryUpdate, MessageId, PhoneNumber, ProviderMessageId,
    Reference, StatusReport, Timestamp,
};

use super::columns::{json, optional, parsed, read_json, rows, state};
use super::{Backlog, Claimed};
use crate::outbound::send::{Enqueued, NewSend, PartState, PartStatus, SendOutcome, SendStatus};

pub(super) type Answer<T> = rusqlite::Result<T>;

/// Why a part is unknown that was being sent when the process ended.
const PROCESS_ENDED: &str = "the process ended while it was being sent";

pub(super) fn enqueue(
    db: &Connection,
    id: &MessageId,
    send: &NewSend,
    references: &[Reference],
    now: Timestamp,
) -> Answer<Enqueued> {
    let (account, to, source) = (send.account.as_str(), send.to.as_str(), send.key(id));
    let (fingerprint, now) = (send.fingerprint(), now.as_millisecond());
    let inserted = db
        .prepare_cached(
            "INSERT INTO outbound_send (id, account, recipient, source, fingerprint, created_at)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (account, source) DO NOTHING",
        )?
        .execute(params![id.as_str(), account, to, source, fingerprint, now])?;
    if inserted == 0 {
        let sql = "SELECT id, fingerprint FROM outbound_send WHERE account = ?1 AND source = ?2";
        let (existing, before) = db.prepare_cached(sql)?.query_row([account, &source], |row| {
            Ok((parsed(row, 0)?, row.get::<_, Vec<u8>>(1)?))
        })?;
        let conflicts = source.starts_with("key ") && before != fingerprint;
        return Ok(if conflicts { Enqueued::Conflict } else { Enqueued::Existing(existing) });
    }
    let mut insert = db.prepare_cached(
        "INSERT INTO outbound_part (send, lane, account, due_at, changed_at, reference, content)
            VALUES (?1, ?2, ?3, ?4, ?4, ?5, ?6)",
    )?;
    let lane = format!("{account} {to}");
    for (part, reference) in send.parts.iter().zip(references) {
        let content = json(part)?;
        insert.execute(params![id.as_str(), lane, account, now, reference.as_str(), content])?;
    }
    Ok(Enqueued::New(id.clone()))
}

pub(super) fn claim(
    db: &Connection,
    now: Timestamp,
    except: &[AccountId],
    limit: usize,
) -> Answer<Vec<Claimed>> {
    let except = json(&except)?;
    let rows: Vec<i64> = db
        .prepare_cached(
            "SELECT sequence FROM outbound_part AS part
                WHERE state = 0 AND due_at <= ?1
                AND account NOT IN (SELECT value FROM json_each(?2))
                AND NOT EXISTS (SELECT 1 FROM outbound_part AS earlier
                    WHERE earlier.lane = part.lane AND earlier.state < 2
                    AND earlier.sequence < part.sequence)
                ORDER BY due_at, sequence LIMIT ?3",
        )?
        .query_map(params![now.as_millisecond(), except, rows(limit)], |row| row.get(0))?
        .collect::<Answer<_>>()?;
    rows.into_iter().map(|row| claim_one(db, row, now)).collect()
}

fn claim_one(db: &Connection, row: i64, now: Timestamp) -> Answer<Claimed> {
    db.prepare_cached(
        "UPDATE outbound_part SET state = 1, attempts = attempts + 1, changed_at = ?2
            WHERE sequence = ?1",
    )?
    .execute(params![row, now.as_millisecond()])?;
    db.prepare_cached(
        "SELECT part.send, part.account, send.recipient, part.content, part.reference, part.attempts
            FROM outbound_part AS part JOIN outbound_send AS send ON send.id = part.send
            WHERE part.sequence = ?1",
    )?
    .query_row([row], |found| {
        Ok(Claimed {
            row,
            send: parsed(found, 0)?,
            account: parsed(found, 1)?,
            to: parsed::<PhoneNumber>(found, 2)?,
            part: read_json(found, 3)?,
            reference: parsed(found, 4)?,
            attempt: found.get(5)?,
        })
    })
}

pub(super) fn next_due(db: &Connection) -> Answer<Option<Timestamp>> {
    let sql = "SELECT min(due_at) FROM outbound_part WHERE state = 0";
    let due: Option<i64> = db.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
    Ok(due.map(Timestamp::from_millisecond))
}

pub(super) fn sent(
    db: &Connection,
    row: i64,
    id: &ProviderMessageId,
    report: StatusReport,
    now: Timestamp,
) -> Answer<()> {
    // A report of the carrier may have been quicker than its answer.
    let delivery = match delivery(db, row)? {
        Some(mut known) => {
            known.apply(report);
            known
        }
        None => DeliveryState::new(report),
    };
    db.prepare_cached(
        "UPDATE outbound_part SET state = 2, provider_id = ?2, delivery = ?3, changed_at = ?4,
            reason = NULL WHERE sequence = ?1 AND state IN (1, 4)",
    )?
    .execute(params![row, id.as_str(), json(&delivery)?, now.as_millisecond()])
    .map(drop)
}

pub(super) fn not_sent(
    db: &Connection,
    row: i64,
    attempt: u32,
    at: Timestamp,
    reason: &str,
) -> Answer<()> {
    // Told twice, it must not put back a part that has been claimed again in between.
    db.prepare_cached(
        "UPDATE outbound_part SET state = 0, due_at = ?3, reason = ?4
            WHERE sequence = ?1 AND state = 1 AND attempts = ?2",
    )?
    .execute(params![row, attempt, at.as_millisecond(), reason])
    .map(drop)
}

pub(super) fn refused(db: &Connection, row: i64, reason: &str, now: Timestamp) -> Answer<()> {
    db.prepare_cached(
        "UPDATE outbound_part SET state = 3, reason = ?2, changed_at = ?3
            WHERE (sequence = ?1 AND state = 1) OR (state = 0 AND sequence > ?1
                AND send = (SELECT send FROM outbound_part WHERE sequence = ?1))",
    )?
    .execute(params![row, reason, now.as_millisecond()])
    .map(drop)
}

pub(super) fn unknown(db: &Connection, row: i64, reason: &str, now: Timestamp) -> Answer<()> {
    // Unless the carrier has reported on it already, which proves that it was sent.
    db.prepare_cached(
        "UPDATE outbound_part SET state = CASE WHEN delivery IS NULL THEN 4 ELSE 2 END,
            reason = CASE WHEN delivery IS NULL THEN ?2 END, changed_at = ?3
            WHERE sequence = ?1 AND state = 1",
    )?
    .execute(params![row, reason, now.as_millisecond()])
    .map(drop)
}

pub(super) fn recover(db: &Connection, now: Timestamp) -> Answer<usize> {
    let now = now.as_millisecond();
    db.prepare_cached(
        "UPDATE outbound_part SET state = 2, reason = NULL, changed_at = ?1
            WHERE state = 1 AND delivery IS NOT NULL",
    )?
    .execute([now])?;
    let sql = "UPDATE outbound_part SET state = 4, reason = ?1, changed_at = ?2 WHERE state = 1";
    db.prepare_cached(sql)?.execute(params![PROCESS_ENDED, now])
}

/// The part that the carrier reports on. Not every carrier signs the URL that the reference is in,
/// so it only names a part whose id at the carrier is not known.
fn reported(db: &Connection, update: &DeliveryUpdate) -> Answer<Option<i64>> {
    let account = update.account.as_str();
    let by_id = db
        .prepare_cached(
            "SELECT sequence FROM outbound_part WHERE provider_id = ?1 AND account = ?2
                ORDER BY sequence DESC LIMIT 1",
        )?
        .query_row([update.id.as_str(), account], |row| row.get(0))
        .optional()?;
    let (None, Some(reference)) = (by_id, &update.reference) else { return Ok(by_id) };
    db.prepare_cached(
        "SELECT sequence FROM outbound_part
            WHERE reference = ?1 AND account = ?2 AND provider_id IS NULL",
    )?
    .query_row([reference.as_str(), account], |row| row.get(0))
    .optional()
}

pub(super) fn apply(
    db: &Connection,
    update: &DeliveryUpdate,
    now: Timestamp,
) -> Answer<Option<Applied>> {
    let row = reported(db, update)?;
    let Some(row) = row else { return Ok(None) };
    let (applied, delivery) = match delivery(db, row)? {
        Some(mut known) => (known.apply(update.report.clone()), known),
        None => (Applied::Advanced, DeliveryState::new(update.report.clone())),
    };
    // That the carrier reports on it proves that it was sent.
    db.prepare_cached(
        "UPDATE outbound_part SET delivery = ?2, changed_at = ?3,
            provider_id = coalesce(provider_id, ?4),
            reason = CASE state WHEN 4 THEN NULL ELSE reason END,
            state = CASE state WHEN 4 THEN 2 ELSE state END WHERE sequence = ?1",
    )?
    .execute(params![row, json(&delivery)?, now.as_millisecond(), update.id.as_str()])?;
    Ok(Some(applied))
}

pub(super) fn status(db: &Connection, id: &str) -> Answer<Option<SendStatus>> {
    let find = |sql| {
        db.prepare_cached(sql)?
            .query_row([id], |row| Ok((parsed(row, 0)?, parsed(row, 1)?, row.get(2)?)))
            .optional()
    };
    // Two questions, because one with an OR in it reads every part.
    let mut found = find("SELECT id, account, created_at FROM outbound_send WHERE id = ?1")?;
    if found.is_none() {
        found = find(
            "SELECT id, account, created_at FROM outbound_send WHERE id =
                (SELECT send FROM outbound_part WHERE provider_id = ?1
                    ORDER BY sequence DESC LIMIT 1)",
        )?;
    }
    let Some((id, account, created_at)) = found else { return Ok(None) };
    let id: MessageId = id;
    let parts: Vec<PartStatus> = db
        .prepare_cached(
            "SELECT state, provider_id, delivery, reason FROM outbound_part
                WHERE send = ?1 ORDER BY sequence",
        )?
        .query_map([id.as_str()], |row| {
            Ok(PartStatus {
                state: state(row.get(0)?),
                provider_id: optional(row, 1)?,
                delivery: match row.get_ref(2)? {
                    rusqlite::types::ValueRef::Null => None,
                    _ => Some(read_json(row, 2)?),
                },
                reason: row.get(3)?,
            })
        })?
        .collect::<Answer<_>>()?;
    let created_at = Timestamp::from_millisecond(created_at);
    let outcome = SendOutcome::of(&parts);
    Ok(Some(SendStatus { id, account, created_at, outcome, parts }))
}

pub(super) fn replies_since(
    db: &Connection,
    account: &AccountId,
    to: &PhoneNumber,
    since: Timestamp,
) -> Answer<u64> {
    db.prepare_cached(
        "SELECT count(*) FROM outbound_send WHERE account = ?1 AND recipient = ?2
            AND created_at >= ?3 AND source LIKE 'reply %'",
    )?
    .query_row(params![account.as_str(), to.as_str(), since.as_millisecond()], |row| row.get(0))
}

pub(super) fn backlog(db: &Connection) -> Answer<Backlog> {
    let mut backlog = Backlog::default();
    let sql = "SELECT state, count(*) FROM outbound_part WHERE state <> 2 GROUP BY state";
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let count: u64 = row.get(1)?;
        match state(row.get(0)?) {
            PartState::Queued | PartState::Sending => backlog.queued += count,
            PartState::Unknown => backlog.unknown += count,
            PartState::Refused => backlog.refused += count,
            PartState::Sent => {}
        }
    }
    Ok(backlog)
}

pub(super) fn clean(
    db: &Connection,
    erase_before: Timestamp,
    forget_before: Timestamp,
    limit: usize,
) -> Answer<usize> {
    let erased = db
        .prepare_cached(
            "UPDATE outbound_part SET content = NULL WHERE sequence IN
                (SELECT sequence FROM outbound_part WHERE state >= 2 AND content IS NOT NULL
                    AND changed_at < ?1 ORDER BY changed_at LIMIT ?2)",
        )?
        .execute(params![erase_before.as_millisecond(), rows(limit)])?;
    let old: Vec<String> = db
        .prepare_cached(
            "SELECT id FROM outbound_send AS send WHERE created_at < ?1 AND NOT EXISTS
                (SELECT 1 FROM outbound_part AS part WHERE part.send = send.id AND state < 2)
                ORDER BY created_at LIMIT ?2",
        )?
        .query_map(params![forget_before.as_millisecond(), rows(limit)], |row| row.get(0))?
        .collect::<Answer<_>>()?;
    for id in &old {
        db.prepare_cached("DELETE FROM outbound_part WHERE send = ?1")?.execute([id])?;
        db.prepare_cached("DELETE FROM outbound_send WHERE id = ?1")?.execute([id])?;
    }
    Ok(erased + old.len())
}

fn delivery(db: &Connection, row: i64) -> Answer<Option<DeliveryState>> {
    let sql = "SELECT delivery FROM outbound_part WHERE sequence = ?1 AND delivery IS NOT NULL";
    db.prepare_cached(sql)?.query_row([row], |row| read_json(row, 0)).optional()
}
