//! What is asked of the tables.

use std::str::FromStr;

use rusqlite::types::Type;
use rusqlite::{Connection, Params, Row, params};
use telephony_core::{AccountId, PhoneNumber, Timestamp};

use crate::code::{CODE_LIFETIME, FURTHEST_AHEAD, PairingCode, is_valid};
use crate::store::{
    ApproveError, MAX_FAILED_APPROVALS, MAX_PENDING, Note, NoteKind, PairingRequest, Requested,
};

type Answer<T> = rusqlite::Result<T>;

pub(super) fn request(
    db: &Connection,
    account: &AccountId,
    number: &PhoneNumber,
    code: &PairingCode,
    now: Timestamp,
) -> Answer<Requested> {
    forget_void(db, account, now)?;
    if is_approved(db, account, number)? {
        return Ok(Requested::Approved);
    }
    let mut found = requests(db, account)?;
    if let Some(index) = found.iter().position(|request| request.number == *number) {
        return Ok(Requested::Waiting(found.swap_remove(index)));
    }
    if found.len() >= MAX_PENDING {
        return Ok(Requested::Full);
    }
    let request = PairingRequest {
        account: account.clone(),
        number: number.clone(),
        code: code.clone(),
        created_at: now,
        expires_at: now.saturating_add(CODE_LIFETIME),
    };
    let expires_at = request.expires_at.as_millisecond();
    let (account, number, code) = (account.as_str(), number.as_str(), code.as_str());
    change(
        db,
        "INSERT INTO pairing_request VALUES (?1, ?2, ?3, ?4, ?5)",
        params![account, number, code, now.as_millisecond(), expires_at],
    )?;
    owe(db, &request, NoteKind::Challenge, Some(expires_at))?;
    Ok(Requested::New(request))
}

pub(super) fn approve(
    db: &Connection,
    account: &AccountId,
    code: &PairingCode,
    now: Timestamp,
) -> Answer<Result<PairingRequest, ApproveError>> {
    forget_void(db, account, now)?;
    let failures: u32 = db
        .prepare_cached("SELECT count(*) FROM pairing_failure WHERE account = ?1")?
        .query_row([account.as_str()], |row| row.get(0))?;
    if failures >= MAX_FAILED_APPROVALS {
        return Ok(Err(ApproveError::TooManyAttempts));
    }
    let found = requests(db, account)?;
    let Some(request) = found.into_iter().find(|request| request.code == *code) else {
        let at = params![account.as_str(), now.as_millisecond()];
        change(db, "INSERT INTO pairing_failure VALUES (?1, ?2)", at)?;
        return Ok(Err(ApproveError::Unknown));
    };
    let number = params![account.as_str(), request.number.as_str()];
    change(db, "DELETE FROM pairing_request WHERE account = ?1 AND number = ?2", number)?;
    change(db, "INSERT OR IGNORE INTO pairing_approved VALUES (?1, ?2)", number)?;
    let code = params![account.as_str(), code.as_str()];
    change(db, "DELETE FROM pairing_owed WHERE account = ?1 AND code = ?2", code)?;
    owe(db, &request, NoteKind::Confirmation, None)?;
    Ok(Ok(request))
}

pub(super) fn dismiss(db: &Connection, account: &AccountId, code: &PairingCode) -> Answer<bool> {
    let code = params![account.as_str(), code.as_str()];
    let sql = "DELETE FROM pairing_owed
        WHERE account = ?1 AND code = ?2 AND expires_at IS NOT NULL";
    change(db, sql, code)?;
    let sql = "DELETE FROM pairing_request WHERE account = ?1 AND code = ?2";
    Ok(change(db, sql, code)? > 0)
}

pub(super) fn pending(
    db: &Connection,
    account: &AccountId,
    now: Timestamp,
) -> Answer<Vec<PairingRequest>> {
    let mut found = requests(db, account)?;
    found.retain(|request| is_valid(request.expires_at, now));
    Ok(found)
}

pub(super) fn is_approved(
    db: &Connection,
    account: &AccountId,
    number: &PhoneNumber,
) -> Answer<bool> {
    db.prepare_cached("SELECT 1 FROM pairing_approved WHERE account = ?1 AND number = ?2")?
        .exists([account.as_str(), number.as_str()])
}

