//! What becomes of events while the database is away, or hangs.

use std::time::Duration;

use telephony_core::{Secret, Timestamp};
use telephony_webhook::conformance::{NOW, message};
use telephony_webhook::testing::TestServer;
use telephony_webhook::{Inbox, Inserted, PostgresInbox};

use super::pool;

/// A carrier gives up after so long.
const CARRIER: Duration = Duration::from_secs(2);

#[tokio::test]
#[ignore = "needs PostgreSQL: cargo xtask ci runs it"]
async fn what_was_taken_before_an_outage_is_there_after_it() {
    let server = TestServer::start();
    let inbox = PostgresInbox::new(server.pool(&[PostgresInbox::SCHEMA]).await);
    inbox.insert(message(1, 1)).await.unwrap();
    let leased = inbox.lease(None, NOW, Timestamp::MAX, 9).await.unwrap();
    server.stop();
    let refused = tokio::time::timeout(CARRIER, inbox.insert(message(1, 2))).await;
    refused.expect("a carrier is told in time").unwrap_err();
    inbox.finish(&leased[0].lease, NOW).await.unwrap_err();
    server.start_again();
    assert_eq!(inbox.insert(message(1, 2)).await.unwrap(), Inserted::New);
    let known = Inserted::Duplicate(message(1, 1).id);
    assert_eq!(inbox.insert(message(1, 1)).await.unwrap(), known);
    assert!(inbox.finish(&leased[0].lease, NOW).await.unwrap(), "the lease is still held");
    let leased = inbox.lease(None, NOW, Timestamp::MAX, 9).await.unwrap();
    assert_eq!(leased[0].lease.id, message(1, 2).id);
}

#[tokio::test]
#[ignore = "needs PostgreSQL: cargo xtask ci runs it"]
async fn a_carrier_is_told_in_time_when_the_database_hangs() {
    let pool = TestServer::shared().pool(&[PostgresInbox::SCHEMA]).await;
    let inbox = PostgresInbox::new(pool.clone());
    inbox.insert(message(1, 1)).await.unwrap();
    let mut client = pool.client().await.unwrap();
    let holder = client.transaction().await.unwrap();
    holder.execute("SELECT FROM inbox_lane FOR UPDATE", &[]).await.unwrap();
    let refused = tokio::time::timeout(CARRIER, inbox.insert(message(1, 2))).await;
    refused.expect("a carrier is told in time").unwrap_err();
    assert_eq!(inbox.insert(message(2, 3)).await.unwrap(), Inserted::New, "others are taken");
    holder.rollback().await.unwrap();
    inbox.insert(message(1, 2)).await.unwrap();
    assert_eq!(inbox.counts().await.unwrap().waiting, 3);
}

/// What is given up after that is given up at the server as well: its sessions stay as many as the pool
/// may have.
#[tokio::test]
#[ignore = "needs PostgreSQL: cargo xtask ci runs it"]
async fn what_is_given_up_leaves_no_session_behind() {
    let url = TestServer::shared().database().await;
    let other = pool(&url).await;
    let one = pool(&Secret::new(format!("{}?pool_size=1", url.expose()))).await;
    // By itself its session would wait for ever.
    let patient = "SET lock_timeout = 0; SET statement_timeout = 0";
    one.client().await.unwrap().batch_execute(patient).await.unwrap();
    let inbox = PostgresInbox::new(one);
    inbox.insert(message(1, 1)).await.unwrap();
    let mut client = other.client().await.unwrap();
    let holder = client.transaction().await.unwrap();
    holder.execute("SELECT FROM inbox_lane FOR UPDATE", &[]).await.unwrap();
    inbox.insert(message(1, 2)).await.unwrap_err();
    let waiting = "SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'";
    let gone = async {
        while holder.query_one(waiting, &[]).await.unwrap().get::<_, i64>(0) > 0 {
            // Within a transaction its figures stay as they were first seen.
            holder.batch_execute("SELECT pg_stat_clear_snapshot()").await.unwrap();
        }
    };
    tokio::time::timeout(Duration::from_secs(20), gone).await.expect("it is gone");
}
