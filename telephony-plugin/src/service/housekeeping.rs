//! What is kept is kept for a time: contents are erased first, and the rows later, so much at a
//! time that nobody else waits for it.

use std::time::Duration;

use telephony_core::Timestamp;
use telephony_webhook::DEDUPE;
use tokio::sync::watch;

use super::Telephony;
use crate::report::chain;

/// The most sends that are known beyond those of the last [`DEDUPE`], whose keys must not be
/// forgotten: some hundred bytes each.
const MAX_RECORDS: usize = 100_000;

/// How often is cleaned.
const EVERY: Duration = Duration::from_secs(10 * 60);

/// About how many rows of each table are changed at a time, in one transaction, which a webhook may
/// have to wait for.
const ROWS: usize = 100;

/// How long is waited before the next ones, so that others have the database most of the time: a
/// thousand rows a second are more than come for long.
const PAUSE: Duration = Duration::from_millis(100);

/// How long a fetched file is kept that nobody has removed: longer than any host needs to copy it.
const FETCHED: Duration = Duration::from_secs(60 * 60);

/// Cleans until `stop` becomes true, and heeds that between any two steps.
pub(super) async fn run(service: &Telephony, mut stop: watch::Receiver<bool>) {
    loop {
        if let Err(error) = clean(service, &mut stop).await {
            tracing::warn!(error, "old messages cannot be erased now; trying again later");
        }
        if is_over(&mut stop, EVERY).await {
            return;
        }
    }
}

/// Waits for so long; whether it is to stop instead.
async fn is_over(stop: &mut watch::Receiver<bool>, wait: Duration) -> bool {
    tokio::select! {
        _ = stop.wait_for(|stop| *stop) => true,
        () = tokio::time::sleep(wait) => false,
    }
}

