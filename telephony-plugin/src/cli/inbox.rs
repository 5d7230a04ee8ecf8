//! `telephony inbox`: what came, and what became of it.

use std::fmt::Write as _;
use std::io;
use std::process::ExitCode;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};
use telephony_core::MessageId;

use super::state::{Question, list, number, text};

/// List what came and was not answered, and try it again.
#[derive(Debug, Args)]
pub(super) struct Inbox {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show events, the newest first; without their contents.
    List {
        /// Which ones.
        #[arg(long, value_enum, default_value = "failed")]
        state: State,
        /// How many at the most.
        #[arg(long, default_value_t = 100)]
        limit: usize,
        #[command(flatten)]
        question: Question,
    },
    /// Try an event again that was set aside.
    Retry {
        /// Its id, as the list shows it.
        id: MessageId,
        #[command(flatten)]
        question: Question,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum State {
    /// Those that wait or are being answered.
    Waiting,
    /// Those that are done.
    Done,
    /// Those that were set aside after too many tries.
    Failed,
}

impl State {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }
}

impl Inbox {
    pub(super) fn run(self) -> io::Result<ExitCode> {
        match self.command {
            Command::List { state, limit, question } => {
                let params = json!({ "state": state.as_str(), "limit": limit });
                question.ask("inbox.list", &params, lines)
            }
            Command::Retry { id, question } => {
                question.ask("inbox.retry", &json!({ "id": id }), |_| "waits again".to_owned())
            }
        }
    }
}

fn lines(answer: &Value) -> String {
    let mut lines = String::new();
    for entry in list(answer, "entries") {
        // Writing to a string does not fail.
        let _ = writeln!(
            lines,
            "{}  account {}  {} tries  {}  {}",
            text(entry, "id"),
            text(entry, "account"),
            number(entry, "/attempts"),
            text(entry, "receivedAt"),
            text(entry, "reason"),
        );
    }
    let count = |state| number(answer, &format!("/counts/{state}"));
    let (waiting, done, failed) = (count("waiting"), count("done"), count("failed"));
    let _ = writeln!(lines, "{waiting} wait, {done} are done, {failed} failed");
    lines
}
