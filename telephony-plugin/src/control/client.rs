//! Asking the server that runs, or the records when none does.

use std::io;
use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;
use telephony_core::{AccountId, SystemClock};
use telephony_providers::Outcome;
use thiserror::Error;
use tokio::net::UnixStream;

use super::records::Records;
use crate::database::{Database, DatabaseError, Place};
use crate::rpc::{Connection, ConnectionError, ErrorCode, Methods, RpcError};
use crate::state::{Lock, LockError, StateDirectory, StateError};

/// Why there is no answer.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ControlError {
    /// The answer is no.
    #[error(transparent)]
    Refused(RpcError),
    /// This can only be asked of a server, and none runs here.
    #[error("no server runs in {0}: start `telephony serve`, or name its --state-dir")]
    NotRunning(String),
    /// The server cannot be reached, or went away.
    #[error("the server with pid {pid} does not answer")]
    Unreachable {
        /// Its process id.
        pid: u32,
        /// What went wrong.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The state directory cannot be used.
    #[error(transparent)]
    State(#[from] StateError),
    /// Nor its lock.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// Nor its database.
    #[error(transparent)]
    Open(#[from] DatabaseError),
}

impl ControlError {
    /// Whether what was asked for may be done all the same, as where the server went away meanwhile.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        let is_unknown = match self {
            Self::Unreachable { source, .. } => {
                matches!(source.downcast_ref(), Some(ConnectionError::Closed))
            }
            Self::Refused(error) => {
                let outcome = error.data.as_ref().and_then(|data| data.get("outcome"));
                match outcome.and_then(Value::as_str) {
                    Some(outcome) => outcome == Outcome::Unknown.as_str(),
                    None => error.code == ErrorCode::Internal.number(),
                }
            }
            _ => false,
        };
        if is_unknown { Outcome::Unknown } else { Outcome::NotSent }
    }
}

/// What can be looked at when no server runs.
#[derive(Debug, Clone)]
pub struct Kept {
    /// The accounts that are meant when none is named.
    pub accounts: Vec<AccountId>,
    /// Where.
    pub database: Place,
}

impl Kept {
    /// The default account's, in the state directory itself.
    #[must_use]
    pub fn of_default_account(state: &StateDirectory) -> Self {
        Self {
            accounts: vec![AccountId::default_account()],
            database: Place::File(state.database()),
        }
    }
}

/// Asks the owner of `state`, or what is `kept` there when it has no owner.
///
/// # Errors
///
/// [`ControlError`] when there is no answer, or it is no.
pub async fn ask(
    state: &StateDirectory,
    kept: &Kept,
    method: &str,
    params: &Value,
) -> Result<Value, ControlError> {
    if let Some(owner) = Lock::owner(state).map_err(LockError::from)? {
        let unreachable = |source: Box<dyn std::error::Error + Send + Sync>| {
            ControlError::Unreachable { pid: owner.pid, source }
        };
        let stream = UnixStream::connect(&owner.socket).await;
        let stream = stream.map_err(|error: io::Error| unreachable(error.into()))?;
        let (input, output) = stream.into_split();
        let (connection, run) = Connection::new(input, output, Arc::new(Nothing));
        let running = tokio::spawn(run);
        let answer = connection.call(method, params).await;
        running.abort();
        return answer.map_err(|error| match error {
            ConnectionError::Refused(error) => ControlError::Refused(error),
            other => unreachable(other.into()),
        });
    }
    let is_live = matches!(
        method,
        "telephony.status" | "telephony.send" | "telephony.call" | "telephony.hangup"
    );
    if is_live || !kept.database.exists() {
        return Err(ControlError::NotRunning(state.path().display().to_string()));
    }
    // A server's database is for several at a time.
    let is_file = matches!(kept.database, Place::File(_));
    let _lock = is_file.then(|| Lock::acquire(state)).transpose()?;
    // A file is ours for as long as this is there.
    let database = Database::at(&kept.database).await?;
    let records = Records::of(kept.accounts.clone(), database.clone(), Arc::new(SystemClock));
    records.call(method, params.clone()).await.map_err(ControlError::Refused)
}

/// A command answers nothing.
struct Nothing;

#[async_trait]
impl Methods for Nothing {
    async fn call(&self, _: &str, _: Value) -> Result<Value, RpcError> {
        Err(RpcError::new(ErrorCode::NoMethod, "a command answers nothing"))
    }
}
