//! A copy put in place of the database, so that nothing is sent twice by it.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode, params};
use serde::Serialize;
use telephony_core::Timestamp;
use telephony_webhook::open_sqlite;
use thiserror::Error;

use super::FileError;
use super::backup::{copy, is_same};
use super::hold::{hold, keep_log};
use super::look::{Look, Standing, beside, check};
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
    /// How many codes and confirmations of pairing waited to be texted, and are not.
    pub pairing_texts: usize,
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
        // After that is copied which may be another name of the same file: who opens and closes a
        // file gives away what the process holds of it.
        let held = Old::of(database)?;
        let old = held.opt_outs();
        let settle = |db: &mut Connection| settle(db, old.as_deref(), resend, now);
        let mut db = open_sqlite(copy.path(), &sqlite_schemas()).map_err(FileError::Open)?;
        let settled = settle(&mut db).and_then(|settled| close(db).map(|()| settled));
        let settled = settled.map_err(|error| FileError::read(from, error))?;
        copy.sync()?;
        let found = check(copy.path(), Standing::Still)?;
        let (replaced, held) = held.set_aside(now)?;
        copy.put(database)?;
        // Nobody had the old one open until the new one was in its place.
        drop(held);
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
            pairing_texts: settled.pairing_texts,
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
    pairing_texts: usize,
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
    let challenges = "UPDATE host_challenge SET closed_at = ?1 WHERE closed_at IS NULL
        AND (approved_at IS NOT NULL OR texted_at IS NULL)";
    let (mut unknown_parts, mut unknown_calls, mut pairing_texts) = (0, 0, 0);
    if !resend {
        transaction.execute(sent, [at])?;
        unknown_parts = transaction.execute(unknown, params![at, RESTORED])?;
        unknown_calls = transaction.execute(calls, params![at, RESTORED])?;
        pairing_texts = transaction.execute("DELETE FROM pairing_owed", [])?
            + transaction.execute(challenges, [at])?;
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
        pairing_texts,
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

/// The database that is replaced.
struct Old<'a> {
    file: &'a Path,
    /// Held; `None` when it is not there or does not open, so that no server has it open either.
    connection: Option<Connection>,
}

impl<'a> Old<'a> {
    fn of(file: &'a Path) -> Result<Self, FileError> {
        let connection = match hold(file) {
            Ok(connection) => Some(connection),
            Err(FileError::Missing(_)) => None,
            Err(error) if error.is_damage() => None,
            Err(error) => return Err(error),
        };
        Ok(Self { file, connection })
    }

    /// Who has opted out by it; `None` when nobody can tell.
    fn opt_outs(&self) -> Option<Vec<OptOut>> {
        let db = self.connection.as_ref()?;
        let sql = "SELECT account, number, since, source FROM outbound_opt_out";
        let mut all = db.prepare(sql).ok()?;
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

    /// Keeps it under another name as well, and leaves nothing beside it that would be taken for a
    /// part of the one that comes in its place. Answers the name, and what holds it on.
    ///
    /// Whenever this breaks off, the old one is in its place: its log goes into it before any file
    /// is named or removed, and from then on it is one file. Only one that is damaged has its log
    /// taken away before it is replaced, which is kept with it under the other name.
    fn set_aside(self, now: Timestamp) -> Result<(Option<PathBuf>, Option<Connection>), FileError> {
        let Self { file, mut connection } = self;
        if let Some(held) = &connection {
            match fold(held).map_err(|error| FileError::read(file, error)) {
                Ok(true) => {}
                Ok(false) => return Err(FileError::Held(file.to_owned())),
                Err(error) if error.is_damage() => {
                    keep_log(held, true).map_err(|error| FileError::read(file, error))?;
                    // Not later: what it has beside it is the new one's then.
                    connection = None;
                }
                Err(error) => return Err(error),
            }
        }
        let kept = keep(file, now).map_err(FileError::write(file))?;
        Ok((kept, connection))
    }
}

/// Has all of a database be in its one file and on disk; `false` when somebody prevents it.
fn fold(held: &Connection) -> rusqlite::Result<bool> {
    let mode = held.query_row("PRAGMA journal_mode = DELETE", [], |row| row.get::<_, String>(0));
    match mode {
        Ok(mode) => Ok(mode == "delete"),
        Err(error) => match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Ok(false),
            _ => Err(error),
        },
    }
}

