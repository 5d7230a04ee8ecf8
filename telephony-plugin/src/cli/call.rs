//! `telephony call`, `telephony calls` and `telephony hangup`.

use std::fmt::Write as _;
use std::io;
use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};
use telephony_core::config::Account;
use telephony_core::{
    CallContent, CallId, CallRequest, HttpUrl, MachineDetection, OsEntropy, PhoneNumber,
    ProviderCallId, SystemClock,
};
use telephony_providers::{Connection, Error, ErrorKind, Outcome, Speech};

use super::carrier::Carrier;
use super::state::{Question, list, text};

/// Place a call that speaks a text, or follows the carrier's own instructions at a URL.
///
/// Without --say and --url the call speaks voice.greeting. Exits with 0 when the provider took it,
/// 1 when it was not placed, 2 for wrong usage, and 3 when that is not known.
#[derive(Debug, Args)]
pub(super) struct Call {
    /// Whom to call: +, country code, number.
    to: PhoneNumber,

    /// What the call says.
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    say: Option<String>,

    /// Where the carrier's own call instructions are.
    #[arg(long, conflicts_with = "say")]
    url: Option<HttpUrl>,

    /// What to do when a machine answers: off, report or hangup; else what is configured.
    #[arg(long, value_name = "WHAT", value_parser = machine)]
    machine: Option<MachineDetection>,

    #[command(flatten)]
    carrier: Carrier,
}

impl Call {
    pub(super) fn run(self) -> io::Result<ExitCode> {
        if self.carrier.is_left_to_the_server() {
            let params = json!({
                "to": self.to, "message": self.say, "webhookUrl": self.url,
                "account": self.carrier.account(), "machineDetection": self.machine,
            });
            return self.carrier.ask_server("telephony.call", &params, show);
        }
        let Self { to, say, url, machine, carrier } = self;
        carrier.with(
            async |account, connection| place(account, connection, to, say, url, machine).await,
            |placed| format!("calling as {}: {}", text(placed, "id"), text(placed, "status")),
        )
    }
}

fn machine(text: &str) -> Result<MachineDetection, &'static str> {
    serde_json::from_value(text.into()).map_err(|_| "expected off, report or hangup")
}

/// Places a call without a server, which nobody follows.
async fn place(
    account: &Account,
    connection: &Connection,
    to: PhoneNumber,
    say: Option<String>,
    url: Option<HttpUrl>,
    machine: Option<MachineDetection>,
) -> Result<Value, Error> {
    let provider = connection.messaging.kind();
    let refuse = |kind, sentence| Err(Error::new(provider, kind, Outcome::NotSent, sentence));
    if !account.voice.enabled {
        return refuse(ErrorKind::Configuration, "calls are off: set voice.enabled to true");
    }
    if !account.allow_to.is_empty() && !account.allow_to.contains(&to) {
        return refuse(ErrorKind::Configuration, "this number is not in allowTo: add it there");
    }
    if url.is_none() && connection.messaging.capabilities().speech != Speech::Inline {
        let sentence = "it asks a server what the call says: start `telephony serve`, and leave \
                        --config out";
        return refuse(ErrorKind::Configuration, sentence);
    }
    let id = CallId::generate(&SystemClock, &OsEntropy).map_err(|error| {
        let (kind, outcome) = (ErrorKind::Temporary, Outcome::NotSent);
        Error::new(provider, kind, outcome, "no id can be made").with_source(error)
    })?;
    let voice = &account.voice;
    let content = match url {
        Some(url) => CallContent::Url(url),
        None => {
            let text = say.unwrap_or_else(|| voice.greeting.clone());
            CallContent::Say { text: text.into(), language: voice.language.clone() }
        }
    };
    let mut request = CallRequest::new(id, to, content);
    request.ring_seconds = Some(voice.ring_timeout_seconds);
    request.max_duration_seconds = Some(voice.max_duration_seconds);
    request.machine_detection = machine.unwrap_or(voice.machine_detection);
    let placed = connection.voice.place(&request).await?;
    Ok(json!({ "id": placed.id, "account": account.id, "status": placed.status }))
}

/// Show calls: the latest ones, or all that is known of one.
#[derive(Debug, Args)]
pub(super) struct Calls {
    /// Our id of the call, or the provider's.
    id: Option<ProviderCallId>,

    #[command(flatten)]
    question: Question,
}

impl Calls {
    pub(super) fn run(self) -> io::Result<ExitCode> {
        match self.id {
            Some(id) => self.question.ask("telephony.call_status", &json!({ "id": id }), show),
            None => self.question.ask("telephony.calls", &json!({}), list_of),
        }
    }
}

