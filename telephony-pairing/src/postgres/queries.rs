//! What is asked of the tables in PostgreSQL.

use std::str::FromStr;

use deadpool_postgres::{Client, GenericClient, Transaction};
use telephony_core::{AccountId, PhoneNumber, Timestamp};
use tokio_postgres::types::{FromSql, ToSql, Type};

use crate::code::{CODE_LIFETIME, FURTHEST_AHEAD, PairingCode};
use crate::store::{
    ApproveError, MAX_FAILED_APPROVALS, MAX_PENDING, Note, NoteKind, PairingRequest, Requested,
};

type Answer<T> = Result<T, tokio_postgres::Error>;

type Parameters<'a> = [&'a (dyn ToSql + Sync)];

/// Which of the locks of PostgreSQL are ours; the second number is made of the account.
const LOCKS: i32 = 0x7061_6972;

pub(super) async fn request(
    client: &mut Client,
    account: &AccountId,
    number: &PhoneNumber,
    code: &PairingCode,
    now: Timestamp,
) -> Answer<Requested> {
    // Most who write are approved, and wait for nobody's lock.
    if is_approved(client, account, number).await? {
        return Ok(Requested::Approved);
    }
    let transaction = alone(client, account).await?;
    forget_void(&transaction, account, now).await?;
    let requested = if is_approved(&transaction, account, number).await? {
        Requested::Approved
    } else {
        let mut found = requests(&transaction, account, now).await?;
        if let Some(index) = found.iter().position(|request| request.number == *number) {
            Requested::Waiting(found.swap_remove(index))
        } else if found.len() >= MAX_PENDING {
            Requested::Full
        } else {
            Requested::New(add(&transaction, account, number, code, now).await?)
        }
    };
    transaction.commit().await?;
    Ok(requested)
}

async fn add(
    transaction: &Transaction<'_>,
    account: &AccountId,
    number: &PhoneNumber,
    code: &PairingCode,
    now: Timestamp,
) -> Answer<PairingRequest> {
    let request = PairingRequest {
        account: account.clone(),
        number: number.clone(),
        code: code.clone(),
        created_at: now,
        expires_at: now.saturating_add(CODE_LIFETIME),
    };
    let expires_at = request.expires_at.as_millisecond();
    let sql = "INSERT INTO pairing_request (account, number, code, created_at, expires_at)
        VALUES ($1, $2, $3, $4, $5)";
    let (account, number, code) = (account.as_str(), number.as_str(), code.as_str());
    let created_at = now.as_millisecond();
    change(transaction, sql, &[&account, &number, &code, &created_at, &expires_at]).await?;
    owe(transaction, &request, NoteKind::Challenge, Some(expires_at)).await?;
    Ok(request)
}

pub(super) async fn approve(
    client: &mut Client,
    account: &AccountId,
    code: &PairingCode,
    now: Timestamp,
) -> Answer<Result<PairingRequest, ApproveError>> {
    let transaction = alone(client, account).await?;
    let approved = approve_alone(&transaction, account, code, now).await?;
    // That a code was wrong is written down too.
    transaction.commit().await?;
    Ok(approved)
}

async fn approve_alone(
    transaction: &Transaction<'_>,
    account: &AccountId,
    code: &PairingCode,
    now: Timestamp,
) -> Answer<Result<PairingRequest, ApproveError>> {
    forget_void(transaction, account, now).await?;
    let name = account.as_str();
    let sql = "SELECT count(*) FROM pairing_failure WHERE account = $1";
    let statement = transaction.prepare_cached(sql).await?;
    let failures: i64 = transaction.query_one(&statement, &[&name]).await?.try_get(0)?;
    if failures >= i64::from(MAX_FAILED_APPROVALS) {
        return Ok(Err(ApproveError::TooManyAttempts));
    }
    let found = requests(transaction, account, now).await?;
    let Some(request) = found.into_iter().find(|request| request.code == *code) else {
        let sql = "INSERT INTO pairing_failure (account, at) VALUES ($1, $2)";
        change(transaction, sql, &[&name, &now.as_millisecond()]).await?;
        return Ok(Err(ApproveError::Unknown));
    };
    let number = request.number.as_str();
    let sql = "DELETE FROM pairing_request WHERE account = $1 AND number = $2";
    change(transaction, sql, &[&name, &number]).await?;
    let sql = "INSERT INTO pairing_approved (account, number) VALUES ($1, $2)
        ON CONFLICT DO NOTHING";
    change(transaction, sql, &[&name, &number]).await?;
    let sql = "DELETE FROM pairing_owed WHERE account = $1 AND code = $2";
    change(transaction, sql, &[&name, &code.as_str()]).await?;
    owe(transaction, &request, NoteKind::Confirmation, None).await?;
    Ok(Ok(request))
}

