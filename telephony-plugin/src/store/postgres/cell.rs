//! A value of SQLite's as one of the type that PostgreSQL has for it.

use rusqlite::types::Value;
use tokio_postgres::types::{ToSql, Type};

/// A value on its way.
pub(super) type Cell = Box<dyn ToSql + Sync + Send>;

/// The value for a column of this type; `None` when it does not fit.
pub(super) fn cell(value: Value, kind: &Type) -> Option<Cell> {
    Some(match (kind, value) {
        (&Type::INT8, value) => Box::new(integer(value)?),
        (&Type::INT4, value) => Box::new(narrow::<i32>(value)?),
        (&Type::INT2, value) => Box::new(narrow::<i16>(value)?),
        (&Type::BOOL, value) => Box::new(integer(value)?.map(|number| number != 0)),
        (&Type::TEXT | &Type::VARCHAR, Value::Null) => Box::new(None::<String>),
        // PostgreSQL keeps no NUL in a text.
        (&Type::TEXT | &Type::VARCHAR, Value::Text(text)) => {
            Box::new(text.replace('\0', "\u{fffd}"))
        }
        (&Type::BYTEA, Value::Null) => Box::new(None::<Vec<u8>>),
        (&Type::BYTEA, Value::Blob(bytes)) => Box::new(bytes),
        _ => return None,
    })
}

fn integer(value: Value) -> Option<Option<i64>> {
    match value {
        Value::Null => Some(None),
        Value::Integer(number) => Some(Some(number)),
        _ => None,
    }
}

fn narrow<T: TryFrom<i64>>(value: Value) -> Option<Option<T>> {
    integer(value)?.map_or(Some(None), |number| T::try_from(number).ok().map(Some))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_not_made_to_fit() {
        let text = || Value::Text("a".to_owned());
        for (kind, value, fits) in [
            (Type::INT8, Value::Integer(i64::MAX), true),
            (Type::INT4, Value::Integer(i64::from(i32::MAX)), true),
            (Type::INT4, Value::Integer(i64::MAX), false),
            (Type::INT2, Value::Integer(4), true),
            (Type::INT2, Value::Integer(70_000), false),
            (Type::INT2, Value::Null, true),
            (Type::BOOL, Value::Integer(1), true),
            (Type::BOOL, text(), false),
            (Type::TEXT, text(), true),
            (Type::TEXT, Value::Integer(1), false),
            (Type::TEXT, Value::Blob(vec![1]), false),
            (Type::BYTEA, Value::Blob(vec![1]), true),
            (Type::BYTEA, text(), false),
            (Type::POINT, Value::Null, false),
        ] {
            assert_eq!(cell(value.clone(), &kind).is_some(), fits, "{kind} {value:?}");
        }
    }
}