/// End a call.
#[derive(Debug, Args)]
pub(super) struct Hangup {
    /// The server's id of the call, or the provider's; the provider's with --config.
    id: ProviderCallId,

    #[command(flatten)]
    carrier: Carrier,
}

impl Hangup {
    pub(super) fn run(self) -> io::Result<ExitCode> {
        if self.carrier.is_left_to_the_server() {
            let params = json!({ "id": self.id, "account": self.carrier.account() });
            let over = |_: &Value| "the call is over\n".to_owned();
            return self.carrier.ask_server("telephony.hangup", &params, over);
        }
        self.carrier.with(
            async |account, connection| {
                connection.voice.hang_up(&self.id).await?;
                Ok(json!({ "id": self.id, "account": account.id, "status": "ended" }))
            },
            |_| "the call is over".to_owned(),
        )
    }
}

/// A call in the word that says most about it.
fn word(call: &Value) -> &str {
    let (outcome, status) = (text(call, "outcome"), text(call, "status"));
    if outcome == "placed" && !status.is_empty() { status } else { outcome }
}

/// A call, and what happened to it.
fn show(call: &Value) -> String {
    let mut lines = format!("{} is {}", text(call, "id"), word(call));
    // Writing to a string does not fail.
    if let Some(seconds) = call.get("durationSeconds").and_then(Value::as_u64) {
        let _ = write!(lines, " after {seconds} s");
    }
    match call.get("answeredByMachine").and_then(Value::as_bool) {
        Some(true) => lines.push_str(", a machine answered"),
        Some(false) => lines.push_str(", a person answered"),
        None => {}
    }
    match text(call, "reception") {
        "" => {}
        reception => lines.push_str(&format!(", {reception} by us")),
    }
    for (key, before) in [("code", " (code "), ("reason", ": ")] {
        if !text(call, key).is_empty() {
            let after = if key == "code" { ")" } else { "" };
            let _ = write!(lines, "{before}{}{after}", text(call, key));
        }
    }
    lines.push('\n');
    for event in list(call, "history") {
        let (raw, status) = (text(event, "raw"), text(event, "status"));
        let status = if status.is_empty() || status == raw { "" } else { status };
        let _ = writeln!(lines, "  {} {raw} {status}", text(event, "at"));
    }
    lines
}

/// The latest calls, a line each.
fn list_of(answer: &Value) -> String {
    let mut lines = String::new();
    for call in list(answer, "calls") {
        let [at, id, account] = ["createdAt", "id", "account"].map(|key| text(call, key));
        let from = if text(call, "direction") == "inbound" { "from" } else { "to" };
        let number = Some(text(call, "number")).filter(|number| !number.is_empty());
        let number = number.unwrap_or("a hidden number");
        // Writing to a string does not fail.
        let reception = Some(text(call, "reception")).filter(|word| !word.is_empty());
        let word = reception.unwrap_or_else(|| word(call));
        let _ = writeln!(lines, "{at} {id} {account} {from} {number} {word}");
    }
    if lines.is_empty() {
        lines.push_str("there were no calls yet\n");
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_shows_what_happened_to_it() {
        let call = json!({
            "id": "call_1", "account": "default", "direction": "outbound", "number": "+15550001234",
            "createdAt": "2026-01-01T00:00:00Z", "outcome": "placed", "status": "completed",
            "durationSeconds": 7, "answeredByMachine": true, "code": "200", "reason": null,
            "history": [
                { "at": "2026-01-01T00:00:01Z", "raw": "ringing", "status": "ringing" },
                { "at": "2026-01-01T00:00:09Z", "raw": "call.hangup", "status": "completed" },
            ],
        });
        let expected = "call_1 is completed after 7 s, a machine answered (code 200)\n  \
                        2026-01-01T00:00:01Z ringing \n  2026-01-01T00:00:09Z call.hangup completed\n";
        assert_eq!(show(&call), expected);
        let listed = list_of(&json!({ "calls": [call] }));
        assert_eq!(listed, "2026-01-01T00:00:00Z call_1 default to +15550001234 completed\n");
        assert_eq!(list_of(&json!({ "calls": [] })), "there were no calls yet\n");
    }

    #[test]
    fn a_call_that_was_not_placed_says_why() {
        let call = json!({ "id": "call_1", "outcome": "refused", "reason": "twilio: no" });
        assert_eq!(show(&call), "call_1 is refused: twilio: no\n");
    }
}
