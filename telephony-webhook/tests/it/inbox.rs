//! Every inbox passes the same suite; the one on disk survives as well.

use std::sync::Arc;
use std::time::Duration;

use telephony_core::{MessageId, Timestamp};
use telephony_webhook::conformance::{NOW, message};
use telephony_webhook::{
    EntryState, Inbox, Inserted, MemoryInbox, SqliteInbox, SqliteWriter, inbox_conformance,
};
use tempfile::TempDir;

inbox_conformance!(memory, MemoryInbox::new());
inbox_conformance!(sqlite, sqlite_in_memory());

/// The same tables as in a file, without waiting for a disk.
pub fn sqlite_in_memory() -> SqliteInbox {
    SqliteInbox::new(SqliteWriter::open_in_memory(&[SqliteInbox::SCHEMA]).unwrap())
}

fn open(folder: &TempDir) -> (SqliteWriter, SqliteInbox) {
    let path = folder.path().join("inbox.sqlite");
    let writer = SqliteWriter::open(&path, &[SqliteInbox::SCHEMA]).unwrap();
    (writer.clone(), SqliteInbox::new(writer))
}

#[tokio::test]
async fn what_is_in_the_file_survives_a_restart() {
    let folder = TempDir::new().unwrap();
    let (_, inbox) = open(&folder);
    inbox.insert(message(1, 1)).await.unwrap();
    inbox.insert(message(2, 2)).await.unwrap();
    let leased = inbox.lease(None, NOW, Timestamp::MAX, 1).await.unwrap();
    inbox.finish(&leased[0].lease, NOW).await.unwrap();
    drop(inbox);
    let (_, inbox) = open(&folder);
    let known = inbox.insert(message(1, 1)).await.unwrap();
    assert!(matches!(known, Inserted::Duplicate(_)));
    let counts = inbox.counts().await.unwrap();
    assert_eq!((counts.waiting, counts.done), (1, 1));
    let leased = inbox.lease(None, NOW, Timestamp::MAX, 9).await.unwrap();
    assert_eq!(leased.len(), 1);
    assert_eq!(leased[0].event, message(2, 2).event);
}

/// Whoever opens the file as its only user does not wait for the leases of a process that died.
#[tokio::test]
async fn leases_of_a_process_that_died_are_taken_over() {
    let folder = TempDir::new().unwrap();
    let (_, inbox) = open(&folder);
    for (sender, number) in [(1, 1), (1, 2), (2, 3)] {
        inbox.insert(message(sender, number)).await.unwrap();
    }
    let late = NOW.saturating_add(Duration::from_secs(300));
    let held = inbox.lease(None, NOW, late, 9).await.unwrap();
    assert_eq!(held.len(), 2, "one of each sender");
    let later = NOW.saturating_add(Duration::from_secs(1));
    inbox.put_back(&held[1].lease, late, "waits for long").await.unwrap();
    drop(inbox);
    let (_, inbox) = open(&folder);
    assert_eq!(inbox.lease(None, later, late, 9).await.unwrap(), []);
    assert_eq!(inbox.take_over(later).await.unwrap(), 1, "what was put back is not leased");
    assert_eq!(inbox.take_over(later).await.unwrap(), 0);
    assert!(!inbox.finish(&held[0].lease, later).await.unwrap(), "the dead hold nothing");
    let again = inbox.lease(None, later, late, 9).await.unwrap();
    assert_eq!(again.len(), 1);
    assert_eq!((&again[0].event, again[0].attempt), (&held[0].event, 2));
    assert!(inbox.finish(&again[0].lease, later).await.unwrap());
    let next = inbox.lease(None, later, late, 9).await.unwrap();
    assert_eq!(next[0].event, message(1, 2).event);
}

#[tokio::test]
async fn of_one_key_that_comes_often_at_once_one_is_new() {
    let inboxes: [Arc<dyn Inbox>; 2] = [Arc::new(MemoryInbox::new()), Arc::new(sqlite_in_memory())];
    for inbox in inboxes {
        let tasks: Vec<_> = (0..100)
            .map(|index| {
                let inbox = Arc::clone(&inbox);
                let mut entry = message(1, 1);
                entry.id = MessageId::new(format!("msg_{index}")).unwrap();
                tokio::spawn(async move { inbox.insert(entry).await.unwrap() })
            })
            .collect();
        let mut new = 0;
        for task in tasks {
            new += usize::from(task.await.unwrap() == Inserted::New);
        }
        assert_eq!(new, 1, "{inbox:?}");
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_set_aside() {
    let folder = TempDir::new().unwrap();
    let (writer, inbox) = open(&folder);
    inbox.insert(message(1, 1)).await.unwrap();
    inbox.insert(message(1, 2)).await.unwrap();
    let sql = r#"UPDATE inbox_entry SET event = '{"kind":"fax"}' WHERE id = ?1"#;
    let spoilt = message(1, 1).id;
    writer.transact(move |db| db.execute(sql, [spoilt.as_str()])).await.unwrap();
    let leased = inbox.lease(None, NOW, Timestamp::MAX, 9).await.unwrap();
    assert_eq!(leased.len(), 1, "the lane goes on");
    assert_eq!(leased[0].lease.id, message(1, 2).id);
    let failed = inbox.list(EntryState::Failed, 9).await.unwrap();
    assert_eq!(failed.len(), 1);
    assert!(failed[0].reason.is_some());
}

/// Who erases bodies means it: not even the free pages of the file hold them.
#[tokio::test]
async fn what_is_erased_is_not_in_the_file() {
    let folder = TempDir::new().unwrap();
    let (_, inbox) = open(&folder);
    inbox.insert(message(1, 1)).await.unwrap();
    let leased = inbox.lease(None, NOW, Timestamp::MAX, 9).await.unwrap();
    inbox.finish(&leased[0].lease, NOW).await.unwrap();
    let body = "number 1 ".as_bytes();
    let path = folder.path().join("inbox.sqlite");
    let holds_body = || {
        // A checkpoint cannot be part of a transaction, so another connection makes it.
        let db = rusqlite::Connection::open(&path).unwrap();
        db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0)).unwrap();
        let file = std::fs::read(&path).unwrap();
        file.windows(body.len()).any(|window| window == body)
    };
    assert!(holds_body());
    assert_eq!(inbox.clean(Timestamp::MAX, NOW, 9).await.unwrap(), 1);
    assert!(!holds_body());
}