/// Cleans until nothing is left that is too old.
async fn clean(service: &Telephony, stop: &mut watch::Receiver<bool>) -> Result<(), String> {
    let now = service.clock.now();
    if let Some(media) = &service.media {
        media.store.sweep().await;
        if let Err(error) = media.fetcher.sweep(now.saturating_sub(FETCHED)) {
            // What the database has is erased all the same.
            tracing::warn!(
                error = chain(&error),
                "old files cannot be removed now; trying again later"
            );
        }
    }
    let retention = service.retention();
    let erase = now.saturating_sub(retention.contents);
    // A row is known for as long as it may be repeated, and for as long as its contents are kept.
    let forget = now.saturating_sub(DEDUPE.max(retention.contents));
    let newest = service.ledger.beyond(MAX_RECORDS).await.map_err(|error| chain(&error))?;
    let newest = newest.map(|beyond| beyond.min(now.saturating_sub(DEDUPE)));
    let records = now.saturating_sub(retention.records).max(newest.unwrap_or(Timestamp::EPOCH));
    loop {
        let inbox = service.inbox.clean(erase, forget, ROWS).await;
        let inbox = inbox.map_err(|error| chain(&error))?;
        let outbox = service.ledger.clean(erase, records, ROWS).await;
        let outbox = outbox.map_err(|error| chain(&error))?;
        if inbox == 0 && outbox == 0 || is_over(stop, PAUSE).await {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use rusqlite::{Connection, params};
    use serde_json::json;
    use telephony_core::config::{Host, from_value};
    use telephony_core::{Body, ManualClock, SeededEntropy};
    use telephony_providers::MockProvider;

    use super::*;
    use crate::database::Database;
    use crate::handler::{Handler, HandlerError, Incoming};
    use crate::service::{Answering, Parts};

    const NOW: Timestamp = Timestamp::from_second(1_800_000_000);
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);

    #[derive(Debug)]
    struct Silent;

    #[async_trait::async_trait]
    impl Handler for Silent {
        async fn answer(&self, _: &Incoming<'_>) -> Result<Option<Body>, HandlerError> {
            Ok(None)
        }
    }

    /// A service that does nothing by itself, over this file.
    fn service(path: &Path, retention: serde_json::Value) -> Telephony {
        let config = json!({
            "provider": "mock", "fromNumber": "+15550001111", "retention": retention,
        });
        let config = from_value(config, Host::Standalone, &|_| None).unwrap();
        let service = Telephony::new(Parts {
            database: Database::open(path).unwrap(),
            agent: Arc::new(Answering::by(Arc::new(Silent), None)),
            host: None,
            media: None,
            clock: Arc::new(ManualClock::new(NOW)),
            entropy: Arc::new(SeededEntropy::new(7)),
        });
        let mock = Arc::new(MockProvider::default());
        let connection = telephony_providers::Connection::of(mock.clone(), mock);
        let address = "127.0.0.1:1".parse().unwrap();
        service.set_account(config.accounts[0].clone(), connection, &config, address, None);
        service
    }

    /// Fills the tables with so many texts that were answered at `at`, from this number on.
    fn fill(db: &Connection, first: usize, count: usize, at: Timestamp) {
        let sql = "WITH RECURSIVE number (n) AS
            (SELECT ?1 UNION ALL SELECT n + 1 FROM number WHERE n + 1 < ?1 + ?2)";
        let of = params![first, count, at.as_millisecond()];
        for insert in [
            "INSERT INTO inbox_entry
                (id, account, key, lane, state, received_at, due_at, done_at, event)
                SELECT 'in' || n, 'default', 'key' || n, 'default a', 1, ?3, ?3, ?3,
                    printf('%0200d', n) FROM number",
            "INSERT INTO outbound_send (id, account, recipient, source, fingerprint, created_at)
                SELECT 'out' || n, 'default', '+15550001234', 'reply in' || n, x'00', ?3 + n
                FROM number",
            "INSERT INTO outbound_part
                (send, lane, account, state, due_at, changed_at, reference, content)
                SELECT 'out' || n, 'default a', 'default', 2, ?3, ?3, 'ref' || n,
                    printf('%0200d', n) FROM number",
        ] {
            db.execute(&format!("{sql} {insert}"), of).unwrap();
        }
    }

    fn count(db: &Connection, sql: &str) -> usize {
        db.query_row(sql, [], |row| row.get(0)).unwrap()
    }

    fn rows(db: &Connection) -> (usize, usize) {
        let inbox = count(db, "SELECT count(*) FROM inbox_entry");
        (inbox, count(db, "SELECT count(*) FROM outbound_send"))
    }

    #[tokio::test(start_paused = true)]
    async fn a_hundred_thousand_rows_go_in_steps_between_which_others_write() {
        const OLD: usize = 34_000;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("telephony.db");
        let service = Arc::new(service(&path, json!({})));
        let db = Connection::open(&path).unwrap();
        fill(&db, 0, OLD, NOW.saturating_sub(DAY * 40));
        assert_eq!(rows(&db), (OLD, OLD));
        let pages = |db: &Connection| count(db, "PRAGMA page_count");
        let most = pages(&db);

        let (stop, stopped) = watch::channel(false);
        let cleaning = Arc::clone(&service);
        let mut hers = stopped.clone();
        let cleaning = tokio::spawn(async move { clean(&cleaning, &mut hers).await });
        // Somebody else writes all the time: how much was done between any two of theirs.
        let (begun, mut before) = (tokio::time::Instant::now(), (OLD, OLD));
        let account = "default".parse().unwrap();
        while !cleaning.is_finished() {
            service.ledger.opted_out(&account, 1).await.unwrap();
            let first = |sql| OLD - count(&db, sql);
            let left = (
                first("SELECT coalesce(min(position) - 1, 34000) FROM inbox_entry"),
                first(
                    "SELECT coalesce(min(substr(id, 4) + 0), 34000) FROM
                        (SELECT id FROM outbound_send ORDER BY created_at LIMIT 1)",
                ),
            );
            let done = (before.0 - left.0, before.1 - left.1);
            // One step, and what was in the queue before and behind it.
            assert!(done.0 <= 3 * ROWS && done.1 <= 3 * ROWS, "{done:?} at once");
            before = left;
        }
        cleaning.await.unwrap().unwrap();
        assert_eq!(rows(&db), (0, 0));
        // Nobody else waits for the time to pass.
        let least = PAUSE * u32::try_from(OLD / ROWS).unwrap();
        assert!(begun.elapsed() >= least, "{:?} is too quick", begun.elapsed());

        // What was freed makes room for what comes.
        fill(&db, OLD, OLD, NOW);
        let now = pages(&db);
        assert!(now <= most + most / 20, "{now} pages after {most}");

        // Nothing of it is old, and of what is, no step is begun after the end.
        fill(&db, 2 * OLD, 5 * ROWS, NOW.saturating_sub(DAY * 40));
        stop.send(true).unwrap();
        run(&service, stopped).await;
        assert_eq!(rows(&db), (OLD + 4 * ROWS, OLD + 4 * ROWS));
    }

    #[tokio::test(start_paused = true)]
    async fn contents_and_records_are_kept_as_long_as_is_set() {
        let contents = "SELECT count(*) FROM inbox_entry JOIN outbound_part
            ON inbox_entry.position = sequence WHERE event IS NOT NULL AND content IS NOT NULL";
        let (_stop, stopped) = watch::channel(false);
        // The days that are set, the age of a text, whether its contents are there, and it itself.
        for (retention, age, has_contents, is_known) in [
            (json!({}), 6, 1, (1, 1)),
            (json!({}), 8, 0, (0, 1)),
            (json!({}), 31, 0, (0, 0)),
            (json!({ "contentDays": 0 }), 1, 0, (1, 1)),
            (json!({ "contentDays": 0, "recordDays": 3 }), 4, 0, (0, 0)),
            (json!({ "contentDays": 365, "recordDays": 365 }), 300, 1, (1, 1)),
            (json!({ "contentDays": 365, "recordDays": 365 }), 366, 0, (0, 0)),
        ] {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("telephony.db");
            let service = service(&path, retention.clone());
            let db = Connection::open(&path).unwrap();
            fill(&db, 0, 1, NOW.saturating_sub(DAY * age));
            clean(&service, &mut stopped.clone()).await.unwrap();
            let found = (count(&db, contents), rows(&db));
            assert_eq!(found, (has_contents, is_known), "{retention} after {age} days");
        }
    }

    #[test]
    fn records_are_never_kept_shorter_than_a_webhook_may_be_repeated() {
        let config = json!({
            "provider": "mock", "fromNumber": "+15550001111",
            "retention": { "contentDays": 0, "recordDays": 3 },
        });
        let config = from_value(config, Host::Standalone, &|_| None).unwrap();
        assert!(config.retention.records >= DEDUPE);
    }
}
