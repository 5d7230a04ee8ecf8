//! One node alone: the suite, and the model.

use proptest::prelude::*;
use telephony_core::Timestamp;
use telephony_webhook::conformance::{NOW, message};
use telephony_webhook::testing::TestServer;
use telephony_webhook::{EntryState, Inbox, PostgresInbox, inbox_conformance};

use super::fresh;
use crate::inbox_model::{behaves, steps};

inbox_conformance!(suite, fresh().await, #[ignore = "needs PostgreSQL: cargo xtask ci runs it"]);

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    #[ignore = "needs PostgreSQL: cargo xtask ci runs it"]
    fn it_behaves_as_the_model(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async { behaves(&fresh().await, &steps).await });
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL: cargo xtask ci runs it"]
async fn what_cannot_be_read_is_set_aside() {
    let pool = TestServer::shared().pool(&[PostgresInbox::SCHEMA]).await;
    let inbox = PostgresInbox::new(pool.clone());
    for (sender, number) in [(1, 1), (1, 2), (2, 3)] {
        inbox.insert(message(sender, number)).await.unwrap();
    }
    let spoil = r#"UPDATE inbox_entry SET event = '{"kind":"fax"}' WHERE id = ANY ($1)"#;
    let spoilt = [message(1, 1).id, message(2, 3).id];
    let spoilt: Vec<_> = spoilt.iter().map(telephony_core::MessageId::as_str).collect();
    pool.client().await.unwrap().execute(spoil, &[&spoilt]).await.unwrap();
    let leased = inbox.lease(None, NOW, Timestamp::MAX, 9).await.unwrap();
    assert_eq!(leased.len(), 1, "the lane goes on");
    assert_eq!(leased[0].lease.id, message(1, 2).id);
    let failed = inbox.list(EntryState::Failed, 9).await.unwrap();
    assert_eq!(failed.len(), 2);
    assert!(failed.iter().all(|entry| entry.reason.is_some()));
    assert!(inbox.finish(&leased[0].lease, NOW).await.unwrap());
    assert_eq!(inbox.next_due(NOW).await.unwrap(), None, "no lane is left");
}

/// PostgreSQL has no place for this character, and an event must not hang on its reason.
#[tokio::test]
#[ignore = "needs PostgreSQL: cargo xtask ci runs it"]
async fn a_reason_may_hold_anything() {
    let inbox = fresh().await;
    inbox.insert(message(1, 1)).await.unwrap();
    let leased = inbox.lease(None, NOW, Timestamp::MAX, 9).await.unwrap();
    let state = inbox.put_back(&leased[0].lease, NOW, "a\0b\u{1f642}").await.unwrap();
    assert_eq!(state, Some(EntryState::Waiting));
    let listed = inbox.list(EntryState::Waiting, 9).await.unwrap();
    assert_eq!(listed[0].reason.as_deref(), Some("a b\u{1f642}"));
}
