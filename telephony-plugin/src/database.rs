//! The one database of a state directory: everybody's tables, one writer.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use telephony_pairing::{SqlitePairingStore, StoreError, TransactionWork, Transactions};
use telephony_webhook::{OpenError, Schema, SqliteInbox, SqliteWriter};

use crate::host::Challenges;
use crate::outbound::Ledger;
use crate::sql::Store;

/// What is kept, each by its owner's store, all through one writer, so that one flush of the disk
/// serves everybody who waits for one.
#[derive(Debug, Clone)]
pub struct Database {
    /// What came.
    pub inbox: Arc<SqliteInbox>,
    /// What is to go out, and went.
    pub ledger: Ledger,
    /// Who may talk.
    pub pairing: SqlitePairingStore,
    /// Whom a host has challenged.
    pub challenges: Challenges,
}

impl Database {
    /// Opens the file at `path`, or makes it.
    ///
    /// # Errors
    ///
    /// [`OpenError`] says which step failed.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        SqliteWriter::open(path, &schemas()).map(Self::over)
    }

    /// A database that ends with the process.
    ///
    /// # Errors
    ///
    /// [`OpenError`] says which step failed.
    pub fn in_memory() -> Result<Self, OpenError> {
        SqliteWriter::open_in_memory(&schemas()).map(Self::over)
    }

    fn over(writer: SqliteWriter) -> Self {
        let store = Store::Sqlite(writer.clone());
        Self {
            inbox: Arc::new(SqliteInbox::new(writer.clone())),
            ledger: Ledger::new(store.clone()),
            challenges: Challenges::new(store),
            pairing: SqlitePairingStore::over(Arc::new(Shared(writer))),
        }
    }
}

fn schemas() -> [Schema; 4] {
    let pairing = Schema { name: "pairing", migrations: SqlitePairingStore::MIGRATIONS };
    [SqliteInbox::SCHEMA, Ledger::SQLITE, pairing, Challenges::SQLITE]
}

/// The one writer, as the pairing store uses it.
#[derive(Debug)]
struct Shared(SqliteWriter);

#[async_trait]
impl Transactions for Shared {
    async fn transact(&self, work: TransactionWork) -> Result<(), StoreError> {
        self.0.transact(work).await.map_err(StoreError::new)
    }
}
