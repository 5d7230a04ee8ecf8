//! The sidecar's life: what it is asked, in which order, and how it ends.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value, json};
use telephony_core::config::Account;
use telephony_core::{Clock, Entropy};
use telephony_providers::{Connection as Carrier, Error as ProviderError};
use tokio::sync::{Mutex, watch};
use tokio::task::JoinHandle;

use super::protocol::{
    AccountStop, Initialize, Initialized, OfMessage, OfSender, PROTOCOL, StopReason,
};
use super::start::{Running, start};
use super::watch::approved;
use crate::control::read;
use crate::report::chain;
use crate::rpc::{Connection, ErrorCode, Methods, RpcError};
use crate::serve::PATIENCE;
use crate::state::{Lock, LockError, StateDirectory};

/// How long everything may take to end.
const LAST_WORK: Duration = Duration::from_millis(9_500);

/// How long is waited between two looks whether the process before us has ended.
const TRY_AGAIN: Duration = Duration::from_millis(100);

/// Gives an account its carrier.
pub type Connect = dyn Fn(&Account) -> Result<Carrier, ProviderError> + Send + Sync;

/// A sidecar: initialised once, then asked to start and stop accounts, to send, to call.
pub struct Sidecar {
    pub(super) clock: Arc<dyn Clock>,
    pub(super) entropy: Arc<dyn Entropy>,
    pub(super) connect: Box<Connect>,
    /// The hash of the surfaces that this program's shim registers.
    surfaces_hash: String,
    connection: OnceLock<Connection>,
    owned: Mutex<Option<Arc<Owned>>>,
    /// Held only to look at it or to put it there: whatever is asked meanwhile waits for it.
    pub(super) running: Mutex<Option<Arc<Running>>>,
    /// Held by what starts and stops accounts, which may wait for a tunnel or a port.
    starts: Mutex<()>,
    pub(super) stop: watch::Sender<bool>,
}

/// A state directory that is ours.
#[derive(Debug)]
pub(super) struct Owned {
    pub(super) state: StateDirectory,
    pub(super) lock: Lock,
}

impl fmt::Debug for Sidecar {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Sidecar").finish_non_exhaustive()
    }
}

impl Sidecar {
    /// A sidecar that nobody has asked anything yet.
    #[must_use]
    pub fn new(
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        surfaces_hash: String,
        connect: Box<Connect>,
    ) -> Self {
        Self {
            clock,
            entropy,
            connect,
            surfaces_hash,
            connection: OnceLock::new(),
            owned: Mutex::default(),
            running: Mutex::default(),
            starts: Mutex::default(),
            stop: watch::Sender::new(false),
        }
    }

    /// Asks the host over this connection. Only the first one counts.
    pub fn attach(&self, connection: Connection) {
        let _ = self.connection.set(connection);
    }

    /// Waits until the host has asked for the end, or the work has ended by itself.
    pub async fn stopped(&self) {
        // We hold the sender.
        let _ = self.stop.subscribe().wait_for(|stop| *stop).await;
    }

    /// Closes the sockets and finishes what has begun, within ten seconds; whether all of it ended
    /// as it should.
    pub async fn finish(&self) -> bool {
        self.stop.send_replace(true);
        let ended = async {
            // What is being started is there then, and nothing is started afterwards.
            let _starts = self.starts.lock().await;
            let running = self.running.lock().await.take();
            match running {
                Some(running) => running.ended().await,
                None => true,
            }
        };
        match tokio::time::timeout(LAST_WORK, ended).await {
            Ok(ended) => ended,
            Err(_) => {
                tracing::warn!("not everything ended in time");
                true
            }
        }
    }

    /// What runs since the first account was started.
    pub(super) async fn running(&self) -> Result<Arc<Running>, RpcError> {
        self.running.lock().await.clone().ok_or_else(|| {
            RpcError::new(ErrorCode::Refused, "no account is started: try again in a moment")
                .with_data(json!({ "retryable": true }))
        })
    }

    async fn initialize(&self, params: Initialize) -> Result<Value, RpcError> {
        let version = env!("CARGO_PKG_VERSION");
        if params.protocol != PROTOCOL || params.surfaces_hash != self.surfaces_hash {
            let sentence = format!(
                "the plugin and the telephony binary ({version}) are not of one version: install \
                 both again"
            );
            return Err(RpcError::new(ErrorCode::Refused, sentence));
        }
        let mut owned = self.owned.lock().await;
        if owned.is_some() {
            return Err(RpcError::new(ErrorCode::Refused, "this is initialised already"));
        }
        let failed =
            |error: &dyn std::error::Error| RpcError::new(ErrorCode::Refused, chain(error));
        let path = PathBuf::from(params.state_dir);
        let state = StateDirectory::find(Some(&path)).map_err(|error| failed(&error))?;
        state.make().map_err(|error| failed(&error))?;
        let lock = self.own(&state).await.map_err(|error| failed(&error))?;
        tracing::info!(host = params.host, version, "initialised");
        *owned = Some(Arc::new(Owned { state, lock }));
        let pid = std::process::id();
        Ok(json!(Initialized { protocol: PROTOCOL, version: version.to_owned(), pid }))
    }

