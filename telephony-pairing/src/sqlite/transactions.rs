//! Who runs the store's work in transactions: its own connection, or somebody's that others share.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use rusqlite::{Connection, TransactionBehavior};

use super::{OpenError, schema};
use crate::store::StoreError;

/// How long a transaction waits for another process's.
const BUSY: Duration = Duration::from_secs(5);

/// What is to be done in a transaction. It neither begins nor ends one.
pub type TransactionWork = Box<dyn FnOnce(&Connection) -> rusqlite::Result<()> + Send>;

/// Runs work in transactions: what lets the store live in a file that others write too.
#[async_trait]
pub trait Transactions: std::fmt::Debug + Send + Sync {
    /// Does `work` in a transaction. When this returns, what it did is on disk.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when `work` failed or could not be committed; nothing of it is kept then.
    async fn transact(&self, work: TransactionWork) -> Result<(), StoreError>;
}

/// A connection that nobody shares.
#[derive(Debug)]
pub(super) struct OwnConnection(Arc<Mutex<Connection>>);

impl OwnConnection {
    /// Opens the file at `path`, or makes it, with the tables up to date.
    pub(super) fn open(path: &Path) -> Result<Self, OpenError> {
        let mut connection = Connection::open(path).map_err(OpenError::Open)?;
        connection.busy_timeout(BUSY).map_err(OpenError::Open)?;
        connection.pragma_update(None, "journal_mode", "WAL").map_err(OpenError::Open)?;
        connection.pragma_update(None, "synchronous", "FULL").map_err(OpenError::Open)?;
        schema::migrate(&mut connection)?;
        Ok(Self(Arc::new(Mutex::new(connection))))
    }
}

#[async_trait]
impl Transactions for OwnConnection {
    async fn transact(&self, work: TransactionWork) -> Result<(), StoreError> {
        let connection = Arc::clone(&self.0);
        let run = move || {
            // Whoever panicked while it was held rolled its transaction back by that.
            let mut connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            work(&transaction)?;
            transaction.commit()
        };
        // The disk is waited for off the asynchronous threads.
        let done = tokio::task::spawn_blocking(run).await.map_err(StoreError::new)?;
        done.map_err(StoreError::new)
    }
}
