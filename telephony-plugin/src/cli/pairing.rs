//! `telephony pairing`: who waits, who may talk.

use std::fmt::Write as _;
use std::io;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::{Value, json};
use telephony_core::{AccountId, PhoneNumber};

use super::state::{Question, list, text};

/// List who wants to talk, and decide about it.
#[derive(Debug, Args)]
pub(super) struct Pairing {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show who waits with which code, and who has been approved.
    List {
        #[command(flatten)]
        of: Of,
    },
    /// Approve whoever waits with a code; they get a text that says so.
    Approve {
        /// The code they were texted.
        code: String,
        #[command(flatten)]
        of: Of,
    },
    /// Forget whoever waits with a code.
    Dismiss {
        /// The code they were texted.
        code: String,
        #[command(flatten)]
        of: Of,
    },
    /// Take an approval back.
    Revoke {
        /// Whose: +, country code, number.
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

impl Pairing {
    pub(super) fn run(self) -> io::Result<ExitCode> {
        match self.command {
            Command::List { of } => {
                let params = json!({ "account": of.account });
                of.question.ask("pairing.list", &params, lines)
            }
            Command::Approve { code, of } => {
                let params = json!({ "code": code, "account": of.account });
                of.question.ask("pairing.approve", &params, |answer| {
                    format!(
                        "{} may talk to account {}",
                        text(answer, "number"),
                        text(answer, "account")
                    )
                })
            }
            Command::Dismiss { code, of } => {
                let params = json!({ "code": code, "account": of.account });
                of.question.ask("pairing.dismiss", &params, |_| "forgotten".to_owned())
            }
            Command::Revoke { number, of } => {
                let params = json!({ "number": number, "account": of.account });
                of.question.ask("pairing.revoke", &params, |_| "may not talk any more".to_owned())
            }
        }
    }
}

fn lines(answer: &Value) -> String {
    let (requests, approved) = (list(answer, "requests"), list(answer, "approved"));
    let mut lines = String::new();
    for request in requests {
        // Writing to a string does not fail.
        let _ = writeln!(
            lines,
            "{}  waits     {}  account {}, until {}",
            text(request, "code"),
            text(request, "number"),
            text(request, "account"),
            text(request, "expiresAt"),
        );
    }
    for one in approved {
        let (number, account) = (text(one, "number"), text(one, "account"));
        let _ = writeln!(lines, "          approved  {number}  account {account}");
    }
    if lines.is_empty() { "nobody waits, and nobody has been approved".to_owned() } else { lines }
}
