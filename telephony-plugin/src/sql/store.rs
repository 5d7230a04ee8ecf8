//! The database that a process works on.

use telephony_core::Timestamp;
use telephony_webhook::{PostgresError, PostgresPool, SqliteWriter, WriteError};
use thiserror::Error;

use super::sqlite::{Sqlite, into_sqlite};
use super::{Answer, Sql, SqlError, postgres};

/// Where work on tables is done. Clones share it.
#[derive(Debug, Clone)]
pub enum Store {
    /// A file that this process alone uses.
    Sqlite(SqliteWriter),
    /// A server that other processes use as well.
    Postgres(PostgresPool),
}

/// Why nothing was written, or read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TransactError {
    /// The file failed.
    #[error(transparent)]
    Sqlite(#[from] WriteError),
    /// The server failed, or the way there.
    #[error(transparent)]
    Postgres(PostgresError),
    /// What is stored is not as this program writes it, or the work panicked.
    #[error("what is stored cannot be worked on")]
    Stored(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl From<SqlError> for TransactError {
    fn from(error: SqlError) -> Self {
        match error {
            SqlError::Postgres(error) => Self::Postgres(error),
            other => Self::Stored(Box::new(other)),
        }
    }
}

impl Store {
    /// Whether other processes use it at the same time.
    #[must_use]
    pub const fn is_shared(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }

    /// Lets other processes know, a moment later, that there is something new about `topic`.
    pub fn ring(&self, topic: &'static str) {
        if let Self::Postgres(pool) = self {
            pool.ring(topic);
        }
    }

    /// Whether `now` is right enough to say what other processes have given up, where there are any.
    pub(crate) async fn check_clock(&self, now: Timestamp) -> Result<(), TransactError> {
        let Self::Postgres(pool) = self else { return Ok(()) };
        let client = pool.client().await.map_err(TransactError::Postgres)?;
        pool.check_clock(&client, now).await.map_err(TransactError::Postgres)
    }

    /// Does `work` in a transaction. When this returns `Ok`, what it did is on disk; when it returns
    /// an error, nothing of it is, unless the connection was lost while it was committed.
    pub(crate) async fn transact<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn Sql) -> Answer<T> + Send + 'static,
    ) -> Result<T, TransactError> {
        match self {
            Self::Sqlite(writer) => {
                let work = |db: &rusqlite::Connection| work(&Sqlite(db)).map_err(into_sqlite);
                Ok(writer.transact(work).await?)
            }
            Self::Postgres(pool) => Ok(postgres::transact(pool, work).await?),
        }
    }

    /// Does `work` that changes nothing.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn Sql) -> Answer<T> + Send + 'static,
    ) -> Result<T, TransactError> {
        match self {
            Self::Sqlite(_) => self.transact(work).await,
            Self::Postgres(pool) => Ok(postgres::read(pool, work).await?),
        }
    }
}