pub(super) fn approved(db: &Connection, account: &AccountId) -> Answer<Vec<PhoneNumber>> {
    db.prepare_cached("SELECT number FROM pairing_approved WHERE account = ?1 ORDER BY number")?
        .query_map([account.as_str()], |row| parsed(row, 0))?
        .collect()
}

pub(super) fn revoke(db: &Connection, account: &AccountId, number: &PhoneNumber) -> Answer<bool> {
    let number = params![account.as_str(), number.as_str()];
    change(db, "DELETE FROM pairing_owed WHERE account = ?1 AND number = ?2", number)?;
    let sql = "DELETE FROM pairing_approved WHERE account = ?1 AND number = ?2";
    Ok(change(db, sql, number)? > 0)
}

pub(super) fn owed(db: &Connection, account: &AccountId, now: Timestamp) -> Answer<Vec<Note>> {
    let furthest = now.saturating_add(FURTHEST_AHEAD).as_millisecond();
    db.prepare_cached(
        "SELECT number, code, kind FROM pairing_owed WHERE account = ?1
            AND (expires_at IS NULL OR expires_at > ?2 AND expires_at <= ?3) ORDER BY sequence",
    )?
    .query_map(params![account.as_str(), now.as_millisecond(), furthest], |row| {
        let kind: i64 = row.get(2)?;
        let kind = if kind == 0 { NoteKind::Challenge } else { NoteKind::Confirmation };
        Ok(Note { account: account.clone(), number: parsed(row, 0)?, code: parsed(row, 1)?, kind })
    })?
    .collect()
}

pub(super) fn settle(db: &Connection, note: &Note) -> Answer<bool> {
    let sql = "DELETE FROM pairing_owed
        WHERE account = ?1 AND number = ?2 AND code = ?3 AND kind = ?4";
    let Note { account, number, code, kind } = note;
    let note = params![account.as_str(), number.as_str(), code.as_str(), *kind as i64];
    Ok(change(db, sql, note)? > 0)
}

fn owe(
    db: &Connection,
    request: &PairingRequest,
    kind: NoteKind,
    expires_at: Option<i64>,
) -> Answer<()> {
    let PairingRequest { account, number, code, .. } = request;
    change(
        db,
        "INSERT OR IGNORE INTO pairing_owed (account, number, code, kind, expires_at)
            VALUES (?1, ?2, ?3, ?4, ?5)",
        params![account.as_str(), number.as_str(), code.as_str(), kind as i64, expires_at],
    )
    .map(drop)
}

/// What is void counts for nothing any more.
fn forget_void(db: &Connection, account: &AccountId, now: Timestamp) -> Answer<()> {
    let (account, furthest) = (account.as_str(), now.saturating_add(FURTHEST_AHEAD));
    for (sql, end) in [
        (
            "DELETE FROM pairing_request WHERE account = ?1 AND (expires_at <= ?2 OR expires_at > ?3)",
            now,
        ),
        (
            "DELETE FROM pairing_owed WHERE account = ?1 AND (expires_at <= ?2 OR expires_at > ?3)",
            now,
        ),
        (
            "DELETE FROM pairing_failure WHERE account = ?1 AND (at <= ?2 OR at > ?3)",
            now.saturating_sub(CODE_LIFETIME),
        ),
    ] {
        change(db, sql, params![account, end.as_millisecond(), furthest.as_millisecond()])?;
    }
    Ok(())
}

fn requests(db: &Connection, account: &AccountId) -> Answer<Vec<PairingRequest>> {
    db.prepare_cached(
        "SELECT number, code, created_at, expires_at FROM pairing_request
            WHERE account = ?1 ORDER BY created_at, number",
    )?
    .query_map([account.as_str()], |row| {
        Ok(PairingRequest {
            account: account.clone(),
            number: parsed(row, 0)?,
            code: parsed(row, 1)?,
            created_at: Timestamp::from_millisecond(row.get(2)?),
            expires_at: Timestamp::from_millisecond(row.get(3)?),
        })
    })?
    .collect()
}

fn change(db: &Connection, sql: &str, values: impl Params) -> Answer<usize> {
    db.prepare_cached(sql)?.execute(values)
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
