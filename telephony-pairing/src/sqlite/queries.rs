//! What is asked of the tables.

use rusqlite::{Connection, OptionalExtension, Row, params};
use telephony_core::{AccountId, PhoneNumber, Timestamp};

use crate::code::{CODE_LIFETIME, PairingCode};
use crate::store::{
    ApproveError, MAX_FAILED_APPROVALS, MAX_PENDING, Note, NoteKind, PairingRequest, Requested,
    StoreError,
};

type Answer<T> = Result<T, StoreError>;

const REQUEST: &str = "SELECT number, code, created_at, expires_at FROM pairing_request";

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
    let mut found = requests(db, account, &format!("{REQUEST} WHERE account = ?1"))?;
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
    db.execute(
        "INSERT INTO pairing_request VALUES (?1, ?2, ?3, ?4, ?5)",
        params![account, number, code, now.as_millisecond(), expires_at],
    )
    .map_err(StoreError::new)?;
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
        .query_row(
            "SELECT count(*) FROM pairing_failure WHERE account = ?1",
            [account.as_str()],
            |row| row.get(0),
        )
        .map_err(StoreError::new)?;
    if failures >= MAX_FAILED_APPROVALS {
        return Ok(Err(ApproveError::TooManyAttempts));
    }
    let found = requests(db, account, &format!("{REQUEST} WHERE account = ?1"))?;
    let Some(request) = found.into_iter().find(|request| request.code == *code) else {
        let at = params![account.as_str(), now.as_millisecond()];
        db.execute("INSERT INTO pairing_failure VALUES (?1, ?2)", at).map_err(StoreError::new)?;
        return Ok(Err(ApproveError::Unknown));
    };
    let number = params![account.as_str(), request.number.as_str()];
    db.execute("DELETE FROM pairing_request WHERE account = ?1 AND number = ?2", number)
        .map_err(StoreError::new)?;
    db.execute("INSERT OR IGNORE INTO pairing_approved VALUES (?1, ?2)", number)
        .map_err(StoreError::new)?;
    let code = params![account.as_str(), code.as_str()];
    db.execute("DELETE FROM pairing_owed WHERE account = ?1 AND code = ?2", code)
        .map_err(StoreError::new)?;
    owe(db, &request, NoteKind::Confirmation, None)?;
    Ok(Ok(request))
}

pub(super) fn dismiss(db: &Connection, account: &AccountId, code: &PairingCode) -> Answer<bool> {
    let code = params![account.as_str(), code.as_str()];
    let sql = "DELETE FROM pairing_owed
        WHERE account = ?1 AND code = ?2 AND expires_at IS NOT NULL";
    db.execute(sql, code).map_err(StoreError::new)?;
    let sql = "DELETE FROM pairing_request WHERE account = ?1 AND code = ?2";
    Ok(db.execute(sql, code).map_err(StoreError::new)? > 0)
}

pub(super) fn pending(
    db: &Connection,
    account: &AccountId,
    now: Timestamp,
) -> Answer<Vec<PairingRequest>> {
    let sql = format!("{REQUEST} WHERE account = ?1 ORDER BY created_at, number");
    let mut found = requests(db, account, &sql)?;
    found.retain(|request| request.expires_at > now);
    Ok(found)
}

pub(super) fn is_approved(
    db: &Connection,
    account: &AccountId,
    number: &PhoneNumber,
) -> Answer<bool> {
    db.query_row(
        "SELECT 1 FROM pairing_approved WHERE account = ?1 AND number = ?2",
        params![account.as_str(), number.as_str()],
        |_| Ok(()),
    )
    .optional()
    .map(|found| found.is_some())
    .map_err(StoreError::new)
}

pub(super) fn approved(db: &Connection, account: &AccountId) -> Answer<Vec<PhoneNumber>> {
    let sql = "SELECT number FROM pairing_approved WHERE account = ?1 ORDER BY number";
    rows(db, sql, account, |row| number(row, 0))
}

