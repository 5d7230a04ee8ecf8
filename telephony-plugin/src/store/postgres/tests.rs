//! What is moved is all there is, and as it was; or nothing is moved.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use telephony_core::{AccountId, Event, InboundMessage, MessageId, OsEntropy, ProviderMessageId};
use telephony_pairing::{PairingCode, PairingStore as _, PostgresPairingStore};
use telephony_webhook::testing::TestServer;
use telephony_webhook::{EventKey, Inbox as _, NewEntry, PostgresInbox, PostgresPool};

use super::*;
use crate::database::Database;

const NOW: Timestamp = Timestamp::from_second(1_800_000_000);

/// The columns of each table of a file.
fn columns(db: &Connection) -> BTreeMap<String, Vec<(String, String)>> {
    let names = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'schema_version'";
    let mut names = db.prepare(names).unwrap();
    let names = names.query_map([], |row| row.get::<_, String>(0)).unwrap().map(Result::unwrap);
    let of = |name: &str| {
        let mut columns =
            db.prepare(&format!("SELECT name, type FROM pragma_table_info('{name}')"));
        let columns = columns.as_mut().unwrap().query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
        columns.unwrap().map(Result::unwrap).collect()
    };
    names.map(|name| (name.clone(), of(&name))).collect()
}

/// A file with two rows in each table, whose values are all different.
fn filled(path: &Path) -> Connection {
    drop(Database::open(path).unwrap());
    let db = Connection::open(path).unwrap();
    db.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
    for (table, columns) in columns(&db) {
        for row in 1..=2 {
            let value = |(index, (name, kind)): (usize, &(String, String))| match (
                name.as_str(),
                kind.as_str(),
            ) {
                // What is over is not looked at when a server starts.
                ("state" | "outcome", "INTEGER") => "2".to_owned(),
                ("leased" | "machine" | "answered" | "inbound", _) => (row % 2).to_string(),
                ("lane" | "name", _) => format!("'front +1555000000{row}'"),
                ("reason", _) if row == 1 => "NULL".to_owned(),
                ("reason", _) => "'a' || char(0) || 'b'".to_owned(),
                (_, "INTEGER") => (1_000 * row + index).to_string(),
                (_, "BLOB") => format!("x'00ff0{row}'"),
                _ => format!("'{name} \u{e9} {row}'"),
            };
            let values: Vec<_> = columns.iter().enumerate().map(value).collect();
            let sql = format!("INSERT INTO {table} VALUES ({})", values.join(", "));
            db.execute_batch(&sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
        }
    }
    db
}

#[test]
fn no_table_and_no_column_is_forgotten() {
    let folder = tempfile::tempdir().unwrap();
    let db = filled(&folder.path().join("telephony.db"));
    let listed = TABLES.iter().map(|table| {
        let mut columns: Vec<_> = table.columns.iter().map(|&column| column.to_owned()).collect();
        columns.sort();
        (table.name.to_owned(), columns)
    });
    let found = columns(&db).into_iter().map(|(name, columns)| {
        let mut columns: Vec<_> = columns.into_iter().map(|(name, _)| name).collect();
        columns.sort();
        (name, columns)
    });
    assert_eq!(listed.collect::<BTreeMap<_, _>>(), found.collect());
}

#[test]
fn what_was_on_its_way_is_unknown_in_what_is_moved_and_untouched_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("telephony.db");
    let db = filled(&path);
    db.execute_batch(
        "UPDATE outbound_part SET state = 1, delivery = NULL WHERE sequence = 1000;
        UPDATE outbound_part SET state = 0, is_first = 0, lane = 'front +15550000001'
            WHERE sequence = 2000;
        UPDATE outbound_call SET outcome = 0;
        UPDATE inbox_entry SET state = 0, leased = 1, due_at = 9000000000000 WHERE position = 1000",
    )
    .unwrap();
    drop(db);
    let source = Source::of(&path, NOW).unwrap();
    let of =
        |db: &Connection, sql: &str| db.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    let cases = [
        ("SELECT state FROM outbound_part WHERE sequence = 1000", 1, 4),
        ("SELECT is_first FROM outbound_part WHERE sequence = 2000", 0, 1),
        ("SELECT max(outcome) FROM outbound_call", 0, 4),
        ("SELECT leased FROM inbox_entry WHERE position = 1000", 1, 0),
        (
            "SELECT due_at FROM inbox_lane WHERE name = 'front +15550000001'",
            1_001,
            NOW.as_millisecond(),
        ),
    ];
    for (sql, _, after) in cases {
        assert_eq!(of(&source.connection, sql), after, "{sql}");
    }
    drop(source);
    let db = Connection::open(&path).unwrap();
    for (sql, before, _) in cases {
        assert_eq!(of(&db, sql), before, "{sql}");
    }
    let left: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|it| it.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name.to_str().unwrap().contains("partial")), "{left:?}");
}

/// A PostgreSQL database with everybody's tables.
async fn target() -> PostgresPool {
    TestServer::shared().pool(&crate::database::postgres_schemas()).await
}

