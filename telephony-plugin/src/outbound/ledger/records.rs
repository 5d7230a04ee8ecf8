//! What is known of what was sent, and how long it is kept.

use telephony_core::{
    AccountId, Applied, DeliveryState, DeliveryUpdate, MessageId, PhoneNumber, ProviderKind,
    ProviderMessageId, Timestamp,
};

use super::columns::state;
use super::history::note;
use super::queries::{advance, hold, hold_send};
use super::{Backlog, MARGIN};
use crate::outbound::delivery::{Delivery, explanation};
use crate::outbound::send::{PartState, PartStatus, SendOutcome, SendStatus};
use crate::sql::{self, Answer, Row, Sql, json, values};

/// The part that the carrier reports on. Not every carrier signs the URL that the reference is in,
/// so it only names a part whose id at the carrier is not known.
fn reported(db: &dyn Sql, update: &DeliveryUpdate) -> Answer<Option<i64>> {
    let account = update.account.as_str();
    let by_id = db.row(
        "SELECT sequence FROM outbound_part WHERE provider_id = ?1 AND account = ?2
            ORDER BY sequence DESC LIMIT 1",
        values![update.id.as_str(), account],
        |row| row.get(0),
    )?;
    let (None, Some(reference)) = (by_id, &update.reference) else { return Ok(by_id) };
    db.row(
        "SELECT sequence FROM outbound_part
            WHERE reference = ?1 AND account = ?2 AND provider_id IS NULL",
        values![reference.as_str(), account],
        |row| row.get(0),
    )
}

pub(super) fn apply(
    db: &dyn Sql,
    update: &DeliveryUpdate,
    now: Timestamp,
) -> Answer<Option<Delivery>> {
    let Some(row) = reported(db, update)? else { return Ok(None) };
    hold(db, row)?;
    note(db, row, &update.report, now)?;
    let (applied, delivery) = match delivery(db, row)? {
        Some(mut known) => (known.apply(update.report.clone()), known),
        None => (Applied::Advanced, DeliveryState::new(update.report.clone())),
    };
    // That the carrier reports on it proves that it was sent, whatever was said before. What is
    // being sent now stays so until its answer is here.
    db.execute(
        "UPDATE outbound_part SET delivery = ?2, changed_at = ?3,
            provider_id = coalesce(provider_id, ?4),
            reason = CASE state WHEN 1 THEN reason END,
            state = CASE state WHEN 1 THEN 1 ELSE 2 END WHERE sequence = ?1",
        values![row, json(&delivery)?, now.as_millisecond(), update.id.as_str()],
    )?;
    advance(db, row)?;
    delivered(db, row, &delivery, applied)
}

/// What has become of a part, for those who want to know.
fn delivered(
    db: &dyn Sql,
    row: i64,
    delivery: &DeliveryState,
    applied: Applied,
) -> Answer<Option<Delivery>> {
    db.row(
        "SELECT send.id, send.account, send.recipient, part.provider_id, send.provider
            FROM outbound_part AS part JOIN outbound_send AS send ON send.id = part.send
            WHERE part.sequence = ?1",
        values![row],
        |found| {
            let provider: Option<ProviderKind> = found.optional(4)?;
            Ok(Delivery {
                id: found.parsed(0)?,
                account: found.parsed(1)?,
                to: found.parsed(2)?,
                provider_id: found.parsed::<ProviderMessageId>(3)?,
                status: delivery.status(),
                code: delivery.report().code.clone(),
                explanation: explanation(provider, delivery),
                is_conflicted: delivery.is_conflicted(),
                applied,
            })
        },
    )
}

pub(super) fn of_source(
    db: &dyn Sql,
    account: &AccountId,
    source: &str,
) -> Answer<Option<SendStatus>> {
    let sql = "SELECT id FROM outbound_send WHERE account = ?1 AND source = ?2";
    let id: Option<String> = db.row(sql, values![account.as_str(), source], |row| row.get(0))?;
    id.map_or(Ok(None), |id| status(db, &id))
}

pub(super) fn latest(db: &dyn Sql, account: &AccountId, limit: usize) -> Answer<Vec<SendStatus>> {
    let ids: Vec<String> = db.rows(
        "SELECT id FROM outbound_send WHERE account = ?1 ORDER BY created_at DESC LIMIT ?2",
        values![account.as_str(), sql::limit(limit)],
        |row| row.get(0),
    )?;
    ids.iter().filter_map(|id| status(db, id).transpose()).collect()
}

