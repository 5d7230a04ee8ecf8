//! What waits, what goes, and in which order.

use std::collections::HashMap;
use std::time::Duration;

use telephony_core::{
    AccountId, DeliveryState, MessageId, PhoneNumber, ProviderKind, ProviderMessageId, Reference,
    StatusReport, Timestamp,
};

use super::columns::{number, state};
use super::history::note;
use super::records::delivery;
use super::{Attempt, Claimed, MARGIN, SENDING};
use crate::outbound::send::{Enqueued, NewSend, Part, PartState, Retries, Source, is_answer};
use crate::sql::{self, Answer, Sql, SqlError, json, values};

/// Why a part is unknown that was being sent when the process ended.
const PROCESS_ENDED: &str = "the process ended while it was being sent";

/// Why a part was not sent that waited too long for those before it.
const WAITED: &str = "other texts to this number, or the account's pace, kept it waiting";

/// Later than anything.
const ANY_TIME: Timestamp = Timestamp::from_millisecond(i64::MAX);

/// Why a part is refused that is not as this program writes it.
const UNREADABLE: &str = "what is written down of it cannot be read";

pub(super) fn enqueue(
    db: &dyn Sql,
    id: &MessageId,
    send: &NewSend,
    references: &[Reference],
    now: Timestamp,
) -> Answer<Enqueued> {
    let (account, to, source) = (send.account.as_str(), send.to.as_str(), send.key(id));
    let (fingerprint, now) = (send.fingerprint(), now.as_millisecond());
    let lane = format!("{account} {to}");
    db.lock(&lane)?;
    let inserted = db.execute(
        "INSERT INTO outbound_send
            (id, account, recipient, source, fingerprint, created_at, retries, provider)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT (account, source) DO NOTHING",
        values![
            id.as_str(),
            account,
            to,
            source.as_str(),
            fingerprint.as_slice(),
            now,
            send.retries == Retries::Theirs,
            send.provider.map(ProviderKind::as_str)
        ],
    )?;
    if inserted == 0 {
        let sql = "SELECT id, fingerprint FROM outbound_send WHERE account = ?1 AND source = ?2";
        let existing: Option<(MessageId, bool)> =
            db.row(sql, values![account, source.as_str()], |row| {
                Ok((row.parsed(0)?, row.get::<&[u8]>(1)? == fingerprint.as_slice()))
            })?;
        let is_theirs = matches!(send.source, Source::Keyed(_) | Source::Queued(_));
        let Some((existing, _)) = existing.filter(|(_, is_same)| *is_same || !is_theirs) else {
            return Ok(Enqueued::Conflict);
        };
        if send.retries == Retries::Theirs {
            resume(db, &existing, &send.parts, now)?;
        }
        return Ok(Enqueued::Existing(existing));
    }
    for (part, reference) in send.parts.iter().zip(references) {
        db.execute(
            "INSERT INTO outbound_part
                (send, lane, account, due_at, changed_at, reference, content, is_first)
                VALUES (?1, ?2, ?3, ?4, ?4, ?5, ?6, CASE WHEN EXISTS
                    (SELECT 1 FROM outbound_part WHERE lane = ?2 AND state < 2)
                    THEN 0 ELSE 1 END)",
            values![id.as_str(), lane.as_str(), account, now, reference.as_str(), json(part)?],
        )?;
    }
    Ok(Enqueued::New(id.clone()))
}