    /// Becomes the owner of the state directory. The process before us may be finishing still.
    async fn own(&self, state: &StateDirectory) -> Result<Lock, LockError> {
        let patience = tokio::time::sleep(PATIENCE);
        tokio::pin!(patience);
        loop {
            let error = match Lock::acquire(state) {
                Ok(lock) => return Ok(lock),
                Err(error) => error,
            };
            tokio::select! {
                () = &mut patience => return Err(error),
                () = tokio::time::sleep(TRY_AGAIN) => {}
            }
        }
    }

    async fn start_account(
        &self,
        params: super::protocol::AccountStart,
    ) -> Result<Value, RpcError> {
        let owned = self.owned.lock().await.clone();
        let (Some(owned), Some(connection)) = (owned, self.connection.get()) else {
            return Err(RpcError::new(ErrorCode::Refused, "initialize comes first"));
        };
        // One at a time, so that two accounts do not open one socket twice.
        let _starts = self.starts.lock().await;
        if *self.stop.borrow() {
            return Err(RpcError::new(ErrorCode::Refused, "this is ending"));
        }
        let started = start(self, &owned, connection, params).await?;
        Ok(json!(started))
    }

    async fn stop_account(&self, params: AccountStop) -> Result<Value, RpcError> {
        // One that is being started is stopped when it is.
        let _starts = self.starts.lock().await;
        let Ok(running) = self.running().await else { return Ok(json!({})) };
        let AccountStop { account_id, reason } = params;
        match reason {
            StopReason::Restart => running.service.pause_account(&account_id),
            StopReason::Disabled | StopReason::Removed => {
                running.listeners.stop(&account_id).await;
                running.service.remove_account(&account_id);
                running.leave_tunnel(&account_id).await;
            }
        }
        tracing::info!(%account_id, ?reason, "stopped");
        Ok(json!({}))
    }

    async fn notify_approval(&self, params: OfSender) -> Result<Value, RpcError> {
        let running = self.running().await?;
        let number = params.from.parse().map_err(|error| {
            RpcError::new(ErrorCode::Params, format!("from: {error}"))
                .with_data(json!({ "field": "from" }))
        })?;
        let (service, challenges) = (&running.service, &running.challenges);
        approved(service, challenges, &*self.clock, &params.account_id, &number)
            .await
            .map_err(|error| RpcError::new(ErrorCode::Internal, error))?;
        Ok(json!({}))
    }
}

#[async_trait]
impl Methods for Sidecar {
    async fn call(&self, method: &str, params: Value) -> Result<Value, RpcError> {
        match method {
            "initialize" => self.initialize(read(params)?).await,
            "account.start" => self.start_account(read(params)?).await,
            "account.stop" => self.stop_account(read(params)?).await,
            "account.probe" => self.running().await?.probe(read(params)?).await,
            "inbound.adopted" => {
                let OfMessage { id } = read(params)?;
                self.running().await?.agent.adopted(&id).await?;
                Ok(json!({}))
            }
            "inbound.settled" => {
                let OfMessage { id } = read(params)?;
                self.running().await?.agent.settled(&id);
                Ok(json!({}))
            }
            "access.notify" => self.notify_approval(read(params)?).await,
            "telephony.send" => self.running().await?.send(read(params)?).await,
            "telephony.send_mms" => self.running().await?.send_mms(read(params)?).await,
            "send.reconcile" => self.running().await?.reconcile(read(params)?).await,
            "telephony.call" => self.running().await?.call(read(params)?).await,
            "telephony.hangup" => self.running().await?.hang_up(read(params)?).await,
            "telephony.message_status" => self.running().await?.get_status(read(params)?).await,
            "telephony.tool" => self.running().await?.use_tool(read(params)?).await,
            "telephony.command" => self.command(read(params)?).await,
            "telephony.status" => self.running().await?.status().await,
            "shutdown" => {
                self.stop.send_replace(true);
                Ok(json!({}))
            }
            _ => Err(RpcError::new(ErrorCode::NoMethod, "there is no such method")
                .with_data(json!({ "method": method }))),
        }
    }
}

/// Ends everything when one of the tasks ends that should not.
pub(super) fn watched(
    stop: watch::Sender<bool>,
    work: impl Future<Output = ()> + Send + 'static,
) -> JoinHandle<bool> {
    let work = tokio::spawn(work);
    tokio::spawn(async move {
        let ended = work.await.is_ok();
        // Nobody is left who could work: the host starts another process.
        stop.send_replace(true);
        ended
    })
}
