//! However much is in the tables, nothing that is done often reads all of it, or all that waits.

use telephony_core::{Secret, Timestamp};
use telephony_webhook::conformance::{NOW, message};
use telephony_webhook::testing::TestServer;
use telephony_webhook::{EntryState, Inbox, PostgresInbox};

use super::pool;

/// Many rows of each state, each of a lane of its own, and what is known of them.
const FILL: &str = "
    INSERT INTO inbox_entry (position, id, account, key, lane, state, received_at, due_at, done_at, event)
        SELECT nextval('inbox_position'), 'row_' || n, 'default', 'row ' || n,
            'default message ' || n, CASE n % 10 WHEN 0 THEN 0 WHEN 1 THEN 2 ELSE 1 END,
            1800000000000 - n, 1800000000000 - n, 1800000000000 - n, repeat('x', 500)
        FROM generate_series(1, 20000) AS n;
    INSERT INTO inbox_lane (name, account, due_at)
        SELECT lane, account, due_at + 500000 FROM inbox_entry WHERE state = 0";

/// What the server does by itself, sooner or later: it learns how much there is, and of which pages
/// an index alone says all.
const VACUUM: &str = "VACUUM ANALYZE inbox_entry, inbox_lane";

/// How many rows have been read so far from end to end, and by an index.
const READ: &str = "SELECT sum(seq_tup_read)::bigint, sum(idx_tup_fetch)::bigint
    FROM pg_stat_user_tables WHERE relname IN ('inbox_entry', 'inbox_lane')";

/// More than is meant in a round of the test, and far less than what waits.
const MAX_ROWS: i64 = 1_000;

#[tokio::test]
#[ignore = "needs PostgreSQL: cargo xtask ci runs it"]
async fn no_table_is_read_from_end_to_end() {
    let url = TestServer::shared().database().await;
    // One connection, for the server counts by connection until it is told to say.
    let pool = pool(&Secret::new(format!("{}?pool_size=1", url.expose()))).await;
    let inbox = PostgresInbox::new(pool.clone());
    for sql in [FILL, VACUUM, "SELECT count(event) FROM inbox_entry"] {
        pool.client().await.unwrap().batch_execute(sql).await.unwrap();
    }
    let read = async || {
        let client = pool.client().await.unwrap();
        client.batch_execute("SELECT pg_stat_force_next_flush()").await.unwrap();
        let row = client.query_one(READ, &[]).await.unwrap();
        (row.get::<_, i64>(0), row.get::<_, i64>(1))
    };
    let (whole, _) = read().await;
    assert_eq!(whole, 20_000, "what is read is counted");
    // More often than it takes until a plan is made for all parameters.
    for number in 0..8 {
        let (_, before) = read().await;
        inbox.insert(message(1, 2 * number)).await.unwrap();
        inbox.insert(message(1, 2 * number + 1)).await.unwrap();
        inbox.insert(message(1, 2 * number)).await.unwrap();
        let accounts = [telephony_core::AccountId::default_account()];
        let leased = inbox.lease(Some(&accounts), NOW, Timestamp::MAX, 4).await.unwrap();
        let lease = &leased[0].lease;
        assert!(inbox.renew(lease, Timestamp::MAX).await.unwrap());
        assert_eq!(inbox.behind(lease, 9).await.unwrap().len(), 1);
        assert!(inbox.join(lease, 1).await.unwrap());
        inbox.put_back(lease, NOW, "not now").await.unwrap();
        let leased = inbox.lease(None, NOW, Timestamp::MAX, 4).await.unwrap();
        assert!(inbox.finish(&leased[0].lease, NOW).await.unwrap());
        inbox.next_due(NOW).await.unwrap();
        inbox.list(EntryState::Failed, 20).await.unwrap();
        inbox.requeue(&message(1, 0).id, NOW).await.unwrap();
        assert_eq!(inbox.clean(NOW, Timestamp::from_second(1_799_999_999), 10).await.unwrap(), 10);
        let (again, after) = read().await;
        assert_eq!(again, whole, "round {number}");
        assert!(after - before < MAX_ROWS, "round {number}: {} rows", after - before);
    }
    // What is done is counted in an index.
    inbox.counts().await.unwrap();
    assert_eq!(read().await.0, whole);
}
