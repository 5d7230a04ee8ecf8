//! Everything that is kept in a file, moved into PostgreSQL: all of it or nothing.

mod cell;
mod tables;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::pin::pin;

use rusqlite::{Connection, params};
use serde::Serialize;
use telephony_core::Timestamp;
use telephony_webhook::open_sqlite;
use thiserror::Error;
use tokio_postgres::binary_copy::BinaryCopyInWriter;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Transaction};

use self::cell::cell;
use self::tables::{TABLES, Table};
use super::FileError;
use super::backup::copy_of;
use super::hold::hold;
use super::look::look;
use super::partial::Partial;
use crate::database::sqlite_schemas;

/// A copy is no question that somebody waits for.
const LIMITS: &str = "SET LOCAL statement_timeout = 0;
    SET LOCAL idle_in_transaction_session_timeout = 0";

/// Why a part or a call is unknown that was on its way when the last process ended.
const PROCESS_ENDED: &str = "the process ended while it was being sent";

/// What has been moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Moved {
    /// How many rows each table has, here and there.
    pub rows: BTreeMap<String, u64>,
}

/// Why nothing was moved, as far as is known.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum MoveError {
    /// The file is not as it has to be.
    #[error(transparent)]
    File(#[from] FileError),
    /// PostgreSQL has no such table.
    #[error("the PostgreSQL database has no table {0}: let this program make its tables there")]
    NoTable(&'static str),
    /// There is something already.
    #[error("the PostgreSQL database has rows in {0}: name an empty database")]
    NotEmpty(&'static str),
    /// A value is not of the type that PostgreSQL expects.
    #[error("a row of {table} cannot be copied: its column {column} does not fit into {kind}")]
    Unfit {
        /// The table.
        table: &'static str,
        /// The column's name.
        column: String,
        /// PostgreSQL's type of it.
        kind: String,
    },
    /// Not as many rows arrived as there are.
    #[error("{table} has {expected} rows and {found} arrived: nothing was moved; try again")]
    Count {
        /// The table.
        table: &'static str,
        /// How many rows the file has.
        expected: u64,
        /// How many PostgreSQL has.
        found: u64,
    },
    /// The file cannot be read.
    #[error("{table} cannot be read")]
    Read {
        /// The table.
        table: &'static str,
        /// What SQLite says.
        #[source]
        source: rusqlite::Error,
    },
    /// PostgreSQL may have all of it, or nothing.
    #[error(
        "PostgreSQL fails at the end: {0}: whether it was moved is not known: look whether \
         inbox_entry has rows; if it has, all of it is there"
    )]
    End(String),
    /// PostgreSQL fails.
    #[error("PostgreSQL fails at {at}: {why}")]
    Postgres {
        /// What was being done.
        at: &'static str,
        /// What it says, without what is stored.
        why: String,
    },
}

impl MoveError {
    /// The details of an error repeat what is stored; its message does not.
    fn postgres(at: &'static str) -> impl FnOnce(tokio_postgres::Error) -> Self {
        move |error| Self::Postgres { at, why: said(&error) }
    }

    fn end(error: tokio_postgres::Error) -> Self {
        Self::End(said(&error))
    }
}

fn said(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(said) => format!("{} (SQLSTATE {})", said.message(), said.code().code()),
        None => error.to_string(),
    }
}

/// A file made ready to be read from: a copy, so that the file itself stays as it is.
#[derive(Debug)]
pub struct Source {
    connection: Connection,
    // Removed after the connection is closed.
    _copy: Partial,
    // So that no server writes into the file what is not copied any more.
    _held: Connection,
}

impl Source {
    /// Checks the file and copies it, beside itself. In the copy all is up to date, and as a server
    /// finds it that starts: what was being sent when the last process ended is unknown. Nobody else
    /// can use the file until this is dropped.
    ///
    /// # Errors
    ///
    /// [`FileError`] when the file cannot be used, or not be copied.
    pub fn of(file: &Path, now: Timestamp) -> Result<Self, FileError> {
        let held = hold(file)?;
        look(&held, file)?;
        let copy = copy_of(&held, file, file)?;
        let mut connection =
            open_sqlite(copy.path(), &sqlite_schemas()).map_err(FileError::Open)?;
        settle(&mut connection, now).map_err(|error| FileError::read(file, error))?;
        Ok(Self { connection, _copy: copy, _held: held })
    }

