//! What a column holds, as it is written and as it is read.

use std::str::FromStr;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Answer, SqlError};

/// What a column holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    /// Nothing.
    Null,
    /// A number, a time in milliseconds since the Unix epoch, or 0 and 1 for no and yes.
    Integer(i64),
    /// A text.
    Text(String),
    /// Bytes.
    Bytes(Vec<u8>),
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Integer(number.into())
    }
}

impl From<bool> for Value {
    fn from(is_so: bool) -> Self {
        Self::Integer(is_so.into())
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&String> for Value {
    fn from(text: &String) -> Self {
        Self::Text(text.clone())
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

impl From<&[u8]> for Value {
    fn from(bytes: &[u8]) -> Self {
        Self::Bytes(bytes.to_vec())
    }
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// Something as JSON, as a column keeps it.
pub(crate) fn json(value: &impl Serialize) -> Answer<String> {
    Ok(serde_json::to_string(value)?)
}

/// A row of an answer.
#[derive(Debug, Clone)]
pub(crate) struct Row(Vec<Value>);

impl Row {
    pub(super) const fn new(columns: Vec<Value>) -> Self {
        Self(columns)
    }

    /// What a column holds.
    pub(crate) fn get<'a, T: FromValue<'a>>(&'a self, column: usize) -> Answer<T> {
        let value = self.0.get(column).and_then(T::from_value);
        value.ok_or(SqlError::Unreadable(column, None))
    }

    /// What a column holds as text.
    pub(crate) fn parsed<T>(&self, column: usize) -> Answer<T>
    where
        T: FromStr<Err: std::error::Error + Send + Sync + 'static>,
    {
        parse(column, self.get(column)?)
    }

    /// What a column holds as text, if anything.
    pub(crate) fn optional<T>(&self, column: usize) -> Answer<Option<T>>
    where
        T: FromStr<Err: std::error::Error + Send + Sync + 'static>,
    {
        self.get::<Option<&str>>(column)?.map(|text| parse(column, text)).transpose()
    }

    /// What a column holds as JSON.
    pub(crate) fn json<T: DeserializeOwned>(&self, column: usize) -> Answer<T> {
        read(column, self.get(column)?)
    }

    /// What a column holds as JSON, if anything.
    pub(crate) fn optional_json<T: DeserializeOwned>(&self, column: usize) -> Answer<Option<T>> {
        self.get::<Option<&str>>(column)?.map(|text| read(column, text)).transpose()
    }
}

fn parse<T>(column: usize, text: &str) -> Answer<T>
where
    T: FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    text.parse().map_err(|error| SqlError::Unreadable(column, Some(Box::new(error))))
}

fn read<T: DeserializeOwned>(column: usize, text: &str) -> Answer<T> {
    serde_json::from_str(text).map_err(|error| SqlError::Unreadable(column, Some(Box::new(error))))
}

/// What can be read from a column.
pub(crate) trait FromValue<'a>: Sized {
    /// What `value` is; `None` when it is something else.
    fn from_value(value: &'a Value) -> Option<Self>;
}

impl<'a> FromValue<'a> for &'a str {
    fn from_value(value: &'a Value) -> Option<Self> {
        if let Value::Text(text) = value { Some(text) } else { None }
    }
}

impl FromValue<'_> for String {
    fn from_value(value: &Value) -> Option<Self> {
        <&str>::from_value(value).map(str::to_owned)
    }
}

impl<'a> FromValue<'a> for &'a [u8] {
    fn from_value(value: &'a Value) -> Option<Self> {
        if let Value::Bytes(bytes) = value { Some(bytes) } else { None }
    }
}

impl FromValue<'_> for i64 {
    fn from_value(value: &Value) -> Option<Self> {
        if let Value::Integer(number) = value { Some(*number) } else { None }
    }
}

impl FromValue<'_> for u64 {
    fn from_value(value: &Value) -> Option<Self> {
        i64::from_value(value)?.try_into().ok()
    }
}

impl FromValue<'_> for u32 {
    fn from_value(value: &Value) -> Option<Self> {
        i64::from_value(value)?.try_into().ok()
    }
}

impl FromValue<'_> for bool {
    fn from_value(value: &Value) -> Option<Self> {
        i64::from_value(value).map(|number| number != 0)
    }
}

impl<'a, T: FromValue<'a>> FromValue<'a> for Option<T> {
    fn from_value(value: &'a Value) -> Option<Self> {
        if *value == Value::Null { Some(None) } else { T::from_value(value).map(Some) }
    }
}
