//! The load: signed texts, each a new one, over connections that stay open.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use telephony_core::{Secret, Timestamp};
use telephony_webhook::Signer;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::serve::{ACCOUNT_SID, OWN, TOKEN, URL};

/// How long is measured, after as long again as that takes to warm up.
const MEASURED: Duration = Duration::from_secs(4);
const WARM_UP: Duration = Duration::from_secs(1);

/// The most new texts a second that are prepared. Whatever is faster is sent them again, which counts
/// as stored nowhere and fails the run; hello takes the same ones over and over.
const PREPARED: usize = 50_000;

const BODY_BYTES: usize = 510;

/// From how many numbers texts come.
const SENDERS: u64 = 10_000;

/// What was measured. Times are in microseconds.
pub(crate) struct Measured {
    pub(crate) requests: u64,
    pub(crate) per_second: f64,
    pub(crate) p50: f64,
    pub(crate) p99: f64,
}

impl Measured {
    pub(crate) fn read(line: &str) -> Self {
        let numbers: Vec<f64> = line.split_whitespace().map(|n| n.parse().unwrap()).collect();
        Self {
            requests: numbers[0] as u64,
            per_second: numbers[1],
            p50: numbers[2],
            p99: numbers[3],
        }
    }
}

/// Puts load on a server and prints what was measured. `seed` is the number of the first text.
pub(crate) fn run(address: &str, connections: &str, seed: &str) -> ExitCode {
    let (connections, seed): (usize, u64) = (connections.parse().unwrap(), seed.parse().unwrap());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let prepared = PREPARED * (MEASURED + WARM_UP).as_secs() as usize;
    // One connection waits for each answer and for its flush of the disk, so it needs fewer.
    let prepared = if connections == 1 { prepared / 2 } else { prepared };
    let requests: Vec<Vec<u8>> = (0..prepared as u64).map(|n| request(seed + n)).collect();
    let (requests, next) = (Arc::new(requests), Arc::new(AtomicUsize::new(0)));
    let all = runtime.block_on(async {
        let start = Instant::now();
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..connections {
            let stream = TcpStream::connect(address).await.unwrap();
            tasks.spawn(post(stream, Arc::clone(&requests), Arc::clone(&next), start));
        }
        tasks.join_all().await
    });
    let mut times: Vec<Duration> = Vec::new();
    let (mut requests, mut end) = (0, WARM_UP);
    for connection in all {
        requests += connection.requests;
        end = end.max(connection.end);
        times.extend(connection.times);
    }
    times.sort_unstable();
    let at = |share: usize| times[times.len() * share / 100].as_secs_f64() * 1e6;
    let per_second = times.len() as f64 / (end - WARM_UP).as_secs_f64();
    println!("{requests} {per_second} {} {}", at(50), at(99));
    ExitCode::SUCCESS
}

struct Posted {
    requests: u64,
    end: Duration,
    times: Vec<Duration>,
}

async fn post(
    mut stream: TcpStream,
    requests: Arc<Vec<Vec<u8>>>,
    next: Arc<AtomicUsize>,
    start: Instant,
) -> Posted {
    stream.set_nodelay(true).unwrap();
    let mut posted = Posted { requests: 0, end: Duration::ZERO, times: Vec::new() };
    let mut answer = [0; 1024];
    while start.elapsed() < WARM_UP + MEASURED {
        let request = &requests[next.fetch_add(1, Ordering::Relaxed) % requests.len()];
        let sent = Instant::now();
        stream.write_all(request).await.unwrap();
        // Answers are short and come whole.
        let read = stream.read(&mut answer).await.unwrap();
        assert!(
            answer[..read].starts_with(b"HTTP/1.1 200"),
            "{}",
            String::from_utf8_lossy(&answer[..read])
        );
        posted.requests += 1;
        posted.end = start.elapsed();
        if posted.end > WARM_UP {
            posted.times.push(sent.elapsed());
        }
    }
    posted
}

/// One text, as Twilio signs and sends it.
fn request(number: u64) -> Vec<u8> {
    let sender = number % SENDERS;
    let head = format!(
        "ToCountry=US&ToState=CA&SmsMessageSid=SM{number:032x}&NumMedia=0&ToCity=&FromZip=94105\
         &SmsSid=SM{number:032x}&FromState=CA&SmsStatus=received&FromCity=SAN+FRANCISCO\
         &FromCountry=US&To=%2B{}&ToZip=&NumSegments=1&MessageSid=SM{number:032x}\
         &AccountSid={ACCOUNT_SID}&From=%2B1555{sender:07}&ApiVersion=2010-04-01&Body=",
        OWN.trim_start_matches('+')
    );
    let body = format!("{head}{}", "a".repeat(BODY_BYTES.saturating_sub(head.len())));
    let signer = Signer::twilio(Secret::new(TOKEN));
    let signed = signer.sign("POST", URL, body.as_bytes(), Timestamp::EPOCH, "").unwrap();
    let signature: String =
        signed.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    format!(
        "POST /telephony/webhook HTTP/1.1\r\nhost: example.com\r\nuser-agent: TwilioProxy/1.1\r\n\
         content-type: application/x-www-form-urlencoded; charset=utf-8\r\naccept: */*\r\n\
         content-length: {}\r\n{signature}\r\n{body}",
        body.len()
    )
    .into_bytes()
}
