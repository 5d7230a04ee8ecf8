//! Clients that take their time.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use telephony_webhook::{Limits, MemoryInbox};

use super::running::{Breakable, Running, exchange, message, mock};

/// Half a head, half a body, and nothing at all.
const HALVES: [&str; 4] = [
    "",
    "POST /telephony/webhook HTTP/1.1\r\nhost: 127.0.0.1\r\n",
    "POST /telephony/webhook HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n\
     content-length: 100\r\n\r\n{\"from\":",
    "GET /health HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_sockets_are_closed_and_hold_nobody_up() {
    let inbox = Breakable::over(MemoryInbox::new());
    let server = Running::start(mock(), Limits::default(), inbox).await;
    let address = server.address;
    let measured = tokio::task::spawn_blocking(move || {
        let start = Instant::now();
        let slow: Vec<TcpStream> = (0..600)
            .map(|count| {
                let mut stream = TcpStream::connect(address).unwrap();
                stream.write_all(HALVES[count % HALVES.len()].as_bytes()).unwrap();
                stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
                stream
            })
            .collect();
        let mut honest: Vec<Duration> = (0..200)
            .map(|count| {
                let start = Instant::now();
                let body = message(&format!("m{count}")).to_string();
                let request = format!(
                    "POST /telephony/webhook HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\
                     content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
                    body.len()
                );
                assert_eq!(exchange(address, request.as_bytes()).0, 200);
                start.elapsed()
            })
            .collect();
        for mut stream in slow {
            // Until it is closed. What it was told before that does not matter.
            let mut told = Vec::new();
            let _ = stream.read_to_end(&mut told);
        }
        honest.sort_unstable();
        (start.elapsed(), honest[honest.len() * 99 / 100])
    });
    let (closed, p99) = measured.await.unwrap();
    assert!(closed < Duration::from_secs(10), "the last was closed after {closed:?}");
    assert!(p99 < Duration::from_millis(250), "{p99:?}");
}
