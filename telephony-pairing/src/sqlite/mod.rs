//! The store in an SQLite file.

mod queries;
mod schema;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use rusqlite::{Connection, Transaction, TransactionBehavior};
use telephony_core::{AccountId, PhoneNumber, Timestamp};
use thiserror::Error;

use crate::code::PairingCode;
use crate::store::{ApproveError, Note, PairingRequest, PairingStore, Requested, StoreError};

/// How long a transaction waits for another process's, in milliseconds.
const BUSY_MS: u64 = 5_000;

/// Keeps everything in an SQLite file, safe from a crash of the process and of the machine (WAL,
/// `synchronous=FULL`).
#[derive(Debug, Clone)]
pub struct SqlitePairingStore(Arc<Mutex<Connection>>);

/// Why a file cannot be used as a store.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OpenError {
    /// It cannot be opened or made. Usually a missing folder or a lack of rights.
    #[error("the database file cannot be opened")]
    Open(#[source] rusqlite::Error),
    /// Its tables cannot be brought up to date. Usually it is not a database.
    #[error("the database's tables cannot be brought up to date")]
    Migrate(#[source] rusqlite::Error),
    /// A newer version of this program made it.
    #[error(
        "the database is of version {found} and this program knows {known}: use the newer program"
    )]
    Newer {
        /// The version of the file.
        found: usize,
        /// The newest that is known here.
        known: usize,
    },
}

impl SqlitePairingStore {
    /// Opens the file at `path`, or makes it.
    ///
    /// # Errors
    ///
    /// [`OpenError`] says which step failed.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        Self::set_up(Connection::open(path).map_err(OpenError::Open)?)
    }

    fn set_up(mut connection: Connection) -> Result<Self, OpenError> {
        let busy = std::time::Duration::from_millis(BUSY_MS);
        connection.busy_timeout(busy).map_err(OpenError::Open)?;
        connection.pragma_update(None, "journal_mode", "WAL").map_err(OpenError::Open)?;
        connection.pragma_update(None, "synchronous", "FULL").map_err(OpenError::Open)?;
        schema::migrate(&mut connection)?;
        Ok(Self(Arc::new(Mutex::new(connection))))
    }

    /// Runs `action` in a transaction, off the asynchronous threads.
    async fn transaction<T: Send + 'static>(
        &self,
        action: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let connection = Arc::clone(&self.0);
        let run = move || {
            // Whoever panicked while it was held rolled its transaction back by that.
            let mut connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
            let transaction = connection
                .transaction_with_behavior(TransactionBehavior::Immediate)
                .map_err(StoreError::new)?;
            let value = action(&transaction)?;
            transaction.commit().map_err(StoreError::new)?;
            Ok(value)
        };
        tokio::task::spawn_blocking(run).await.map_err(StoreError::new)?
    }
}

#[async_trait]
impl PairingStore for SqlitePairingStore {
    async fn request(
        &self,
        account: &AccountId,
        number: &PhoneNumber,
        code: &PairingCode,
        now: Timestamp,
    ) -> Result<Requested, StoreError> {
        let (account, number, code) = (account.clone(), number.clone(), code.clone());
        self.transaction(move |db| queries::request(db, &account, &number, &code, now)).await
    }

    async fn approve(
        &self,
        account: &AccountId,
        code: &PairingCode,
        now: Timestamp,
    ) -> Result<PairingRequest, ApproveError> {
        let (account, code) = (account.clone(), code.clone());
        // That a code was wrong is written down, so it must not roll the transaction back.
        self.transaction(move |db| queries::approve(db, &account, &code, now)).await?
    }

    async fn dismiss(&self, account: &AccountId, code: &PairingCode) -> Result<bool, StoreError> {
        let (account, code) = (account.clone(), code.clone());
        self.transaction(move |db| queries::dismiss(db, &account, &code)).await
    }

    async fn pending(
        &self,
        account: &AccountId,
        now: Timestamp,
    ) -> Result<Vec<PairingRequest>, StoreError> {
        let account = account.clone();
        self.transaction(move |db| queries::pending(db, &account, now)).await
    }

    async fn is_approved(
        &self,
        account: &AccountId,
        number: &PhoneNumber,
    ) -> Result<bool, StoreError> {
        let (account, number) = (account.clone(), number.clone());
        self.transaction(move |db| queries::is_approved(db, &account, &number)).await
    }

    async fn approved(&self, account: &AccountId) -> Result<Vec<PhoneNumber>, StoreError> {
        let account = account.clone();
        self.transaction(move |db| queries::approved(db, &account)).await
    }

    async fn revoke(&self, account: &AccountId, number: &PhoneNumber) -> Result<bool, StoreError> {
        let (account, number) = (account.clone(), number.clone());
        self.transaction(move |db| queries::revoke(db, &account, &number)).await
    }

    async fn owed(&self, account: &AccountId, now: Timestamp) -> Result<Vec<Note>, StoreError> {
        let account = account.clone();
        self.transaction(move |db| queries::owed(db, &account, now)).await
    }

    async fn settle(&self, note: &Note) -> Result<bool, StoreError> {
        let note = note.clone();
        self.transaction(move |db| queries::settle(db, &note)).await
    }
}
