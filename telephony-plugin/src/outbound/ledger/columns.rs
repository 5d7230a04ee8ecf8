//! Values as the columns of the ledger hold them.

use std::str::FromStr;

use rusqlite::Row;
use rusqlite::types::Type;

use super::queries::Answer;
use crate::outbound::send::PartState;

pub(super) const fn state(number: i64) -> PartState {
    match number {
        0 => PartState::Queued,
        1 => PartState::Sending,
        2 => PartState::Sent,
        3 => PartState::Refused,
        5 => PartState::NotSent,
        _ => PartState::Unknown,
    }
}

pub(super) const fn number(state: PartState) -> i64 {
    match state {
        PartState::Queued => 0,
        PartState::Sending => 1,
        PartState::Sent => 2,
        PartState::Refused => 3,
        PartState::Unknown => 4,
        PartState::NotSent => 5,
    }
}

pub(super) fn rows(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

pub(super) fn json(value: &impl serde::Serialize) -> Answer<String> {
    let failed = |error: serde_json::Error| rusqlite::Error::ToSqlConversionFailure(error.into());
    serde_json::to_string(value).map_err(failed)
}

pub(super) fn read_json<T: serde::de::DeserializeOwned>(row: &Row<'_>, column: usize) -> Answer<T> {
    let text: String = row.get(column)?;
    serde_json::from_str(&text).map_err(|error| unreadable(column, error))
}

pub(super) fn parsed<T>(row: &Row<'_>, column: usize) -> Answer<T>
where
    T: FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    let text: String = row.get(column)?;
    text.parse().map_err(|error| unreadable(column, error))
}

pub(super) fn optional<T>(row: &Row<'_>, column: usize) -> Answer<Option<T>>
where
    T: FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    let text: Option<String> = row.get(column)?;
    text.map(|text| text.parse().map_err(|error| unreadable(column, error))).transpose()
}

fn unreadable(
    column: usize,
    error: impl std::error::Error + Send + Sync + 'static,
) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error))
}
