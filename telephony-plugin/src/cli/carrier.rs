//! What the commands that talk to a carrier share: the configuration, the client, the answer.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;
use serde_json::json;
use telephony_core::AccountId;
use telephony_core::config::{self, Account, Config, Host};
use telephony_providers::{Connection, Error, Outcome, Transport, connect};

use super::{REFUSED, complain};
use crate::logging;
use crate::report::chain;

/// Exit code of a command of which it is not known whether it was carried out.
const UNKNOWN: u8 = 3;

/// Where the account is found, and who reads the answer.
#[derive(Debug, Args)]
pub(super) struct Carrier {
    /// An OpenClaw configuration, or a JSON5 file that holds its channels.telephony alone. Texts and
    /// calls go through the server that runs when none is named.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,

    /// The account; the default account when it is missing.
    #[arg(long, value_name = "ID")]
    account: Option<AccountId>,

    /// Answer with one line of JSON.
    #[arg(long)]
    json: bool,

    #[cfg(unix)]
    #[command(flatten)]
    state: super::state::State,
}

impl Carrier {
    /// Does `action` with the account's client and prints what comes of it.
    pub(super) fn with<T: Serialize>(
        self,
        action: impl AsyncFnOnce(&Account, &Connection) -> Result<T, Error>,
        sentence: impl FnOnce(&T) -> String,
    ) -> io::Result<ExitCode> {
        let (account, connection) = match self.connect() {
            Ok(connected) => connected,
            Err(message) => return self.refuse(&message),
        };
        logging::start(logging::QUIET);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        match runtime.block_on(action(&account, &connection)) {
            Ok(value) => {
                let mut output = anstream::stdout().lock();
                if self.json {
                    writeln!(output, "{}", serde_json::to_string(&value)?)?;
                } else {
                    writeln!(output, "{}", sentence(&value))?;
                }
                Ok(ExitCode::SUCCESS)
            }
            Err(error) => self.fail(&error),
        }
    }

    /// Whether the server that runs is asked, since no configuration is named.
    pub(super) const fn is_left_to_the_server(&self) -> bool {
        self.config.is_none()
    }

    /// The account that is named.
    pub(super) const fn account(&self) -> Option<&AccountId> {
        self.account.as_ref()
    }

    /// Asks the server of the state directory about a send or a call, and prints what has come of
    /// it, as `show` says it.
    #[cfg(unix)]
    pub(super) fn ask_server(
        &self,
        method: &str,
        params: &serde_json::Value,
        show: impl FnOnce(&serde_json::Value) -> String,
    ) -> io::Result<ExitCode> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let answer = self.state.find().map(|state| {
            let kept = crate::control::Kept::of_default_account(&state);
            let answer = runtime.block_on(crate::control::ask(&state, &kept, method, params));
            answer.map_err(|error| (chain(&error), error.outcome()))
        });
        let answer = match answer {
            Ok(Ok(answer)) => answer,
            Ok(Err((message, Outcome::Unknown))) if is_carried_out(method, params) => {
                self.refuse(&format!("{message}; it may be carried out all the same"))?;
                return Ok(ExitCode::from(UNKNOWN));
            }
            Ok(Err((message, _))) | Err(message) => return self.refuse(&message),
        };
        let outcome = super::state::text(&answer, "outcome");
        let mut output = anstream::stdout().lock();
        if self.json {
            writeln!(output, "{answer}")?;
        } else {
            output.write_all(show(&answer).as_bytes())?;
        }
        Ok(match outcome {
            "refused" | "not_placed" => ExitCode::from(REFUSED),
            // Some of it may be on the phone: to send it again is not safe.
            "unknown" | "partial" => ExitCode::from(UNKNOWN),
            _ => ExitCode::SUCCESS,
        })
    }

    #[cfg(not(unix))]
    pub(super) fn ask_server(
        &self,
        _: &str,
        _: &serde_json::Value,
        _: impl FnOnce(&serde_json::Value) -> String,
    ) -> io::Result<ExitCode> {
        self.refuse("--config is missing: name the file with the account")
    }

    fn connect(&self) -> Result<(Account, Connection), String> {
        let Some(path) = &self.config else {
            return Err("--config is missing: name the file with the account".to_owned());
        };
        let account = account(path, self.account.as_ref())?;
        if !account.enabled {
            return Err(format!("account {} is not enabled: set enabled to true", account.id));
        }
        let transport = Transport::builder().build().map_err(|error| chain(&error))?;
        let connection = connect(&account, &transport).map_err(|error| chain(&error))?;
        Ok((account, connection))
    }

    fn refuse(&self, message: &str) -> io::Result<ExitCode> {
        if self.json {
            writeln!(anstream::stdout(), "{}", json!({ "error": message }))?;
        } else {
            complain(message);
        }
        Ok(ExitCode::from(REFUSED))
    }

    fn fail(&self, error: &Error) -> io::Result<ExitCode> {
        if self.json {
            let answer = json!({
                "error": error.to_string(),
                "kind": error.kind(),
                "outcome": error.outcome(),
                "code": error.code(),
                "requestId": error.request_id(),
                "retryAfterMs": error.retry_after().map(|wait| wait.as_millis()),
            });
            writeln!(anstream::stdout(), "{answer}")?;
        } else {
            complain(&chain(error));
        }
        Ok(ExitCode::from(if error.outcome() == Outcome::Unknown { UNKNOWN } else { REFUSED }))
    }
}

/// Whether a request has something done that must not be done twice.
#[cfg(unix)]
fn is_carried_out(method: &str, params: &serde_json::Value) -> bool {
    ["telephony.send", "telephony.call"].contains(&method) && params["estimate"] != true
}

/// The account of that id in a file, or its default account.
pub(super) fn account(path: &Path, id: Option<&AccountId>) -> Result<Account, String> {
    account_of(&read(path)?, id)
}

/// The account of that id, or the default account.
pub(super) fn account_of(config: &Config, id: Option<&AccountId>) -> Result<Account, String> {
    let id = id.or(config.default_account.as_ref());
    let id = id.ok_or("the configuration has no account: set provider and fromNumber")?;
    config.account(id).cloned().ok_or_else(|| format!("there is no account {id}"))
}

/// The configuration of a file, with the variables of the environment behind it.
pub(super) fn read(path: &Path) -> Result<Config, String> {
    read_with(path, &|variable| std::env::var(variable).ok())
}

/// The configuration of a file, with these variables behind it.
pub(super) fn read_with(path: &Path, variables: config::Environment<'_>) -> Result<Config, String> {
    let text = fs::read_to_string(path)
        .map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
    config::load(&text, Host::Standalone, variables)
        .map_err(|errors| format!("{} has mistakes:\n{errors}", path.display()))
}
