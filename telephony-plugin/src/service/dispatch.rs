//! Gives events to turns: each sender's in order, and only so many at once.

use std::sync::Arc;
use std::time::Duration;

use telephony_webhook::Leased;
use tokio::sync::watch;
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

/// The most events that are leased beyond those of people who are in a turn: they wait for a place,
/// or are reports, which need none.
const MAX_WAITING: usize = 256;

/// How long turns may take when the server stops. What is not done then is done again later.
const LAST_TURNS: Duration = Duration::from_secs(5);

/// Dispatches until `stop` becomes true.
pub(super) async fn run(service: Arc<Telephony>, mut stop: watch::Receiver<bool>) {
    let mut turns = JoinSet::new();
    loop {
        while turns.try_join_next().is_some() {}
        if *stop.borrow() {
            break;
        }
        let room = (service.sessions() + MAX_WAITING).saturating_sub(turns.len());
        let leased = lease(&service, room.min(MAX_LEASED)).await;
        if leased.is_empty() {
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => break,
                () = service.arrived.notified() => {}
                () = tokio::time::sleep(LOOK) => {}
            }
        }
        for leased in leased {
            turns.spawn(take_turn(Arc::clone(&service), leased));
        }
    }
    let finish = async { while turns.join_next().await.is_some() {} };
    if tokio::time::timeout(LAST_TURNS, finish).await.is_err() {
        tracing::warn!(turns = turns.len(), "turns that did not end in time are taken again later");
    }
}

async fn take_turn(service: Arc<Telephony>, leased: Leased) {
    turn::run(&service, leased).await;
    // The sender's next event may go now.
    service.arrived.notify_one();
}

async fn lease(service: &Telephony, limit: usize) -> Vec<Leased> {
    if limit == 0 {
        return Vec::new();
    }
    let running = service.accounts().into_iter().filter(|account| account.is_running());
    let running: Vec<_> = running.map(|account| account.settings.id.clone()).collect();
    let now = service.clock.now();
    let until = now.saturating_add(LEASE);
    match service.inbox.lease(Some(&running), now, until, limit).await {
        Ok(leased) => leased,
        Err(error) => {
            tracing::error!(error = chain(&error), "the inbox cannot be read; trying again");
            Vec::new()
        }
    }
}
