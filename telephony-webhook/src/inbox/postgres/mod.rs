//! The inbox in PostgreSQL, which several nodes share.

mod held;
mod lease;
mod queries;
mod schema;

use async_trait::async_trait;
use deadpool_postgres::Object;
use telephony_core::{AccountId, MessageId, Timestamp};
use tokio::time::{Instant, timeout_at};

use super::{
    Counts, Entry, EntryState, Inbox, InboxError, Inserted, Lease, Leased, NewEntry, Waiting,
    capped,
};
use crate::postgres::{PATIENCE, PostgresError, PostgresPool};
use crate::schema::Schema;

/// What nodes wake each other for when there is something to lease.
const TOPIC: &str = "inbox";

/// Keeps events in tables of a [`PostgresPool`]'s database, for all nodes that share it: what one has
/// committed any of them may lease, and nobody else has it meanwhile.
///
/// Leases of a node that died end by themselves, when their time is over. Other nodes are told on
/// the topic [`TOPIC`](Self::TOPIC) when there may be something to lease.
#[derive(Debug, Clone)]
pub struct PostgresInbox(PostgresPool);

impl PostgresInbox {
    /// Its tables, which the pool is to be connected with.
    pub const SCHEMA: Schema = Schema { name: "inbox", migrations: schema::MIGRATIONS };

    /// What [`PostgresPool::listen`] hears when there may be something to lease.
    pub const TOPIC: &'static str = TOPIC;

    /// An inbox in the database of `pool`.
    #[must_use]
    pub const fn new(pool: PostgresPool) -> Self {
        Self(pool)
    }

    async fn client(&self) -> Result<Object, InboxError> {
        self.0.client().await.map_err(InboxError::new)
    }
}

#[async_trait]
impl Inbox for PostgresInbox {
    /// Answers in less than two seconds, for a carrier waits no longer. When it is not known whether
    /// the event is there, that is an error, and the carrier's next try is known as a repetition.
    async fn insert(&self, entry: NewEntry) -> Result<Inserted, InboxError> {
        let event = serde_json::to_string(&entry.event).map_err(InboxError::new)?;
        let lane = entry.lane();
        let deadline = Instant::now() + PATIENCE;
        let mut client = self.client().await?;
        let inserting = queries::insert(&mut client, &entry, &lane, &event, self.0.heeds_clock());
        let Ok(inserted) = timeout_at(deadline, inserting).await else {
            self.0.abandon(client);
            return Err(InboxError::new(PostgresError::TimedOut));
        };
        let inserted = inserted.map_err(failed)?;
        if inserted == Inserted::New {
            self.0.ring(TOPIC);
        }
        Ok(inserted)
    }

    async fn lease(
        &self,
        accounts: Option<&[AccountId]>,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<Leased>, InboxError> {
        let accounts: Option<Vec<_>> =
            accounts.map(|accounts| accounts.iter().map(AccountId::as_str).collect());
        let mut client = self.client().await?;
        self.0.check_clock(&client, now).await.map_err(InboxError::new)?;
        lease::lease(&mut client, accounts.as_deref(), now, until, limit).await.map_err(failed)
    }

    async fn renew(&self, lease: &Lease, until: Timestamp) -> Result<bool, InboxError> {
        held::renew(&mut self.client().await?, lease, until).await.map_err(failed)
    }

    async fn behind(&self, lease: &Lease, limit: usize) -> Result<Vec<Waiting>, InboxError> {
        queries::behind(&self.client().await?, lease, limit).await.map_err(failed)
    }

    async fn join(&self, lease: &Lease, count: usize) -> Result<bool, InboxError> {
        held::join(&mut self.client().await?, lease, count).await.map_err(failed)
    }

    async fn finish(&self, lease: &Lease, now: Timestamp) -> Result<bool, InboxError> {
        let mut client = self.client().await?;
        let next = held::finish(&mut client, lease, now).await.map_err(failed)?;
        if next == Some(held::Next::Waits) {
            self.0.ring(TOPIC);
        }
        Ok(next.is_some())
    }

    async fn is_finished(&self, lease: &Lease) -> Result<bool, InboxError> {
        held::is_finished(&self.client().await?, lease).await.map_err(failed)
    }

    async fn put_back(
        &self,
        lease: &Lease,
        at: Timestamp,
        reason: &str,
    ) -> Result<Option<EntryState>, InboxError> {
        // PostgreSQL's texts hold every character but this one.
        let reason = capped(reason).replace('\0', " ");
        let mut client = self.client().await?;
        let state = held::put_back(&mut client, lease, at, &reason).await.map_err(failed)?;
        if state.is_some() {
            self.0.ring(TOPIC);
        }
        Ok(state)
    }

    async fn next_due(&self, now: Timestamp) -> Result<Option<Timestamp>, InboxError> {
        let client = self.client().await?;
        // Whoever cannot lease is not well.
        self.0.check_clock(&client, now).await.map_err(InboxError::new)?;
        let due_at = queries::next_due(&client).await.map_err(failed)?;
        Ok(due_at.map(|at| at.max(now)))
    }

    async fn list(&self, state: EntryState, limit: usize) -> Result<Vec<Entry>, InboxError> {
        queries::list(&self.client().await?, state, limit).await.map_err(failed)
    }

    async fn requeue(&self, id: &MessageId, now: Timestamp) -> Result<bool, InboxError> {
        let is_back = queries::requeue(&self.client().await?, id, now).await.map_err(failed)?;
        if is_back {
            self.0.ring(TOPIC);
        }
        Ok(is_back)
    }

    async fn counts(&self) -> Result<Counts, InboxError> {
        queries::counts(&self.client().await?).await.map_err(failed)
    }

    async fn clean(
        &self,
        erase_before: Timestamp,
        forget_before: Timestamp,
        limit: usize,
    ) -> Result<usize, InboxError> {
        let client = self.client().await?;
        queries::clean(&client, erase_before, forget_before, limit).await.map_err(failed)
    }
}

fn failed(error: tokio_postgres::Error) -> InboxError {
    InboxError::new(PostgresError::from(error))
}

/// A limit as PostgreSQL counts.
fn rows(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}
