//! Work on tables in a transaction, in the same words for SQLite and PostgreSQL.
//!
//! A statement numbers its values `?1`, `?2` and so on, and keeps to what both databases know:
//! integers and texts, `ON CONFLICT (…)`, `RETURNING`. SQLite has one writer; in PostgreSQL others
//! work at the same time, and `Sql::lock` keeps those out that would read what is being changed.

mod postgres;
mod row;
mod sqlite;
mod store;

use telephony_webhook::PostgresError;
use thiserror::Error;

pub(crate) use self::row::{Row, Value, json};
pub use self::store::{Store, TransactError};

/// What a piece of work comes to.
pub(crate) type Answer<T> = Result<T, SqlError>;

/// Why a piece of work failed. Nothing of it is kept then.
#[derive(Debug, Error)]
pub(crate) enum SqlError {
    /// A column does not hold what this program writes there.
    #[error("column {0} is not as this program writes it")]
    Unreadable(usize, #[source] Option<Box<dyn std::error::Error + Send + Sync>>),
    /// A value cannot be written as JSON.
    #[error("a value cannot be written")]
    Unwritable(#[from] serde_json::Error),
    /// SQLite failed.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    /// PostgreSQL failed, or its connection.
    #[error(transparent)]
    Postgres(PostgresError),
    /// The work panicked, and what it did was undone.
    #[error("work on the database panicked and was undone")]
    Panicked,
}

/// A transaction that is open.
pub(crate) trait Sql {
    /// Runs a statement that changes rows: how many.
    fn execute(&self, sql: &str, values: &[Value]) -> Answer<usize>;

    /// Runs a statement that answers rows.
    fn query(&self, sql: &str, values: &[Value]) -> Answer<Vec<Row>>;

    /// Whether others may be in a transaction at the same time.
    fn is_shared(&self) -> bool;

    /// Waits until nobody else holds `what`, and holds it until the transaction ends.
    fn lock(&self, what: &str) -> Answer<()>;

    /// Holds `what` until the transaction ends, unless somebody else holds it.
    fn try_lock(&self, what: &str) -> Answer<bool>;
}

impl dyn Sql + '_ {
    /// The first row of the answer, if there is one.
    pub(crate) fn row<T>(
        &self,
        sql: &str,
        values: &[Value],
        read: impl FnOnce(&Row) -> Answer<T>,
    ) -> Answer<Option<T>> {
        self.query(sql, values)?.first().map(read).transpose()
    }

    /// All rows of the answer.
    pub(crate) fn rows<T>(
        &self,
        sql: &str,
        values: &[Value],
        read: impl FnMut(&Row) -> Answer<T>,
    ) -> Answer<Vec<T>> {
        self.query(sql, values)?.iter().map(read).collect()
    }

    /// The count that a statement answers.
    pub(crate) fn count(&self, sql: &str, values: &[Value]) -> Answer<u64> {
        Ok(self.row(sql, values, |row| row.get(0))?.unwrap_or(0))
    }

    /// Whether the answer has a row.
    pub(crate) fn exists(&self, sql: &str, values: &[Value]) -> Answer<bool> {
        Ok(!self.query(sql, values)?.is_empty())
    }
}

/// A limit as databases count.
pub(crate) fn limit(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}

/// The values of a statement, in order.
macro_rules! values {
    ($($value:expr),* $(,)?) => {
        &[$($crate::sql::Value::from($value)),*]
    };
}

pub(crate) use values;
