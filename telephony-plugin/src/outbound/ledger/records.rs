//! What is known of what was sent, and how long it is kept.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Row, params};
use telephony_core::{
    AccountId, Applied, DeliveryState, DeliveryUpdate, MessageId, PhoneNumber, ProviderKind,
    ProviderMessageId, Timestamp,
};

use super::Backlog;
use super::columns::{json, optional, parsed, read_json, rows, state};
use super::history::note;
use super::queries::{Answer, advance};
use crate::outbound::delivery::{Delivery, explanation};
use crate::outbound::send::{PartState, PartStatus, SendOutcome, SendStatus};

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
) -> Answer<Option<Delivery>> {
    let row = reported(db, update)?;
    let Some(row) = row else { return Ok(None) };
    note(db, row, &update.report, now)?;
    let (applied, delivery) = match delivery(db, row)? {
        Some(mut known) => (known.apply(update.report.clone()), known),
        None => (Applied::Advanced, DeliveryState::new(update.report.clone())),
    };
    // That the carrier reports on it proves that it was sent, whatever was said before. What is
    // being sent now stays so until its answer is here.
    db.prepare_cached(
        "UPDATE outbound_part SET delivery = ?2, changed_at = ?3,
            provider_id = coalesce(provider_id, ?4),
            reason = CASE state WHEN 1 THEN reason END,
            state = CASE state WHEN 1 THEN 1 ELSE 2 END WHERE sequence = ?1",
    )?
    .execute(params![row, json(&delivery)?, now.as_millisecond(), update.id.as_str()])?;
    advance(db, row)?;
    delivered(db, row, &delivery, applied).map(Some)
}

/// What has become of a part, for those who want to know.
fn delivered(
    db: &Connection,
    row: i64,
    delivery: &DeliveryState,
    applied: Applied,
) -> Answer<Delivery> {
    db.prepare_cached(
        "SELECT send.id, send.account, send.recipient, part.provider_id, send.provider
            FROM outbound_part AS part JOIN outbound_send AS send ON send.id = part.send
            WHERE part.sequence = ?1",
    )?
    .query_row([row], |found| {
        let provider: Option<ProviderKind> = optional(found, 4)?;
        Ok(Delivery {
            id: parsed(found, 0)?,
            account: parsed(found, 1)?,
            to: parsed(found, 2)?,
            provider_id: parsed::<ProviderMessageId>(found, 3)?,
            status: delivery.status(),
            code: delivery.report().code.clone(),
            explanation: explanation(provider, delivery),
            is_conflicted: delivery.is_conflicted(),
            applied,
        })
    })
}

pub(super) fn of_source(
    db: &Connection,
    account: &AccountId,
    source: &str,
) -> Answer<Option<SendStatus>> {
    let id: Option<String> = db
        .prepare_cached("SELECT id FROM outbound_send WHERE account = ?1 AND source = ?2")?
        .query_row([account.as_str(), source], |row| row.get(0))
        .optional()?;
    id.map_or(Ok(None), |id| status(db, &id))
}

pub(super) fn latest(
    db: &Connection,
    account: &AccountId,
    limit: usize,
) -> Answer<Vec<SendStatus>> {
    let ids: Vec<String> = db
        .prepare_cached(
            "SELECT id FROM outbound_send WHERE account = ?1 ORDER BY created_at DESC LIMIT ?2",
        )?
        .query_map(params![account.as_str(), rows(limit)], |row| row.get(0))?
        .collect::<Answer<_>>()?;
    ids.iter().filter_map(|id| status(db, id).transpose()).collect()
}

pub(super) fn status(db: &Connection, id: &str) -> Answer<Option<SendStatus>> {
    let find = |sql| {
        db.prepare_cached(sql)?
            .query_row([id], |row| {
                Ok((parsed(row, 0)?, parsed(row, 1)?, row.get(2)?, optional(row, 3)?))
            })
            .optional()
    };
    // Two questions, because one with an OR in it reads every part.
    let mut found =
        find("SELECT id, account, created_at, provider FROM outbound_send WHERE id = ?1")?;
    if found.is_none() {
        found = find(
            "SELECT id, account, created_at, provider FROM outbound_send WHERE id =
                (SELECT send FROM outbound_part WHERE provider_id = ?1
                    ORDER BY sequence DESC LIMIT 1)",
        )?;
    }
    let Some((id, account, created_at, provider)) = found else { return Ok(None) };
    let id: MessageId = id;
    let parts: Vec<PartStatus> = db
        .prepare_cached(
            "SELECT state, provider_id, delivery, reason, coalesce(history, '[]')
                FROM outbound_part WHERE send = ?1 ORDER BY sequence",
        )?
        .query_map([id.as_str()], |row| part_status(row, provider))?
        .collect::<Answer<_>>()?;
    let created_at = Timestamp::from_millisecond(created_at);
    let outcome = SendOutcome::of(&parts);
    Ok(Some(SendStatus { id, account, created_at, outcome, parts }))
}

