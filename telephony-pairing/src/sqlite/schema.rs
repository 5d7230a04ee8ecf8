//! The tables, and how older files are brought up to date.

use rusqlite::{Connection, TransactionBehavior};

use super::OpenError;

/// What each version adds to the one before. A file says in `pairing_schema` how far it is.
const MIGRATIONS: [&str; 1] = ["
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
    transaction
        .execute_batch(
            "CREATE TABLE IF NOT EXISTS pairing_schema (version INTEGER NOT NULL) STRICT",
        )
        .map_err(OpenError::Migrate)?;
    let version: usize = transaction
        .query_row("SELECT coalesce(max(version), 0) FROM pairing_schema", [], |row| row.get(0))
        .map_err(OpenError::Migrate)?;
    let Some(pending) = MIGRATIONS.get(version..) else {
        return Err(OpenError::Newer { found: version, known: MIGRATIONS.len() });
    };
    for (index, migration) in pending.iter().enumerate() {
        transaction.execute_batch(migration).map_err(OpenError::Migrate)?;
        transaction
            .execute("INSERT INTO pairing_schema (version) VALUES (?1)", [version + index + 1])
            .map_err(OpenError::Migrate)?;
    }
    transaction.commit().map_err(OpenError::Migrate)
}
