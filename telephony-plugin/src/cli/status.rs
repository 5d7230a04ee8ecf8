//! `telephony status`: how the running server is.

use std::fmt::Write as _;
use std::io;
use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};

use super::state::{Question, list, number, text};

/// Say how the running server is: its accounts, what it took, what waits.
#[derive(Debug, Args)]
pub(super) struct Status {
    #[command(flatten)]
    question: Question,
}

impl Status {
    pub(super) fn run(self) -> io::Result<ExitCode> {
        self.question.ask("telephony.status", &json!({}), lines)
    }
}

fn lines(answer: &Value) -> String {
    let at = |path: &str| number(answer, path);
    let mut lines = format!(
        "telephony {} (pid {}) at http://{}\n",
        text(answer, "version"),
        at("/pid"),
        text(answer, "address"),
    );
    // Writing to a string does not fail.
    for account in list(answer, "accounts") {
        let from = account.get("from").and_then(Value::as_str).unwrap_or("no number of its own");
        let _ = writeln!(
            lines,
            "account {}: {}, {from}, policy {}",
            text(account, "id"),
            text(account, "provider"),
            text(account, "policy"),
        );
    }
    let _ = writeln!(
        lines,
        "webhooks: {} taken, {} repeated, {} not verified, {} not stored",
        at("/webhooks/accepted"),
        at("/webhooks/duplicates"),
        at("/webhooks/unverified"),
        at("/webhooks/notStored"),
    );
    let _ = writeln!(lines, "sessions: {} of {}", at("/sessions"), at("/maxConcurrentSessions"),);
    let _ = writeln!(
        lines,
        "inbox: {} wait, {} done, {} failed",
        at("/inbox/waiting"),
        at("/inbox/done"),
        at("/inbox/failed"),
    );
    let _ = writeln!(
        lines,
        "outbox: {} wait, {} refused, {} unknown",
        at("/outbox/queued"),
        at("/outbox/refused"),
        at("/outbox/unknown"),
    );
    lines
}
