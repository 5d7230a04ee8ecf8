//! The texts: who sends them, and when.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use telephony_core::{Secret, Timestamp};
use telephony_webhook::Signer;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::carrier::{Carrier, WORDS};
use crate::nodes::Nodes;

pub(crate) const ACCOUNT_SID: &str = "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
pub(crate) const TOKEN: &str = "auth-token-0123456789";
pub(crate) const OWN: &str = "+19990001111";
pub(crate) const URL: &str = "https://example.com/telephony/webhook";

/// How many connections there are: the most texts that are on their way at once.
const CONNECTIONS: usize = 64;

/// People who may talk.
pub(crate) struct People {
    count: usize,
    signer: Signer,
}

impl People {
    /// Pairs so many: each texts, is sent a code, and is approved with it.
    pub(crate) async fn pair(count: usize, carrier: &Carrier, nodes: &Nodes) -> Self {
        let people = Self { count, signer: Signer::twilio(Secret::new(TOKEN)) };
        let mut stream = TcpStream::connect(nodes.addresses()[0]).await.unwrap();
        for person in 0..count {
            let hello =
                people.request(&format!("SM{:032x}", u64::MAX - person as u64), person, "Hello");
            exchange(&mut stream, &hello).await;
            let text = carrier.said("pairing code is ").await;
            let code = text.split_once("pairing code is ").unwrap().1;
            let code: String = code.chars().take_while(char::is_ascii_alphanumeric).collect();
            nodes.command(&["pairing", "approve", &code]);
            carrier.said("approved").await;
        }
        people
    }

    /// One text, as Twilio signs and sends it.
    fn text(&self, number: usize) -> Vec<u8> {
        let words = format!("{WORDS}{number}");
        self.request(&format!("SM{number:032x}"), number % self.count, &words)
    }

    fn request(&self, sid: &str, person: usize, words: &str) -> Vec<u8> {
        let from = format!("+1555{person:07}");
        let fields = [
            ("ToCountry", "US"),
            ("SmsMessageSid", sid),
            ("NumMedia", "0"),
            ("SmsSid", sid),
            ("SmsStatus", "received"),
            ("Body", words),
            ("FromCountry", "US"),
            ("To", OWN),
            ("NumSegments", "1"),
            ("MessageSid", sid),
            ("AccountSid", ACCOUNT_SID),
            ("From", &from),
            ("ApiVersion", "2010-04-01"),
        ];
        let body =
            url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let signed = self.signer.sign("POST", URL, body.as_bytes(), Timestamp::EPOCH, "").unwrap();
        let (name, signature) = &signed[0];
        format!(
            "POST /telephony/webhook HTTP/1.1\r\nhost: example.com\r\n{name}: {signature}\r\n\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
        .into_bytes()
    }
}

/// Sends `count` texts, one `every` so often from `begun` on, to each server in turn: of each that
/// was acknowledged, its number and how long after it was due that was.
pub(crate) async fn send(
    people: Arc<People>,
    nodes: &Nodes,
    count: usize,
    every: Duration,
    begun: Instant,
) -> Vec<(usize, Duration)> {
    let (next, addresses) = (Arc::new(AtomicUsize::new(0)), nodes.addresses());
    let mut connections = JoinSet::new();
    for connection in 0..CONNECTIONS.max(addresses.len()) {
        let address = addresses[connection % addresses.len()];
        let (people, next) = (Arc::clone(&people), Arc::clone(&next));
        connections.spawn(async move {
            let mut acknowledged = Vec::new();
            let mut kept_open = None;
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= count {
                    return acknowledged;
                }
                let text = people.text(number);
                let due = begun + every * u32::try_from(number).unwrap();
                tokio::time::sleep_until(due.into()).await;
                // A server closes what was silent for long, as carriers know.
                let kept = kept_open.take().filter(|(_, used)| is_fresh(*used));
                let mut stream = match kept {
                    Some((stream, _)) => stream,
                    None => connect(address).await,
                };
                exchange(&mut stream, &text).await;
                acknowledged.push((number, due.elapsed()));
                kept_open = Some((stream, Instant::now()));
            }
        });
    }
    connections.join_all().await.into_iter().flatten().collect()
}

async fn connect(address: std::net::SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).await.unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// Whether a connection that was last used then is still open, as the server keeps it for 5 s.
fn is_fresh(used: Instant) -> bool {
    used.elapsed() < Duration::from_secs(4)
}

async fn exchange(stream: &mut TcpStream, request: &[u8]) {
    stream.write_all(request).await.unwrap();
    let mut answer = [0; 1024];
    // Answers are short and come whole.
    let read = stream.read(&mut answer).await.unwrap();
    let answer = String::from_utf8_lossy(&answer[..read]);
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer:?}");
}
