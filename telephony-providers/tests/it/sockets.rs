//! Carriers that break off, or have had enough, over real sockets.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use telephony_core::{Entropy, EntropyError, ProviderKind};
use telephony_providers::{Error, ErrorKind, Outcome, RetryPolicy, Transport};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::carrier::{CARRIERS, client, client_over, message};

/// The carriers' answers for a message they took.
const TAKEN: &str = "HTTP/1.1 201 Created\r\ncontent-length: 89\r\n\r\n\
    {\"sid\":\"SM1\",\"status\":\"queued\",\"data\":{\"id\":\"m\",\"to\":[]},\"message_uuid\":[\"u\"],\"x\":\"    \"}";

/// When each request had arrived whole.
type Arrivals = Arc<Mutex<Vec<Instant>>>;

/// A server that reads each request whole, gives it the next of `answers`, the last of them for
/// ever, and hangs up.
async fn breaking_off(answers: &'static [&'static str]) -> (String, Arrivals) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let arrivals = Arrivals::default();
    tokio::spawn(serve(listener, answers, Arc::clone(&arrivals)));
    (origin, arrivals)
}

async fn serve(listener: TcpListener, answers: &'static [&'static str], arrivals: Arrivals) {
    while let Ok((mut stream, _)) = listener.accept().await {
        let mut received = Vec::new();
        let mut buffer = [0; 4096];
        while !is_whole(&received) {
            match stream.read(&mut buffer).await {
                Ok(read) if read > 0 => received.extend_from_slice(&buffer[..read]),
                _ => break,
            }
        }
        let count = {
            let mut arrivals = arrivals.lock().unwrap();
            arrivals.push(Instant::now());
            arrivals.len()
        };
        let answer = answers.get(count - 1).or(answers.last()).unwrap();
        let _ = stream.write_all(answer.as_bytes()).await;
    }
}

/// Whether a request has arrived with all of its body.
fn is_whole(received: &[u8]) -> bool {
    let text = String::from_utf8_lossy(received).to_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    body.len() >= length.and_then(|length| length.parse().ok()).unwrap_or(0)
}

async fn send(kind: ProviderKind, origin: &str) -> Result<(), Error> {
    client(kind, origin, |_| {}).messaging.send(&message()).await.map(drop)
}

#[tokio::test]
async fn cut_before_the_request_is_sent_is_not_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    for kind in CARRIERS {
        let error = send(kind, &origin).await.unwrap_err();
        assert_eq!(error.outcome(), Outcome::NotSent, "{error}");
        assert_eq!(error.kind(), ErrorKind::Temporary);
    }
}

/// A carrier that can be reached from the moment on that a client draws the length of its wait.
#[derive(Debug)]
struct Reachable {
    listener: Mutex<Option<std::net::TcpListener>>,
    address: std::net::SocketAddr,
}

impl Entropy for Reachable {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        bytes.fill(0);
        let mut listener = self.listener.lock().unwrap();
        if listener.is_none() {
            *listener = Some(std::net::TcpListener::bind(self.address).unwrap());
        }
        Ok(())
    }
}

#[tokio::test]
async fn cut_before_the_request_is_sent_is_tried_again() {
    for kind in CARRIERS {
        let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = unused.local_addr().unwrap();
        drop(unused);
        let carrier = Arc::new(Reachable { listener: Mutex::new(None), address });
        let mut retry = RetryPolicy::default();
        retry.first_delay = Duration::from_millis(1);
        let transport = Transport::builder().retry(retry).entropy(carrier.clone()).build().unwrap();
        let connection = client_over(&transport, kind, &format!("http://{address}"), |_| {});
        let sending = tokio::spawn(async move { connection.messaging.send(&message()).await });
        let arrivals = Arrivals::default();
        // The wait is drawn on this thread as well, so that the listener appears between two polls.
        let listener = loop {
            tokio::task::yield_now().await;
            if let Some(listener) = carrier.listener.lock().unwrap().as_ref() {
                break listener.try_clone().unwrap();
            }
        };
        listener.set_nonblocking(true).unwrap();
        let listener = TcpListener::from_std(listener).unwrap();
        tokio::spawn(serve(listener, &[TAKEN], Arc::clone(&arrivals)));
        sending.await.unwrap().unwrap();
        assert_eq!(arrivals.lock().unwrap().len(), 1, "{kind}");
    }
}

#[tokio::test]
async fn cut_after_the_request_is_unknown_and_arrives_once() {
    for answer in [
        &[""] as &[_],
        &["HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"sid\""],
        &["HTTP/1.1 2"],
        &["HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nretry-after: 0\r\n\r\n"],
        &["HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n"],
    ] {
        for kind in CARRIERS {
            let (origin, arrivals) = breaking_off(answer).await;
            let error = send(kind, &origin).await.unwrap_err();
            assert_eq!(error.outcome(), Outcome::Unknown, "{answer:?}: {error}");
            assert_eq!(arrivals.lock().unwrap().len(), 1, "{answer:?}");
        }
    }
}

#[tokio::test]
async fn too_many_requests_are_repeated_and_end() {
    for kind in CARRIERS {
        let answers = &["HTTP/1.1 429 Too Many Requests\r\ncontent-length: 0\r\n\r\n"];
        let (origin, arrivals) = breaking_off(answers).await;
        let error = send(kind, &origin).await.unwrap_err();
        assert!(error.is_throttled() && error.is_not_sent());
        assert_eq!(arrivals.lock().unwrap().len(), 3);
    }
}

#[tokio::test]
async fn too_many_requests_are_never_repeated_before_the_carriers_wait() {
    const WAITS: [(&[&str], u128); 3] = [
        (
            &[
                "HTTP/1.1 429 Too Many Requests\r\ncontent-length: 0\r\nretry-after: 1\r\n\r\n",
                TAKEN,
            ],
            1_000,
        ),
        (
            &[
                "HTTP/1.1 429 Too Many Requests\r\ncontent-length: 0\r\nx-ratelimit-reset: 1\r\n\r\n",
                TAKEN,
            ],
            1_000,
        ),
        (
            &[
                "HTTP/1.1 429 Too Many Requests\r\ncontent-length: 0\r\nretry-after-ms: 300\r\n\r\n",
                TAKEN,
            ],
            300,
        ),
    ];
    let mut tasks = tokio::task::JoinSet::new();
    for (answers, wait) in WAITS {
        for kind in CARRIERS {
            tasks.spawn(async move {
                let (origin, arrivals) = breaking_off(answers).await;
                send(kind, &origin).await.unwrap();
                let arrivals = arrivals.lock().unwrap();
                assert_eq!(arrivals.len(), 2);
                let waited = arrivals[1] - arrivals[0];
                assert!(waited.as_millis() >= wait, "{kind}: {waited:?} of {wait} ms");
            });
        }
    }
    while let Some(result) = tasks.join_next().await {
        result.unwrap();
    }
}
