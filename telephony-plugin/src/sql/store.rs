//! The database that a process works on.

use telephony_webhook::{SqliteWriter, WriteError};
use thiserror::Error;

use super::sqlite::{Sqlite, into_sqlite};
use super::{Answer, Sql};

/// Where work on tables is done. Clones share it.
#[derive(Debug, Clone)]
pub enum Store {
    /// A file that this process alone uses.
    Sqlite(SqliteWriter),
}

/// Why nothing was written, or read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TransactError {
    /// The file failed.
    #[error(transparent)]
    Sqlite(#[from] WriteError),
}

impl Store {
    /// Whether other processes use it at the same time.
    #[must_use]
    pub const fn is_shared(&self) -> bool {
        false
    }

    /// Does `work` in a transaction. When this returns `Ok`, what it did is on disk; when it returns
    /// an error, nothing of it is.
    pub(crate) async fn transact<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn Sql) -> Answer<T> + Send + 'static,
    ) -> Result<T, TransactError> {
        match self {
            Self::Sqlite(writer) => {
                let work = |db: &rusqlite::Connection| work(&Sqlite(db)).map_err(into_sqlite);
                Ok(writer.transact(work).await?)
            }
        }
    }

    /// Does `work` that changes nothing.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn Sql) -> Answer<T> + Send + 'static,
    ) -> Result<T, TransactError> {
        match self {
            Self::Sqlite(_) => self.transact(work).await,
        }
    }
}
