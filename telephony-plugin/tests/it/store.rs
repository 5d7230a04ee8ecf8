//! The database copied while a server writes it, put back, and refused where it must not be used.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::client::{Client, text};
use crate::gateway::Host;
use crate::outside::{AGENT, Outside};
use crate::rpc::section;
use crate::running::{Home, alone, eventually};

const PERSON: &str = "+15550001234";

fn home(outside: &Outside) -> Arc<Home> {
    Home::new(&outside.open(), &["--handler", &outside.handler()])
}

fn post(address: SocketAddr, id: &str, from: &str) {
    let answer = Client::connect(address).unwrap().exchange(&text(id, from, AGENT)).unwrap();
    assert_eq!(answer.status, 200);
}

/// Where a home has its copies.
fn copy(home: &Home) -> PathBuf {
    home.state().with_file_name("copy.db")
}

fn store(home: &Home, arguments: &[&str], file: &Path) -> Output {
    home.command(&[&["store"], arguments, &[file.to_str().unwrap()]].concat())
}

/// Does it, and reads what it answers in JSON.
fn done(home: &Home, arguments: &[&str], file: &Path) -> Value {
    let output = store(home, &[arguments, &["--json"]].concat(), file);
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// What it says that refuses.
fn refused(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// A folder's files and what is in them, but for who owns it.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap().map(Result::unwrap);
    let files = entries.filter(|entry| {
        entry.file_type().unwrap().is_file() && entry.file_name() != "telephony.lock"
    });
    files
        .map(|entry| {
            let bytes = fs::read(entry.path()).unwrap();
            (entry.file_name().into_string().unwrap(), bytes)
        })
        .collect()
}

fn texts_in(file: &Path) -> Vec<String> {
    let db = Connection::open(file).unwrap();
    let mut keys = db.prepare("SELECT key FROM inbox_entry").unwrap();
    keys.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
}

#[test]
fn a_copy_under_load_has_all_that_was_acknowledged_and_holds_no_webhook_up() {
    let _alone = alone();
    let outside = Outside::start();
    let server = home(&outside).start();
    let (next, is_over) = (AtomicUsize::new(0), AtomicBool::new(false));
    let acknowledged = Mutex::new(Vec::new());
    let count = || acknowledged.lock().unwrap().len();
    let copy = copy(&server);
    let (before, answer) = std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let mut client = Client::connect(server.address).unwrap();
                while !is_over.load(Ordering::SeqCst) {
                    let number = next.fetch_add(1, Ordering::SeqCst);
                    let (id, from) = (format!("SM{number:032}"), format!("+1555{number:07}"));
                    let answer = client.exchange(&text(&id, &from, AGENT)).unwrap();
                    assert_eq!(answer.status, 200);
                    acknowledged.lock().unwrap().push(id);
                    if answer.closes {
                        client = Client::connect(server.address).unwrap();
                    }
                }
            });
        }
        eventually("there is load", || count() >= 200);
        let before = acknowledged.lock().unwrap().clone();
        let answer = done(&server, &["backup"], &copy);
        let after = count();
        eventually("it goes on", || count() > after + 50);
        is_over.store(true, Ordering::SeqCst);
        (before, answer)
    });
    let kept = texts_in(&copy);
    let lost = before.iter().filter(|id| !kept.iter().any(|key| key.contains(id.as_str())));
    assert_eq!(lost.count(), 0, "of {}", before.len());
    assert_eq!(mode(&copy), 0o600);
    assert_eq!(answer["bytes"], fs::metadata(&copy).unwrap().len());
    assert_eq!(answer["rows"]["inbox_entry"], kept.len());
    assert!(!files(copy.parent().unwrap()).contains_key("copy.db-wal"), "one file is all of it");

    // It is not replaced unless that is said, and never the database itself.
    let sentence = refused(&store(&server, &["backup"], &copy));
    assert!(sentence.contains("--overwrite"), "{sentence}");
    let sentence = refused(&store(&server, &["backup", "--overwrite"], &server.database()));
    assert!(sentence.contains("database itself"), "{sentence}");
    let again = done(&server, &["backup", "--overwrite"], &copy);
    assert!(again["rows"]["inbox_entry"].as_u64() > answer["rows"]["inbox_entry"].as_u64());
    server.stop();
}

