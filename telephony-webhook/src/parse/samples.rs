//! Accounts and verified requests for the tests of the parsers.

use serde_json::{Value, json};
use telephony_core::config::{Account, Host, from_value};
use telephony_core::{Event, Timestamp};

use super::{Claims, Notice, ParseError, Route, parse};
use crate::request::{Request, Verified};
use crate::url::UrlRefusal;
use crate::verify::DangerousUnsigned;

/// An account of a configuration.
pub(super) fn account(configuration: Value) -> Account {
    let config = from_value(configuration, Host::Standalone, &|_| None).unwrap();
    config.accounts.into_iter().next().unwrap()
}

pub(super) fn twilio() -> Account {
    account(json!({
        "provider": "twilio",
        "fromNumber": "+15017122661",
        "publicUrl": "https://example.com",
        "twilio": { "accountSid": "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "authToken": "token" },
    }))
}

pub(super) fn telnyx() -> Account {
    account(json!({
        "provider": "telnyx",
        "fromNumber": "+17735550002",
        "publicUrl": "https://example.com",
        "telnyx": {
            "apiKey": "KEY",
            "publicKey": "6kpsY+KcUgq+9VB7Ey7F+ZVHdq6+vnuSQh7qaRRG0iw=",
        },
    }))
}

pub(super) fn plivo() -> Account {
    account(json!({
        "provider": "plivo",
        "fromNumber": "+12025551000",
        "publicUrl": "https://example.com",
        "plivo": { "authId": "MA00000000000000000A", "authToken": "token" },
    }))
}

pub(super) fn mock() -> Account {
    account(json!({ "provider": "mock", "fromNumber": "+15550001111" }))
}

/// A request that somebody verified.
pub(super) fn verified(method: &str, target: &str, kind: &str, body: &[u8]) -> Request<Verified> {
    let headers = [("Host", "localhost"), ("Content-Type", kind)].into_iter().collect();
    let request = Request::new(method, target, headers, body, Timestamp::EPOCH);
    let verifier = DangerousUnsigned::dangerously_accept_unsigned();
    request.verify(&verifier, Err(UrlRefusal::Unknown)).unwrap()
}

/// What a form says that was posted to `target`.
pub(super) fn form(account: &Account, target: &str, body: &str) -> Result<Notice, ParseError> {
    let request = verified("POST", target, "application/x-www-form-urlencoded", body.as_bytes());
    parse(&request, account, route(target))
}

/// What JSON says that was posted to `target`.
pub(super) fn json(account: &Account, target: &str, body: &Value) -> Result<Notice, ParseError> {
    let body = body.to_string();
    parse(&verified("POST", target, "application/json", body.as_bytes()), account, route(target))
}

fn route(target: &str) -> Route {
    if target.starts_with("/status") { Route::Status } else { Route::Webhook }
}

/// The parts of an event: its key, itself as JSON, whom it is for.
#[track_caller]
pub(super) fn event(notice: Result<Notice, ParseError>) -> (String, Value, Claims) {
    match notice {
        Ok(Notice::Event { key, event, claims }) => {
            (key.as_str().to_owned(), serde_json::to_value::<Event>(*event).unwrap(), claims)
        }
        other => panic!("{other:?}"),
    }
}

/// The name of what was ignored.
#[track_caller]
pub(super) fn ignored(notice: Result<Notice, ParseError>) -> String {
    match notice {
        Ok(Notice::Ignored { name }) => name,
        other => panic!("{other:?}"),
    }
}

/// JSON with another value at `pointer`.
pub(super) fn with(mut body: Value, pointer: &str, value: Value) -> Value {
    *body.pointer_mut(pointer).unwrap() = value;
    body
}