fn part_status(row: &Row<'_>, provider: Option<ProviderKind>) -> Answer<PartStatus> {
    let delivery: Option<DeliveryState> = match row.get_ref(2)? {
        ValueRef::Null => None,
        _ => Some(read_json(row, 2)?),
    };
    Ok(PartStatus {
        state: state(row.get(0)?),
        provider_id: optional(row, 1)?,
        explanation: delivery.as_ref().and_then(|delivery| explanation(provider, delivery)),
        delivery,
        reason: row.get(3)?,
        history: read_json(row, 4)?,
    })
}

pub(super) fn replies_since(
    db: &Connection,
    account: &AccountId,
    to: &PhoneNumber,
    since: Timestamp,
) -> Answer<u64> {
    db.prepare_cached(
        "SELECT count(*) FROM outbound_send WHERE account = ?1 AND recipient = ?2
            AND created_at >= ?3 AND (source LIKE 'reply %' OR source LIKE 'queue %')",
    )?
    .query_row(params![account.as_str(), to.as_str(), since.as_millisecond()], |row| row.get(0))
}

pub(super) fn add_contact(
    db: &Connection,
    account: &AccountId,
    number: &PhoneNumber,
    now: Timestamp,
) -> Answer<()> {
    db.prepare_cached(
        "INSERT INTO outbound_contact (account, number, heard_at) VALUES (?1, ?2, ?3)
            ON CONFLICT DO UPDATE SET heard_at = excluded.heard_at",
    )?
    .execute(params![account.as_str(), number.as_str(), now.as_millisecond()])
    .map(drop)
}

pub(super) fn heard_since(
    db: &Connection,
    account: &AccountId,
    number: &PhoneNumber,
    since: Timestamp,
) -> Answer<bool> {
    let sql =
        "SELECT 1 FROM outbound_contact WHERE account = ?1 AND number = ?2 AND heard_at >= ?3";
    let row = params![account.as_str(), number.as_str(), since.as_millisecond()];
    db.prepare_cached(sql)?.exists(row)
}

pub(super) fn sent_since(
    db: &Connection,
    account: &AccountId,
    to: &PhoneNumber,
    since: Timestamp,
) -> Answer<u64> {
    // Parts that are being sent, that were, and of which nobody knows.
    db.prepare_cached(
        "SELECT count(*) FROM outbound_send AS send JOIN outbound_part AS part
            ON part.send = send.id AND part.state IN (1, 2, 4)
            WHERE send.account = ?1 AND send.recipient = ?2 AND send.created_at >= ?3",
    )?
    .query_row(params![account.as_str(), to.as_str(), since.as_millisecond()], |row| row.get(0))
}

pub(super) fn is_contact(
    db: &Connection,
    account: &AccountId,
    number: &PhoneNumber,
) -> Answer<bool> {
    db.prepare_cached("SELECT 1 FROM outbound_contact WHERE account = ?1 AND number = ?2")?
        .exists([account.as_str(), number.as_str()])
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
            PartState::Sent | PartState::NotSent => {}
        }
    }
    Ok(backlog)
}

pub(super) fn beyond(db: &Connection, count: usize) -> Answer<Option<Timestamp>> {
    let sql = "SELECT created_at FROM outbound_send ORDER BY created_at DESC LIMIT 1 OFFSET ?1";
    db.prepare_cached(sql)?
        .query_row([rows(count)], |row| row.get(0).map(Timestamp::from_millisecond))
        .optional()
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

/// What the carrier has reported on a part so far.
pub(super) fn delivery(db: &Connection, row: i64) -> Answer<Option<DeliveryState>> {
    let sql = "SELECT delivery FROM outbound_part WHERE sequence = ?1 AND delivery IS NOT NULL";
    db.prepare_cached(sql)?.query_row([row], |row| read_json(row, 0)).optional()
}
