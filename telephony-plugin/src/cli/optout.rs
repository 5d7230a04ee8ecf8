//! `telephony optout`: who wants no more messages.

use std::fmt::Write as _;
use std::io;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use telephony_core::{AccountId, PhoneNumber};

use super::state::{Question, list, text};

/// List who wants no more messages, and correct the list.
#[derive(Debug, Args)]
pub(super) struct OptOut {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show who wants no more messages, since when, and how that is known.
    List {
        #[command(flatten)]
        of: Of,
    },
    /// Send somebody nothing more.
    Add {
        /// Whom: +, country code, number.
        number: PhoneNumber,
        #[command(flatten)]
        of: Of,
    },
    /// Let messages go to somebody again. The carrier may have a list of its own, which only a
    /// START from their phone lifts.
    Remove {
        /// Whom: +, country code, number.
        number: PhoneNumber,
        #[command(flatten)]
        of: Of,
    },
}

#[derive(Debug, Args)]
struct Of {
    /// The account; all of them when it is missing.
    #[arg(long, value_name = "ID")]
    account: Option<AccountId>,

    #[command(flatten)]
    question: Question,
}

impl OptOut {
    pub(super) fn run(self) -> io::Result<ExitCode> {
        match self.command {
            Command::List { of } => {
                of.question.ask("optout.list", &json!({ "account": of.account }), lines)
            }
            Command::Add { number, of } => {
                let params = json!({ "number": number, "account": of.account });
                of.question.ask("optout.add", &params, |_| "nothing more is sent there".to_owned())
            }
            Command::Remove { number, of } => {
                let params = json!({ "number": number, "account": of.account });
                of.question.ask("optout.remove", &params, |_| "may be texted again".to_owned())
            }
        }
    }
}

fn lines(answer: &Value) -> String {
    let mut lines = String::new();
    for one in list(answer, "optedOut") {
        // Writing to a string does not fail.
        let _ = writeln!(
            lines,
            "{}  since {}  account {}, by {}",
            text(one, "number"),
            text(one, "since"),
            text(one, "account"),
            text(one, "source"),
        );
    }
    if lines.is_empty() { "nobody has opted out".to_owned() } else { lines }
}
