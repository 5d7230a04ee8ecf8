//! The store in PostgreSQL, which several nodes share.

mod queries;
mod schema;

use std::fmt;

use async_trait::async_trait;
use deadpool_postgres::{Object, Pool, PoolError};
use telephony_core::{AccountId, PhoneNumber, Timestamp};
use thiserror::Error;

use crate::code::PairingCode;
use crate::store::{ApproveError, Note, PairingRequest, PairingStore, Requested, StoreError};

/// Keeps everything in tables of a PostgreSQL database, for all nodes that share it. What changes who
/// waits or is approved is done one at a time for each account, whichever node does it.
///
/// Sessions of the pool are to be of the isolation level `read committed`, which is PostgreSQL's own
/// choice.
#[derive(Clone)]
pub struct PostgresPairingStore(Pool);

impl PostgresPairingStore {
    /// What each version of its tables, whose names begin with `pairing_`, adds to the one before:
    /// for whoever keeps the ledger of the database.
    pub const MIGRATIONS: &'static [&'static str] = schema::MIGRATIONS;

    /// A store in the database of `pool`, with tables that are up to
    /// [`MIGRATIONS`](Self::MIGRATIONS).
    #[must_use]
    pub const fn new(pool: Pool) -> Self {
        Self(pool)
    }

    async fn client(&self) -> Result<Object, StoreError> {
        self.0.get().await.map_err(|error| match error {
            PoolError::Backend(error) => failed(error),
            error => StoreError::new(error),
        })
    }
}

impl fmt::Debug for PostgresPairingStore {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("PostgresPairingStore").field(&self.0.status()).finish()
    }
}

#[async_trait]
impl PairingStore for PostgresPairingStore {
    async fn request(
        &self,
        account: &AccountId,
        number: &PhoneNumber,
        code: &PairingCode,
        now: Timestamp,
    ) -> Result<Requested, StoreError> {
        let mut client = self.client().await?;
        queries::request(&mut client, account, number, code, now).await.map_err(failed)
    }

    async fn approve(
        &self,
        account: &AccountId,
        code: &PairingCode,
        now: Timestamp,
    ) -> Result<PairingRequest, ApproveError> {
        let mut client = self.client().await?;
        queries::approve(&mut client, account, code, now).await.map_err(failed)?
    }

    async fn dismiss(&self, account: &AccountId, code: &PairingCode) -> Result<bool, StoreError> {
        queries::dismiss(&mut self.client().await?, account, code).await.map_err(failed)
    }

    async fn pending(
        &self,
        account: &AccountId,
        now: Timestamp,
    ) -> Result<Vec<PairingRequest>, StoreError> {
        queries::pending(&self.client().await?, account, now).await.map_err(failed)
    }

    async fn is_approved(
        &self,
        account: &AccountId,
        number: &PhoneNumber,
    ) -> Result<bool, StoreError> {
        queries::is_approved(&self.client().await?, account, number).await.map_err(failed)
    }

    async fn approved(&self, account: &AccountId) -> Result<Vec<PhoneNumber>, StoreError> {
        queries::approved(&self.client().await?, account).await.map_err(failed)
    }

    async fn revoke(&self, account: &AccountId, number: &PhoneNumber) -> Result<bool, StoreError> {
        queries::revoke(&mut self.client().await?, account, number).await.map_err(failed)
    }

    async fn owed(&self, account: &AccountId, now: Timestamp) -> Result<Vec<Note>, StoreError> {
        queries::owed(&self.client().await?, account, now).await.map_err(failed)
    }

    async fn settle(&self, note: &Note) -> Result<bool, StoreError> {
        queries::settle(&self.client().await?, note).await.map_err(failed)
    }
}

/// What a server says, without the details, in which it repeats numbers and codes.
#[derive(Debug, Error)]
#[error("the database says: {message} (SQLSTATE {code})")]
struct Said {
    code: String,
    message: String,
}

fn failed(error: tokio_postgres::Error) -> StoreError {
    match error.as_db_error() {
        Some(said) => StoreError::new(Said {
            code: said.code().code().to_owned(),
            message: said.message().to_owned(),
        }),
        None => StoreError::new(error),
    }
}
