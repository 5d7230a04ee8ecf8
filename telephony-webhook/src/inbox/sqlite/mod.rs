//! The inbox in an SQLite file.

mod queries;
mod schema;

use async_trait::async_trait;
use rusqlite::Connection;
use telephony_core::{AccountId, MessageId, Timestamp};

use super::{
    Counts, Entry, EntryState, Inbox, InboxError, Inserted, Lease, Leased, NewEntry, Waiting,
    capped,
};
use crate::schema::Schema;
use crate::sqlite::SqliteWriter;

/// Keeps events in tables of an [`SqliteWriter`]'s file, safe from a crash of the process and of
/// the machine. Each event costs the same however many wait.
#[derive(Debug, Clone)]
pub struct SqliteInbox(SqliteWriter);

impl SqliteInbox {
    /// Its tables, which the writer is to be opened with.
    pub const SCHEMA: Schema = Schema { name: "inbox", migrations: schema::MIGRATIONS };

    /// An inbox in the file of `writer`.
    #[must_use]
    pub const fn new(writer: SqliteWriter) -> Self {
        Self(writer)
    }

    /// Ends every lease, so that what was leased may be leased again at once. For a process that has
    /// just become the only one to use the file: whoever holds a lease by then has died. The tries
    /// are still counted, so that an event which kills its process is set aside in the end. How
    /// many leases there were.
    ///
    /// # Errors
    ///
    /// [`InboxError`] when the database fails.
    pub async fn take_over(&self, now: Timestamp) -> Result<usize, InboxError> {
        self.transact(move |db| queries::take_over(db, now)).await
    }

    fn transact<T, W>(
        &self,
        work: W,
    ) -> impl Future<Output = Result<T, InboxError>> + Send + use<T, W>
    where
        T: Send + 'static,
        W: FnMut(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let written = self.0.transact_repeatably(work);
        async move { written.await.map_err(InboxError::new) }
    }
}

#[async_trait]
impl Inbox for SqliteInbox {
    async fn insert(&self, entry: NewEntry) -> Result<Inserted, InboxError> {
        // Written as text here rather than on the one thread that everybody waits for.
        let event = serde_json::to_string(&entry.event).map_err(InboxError::new)?;
        let lane = entry.lane();
        self.transact(move |db| queries::insert(db, &entry, &lane, &event)).await
    }

    async fn lease(
        &self,
        accounts: Option<&[AccountId]>,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<Leased>, InboxError> {
        // Nobody's name holds a comma or a white space.
        let accounts = accounts
            .map(|accounts| accounts.iter().map(AccountId::as_str).collect::<Vec<_>>().join(","));
        let lease =
            move |db: &Connection| queries::lease(db, accounts.as_deref(), now, until, limit);
        self.transact(lease).await
    }

    async fn renew(&self, lease: &Lease, until: Timestamp) -> Result<bool, InboxError> {
        let lease = lease.clone();
        self.transact(move |db| queries::renew(db, &lease, until)).await
    }

    async fn behind(&self, lease: &Lease, limit: usize) -> Result<Vec<Waiting>, InboxError> {
        let lease = lease.clone();
        self.transact(move |db| queries::behind(db, &lease, limit)).await
    }

    async fn join(&self, lease: &Lease, count: usize) -> Result<bool, InboxError> {
        let lease = lease.clone();
        self.transact(move |db| queries::join(db, &lease, count)).await
    }

    async fn finish(&self, lease: &Lease, now: Timestamp) -> Result<bool, InboxError> {
        let lease = lease.clone();
        self.transact(move |db| queries::finish(db, &lease, now)).await
    }

    async fn is_finished(&self, lease: &Lease) -> Result<bool, InboxError> {
        let lease = lease.clone();
        self.transact(move |db| queries::is_finished(db, &lease)).await
    }

    async fn put_back(
        &self,
        lease: &Lease,
        at: Timestamp,
        reason: &str,
    ) -> Result<Option<EntryState>, InboxError> {
        let (lease, reason) = (lease.clone(), capped(reason).to_owned());
        self.transact(move |db| queries::put_back(db, &lease, at, &reason)).await
    }

    async fn next_due(&self, now: Timestamp) -> Result<Option<Timestamp>, InboxError> {
        let due_at = self.transact(queries::next_due).await?;
        Ok(due_at.map(|at| at.max(now)))
    }

    async fn list(&self, state: EntryState, limit: usize) -> Result<Vec<Entry>, InboxError> {
        self.transact(move |db| queries::list(db, state, limit)).await
    }

    async fn requeue(&self, id: &MessageId, now: Timestamp) -> Result<bool, InboxError> {
        let id = id.clone();
        self.transact(move |db| queries::requeue(db, &id, now)).await
    }

    async fn counts(&self) -> Result<Counts, InboxError> {
        self.transact(queries::counts).await
    }

    async fn clean(
        &self,
        erase_before: Timestamp,
        forget_before: Timestamp,
        limit: usize,
    ) -> Result<usize, InboxError> {
        self.transact(move |db| queries::clean(db, erase_before, forget_before, limit)).await
    }
}
