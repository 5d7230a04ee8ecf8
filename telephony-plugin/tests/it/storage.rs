//! A database that cannot be written, because somebody holds it or the disk is full, or that is another
//! server's.

use std::time::{Duration, Instant};

use crate::client::{Client, health, said, text};
use crate::outside::{AGENT, Outside, SID};
#[cfg(target_os = "linux")]
use crate::running::limit_files;
use crate::running::{Home, alone, eventually};

const PERSON: &str = "+15550001234";

#[test]
fn database_locked() {
    let _alone = alone();
    let outside = Outside::start();
    let home = Home::new(&outside.open(), &["--handler", &outside.handler()]);
    let server = home.start();
    let post = |id: &str| {
        let mut client = Client::connect(server.address).unwrap();
        client.exchange(&text(id, PERSON, AGENT)).unwrap().status
    };
    assert_eq!((post("SM1"), health(server.address)), (200, 200));
    let other = rusqlite::Connection::open(home.database()).unwrap();
    eventually("somebody else has the database", || other.execute_batch("BEGIN EXCLUSIVE").is_ok());
    let asked = Instant::now();
    assert_eq!(post("SM2"), 503);
    assert_eq!(health(server.address), 503);
    assert!(asked.elapsed() < Duration::from_secs(8), "{:?}", asked.elapsed());
    other.execute_batch("COMMIT").unwrap();
    let released = Instant::now();
    assert_eq!(post("SM2"), 200);
    eventually("it says that it is well", || health(server.address) == 200);
    assert!(released.elapsed() < Duration::from_secs(5), "{:?}", released.elapsed());
    eventually("both are answered", || {
        outside.count(PERSON, "to SM1") == 1 && outside.count(PERSON, "to SM2") == 1
    });
    server.stop();
    assert_eq!(outside.texts().len(), 2, "{:?}", outside.texts());
}

#[test]
fn a_file_is_one_server_s_whichever_state_directory_the_other_has() {
    let outside = Outside::start();
    let first = Home::new(&outside.open(), &["--handler", &outside.handler()]);
    let server = first.start();
    let mut config = outside.open();
    config["database"] = format!("sqlite:{}", first.database().display()).into();
    let other = Home::new(&config, &["--handler", &outside.handler()]);
    let said = other.refused();
    assert!(said.contains("another telephony process uses") && said.contains("stop it"), "{said}");
    let listed = other.command(&["inbox", "list", "--config", &other.config()]);
    let said = String::from_utf8(listed.stderr).unwrap();
    assert!(!listed.status.success() && said.contains("another telephony process"), "{said}");
    server.kill();
    other.start().stop();
}

/// Its files may not grow, as when there is no room for them.
#[cfg(target_os = "linux")]
#[test]
fn disk_full() {
    let _alone = alone();
    let outside = Outside::start();
    let home = Home::new(&outside.open(), &["--handler", &outside.handler()]);
    let server = home.start();
    let words = "long ".repeat(20);
    let post = |number: usize| {
        let from = format!("+1555{number:07}");
        let request = said(SID, &format!("SM{number}"), &from, AGENT, &format!("{words}{number}"));
        Client::connect(server.address).unwrap().exchange(&request).unwrap().status
    };
    assert_eq!((post(0), health(server.address)), (200, 200));
    let log = home.database().with_extension("db-wal");
    limit_files(server.pid(), Some(log.metadata().unwrap().len()));
    let mut taken = 1;
    let refused = loop {
        match post(taken) {
            200 => taken += 1,
            status => break status,
        }
        assert!(taken < 1_000, "the disk is never full");
    };
    assert_eq!((refused, health(server.address)), (503, 503));
    for _ in 0..20 {
        assert_eq!(post(taken), 503);
    }
    let rows = || {
        let db = rusqlite::Connection::open(home.database()).unwrap();
        db.query_row("SELECT count(*) FROM inbox_entry", [], |row| row.get::<_, usize>(0)).unwrap()
    };
    assert_eq!(rows(), taken, "a row for each 200, and no other");
    // Nor can a line be logged, which harms nobody.
    limit_files(server.pid(), Some(0));
    for _ in 0..20 {
        assert_eq!(post(taken), 503);
    }
    limit_files(server.pid(), None);
    assert_eq!(post(taken), 200);
    eventually("it says that it is well", || health(server.address) == 200);
    taken += 1;
    let number = |given: &String| given.rsplit(' ').next().unwrap().parse::<usize>().unwrap();
    eventually("each is answered", || {
        let mut replied: Vec<_> = outside.texts().iter().map(|(_, text)| number(text)).collect();
        replied.sort_unstable();
        replied == (0..taken).collect::<Vec<_>>()
    });
    server.stop();
}
