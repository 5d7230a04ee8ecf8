//! The one writer of a state directory's database.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode};
use thiserror::Error;
use tokio::sync::oneshot;

use super::batch::{Job, Task, commit};
use super::schema::{OpenError, open_in_memory, open_sqlite};
use crate::schema::Schema;

/// The most pieces of work that wait for the database; more are refused at once.
pub const MAX_QUEUED_JOBS: usize = 4_096;

/// The most pieces of work of one transaction, so that nobody waits long for others'.
pub const MAX_BATCH_JOBS: usize = 512;

/// From how many pieces of work in one transaction on there is much to do.
const BUSY_JOBS: usize = 8;

/// How long others are waited for then. A flush of the disk takes about as long.
const GATHER: Duration = Duration::from_millis(1);

/// A thread that owns the database, for all who share its file. Whatever waits while one
/// transaction is written goes into the next one together, so many writers share one flush of the
/// disk. When the last clone is dropped, the thread does what waits and ends.
#[derive(Debug, Clone)]
pub struct SqliteWriter {
    jobs: SyncSender<Box<dyn Job>>,
}

/// Why something is not in the database.
#[derive(Debug, Clone, Error)]
#[non_exhaustive]
pub enum WriteError {
    /// [`MAX_QUEUED_JOBS`] others wait.
    #[error("too many writes wait for the database: try again in a moment")]
    Busy,
    /// Somebody else holds the file.
    #[error("another process holds the database: end it, or wait until it is done")]
    Locked(#[source] Arc<rusqlite::Error>),
    /// There is no room for it.
    #[error("the disk of the database is full: free some space")]
    DiskFull(#[source] Arc<rusqlite::Error>),
    /// SQLite failed for another reason.
    #[error("the database failed")]
    Database(#[source] Arc<rusqlite::Error>),
    /// The work panicked, and what it did was undone.
    #[error("work on the database panicked and was undone")]
    Panicked,
    /// The thread has ended.
    #[error("the database has been closed")]
    Closed,
}

impl From<rusqlite::Error> for WriteError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
                Self::Locked(Arc::new(error))
            }
            Some(ErrorCode::DiskFull) => Self::DiskFull(Arc::new(error)),
            _ => Self::Database(Arc::new(error)),
        }
    }
}

impl SqliteWriter {
    /// Opens the file at `path`, or makes it, readable for its owner alone, and brings the tables
    /// of all `schemas` up to date.
    ///
    /// # Errors
    ///
    /// [`OpenError`] says which step failed.
    pub fn open(path: &Path, schemas: &[Schema]) -> Result<Self, OpenError> {
        Self::start(open_sqlite(path, schemas)?)
    }

    /// A database in memory, that ends with the writer.
    ///
    /// # Errors
    ///
    /// [`OpenError`] says which step failed.
    pub fn open_in_memory(schemas: &[Schema]) -> Result<Self, OpenError> {
        Self::start(open_in_memory(schemas)?)
    }

    fn start(connection: Connection) -> Result<Self, OpenError> {
        let (jobs, queue) = sync_channel(MAX_QUEUED_JOBS);
        std::thread::Builder::new()
            .name("telephony-db".to_owned())
            .spawn(move || serve(&connection, &queue))
            .map_err(OpenError::Thread)?;
        Ok(Self { jobs })
    }

    /// Does `work` in a transaction that it may share with others' work. When this returns `Ok`,
    /// what it did is on disk; when it returns an error, nothing of it is, and others' work is
    /// unharmed. `work` neither begins nor ends transactions. It is done even if the future is
    /// dropped after it was polled.
    ///
    /// # Errors
    ///
    /// [`WriteError`] when nothing was written.
    pub async fn transact<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, WriteError> {
        self.submit(work)?.await.unwrap_or(Err(WriteError::Closed))
    }

    /// Puts `work` into the queue.
    pub(super) fn submit<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<oneshot::Receiver<Result<T, WriteError>>, WriteError> {
        let (waits, answer) = oneshot::channel();
        self.jobs.try_send(Box::new(Task::new(work, waits))).map_err(|error| match error {
            TrySendError::Full(_) => WriteError::Busy,
            TrySendError::Disconnected(_) => WriteError::Closed,
        })?;
        Ok(answer)
    }
}

/// Takes what waits until nobody can send more.
fn serve(connection: &Connection, queue: &Receiver<Box<dyn Job>>) {
    let mut last = 0;
    while let Ok(first) = queue.recv() {
        let batch = gather(first, queue, last);
        last = batch.len();
        commit(connection, batch);
    }
}

/// Whatever waits, and, while there is much to do, what comes within [`GATHER`]. Those who were
/// answered by the last transaction are about to come again, and one flush of the disk for both
/// halves costs as much as one for each. Who comes alone never waits for others.
fn gather(first: Box<dyn Job>, queue: &Receiver<Box<dyn Job>>, last: usize) -> Vec<Box<dyn Job>> {
    let mut batch = vec![first];
    batch.extend(queue.try_iter().take(MAX_BATCH_JOBS - 1));
    if batch.len().max(last) >= BUSY_JOBS {
        // Asleep, and not at the queue, where each that comes would wake the thread.
        std::thread::sleep(GATHER);
        let room = MAX_BATCH_JOBS - batch.len().min(MAX_BATCH_JOBS);
        batch.extend(queue.try_iter().take(room));
    }
    batch
}