/// What SQLite has beside a database: of one that is damaged, a part of it; else nothing of worth.
const LOGS: [&str; 2] = ["-wal", "-journal"];

/// Names a file and its logs a second time, and then removes the logs.
fn keep(file: &Path, now: Timestamp) -> std::io::Result<Option<PathBuf>> {
    let mut kept = None;
    if file.exists() {
        let time = now.to_string().replace(['-', ':'], "");
        let name = beside(file, &format!(".before-restore-{time}"));
        name_too(file, &name)?;
        for suffix in LOGS {
            let log = beside(file, suffix);
            if std::fs::metadata(&log).is_ok_and(|log| log.len() > 0) {
                name_too(&log, &beside(&name, suffix))?;
            }
        }
        sync_folder(file)?;
        kept = Some(name);
    }
    for suffix in LOGS.into_iter().chain(["-shm"]) {
        remove(&beside(file, suffix))?;
    }
    sync_folder(file)?;
    Ok(kept)
}

/// Gives a file a second name, or copies it where a file has only one. A copy gives away what the
/// process holds of it, for the moment until it is replaced.
fn name_too(file: &Path, name: &Path) -> std::io::Result<()> {
    if std::fs::hard_link(file, name).is_err() {
        std::fs::copy(file, name)?;
        std::fs::File::open(name)?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::Database;

    const NOW: Timestamp = Timestamp::from_millisecond(1_800_000_000_000);

    fn opted_out(file: &Path) -> i64 {
        let db = Connection::open(file).unwrap();
        db.query_row("SELECT count(*) FROM outbound_opt_out", [], |row| row.get(0)).unwrap()
    }

    /// A database whose rows are in its log, as a server leaves it that is killed.
    fn killed(folder: &Path) -> PathBuf {
        let (lived, path) = (folder.join("lived.db"), folder.join("telephony.db"));
        let server = Database::open(&lived).unwrap();
        let db = Connection::open(&lived).unwrap();
        let row = "INSERT INTO outbound_opt_out VALUES ('default', '+15550000001', 0, 'STOP')";
        db.execute_batch(row).unwrap();
        for suffix in ["", "-wal", "-shm"] {
            std::fs::copy(beside(&lived, suffix), beside(&path, suffix)).unwrap();
        }
        drop((server, db));
        path
    }

    #[test]
    fn what_breaks_off_before_the_new_one_is_in_place_leaves_the_old_one_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = killed(folder.path());
        let old = Old::of(&path).unwrap();
        assert_eq!(old.opt_outs().unwrap().len(), 1);
        let (kept, held) = old.set_aside(NOW).unwrap();
        // As it would be found after the process was killed here.
        let found = folder.path().join("found.db");
        std::fs::copy(&path, &found).unwrap();
        for suffix in ["-wal", "-journal", "-shm"] {
            assert!(!beside(&path, suffix).exists(), "{suffix}");
        }
        assert_eq!(opted_out(&found), 1);
        // What is beside the new one when the old one is let go is the new one's.
        std::fs::rename(&found, &path).unwrap();
        std::fs::write(beside(&path, "-wal"), "of the new one").unwrap();
        drop(held);
        assert!(beside(&path, "-wal").exists());
        assert_eq!(opted_out(&kept.unwrap()), 1);
    }

    #[test]
    fn the_log_of_one_that_is_damaged_is_kept_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("telephony.db");
        std::fs::write(&path, "These are words, and no database at all. ".repeat(100)).unwrap();
        std::fs::write(beside(&path, "-wal"), "a log").unwrap();
        let old = Old::of(&path).unwrap();
        assert!(old.opt_outs().is_none());
        let (kept, _) = old.set_aside(NOW).unwrap();
        assert_eq!(std::fs::read(beside(&kept.unwrap(), "-wal")).unwrap(), b"a log");
        assert!(path.exists() && !beside(&path, "-wal").exists());
    }
}