/// All rows of a table as text, as both databases write them alike.
async fn there(client: &Client, table: &Table) -> Vec<String> {
    let columns = table.columns.iter().map(|column| {
        format!("coalesce(CASE WHEN pg_typeof(\"{column}\")::text = 'boolean' THEN (\"{column}\"::text = 'true')::int::text ELSE \"{column}\"::text END, '-')")
    });
    let columns: Vec<_> = columns.collect();
    let sql =
        format!("SELECT concat_ws('|', {}) FROM {} ORDER BY 1", columns.join(", "), table.name);
    client.query(&sql, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

fn here(db: &Connection, table: &Table) -> Vec<String> {
    let columns = table.columns.iter().map(|column| {
        format!(
            "coalesce(CASE typeof(\"{column}\") WHEN 'blob' THEN '\\x' || lower(hex(\"{column}\"))
                ELSE \"{column}\" END, '-')"
        )
    });
    let columns: Vec<_> = columns.collect();
    let sql = format!("SELECT {} FROM {} ORDER BY 1", columns.join(" || '|' || "), table.name);
    let mut query = db.prepare(&sql).unwrap();
    let rows = query.query_map([], |row| row.get::<_, String>(0)).unwrap();
    // PostgreSQL keeps no NUL in a text.
    rows.map(|row| row.unwrap().replace('\0', "\u{fffd}")).collect()
}

#[tokio::test]
#[ignore = "needs PostgreSQL: cargo xtask ci runs it"]
async fn every_row_arrives_as_it_was_and_numbers_are_counted_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("telephony.db");
    let db = filled(&path);
    let rows: Vec<_> = TABLES.iter().map(|table| here(&db, table)).collect();
    drop(db);
    let pool = target().await;
    let mut client = pool.client().await.unwrap();
    let source = Source::of(&path, NOW).unwrap();
    let moved = source.copy_into(&mut client).await.unwrap();
    assert_eq!(moved.rows.len(), TABLES.len());
    assert!(moved.rows.values().all(|rows| *rows == 2), "{moved:?}");
    for (table, rows) in TABLES.iter().zip(&rows) {
        assert_eq!(there(&client, table).await, *rows, "{}", table.name);
    }
    let account = "SELECT account FROM inbox_lane GROUP BY account";
    assert_eq!(client.query_one(account, &[]).await.unwrap().get::<_, &str>(0), "front");
    let next = client.query_one("SELECT nextval('inbox_position')", &[]).await.unwrap();
    assert_eq!(next.get::<_, i64>(0), 2_001);
    let owed = "INSERT INTO pairing_owed (account, number, code, kind)
        VALUES ('a', '+15550001234', 'ABCD2345', 0) RETURNING sequence";
    assert_eq!(client.query_one(owed, &[]).await.unwrap().get::<_, i64>(0), 2_001);

    // What has rows takes no more, and stays as it is.
    let error = source.copy_into(&mut client).await.unwrap_err();
    assert!(matches!(error, MoveError::NotEmpty("inbox_entry")), "{error}");
    assert_eq!(there(&client, &TABLES[0]).await, rows[0]);
}

#[tokio::test]
#[ignore = "needs PostgreSQL: cargo xtask ci runs it"]
async fn what_breaks_off_has_moved_nothing_and_can_be_done_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("telephony.db");
    drop(filled(&path));
    let pool = target().await;
    let mut client = pool.client().await.unwrap();
    // The last table takes no row.
    let reject = "ALTER TABLE host_challenge ADD CONSTRAINT never CHECK (created_at < 0)";
    client.batch_execute(reject).await.unwrap();
    let source = Source::of(&path, NOW).unwrap();
    let error = source.copy_into(&mut client).await.unwrap_err().to_string();
    assert!(error.contains("host_challenge") && !error.contains("+1555"), "{error}");
    for table in TABLES {
        assert!(there(&client, table).await.is_empty(), "{}", table.name);
    }
    client.batch_execute("ALTER TABLE host_challenge DROP CONSTRAINT never").await.unwrap();
    source.copy_into(&mut client).await.unwrap();

    let pool = target().await;
    let mut client = pool.client().await.unwrap();
    client.batch_execute("DROP TABLE outbound_call").await.unwrap();
    let error = source.copy_into(&mut client).await.unwrap_err();
    assert!(matches!(error, MoveError::NoTable("outbound_call")), "{error}");
}

#[tokio::test]
#[ignore = "needs PostgreSQL: cargo xtask ci runs it"]
async fn what_waits_is_leased_there_and_who_was_approved_is_known() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("telephony.db");
    let database = Database::open(&path).unwrap();
    let (account, person) = (AccountId::default_account(), "+15550001234".parse().unwrap());
    for number in 0..2 {
        let message = InboundMessage::new(
            account.clone(),
            ProviderMessageId::new(format!("m{number}")).unwrap(),
            "+15550001234".parse().unwrap(),
            "+15550001111".parse().unwrap(),
            NOW,
        );
        let id = MessageId::new(format!("msg_{number}")).unwrap();
        let key = EventKey::new("message", message.id.as_str(), "");
        let entry = NewEntry::new(id, key, Event::Message(message), NOW);
        database.inbox.insert(entry).await.unwrap();
    }
    // Whoever had it leased has ended.
    let until = NOW.saturating_add(Duration::from_secs(30));
    assert_eq!(database.inbox.lease(None, NOW, until, 9).await.unwrap().len(), 1);
    let code = PairingCode::generate(&OsEntropy).unwrap();
    database.pairing.request(&account, &person, &code, NOW).await.unwrap();
    database.pairing.approve(&account, &code, NOW).await.unwrap();
    drop(database);

    let pool = target().await;
    let source = Source::of(&path, NOW).unwrap();
    source.copy_into(&mut pool.client().await.unwrap()).await.unwrap();
    let inbox = PostgresInbox::new(pool.clone());
    let mut handled = Vec::new();
    while let Some(leased) = inbox.lease(None, NOW, until, 9).await.unwrap().pop() {
        handled.push((leased.lease.id.to_string(), leased.attempt));
        assert!(inbox.finish(&leased.lease, NOW).await.unwrap());
    }
    assert_eq!(handled, [("msg_0".to_owned(), 2), ("msg_1".to_owned(), 1)]);
    let pairing = PostgresPairingStore::new(pool.pool().clone());
    assert!(pairing.is_approved(&account, &person).await.unwrap());
    assert_eq!(pairing.owed(&account, NOW).await.unwrap().len(), 1);
}
