//! The one writer of a state directory's database.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::Thread;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode};
use thiserror::Error;
use tokio::sync::oneshot;

use super::arrivals::Arrivals;
use super::batch::{Job, Once, Repeatable, Task, Work, answer, commit};
use super::schema::{OpenError, open_in_memory, open_sqlite};
use crate::schema::Schema;

/// The most pieces of work that wait for the database; more are refused at once.
pub const MAX_QUEUED_JOBS: usize = 4_096;

/// The most pieces of work of one transaction, so that nobody waits long for others'.
pub const MAX_BATCH_JOBS: usize = 512;

/// From how many pieces of work in one transaction on there is much to do.
const BUSY_JOBS: usize = 8;

/// How long others are waited for then, at most. A flush of the disk takes about as long.
const GATHER: Duration = Duration::from_millis(1);

/// A thread that owns the database, for all who share its file. Whatever waits while one
/// transaction is written goes into the next one together, so many writers share one flush of the
/// disk. When the last clone is dropped, the thread does what waits and ends.
#[derive(Debug, Clone)]
pub struct SqliteWriter {
    jobs: SyncSender<Box<dyn Job>>,
    arrivals: Arc<Arrivals>,
    thread: Thread,
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
        let arrivals = Arc::new(Arrivals::new());
        let counted = Arc::clone(&arrivals);
        let thread = std::thread::Builder::new()
            .name("telephony-db".to_owned())
            .spawn(move || serve(&connection, &queue, &counted))
            .map_err(OpenError::Thread)?;
        Ok(Self { jobs, arrivals, thread: thread.thread().clone() })
    }

    /// Does `work` in a transaction that it may share with others' work. When this returns `Ok`,
    /// what it did is on disk; when it returns an error, nothing of it is, and others' work is
    /// unharmed. `work` neither begins nor ends transactions. It waits for the thread from now on,
    /// and is done even if the future is dropped.
    ///
    /// # Errors
    ///
    /// [`WriteError`] when nothing was written.
    pub fn transact<T, W>(
        &self,
        work: W,
    ) -> impl Future<Output = Result<T, WriteError>> + Send + use<T, W>
    where
        T: Send + 'static,
        W: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        outcome(self.submit(work))
    }

    /// Does `work` as [`transact`](Self::transact) does, for less: pieces of it that wait together
    /// are guarded against each other together. So it may be done more than once, when another's
    /// fails; what an earlier time did is undone before.
    ///
    /// # Errors
    ///
    /// [`WriteError`] when nothing was written.
    pub fn transact_repeatably<T, W>(
        &self,
        work: W,
    ) -> impl Future<Output = Result<T, WriteError>> + Send + use<T, W>
    where
        T: Send + 'static,
        W: FnMut(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        outcome(self.submit_repeatable(work))
    }

    /// Puts `work` into the queue.
    pub(super) fn submit<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<Answer<T>, WriteError> {
        self.enqueue(Once(Some(work)))
    }

    /// Puts `work` that may be repeated into the queue.
    pub(super) fn submit_repeatable<T: Send + 'static>(
        &self,
        work: impl FnMut(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<Answer<T>, WriteError> {
        self.enqueue(Repeatable(work))
    }

    fn enqueue<T: Send + 'static>(
        &self,
        work: impl Work<T> + 'static,
    ) -> Result<Answer<T>, WriteError> {
        let (waits, answer) = oneshot::channel();
        self.jobs.try_send(Box::new(Task::new(work, waits))).map_err(|error| match error {
            TrySendError::Full(_) => WriteError::Busy,
            TrySendError::Disconnected(_) => WriteError::Closed,
        })?;
        self.arrivals.count(&self.thread);
        Ok(answer)
    }
}

/// Where the outcome of a piece of work comes.
type Answer<T> = oneshot::Receiver<Result<T, WriteError>>;

/// Waits for it. Of thousands that wait, each holds this and nothing of its work.
async fn outcome<T>(submitted: Result<Answer<T>, WriteError>) -> Result<T, WriteError> {
    submitted?.await.unwrap_or(Err(WriteError::Closed))
}

/// Takes what waits until nobody can send more.
fn serve(connection: &Connection, queue: &Receiver<Box<dyn Job>>, arrivals: &Arrivals) {
    while let Ok(first) = queue.recv() {
        let mut batch = vec![first];
        batch.extend(queue.try_iter().take(MAX_BATCH_JOBS - 1));
        let committed = commit(connection, &mut batch);
        let done = batch.len();
        arrivals.expect(done);
        answer(batch, &committed);
        // Those who were answered are about to come again, and one flush of the disk for them and
        // for who waits by now costs as much as one for each. Who comes alone never waits.
        if done >= BUSY_JOBS {
            arrivals.wait(GATHER);
        }
    }
}
