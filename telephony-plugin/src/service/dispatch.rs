//! Gives events to turns: each sender's in order, and only so many senders at once.

use std::sync::Arc;
use std::time::Duration;

use telephony_webhook::Leased;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;

use super::{Telephony, turn};
use crate::report::chain;

/// How long a lease runs. It is renewed while a turn takes, so this is how long an event waits
/// whose process stopped breathing.
pub(super) const LEASE: Duration = Duration::from_secs(30);

/// How often is looked whether something waits when nobody says so, and how long is waited after
/// the inbox failed.
const LOOK: Duration = Duration::from_secs(1);

/// The most events that are leased at once.
const MAX_LEASED: usize = 64;

/// How long turns may take when the server stops. What is not done then is done again later.
const LAST_TURNS: Duration = Duration::from_secs(5);

/// Dispatches until `stop` becomes true.
pub(super) async fn run(service: Arc<Telephony>, mut stop: watch::Receiver<bool>) {
    let slots = Arc::new(Semaphore::new(service.max_turns));
    let mut turns = JoinSet::new();
    loop {
        while turns.try_join_next().is_some() {}
        let slot = tokio::select! {
            biased;
            _ = stop.wait_for(|stop| *stop) => break,
            slot = Arc::clone(&slots).acquire_owned() => slot,
        };
        let Ok(slot) = slot else { break };
        let limit = 1 + slots.available_permits().min(MAX_LEASED - 1);
        let leased = lease(&service, limit).await;
        if leased.is_empty() {
            drop(slot);
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => break,
                () = service.arrived.notified() => {}
                () = tokio::time::sleep(LOOK) => {}
            }
            continue;
        }
        let mut slot = Some(slot);
        for leased in leased {
            // Slots are taken here alone, so those that were free still are.
            let slot = slot.take().or_else(|| Arc::clone(&slots).try_acquire_owned().ok());
            turns.spawn(take_turn(Arc::clone(&service), leased, slot));
        }
    }
    let finish = async { while turns.join_next().await.is_some() {} };
    if tokio::time::timeout(LAST_TURNS, finish).await.is_err() {
        tracing::warn!(turns = turns.len(), "turns that did not end in time are taken again later");
    }
}

async fn take_turn(service: Arc<Telephony>, leased: Leased, slot: Option<OwnedSemaphorePermit>) {
    turn::run(&service, leased).await;
    drop(slot);
    // The sender's next event may go now.
    service.arrived.notify_one();
}

async fn lease(service: &Telephony, limit: usize) -> Vec<Leased> {
    let now = service.clock.now();
    match service.inbox.lease(None, now, now.saturating_add(LEASE), limit).await {
        Ok(leased) => leased,
        Err(error) => {
            tracing::error!(error = chain(&error), "the inbox cannot be read; trying again");
            Vec::new()
        }
    }
}
