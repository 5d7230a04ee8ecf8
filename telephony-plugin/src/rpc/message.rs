//! The objects of JSON-RPC 2.0: requests, notifications, answers.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use thiserror::Error;

/// Why a request was not carried out.
#[derive(Debug, Clone, PartialEq, Error, Serialize, Deserialize)]
#[error("{message}")]
#[non_exhaustive]
pub struct RpcError {
    /// The code, of the specification or of [`ErrorCode`].
    pub code: i64,
    /// What is wrong and what to do, for people.
    pub message: String,
    /// More of it, for programs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<Value>,
}

/// The codes of errors: those of the specification (-32700 to -32600), and ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorCode {
    /// The line is not JSON, or too long.
    Parse,
    /// The object is no request.
    Invalid,
    /// There is no such method.
    NoMethod,
    /// The parameters are not what the method takes; `data.field` names the one that is not.
    Params,
    /// We failed.
    Internal,
    /// It cannot be done as things are: nothing was.
    Refused,
    /// There is no such thing.
    NotFound,
}

impl ErrorCode {
    /// The number of it.
    #[must_use]
    pub const fn number(self) -> i64 {
        match self {
            Self::Parse => -32700,
            Self::Invalid => -32600,
            Self::NoMethod => -32601,
            Self::Params => -32602,
            Self::Internal => -32603,
            Self::Refused => -32000,
            Self::NotFound => -32001,
        }
    }
}

impl RpcError {
    /// An error with that code and sentence.
    #[must_use]
    pub fn new(code: ErrorCode, message: impl fmt::Display) -> Self {
        Self { code: code.number(), message: message.to_string(), data: None }
    }

    /// The same, with more for programs.
    #[must_use]
    pub fn with_data(mut self, data: Value) -> Self {
        self.data = Some(data);
        self
    }

    /// Parameters that are not what the method takes.
    #[must_use]
    pub fn params(error: &serde_json::Error) -> Self {
        // The library's sentences name fields and types, and repeat what was found where that is a
        // string: it is cut off there.
        let text = error.to_string();
        let safe = text.split([':', ',']).next().unwrap_or_default();
        let sentence = if text.starts_with("invalid type") || text.starts_with("invalid value") {
            text.rsplit_once("expected ").map(|(_, expected)| format!("expected {expected}"))
        } else {
            None
        };
        Self::new(ErrorCode::Params, sentence.unwrap_or_else(|| safe.to_owned()))
    }
}

/// What a line can be.
#[derive(Debug)]
pub(super) enum Incoming {
    /// Something is asked; without an id nobody waits for the answer.
    Request { id: Option<Value>, method: String, params: Value },
    /// An answer to what we asked.
    Answer { id: u64, result: Result<Value, RpcError> },
}

#[derive(Deserialize)]
struct Object {
    jsonrpc: String,
    #[serde(default)]
    id: Option<Value>,
    #[serde(default)]
    method: Option<String>,
    #[serde(default)]
    params: Value,
    #[serde(default)]
    result: Option<Value>,
    #[serde(default)]
    error: Option<RpcError>,
}

/// A line that is none of these.
#[derive(Debug)]
pub(super) struct BadLine {
    /// What to answer to; null where that cannot be told.
    pub(super) id: Value,
    pub(super) error: RpcError,
}

