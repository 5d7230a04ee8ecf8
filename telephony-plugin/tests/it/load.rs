//! A server that has much to do: repeats, a stop, slow clients, a database that somebody holds.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::client::{Client, health, text};
use crate::outside::{AGENT, Outside};
use crate::running::{Home, alone, eventually};

const PERSON: &str = "+15550001234";

#[test]
fn one_body_a_thousand_times_and_again_after_a_restart() {
    let _alone = alone();
    let outside = Outside::start();
    let home = Home::new(&outside.open(), &["--handler", &outside.handler()]);
    for _ in 0..2 {
        let server = home.start();
        let left = AtomicUsize::new(1_000);
        std::thread::scope(|scope| {
            for _ in 0..32 {
                scope.spawn(|| {
                    let mut client = Client::connect(server.address).unwrap();
                    let request = text("SM1", PERSON, AGENT);
                    let one = |left: usize| left.checked_sub(1);
                    while left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one).is_ok() {
                        assert_eq!(client.exchange(&request).unwrap().status, 200);
                    }
                });
            }
        });
        eventually("it is answered", || {
            server.json(&["status"])["inbox"]["done"] == 1 && outside.texts().len() == 1
        });
        server.stop();
        assert_eq!(outside.handled("SM1"), 1);
        assert_eq!(outside.texts(), [(PERSON.to_owned(), "Reply 1 to SM1".to_owned())]);
    }
}

/// What clients of a server that is stopped saw.
#[derive(Default)]
struct Clients {
    next: AtomicUsize,
    acknowledged: Mutex<Vec<String>>,
    failures: Mutex<Vec<String>>,
}

impl Clients {
    /// Posts until nobody listens any more, each text on a connection of its own or, with `keep`,
    /// on one for as long as the server lets it.
    fn post(&self, address: SocketAddr, keep: bool) {
        let mut kept = None;
        loop {
            let mut client = match kept.take().map_or_else(|| Client::connect(address), Ok) {
                Ok(client) => client,
                Err(error) if error.kind() == ErrorKind::ConnectionRefused => return,
                Err(error) => return self.failures.lock().unwrap().push(error.to_string()),
            };
            let number = self.next.fetch_add(1, Ordering::SeqCst);
            let (id, from) = (format!("SM{number}"), format!("+1555{:07}", number % 500));
            match client.exchange(&text(&id, &from, AGENT)) {
                Ok(answer) if answer.status == 200 => {
                    self.acknowledged.lock().unwrap().push(id);
                    kept = (keep && !answer.closes).then_some(client);
                }
                Ok(answer) => self.failures.lock().unwrap().push(format!("{id}: {answer:?}")),
                Err(error) => self.failures.lock().unwrap().push(format!("{id}: {error}")),
            }
        }
    }
}

#[test]
fn stopped_under_load() {
    let _alone = alone();
    let outside = Outside::start();
    let home = Home::new(&outside.open(), &["--handler", &outside.handler()]);
    let server = home.start();
    let (address, clients) = (server.address, Clients::default());
    std::thread::scope(|scope| {
        for client in 0..8 {
            let clients = &clients;
            scope.spawn(move || clients.post(address, client % 2 == 0));
        }
        eventually("there is load", || clients.acknowledged.lock().unwrap().len() >= 200);
        server.stop();
    });
    assert_eq!(*clients.failures.lock().unwrap(), [] as [String; 0]);
    let acknowledged = clients.acknowledged.into_inner().unwrap();
    let server = home.start();
    eventually("all that was acknowledged is dispatched", || {
        acknowledged.iter().all(|id| outside.handled(id) > 0)
    });
    server.stop();
}

/// Nothing at all, half a head, and half a body.
const HALVES: [&str; 3] = [
    "",
    "POST /telephony/webhook HTTP/1.1\r\nhost: example.com\r\n",
    "POST /telephony/webhook HTTP/1.1\r\nhost: example.com\r\nx-twilio-signature: AAAA\r\n\
     content-type: application/x-www-form-urlencoded\r\ncontent-length: 100\r\n\r\nFrom=",
];

#[test]
fn six_hundred_slow_sockets_hold_nobody_up() {
    let _alone = alone();
    let outside = Outside::start();
    let home = Home::new(&outside.open(), &["--handler", &outside.handler()]);
    let server = home.start();
    let started = Instant::now();
    let slow: Vec<TcpStream> = (0..600)
        .map(|count| {
            let mut stream = TcpStream::connect(server.address).unwrap();
            stream.write_all(HALVES[count % HALVES.len()].as_bytes()).unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
            stream
        })
        .collect();
    let mut honest: Vec<Duration> = (0..200)
        .map(|count| {
            let request = text(&format!("SM{count}"), PERSON, AGENT);
            let asked = Instant::now();
            let answer = Client::connect(server.address).unwrap().exchange(&request).unwrap();
            assert_eq!(answer.status, 200);
            asked.elapsed()
        })
        .collect();
    for mut stream in slow {
        let mut told = Vec::new();
        let ended = stream.read_to_end(&mut told);
        let is_open = ended.is_err_and(|error| error.kind() == ErrorKind::WouldBlock);
        assert!(!is_open, "a slow socket stays open");
    }
    let closed = started.elapsed();
    honest.sort_unstable();
    let p99 = honest[honest.len() * 99 / 100];
    assert!(closed < Duration::from_secs(10), "the last was closed after {closed:?}");
    assert!(p99 < Duration::from_millis(250), "{p99:?}");
    server.stop();
}

#[test]
fn a_locked_database_is_not_acknowledged_and_ends_by_itself() {
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
