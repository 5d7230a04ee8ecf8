//! The commands of `openclaw telephony`: what they print, and the code that they end with.

use std::fmt::Write as _;

use serde_json::{Value, json};
use telephony_core::AccountId;

use super::protocol::{
    CommandOutput, GetStatus, HangUp, PlaceCall, RunCommand, SendMessage, Verdict,
};
use super::sidecar::Sidecar;
use crate::rpc::{ErrorCode, RpcError};

impl Sidecar {
    /// Does what somebody has typed.
    pub(super) async fn command(&self, params: RunCommand) -> Result<Value, RpcError> {
        let RunCommand { command, words, options, accounts, settings } = params;
        let word = |at: usize| words.get(at).cloned();
        let option = |name: &str| options.get(name).and_then(Value::as_str).map(str::to_owned);
        let account_id = match option("account") {
            Some(id) => Some(id.parse::<AccountId>().map_err(|error| {
                RpcError::new(ErrorCode::Params, format!("--account: {error}"))
                    .with_data(json!({ "field": "account" }))
            })?),
            None => None,
        };
        let to = word(0).unwrap_or_default();
        let answer = match command.as_str() {
            "send" => {
                let send = SendMessage {
                    to,
                    message: word(1).unwrap_or_default(),
                    media_urls: option("media").into_iter().collect(),
                    account_id,
                    idempotency_key: None,
                    delivery_queue_id: None,
                    markdown: false,
                    media_roots: None,
                };
                self.running().await?.send(send).await?
            }
            "call" => {
                let (message, webhook_url) = (option("say"), option("url"));
                let idempotency_key = None;
                let call = PlaceCall { to, message, webhook_url, account_id, idempotency_key };
                self.running().await?.call(call).await?
            }
            "hangup" => self.running().await?.hang_up(HangUp { call_id: to, account_id }).await?,
            "status" => match word(0) {
                Some(id) => self.running().await?.get_status(GetStatus { id, account_id }).await?,
                None => self.running().await?.status().await?,
            },
            "doctor" => {
                let is_set = |name: &str| options.get(name).and_then(Value::as_bool) == Some(true);
                let (json, sets) = (is_set("json"), is_set("fix") && is_set("yes"));
                let examination = self.examine(account_id, &accounts, &settings, sets).await?;
                return Ok(json!(examination.output(json)));
            }
            _ => {
                let sentence = "command: expected send, call, hangup, status or doctor";
                return Err(RpcError::new(ErrorCode::Params, sentence)
                    .with_data(json!({ "field": "command" })));
            }
        };
        let is_json = options.get("json").and_then(Value::as_bool) == Some(true);
        let text = if is_json { answer.to_string() } else { readable(&answer) };
        Ok(json!(CommandOutput { text, exit_code: exit_code(&answer) }))
    }
}

/// The code of a command: 3 for what may have been sent, 1 for what was not.
fn exit_code(answer: &Value) -> u8 {
    let outcome = answer.get("outcome").cloned().map(serde_json::from_value::<Verdict>);
    match outcome {
        Some(Ok(Verdict::Unknown | Verdict::Partial)) => 3,
        Some(Ok(Verdict::NotSent | Verdict::Refused)) => 1,
        _ => 0,
    }
}

/// An answer in lines for people.
fn readable(answer: &Value) -> String {
    let mut lines = String::new();
    write_lines(&mut lines, answer, 0);
    lines.trim_end().to_owned()
}

fn write_lines(lines: &mut String, value: &Value, depth: usize) {
    let entries: Vec<(String, &Value)> = match value {
        Value::Object(object) => object.iter().map(|(key, value)| (key.clone(), value)).collect(),
        Value::Array(items) => {
            items.iter().enumerate().map(|(at, item)| ((at + 1).to_string(), item)).collect()
        }
        _ => return,
    };
    let indent = "  ".repeat(depth);
    // Writing to a string does not fail.
    for (key, value) in entries {
        let _ = match value {
            Value::Null => Ok(()),
            Value::Object(_) | Value::Array(_) => writeln!(lines, "{indent}{key}:"),
            Value::String(text) => writeln!(lines, "{indent}{key}: {text}"),
            other => writeln!(lines, "{indent}{key}: {other}"),
        };
        write_lines(lines, value, depth + 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_read_lines_without_what_is_not_there() {
        let answer = json!({
            "id": "msg_1", "error": null, "parts": 2, "detail": { "ids": ["SM1", "SM2"] },
        });
        let expected = "detail:\n  ids:\n    1: SM1\n    2: SM2\nid: msg_1\nparts: 2";
        let mut found: Vec<_> = readable(&answer).lines().map(str::to_owned).collect();
        let mut expected: Vec<_> = expected.lines().map(str::to_owned).collect();
        // Keys come in whatever order JSON is kept.
        found.sort();
        expected.sort();
        assert_eq!(found, expected);
    }

    #[test]
    fn the_code_says_whether_it_may_have_been_sent() {
        for (answer, code) in [
            (json!({ "outcome": "sent" }), 0),
            (json!({ "outcome": "refused" }), 1),
            (json!({ "outcome": "not_sent" }), 1),
            (json!({ "outcome": "partial" }), 3),
            (json!({ "outcome": "unknown" }), 3),
            (json!({ "accounts": [{ "running": false }] }), 0),
        ] {
            assert_eq!(exit_code(&answer), code, "{answer}");
        }
    }
}
