//! A look at a file that changes nothing: whose it is, of which version, whether it is whole.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};
use serde::Serialize;
use telephony_webhook::{OpenError, sqlite_versions};
use url::Url;

use super::FileError;
use crate::database::sqlite_schemas;

/// How long is waited for whoever holds the file for themselves.
pub(super) const BUSY: Duration = Duration::from_secs(5);

/// Whether somebody may write a file while it is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// A server may, as it pleases.
    Live,
    /// Nobody does: it is a copy.
    Still,
}

/// What a file is found to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Look {
    /// The file.
    pub file: PathBuf,
    /// Its size, without what is in a log beside it.
    pub bytes: u64,
    /// Whose tables are in it.
    pub tables: Vec<Tables>,
    /// How many rows each table has.
    pub rows: BTreeMap<String, u64>,
}

/// The tables of one owner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Tables {
    /// Whose.
    pub name: String,
    /// How far they have come.
    pub version: usize,
    /// How far this program knows them.
    pub known: usize,
}

impl Look {
    /// The rows of all tables.
    #[must_use]
    pub fn all_rows(&self) -> u64 {
        self.rows.values().sum()
    }
}

/// Looks at a file and reads all of it.
///
/// # Errors
///
/// [`FileError`] when it is none of ours, newer than this program, or damaged.
pub fn check(file: &Path, standing: Standing) -> Result<Look, FileError> {
    look(&open(file, standing)?, file)
}

/// Opens a file to read it.
pub(super) fn open(file: &Path, standing: Standing) -> Result<Connection, FileError> {
    let read = |error| FileError::read(file, error);
    if !file.is_file() {
        return Err(FileError::Missing(file.to_owned()));
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let absolute = std::path::absolute(file).map_err(FileError::write(file))?;
    let connection = match still(&absolute).filter(|_| standing == Standing::Still) {
        // A copy has no log beside it, and gets none by being read.
        Some(url) => Connection::open_with_flags(url.as_str(), flags | OpenFlags::SQLITE_OPEN_URI),
        None => Connection::open_with_flags(&absolute, flags),
    };
    let connection = connection.map_err(read)?;
    connection.busy_timeout(BUSY).map_err(read)?;
    Ok(connection)
}

/// The URL by which SQLite reads a file as one that does not change; `None` when there is a log
/// beside it, which is part of it.
fn still(absolute: &Path) -> Option<Url> {
    if beside(absolute, "-wal").exists() {
        return None;
    }
    let mut url = Url::from_file_path(absolute).ok()?;
    url.set_query(Some("immutable=1"));
    Some(url)
}

/// The path of a file whose name goes on with `suffix`.
pub(super) fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Whose tables are in a file; that of a newer program is refused.
pub(super) fn tables(connection: &Connection, file: &Path) -> Result<Vec<Tables>, FileError> {
    let found = sqlite_versions(connection).map_err(|error| FileError::read(file, error))?;
    let schemas = sqlite_schemas();
    let mut tables = Vec::new();
    for (name, version) in found {
        let path = file.to_owned();
        let Some(schema) = schemas.iter().find(|schema| schema.name == name) else {
            return Err(FileError::Unknown { file: path, name });
        };
        let known = schema.migrations.len();
        if version > known {
            let name = schema.name;
            return Err(FileError::Newer(OpenError::Newer {
                file: path,
                name,
                found: version,
                known,
            }));
        }
        tables.push(Tables { name, version, known });
    }
    if tables.is_empty() {
        return Err(FileError::Foreign(file.to_owned()));
    }
    Ok(tables)
}

pub(super) fn look(connection: &Connection, file: &Path) -> Result<Look, FileError> {
    let read = |error| FileError::read(file, error);
    let tables = tables(connection, file)?;
    let found: Vec<String> = connection
        .prepare("PRAGMA integrity_check(1)")
        .and_then(|mut check| check.query_map([], |row| row.get(0))?.collect())
        .map_err(read)?;
    if let Some(why) = found.into_iter().find(|line| line != "ok") {
        return Err(FileError::Damaged { file: file.to_owned(), why });
    }
    let rows = rows(connection).map_err(read)?;
    let bytes = std::fs::metadata(file).map_err(FileError::write(file))?.len();
    Ok(Look { file: file.to_owned(), bytes, tables, rows })
}

/// How many rows each table has.
fn rows(connection: &Connection) -> rusqlite::Result<BTreeMap<String, u64>> {
    let names: Vec<String> = connection
        .prepare(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'schema_version'
                AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
        )?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    names
        .into_iter()
        .map(|name| {
            let sql = format!("SELECT count(*) FROM \"{}\"", name.replace('"', "\"\""));
            let count = connection.query_row(&sql, [], |row| row.get(0))?;
            Ok((name, count))
        })
        .collect()
}
