//! A copy put in place of the database, so that nothing is sent twice by it.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, params};
use serde::Serialize;
use telephony_core::Timestamp;
use telephony_webhook::open_sqlite;
use thiserror::Error;

use super::FileError;
use super::backup::{copy, is_same};
use super::look::{Look, Standing, beside, check, open};
use super::partial::{remove, sync_folder};
use crate::database::sqlite_schemas;
use crate::state::{Lock, LockError, StateDirectory, StateError};

/// Why a part or a call is unknown that waited in the copy.
const RESTORED: &str =
    "a copy from before was put back: it may have been sent since the copy was made";

/// What is put back, and where.
#[derive(Debug, Clone, Copy)]
pub struct Restore<'a> {
    /// The directory that nobody may own.
    pub state: &'a StateDirectory,
    /// Its database, which is replaced.
    pub database: &'a Path,
    /// The copy.
    pub from: &'a Path,
    /// Whether what waited to be sent in the copy is sent: only when nothing has run since.
    pub resend: bool,
    /// The time.
    pub now: Timestamp,
}

/// What has been put back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Restored {
    /// The database, as it is now.
    pub database: Look,
    /// Where the one that was replaced is kept; `None` when there was none.
    pub replaced: Option<PathBuf>,
    /// How many messages that waited to be sent are unknown now.
    pub unknown_parts: usize,
    /// How many calls that were being placed are.
    pub unknown_calls: usize,
    /// How many parts are sent when the server starts.
    pub to_send: u64,
    /// How many events are worked off when the server starts, again if they were before.
    pub to_handle: u64,
    /// What became of the opt-outs of the database that was replaced.
    pub opt_outs: OptOuts,
}

/// What became of the opt-outs of a database that was replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum OptOuts {
    /// Nothing was replaced.
    None,
    /// So many that are not in the copy are kept.
    Kept(usize),
    /// They cannot be read.
    Unreadable,
}

/// Why nothing was put back. What was there is there still.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RestoreError {
    /// A server owns the state directory.
    #[error("{0}: stop it first")]
    Owned(LockError),
    /// The lock of the state directory cannot be used.
    #[error(transparent)]
    Lock(LockError),
    /// There is no state directory.
    #[error(transparent)]
    State(#[from] StateError),
    /// A file is not as it has to be.
    #[error(transparent)]
    File(#[from] FileError),
}

impl Restore<'_> {
    /// Checks the copy, brings it up to date, and puts it in place of the database in one step.
    ///
    /// # Errors
    ///
    /// [`RestoreError`] when nothing was changed.
    pub fn run(self) -> Result<Restored, RestoreError> {
        let Self { state, database, from, resend, now } = self;
        if is_same(database, from) {
            return Err(FileError::Itself(from.to_owned()).into());
        }
        state.make()?;
        let _lock = Lock::acquire(state).map_err(|error| match error {
            LockError::Owned(_) => RestoreError::Owned(error),
            error => RestoreError::Lock(error),
        })?;
        check(from, Standing::Still)?;
        let copy = copy(from, Standing::Still, database)?;
        let old = old_opt_outs(database);
        let settle = |db: &mut Connection| settle(db, old.as_deref(), resend, now);
        let mut db = open_sqlite(copy.path(), &sqlite_schemas()).map_err(FileError::Open)?;
        let settled = settle(&mut db).and_then(|settled| close(db).map(|()| settled));
        let settled = settled.map_err(|error| FileError::read(from, error))?;
        copy.sync()?;
        let found = check(copy.path(), Standing::Still)?;
        let replaced = set_aside(database, now).map_err(FileError::write(database))?;
        copy.put(database)?;
        let opt_outs = match (&replaced, old) {
            (None, _) => OptOuts::None,
            (Some(_), Some(_)) => OptOuts::Kept(settled.opt_outs),
            (Some(_), None) => OptOuts::Unreadable,
        };
        Ok(Restored {
            database: Look { file: database.to_owned(), ..found },
            replaced,
            unknown_parts: settled.unknown_parts,
            unknown_calls: settled.unknown_calls,
            to_send: settled.to_send,
            to_handle: settled.to_handle,
            opt_outs,
        })
    }
}

