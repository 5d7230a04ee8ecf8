//! A copy of the database, made while a server writes it.

use std::path::Path;

use rusqlite::Connection;

use super::FileError;
use super::look::{Look, Standing, look, open, tables};
use super::partial::Partial;

/// Copies what was committed when it began to the file `to`, in one pass, and reads the copy again.
/// Whoever writes the database meanwhile is not held up: SQLite's log lets one read beside them.
/// The copy is a file without a log and without the room of what was erased, for its owner alone.
///
/// # Errors
///
/// [`FileError`] when there is no copy; what was at `to` before is there still.
pub fn backup(database: &Path, to: &Path, overwrite: bool) -> Result<Look, FileError> {
    if to.exists() {
        if is_same(database, to) {
            return Err(FileError::Itself(to.to_owned()));
        }
        if !overwrite {
            return Err(FileError::Exists(to.to_owned()));
        }
    }
    let copy = copy(database, Standing::Live, to)?;
    copy.sync()?;
    let found = look(&open(copy.path(), Standing::Still)?, copy.path())?;
    copy.put(to)?;
    Ok(Look { file: to.to_owned(), ..found })
}

/// Copies a database of ours into a file beside `to`.
pub(super) fn copy(from: &Path, standing: Standing, to: &Path) -> Result<Partial, FileError> {
    copy_of(&open(from, standing)?, from, to)
}

/// Copies a database of ours that is open into a file beside `to`.
pub(super) fn copy_of(source: &Connection, from: &Path, to: &Path) -> Result<Partial, FileError> {
    tables(source, from)?;
    let copy = Partial::beside(to)?;
    source
        .execute("VACUUM INTO ?1", [copy.text()])
        .map_err(|error| FileError::copy(from, to, error))?;
    Ok(copy)
}

/// Whether two paths lead to one file.
pub(super) fn is_same(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}
