//! What the commands share that ask the server of a state directory.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;
use serde_json::{Value, json};

use super::carrier::read;
use super::{REFUSED, complain};
use crate::control::{Kept, ask};
use crate::report::chain;
use crate::state::StateDirectory;

/// Where everything is kept.
#[derive(Debug, Args)]
pub(super) struct State {
    /// Where everything is kept; else $TELEPHONY_STATE_DIR, $XDG_STATE_HOME/telephony or
    /// ~/.local/state/telephony.
    #[arg(long, value_name = "DIRECTORY")]
    state_dir: Option<PathBuf>,
}

impl State {
    pub(super) fn find(&self) -> Result<StateDirectory, String> {
        StateDirectory::find(self.state_dir.as_deref()).map_err(|error| chain(&error))
    }
}

/// A question to the server, or to the records when none runs.
#[derive(Debug, Args)]
pub(super) struct Question {
    #[command(flatten)]
    state: State,

    /// A configuration, whose accounts are meant when no server runs that knows its own.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// Answer with one line of JSON.
    #[arg(long)]
    json: bool,
}

impl Question {
    /// What is kept in the state directory, and of which accounts.
    fn kept(&self, state: &StateDirectory) -> Result<Kept, String> {
        let Some(path) = &self.config else { return Ok(Kept::of_default_account(state)) };
        let config = read(path)?;
        let accounts = config.accounts.iter().map(|account| account.id.clone()).collect();
        Ok(Kept { accounts, database: state.database_of(&config) })
    }

    /// Asks, and prints the answer: as it is, or as `sentence` says it.
    pub(super) fn ask(
        &self,
        method: &str,
        params: &Value,
        sentence: impl FnOnce(&Value) -> String,
    ) -> io::Result<ExitCode> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let answer = self.state.find().and_then(|state| {
            let kept = self.kept(&state)?;
            runtime.block_on(ask(&state, &kept, method, params)).map_err(|error| chain(&error))
        });
        print(self.json, answer, sentence)
    }
}

/// Prints an answer: as JSON, or as `sentence` says it; or why there is none.
pub(super) fn print<T: Serialize>(
    json: bool,
    answer: Result<T, String>,
    sentence: impl FnOnce(&T) -> String,
) -> io::Result<ExitCode> {
    match answer {
        Ok(answer) => {
            let text = if json { serde_json::to_string(&answer)? } else { sentence(&answer) };
            writeln!(io::stdout(), "{}", text.trim_end())?;
            Ok(ExitCode::SUCCESS)
        }
        Err(message) => {
            if json {
                writeln!(io::stdout(), "{}", json!({ "error": message }))?;
            } else {
                complain(&message);
            }
            Ok(ExitCode::from(REFUSED))
        }
    }
}

/// A text of an answer; empty where there is none.
pub(super) fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// A list of an answer.
pub(super) fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value.get(key).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

/// A number of an answer, by a path such as `/inbox/waiting`.
pub(super) fn number(value: &Value, path: &str) -> u64 {
    value.pointer(path).and_then(Value::as_u64).unwrap_or_default()
}
