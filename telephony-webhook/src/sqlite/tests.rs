//! What the writer promises, with a disk that is full and others who hold the file.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use rusqlite::Connection;
use tempfile::TempDir;

use super::{MAX_BATCH_JOBS, MAX_QUEUED_JOBS, OpenError, SqliteWriter, WriteError};
use crate::schema::Schema;

const WORDS: Schema =
    Schema { name: "words", migrations: &["CREATE TABLE words (word TEXT PRIMARY KEY) STRICT"] };

fn fresh() -> (TempDir, PathBuf, SqliteWriter) {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("state.sqlite");
    let writer = SqliteWriter::open(&path, &[WORDS]).unwrap();
    (folder, path, writer)
}

fn add(word: &str) -> impl FnOnce(&Connection) -> rusqlite::Result<usize> + Send + 'static {
    let word = word.to_owned();
    move |db| db.prepare_cached("INSERT INTO words VALUES (?1)")?.execute([word])
}

async fn count(writer: &SqliteWriter) -> usize {
    let sql = "SELECT count(*) FROM words";
    writer.transact(move |db| db.query_row(sql, [], |row| row.get(0))).await.unwrap()
}

/// Keeps the thread at work until it is dropped; what is sent meanwhile waits together.
fn hold(writer: &SqliteWriter) -> mpsc::Sender<()> {
    let (release, held) = mpsc::channel::<()>();
    let (entered, begun) = mpsc::channel();
    let work = move |_: &Connection| {
        entered.send(()).unwrap();
        // The other end is dropped to release the thread.
        let _released = held.recv();
        Ok(())
    };
    drop(writer.submit(work).unwrap());
    begun.recv().unwrap();
    release
}

#[tokio::test]
async fn what_waits_together_is_committed_together() {
    let (_folder, _, writer) = fresh();
    let commits = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&commits);
    let hook = move || {
        counter.fetch_add(1, Ordering::SeqCst);
        false
    };
    writer
        .transact(move |db| {
            db.commit_hook(Some(hook));
            Ok(())
        })
        .await
        .unwrap();
    let release = hold(&writer);
    let jobs = 2 * MAX_BATCH_JOBS;
    let before = commits.load(Ordering::SeqCst);
    let answers: Vec<_> =
        (0..jobs).map(|index| writer.submit(add(&index.to_string())).unwrap()).collect();
    drop(release);
    for answer in answers {
        assert_eq!(answer.await.unwrap().unwrap(), 1);
    }
    // The one in which the thread was held, and two batches.
    assert_eq!(commits.load(Ordering::SeqCst) - before, 1 + 2);
    assert_eq!(count(&writer).await, jobs);
}

#[tokio::test]
async fn what_fails_or_panics_harms_nobody_else() {
    let (_folder, path, writer) = fresh();
    let release = hold(&writer);
    let first = writer.submit(add("first")).unwrap();
    let fails = writer.submit(|db| {
        add("half")(db)?;
        add("first")(db)
    });
    let panics = writer.submit(|db| -> rusqlite::Result<()> {
        add("quarter")(db)?;
        panic!("on purpose")
    });
    let last = writer.submit(add("last")).unwrap();
    drop(release);
    first.await.unwrap().unwrap();
    let failed = fails.unwrap().await.unwrap();
    assert!(matches!(failed, Err(WriteError::Database(_))), "{failed:?}");
    assert!(matches!(panics.unwrap().await.unwrap(), Err(WriteError::Panicked)));
    last.await.unwrap().unwrap();
    assert_eq!(words(&path), ["first", "last"]);
}

#[tokio::test]
async fn what_may_be_repeated_is_when_another_fails_and_stays_once() {
    let (_folder, path, writer) = fresh();
    let times = Arc::new(AtomicUsize::new(0));
    let counted = |word: &'static str| {
        let times = Arc::clone(&times);
        move |db: &Connection| {
            times.fetch_add(1, Ordering::SeqCst);
            add(word)(db)
        }
    };
    let fails = |db: &Connection| {
        add("half")(db)?;
        add("before")(db)
    };
    let panics = |db: &Connection| -> rusqlite::Result<()> {
        add("quarter")(db)?;
        panic!("on purpose")
    };
    // At the beginning of a transaction, and in the middle of one.
    for words in [["before", "a", "b"], ["once", "c", "d"]] {
        let release = hold(&writer);
        let begins = (words[0] == "once").then(|| writer.submit(add(words[0])).unwrap());
        let first = writer.submit_repeatable(counted(words[1])).unwrap();
        let begins = begins.unwrap_or_else(|| writer.submit_repeatable(counted(words[0])).unwrap());
        let fails = writer.submit_repeatable(fails).unwrap();
        let panics = writer.submit_repeatable(panics).unwrap();
        let last = writer.submit_repeatable(counted(words[2])).unwrap();
        drop(release);
        for answer in [begins, first, last] {
            assert_eq!(answer.await.unwrap().unwrap(), 1);
        }
        let failed = fails.await.unwrap();
        assert!(matches!(failed, Err(WriteError::Database(_))), "{failed:?}");
        assert!(matches!(panics.await.unwrap(), Err(WriteError::Panicked)));
    }
    assert_eq!(words(&path), ["a", "before", "b", "once", "c", "d"]);
    assert!(times.load(Ordering::SeqCst) > 5, "some were done again");
}

