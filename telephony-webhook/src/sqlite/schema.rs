//! How a file is opened, and how its tables are brought up to date.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, TransactionBehavior};
use thiserror::Error;

use crate::schema::Schema;

/// How long a transaction waits for another process's. A carrier waits two seconds for us.
const BUSY: Duration = Duration::from_secs(1);

/// After how many pages (of 4 KiB) of log they are copied into the file.
const CHECKPOINT_PAGES: i64 = 1_000;

/// To how many bytes the log is cut back after it grew.
const LOG_BYTES: i64 = 16 * 1024 * 1024;

/// How many prepared statements are kept: more than all tables' queries together.
const STATEMENTS: usize = 256;

/// Why a file cannot be used as a database.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The file cannot be made, or kept from other people's eyes. Usually a missing folder or a
    /// lack of rights.
    #[error("the database file cannot be made readable for its owner alone")]
    File(#[source] std::io::Error),
    /// It cannot be opened. Usually it is not a database.
    #[error("the database file cannot be opened")]
    Open(#[source] rusqlite::Error),
    /// Tables cannot be brought up to date.
    #[error("the database's `{name}` tables cannot be brought up to date")]
    Migrate {
        /// Whose tables.
        name: &'static str,
        /// What SQLite says.
        #[source]
        source: rusqlite::Error,
    },
    /// A newer version of this program made it.
    #[error(
        "a newer version of this program made {}: its `{name}` tables are of version {found}, and \
         this one knows them up to {known}: use the newer program, or put a copy from before back",
        .file.display()
    )]
    Newer {
        /// The file, which is as it was.
        file: PathBuf,
        /// Whose tables.
        name: &'static str,
        /// The version of the file.
        found: usize,
        /// The newest that is known here.
        known: usize,
    },
    /// The system gives no thread for it.
    #[error("the thread of the database cannot be started")]
    Thread(#[source] std::io::Error),
}

/// Opens the file at `path`, or makes it, readable for its owner alone, with the tables of all
/// `schemas` up to date and set up as a writer has it. For who changes a file that nobody else uses;
/// everybody else has an [`SqliteWriter`](super::SqliteWriter).
///
/// # Errors
///
/// [`OpenError`] says which step failed. A file of a newer version is not changed.
pub fn open_sqlite(path: &Path, schemas: &[Schema]) -> Result<Connection, OpenError> {
    make_private(path).map_err(OpenError::File)?;
    set_up(Connection::open(path).map_err(OpenError::Open)?, path, schemas)
}

/// A database that ends with its connection.
pub(super) fn open_in_memory(schemas: &[Schema]) -> Result<Connection, OpenError> {
    set_up(Connection::open_in_memory().map_err(OpenError::Open)?, Path::new(":memory:"), schemas)
}

/// Makes the file before SQLite does, so that nobody else can read it even for a moment. SQLite
/// gives the log beside it the same mode.
#[cfg(unix)]
fn make_private(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};

    const OWNER_ALONE: u32 = 0o600;
    let mut options = std::fs::OpenOptions::new();
    let file = options.write(true).create(true).truncate(false).mode(OWNER_ALONE).open(path)?;
    if file.metadata()?.permissions().mode() & 0o777 != OWNER_ALONE {
        file.set_permissions(std::fs::Permissions::from_mode(OWNER_ALONE))?;
    }
    Ok(())
}

#[cfg(not(unix))]
#[allow(clippy::unnecessary_wraps, reason = "the same signature as on Unix")]
fn make_private(_: &Path) -> std::io::Result<()> {
    Ok(())
}

fn set_up(
    mut connection: Connection,
    path: &Path,
    schemas: &[Schema],
) -> Result<Connection, OpenError> {
    // All of them are looked at before any is changed.
    let found = sqlite_versions(&connection).map_err(OpenError::Open)?;
    for schema in schemas {
        let found = found.iter().find(|(name, _)| name == schema.name);
        check(path, schema, found.map_or(0, |(_, version)| *version))?;
    }
    configure(&connection).map_err(OpenError::Open)?;
    for schema in schemas {
        migrate(&mut connection, path, schema)?;
    }
    Ok(connection)
}

/// Whose tables are in a file and how far each has come; nobody's when it has no ledger of them.
///
/// # Errors
///
/// When the file is no database, or cannot be read.
pub fn sqlite_versions(connection: &Connection) -> rusqlite::Result<Vec<(String, usize)>> {
    connection.busy_timeout(BUSY)?;
    let has_ledger = connection
        .prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'schema_version'")?
        .exists([])?;
    if !has_ledger {
        return Ok(Vec::new());
    }
    connection
        .prepare("SELECT name, version FROM schema_version ORDER BY name")?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}

/// What a schema adds to tables of version `found`.
fn check(path: &Path, schema: &Schema, found: usize) -> Result<&'static [&'static str], OpenError> {
    let (name, known) = (schema.name, schema.migrations.len());
    schema.migrations.get(found..).ok_or_else(|| {
        let file = path.to_owned();
        OpenError::Newer { file, name, found, known }
    })
}

fn configure(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    connection.pragma_update(None, "journal_size_limit", LOG_BYTES)?;
    // What is erased is overwritten, not only marked as free.
    connection.pragma_update(None, "secure_delete", "ON")?;
    // What a savepoint would undo is kept in memory instead of in a temporary file.
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.execute_batch(
        "CREATE TABLE IF NOT EXISTS schema_version (
            name TEXT PRIMARY KEY,
            version INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID",
    )
}

/// Brings the tables of one owner up to date, in one transaction.
fn migrate(connection: &mut Connection, path: &Path, schema: &Schema) -> Result<(), OpenError> {
    let name = schema.name;
    let failed = |source| OpenError::Migrate { name, source };
    let transaction =
        connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
    let found: usize = transaction
        .query_row("SELECT version FROM schema_version WHERE name = ?1", [name], |row| row.get(0))
        .optional()
        .map_err(failed)?
        .unwrap_or(0);
    let (pending, known) = (check(path, schema, found)?, schema.migrations.len());
    if pending.is_empty() {
        return Ok(());
    }
    for migration in pending {
        transaction.execute_batch(migration).map_err(failed)?;
    }
    let ledger = "INSERT INTO schema_version (name, version) VALUES (?1, ?2)
        ON CONFLICT (name) DO UPDATE SET version = excluded.version";
    transaction.execute(ledger, rusqlite::params![name, known]).map_err(failed)?;
    transaction.commit().map_err(failed)
}
