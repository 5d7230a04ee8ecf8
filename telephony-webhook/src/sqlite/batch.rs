//! A group commit: what waits is done in one transaction, and everybody is answered after it.
//!
//! Of work that fails what it did is undone, and nothing else. A savepoint before each piece would
//! do that, but SQLite copies each page that is changed after one, for each piece anew. So nothing
//! is marked before the first piece, which the whole transaction can be undone for, and pieces that
//! may be repeated share one mark: when one of them fails, all are undone and each is done again
//! behind a mark of its own.

use std::panic::{AssertUnwindSafe, catch_unwind};

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::writer::WriteError;

/// What the thread knows of a piece of work.
pub(super) trait Job: Send {
    /// Whether it may be done again, once what it did was undone.
    fn is_repeatable(&self) -> bool;

    /// Does it, and says whether it is to stay.
    fn run(&mut self, db: &Connection) -> Result<(), WriteError>;

    /// Tells whoever waits what became of the transaction.
    fn answer(self: Box<Self>, committed: Result<(), WriteError>);
}

/// What is done.
pub(super) trait Work<T>: Send {
    /// Whether it may be done again.
    const REPEATABLE: bool;

    /// Does it; `None` when it cannot be done again and has been.
    fn perform(&mut self, db: &Connection) -> Option<rusqlite::Result<T>>;
}

/// Work that is done once.
pub(super) struct Once<W>(pub(super) Option<W>);

impl<T, W: FnOnce(&Connection) -> rusqlite::Result<T> + Send> Work<T> for Once<W> {
    const REPEATABLE: bool = false;

    fn perform(&mut self, db: &Connection) -> Option<rusqlite::Result<T>> {
        self.0.take().map(|work| work(db))
    }
}

/// Work that may be done more than once.
pub(super) struct Repeatable<W>(pub(super) W);

impl<T, W: FnMut(&Connection) -> rusqlite::Result<T> + Send> Work<T> for Repeatable<W> {
    const REPEATABLE: bool = true;

    fn perform(&mut self, db: &Connection) -> Option<rusqlite::Result<T>> {
        Some((self.0)(db))
    }
}

/// Work, what came of it, and who waits for that.
pub(super) struct Task<T, W> {
    work: W,
    outcome: Option<Result<T, WriteError>>,
    waits: oneshot::Sender<Result<T, WriteError>>,
}

impl<T, W> Task<T, W> {
    pub(super) const fn new(work: W, waits: oneshot::Sender<Result<T, WriteError>>) -> Self {
        Self { work, outcome: None, waits }
    }
}

impl<T: Send, W: Work<T>> Job for Task<T, W> {
    fn is_repeatable(&self) -> bool {
        W::REPEATABLE
    }

    fn run(&mut self, db: &Connection) -> Result<(), WriteError> {
        // What a panic left half done in the database is rolled back.
        let outcome = match catch_unwind(AssertUnwindSafe(|| self.work.perform(db))) {
            Ok(Some(result)) => result.map_err(WriteError::from),
            Ok(None) => return Ok(()),
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

/// Does all of `batch` in one transaction; what became of that is for [`answer`].
pub(super) fn commit(db: &Connection, batch: &mut [Box<dyn Job>]) -> Result<(), WriteError> {
    let committed = attempt(db, batch);
    if committed.is_err() {
        // If this fails too, the next batch tries again before it begins.
        drop(roll_back(db));
    }
    committed
}

/// Tells all who wait.
pub(super) fn answer(batch: Vec<Box<dyn Job>>, committed: &Result<(), WriteError>) {
    for job in batch {
        job.answer(committed.clone());
    }
}

fn attempt(db: &Connection, batch: &mut [Box<dyn Job>]) -> Result<(), WriteError> {
    roll_back(db)?;
    execute(db, BEGIN)?;
    let mut mark = &Mark::TRANSACTION;
    for group in batch.chunk_by_mut(|one, next| one.is_repeatable() && next.is_repeatable()) {
        match group {
            [job] => alone(db, mark, job)?,
            group => together(db, mark, group)?,
        }
        mark = &Mark::SAVEPOINT;
    }
    execute(db, "COMMIT")
}

/// One piece of work, undone when it fails.
fn alone(db: &Connection, mark: &Mark, job: &mut Box<dyn Job>) -> Result<(), WriteError> {
    mark.set(db)?;
    match run(db, job) {
        Ok(true) => mark.keep(db),
        Ok(false) => mark.undo(db),
        Err(error) => Err(error),
    }
}

/// Several that may be repeated: once together and, if one of them fails, each alone.
fn together(db: &Connection, mark: &Mark, group: &mut [Box<dyn Job>]) -> Result<(), WriteError> {
    mark.set(db)?;
    for job in group.iter_mut() {
        if !run(db, job)? {
            mark.undo(db)?;
            return group.iter_mut().try_for_each(|job| alone(db, &Mark::SAVEPOINT, job));
        }
    }
    mark.keep(db)
}

/// Does a piece of work: whether it is to stay.
fn run(db: &Connection, job: &mut Box<dyn Job>) -> Result<bool, WriteError> {
    let done = job.run(db);
    // SQLite itself rolls everything back when the disk is full or fails.
    match (db.is_autocommit(), done) {
        (false, done) => Ok(done.is_ok()),
        (true, Err(error)) => Err(error),
        // Work that ended the transaction, which the others would be without: SQLite says so.
        (true, Ok(())) => execute(db, "COMMIT").map(|()| true),
    }
}

const BEGIN: &str = "BEGIN IMMEDIATE";

/// What a failure goes back to: statements, in their order.
struct Mark {
    set: &'static [&'static str],
    keep: &'static [&'static str],
    undo: &'static [&'static str],
}

impl Mark {
    /// The beginning of the transaction.
    const TRANSACTION: Self = Self { set: &[], keep: &[], undo: &["ROLLBACK", BEGIN] };

    /// A place in the middle of it.
    const SAVEPOINT: Self = Self {
        set: &["SAVEPOINT job"],
        keep: &["RELEASE job"],
        undo: &["ROLLBACK TO job", "RELEASE job"],
    };

    fn set(&self, db: &Connection) -> Result<(), WriteError> {
        self.set.iter().try_for_each(|sql| execute(db, sql))
    }

    fn keep(&self, db: &Connection) -> Result<(), WriteError> {
        self.keep.iter().try_for_each(|sql| execute(db, sql))
    }

    fn undo(&self, db: &Connection) -> Result<(), WriteError> {
        self.undo.iter().try_for_each(|sql| execute(db, sql))
    }
}

/// Ends a transaction that an earlier failure left open.
fn roll_back(db: &Connection) -> Result<(), WriteError> {
    if db.is_autocommit() { Ok(()) } else { execute(db, "ROLLBACK") }
}

fn execute(db: &Connection, sql: &str) -> Result<(), WriteError> {
    Ok(db.prepare_cached(sql).and_then(|mut statement| statement.execute([])).map(drop)?)
}