/// What another connection sees, which is what has been committed.
fn words(path: &std::path::Path) -> Vec<String> {
    let db = Connection::open(path).unwrap();
    let mut statement = db.prepare("SELECT word FROM words ORDER BY rowid").unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

#[tokio::test]
async fn a_full_disk_is_said_and_recovered_from() {
    let (_folder, _, writer) = fresh();
    add_pages(&writer, "before", 1).await.unwrap();
    let limit = |pages: u32| move |db: &Connection| db.pragma_update(None, "max_page_count", pages);
    writer.transact(limit(1)).await.unwrap();
    let release = hold(&writer);
    let together: Vec<_> =
        ["a", "b"].iter().map(|word| writer.submit(add(&word.repeat(100_000))).unwrap()).collect();
    drop(release);
    for answer in together {
        let result = answer.await.unwrap();
        assert!(matches!(result, Err(WriteError::DiskFull(_))), "{result:?}");
    }
    assert_eq!(count(&writer).await, 1, "reading goes on");
    writer.transact(limit(1_000_000)).await.unwrap();
    add_pages(&writer, "after", 100).await.unwrap();
    assert_eq!(count(&writer).await, 2);
}

async fn add_pages(writer: &SqliteWriter, word: &str, pages: usize) -> Result<usize, WriteError> {
    writer.transact(add(&word.repeat(pages * 1_000))).await
}

#[tokio::test]
async fn a_locked_file_is_said_and_recovered_from() {
    let (_folder, path, writer) = fresh();
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let result = writer.transact(add("locked out")).await;
    assert!(matches!(result, Err(WriteError::Locked(_))), "{result:?}");
    other.execute_batch("COMMIT").unwrap();
    writer.transact(add("let in")).await.unwrap();
    assert_eq!(words(&path), ["let in"]);
}

#[tokio::test]
async fn work_that_ends_the_transaction_fails_and_is_recovered_from() {
    let (_folder, _, writer) = fresh();
    let result = writer.transact(|db| db.execute_batch("ROLLBACK")).await;
    assert!(matches!(result, Err(WriteError::Database(_))), "{result:?}");
    writer.transact(add("after")).await.unwrap();
    assert_eq!(count(&writer).await, 1);
}

#[tokio::test]
async fn more_than_can_wait_is_refused_at_once() {
    let (_folder, _, writer) = fresh();
    let release = hold(&writer);
    let waiting: Vec<_> =
        (0..MAX_QUEUED_JOBS).map(|_| writer.submit(|_| Ok(())).unwrap()).collect();
    assert!(matches!(writer.submit(|_| Ok(())), Err(WriteError::Busy)));
    drop(release);
    for answer in waiting {
        answer.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn dropping_the_writer_does_what_waits() {
    let (_folder, path, writer) = fresh();
    let release = hold(&writer);
    let answer = writer.submit(add("last")).unwrap();
    drop((writer, release));
    answer.await.unwrap().unwrap();
    let writer = SqliteWriter::open(&path, &[WORDS]).unwrap();
    assert_eq!(count(&writer).await, 1);
}

#[tokio::test]
async fn tables_are_brought_up_to_date_and_newer_ones_refused() {
    let (_folder, path, writer) = fresh();
    writer.transact(add("kept")).await.unwrap();
    const GROWN: &[&str] = &[WORDS.migrations[0], "ALTER TABLE words ADD COLUMN note TEXT"];
    let grown = Schema { name: "words", migrations: GROWN };
    let other = Schema { name: "other", migrations: &["CREATE TABLE other (a ANY) STRICT"] };
    let writer_of_grown = SqliteWriter::open(&path, &[other, grown]).unwrap();
    let sql = "SELECT word FROM words WHERE note IS NULL";
    let kept = writer_of_grown
        .transact(move |db| db.query_row(sql, [], |row| row.get::<_, String>(0)))
        .await;
    assert_eq!(kept.unwrap(), "kept");
    // An older program changes nothing, not even what it could bring up to date.
    let another = Schema { name: "another", migrations: &["CREATE TABLE another (a ANY) STRICT"] };
    let error = SqliteWriter::open(&path, &[another, WORDS]).unwrap_err();
    let newer = OpenError::Newer { file: path.clone(), name: "words", found: 2, known: 1 };
    assert_eq!(error.to_string(), newer.to_string());
    assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
    let found = super::sqlite_versions(&Connection::open(&path).unwrap()).unwrap();
    assert_eq!(found, [("other".to_owned(), 1), ("words".to_owned(), 2)]);
}

#[test]
fn a_migration_that_fails_leaves_nothing_behind() {
    let (_folder, path, writer) = fresh();
    drop(writer);
    let broken =
        Schema { name: "broken", migrations: &["CREATE TABLE broken (a ANY)", "nonsense"] };
    let error = SqliteWriter::open(&path, &[broken]).unwrap_err();
    assert!(matches!(error, OpenError::Migrate { name: "broken", .. }), "{error}");
    let mended = Schema { name: "broken", migrations: &["CREATE TABLE broken (a ANY)"] };
    SqliteWriter::open(&path, &[mended]).unwrap();
}

#[test]
fn what_is_no_database_is_refused() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("state.sqlite");
    std::fs::write(&path, "this is not a database, and it is long enough to be seen as none")
        .unwrap();
    assert!(SqliteWriter::open(&path, &[WORDS]).is_err());
    let nowhere = path.join("below/a/file");
    assert!(matches!(SqliteWriter::open(&nowhere, &[]), Err(OpenError::File(_))));
}

#[cfg(unix)]
#[tokio::test]
async fn files_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;

    let mode =
        |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let (folder, path, writer) = fresh();
    writer.transact(add("secret")).await.unwrap();
    assert_eq!(mode(&path), 0o600);
    assert_eq!(mode(&folder.path().join("state.sqlite-wal")), 0o600);
    drop(writer);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    let _again = SqliteWriter::open(&path, &[WORDS]).unwrap();
    assert_eq!(mode(&path), 0o600);
}