/// A text that waits for its carrier, in a copy.
fn queued(outside: &Outside, home: &Arc<Home>) -> PathBuf {
    let server = home.start();
    post(server.address, "SM1", "+15550000001");
    eventually("it is answered", || outside.texts().len() == 1);
    server.command(&["optout", "add", "+15550000002"]);
    (0..100).for_each(|_| outside.refuse_next(429));
    post(server.address, "SM2", PERSON);
    eventually("it waits for the carrier, which said no", || {
        let message = &server.json(&["message"])["messages"][0]["parts"][0];
        message["state"] == "queued" && message["reason"].is_string()
    });
    let copy = copy(home);
    done(home, &["backup"], &copy);
    server.kill();
    copy
}

/// What pairing owes somebody: a code, and in a host's own two codes, one of which was texted, and
/// a confirmation.
fn owe(copy: &Path) {
    let rows = "INSERT INTO pairing_owed (account, number, code, kind, expires_at)
            VALUES ('default', '+15550000003', 'ABCDEFGH', 1, NULL);
        INSERT INTO host_challenge (account, number, code, created_at, texted_at, approved_at)
            VALUES ('default', '+15550000004', 'ABCDEFGH', 1, NULL, NULL),
                ('default', '+15550000005', 'ABCDEFGH', 1, 1, NULL),
                ('default', '+15550000006', 'ABCDEFGH', 1, 1, 1);";
    Connection::open(copy).unwrap().execute_batch(rows).unwrap();
}

/// What pairing owes by a database: notes of its own, and numbers whom a host is not done with.
fn owed(database: &Path) -> (usize, Vec<String>) {
    let db = Connection::open(database).unwrap();
    let own = db.query_row("SELECT count(*) FROM pairing_owed", [], |row| row.get(0)).unwrap();
    let sql = "SELECT number FROM host_challenge WHERE closed_at IS NULL ORDER BY number";
    let mut open = db.prepare(sql).unwrap();
    let open = open.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    (own, open)
}

#[test]
fn a_copy_serves_in_another_directory_and_sends_nothing_twice() {
    let outside = Outside::start();
    let first = home(&outside);
    let copy = queued(&outside, &first);
    owe(&copy);
    let before = fs::read(&copy).unwrap();
    let outside = Outside::start();
    let other = home(&outside);
    let restored = done(&other, &["restore"], &copy);
    assert_eq!(fs::read(&copy).unwrap(), before, "the copy is as it was");
    assert_eq!((&restored["replaced"], &restored["optOuts"]), (&Value::Null, &json!("none")));
    assert_eq!((&restored["unknownParts"], &restored["toSend"]), (&json!(1), &json!(0)));
    assert_eq!(restored["pairingTexts"], 3);
    assert_eq!(owed(&other.database()), (0, vec!["+15550000005".to_owned()]));
    assert_eq!(mode(&other.database()), 0o600);
    let server = other.start();
    assert_eq!(server.json(&["optout", "list"])["optedOut"][0]["number"], "+15550000002");
    // What it knows is not answered again, and what waited is not sent.
    post(server.address, "SM1", "+15550000001");
    post(server.address, "SM3", PERSON);
    eventually("the new one is answered", || outside.count(PERSON, "to SM3") == 1);
    let status = server.json(&["status"]);
    assert_eq!((&status["outbox"]["unknown"], &status["outbox"]["queued"]), (&json!(1), &json!(0)));
    let messages = server.json(&["message"])["messages"].to_string();
    assert!(messages.contains("put back"), "{messages}");
    server.stop();
    assert_eq!(outside.texts().len(), 1, "{:?}", outside.texts());
}

#[test]
fn what_waited_in_a_copy_is_sent_where_nothing_has_run_since() {
    let outside = Outside::start();
    let first = home(&outside);
    let copy = queued(&outside, &first);
    owe(&copy);
    let outside = Outside::start();
    let other = home(&outside);
    let restored = done(&other, &["restore", "--resend"], &copy);
    assert_eq!(restored["pairingTexts"], 0);
    assert_eq!(owed(&other.database()).0, 1);
    assert_eq!((&restored["unknownParts"], &restored["toSend"]), (&json!(0), &json!(1)));
    let server = other.start();
    eventually("it is sent", || outside.count(PERSON, "to SM2") == 1);
    server.stop();
}