pub(super) async fn dismiss(
    client: &mut Client,
    account: &AccountId,
    code: &PairingCode,
) -> Answer<bool> {
    let transaction = alone(client, account).await?;
    let code: [&(dyn ToSql + Sync); 2] = [&account.as_str(), &code.as_str()];
    let sql = "DELETE FROM pairing_owed
        WHERE account = $1 AND code = $2 AND expires_at IS NOT NULL";
    change(&transaction, sql, &code).await?;
    let sql = "DELETE FROM pairing_request WHERE account = $1 AND code = $2";
    let is_gone = change(&transaction, sql, &code).await? > 0;
    transaction.commit().await?;
    Ok(is_gone)
}

pub(super) async fn pending(
    client: &Client,
    account: &AccountId,
    now: Timestamp,
) -> Answer<Vec<PairingRequest>> {
    requests(client, account, now).await
}

pub(super) async fn is_approved(
    client: &impl GenericClient,
    account: &AccountId,
    number: &PhoneNumber,
) -> Answer<bool> {
    let sql = "SELECT EXISTS (
        SELECT FROM pairing_approved WHERE account = $1 AND number = $2)";
    let statement = client.prepare_cached(sql).await?;
    let row = client.query_one(&statement, &[&account.as_str(), &number.as_str()]).await?;
    row.try_get(0)
}

pub(super) async fn approved(client: &Client, account: &AccountId) -> Answer<Vec<PhoneNumber>> {
    let sql = "SELECT number FROM pairing_approved WHERE account = $1 ORDER BY number";
    let statement = client.prepare_cached(sql).await?;
    let rows = client.query(&statement, &[&account.as_str()]).await?;
    rows.iter().map(|row| row.try_get(0).map(|Parsed(number)| number)).collect()
}

pub(super) async fn revoke(
    client: &mut Client,
    account: &AccountId,
    number: &PhoneNumber,
) -> Answer<bool> {
    let transaction = alone(client, account).await?;
    let number: [&(dyn ToSql + Sync); 2] = [&account.as_str(), &number.as_str()];
    let sql = "DELETE FROM pairing_owed WHERE account = $1 AND number = $2";
    change(&transaction, sql, &number).await?;
    let sql = "DELETE FROM pairing_approved WHERE account = $1 AND number = $2";
    let is_gone = change(&transaction, sql, &number).await? > 0;
    transaction.commit().await?;
    Ok(is_gone)
}

pub(super) async fn owed(
    client: &Client,
    account: &AccountId,
    now: Timestamp,
) -> Answer<Vec<Note>> {
    let sql = "SELECT number, code, kind FROM pairing_owed
        WHERE account = $1 AND (expires_at IS NULL OR expires_at > $2 AND expires_at <= $3)
        ORDER BY sequence";
    let statement = client.prepare_cached(sql).await?;
    let furthest = now.saturating_add(FURTHEST_AHEAD).as_millisecond();
    let bounds: [&(dyn ToSql + Sync); 3] = [&account.as_str(), &now.as_millisecond(), &furthest];
    let rows = client.query(&statement, &bounds).await?;
    let note = |row: &tokio_postgres::Row| {
        let (Parsed(number), Parsed(code)) = (row.try_get(0)?, row.try_get(1)?);
        let kind: i16 = row.try_get(2)?;
        let kind = if kind == 0 { NoteKind::Challenge } else { NoteKind::Confirmation };
        Ok(Note { account: account.clone(), number, code, kind })
    };
    rows.iter().map(note).collect()
}

