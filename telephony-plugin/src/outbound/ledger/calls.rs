//! Calls, as they are kept.

use telephony_core::{
    AccountId, CallId, CallState, CallUpdate, CarrierCode, MachineDetection, ProviderCallId,
    ProviderKind, Reference, Timestamp,
};

use super::queries::FAR_AHEAD;
use super::{Ledger, LedgerError};
use crate::outbound::call::{
    CallEvent, CallOutcome, CallRecord, CallReport, Direction, MAX_EVENTS, NewCall, Opened,
    Reception, Said, status,
};
use crate::sql::{self, Answer, Row, Sql, Value, json, values};

/// Why nobody knows of a call that was being placed when the process ended.
const PROCESS_ENDED: &str = "the process ended while it was being placed";

const COLUMNS: &str = "id, account, inbound, number, created_at, outcome, provider_id, provider,
    state, machine, duration_seconds, code, reason, history, answered";

impl Ledger {
    /// Writes a call down before the carrier is asked for it.
    pub(crate) async fn open_call(
        &self,
        call: NewCall,
        now: Timestamp,
    ) -> Result<Opened, LedgerError> {
        self.transact(move |db| open(db, &call, now)).await
    }

    /// The carrier has a call.
    pub(crate) async fn call_placed(
        &self,
        id: &CallId,
        update: CallUpdate,
        now: Timestamp,
    ) -> Result<Option<CallRecord>, LedgerError> {
        let id = id.clone();
        self.transact(move |db| {
            db.lock(id.as_str())?;
            db.execute(
                "UPDATE outbound_call SET outcome = 1,
                    reason = CASE outcome WHEN 1 THEN reason END,
                    provider_id = coalesce(provider_id, ?2) WHERE id = ?1",
                values![id.as_str(), update.id.as_str()],
            )?;
            note(db, &id, &update, now)?;
            find(db, "id = ?1", values![id.as_str()])
        })
        .await
    }

    /// The carrier does not have a call, or nobody knows; unless it has reported on it.
    pub(crate) async fn call_failed(
        &self,
        id: &CallId,
        outcome: CallOutcome,
        reason: String,
        now: Timestamp,
    ) -> Result<Option<CallRecord>, LedgerError> {
        let id = id.clone();
        self.transact(move |db| {
            db.execute(
                "UPDATE outbound_call SET outcome = ?2, reason = ?3, changed_at = ?4
                    WHERE id = ?1 AND outcome = 0",
                values![id.as_str(), number(outcome), reason, now.as_millisecond()],
            )?;
            find(db, "id = ?1", values![id.as_str()])
        })
        .await
    }

    /// Takes a carrier's report on a call, found by the carrier's id or, where we do not know that
    /// one, by its reference. A call of somebody who calls us is written down; of one that somebody
    /// else has placed, nothing is kept.
    pub(crate) async fn apply_call(
        &self,
        update: CallUpdate,
        unheard: Unheard,
        now: Timestamp,
    ) -> Result<Option<CallReport>, LedgerError> {
        self.transact(move |db| apply(db, &update, &unheard, now)).await
    }

    /// A call does not go on, and why.
    pub(crate) async fn call_stuck(
        &self,
        provider_id: &ProviderCallId,
        reason: String,
    ) -> Result<(), LedgerError> {
        let provider_id = provider_id.clone();
        self.transact(move |db| {
            let sql = "UPDATE outbound_call SET reason = ?2 WHERE provider_id = ?1";
            db.execute(sql, values![provider_id.as_str(), reason]).map(drop)
        })
        .await
    }

    /// What a call is to say, by what its carrier asks with, and what is done when a machine
    /// answers; `None` when there is no such call, or it says nothing any more.
    pub(crate) async fn call_says(
        &self,
        account: &AccountId,
        reference: &Reference,
    ) -> Result<Option<(Said, MachineDetection)>, LedgerError> {
        let (account, reference) = (account.clone(), reference.clone());
        self.read(move |db| {
            db.row(
                "SELECT content, machine_detection FROM outbound_call
                    WHERE reference = ?1 AND account = ?2 AND content IS NOT NULL",
                values![reference.as_str(), account.as_str()],
                |row| Ok((row.json(0)?, row.json(1)?)),
            )
        })
        .await
    }

    /// What is known of a call, by our id or the carrier's.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] when the database fails.
    pub async fn call(&self, id: &str) -> Result<Option<CallRecord>, LedgerError> {
        let id = id.to_owned();
        self.read(move |db| match find(db, "id = ?1", values![&id])? {
            Some(call) => Ok(Some(call)),
            None => find(db, "provider_id = ?1", values![&id]),
        })
        .await
    }

    /// The latest calls of an account, the newest first, at most so many.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] when the database fails.
    pub async fn latest_calls(
        &self,
        account: &AccountId,
        limit: usize,
    ) -> Result<Vec<CallRecord>, LedgerError> {
        let account = account.clone();
        self.read(move |db| {
            let sql = format!(
                "SELECT {COLUMNS} FROM outbound_call WHERE account = ?1
                    ORDER BY created_at DESC, id DESC LIMIT ?2"
            );
            db.rows(&sql, values![account.as_str(), sql::limit(limit)], record)
        })
        .await
    }
}

