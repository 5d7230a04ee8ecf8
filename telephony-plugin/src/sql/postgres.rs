//! A transaction in PostgreSQL, beside those of others.
//!
//! Work on tables is written as one step after the other. Here each step is a question over the
//! network, so it is asked from a thread that may wait.

use std::error::Error;

use bytes::BytesMut;
use deadpool_postgres::GenericClient;
use telephony_webhook::{PostgresError, PostgresPool};
use tokio::runtime::Handle;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

use super::{Answer, Row, Sql, SqlError, Value};

/// A connection, in a transaction where something is changed.
struct Postgres<'a, C> {
    runtime: &'a Handle,
    client: &'a C,
}

/// Does `work` in a transaction, and commits it.
pub(super) async fn transact<T: Send + 'static>(
    pool: &PostgresPool,
    work: impl FnOnce(&dyn Sql) -> Answer<T> + Send + 'static,
) -> Answer<T> {
    let mut client = pool.client().await?;
    let runtime = Handle::current();
    wait(move || {
        // When this is dropped without a commit, everything is undone.
        let transaction = runtime.block_on(client.transaction())?;
        let done = work(&Postgres { runtime: &runtime, client: &transaction })?;
        runtime.block_on(transaction.commit())?;
        Ok(done)
    })
    .await
}

/// Does `work` that changes nothing: each of its questions sees what is committed by then.
pub(super) async fn read<T: Send + 'static>(
    pool: &PostgresPool,
    work: impl FnOnce(&dyn Sql) -> Answer<T> + Send + 'static,
) -> Answer<T> {
    let client = pool.client().await?;
    let runtime = Handle::current();
    wait(move || work(&Postgres { runtime: &runtime, client: &client })).await
}

async fn wait<T: Send + 'static>(work: impl FnOnce() -> Answer<T> + Send + 'static) -> Answer<T> {
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(SqlError::Panicked))
}

impl<C: GenericClient> Sql for Postgres<'_, C> {
    fn execute(&self, sql: &str, values: &[Value]) -> Answer<usize> {
        let changed = self.runtime.block_on(async {
            let statement = self.client.prepare_cached(&numbered(sql)).await?;
            self.client.execute_raw(&statement, values).await
        })?;
        Ok(usize::try_from(changed).unwrap_or(usize::MAX))
    }

    fn query(&self, sql: &str, values: &[Value]) -> Answer<Vec<Row>> {
        let values: Vec<_> = values.iter().map(|value| value as &(dyn ToSql + Sync)).collect();
        let rows = self.runtime.block_on(async {
            let statement = self.client.prepare_cached(&numbered(sql)).await?;
            self.client.query(&statement, &values).await
        })?;
        rows.iter().map(row).collect()
    }

    fn is_shared(&self) -> bool {
        true
    }

    fn lock(&self, what: &str) -> Answer<()> {
        // Two names that come to one number wait for each other needlessly, and nothing else.
        self.query("SELECT 1 FROM pg_advisory_xact_lock(hashtextextended(?1, 0))", &[what.into()])
            .map(drop)
    }

    fn try_lock(&self, what: &str) -> Answer<bool> {
        let sql = "SELECT pg_try_advisory_xact_lock(hashtextextended(?1, 0))";
        let held = self.query(sql, &[what.into()])?;
        held.first().map_or(Ok(false), |row| row.get(0))
    }
}

/// A statement as PostgreSQL numbers values. None of ours has a question mark in a text.
fn numbered(sql: &str) -> String {
    sql.replace('?', "$")
}

fn row(found: &tokio_postgres::Row) -> Answer<Row> {
    let values = (0..found.len()).map(|column| {
        let unreadable = |error| SqlError::Unreadable(column, Some(Box::new(error)));
        found.try_get::<_, Value>(column).map_err(unreadable)
    });
    Ok(Row::new(values.collect::<Answer<_>>()?))
}

impl ToSql for Value {
    fn to_sql(
        &self,
        of: &Type,
        out: &mut BytesMut,
    ) -> Result<IsNull, Box<dyn Error + Send + Sync>> {
        match self {
            Self::Null => Ok(IsNull::Yes),
            Self::Integer(number) if *of == Type::INT4 => i32::try_from(*number)?.to_sql(of, out),
            Self::Integer(number) => number.to_sql(of, out),
            Self::Text(text) => text.to_sql(of, out),
            Self::Bytes(bytes) => bytes.to_sql(of, out),
        }
    }

    fn accepts(of: &Type) -> bool {
        [Type::INT4, Type::INT8, Type::TEXT, Type::BYTEA].contains(of)
    }

    to_sql_checked!();
}

impl<'a> FromSql<'a> for Value {
    fn from_sql(of: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Send + Sync>> {
        Ok(match *of {
            Type::BOOL => Self::Integer(bool::from_sql(of, raw)?.into()),
            Type::INT4 => Self::Integer(i32::from_sql(of, raw)?.into()),
            Type::INT8 => Self::Integer(i64::from_sql(of, raw)?),
            Type::BYTEA => Self::Bytes(Vec::from_sql(of, raw)?),
            _ => Self::Text(String::from_sql(of, raw)?),
        })
    }

    fn from_sql_null(_: &Type) -> Result<Self, Box<dyn Error + Send + Sync>> {
        Ok(Self::Null)
    }

    fn accepts(of: &Type) -> bool {
        [Type::BOOL, Type::INT4, Type::INT8, Type::TEXT, Type::BYTEA].contains(of)
    }
}

impl From<PostgresError> for SqlError {
    fn from(error: PostgresError) -> Self {
        Self::Postgres(error)
    }
}

impl From<tokio_postgres::Error> for SqlError {
    fn from(error: tokio_postgres::Error) -> Self {
        Self::Postgres(error.into())
    }
}
