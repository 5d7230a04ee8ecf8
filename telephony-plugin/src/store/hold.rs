//! A database file that nobody else has open, whichever state directory a server of it uses.

use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::FileError;
use super::look::BUSY;

/// Opens a file and keeps everybody else out of it until the connection is closed. The lock of a
/// state directory does not say that: a configuration can name a file anywhere.
///
/// # Errors
///
/// [`FileError::Held`] when another process has it open.
pub(super) fn hold(file: &Path) -> Result<Connection, FileError> {
    if !file.is_file() {
        return Err(FileError::Missing(file.to_owned()));
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let hold = || {
        let connection = Connection::open_with_flags(file, flags)?;
        keep_log(&connection, true)?;
        connection.busy_timeout(BUSY)?;
        // In this mode what a transaction locks stays locked. All is locked, whether there is a log
        // or not, and not while anybody else has the file open with a log.
        connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
        connection.execute_batch("BEGIN EXCLUSIVE; COMMIT")?;
        keep_log(&connection, false)?;
        Ok(connection)
    };
    hold().map_err(|error: rusqlite::Error| match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            FileError::Held(file.to_owned())
        }
        _ => FileError::read(file, error),
    })
}

/// Whether a log is left as it is when the connection is closed, as that of a damaged file has to
/// be, instead of going into the file.
pub(super) fn keep_log(connection: &Connection, keep: bool) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, keep).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::Database;

    #[test]
    fn a_file_is_held_by_one_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("telephony.db");
        let server = Database::open(&path).unwrap();
        let error = hold(&path).unwrap_err();
        assert!(error.to_string().contains("has the database open: stop it first"), "{error}");
        drop(server);
        let held = hold(&path).unwrap();
        let other = Connection::open(&path).unwrap();
        other.busy_timeout(std::time::Duration::ZERO).unwrap();
        let read = || other.query_row("SELECT count(*) FROM inbox_entry", [], |_| Ok(()));
        assert!(read().is_err());
        drop(held);
        read().unwrap();
    }
}
