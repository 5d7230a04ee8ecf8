//! What is taken: committed once, before it is answered, whatever happens around it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use telephony_webhook::{Limits, MemoryInbox, SqliteInbox, SqliteWriter};
use tempfile::TempDir;

use super::running::{ACCOUNT_SID, Breakable, Running, message, mock, twilio};
use crate::signer::TOKEN;

async fn start(config: serde_json::Value) -> Running {
    Running::start(config, Limits::default(), Breakable::over(MemoryInbox::new())).await
}

#[tokio::test]
async fn a_text_is_taken_once() {
    let server = start(mock()).await;
    for status in [server.text(&message("m1")).await.0, server.text(&message("m1")).await.0] {
        assert_eq!(status, 200);
    }
    assert_eq!(server.rows().await, 1);
    let counted = server.receiver.counted();
    assert_eq!((counted.accepted, counted.duplicates), (1, 1));
}

#[tokio::test]
async fn each_carrier_has_the_answer_it_expects() {
    let server = start(twilio()).await;
    let (status, answer) = server.twilio("/telephony/webhook", "SM1", "+15550001111").await;
    assert_eq!(status, 200);
    assert!(answer.contains("content-type: text/xml") && answer.ends_with("<Response></Response>"));
    let (status, answer) = start(mock()).await.text(&message("m1")).await;
    assert_eq!(status, 200);
    assert!(answer.ends_with("{}"), "{answer}");
}

#[tokio::test]
async fn several_accounts_share_a_path_and_each_has_its_own() {
    let account = |number: &str, sid: &str, token: &str| json!({ "fromNumber": number, "twilio": { "accountSid": sid, "authToken": token } });
    let other = "ACbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
    let server = start(json!({
        "provider": "twilio", "publicUrl": "https://example.com",
        "accounts": {
            "first": account("+15550002222", other, "another-token"),
            "second": account("+15550001111", ACCOUNT_SID, TOKEN),
            "third": account("+15550003333", ACCOUNT_SID, TOKEN),
        },
    }))
    .await;
    let mut rows = 0;
    for (path, number, taken) in [
        ("/telephony/webhook", "+15550001111", true),
        ("/telephony/webhook", "+15550003333", true),
        ("/telephony/webhook", "+15550002222", false),
        ("/telephony/webhook/third", "+15550003333", true),
        ("/telephony/webhook/second", "+15550003333", false),
        ("/telephony/status", "+15550003333", true),
    ] {
        let id = format!("SM{rows}{}", path.len());
        let (status, answer) = server.twilio(path, &id, number).await;
        assert_eq!(status, 200, "{path} {number}: {answer}");
        rows += u64::from(taken);
        assert_eq!(server.rows().await, rows, "{path} {number}");
    }
    let (status, _) = server.twilio("/telephony/webhook/first", "SM9", "+15550001111").await;
    assert_eq!(status, 403, "the first has another token");
}

#[tokio::test]
async fn while_nothing_can_be_stored_the_carrier_is_to_try_again() {
    let server = start(mock()).await;
    server.inbox.broken.store(true, Ordering::SeqCst);
    let (status, answer) = server.text(&message("m1")).await;
    assert_eq!(status, 503);
    assert!(answer.contains("retry-after: 5"), "{answer}");
    let health = "GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let (status, answer) = server.raw(health).await;
    assert_eq!(status, 503);
    assert!(answer.contains(r#""store":false"#), "{answer}");
    server.inbox.broken.store(false, Ordering::SeqCst);
    assert_eq!(server.text(&message("m1")).await.0, 200);
    assert_eq!(server.rows().await, 1);
    let (status, answer) = server.raw(health).await;
    assert_eq!(status, 200);
    assert!(answer.contains(r#""status":"ok""#), "{answer}");
}

#[tokio::test]
async fn a_full_disk_is_not_acknowledged_and_ends_by_itself() {
    let folder = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let path = folder.path().join("inbox.db");
    let writer = SqliteWriter::open(&path, &[SqliteInbox::SCHEMA]).unwrap();
    let inbox = Breakable::over(SqliteInbox::new(writer.clone()));
    let server = Running::start(mock(), Limits::default(), inbox).await;
    let cap =
        |pages: u32| writer.transact(move |db| db.pragma_update(None, "max_page_count", pages));
    let long = |id: usize| {
        let mut body = message(&format!("m{id}"));
        body["text"] = "long ".repeat(5_000).into();
        body
    };
    assert_eq!(server.text(&long(0)).await.0, 200);
    cap(1).await.unwrap();
    let mut taken = 1;
    let refused = loop {
        match server.text(&long(taken)).await.0 {
            200 => taken += 1,
            status => break status,
        }
        assert!(taken < 100, "the disk is never full");
    };
    assert_eq!(refused, 503);
    assert_eq!(server.rows().await, taken as u64, "a row for each 200, and no other");
    assert!(server.receiver.last_not_stored().is_some());
    cap(1_000_000).await.unwrap();
    assert_eq!(server.text(&long(taken)).await.0, 200);
    assert_eq!(server.rows().await, taken as u64 + 1);
    assert_eq!(server.receiver.last_not_stored(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_body_a_thousand_times_is_one_row_and_after_a_restart_too() {
    let folder = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let path = folder.path().join("inbox.db");
    for round in 0..2 {
        let writer = SqliteWriter::open(&path, &[SqliteInbox::SCHEMA]).unwrap();
        let inbox = Breakable::over(SqliteInbox::new(writer));
        let server = Arc::new(Running::start(mock(), Limits::default(), inbox).await);
        let left = Arc::new(AtomicUsize::new(1_000));
        let mut connections = tokio::task::JoinSet::new();
        for _ in 0..32 {
            let (server, left) = (Arc::clone(&server), Arc::clone(&left));
            connections.spawn(async move {
                let take = |left: usize| left.checked_sub(1);
                while left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take).is_ok() {
                    assert_eq!(server.text(&message("m1")).await.0, 200);
                }
            });
        }
        while let Some(result) = connections.join_next().await {
            result.unwrap();
        }
        assert_eq!(server.rows().await, 1);
        let counted = server.receiver.counted();
        assert_eq!(counted.accepted + counted.duplicates, 1_000);
        assert_eq!(counted.accepted, u64::from(round == 0));
    }
}

#[tokio::test]
async fn stopping_answers_what_is_in_flight_and_takes_no_more() {
    let server = start(mock()).await;
    let held = server.inbox.gate.acquire_many(1_000_000).await.unwrap();
    let address = server.address;
    let body = message("m1").to_string();
    let request = format!(
        "POST /telephony/webhook HTTP/1.1\r\nhost: {address}\r\ncontent-length: {}\r\n\
         content-type: application/json\r\n\r\n{body}",
        body.len()
    );
    let answer =
        tokio::task::spawn_blocking(move || super::running::exchange(address, request.as_bytes()));
    server.inbox.asked.notified().await;
    server.stop();
    // Its listener is closed when it has begun to stop.
    while tokio::net::TcpStream::connect(address).await.is_ok() {}
    drop(held);
    let (status, answer) = answer.await.unwrap();
    assert_eq!(status, 200);
    assert!(answer.contains("connection: close"), "{answer}");
    assert_eq!(server.rows().await, 1);
    server.stopped().await;
    assert!(std::net::TcpStream::connect(address).is_err());
}