/// Has the parts of a send that were not sent be as they are planned now: the URL of a file that
/// we host is another each time, and the earlier one is void by then.
fn renew(db: &dyn Sql, id: &MessageId, parts: &[Part]) -> Answer<()> {
    let rows: Vec<(i64, i64)> = db.rows(
        "SELECT sequence, state FROM outbound_part WHERE send = ?1 ORDER BY sequence",
        values![id.as_str()],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    // The settings may have changed, and with them where the text is cut: then what was begun is
    // ended as it was begun.
    if rows.len() != parts.len() {
        return Ok(());
    }
    for ((row, _), part) in
        rows.into_iter().zip(parts).filter(|((_, state), _)| *state == number(PartState::NotSent))
    {
        let sql = "UPDATE outbound_part SET content = ?2 WHERE sequence = ?1";
        db.execute(sql, values![row, json(part)?])?;
    }
    Ok(())
}

/// Has what of a send was not sent wait again, ahead of whatever came later.
fn resume(db: &dyn Sql, id: &MessageId, parts: &[Part], now: i64) -> Answer<()> {
    renew(db, id, parts)?;
    let resumed: Vec<(i64, String)> = db.rows(
        "UPDATE outbound_part SET state = 0, due_at = ?2, changed_at = ?2, reason = NULL,
            is_first = 0 WHERE send = ?1 AND state = 5 RETURNING sequence, lane",
        values![id.as_str(), now],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let Some((row, lane)) = resumed.first() else { return Ok(()) };
    let sql = "UPDATE outbound_part SET is_first = 0 WHERE lane = ?1 AND state = 0";
    db.execute(sql, values![lane])?;
    advance(db, *row)
}

/// Each account that something waits in, by one look into the index for each: however much waits,
/// in however many lanes, and whichever accounts may not send now.
pub(super) const WAITING: &str = "WITH RECURSIVE waiting (account) AS (
        SELECT min(account) FROM outbound_part WHERE state = 0 AND is_first = 1
        UNION ALL
        SELECT (SELECT min(account) FROM outbound_part
                WHERE state = 0 AND is_first = 1 AND account > waiting.account)
            FROM waiting WHERE waiting.account IS NOT NULL)
    SELECT account FROM waiting WHERE account IS NOT NULL";

/// What of one account is due.
pub(super) const DUE: &str = "SELECT due_at, sequence FROM outbound_part
    WHERE state = 0 AND is_first = 1 AND account = ?1 AND due_at <= ?2
    ORDER BY due_at, sequence LIMIT ?3";

/// What of one account was written later than it is due at the latest, so before the clock was set
/// back: it would wait until the clock is again as late as it was. What a carrier has asked us to
/// wait may be due as late, but was not written then.
pub(super) const AHEAD: &str = "SELECT due_at, sequence FROM outbound_part
    WHERE state = 0 AND is_first = 1 AND account = ?1 AND due_at > ?2 AND changed_at > ?2
    ORDER BY due_at, sequence LIMIT ?3";

/// How far a clock must have been ahead for that.
pub(super) const FAR_AHEAD: Duration = Duration::from_secs(600);

/// When the next of one account is due that is not yet.
pub(super) const NEXT: &str = "SELECT min(due_at) FROM outbound_part
    WHERE state = 0 AND is_first = 1 AND account = ?1 AND due_at > ?2";

/// The first part of a lane that has not ended is the one that may go, unless one is on its way: what was
/// given back and is asked for again may be before that. When that one has ended, it lets the next go.
pub(super) const ADVANCE: &str = "UPDATE outbound_part SET is_first = 1 WHERE sequence =
    (SELECT min(sequence) FROM outbound_part
        WHERE state < 2 AND lane = (SELECT lane FROM outbound_part WHERE sequence = ?1))
    AND NOT EXISTS (SELECT 1 FROM outbound_part WHERE state < 2 AND state = 1
        AND lane = (SELECT lane FROM outbound_part WHERE sequence = ?1))";

pub(super) fn claim(
    db: &dyn Sql,
    now: Timestamp,
    limits: &HashMap<AccountId, usize>,
    limit: usize,
    name: Option<&str>,
) -> Answer<Vec<Claimed>> {
    let mut due: Vec<(i64, i64)> = Vec::new();
    for account in waiting(db)? {
        // What has no way out waits until its account is back.
        let limit = limits.get(&account).map_or(0, |own| limit.min(*own));
        let rows = |sql, than: Timestamp| -> Answer<Vec<(i64, i64)>> {
            let of_account = values![account.as_str(), than.as_millisecond(), sql::limit(limit)];
            db.rows(sql, of_account, |row| Ok((row.get(0)?, row.get(1)?)))
        };
        // What has waited since the clock was set back goes first: it must not wait for a time with less
        // to do.
        let ahead = rows(AHEAD, now.saturating_add(FAR_AHEAD))?;
        let mut found: Vec<_> = ahead.into_iter().map(|(_, row)| (i64::MIN, row)).collect();
        found.extend(rows(DUE, now)?);
        found.truncate(limit);
        due.extend(found);
    }
    due.sort_unstable();
    due.truncate(limit);
    let mut claimed = Vec::with_capacity(due.len());
    for (_, row) in due {
        match claim_one(db, row, now, name) {
            Ok(part) => claimed.extend(part),
            // What cannot be read must not keep everything else from being sent.
            Err(SqlError::Unreadable(..)) => refuse(db, row, UNREADABLE, now)?,
            Err(error) => return Err(error),
        }
    }
    Ok(claimed)
}

fn waiting(db: &dyn Sql) -> Answer<Vec<AccountId>> {
    db.rows(WAITING, &[], |row| row.parsed(0))
}

/// Marks a part as being sent; `None` when somebody else is about to do that, or has.
fn claim_one(
    db: &dyn Sql,
    row: i64,
    now: Timestamp,
    name: Option<&str>,
) -> Answer<Option<Claimed>> {
    if db.is_shared() {
        let Some(lane) = lane(db, row)? else { return Ok(None) };
        if !db.try_lock(&lane)? {
            return Ok(None);
        }
    }
    let marked = db.execute(
        "UPDATE outbound_part SET state = 1, attempts = attempts + 1, changed_at = ?2, claim = ?3
            WHERE sequence = ?1 AND state = 0 AND is_first = 1",
        values![row, now.as_millisecond(), name],
    )?;
    if marked == 0 {
        return Ok(None);
    }
    db.row(
        "SELECT part.send, part.account, send.recipient, part.content, part.reference,
            part.attempts, send.retries, send.source FROM outbound_part AS part
            JOIN outbound_send AS send ON send.id = part.send
            WHERE part.sequence = ?1",
        values![row],
        |found| {
            Ok(Claimed {
                row,
                send: found.parsed(0)?,
                account: found.parsed(1)?,
                to: found.parsed::<PhoneNumber>(2)?,
                part: found.json(3)?,
                reference: found.parsed(4)?,
                attempt: found.get(5)?,
                until: db.is_shared().then(|| now.saturating_add(SENDING - MARGIN)),
                retries: if found.get(6)? { Retries::Theirs } else { Retries::Ours },
                is_answer: is_answer(found.get(7)?),
            })
        },
    )
}

/// Has the parts of a claim wait again of which nothing has left.
pub(super) fn take_back(db: &dyn Sql, name: &str, now: Timestamp) -> Answer<()> {
    let sql = "UPDATE outbound_part SET state = 0, claim = NULL, changed_at = ?2
        WHERE state = 1 AND claim = ?1";
    db.execute(sql, values![name, now.as_millisecond()]).map(drop)
}

/// Whether a part is still marked as being sent by this attempt.
pub(super) fn holds(db: &dyn Sql, Attempt { row, number }: Attempt) -> Answer<bool> {
    let sql = "SELECT 1 FROM outbound_part WHERE sequence = ?1 AND state = 1 AND attempts = ?2";
    db.exists(sql, values![row, number])
}

fn lane(db: &dyn Sql, row: i64) -> Answer<Option<String>> {
    let sql = "SELECT lane FROM outbound_part WHERE sequence = ?1";
    db.row(sql, values![row], |row| row.get(0))
}

/// Keeps others from changing anything in a part's lane until the transaction ends.
pub(super) fn hold(db: &dyn Sql, row: i64) -> Answer<()> {
    if !db.is_shared() {
        return Ok(());
    }
    lane(db, row)?.map_or(Ok(()), |lane| db.lock(&lane))
}

/// The same for the lane of a send, unless somebody is at it; whether it is held.
pub(super) fn hold_send(db: &dyn Sql, id: &str) -> Answer<bool> {
    let sql = "SELECT lane FROM outbound_part WHERE send = ?1 LIMIT 1";
    let lane: Option<String> = db.row(sql, values![id], |row| row.get(0))?;
    lane.map_or(Ok(true), |lane| db.try_lock(&lane))
}

pub(super) fn next_due(db: &dyn Sql, after: Timestamp) -> Answer<Option<Timestamp>> {
    let mut next: Option<i64> = None;
    for account in waiting(db)? {
        let of_account = values![account.as_str(), after.as_millisecond()];
        let due: Option<i64> = db.row(NEXT, of_account, |row| row.get(0))?.flatten();
        next = next.into_iter().chain(due).min();
    }
    Ok(next.map(Timestamp::from_millisecond))
}

pub(super) fn sent(
    db: &dyn Sql,
    Attempt { row, number }: Attempt,
    id: &ProviderMessageId,
    report: StatusReport,
    now: Timestamp,
) -> Answer<()> {
    hold(db, row)?;
    note(db, row, &report, now)?;
    // A report of the carrier may have been quicker than its answer.
    let delivery = match delivery(db, row)? {
        Some(mut known) => {
            known.apply(report);
            known
        }
        None => DeliveryState::new(report),
    };
    db.execute(
        "UPDATE outbound_part SET state = 2, provider_id = ?2, delivery = ?3, changed_at = ?4,
            reason = NULL WHERE sequence = ?1 AND state IN (1, 4) AND attempts = ?5",
        values![row, id.as_str(), json(&delivery)?, now.as_millisecond(), number],
    )?;
    advance(db, row)
}

pub(super) fn not_sent(
    db: &dyn Sql,
    Attempt { row, number }: Attempt,
    at: Timestamp,
    reason: &str,
    now: Timestamp,
) -> Answer<()> {
    hold(db, row)?;
    // Told twice, it must not put back a part that has been claimed again in between. And what the
    // carrier has reported on was sent, whatever its answer says. What others gave up because they
    // could not know waits again where nothing behind it has gone meanwhile.
    db.execute(
        "UPDATE outbound_part SET state = CASE WHEN delivery IS NULL THEN 0 ELSE 2 END,
            due_at = ?3, changed_at = ?5, reason = CASE WHEN delivery IS NULL THEN ?4 END,
            is_first = 0
            WHERE sequence = ?1 AND attempts = ?2 AND (state = 1 OR state = 4 AND NOT EXISTS
                (SELECT 1 FROM outbound_part AS later WHERE later.lane = outbound_part.lane
                    AND later.sequence > ?1 AND later.state IN (1, 2, 4)))",
        values![row, number, at.as_millisecond(), reason, now.as_millisecond()],
    )?;
    db.execute(
        "UPDATE outbound_part SET is_first = 0 WHERE state = 0 AND is_first = 1
            AND lane = (SELECT lane FROM outbound_part WHERE sequence = ?1)",
        values![row],
    )?;
    advance(db, row)
}

/// Ends a part that was not sent, in `ended`, and so the rest of its send.
pub(super) fn ended(
    db: &dyn Sql,
    attempt: Attempt,
    ended: PartState,
    reason: &str,
    now: Timestamp,
) -> Answer<()> {
    hold(db, attempt.row)?;
    if end(db, attempt, ended, reason, now)? == Some(ended) {
        end_rest(db, attempt.row, ended, reason, now)?;
    }
    advance(db, attempt.row)
}

/// Ends a part that cannot be sent, whichever try of it this is, and so the rest of its send.
fn refuse(db: &dyn Sql, row: i64, reason: &str, now: Timestamp) -> Answer<()> {
    let sql = "SELECT attempts FROM outbound_part WHERE sequence = ?1";
    let number: Option<u32> = db.row(sql, values![row], |row| row.get(0))?;
    let Some(number) = number else { return Ok(()) };
    ended(db, Attempt { row, number }, PartState::Refused, reason, now)
}

fn end_rest(db: &dyn Sql, row: i64, ended: PartState, reason: &str, now: Timestamp) -> Answer<()> {
    db.execute(
        "UPDATE outbound_part SET state = ?4, reason = ?2, changed_at = ?3
            WHERE send = (SELECT send FROM outbound_part WHERE sequence = ?1)
            AND sequence > ?1 AND state = 0",
        values![row, reason, now.as_millisecond(), number(ended)],
    )
    .map(drop)
}

/// Gives back what of a send waits, unless some of it is on its way.
pub(super) fn withdraw(db: &dyn Sql, id: &MessageId, now: Timestamp) -> Answer<()> {
    if db.is_shared() {
        let sql = "SELECT lane FROM outbound_part WHERE send = ?1 LIMIT 1";
        let lane: Option<String> = db.row(sql, values![id.as_str()], |row| row.get(0))?;
        lane.map_or(Ok(()), |lane| db.lock(&lane))?;
    }
    give_back(db, id.as_str(), WAITED, ANY_TIME, now).map(drop)
}

/// Gives back what of a send waits since `since` at the latest: how many parts.
fn give_back(
    db: &dyn Sql,
    id: &str,
    reason: &str,
    since: Timestamp,
    now: Timestamp,
) -> Answer<usize> {
    let withdrawn: Vec<i64> = db.rows(
        "UPDATE outbound_part SET state = 5, reason = ?2, changed_at = ?3
            WHERE send = ?1 AND state = 0 AND changed_at <= ?4 AND NOT EXISTS
                (SELECT 1 FROM outbound_part AS part WHERE part.send = ?1 AND part.state = 1)
            RETURNING sequence",
        values![id, reason, now.as_millisecond(), since.as_millisecond()],
        |row| row.get(0),
    )?;
    withdrawn.last().map_or(Ok(()), |row| advance(db, *row))?;
    Ok(withdrawn.len())
}

pub(super) fn unknown(db: &dyn Sql, attempt: Attempt, reason: &str, now: Timestamp) -> Answer<()> {
    hold(db, attempt.row)?;
    end(db, attempt, PartState::Unknown, reason, now)?;
    advance(db, attempt.row)
}

/// Gives up on what was begun at or before `begun`, by whoever has ended since, and gives back what
/// others try again that was asked for at or before `asked`: how many parts were being sent, and how
/// many others are given back.
pub(super) fn recover(
    db: &dyn Sql,
    begun: Timestamp,
    asked: Timestamp,
    now: Timestamp,
) -> Answer<(usize, usize)> {
    // What was begun later than now was before the clock was set back.
    let ahead = now.saturating_add(FAR_AHEAD).as_millisecond();
    let sql = "SELECT sequence, lane FROM outbound_part
        WHERE state = 1 AND (changed_at <= ?1 OR changed_at > ?2)";
    let bounds = values![begun.as_millisecond(), ahead];
    let rows: Vec<(i64, String)> = db.rows(sql, bounds, |row| Ok((row.get(0)?, row.get(1)?)))?;
    let sql = "SELECT attempts FROM outbound_part
        WHERE sequence = ?1 AND state = 1 AND (changed_at <= ?2 OR changed_at > ?3)";
    let mut lost = 0;
    for (row, lane) in rows {
        // Whoever holds its lane is at it, or does the same as we.
        if !db.try_lock(&lane)? {
            continue;
        }
        let still = values![row, begun.as_millisecond(), ahead];
        let number: Option<u32> = db.row(sql, still, |row| row.get(0))?;
        if let Some(number) = number {
            let attempt = Attempt { row, number };
            let state = end(db, attempt, PartState::Unknown, PROCESS_ENDED, now)?;
            lost += usize::from(state == Some(PartState::Unknown));
            advance(db, row)?;
        }
    }
    // What had not begun is not for us to begin.
    let theirs: Vec<(String, String)> = db.rows(
        "SELECT DISTINCT send, lane FROM outbound_part WHERE state = 0 AND changed_at <= ?1
            AND send IN (SELECT id FROM outbound_send WHERE retries = 1)",
        values![asked.as_millisecond()],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let mut given_back = 0;
    for (send, lane) in theirs {
        if db.try_lock(&lane)? {
            given_back += give_back(db, &send, PROCESS_ENDED, asked, now)?;
        }
    }
    Ok((lost, given_back))
}

/// Ends a part that is being sent: in `ended`, or as sent where the carrier has reported on it
/// already, which proves it. What it ended in; `None` when it was not being sent.
fn end(
    db: &dyn Sql,
    Attempt { row, number: attempt }: Attempt,
    ended: PartState,
    reason: &str,
    now: Timestamp,
) -> Answer<Option<PartState>> {
    db.row(
        "UPDATE outbound_part SET state = CASE WHEN delivery IS NULL THEN ?2 ELSE 2 END,
            reason = CASE WHEN delivery IS NULL THEN ?3 END, changed_at = ?4
            WHERE sequence = ?1 AND state = 1 AND attempts = ?5 RETURNING state",
        values![row, number(ended), reason, now.as_millisecond(), attempt],
        |row| row.get(0).map(state),
    )
}

/// Lets the next part of a part's lane go, unless one is on its way.
pub(super) fn advance(db: &dyn Sql, row: i64) -> Answer<()> {
    db.execute(ADVANCE, values![row]).map(drop)
}
