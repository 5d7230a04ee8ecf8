//! A transaction in an SQLite file: the only one there is.

use rusqlite::types::{ToSqlOutput, Type, ValueRef};
use rusqlite::{Connection, ToSql, params_from_iter};

use super::{Answer, Row, Sql, SqlError, Value};

/// The writer's connection, in a transaction.
pub(super) struct Sqlite<'a>(pub(super) &'a Connection);

impl Sql for Sqlite<'_> {
    fn execute(&self, sql: &str, values: &[Value]) -> Answer<usize> {
        Ok(self.0.prepare_cached(sql)?.execute(params_from_iter(values))?)
    }

    fn query(&self, sql: &str, values: &[Value]) -> Answer<Vec<Row>> {
        let mut statement = self.0.prepare_cached(sql)?;
        let columns = statement.column_count();
        let mut rows = statement.query(params_from_iter(values))?;
        let mut read = Vec::new();
        while let Some(row) = rows.next()? {
            let values = (0..columns).map(|column| value(column, row.get_ref(column)?));
            read.push(Row::new(values.collect::<Answer<_>>()?));
        }
        Ok(read)
    }

    fn is_shared(&self) -> bool {
        false
    }

    fn lock(&self, _: &str) -> Answer<()> {
        Ok(())
    }

    fn try_lock(&self, _: &str) -> Answer<bool> {
        Ok(true)
    }
}

fn value(column: usize, held: ValueRef<'_>) -> Answer<Value> {
    match held {
        ValueRef::Null => Ok(Value::Null),
        ValueRef::Integer(number) => Ok(Value::Integer(number)),
        ValueRef::Text(text) => match std::str::from_utf8(text) {
            Ok(text) => Ok(Value::Text(text.to_owned())),
            Err(error) => Err(SqlError::Unreadable(column, Some(Box::new(error)))),
        },
        ValueRef::Blob(bytes) => Ok(Value::Bytes(bytes.to_vec())),
        // No table of ours has such a column.
        ValueRef::Real(_) => Err(SqlError::Unreadable(column, None)),
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Integer(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

/// As the writer knows it, which tells a full disk and a locked file from the rest.
pub(super) fn into_sqlite(error: SqlError) -> rusqlite::Error {
    match error {
        SqlError::Sqlite(error) => error,
        SqlError::Unreadable(column, _) => {
            rusqlite::Error::FromSqlConversionFailure(column, Type::Null, Box::new(error))
        }
        other => rusqlite::Error::ToSqlConversionFailure(Box::new(other)),
    }
}