pub(super) fn status(db: &dyn Sql, id: &str) -> Answer<Option<SendStatus>> {
    let find = |sql| {
        db.row(sql, values![id], |row| {
            Ok((row.parsed(0)?, row.parsed(1)?, row.get(2)?, row.optional(3)?))
        })
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
    let parts: Vec<PartStatus> = db.rows(
        "SELECT state, provider_id, delivery, reason, coalesce(history, '[]')
            FROM outbound_part WHERE send = ?1 ORDER BY sequence",
        values![id.as_str()],
        |row| part_status(row, provider),
    )?;
    let created_at = Timestamp::from_millisecond(created_at);
    let outcome = SendOutcome::of(&parts);
    Ok(Some(SendStatus { id, account, created_at, outcome, parts }))
}

fn part_status(row: &Row, provider: Option<ProviderKind>) -> Answer<PartStatus> {
    let delivery: Option<DeliveryState> = row.optional_json(2)?;
    Ok(PartStatus {
        state: state(row.get(0)?),
        provider_id: row.optional(1)?,
        explanation: delivery.as_ref().and_then(|delivery| explanation(provider, delivery)),
        delivery,
        reason: row.get(3)?,
        history: row.json(4)?,
    })
}

/// The latest that something was written by now, also by a node whose clock is a little ahead. What is
/// later was before the clock was set back: counted, it would count until that time has come again.
fn until(now: Timestamp) -> i64 {
    now.saturating_add(MARGIN).as_millisecond()
}

pub(super) fn replies_since(
    db: &dyn Sql,
    account: &AccountId,
    to: &PhoneNumber,
    since: Timestamp,
    now: Timestamp,
) -> Answer<u64> {
    db.count(
        "SELECT count(*) FROM outbound_send WHERE account = ?1 AND recipient = ?2
            AND created_at >= ?3 AND created_at <= ?4
            AND (source LIKE 'reply %' OR source LIKE 'queue %')",
        values![account.as_str(), to.as_str(), since.as_millisecond(), until(now)],
    )
}

pub(super) fn add_contact(
    db: &dyn Sql,
    account: &AccountId,
    number: &PhoneNumber,
    now: Timestamp,
) -> Answer<()> {
    db.execute(
        "INSERT INTO outbound_contact (account, number, heard_at) VALUES (?1, ?2, ?3)
            ON CONFLICT (account, number) DO UPDATE SET heard_at = excluded.heard_at",
        values![account.as_str(), number.as_str(), now.as_millisecond()],
    )
    .map(drop)
}

pub(super) fn heard_since(
    db: &dyn Sql,
    account: &AccountId,
    number: &PhoneNumber,
    since: Timestamp,
) -> Answer<bool> {
    let sql =
        "SELECT 1 FROM outbound_contact WHERE account = ?1 AND number = ?2 AND heard_at >= ?3";
    db.exists(sql, values![account.as_str(), number.as_str(), since.as_millisecond()])
}

pub(super) fn sent_since(
    db: &dyn Sql,
    account: &AccountId,
    to: &PhoneNumber,
    since: Timestamp,
    now: Timestamp,
) -> Answer<u64> {
    // Parts that are being sent, that were, and of which nobody knows.
    db.count(
        "SELECT count(*) FROM outbound_send AS send JOIN outbound_part AS part
            ON part.send = send.id AND part.state IN (1, 2, 4)
            WHERE send.account = ?1 AND send.recipient = ?2
                AND send.created_at >= ?3 AND send.created_at <= ?4",
        values![account.as_str(), to.as_str(), since.as_millisecond(), until(now)],
    )
}

pub(super) fn is_contact(db: &dyn Sql, account: &AccountId, number: &PhoneNumber) -> Answer<bool> {
    let sql = "SELECT 1 FROM outbound_contact WHERE account = ?1 AND number = ?2";
    db.exists(sql, values![account.as_str(), number.as_str()])
}

pub(super) fn backlog(db: &dyn Sql) -> Answer<Backlog> {
    let mut backlog = Backlog::default();
    let sql = "SELECT state, count(*) FROM outbound_part WHERE state <> 2 GROUP BY state";
    for (state_number, count) in db.rows(sql, &[], |row| Ok((row.get(0)?, row.get::<u64>(1)?)))? {
        match state(state_number) {
            PartState::Queued | PartState::Sending => backlog.queued += count,
            PartState::Unknown => backlog.unknown += count,
            PartState::Refused => backlog.refused += count,
            PartState::Sent | PartState::NotSent => {}
        }
    }
    Ok(backlog)
}

pub(super) fn beyond(db: &dyn Sql, count: usize) -> Answer<Option<Timestamp>> {
    let sql = "SELECT created_at FROM outbound_send ORDER BY created_at DESC LIMIT 1 OFFSET ?1";
    db.row(sql, values![sql::limit(count)], |row| row.get(0).map(Timestamp::from_millisecond))
}

pub(super) fn clean(
    db: &dyn Sql,
    erase_before: Timestamp,
    forget_before: Timestamp,
    limit: usize,
) -> Answer<usize> {
    let erased = db.execute(
        "UPDATE outbound_part SET content = NULL WHERE sequence IN
            (SELECT sequence FROM outbound_part WHERE state >= 2 AND content IS NOT NULL
                AND changed_at < ?1 ORDER BY changed_at LIMIT ?2)
            AND state >= 2 AND changed_at < ?1",
        values![erase_before.as_millisecond(), sql::limit(limit)],
    )?;
    let old: Vec<String> = db.rows(
        "SELECT id FROM outbound_send AS send WHERE created_at < ?1 AND NOT EXISTS
            (SELECT 1 FROM outbound_part AS part WHERE part.send = send.id AND state < 2)
            ORDER BY created_at LIMIT ?2",
        values![forget_before.as_millisecond(), sql::limit(limit)],
        |row| row.get(0),
    )?;
    let sql = "SELECT 1 FROM outbound_part WHERE send = ?1 AND state < 2";
    for id in &old {
        // It may have been asked for again, at another node.
        if db.is_shared() && (!hold_send(db, id)? || db.exists(sql, values![id])?) {
            continue;
        }
        db.execute("DELETE FROM outbound_part WHERE send = ?1", values![id])?;
        db.execute("DELETE FROM outbound_send WHERE id = ?1", values![id])?;
    }
    Ok(erased + old.len())
}

/// What the carrier has reported on a part so far.
pub(super) fn delivery(db: &dyn Sql, row: i64) -> Answer<Option<DeliveryState>> {
    let sql = "SELECT delivery FROM outbound_part WHERE sequence = ?1 AND delivery IS NOT NULL";
    db.row(sql, values![row], |row| row.json(0))
}