/// How a call is written down that is not known yet.
#[derive(Debug)]
pub(crate) struct Unheard {
    /// Our id of it.
    pub(crate) id: CallId,
    /// Who carries it.
    pub(crate) provider: ProviderKind,
    /// What became of it.
    pub(crate) reception: Reception,
}

fn open(db: &dyn Sql, call: &NewCall, now: Timestamp) -> Answer<Opened> {
    let (account, now) = (call.account.as_str(), now.as_millisecond());
    let fingerprint = call.fingerprint();
    if let Some(key) = &call.key {
        db.lock(&format!("{account} call {}", key.as_str()))?;
        let before: Option<(String, bool)> = db.row(
            "SELECT id, fingerprint FROM outbound_call WHERE account = ?1 AND key = ?2",
            values![account, key.as_str()],
            |row| Ok((row.get(0)?, row.get::<&[u8]>(1)? == fingerprint.as_slice())),
        )?;
        if let Some((id, is_same)) = before {
            let known = find(db, "id = ?1", values![&id])?.filter(|_| is_same);
            let Some(known) = known else { return Ok(Opened::Conflict) };
            if known.outcome != CallOutcome::NotPlaced {
                return Ok(Opened::Known(Box::new(known)));
            }
            // What was not placed is placed now.
            db.execute("DELETE FROM outbound_call WHERE id = ?1", values![&id])?;
        }
    }
    let content = call.said().map(|said| json(&said)).transpose()?;
    db.execute(
        "INSERT INTO outbound_call (id, account, provider, inbound, number, key, fingerprint,
            reference, content, machine_detection, created_at, changed_at, outcome)
            VALUES (?1, ?2, ?3, 0, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?10, 0)",
        values![
            call.id.as_str(),
            account,
            call.provider.as_str(),
            call.to.as_str(),
            call.key.as_ref().map(|key| key.as_str()),
            fingerprint.as_slice(),
            call.reference.as_str(),
            content,
            json(&call.machine_detection)?,
            now,
        ],
    )?;
    Ok(Opened::New)
}

/// The call that a carrier reports on. Not every carrier signs the URL that the reference is in, so
/// it only names a call whose id at the carrier is not known.
fn reported(db: &dyn Sql, update: &CallUpdate) -> Answer<Option<CallRecord>> {
    let account = update.account.as_str();
    let mut by_id = None;
    for id in std::iter::once(&update.id).chain(&update.placed_as) {
        if by_id.is_none() {
            by_id = find(db, "provider_id = ?1 AND account = ?2", values![id.as_str(), account])?;
        }
    }
    let (None, Some(reference)) = (&by_id, &update.reference) else { return Ok(by_id) };
    let unknown = "reference = ?1 AND account = ?2 AND provider_id IS NULL";
    find(db, unknown, values![reference.as_str(), account])
}

fn apply(
    db: &dyn Sql,
    update: &CallUpdate,
    Unheard { id, provider, reception }: &Unheard,
    now: Timestamp,
) -> Answer<Option<CallReport>> {
    // One report on a call at a time, whether or not the call is known yet.
    db.lock(update.id.as_str())?;
    if let Some(known) = reported(db, update)? {
        db.lock(known.id.as_str())?;
    }
    let known = reported(db, update)?;
    let (is_new, before) = (known.is_none(), known.as_ref().and_then(|known| known.status));
    let id = match known {
        Some(known) => known.id,
        None if update.inbound => {
            db.execute(
                "INSERT INTO outbound_call (id, account, provider, inbound, number, provider_id,
                    machine_detection, created_at, changed_at, outcome, answered)
                    VALUES (?1, ?2, ?3, 1, ?4, ?5, ?6, ?7, ?7, 1, ?8)",
                values![
                    id.as_str(),
                    update.account.as_str(),
                    provider.as_str(),
                    update.from.as_ref().map(|from| from.as_str()),
                    update.id.as_str(),
                    json(&MachineDetection::Off)?,
                    now.as_millisecond(),
                    *reception == Reception::Answered,
                ],
            )?;
            id.clone()
        }
        None => return Ok(None),
    };
    // That the carrier reports on it proves that it has it, whatever was said before. The id that
    // it reports by is the one that it knows the call by.
    db.execute(
        "UPDATE outbound_call SET outcome = 1, reason = CASE outcome WHEN 1 THEN reason END,
            provider_id = ?2 WHERE id = ?1",
        values![id.as_str(), update.id.as_str()],
    )?;
    note(db, &id, update, now)?;
    let sql = "SELECT machine_detection FROM outbound_call WHERE id = ?1";
    let machine_detection = db.row(sql, values![id.as_str()], |row| row.json(0))?;
    let call = find(db, "id = ?1", values![id.as_str()])?;
    Ok(call.zip(machine_detection).map(|(call, machine_detection)| {
        let advanced = call.status != before;
        CallReport { call, is_new, advanced, machine_detection }
    }))
}

