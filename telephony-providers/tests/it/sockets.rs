//! Carriers that break off, over real sockets.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use telephony_providers::{ErrorKind, Outcome};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::carrier::{CARRIERS, client, message};

/// A server that reads each request whole, answers with `answer` and hangs up.
async fn breaking_off(answer: &'static str) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let requests = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&requests);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut received = Vec::new();
            let mut buffer = [0; 4096];
            while !is_whole(&received) {
                match stream.read(&mut buffer).await {
                    Ok(read) if read > 0 => received.extend_from_slice(&buffer[..read]),
                    _ => break,
                }
            }
            count.fetch_add(1, Ordering::SeqCst);
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    (origin, requests)
}

/// Whether a request has arrived with all of its body.
fn is_whole(received: &[u8]) -> bool {
    let text = String::from_utf8_lossy(received).to_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    body.len() >= length.and_then(|length| length.parse().ok()).unwrap_or(0)
}

#[tokio::test]
async fn cut_before_the_request_is_sent_is_not_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    for kind in CARRIERS {
        let error = client(kind, &origin, |_| {}).messaging.send(&message()).await.unwrap_err();
        assert_eq!(error.outcome(), Outcome::NotSent, "{error}");
        assert_eq!(error.kind(), ErrorKind::Temporary);
    }
}

#[tokio::test]
async fn cut_after_the_request_is_unknown_and_arrives_once() {
    for answer in ["", "HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"sid\"", "HTTP/1.1 2"] {
        for kind in CARRIERS {
            let (origin, requests) = breaking_off(answer).await;
            let error = client(kind, &origin, |_| {}).messaging.send(&message()).await.unwrap_err();
            assert_eq!(error.outcome(), Outcome::Unknown, "{answer:?}: {error}");
            assert_eq!(requests.load(Ordering::SeqCst), 1, "{answer:?}");
        }
    }
}

#[tokio::test]
async fn too_many_requests_are_repeated_and_only_they_are() {
    let answer = "HTTP/1.1 429 Too Many Requests\r\ncontent-length: 0\r\n\r\n";
    for kind in CARRIERS {
        let (origin, requests) = breaking_off(answer).await;
        let error = client(kind, &origin, |_| {}).messaging.send(&message()).await.unwrap_err();
        assert!(error.is_throttled() && error.is_not_sent());
        assert_eq!(requests.load(Ordering::SeqCst), 3);
    }
}