/// One statement: of several that delete the same row, one does.
pub(super) async fn settle(client: &Client, note: &Note) -> Answer<bool> {
    let sql = "DELETE FROM pairing_owed
        WHERE account = $1 AND number = $2 AND code = $3 AND kind = $4";
    let Note { account, number, code, kind } = note;
    let note: [&(dyn ToSql + Sync); 4] =
        [&account.as_str(), &number.as_str(), &code.as_str(), &(*kind as i16)];
    Ok(change(client, sql, &note).await? > 0)
}

/// A transaction that is alone with the account: each statement in it sees all that others have
/// committed for it.
async fn alone<'a>(client: &'a mut Client, account: &AccountId) -> Answer<Transaction<'a>> {
    let transaction = client.transaction().await?;
    let sql = "SELECT pg_advisory_xact_lock($1, hashtext($2))";
    let statement = transaction.prepare_cached(sql).await?;
    transaction.execute(&statement, &[&LOCKS, &account.as_str()]).await?;
    Ok(transaction)
}

async fn owe(
    transaction: &Transaction<'_>,
    request: &PairingRequest,
    kind: NoteKind,
    expires_at: Option<i64>,
) -> Answer<()> {
    let PairingRequest { account, number, code, .. } = request;
    let sql = "INSERT INTO pairing_owed (account, number, code, kind, expires_at)
        VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
    let note: [&(dyn ToSql + Sync); 5] =
        [&account.as_str(), &number.as_str(), &code.as_str(), &(kind as i16), &expires_at];
    change(transaction, sql, &note).await.map(drop)
}

/// What is void counts for nothing any more.
async fn forget_void(
    transaction: &Transaction<'_>,
    account: &AccountId,
    now: Timestamp,
) -> Answer<()> {
    let sql = "
        WITH request AS (
            DELETE FROM pairing_request
                WHERE account = $1 AND (expires_at <= $2 OR expires_at > $4)
        ), owed AS (
            DELETE FROM pairing_owed
                WHERE account = $1 AND (expires_at <= $2 OR expires_at > $4)
        )
        DELETE FROM pairing_failure WHERE account = $1 AND (at <= $3 OR at > $4)";
    let window = now.saturating_sub(CODE_LIFETIME).as_millisecond();
    let furthest = now.saturating_add(FURTHEST_AHEAD).as_millisecond();
    let bounds: [&(dyn ToSql + Sync); 4] =
        [&account.as_str(), &now.as_millisecond(), &window, &furthest];
    change(transaction, sql, &bounds).await.map(drop)
}

async fn requests(
    client: &impl GenericClient,
    account: &AccountId,
    now: Timestamp,
) -> Answer<Vec<PairingRequest>> {
    let sql = "SELECT number, code, created_at, expires_at FROM pairing_request
        WHERE account = $1 AND expires_at > $2 AND expires_at <= $3 ORDER BY created_at, number";
    let statement = client.prepare_cached(sql).await?;
    let furthest = now.saturating_add(FURTHEST_AHEAD).as_millisecond();
    let bounds: [&(dyn ToSql + Sync); 3] = [&account.as_str(), &now.as_millisecond(), &furthest];
    let rows = client.query(&statement, &bounds).await?;
    let request = |row: &tokio_postgres::Row| {
        let (Parsed(number), Parsed(code)) = (row.try_get(0)?, row.try_get(1)?);
        Ok(PairingRequest {
            account: account.clone(),
            number,
            code,
            created_at: Timestamp::from_millisecond(row.try_get(2)?),
            expires_at: Timestamp::from_millisecond(row.try_get(3)?),
        })
    };
    rows.iter().map(request).collect()
}

async fn change(
    client: &impl GenericClient,
    sql: &str,
    parameters: &Parameters<'_>,
) -> Answer<u64> {
    let statement = client.prepare_cached(sql).await?;
    client.execute(&statement, parameters).await
}

/// A value that was written as text.
struct Parsed<T>(T);

impl<'a, T> FromSql<'a> for Parsed<T>
where
    T: FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    fn from_sql(
        kind: &Type,
        raw: &'a [u8],
    ) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(<&str as FromSql<'_>>::from_sql(kind, raw)?.parse()?))
    }

    fn accepts(kind: &Type) -> bool {
        <&str as FromSql<'_>>::accepts(kind)
    }
}
