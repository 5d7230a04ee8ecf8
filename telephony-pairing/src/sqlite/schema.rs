//! The tables, and how older files are brought up to date.

use rusqlite::{Connection, OptionalExtension, TransactionBehavior};

use super::OpenError;

/// What the ledger of a file knows the tables by.
const NAME: &str = "pairing";

/// What each version adds to the one before. A file says in `schema_version` how far it is.
pub(super) const MIGRATIONS: &[&str] = &["
    CREATE TABLE pairing_request (
        account TEXT NOT NULL,
        number TEXT NOT NULL,
        code TEXT NOT NULL,
        created_at INTEGER NOT NULL, -- milliseconds since the Unix epoch
        expires_at INTEGER NOT NULL,
        PRIMARY KEY (account, number)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE pairing_approved (
        account TEXT NOT NULL,
        number TEXT NOT NULL,
        PRIMARY KEY (account, number)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE pairing_owed (
        sequence INTEGER PRIMARY KEY,
        account TEXT NOT NULL,
        number TEXT NOT NULL,
        code TEXT NOT NULL,
        kind INTEGER NOT NULL, -- 0 challenge, 1 confirmation
        expires_at INTEGER,
        UNIQUE (account, number, code, kind)
    ) STRICT;
    CREATE TABLE pairing_failure (
        account TEXT NOT NULL,
        at INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX pairing_failure_account ON pairing_failure (account, at);
"];

/// Brings the tables up to date, in one transaction.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), OpenError> {
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(OpenError::Migrate)?;
    let found = version(&transaction).map_err(OpenError::Migrate)?;
    let known = MIGRATIONS.len();
    let pending = MIGRATIONS.get(found..).ok_or(OpenError::Newer { found, known })?;
    let steps = pending.iter().try_for_each(|migration| transaction.execute_batch(migration));
    steps
        .and_then(|()| {
            let ledger = "REPLACE INTO schema_version (name, version) VALUES (?1, ?2)";
            transaction.execute(ledger, rusqlite::params![NAME, known])
        })
        .and_then(|_| transaction.commit())
        .map_err(OpenError::Migrate)
}

/// How far the file is. The ledger has a row for each owner of tables in it.
fn version(db: &Connection) -> rusqlite::Result<usize> {
    db.execute_batch(
        "CREATE TABLE IF NOT EXISTS schema_version (
            name TEXT PRIMARY KEY,
            version INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID",
    )?;
    let sql = "SELECT version FROM schema_version WHERE name = ?1";
    Ok(db.query_row(sql, [NAME], |row| row.get(0)).optional()?.unwrap_or(0))
}
