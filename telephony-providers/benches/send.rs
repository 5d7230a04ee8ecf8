//! 1,000 sends, 64 at once, to a carrier on loopback: the client beside the bare HTTP client that
//! it is built on, doing the same posts in the same run.
//!
//! `cargo xtask bench` runs it and checks the ratio.
#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark documents itself by its names")]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use criterion::{Criterion, SamplingMode, Throughput, criterion_group, criterion_main};
use telephony_core::OutboundMessage;
use telephony_core::config::{Host, load};
use telephony_providers::{Connection, Transport, connect};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

const SENDS: usize = 1_000;
const AT_ONCE: usize = 64;

const ANSWER: &str = "{\"sid\":\"SM00000000000000000000000000000001\",\"status\":\"queued\",\
    \"num_segments\":\"1\",\"num_media\":\"0\",\"direction\":\"outbound-api\",\"price\":null,\
    \"error_code\":null,\"error_message\":null,\"api_version\":\"2010-04-01\"}";

/// A carrier that takes everything and keeps connections open.
async fn carrier() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            stream.set_nodelay(true).unwrap();
            tokio::spawn(answer(stream));
        }
    });
    origin
}

async fn answer(mut stream: TcpStream) {
    let head = format!(
        "HTTP/1.1 201 Created\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        ANSWER.len()
    );
    let answer = format!("{head}{ANSWER}");
    let mut received = Vec::with_capacity(4096);
    loop {
        let Some(end) = end_of_request(&received) else {
            match stream.read_buf(&mut received).await {
                Ok(read) if read > 0 => continue,
                _ => return,
            }
        };
        received.drain(..end);
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

fn end_of_request(received: &[u8]) -> Option<usize> {
    let head = received.windows(4).position(|bytes| bytes == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(received.get(..head)?).ok()?;
    let length = text.lines().find_map(|line| line.strip_prefix("content-length: "));
    let end = head + length.map_or(0, |length| length.parse().unwrap());
    (received.len() >= end).then_some(end)
}

/// Makes [`SENDS`] sends with [`AT_ONCE`] tasks.
async fn all<F: Future<Output = ()> + Send>(send: impl Fn() -> F + Send + Sync + 'static) {
    let send = Arc::new(send);
    let next = Arc::new(AtomicUsize::new(0));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..AT_ONCE {
        let (send, next) = (Arc::clone(&send), Arc::clone(&next));
        tasks.spawn(async move {
            while next.fetch_add(1, Ordering::Relaxed) < SENDS {
                send().await;
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
}

fn client(origin: &str) -> Connection {
    let text = format!(
        "{{ provider: 'twilio', fromNumber: '+15550001111', twilio: {{ \
            accountSid: 'ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', authToken: 'token', \
            apiBaseUrl: '{origin}' }} }}"
    );
    let config = load(&text, Host::Standalone, &|_| None).unwrap();
    connect(config.accounts.first().unwrap(), &Transport::builder().build().unwrap()).unwrap()
}

fn measure(criterion: &mut Criterion) {
    let runtime = Runtime::new().unwrap();
    let origin = runtime.block_on(carrier());
    let mut group = criterion.benchmark_group("send");
    group.sampling_mode(SamplingMode::Flat).sample_size(30).throughput(Throughput::Elements(1_000));

    let bare = reqwest::Client::builder().http1_only().tcp_nodelay(true).no_proxy();
    let bare = bare.tls_backend_preconfigured(tls()).build().unwrap();
    let url =
        format!("{origin}/2010-04-01/Accounts/ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/Messages.json");
    group.bench_function("reqwest", |bencher| {
        bencher.to_async(&runtime).iter(|| {
            let (bare, url) = (bare.clone(), url.clone());
            all(move || {
                let request = bare
                    .post(&url)
                    .basic_auth("ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", Some("token"))
                    .header("content-type", "application/x-www-form-urlencoded")
                    .body("To=%2B15550001234&From=%2B15550001111&Body=Hello+from+the+bench");
                async move {
                    let answer = request.send().await.unwrap();
                    assert_eq!(answer.bytes().await.unwrap().len(), ANSWER.len());
                }
            })
        });
    });

    let connection = client(&origin);
    let message = OutboundMessage::builder("+15550001234".parse().unwrap())
        .body("Hello from the bench")
        .build()
        .unwrap();
    group.bench_function("telephony-providers", |bencher| {
        bencher.to_async(&runtime).iter(|| {
            let (connection, message) = (connection.clone(), message.clone());
            all(move || {
                let (connection, message) = (connection.clone(), message.clone());
                async move {
                    connection.messaging.send(&message).await.unwrap();
                }
            })
        });
    });
    group.finish();
}

/// The bare client makes no TLS connection here; it only must not look for a provider of one.
fn tls() -> rustls::ClientConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth()
}

criterion_group!(benches, measure);
criterion_main!(benches);
