//! A group commit: what waits is done in one transaction, and everybody is answered after it.

use std::panic::{AssertUnwindSafe, catch_unwind};

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::writer::WriteError;

/// What the thread knows of a piece of work.
pub(super) trait Job: Send {
    /// Does it, and says whether it is to stay.
    fn run(&mut self, db: &Connection) -> Result<(), WriteError>;

    /// Tells whoever waits what became of the transaction.
    fn answer(self: Box<Self>, committed: Result<(), WriteError>);
}

/// Work, what came of it, and who waits for that.
pub(super) struct Task<T, W> {
    work: Option<W>,
    outcome: Option<Result<T, WriteError>>,
    waits: oneshot::Sender<Result<T, WriteError>>,
}

impl<T, W> Task<T, W> {
    pub(super) fn new(work: W, waits: oneshot::Sender<Result<T, WriteError>>) -> Self {
        Self { work: Some(work), outcome: None, waits }
    }
}

impl<T, W> Job for Task<T, W>
where
    T: Send,
    W: FnOnce(&Connection) -> rusqlite::Result<T> + Send,
{
    fn run(&mut self, db: &Connection) -> Result<(), WriteError> {
        let Some(work) = self.work.take() else { return Ok(()) };
        // What a panic left half done in the database is rolled back; the work itself is gone.
        let outcome = match catch_unwind(AssertUnwindSafe(|| work(db))) {
            Ok(result) => result.map_err(WriteError::from),
            Err(_) => Err(WriteError::Panicked),
        };
        let stays = outcome.as_ref().map(|_| ()).map_err(Clone::clone);
        self.outcome = Some(outcome);
        stays
    }

    fn answer(self: Box<Self>, committed: Result<(), WriteError>) {
        let answer = match (self.outcome, committed) {
            // What failed by itself says so, whatever became of the others.
            (Some(Err(error)), _) | (_, Err(error)) => Err(error),
            (Some(Ok(value)), Ok(())) => Ok(value),
            (None, Ok(())) => Err(WriteError::Closed),
        };
        // Nobody may wait any more; what is committed is committed.
        drop(self.waits.send(answer));
    }
}

/// Does all of `batch` in one transaction, then answers.
pub(super) fn commit(db: &Connection, mut batch: Vec<Box<dyn Job>>) {
    let committed = attempt(db, &mut batch);
    if committed.is_err() {
        // If this fails too, the next batch tries again before it begins.
        drop(roll_back(db));
    }
    for job in batch {
        job.answer(committed.clone());
    }
}

fn attempt(db: &Connection, batch: &mut [Box<dyn Job>]) -> Result<(), WriteError> {
    roll_back(db)?;
    execute(db, "BEGIN IMMEDIATE")?;
    for job in batch {
        execute(db, "SAVEPOINT job")?;
        if let Err(error) = job.run(db) {
            // SQLite itself rolls everything back when the disk is full or fails.
            if db.is_autocommit() {
                return Err(error);
            }
            execute(db, "ROLLBACK TO job")?;
        }
        execute(db, "RELEASE job")?;
    }
    execute(db, "COMMIT")
}

/// Ends a transaction that an earlier failure left open.
fn roll_back(db: &Connection) -> Result<(), WriteError> {
    if db.is_autocommit() { Ok(()) } else { execute(db, "ROLLBACK") }
}

fn execute(db: &Connection, sql: &str) -> Result<(), WriteError> {
    Ok(db.prepare_cached(sql).and_then(|mut statement| statement.execute([])).map(drop)?)
}
