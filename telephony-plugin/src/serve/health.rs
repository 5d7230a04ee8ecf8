//! How a running server is.

use std::sync::Arc;
use std::time::Duration;

use super::reach::Reach;
use async_trait::async_trait;
use telephony_core::Clock;
use telephony_webhook::{Health, HealthProbe, Inbox, Receiver};

/// How long the store may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// For how long after an event could not be stored the store counts as failing.
const RECENT: Duration = Duration::from_secs(10);

/// Asks the store, and remembers what came of the last events.
#[derive(Debug)]
pub(super) struct Probe {
    inbox: Arc<dyn Inbox>,
    receiver: Arc<Receiver>,
    clock: Arc<dyn Clock>,
    carriers: Vec<Reach>,
}

impl Probe {
    pub(super) fn new(
        inbox: Arc<dyn Inbox>,
        receiver: Arc<Receiver>,
        clock: Arc<dyn Clock>,
        carriers: Vec<Reach>,
    ) -> Self {
        Self { inbox, receiver, clock, carriers }
    }
}

#[async_trait]
impl HealthProbe for Probe {
    async fn health(&self) -> Health {
        let now = self.clock.now();
        // That can be read does not mean that can be written: a full disk says so to events alone.
        let failed = self.receiver.last_not_stored();
        let failing = failed.is_some_and(|at| now.saturating_since(at) < RECENT);
        let read = tokio::time::timeout(PATIENCE, self.inbox.next_due(now)).await;
        let carriers = self.carriers.iter().all(Reach::is_there);
        Health::new(!failing && matches!(read, Ok(Ok(_))), carriers, None)
    }
}
