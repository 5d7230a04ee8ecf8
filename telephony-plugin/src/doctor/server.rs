//! The server of the state directory: whether it runs, and with which configuration.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use telephony_core::config::{Account, Config};

use super::finding::{Report, Said, Says};
use crate::control::{ControlError, Kept, ask};
use crate::report::chain;
use crate::state::{Lock, LockError, StateDirectory};

/// How long the server is waited for.
const ANSWER: Duration = Duration::from_secs(5);

/// How the server is.
#[derive(Debug)]
pub(super) enum Server {
    /// None runs.
    None(String),
    /// One runs and does not answer.
    Mute(String),
    /// It runs with another configuration.
    Differs { what: &'static str },
    /// It does not have the account.
    Lacks,
    /// It runs.
    Runs { pid: u64, address: String },
}

impl Says for Server {
    fn check(&self) -> &'static str {
        "server"
    }

    fn says(&self) -> Said {
        match self {
            Self::None(path) => Said::note(
                format!("no server runs on the state directory {path}"),
                "Start `telephony serve`, or name its state directory with --state-dir.",
            ),
            Self::Mute(why) => Said::error(
                format!("a server owns the state directory and cannot be asked: {why}"),
                "See its log; end it and start it again.",
            ),
            Self::Differs { what } => Said::warning(
                format!("the server runs with another {what} than this configuration has"),
                "Start the server again with this configuration.",
            ),
            Self::Lacks => Said::warning(
                "the server that runs does not have this account",
                "Start the server again with this configuration.",
            ),
            Self::Runs { pid, address } => Said::ok(format!("runs as {pid} at {address}")),
        }
    }
}

/// The state directory as it can be asked: through its server, or itself where none runs.
pub(super) struct State<'a> {
    directory: &'a StateDirectory,
    kept: Kept,
    /// Whether its server did not answer: then it is not waited for again.
    is_mute: AtomicBool,
}

impl<'a> State<'a> {
    pub(super) fn of(directory: &'a StateDirectory, config: &Config) -> Self {
        let accounts = config.accounts.iter().map(|account| account.id.clone()).collect();
        let kept = Kept { accounts, database: directory.database_of(config) };
        Self { directory, kept, is_mute: AtomicBool::new(false) }
    }

    pub(super) async fn ask(&self, method: &str, params: Value) -> Result<Value, ControlError> {
        if !self.is_mute.load(Ordering::Relaxed) {
            let answer = ask(self.directory, &self.kept, method, &params);
            if let Ok(answer) = tokio::time::timeout(ANSWER, answer).await {
                return answer;
            }
            self.is_mute.store(true, Ordering::Relaxed);
        }
        let owner = Lock::owner(self.directory).map_err(LockError::from)?;
        let source = format!("nothing within {} s", ANSWER.as_secs()).into();
        Err(ControlError::Unreachable { pid: owner.map_or(0, |owner| owner.pid), source })
    }

    pub(super) const fn kept(&self) -> &Kept {
        &self.kept
    }

    pub(super) const fn directory(&self) -> &StateDirectory {
        self.directory
    }
}

/// What the server says of itself, if one runs.
pub(super) async fn look(
    state: &State<'_>,
    accounts: &[&Account],
    report: &mut Report,
) -> Option<Value> {
    let status = match state.ask("telephony.status", json!({})).await {
        Ok(status) => status,
        Err(ControlError::NotRunning(path)) => {
            report.add(&Server::None(path), None);
            return None;
        }
        Err(error) => {
            report.add(&Server::Mute(chain(&error)), None);
            return None;
        }
    };
    let pid = status.get("pid").and_then(Value::as_u64).unwrap_or_default();
    let address = status.get("address").and_then(Value::as_str).unwrap_or_default().to_owned();
    report.add(&Server::Runs { pid, address }, None);
    let running = status.get("accounts").and_then(Value::as_array);
    for account in accounts {
        let id = Some(account.id.as_str());
        let is_it = |one: &&Value| one.get("id").and_then(Value::as_str) == id;
        let Some(running) = running.into_iter().flatten().find(is_it) else {
            report.add(&Server::Lacks, Some(&account.id));
            continue;
        };
        let text = |key: &str| running.get(key).and_then(Value::as_str);
        let from = account.from.as_ref().map(telephony_core::Sender::as_str);
        let public_url = account.public_url.as_ref().map(telephony_core::HttpUrl::as_str);
        // Where none is configured, the server's may be its tunnel's.
        let is_elsewhere = public_url.is_some() && text("publicUrl") != public_url;
        for (what, differs) in [
            ("provider", text("provider") != Some(account.provider.kind().as_str())),
            ("fromNumber", text("from") != from),
            ("publicUrl", is_elsewhere),
        ] {
            if differs {
                report.add(&Server::Differs { what }, Some(&account.id));
            }
        }
    }
    Some(status)
}

#[cfg(test)]
mod tests {
    use telephony_core::config::{Host, from_value};
    use tokio::net::UnixListener;

    use super::super::finding::Severity;
    use super::super::store;
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_server_that_says_nothing_is_waited_for_once() {
        let folder = tempfile::tempdir().unwrap();
        let directory = StateDirectory::find(Some(folder.path())).unwrap();
        let lock = Lock::acquire(&directory).unwrap();
        let _listener = UnixListener::bind(&lock.own().socket).unwrap();
        std::fs::write(directory.database(), "").unwrap();
        let config = json!({ "provider": "mock", "fromNumber": "+15550001111" });
        let config = from_value(config, Host::Standalone, &|_| None).unwrap();
        let (state, mut report) = (State::of(&directory, &config), Report::default());
        let started = tokio::time::Instant::now();
        assert!(look(&state, &[], &mut report).await.is_none());
        let now = telephony_core::Timestamp::EPOCH;
        store::look(&state, None, now, &mut report).await;
        assert_eq!(started.elapsed().as_secs(), ANSWER.as_secs());
        let bad = |finding: &&super::super::Finding| finding.severity == Severity::Error;
        let found: Vec<_> = report.findings.iter().filter(bad).collect();
        assert_eq!((found.len(), found[0].check), (1, "server"), "{found:?}");
        assert!(found[0].finding.contains("nothing within 5 s"), "{found:?}");
    }
}