    /// Copies all rows into the tables behind `client`, in one transaction: when it breaks off,
    /// nothing has been copied, and it can be done again.
    ///
    /// # Errors
    ///
    /// [`MoveError`] when nothing was copied, or when that is not known.
    pub async fn copy_into(&self, client: &mut Client) -> Result<Moved, MoveError> {
        let failed = MoveError::postgres;
        let transaction = client.transaction().await.map_err(failed("the beginning"))?;
        transaction.batch_execute(LIMITS).await.map_err(failed("the beginning"))?;
        for table in TABLES {
            expect_empty(&transaction, table).await?;
        }
        let mut rows = BTreeMap::new();
        for table in TABLES {
            self.copy_table(&transaction, table).await?;
            let count = self.compare(&transaction, table).await?;
            rows.insert(table.name.to_owned(), count);
        }
        transaction.commit().await.map_err(MoveError::end)?;
        // So that what is asked of so many rows is planned well from the beginning.
        if let Err(error) = client.batch_execute("SET statement_timeout = 0; ANALYZE").await {
            let why = MoveError::postgres("analyze")(error);
            tracing::warn!("all of it was moved, and PostgreSQL plans by itself later: {why}");
        }
        Ok(Moved { rows })
    }

    async fn copy_table(&self, to: &Transaction<'_>, table: &Table) -> Result<(), MoveError> {
        let failed = MoveError::postgres(table.name);
        let kinds = kinds(to, table).await?;
        let statement =
            format!("COPY {} ({}) FROM STDIN (FORMAT binary)", table.name, table.names());
        let sink = to.copy_in(&statement).await.map_err(failed)?;
        let types: Vec<Type> = kinds.iter().map(|(_, kind)| kind.clone()).collect();
        let mut writer = pin!(BinaryCopyInWriter::new(sink, &types));
        let read = |source| MoveError::Read { table: table.name, source };
        let mut query = self.connection.prepare(&table.query()).map_err(read)?;
        let mut rows = query.query([]).map_err(read)?;
        while let Some(row) = rows.next().map_err(read)? {
            let mut cells = Vec::with_capacity(kinds.len());
            for (index, (column, kind)) in kinds.iter().enumerate() {
                let value = row.get(index).map_err(read)?;
                cells.push(cell(value, kind).ok_or_else(|| MoveError::Unfit {
                    table: table.name,
                    column: column.clone(),
                    kind: kind.to_string(),
                })?);
            }
            writer.as_mut().write_raw(cells).await.map_err(MoveError::postgres(table.name))?;
        }
        writer.as_mut().finish().await.map_err(MoveError::postgres(table.name))?;
        count_on(to, table).await
    }

    /// How many rows a table has, if it is as many on both sides.
    async fn compare(&self, to: &Transaction<'_>, table: &Table) -> Result<u64, MoveError> {
        let sql = format!("SELECT count(*) FROM {}", table.name);
        let read = |source| MoveError::Read { table: table.name, source };
        let expected: u64 = self.connection.query_row(&sql, [], |row| row.get(0)).map_err(read)?;
        let row = to.query_one(&sql, &[]).await.map_err(MoveError::postgres(table.name))?;
        let found: i64 = row.try_get(0).map_err(MoveError::postgres(table.name))?;
        let found = found.unsigned_abs();
        if found == expected {
            Ok(found)
        } else {
            Err(MoveError::Count { table: table.name, expected, found })
        }
    }
}

