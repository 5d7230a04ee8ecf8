//! Who wants no more messages, for each account. Kept until they want them again.

use serde::Serialize;
use telephony_core::{AccountId, PhoneNumber, Timestamp};

use super::queries::FAR_AHEAD;
use super::{Ledger, LedgerError};
use crate::sql::{self, Answer, Sql, values};

/// How it is known that somebody wants no more messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum OptOutSource {
    /// They texted a word such as STOP.
    Word,
    /// The carrier refused a message for it.
    Carrier,
    /// Somebody entered it.
    Operator,
}

impl OptOutSource {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Word => "word",
            Self::Carrier => "carrier",
            Self::Operator => "operator",
        }
    }

    fn of(text: &str) -> Self {
        let known = [Self::Word, Self::Carrier];
        known.into_iter().find(|source| source.as_str() == text).unwrap_or(Self::Operator)
    }
}

/// Somebody who wants no more messages of an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct OptedOut {
    /// The account.
    pub account: AccountId,
    /// Who.
    pub number: PhoneNumber,
    /// Since when.
    pub since: Timestamp,
    /// How that is known.
    pub source: OptOutSource,
}

impl Ledger {
    /// Keeps that `number` wants no more messages; whether that is new.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] when the database fails.
    pub async fn opt_out(
        &self,
        account: &AccountId,
        number: &PhoneNumber,
        source: OptOutSource,
        now: Timestamp,
    ) -> Result<bool, LedgerError> {
        let (account, number) = (account.clone(), number.clone());
        self.transact(move |db| add(db, &account, &number, source, now)).await
    }

    /// Forgets that `number` wanted no more messages; whether they did. With `until`, only where they
    /// said so by then, or so much later than `now` that it was before the clock was set back.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] when the database fails.
    pub async fn opt_in(
        &self,
        account: &AccountId,
        number: &PhoneNumber,
        until: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<bool, LedgerError> {
        let (account, number) = (account.clone(), number.clone());
        let ahead = now.saturating_add(FAR_AHEAD).as_millisecond();
        let until = until.map_or(i64::MAX, Timestamp::as_millisecond);
        self.transact(move |db| {
            let sql = "DELETE FROM outbound_opt_out
                WHERE account = ?1 AND number = ?2 AND (since <= ?3 OR since > ?4)";
            Ok(db.execute(sql, values![account.as_str(), number.as_str(), until, ahead])? > 0)
        })
        .await
    }

    /// Whether `number` wants no more messages.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] when the database fails.
    pub async fn is_opted_out(
        &self,
        account: &AccountId,
        number: &PhoneNumber,
    ) -> Result<bool, LedgerError> {
        let (account, number) = (account.clone(), number.clone());
        self.read(move |db| {
            let sql = "SELECT 1 FROM outbound_opt_out WHERE account = ?1 AND number = ?2";
            db.exists(sql, values![account.as_str(), number.as_str()])
        })
        .await
    }

    /// Who wants no more messages of an account, the latest first, at most so many.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] when the database fails.
    pub async fn opted_out(
        &self,
        account: &AccountId,
        limit: usize,
    ) -> Result<Vec<OptedOut>, LedgerError> {
        let account = account.clone();
        self.read(move |db| list(db, &account, limit)).await
    }
}

fn add(
    db: &dyn Sql,
    account: &AccountId,
    number: &PhoneNumber,
    source: OptOutSource,
    now: Timestamp,
) -> Answer<bool> {
    let sql = "INSERT INTO outbound_opt_out (account, number, since, source)
        VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING";
    let row = values![account.as_str(), number.as_str(), now.as_millisecond(), source.as_str()];
    Ok(db.execute(sql, row)? > 0)
}

fn list(db: &dyn Sql, account: &AccountId, limit: usize) -> Answer<Vec<OptedOut>> {
    let sql = "SELECT number, since, source FROM outbound_opt_out WHERE account = ?1
        ORDER BY since DESC, number LIMIT ?2";
    db.rows(sql, values![account.as_str(), sql::limit(limit)], |row| {
        Ok(OptedOut {
            account: account.clone(),
            number: row.parsed(0)?,
            since: Timestamp::from_millisecond(row.get(1)?),
            source: OptOutSource::of(row.get(2)?),
        })
    })
}
