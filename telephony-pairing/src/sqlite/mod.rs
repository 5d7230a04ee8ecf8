//! The store in an SQLite file.

mod queries;
mod schema;
mod transactions;

use std::path::Path;
use std::sync::{Arc, mpsc};

use async_trait::async_trait;
use rusqlite::Connection;
use telephony_core::{AccountId, PhoneNumber, Timestamp};
use thiserror::Error;

pub use transactions::{TransactionWork, Transactions};

use crate::code::PairingCode;
use crate::store::{ApproveError, Note, PairingRequest, PairingStore, Requested, StoreError};

/// Keeps everything in an SQLite file, safe from a crash of the process and of the machine.
#[derive(Debug, Clone)]
pub struct SqlitePairingStore(Arc<dyn Transactions>);

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
    /// What each version of its tables, whose names begin with `pairing_`, adds to the one before:
    /// for whoever keeps the ledger of a file that [`over`](Self::over) shares.
    pub const MIGRATIONS: &'static [&'static str] = schema::MIGRATIONS;

    /// Opens the file at `path`, or makes it, for this store alone (WAL, `synchronous=FULL`).
    ///
    /// # Errors
    ///
    /// [`OpenError`] says which step failed.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        Ok(Self(Arc::new(transactions::OwnConnection::open(path)?)))
    }

    /// A store in a file that others write too, with tables that are up to
    /// [`MIGRATIONS`](Self::MIGRATIONS).
    #[must_use]
    pub fn over(transactions: Arc<dyn Transactions>) -> Self {
        Self(transactions)
    }

    /// Does `action` in a transaction, and returns what came of it once that is committed.
    async fn transaction<T: Send + 'static>(
        &self,
        action: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (outcome, committed) = mpsc::channel();
        let work = move |db: &Connection| {
            // The other end is gone only if nobody waits any more.
            drop(outcome.send(action(db)?));
            Ok(())
        };
        self.0.transact(Box::new(work)).await?;
        committed.try_recv().map_err(StoreError::new)
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