#[test]
fn what_is_replaced_is_kept_whole_and_its_opt_outs_hold() {
    let outside = Outside::start();
    let home = home(&outside);
    let (server, copy) = (home.start(), copy(&home));
    post(server.address, "SM1", PERSON);
    done(&home, &["backup"], &copy);
    post(server.address, "SM2", PERSON);
    server.command(&["optout", "add", "+15550000002"]);
    // Its log is not in its file yet.
    server.kill();
    let restored = done(&home, &["restore"], &copy);
    assert_eq!(restored["optOuts"], json!({ "kept": 1 }));
    let replaced = PathBuf::from(restored["replaced"].as_str().unwrap());
    assert_eq!((texts_in(&replaced).len(), texts_in(&home.database()).len()), (2, 1));
    assert_eq!(mode(&replaced), 0o600);
    let names = files(&home.state());
    assert!(!names.keys().any(|name| name.contains("partial")), "{:?}", names.keys());
    let server = home.start();
    assert_eq!(server.json(&["optout", "list"])["optedOut"][0]["number"], "+15550000002");
    // What the copy does not have is taken anew.
    post(server.address, "SM2", PERSON);
    eventually("it is answered", || outside.handled("SM2") >= 1);
    server.stop();
    let found = done(&home, &["check"], &replaced);
    assert_eq!(found["rows"]["inbox_entry"], 2);
}

/// A copy that was changed.
fn changed(copy: &Path, name: &str, change: impl FnOnce(&Connection)) -> PathBuf {
    let path = copy.with_file_name(name);
    fs::copy(copy, &path).unwrap();
    change(&Connection::open(&path).unwrap());
    path
}

#[test]
fn a_file_that_must_not_be_used_is_refused_and_nothing_is_changed() {
    let outside = Outside::start();
    let home = home(&outside);
    let (server, copy) = (home.start(), copy(&home));
    for number in 0..50 {
        post(server.address, &format!("SM{number}"), PERSON);
    }
    done(&home, &["backup"], &copy);

    // Not beside a server, which goes on.
    let pid = server.pid().to_string();
    let sentence = refused(&store(&home, &["restore"], &copy));
    assert!(sentence.contains(&pid) && sentence.contains("stop it first"), "{sentence}");
    let url = "postgres://me:hunter2@127.0.0.1:1/tel";
    let sentence = refused(&home.command(&["store", "migrate", "--to", url]));
    assert!(sentence.contains(&pid) && sentence.contains("stop it first"), "{sentence}");
    let from = format!("sqlite:{}", home.database().display());
    let elsewhere = tempfile::tempdir().unwrap();
    let migrate = ["store", "migrate", "--from", &from, "--to", url, "--state-dir"];
    let mut other = assert_cmd::Command::new(env!("CARGO_BIN_EXE_telephony"));
    let output = other.args(migrate).arg(elsewhere.path()).output().unwrap();
    assert!(refused(&output).contains(&pid), "{output:?}");
    // Nor where only the file is the server's, and the state directory is somebody else's.
    let config = copy.with_file_name("elsewhere.json5");
    let mut open = outside.open();
    open["database"] = json!(from);
    fs::write(&config, open.to_string()).unwrap();
    let (config, away) = (config.to_str().unwrap(), tempfile::tempdir().unwrap());
    let link = away.path().join("linked.db");
    std::os::unix::fs::symlink(home.database(), &link).unwrap();
    let link = format!("sqlite:{}", link.display());
    for arguments in [
        &["restore", copy.to_str().unwrap(), "--config", config][..],
        &["migrate", "--from", &link, "--to", url],
    ] {
        let mut other = assert_cmd::Command::new(env!("CARGO_BIN_EXE_telephony"));
        let other = other.arg("store").args(arguments).arg("--state-dir").arg(elsewhere.path());
        let sentence = refused(&other.output().unwrap());
        assert!(sentence.contains("another process has the database open"), "{sentence}");
    }
    assert_eq!(files(&home.state()).keys().filter(|name| name.contains("restore")).count(), 0);
    post(server.address, "SM50", PERSON);
    server.stop();
    // One state directory under two names is locked once.
    let (state, dots) = (home.state(), home.state().join("../state"));
    let dots = if dots.exists() { dots } else { state.join(".") };
    let mut again = assert_cmd::Command::new(env!("CARGO_BIN_EXE_telephony"));
    let again = again.args(migrate).arg(dots).output().unwrap();
    assert!(refused(&again).contains("127.0.0.1:1 cannot be reached"), "{again:?}");
    for (arguments, words) in [
        (&["--to", url][..], "127.0.0.1:1 cannot be reached"),
        (&["--to", "mysql://me:hunter2@db/tel"], "expected postgresql://"),
        (&["--from", "telephony.db", "--to", url], "--from: expected sqlite:<file>"),
        (&[], "--to: expected postgres://"),
    ] {
        let sentence = refused(&home.command(&[&["store", "migrate"], arguments].concat()));
        assert!(sentence.contains(words) && !sentence.contains("hunter2"), "{sentence}");
    }

    let newer = changed(&copy, "newer.db", |db| {
        db.execute_batch("UPDATE schema_version SET version = 99 WHERE name = 'outbound'").unwrap();
    });
    let unknown = changed(&copy, "unknown.db", |db| {
        db.execute_batch("INSERT INTO schema_version VALUES ('fax', 1)").unwrap();
    });
    let foreign = copy.with_file_name("foreign.db");
    Connection::open(&foreign).unwrap().execute_batch("CREATE TABLE a (b)").unwrap();
    let words = copy.with_file_name("words.db");
    fs::write(&words, "These are words, and no database at all. ".repeat(100)).unwrap();
    let damaged = copy.with_file_name("damaged.db");
    let mut bytes = fs::read(&copy).unwrap();
    let end = bytes.len();
    bytes[4096 * 3..end - 4096].fill(0xab);
    fs::write(&damaged, bytes).unwrap();
    let cut = copy.with_file_name("cut.db");
    fs::write(&cut, &fs::read(&copy).unwrap()[..4096 * 4]).unwrap();
    let before = files(&home.state());
    for (file, words) in [
        (&newer, "a newer version of this program made"),
        (&unknown, "it has `fax` tables"),
        (&foreign, "no database of this program"),
        (&words, "no database of this program"),
        (&damaged, "is damaged"),
        (&cut, "is damaged"),
        (&copy.with_file_name("missing.db"), "is not there"),
        (&home.database(), "the database itself"),
    ] {
        let sentence = refused(&store(&home, &["restore"], file));
        let has_file = sentence.contains(file.file_name().unwrap().to_str().unwrap());
        assert!(sentence.contains(words) && has_file, "{file:?}: {sentence}");
        assert!(files(&home.state()) == before, "{file:?} changed something");
    }
    let sentence = refused(&store(&home, &["check"], &damaged));
    assert!(sentence.contains("is damaged"), "{sentence}");
}

