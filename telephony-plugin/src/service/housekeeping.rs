//! What is kept is kept for a time: contents are erased first, and the rows later.

use std::time::Duration;

use telephony_core::Timestamp;
use telephony_webhook::DEDUPE;
use tokio::sync::watch;

use super::Telephony;
use crate::report::chain;

/// How long the contents of messages are kept after they are done: long enough to look into a
/// complaint.
pub const RETENTION: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// How long is known what was sent, and what became of it.
const RECORDS_KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// The most sends that are known beyond those of the last [`DEDUPE`], whose keys must not be
/// forgotten: some hundred bytes each.
const MAX_RECORDS: usize = 100_000;

/// How often is cleaned, and how many rows at a time, so that nobody waits long for it.
const EVERY: Duration = Duration::from_secs(10 * 60);
const ROWS: usize = 500;

/// Cleans until `stop` becomes true.
pub(super) async fn run(service: &Telephony, mut stop: watch::Receiver<bool>) {
    loop {
        if let Err(error) = clean(service).await {
            tracing::warn!(error, "old messages cannot be erased now; trying again later");
        }
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            () = tokio::time::sleep(EVERY) => {}
        }
    }
}

/// How long a fetched file is kept that nobody has removed: longer than any host needs to copy it.
const FETCHED: Duration = Duration::from_secs(60 * 60);

async fn clean(service: &Telephony) -> Result<(), String> {
    let now = service.clock.now();
    if let Some(media) = &service.media {
        media.store.sweep().await;
        let swept = media.fetcher.sweep(now.saturating_sub(FETCHED));
        swept.map_err(|error| chain(&error))?;
    }
    let erase = now.saturating_sub(RETENTION);
    // A row is known for as long as it may be repeated, and for as long as its contents are kept.
    let forget = now.saturating_sub(DEDUPE.max(RETENTION));
    let newest = service.ledger.beyond(MAX_RECORDS).await.map_err(|error| chain(&error))?;
    let newest = newest.map(|beyond| beyond.min(now.saturating_sub(DEDUPE)));
    let records = now.saturating_sub(RECORDS_KEPT).max(newest.unwrap_or(Timestamp::EPOCH));
    loop {
        let inbox = service.inbox.clean(erase, forget, ROWS).await;
        let inbox = inbox.map_err(|error| chain(&error))?;
        let outbox = service.ledger.clean(erase, records, ROWS).await;
        let outbox = outbox.map_err(|error| chain(&error))?;
        if inbox == 0 && outbox == 0 {
            return Ok(());
        }
    }
}