/// Takes what a report says into account.
fn note(db: &dyn Sql, id: &CallId, update: &CallUpdate, now: Timestamp) -> Answer<()> {
    let sql = "SELECT state, coalesce(history, '[]') FROM outbound_call WHERE id = ?1";
    let known: Option<(Option<CallState>, Vec<CallEvent>)> =
        db.row(sql, values![id.as_str()], |row| Ok((row.optional_json(0)?, row.json(1)?)))?;
    let Some((mut state, mut history)) = known else { return Ok(()) };
    if let Some(state) = &mut state {
        state.apply(update);
    } else if let Some(status) = update.status {
        let mut first = CallState::new(status);
        first.apply(update);
        state = Some(first);
    }
    let event = CallEvent { at: now, status: update.status, raw: update.raw.clone() };
    let is_known = history.iter().any(|old| old.status == event.status && old.raw == event.raw);
    if !is_known && history.len() < MAX_EVENTS {
        history.push(event);
    }
    let is_over = state.is_some_and(|state| state.status().is_terminal());
    db.execute(
        "UPDATE outbound_call SET state = ?2, history = ?3, changed_at = ?4,
            machine = coalesce(?5, machine),
            duration_seconds = coalesce(?6, duration_seconds), code = coalesce(?7, code),
            content = CASE WHEN ?8 = 1 THEN NULL ELSE content END WHERE id = ?1",
        values![
            id.as_str(),
            state.map(|state| json(&state)).transpose()?,
            json(&history)?,
            now.as_millisecond(),
            update.answered_by_machine,
            update.duration_seconds,
            update.code.as_ref().map(CarrierCode::as_str),
            is_over,
        ],
    )
    .map(drop)
}

/// Gives up on what was begun at or before `begun`, by whoever has ended since: how many calls that
/// were.
pub(super) fn recover(db: &dyn Sql, begun: Timestamp, now: Timestamp) -> Answer<usize> {
    db.execute(
        "UPDATE outbound_call SET outcome = ?1, reason = ?2, changed_at = ?3
            WHERE outcome = 0 AND (changed_at <= ?4 OR changed_at > ?5)",
        values![
            number(CallOutcome::Unknown),
            PROCESS_ENDED,
            now.as_millisecond(),
            begun.as_millisecond(),
            now.saturating_add(FAR_AHEAD).as_millisecond()
        ],
    )
}

/// Erases the words of calls that nobody will be told to say any more, and forgets old calls.
pub(super) fn clean(
    db: &dyn Sql,
    erase_before: Timestamp,
    forget_before: Timestamp,
    limit: usize,
) -> Answer<usize> {
    let erased = db.execute(
        "UPDATE outbound_call SET content = NULL WHERE id IN
            (SELECT id FROM outbound_call WHERE content IS NOT NULL AND changed_at < ?1
                ORDER BY changed_at LIMIT ?2)",
        values![erase_before.as_millisecond(), sql::limit(limit)],
    )?;
    let forgotten = db.execute(
        "DELETE FROM outbound_call WHERE id IN (SELECT id FROM outbound_call
            WHERE created_at < ?1 ORDER BY created_at LIMIT ?2)",
        values![forget_before.as_millisecond(), sql::limit(limit)],
    )?;
    Ok(erased + forgotten)
}

/// The latest call of which `condition` is so.
fn find(db: &dyn Sql, condition: &str, values: &[Value]) -> Answer<Option<CallRecord>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM outbound_call WHERE {condition} ORDER BY created_at DESC LIMIT 1"
    );
    db.row(&sql, values, record)
}

fn record(row: &Row) -> Answer<CallRecord> {
    let provider: Option<ProviderKind> = row.optional(7)?;
    let history: Vec<CallEvent> = row.optional_json(13)?.unwrap_or_default();
    let answered: Option<bool> = row.get(14)?;
    Ok(CallRecord {
        id: row.parsed(0)?,
        account: row.parsed(1)?,
        direction: if row.get(2)? { Direction::Inbound } else { Direction::Outbound },
        number: row.optional(3)?,
        created_at: Timestamp::from_millisecond(row.get(4)?),
        outcome: outcome(row.get(5)?),
        provider_id: row.optional::<ProviderCallId>(6)?,
        status: status(provider, row.optional_json(8)?, &history),
        answered_by_machine: row.get(9)?,
        duration_seconds: row.get(10)?,
        code: row.get::<Option<&str>>(11)?.map(CarrierCode::new),
        reason: row.get(12)?,
        reception: answered
            .map(|answered| if answered { Reception::Answered } else { Reception::Rejected }),
        history,
    })
}

const fn outcome(number: i64) -> CallOutcome {
    match number {
        0 => CallOutcome::Pending,
        1 => CallOutcome::Placed,
        2 => CallOutcome::Refused,
        3 => CallOutcome::NotPlaced,
        _ => CallOutcome::Unknown,
    }
}

const fn number(outcome: CallOutcome) -> i64 {
    match outcome {
        CallOutcome::Pending => 0,
        CallOutcome::Placed => 1,
        CallOutcome::Refused => 2,
        CallOutcome::NotPlaced => 3,
        CallOutcome::Unknown => 4,
    }
}