/// What a copy waits for once it is settled.
struct Settled {
    unknown_parts: usize,
    unknown_calls: usize,
    to_send: u64,
    to_handle: u64,
    opt_outs: usize,
}

/// Gives up on what waited to be sent in the copy: it has most likely been sent since, and twice is
/// worse than not at all. What came is kept to be handled, for nobody else would. Who opted out
/// after the copy was made has opted out.
fn settle(
    db: &mut Connection,
    opt_outs: Option<&[OptOut]>,
    resend: bool,
    now: Timestamp,
) -> rusqlite::Result<Settled> {
    let at = now.as_millisecond();
    let transaction = db.transaction()?;
    // What the carrier has reported on was sent, and that is known.
    let sent = "UPDATE outbound_part SET state = 2, changed_at = ?1, is_first = 0
        WHERE state < 2 AND delivery IS NOT NULL";
    let unknown = "UPDATE outbound_part SET state = 4, reason = ?2, changed_at = ?1, is_first = 0
        WHERE state < 2";
    let calls =
        "UPDATE outbound_call SET outcome = 4, reason = ?2, changed_at = ?1 WHERE outcome = 0";
    let (mut unknown_parts, mut unknown_calls) = (0, 0);
    if !resend {
        transaction.execute(sent, [at])?;
        unknown_parts = transaction.execute(unknown, params![at, RESTORED])?;
        unknown_calls = transaction.execute(calls, params![at, RESTORED])?;
    }
    let mut kept = 0;
    for OptOut { account, number, since, source } in opt_outs.unwrap_or_default() {
        kept += transaction
            .prepare_cached(
                "INSERT INTO outbound_opt_out (account, number, since, source)
                    VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
            )?
            .execute(params![account, number, since, source])?;
    }
    let count = |sql| transaction.query_row(sql, [], |row| row.get(0));
    let settled = Settled {
        unknown_parts,
        unknown_calls,
        to_send: count("SELECT count(*) FROM outbound_part WHERE state = 0")?,
        to_handle: count("SELECT count(*) FROM inbox_entry WHERE state = 0")?,
        opt_outs: kept,
    };
    transaction.commit()?;
    Ok(settled)
}

/// Has all of it be in the one file.
fn close(db: Connection) -> rusqlite::Result<()> {
    db.pragma_update(None, "journal_mode", "DELETE")?;
    db.close().map_err(|(_, error)| error)
}

/// Somebody who wants no more messages.
struct OptOut {
    account: String,
    number: String,
    since: i64,
    source: String,
}

/// Who has opted out by the database that is replaced; `None` when nobody can tell.
fn old_opt_outs(database: &Path) -> Option<Vec<OptOut>> {
    let db = open(database, Standing::Live).ok()?;
    let mut all = db.prepare("SELECT account, number, since, source FROM outbound_opt_out").ok()?;
    let rows = all.query_map([], |row| {
        Ok(OptOut {
            account: row.get(0)?,
            number: row.get(1)?,
            since: row.get(2)?,
            source: row.get(3)?,
        })
    });
    rows.ok()?.collect::<rusqlite::Result<_>>().ok()
}

/// Keeps a database under another name as well, and leaves nothing beside it that would be taken
/// for a part of the one that comes in its place.
fn set_aside(database: &Path, now: Timestamp) -> std::io::Result<Option<PathBuf>> {
    let (log, shared) = (beside(database, "-wal"), beside(database, "-shm"));
    let mut kept = None;
    if database.exists() {
        // Its log goes into it, unless it is damaged: then that is kept beside it.
        if let Ok(db) = Connection::open(database) {
            let checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)";
            let _ = db
                .query_row(checkpoint, [], |_| Ok(()))
                .and_then(|()| db.close().map_err(|(_, error)| error));
        }
        let time = now.to_string().replace(['-', ':'], "");
        let name = beside(database, &format!(".before-restore-{time}"));
        // It stays where it is as well until the other one is in its place.
        if std::fs::hard_link(database, &name).is_err() {
            std::fs::copy(database, &name)?;
        }
        if std::fs::metadata(&log).is_ok_and(|log| log.len() > 0) {
            std::fs::rename(&log, beside(&name, "-wal"))?;
        }
        kept = Some(name);
    }
    remove(&log)?;
    remove(&shared)?;
    sync_folder(database)?;
    Ok(kept)
}