#[test]
fn a_database_of_a_newer_program_is_refused_everywhere_and_left_as_it_is() {
    let outside = Outside::start();
    let home = home(&outside);
    home.start().stop();
    let newer = "UPDATE schema_version SET version = 99 WHERE name = 'outbound'";
    Connection::open(home.database()).unwrap().execute_batch(newer).unwrap();
    let before = fs::read(home.database()).unwrap();
    let config = home.config();
    let copy = copy(&home);
    let mut said = vec![home.refused()];
    for arguments in [
        &["optout", "list"][..],
        &["inbox", "list"],
        &["pairing", "list"],
        &["message"],
        &["calls"],
        &["store", "check"],
        &["store", "backup", copy.to_str().unwrap()],
        // Before PostgreSQL is asked, which is not there.
        &["store", "migrate", "--to", "postgres://me:hunter2@127.0.0.1:1/tel"],
    ] {
        said.push(refused(&home.command(arguments)));
    }
    let doctor = home.command(&["doctor", "--config", &config]);
    said.push(String::from_utf8(doctor.stdout).unwrap());

    // Inside OpenClaw, which is told that trying again is no use.
    let host = Host::new();
    fs::create_dir_all(host.state()).unwrap();
    fs::copy(home.database(), host.state().join("telephony.db")).unwrap();
    let sidecar = host.start();
    let params = json!({ "accountId": "default", "config": section(&outside) });
    let error = sidecar.call("account.start", params).unwrap_err();
    assert_eq!(error["data"]["retryable"], false, "{error}");
    assert_eq!(fs::read(host.state().join("telephony.db")).unwrap(), before);
    said.push(error["message"].as_str().unwrap().replace("\\", ""));

    for said in &said {
        let line = said.split_whitespace().collect::<Vec<_>>().join(" ");
        for words in [
            "a newer version of this program made",
            "telephony.db",
            "`outbound` tables are of version 99",
            "use the newer program",
        ] {
            assert!(line.contains(words), "{words:?} is not in {line}");
        }
    }
    assert_eq!(fs::read(home.database()).unwrap(), before);
    assert!(!copy.exists());
}
