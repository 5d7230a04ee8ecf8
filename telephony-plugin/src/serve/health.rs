//! How a running server is.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use telephony_webhook::{Health, HealthProbe, Receiver};

use crate::service::Telephony;
use crate::tunnel::{TunnelState, Tunnels};

/// How long the store may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// For how long after an event could not be stored the store counts as failing.
const RECENT: Duration = Duration::from_secs(10);

/// Asks the store, and remembers what came of the last events.
#[derive(Debug)]
pub(super) struct Probe {
    service: Arc<Telephony>,
    receiver: Arc<Receiver>,
    tunnels: Arc<Tunnels>,
}

impl Probe {
    pub(super) const fn new(
        service: Arc<Telephony>,
        receiver: Arc<Receiver>,
        tunnels: Arc<Tunnels>,
    ) -> Self {
        Self { service, receiver, tunnels }
    }
}

#[async_trait]
impl HealthProbe for Probe {
    async fn health(&self) -> Health {
        let now = self.service.clock.now();
        // That can be read does not mean that can be written: a full disk says so to events alone.
        let failed = self.receiver.last_not_stored();
        let failing = failed.is_some_and(|at| now.saturating_since(at) < RECENT);
        let read = tokio::time::timeout(PATIENCE, self.service.inbox.next_due(now)).await;
        let carriers = self.service.accounts().iter().all(|account| account.reach.is_there());
        let tunnel = self.tunnels.status().map(|status| status.state == TunnelState::Up);
        Health::new(!failing && matches!(read, Ok(Ok(_))), carriers, tunnel)
    }
}
