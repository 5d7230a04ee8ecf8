//! A server that has much to do: repeats, a stop, slow clients, junk, heads without an end.

use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::client::{Client, text};
use crate::outside::{AGENT, Outside};
use crate::running::{Home, alone, eventually, is_long};

const PERSON: &str = "+15550001234";

#[test]
fn dedupe() {
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
fn drain() {
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
fn slow_clients() {
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

/// Posts that nobody signed: without a signature, with a forged one, and with neither a form.
const JUNK: [&str; 3] = [
    "POST /telephony/webhook HTTP/1.1\r\nhost: example.com\r\n\
     content-type: application/x-www-form-urlencoded\r\ncontent-length: 6\r\n\r\nFrom=a",
    "POST /telephony/webhook HTTP/1.1\r\nhost: example.com\r\n\
     x-twilio-signature: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\
     content-type: application/x-www-form-urlencoded\r\ncontent-length: 6\r\n\r\nFrom=a",
    "POST /telephony/status HTTP/1.1\r\nhost: example.com\r\n\
     content-type: text/plain\r\ncontent-length: 6\r\n\r\n%%%%%%",
];

/// Six seconds of it here, and a minute with `TELEPHONY_LONG=1`.
#[test]
fn junk_flood() {
    const FLOODING: usize = 8;
    let _alone = alone();
    let outside = Outside::start();
    let home = Home::new(&outside.open(), &["--handler", &outside.handler()]);
    let server = home.start();
    let flood = Duration::from_secs(if is_long() { 60 } else { 6 });
    let (address, is_over, junk) = (server.address, AtomicBool::new(false), AtomicUsize::new(0));
    let mut signed = 0;
    std::thread::scope(|scope| {
        for number in 0..FLOODING {
            let (is_over, junk) = (&is_over, &junk);
            scope.spawn(move || {
                let mut kept = None;
                while !is_over.load(Ordering::SeqCst) {
                    let request = JUNK[(number + junk.load(Ordering::SeqCst)) % JUNK.len()];
                    let mut client =
                        kept.take().map_or_else(|| Client::connect(address), Ok).unwrap();
                    // It may have been closed after the answer before.
                    let Ok(answer) = client.exchange(request.as_bytes()) else { continue };
                    assert!(matches!(answer.status, 403 | 415 | 429), "{answer:?}");
                    junk.fetch_add(1, Ordering::SeqCst);
                    kept = (!answer.closes).then_some(client);
                }
            });
        }
        let started = Instant::now();
        while started.elapsed() < flood {
            let from = format!("+1555{:07}", signed % 500);
            let request = text(&format!("SM{signed}"), &from, AGENT);
            let answer = Client::connect(address).and_then(|mut client| client.exchange(&request));
            let status = answer.map(|answer| answer.status);
            // A thread that goes on for ever would hide what is wrong.
            is_over.store(!matches!(status, Ok(200)), Ordering::SeqCst);
            assert!(matches!(status, Ok(200)), "text {signed}: {status:?}");
            signed += 1;
        }
        is_over.store(true, Ordering::SeqCst);
    });
    let junk = junk.into_inner();
    assert!(junk > signed && signed > 100, "{junk} junk, {signed} signed");
    eventually("all that was signed is handled", || {
        (0..signed).all(|number| outside.handled(&format!("SM{number}")) == 1)
    });
    server.stop();
}

/// Two heads of 64 KiB and more: one long header, and many short ones.
#[cfg(target_os = "linux")]
#[test]
fn header_cap() {
    const TIMES: usize = 100;
    const MAX_GROWTH_KIB: usize = 1024;
    let _alone = alone();
    let outside = Outside::start();
    let home = Home::new(&outside.open(), &["--handler", &outside.handler()]);
    let server = home.start();
    let resident = || {
        let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<usize>().unwrap()
    };
    let post = |headers: &str| {
        let request = format!(
            "POST /telephony/webhook HTTP/1.1\r\nhost: example.com\r\ncontent-length: 0\r\n{headers}\r\n"
        );
        let mut client = Client::connect(server.address).unwrap();
        client.exchange(request.as_bytes()).unwrap().status
    };
    let long = format!("x-long: {}\r\n", "x".repeat(64 * 1024));
    let many = "x-short: 0123456789\r\n".repeat(64 * 1024 / 20);
    // The first of all kinds warms what every request uses.
    assert_eq!((post("x-short: 1\r\n"), post(&long)), (403, 431));
    let before = resident();
    for _ in 0..TIMES {
        assert_eq!((post(&long), post(&many)), (431, 431));
    }
    let growth = resident().saturating_sub(before);
    assert!(growth < MAX_GROWTH_KIB, "{growth} KiB more after {TIMES} of each");
    server.stop();
}