/// Refuses a table that is not there or has rows, and keeps everybody else from writing it until the
/// transaction ends.
async fn expect_empty(to: &Transaction<'_>, table: &Table) -> Result<(), MoveError> {
    let Table { name, .. } = *table;
    let failed = || MoveError::postgres(name);
    let there = to.query_one("SELECT to_regclass($1) IS NOT NULL", &[&name]).await;
    if !there.and_then(|row| row.try_get::<_, bool>(0)).map_err(failed())? {
        return Err(MoveError::NoTable(name));
    }
    let lock = format!("LOCK TABLE {name} IN SHARE ROW EXCLUSIVE MODE");
    to.batch_execute(&lock).await.map_err(failed())?;
    let any = to.query_one(&format!("SELECT EXISTS (SELECT 1 FROM {name})"), &[]).await;
    if any.and_then(|row| row.try_get::<_, bool>(0)).map_err(failed())? {
        return Err(MoveError::NotEmpty(name));
    }
    Ok(())
}

/// The columns of a table and their types in PostgreSQL.
async fn kinds(to: &Transaction<'_>, table: &Table) -> Result<Vec<(String, Type)>, MoveError> {
    let sql = format!("SELECT {} FROM {} LIMIT 0", table.names(), table.name);
    let statement = to.prepare(&sql).await.map_err(MoveError::postgres(table.name))?;
    let columns = statement.columns().iter();
    Ok(columns.map(|column| (column.name().to_owned(), column.type_().clone())).collect())
}

/// Has the next number of a table be one that no row has.
async fn count_on(to: &Transaction<'_>, table: &Table) -> Result<(), MoveError> {
    let Some((column, sequence)) = table.counted else { return Ok(()) };
    let sql = format!(
        "SELECT setval(counter, (SELECT max({column}) FROM {name})) FROM (SELECT
            coalesce(pg_get_serial_sequence($1, $2), to_regclass($3)::text)::regclass AS counter
            ) AS counters WHERE counter IS NOT NULL AND EXISTS (SELECT 1 FROM {name})",
        name = table.name,
    );
    let done = to.query(&sql, &[&table.name, &column, &sequence]).await;
    done.map(drop).map_err(MoveError::postgres(table.name))
}

/// Leaves a database as a server finds it that starts: nobody holds a lease, and what was on its
/// way is unknown, for nothing may be sent twice.
fn settle(db: &mut Connection, now: Timestamp) -> rusqlite::Result<()> {
    let (at, reason) = (now.as_millisecond(), PROCESS_ENDED);
    let transaction = db.transaction()?;
    for sql in [
        "UPDATE outbound_part SET state = CASE WHEN delivery IS NULL THEN 4 ELSE 2 END,
            reason = CASE WHEN delivery IS NULL THEN ?2 END, changed_at = ?1 WHERE state = 1",
        "UPDATE outbound_part SET state = 5, reason = ?2, changed_at = ?1 WHERE state = 0
            AND send IN (SELECT id FROM outbound_send WHERE retries = 1)",
        "UPDATE outbound_call SET outcome = 4, reason = ?2, changed_at = ?1 WHERE outcome = 0",
    ] {
        transaction.execute(sql, params![at, reason])?;
    }
    transaction.execute_batch(
        "UPDATE outbound_part SET is_first = sequence IN
            (SELECT min(sequence) FROM outbound_part WHERE state < 2 GROUP BY lane)
            WHERE state < 2",
    )?;
    let released = "UPDATE inbox_entry SET leased = 0, due_at = min(due_at, ?1)
        WHERE state = 0 AND leased = 1";
    transaction.execute(released, [at])?;
    transaction.execute_batch(
        "UPDATE inbox_lane SET due_at = coalesce((SELECT due_at FROM inbox_entry
            WHERE lane = name AND state = 0 ORDER BY position LIMIT 1), due_at)",
    )?;
    transaction.commit()
}

/// The file that `sqlite:<file>` names.
#[must_use]
pub fn sqlite_file(url: &str) -> Option<PathBuf> {
    let file = url.strip_prefix("sqlite:")?;
    let file = file.strip_prefix("//").unwrap_or(file);
    (!file.is_empty()).then(|| file.into())
}