/// Reads a line.
pub(super) fn parse(line: &[u8]) -> Result<Incoming, Box<BadLine>> {
    let bad = |id, code, message| Box::new(BadLine { id, error: RpcError::new(code, message) });
    let value: Value = serde_json::from_slice(line)
        .map_err(|_| bad(Value::Null, ErrorCode::Parse, "the line is not JSON"))?;
    let id = value.get("id").filter(|id| id.is_string() || id.is_number()).cloned();
    let invalid =
        |message| Err(bad(id.clone().unwrap_or(Value::Null), ErrorCode::Invalid, message));
    let Ok(object) = serde_json::from_value::<Object>(value) else {
        return invalid("the object is no JSON-RPC request or answer");
    };
    if object.jsonrpc != "2.0" {
        return invalid("jsonrpc must be \"2.0\"");
    }
    match (object.method, object.result, object.error) {
        (Some(method), None, None) => {
            if object.id.is_some() && id.is_none() {
                return invalid("id must be a string or a number");
            }
            Ok(Incoming::Request { id, method, params: object.params })
        }
        (None, result, error) => {
            let Some(number) = id.as_ref().and_then(Value::as_u64) else {
                return invalid("the answer has no id of ours");
            };
            let result = match error {
                Some(error) => Err(error),
                None => Ok(result.unwrap_or(Value::Null)),
            };
            Ok(Incoming::Answer { id: number, result })
        }
        _ => invalid("the object is both a request and an answer"),
    }
}

pub(super) fn request(id: u64, method: &str, params: &Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })
}

pub(super) fn notification(method: &str, params: &Value) -> Value {
    json!({ "jsonrpc": "2.0", "method": method, "params": params })
}

pub(super) fn answer(id: &Value, result: Result<Value, RpcError>) -> Value {
    match result {
        Ok(result) => json!({ "jsonrpc": "2.0", "id": id, "result": result }),
        Err(error) => json!({ "jsonrpc": "2.0", "id": id, "error": error }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bad_lines_are_answered_by_what_is_wrong_with_them() {
        for (line, id, code) in [
            ("{", Value::Null, ErrorCode::Parse),
            ("[]", Value::Null, ErrorCode::Invalid),
            (r#"{"id":7,"method":"a"}"#, json!(7), ErrorCode::Invalid),
            (r#"{"jsonrpc":"1.0","id":"x","method":"a"}"#, json!("x"), ErrorCode::Invalid),
            (r#"{"jsonrpc":"2.0","id":{},"method":"a"}"#, Value::Null, ErrorCode::Invalid),
            (r#"{"jsonrpc":"2.0","id":1,"method":4}"#, json!(1), ErrorCode::Invalid),
            (r#"{"jsonrpc":"2.0","id":1,"method":"a","result":1}"#, json!(1), ErrorCode::Invalid),
        ] {
            let bad = parse(line.as_bytes()).unwrap_err();
            assert_eq!((bad.id, bad.error.code), (id, code.number()), "{line}");
        }
    }

    #[test]
    fn requests_notifications_and_answers_are_told_apart() {
        let parsed = |line: &str| parse(line.as_bytes()).unwrap();
        assert!(matches!(
            parsed(r#"{"jsonrpc":"2.0","id":"a","method":"m","params":{"x":1}}"#),
            Incoming::Request { id: Some(_), .. }
        ));
        assert!(matches!(
            parsed(r#"{"jsonrpc":"2.0","method":"m"}"#),
            Incoming::Request { id: None, params: Value::Null, .. }
        ));
        assert!(matches!(
            parsed(r#"{"jsonrpc":"2.0","id":3,"result":null}"#),
            Incoming::Answer { id: 3, result: Ok(Value::Null) }
        ));
        assert!(matches!(
            parsed(r#"{"jsonrpc":"2.0","id":3,"error":{"code":-1,"message":"no"}}"#),
            Incoming::Answer { id: 3, result: Err(_) }
        ));
    }

    #[test]
    fn what_was_sent_is_not_repeated() {
        #[derive(Debug, Deserialize)]
        struct Params {
            #[allow(dead_code, reason = "only read")]
            count: u32,
        }
        for text in [r#"{"count":"canary"}"#, r#"{"count":-5551234}"#, "{}"] {
            let error = serde_json::from_str::<Params>(text).unwrap_err();
            let error = RpcError::params(&error);
            assert!(!error.message.contains("canary") && !error.message.contains("5551234"));
            assert!(!error.message.is_empty());
        }
    }
}
