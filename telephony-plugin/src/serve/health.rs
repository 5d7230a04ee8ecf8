//! How a running server is.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use telephony_core::Timestamp;
use telephony_webhook::{Health, HealthProbe, Receiver};
use tokio::sync::Mutex;

use crate::service::Telephony;
use crate::tunnel::{TunnelState, Tunnels};

/// How long the store may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// For how long after an event could not be stored the store counts as failing.
const RECENT: Duration = Duration::from_secs(10);

/// How long an answer of the store is good for: anybody may ask how we are, and as often as they like,
/// and webhooks wait for the same store.
const GOOD_FOR: Duration = Duration::from_secs(1);

/// Asks the store, and remembers what came of the last events.
#[derive(Debug)]
pub(super) struct Probe {
    service: Arc<Telephony>,
    receiver: Arc<Receiver>,
    tunnels: Arc<Tunnels>,
    /// When the store was asked last, and whether it answered. Whoever asks meanwhile waits for that.
    asked: Mutex<Option<(Instant, bool)>>,
}

impl Probe {
    pub(super) fn new(
        service: Arc<Telephony>,
        receiver: Arc<Receiver>,
        tunnels: Arc<Tunnels>,
    ) -> Self {
        Self { service, receiver, tunnels, asked: Mutex::default() }
    }

    /// Whether the store can be read.
    async fn is_readable(&self) -> bool {
        let mut asked = self.asked.lock().await;
        if let Some((at, answered)) = *asked
            && at.elapsed() < GOOD_FOR
        {
            return answered;
        }
        let read = self.service.inbox.next_due(self.service.clock.now());
        let answered = matches!(tokio::time::timeout(PATIENCE, read).await, Ok(Ok(_)));
        *asked = Some((Instant::now(), answered));
        answered
    }
}

#[async_trait]
impl HealthProbe for Probe {
    async fn health(&self) -> Health {
        let now = self.service.clock.now();
        // That can be read does not mean that can be written: a full disk says so to events alone.
        let failed = self.receiver.last_not_stored();
        // By a clock that has been set back since, it was in the future.
        let is_recent =
            |at: Timestamp| at.saturating_since(now).max(now.saturating_since(at)) < RECENT;
        let failing = failed.is_some_and(is_recent);
        let carriers = self.service.accounts().iter().all(|account| account.reach.is_there());
        let tunnel = self.tunnels.status().map(|status| status.state == TunnelState::Up);
        Health::new(!failing && self.is_readable().await, carriers, tunnel)
    }
}
