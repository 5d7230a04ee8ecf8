//! The tunnel of a sidecar: started with the first account that has it, followed for all.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use telephony_core::config::Config;
use telephony_core::{AccountId, HttpUrl};
use tokio::sync::{Mutex, watch};

use super::start::{Running, failed};
use crate::report::chain;
use crate::rpc::{ErrorCode, RpcError};
use crate::serve::{StartError, webhook_url};
use crate::tunnel;

/// How each account was started, where it listens, and the URL of the tunnel then.
pub(super) type Reached = Mutex<HashMap<AccountId, (Config, SocketAddr, Option<HttpUrl>)>>;

/// How the tunnel is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TunnelStatus {
    /// `tunnel.provider`.
    pub provider: String,
    /// `starting`, `up` or `down`.
    pub state: String,
    /// Where it leads from, the last that is known; without a path.
    pub url: Option<String>,
    /// Why it is not up, and what to do.
    pub error: Option<String>,
}

impl Running {
    /// Has the tunnel that is configured, and waits for its URL, but not when this is ending.
    pub(super) async fn start_tunnel(
        &self,
        config: &Config,
        address: SocketAddr,
        mut stop: watch::Receiver<bool>,
    ) -> Result<(), RpcError> {
        tokio::select! {
            started = self.listeners.tunnels().start(config, address) => {
                started.map(drop).map_err(|error| failed(&StartError::Tunnel(error)))
            }
            _ = stop.wait_for(|stop| *stop) => {
                Err(RpcError::new(ErrorCode::Refused, "this is ending"))
            }
        }
    }

    /// An account is gone; with the last one goes the tunnel.
    pub(super) async fn leave_tunnel(&self, id: &AccountId) {
        let mut reached = self.reached.lock().await;
        reached.remove(id);
        if reached.is_empty() {
            self.listeners.tunnels().end().await;
        }
    }

    /// Has carriers reach every account by the tunnel's URL, and tells the host of those that were
    /// reached by another.
    async fn reach_all(&self) {
        let mut changed = Vec::new();
        let mut reached = self.reached.lock().await;
        let now = self.listeners.tunnels().url();
        for (id, (config, address, url)) in reached.iter_mut().filter(|(_, it)| it.2 != now) {
            let Some(account) = config.account(id) else { continue };
            if let Err(error) = self.listeners.start(account, config, now.as_ref()).await {
                let error = chain(&error);
                tracing::error!(account_id = %id, error, "webhooks are not taken by the new URL");
                continue;
            }
            self.service.set_tunnel(id, config, *address, now.as_ref());
            url.clone_from(&now);
            let webhook_url = webhook_url(config, account, *address, now.as_ref());
            tracing::warn!(account_id = %id, webhook_url, "the tunnel has another URL");
            self.webhook_urls().insert(id.clone(), webhook_url);
            changed.push(id.clone());
        }
        drop(reached);
        for id in &changed {
            self.tell_status(id).await;
        }
    }
}

impl TunnelStatus {
    /// As the protocol has it.
    pub(super) fn of(status: &tunnel::TunnelStatus) -> Self {
        Self {
            provider: status.provider.to_owned(),
            state: status.state.as_str().to_owned(),
            url: status.origin().map(str::to_owned),
            error: status.error.as_ref().map(ToString::to_string),
        }
    }
}

/// Follows the tunnel's URL until `stop` becomes true.
pub(super) async fn follow(running: Arc<Running>, mut stop: watch::Receiver<bool>) {
    let tunnels = Arc::clone(running.listeners.tunnels());
    let mut known = None;
    while let Some(url) = tunnels.other_url(known.as_ref(), &mut stop).await {
        running.reach_all().await;
        known = Some(url);
    }
}