pub(super) fn revoke(db: &Connection, account: &AccountId, number: &PhoneNumber) -> Answer<bool> {
    let number = params![account.as_str(), number.as_str()];
    db.execute("DELETE FROM pairing_owed WHERE account = ?1 AND number = ?2", number)
        .map_err(StoreError::new)?;
    let sql = "DELETE FROM pairing_approved WHERE account = ?1 AND number = ?2";
    Ok(db.execute(sql, number).map_err(StoreError::new)? > 0)
}

pub(super) fn owed(db: &Connection, account: &AccountId, now: Timestamp) -> Answer<Vec<Note>> {
    let sql = format!(
        "SELECT number, code, kind FROM pairing_owed WHERE account = ?1
            AND (expires_at IS NULL OR expires_at > {}) ORDER BY sequence",
        now.as_millisecond()
    );
    rows(db, &sql, account, |row| {
        let kind: i64 = row.get(2).map_err(StoreError::new)?;
        let kind = if kind == 0 { NoteKind::Challenge } else { NoteKind::Confirmation };
        Ok(Note { account: account.clone(), number: number(row, 0)?, code: code(row, 1)?, kind })
    })
}

pub(super) fn settle(db: &Connection, note: &Note) -> Answer<bool> {
    let sql = "DELETE FROM pairing_owed
        WHERE account = ?1 AND number = ?2 AND code = ?3 AND kind = ?4";
    let Note { account, number, code, kind } = note;
    let note = params![account.as_str(), number.as_str(), code.as_str(), *kind as i64];
    Ok(db.execute(sql, note).map_err(StoreError::new)? > 0)
}

fn owe(
    db: &Connection,
    request: &PairingRequest,
    kind: NoteKind,
    expires_at: Option<i64>,
) -> Answer<()> {
    let PairingRequest { account, number, code, .. } = request;
    db.execute(
        "INSERT OR IGNORE INTO pairing_owed (account, number, code, kind, expires_at)
            VALUES (?1, ?2, ?3, ?4, ?5)",
        params![account.as_str(), number.as_str(), code.as_str(), kind as i64, expires_at],
    )
    .map(drop)
    .map_err(StoreError::new)
}

/// What is void counts for nothing any more.
fn forget_void(db: &Connection, account: &AccountId, now: Timestamp) -> Answer<()> {
    let before_now = params![account.as_str(), now.as_millisecond()];
    let window = now.saturating_sub(CODE_LIFETIME).as_millisecond();
    let before_window = params![account.as_str(), window];
    for (sql, bound) in [
        ("DELETE FROM pairing_request WHERE account = ?1 AND expires_at <= ?2", before_now),
        ("DELETE FROM pairing_owed WHERE account = ?1 AND expires_at <= ?2", before_now),
        ("DELETE FROM pairing_failure WHERE account = ?1 AND at <= ?2", before_window),
    ] {
        db.execute(sql, bound).map_err(StoreError::new)?;
    }
    Ok(())
}

fn requests(db: &Connection, account: &AccountId, sql: &str) -> Answer<Vec<PairingRequest>> {
    rows(db, sql, account, |row| {
        Ok(PairingRequest {
            account: account.clone(),
            number: number(row, 0)?,
            code: code(row, 1)?,
            created_at: Timestamp::from_millisecond(row.get(2).map_err(StoreError::new)?),
            expires_at: Timestamp::from_millisecond(row.get(3).map_err(StoreError::new)?),
        })
    })
}

/// The rows of one account.
fn rows<T>(
    db: &Connection,
    sql: &str,
    account: &AccountId,
    read: impl Fn(&Row<'_>) -> Answer<T>,
) -> Answer<Vec<T>> {
    let mut statement = db.prepare_cached(sql).map_err(StoreError::new)?;
    let mut rows = statement.query([account.as_str()]).map_err(StoreError::new)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(StoreError::new)? {
        found.push(read(row)?);
    }
    Ok(found)
}

fn number(row: &Row<'_>, column: usize) -> Answer<PhoneNumber> {
    let text: String = row.get(column).map_err(StoreError::new)?;
    PhoneNumber::parse(&text).map_err(StoreError::new)
}

fn code(row: &Row<'_>, column: usize) -> Answer<PairingCode> {
    let text: String = row.get(column).map_err(StoreError::new)?;
    PairingCode::parse(&text).map_err(StoreError::new)
}
