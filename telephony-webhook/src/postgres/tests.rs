//! What the pool promises, with servers that refuse, end and come back.

use std::time::Duration;

use telephony_core::Secret;
use tokio::sync::{mpsc, watch};

use super::testing::{PASSWORD, TestServer, nobody};
use super::{PostgresError, PostgresPool};
use crate::schema::Schema;

const WORDS: Schema = Schema {
    name: "words",
    migrations: &["CREATE TABLE words (word TEXT PRIMARY KEY)", "INSERT INTO words VALUES ('a')"],
};

async fn refused(url: &Secret, schemas: &[Schema]) -> PostgresError {
    PostgresPool::connect(url, nobody(), schemas).await.unwrap_err()
}

async fn count(pool: &PostgresPool) -> Result<i64, PostgresError> {
    Ok(pool.client().await?.query_one("SELECT count(*) FROM words", &[]).await?.try_get(0)?)
}

fn changed(url: &Secret, from: &str, to: &str) -> Secret {
    Secret::new(url.expose().replace(from, to))
}

#[tokio::test]
#[ignore = "needs PostgreSQL: cargo xtask ci runs it"]
async fn many_nodes_that_start_at_once_make_the_tables_once() {
    let url = TestServer::shared().database().await;
    let starts = (0..12).map(|_| {
        let url = url.clone();
        tokio::spawn(async move { PostgresPool::connect(&url, nobody(), &[WORDS]).await })
    });
    for start in starts.collect::<Vec<_>>() {
        assert_eq!(count(&start.await.unwrap().unwrap()).await.unwrap(), 1);
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL: cargo xtask ci runs it"]
async fn tables_of_a_newer_program_are_refused_and_a_failed_migration_leaves_nothing() {
    let url = TestServer::shared().database().await;
    drop(PostgresPool::connect(&url, nobody(), &[WORDS]).await.unwrap());
    let older =
        Schema { name: "words", migrations: &["CREATE TABLE words (word TEXT PRIMARY KEY)"] };
    let error = refused(&url, &[older]).await;
    assert!(matches!(error, PostgresError::Newer { name: "words", found: 2, known: 1 }));
    let said = "the database's `words` tables are of version 2 and this program knows 1: use the newer program";
    assert_eq!(error.to_string(), said);
    let broken = Schema { name: "broken", migrations: &["CREATE TABLE broken ()", "nonsense"] };
    let error = refused(&url, &[broken]).await;
    assert!(matches!(error, PostgresError::Migrate { name: "broken", .. }), "{error}");
    let mended = Schema { name: "broken", migrations: &["CREATE TABLE broken ()"] };
    PostgresPool::connect(&url, nobody(), &[WORDS, mended]).await.unwrap();
}

#[tokio::test]
#[ignore = "needs PostgreSQL: cargo xtask ci runs it"]
async fn sessions_wait_for_nobody_for_long_and_for_the_disk_always() {
    let server = TestServer::start_with(&["synchronous_commit=off"], &[]);
    let pool = server.pool(&[]).await;
    let client = pool.client().await.unwrap();
    for (setting, expected) in [
        ("statement_timeout", "5s"),
        ("lock_timeout", "3s"),
        ("synchronous_commit", "on"),
        ("application_name", "telephony"),
        ("default_transaction_isolation", "read committed"),
    ] {
        let row = client.query_one("SELECT current_setting($1)", &[&setting]).await.unwrap();
        assert_eq!(row.get::<_, String>(0), expected, "{setting}");
    }
    // What waits for more than the disk stays as it is set.
    let waits_for_others = "SET synchronous_commit = remote_apply";
    client.batch_execute(waits_for_others).await.unwrap();
    client.batch_execute(super::pool::SESSION).await.unwrap();
    let row = client.query_one("SHOW synchronous_commit", &[]).await.unwrap();
    assert_eq!(row.get::<_, String>(0), "remote_apply");
}

#[tokio::test]
#[ignore = "needs PostgreSQL: cargo xtask ci runs it"]
async fn what_is_refused_is_named_without_the_password() {
    let server = TestServer::shared();
    let url = server.database().await;
    let port = super::testing::free_port();
    let elsewhere = format!("postgresql://me:{PASSWORD}@127.0.0.1:{port}/tel");
    let wrong_password = changed(&url, PASSWORD, "swordfish");
    let denied = |error: &PostgresError| matches!(error, PostgresError::Denied { .. });
    let no_database = |error: &PostgresError| matches!(error, PostgresError::NoDatabase { .. });
    let unreachable = |error: &PostgresError| matches!(error, PostgresError::Unreachable { .. });
    let no_tls = |error: &PostgresError| matches!(error, PostgresError::NoTls { .. });
    let certificates = |error: &PostgresError| matches!(error, PostgresError::Certificates { .. });
    let with = |option: &str| Secret::new(format!("{}?{option}", url.expose()));
    type Is = dyn Fn(&PostgresError) -> bool;
    let cases: [(Secret, &Is); 7] = [
        (wrong_password, &denied),
        (changed(&url, "telephony:", "stranger:"), &denied),
        (server.url_of("nothing"), &no_database),
        (Secret::new(elsewhere), &unreachable),
        (changed(&url, "127.0.0.1", "nowhere.invalid"), &unreachable),
        (with("sslmode=require"), &no_tls),
        (with("sslrootcert=/dev/null"), &certificates),
    ];
    for (url, is_expected) in cases {
        let error = refused(&url, &[]).await;
        assert!(is_expected(&error), "{error:?}");
        let said = format!("{error} {error:?} {:?}", std::error::Error::source(&error));
        assert!(said.starts_with("database: "), "{said}");
        assert!(!said.contains(PASSWORD) && !said.contains("swordfish"), "{said}");
    }
    let pool = PostgresPool::connect(&url, nobody(), &[]).await.unwrap();
    assert!(!format!("{pool:?}").contains(PASSWORD));
}

#[tokio::test]
#[ignore = "needs PostgreSQL: cargo xtask ci runs it"]
async fn certificate_and_name_are_verified() {
    let rcgen::CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let files = [("server.crt", &*cert.pem()), ("server.key", &*signing_key.serialize_pem())];
    let server = TestServer::start_with(&["ssl=on"], &files);
    let url = server.url_of("postgres");
    let folder = tempfile::TempDir::new().unwrap();
    let authority = folder.path().join("authority.pem");
    std::fs::write(&authority, cert.pem()).unwrap();
    let at = |host: &str, options: &str| {
        Secret::new(format!("{}?{options}", url.expose().replace("127.0.0.1", host)))
    };
    let trusting = format!("sslmode=verify-full&sslrootcert={}", authority.display());
    let pool = PostgresPool::connect(&at("localhost", &trusting), nobody(), &[]).await.unwrap();
    let sql = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    let row = pool.client().await.unwrap().query_one(sql, &[]).await.unwrap();
    assert!(row.get::<_, bool>(0));
    for url in [at("127.0.0.1", &trusting), at("localhost", "sslmode=require")] {
        let error = refused(&url, &[]).await;
        assert!(matches!(error, PostgresError::Tls { .. }), "{error:?}");
    }
}

/// What a server says of a value it refuses repeats it; what is kept of that does not.
#[tokio::test]
#[ignore = "needs PostgreSQL: cargo xtask ci runs it"]
async fn errors_do_not_repeat_what_is_stored() {
    let pool = TestServer::shared().pool(&[WORDS]).await;
    let client = pool.client().await.unwrap();
    let insert = "INSERT INTO words VALUES ('the body of a message')";
    client.batch_execute(insert).await.unwrap();
    let error = PostgresError::from(client.batch_execute(insert).await.unwrap_err());
    let said = format!("{error:?} {:?}", std::error::Error::source(&error).unwrap().to_string());
    assert!(said.contains("23505") && !said.contains("body"), "{said}");
}

#[tokio::test]
#[ignore = "needs PostgreSQL: cargo xtask ci runs it"]
async fn who_waits_too_long_for_a_connection_is_told() {
    let url = TestServer::shared().database().await;
    let url = Secret::new(format!("{}?pool_size=1", url.expose()));
    let pool = PostgresPool::connect(&url, nobody(), &[]).await.unwrap();
    let _only = pool.client().await.unwrap();
    assert!(matches!(pool.client().await.unwrap_err(), PostgresError::TimedOut));
}

#[tokio::test]
#[ignore = "needs PostgreSQL: cargo xtask ci runs it"]
async fn a_server_that_comes_back_is_used_again() {
    let server = TestServer::start();
    let pool = server.pool(&[WORDS]).await;
    assert_eq!(count(&pool).await.unwrap(), 1);
    let held = pool.client().await.unwrap();
    server.stop();
    assert!(count(&pool).await.is_err());
    server.start_again();
    assert!(held.query_one("SELECT 1", &[]).await.is_err(), "this connection is over");
    drop(held);
    assert_eq!(count(&pool).await.unwrap(), 1);
    let by_socket = server.socket_url_of("t_0");
    let pool = PostgresPool::connect(&by_socket, nobody(), &[WORDS]).await.unwrap();
    assert_eq!(count(&pool).await.unwrap(), 1);
}

/// A node, and what it hears.
struct Node {
    pool: PostgresPool,
    heard: mpsc::UnboundedReceiver<String>,
    stop: watch::Sender<bool>,
    task: tokio::task::JoinHandle<()>,
}

impl Node {
    async fn start(url: &Secret) -> Self {
        let pool = PostgresPool::connect(url, nobody(), &[]).await.unwrap();
        let (hear, heard) = mpsc::unbounded_channel();
        let (stop, stopped) = watch::channel(false);
        let listener = pool.clone();
        let hear = move |topic: &str| hear.send(topic.to_owned()).unwrap();
        let task = tokio::spawn(async move { listener.listen(hear, stopped).await });
        Self { pool, heard, stop, task }
    }

    /// Rings until `other` hears it, for a ring before it listens is lost; what it heard until then.
    async fn reach(&self, other: &mut Self, topic: &'static str) -> Vec<String> {
        let mut again = tokio::time::interval(Duration::from_millis(20));
        let mut all = Vec::new();
        while all.last().is_none_or(|last| last != topic) {
            tokio::select! {
                heard = other.heard.recv() => all.push(heard.unwrap()),
                _ = again.tick() => self.pool.ring(topic),
            }
        }
        all
    }
}

#[tokio::test]
#[ignore = "needs PostgreSQL: cargo xtask ci runs it"]
async fn nodes_hear_each_other_and_not_themselves() {
    let server = TestServer::start();
    let url = server.database().await;
    let (mut first, mut second) = (Node::start(&url).await, Node::start(&url).await);
    first.reach(&mut second, "begin").await;
    second.reach(&mut first, "begin").await;
    first.pool.ring("own");
    first.reach(&mut second, "own").await;
    let heard = second.reach(&mut first, "end").await;
    assert_eq!(heard.last().map(String::as_str), Some("end"));
    assert!(!heard.contains(&"own".to_owned()), "{heard:?}");

    // Whatever became of the connection, it is made again.
    server.stop();
    server.start_again();
    first.reach(&mut second, "back").await;
    second.stop.send(true).unwrap();
    second.task.await.unwrap();
    drop(first.stop);
    first.task.await.unwrap();
}

#[tokio::test]
#[ignore = "needs PostgreSQL: cargo xtask ci runs it"]
async fn rings_are_gathered() {
    let url = TestServer::shared().database().await;
    let (first, mut second) = (Node::start(&url).await, Node::start(&url).await);
    first.reach(&mut second, "begin").await;
    for _ in 0..1_000 {
        first.pool.ring("inbox");
    }
    first.pool.ring("outbox");
    let mut topics = Vec::new();
    while !topics.contains(&"outbox".to_owned()) {
        topics.push(second.heard.recv().await.unwrap());
    }
    topics.retain(|topic| topic != "begin");
    assert_eq!(topics, ["inbox", "outbox"]);
}
