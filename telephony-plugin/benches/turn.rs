//! How long a text takes from the carrier's answer to the host's turn, through the real sidecar: a
//! lease that is committed, a question to the host whether the sender may talk, and the message.
//!
//! The answer of the webhook says that the message is on disk, so what is measured begins there. It
//! includes this side of two pipes and a socket.
#![cfg(unix)]
#![allow(
    missing_docs,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a benchmark fails by panicking"
)]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use serde_json::{Value, json};

/// A sidecar and the lines it writes.
struct Sidecar {
    child: Child,
    input: ChildStdin,
    lines: mpsc::Receiver<(Instant, Value)>,
    asked: u64,
}

impl Sidecar {
    fn start() -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_telephony"))
            .arg("rpc")
            .env("TELEPHONY_LOG", "warn")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the sidecar starts");
        let input = child.stdin.take().expect("it has an input");
        let output = BufReader::new(child.stdout.take().expect("it has an output"));
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let at = Instant::now();
                let line = serde_json::from_str(&line).expect("a line is JSON");
                if sender.send((at, line)).is_err() {
                    return;
                }
            }
        });
        Self { child, input, lines, asked: 0 }
    }

    fn write(&mut self, line: &Value) {
        self.input.write_all(format!("{line}\n").as_bytes()).expect("the sidecar reads");
    }

    fn call(&mut self, method: &str, params: &Value) -> Value {
        self.asked += 1;
        let id = self.asked;
        self.write(&json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
        loop {
            let (_, line) = self.lines.recv().expect("the sidecar answers");
            if line.get("method").is_none() && line["id"] == id {
                return line["result"].clone();
            }
        }
    }

    /// When the next message came. Everything that is asked on the way is answered.
    fn message(&mut self) -> Instant {
        loop {
            let (at, line) = self.lines.recv().expect("the sidecar goes on");
            let answer =
                |result: Value| json!({ "jsonrpc": "2.0", "id": line["id"], "result": result });
            match line["method"].as_str() {
                Some("access.check") => self.write(&answer(json!({ "decision": "allow" }))),
                Some("inbound.message") => {
                    let id = line["params"]["id"].clone();
                    self.write(&answer(json!({ "taken": true })));
                    self.call("inbound.settled", &json!({ "id": id }));
                    return at;
                }
                _ => {}
            }
        }
    }
}

fn turn(criterion: &mut Criterion) {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let mut sidecar = Sidecar::start();
    sidecar.call(
        "initialize",
        &json!({ "protocol": 1, "host": "bench", "stateDir": folder.path(),
            "surfacesHash": telephony_plugin::host::surfaces_hash() }),
    );
    let config = json!({ "enabled": true, "provider": "mock", "fromNumber": "+15550001111",
        "serve": { "port": 0 } });
    let started = json!({ "accountId": "default", "config": config });
    let started = sidecar.call("account.start", &started);
    let address = started["address"].as_str().expect("it listens").to_owned();
    let mut stream = TcpStream::connect(&address).expect("it accepts");
    stream.set_nodelay(true).expect("a socket");
    let mut number = 0_u64;
    let mut one = |sidecar: &mut Sidecar| -> Duration {
        number += 1;
        let from = format!("+1555{:07}", number % 10_000);
        let body = json!({ "from": from, "text": "Hello", "messageId": number.to_string() });
        let body = body.to_string();
        let request = format!(
            "POST /telephony/webhook HTTP/1.1\r\nhost: {address}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).expect("it reads");
        let mut answer = [0; 1024];
        let read = stream.read(&mut answer).expect("it answers");
        let committed = Instant::now();
        assert!(answer[..read].starts_with(b"HTTP/1.1 200"), "the message is on disk");
        sidecar.message().saturating_duration_since(committed)
    };
    criterion.bench_function("turn", |bencher| {
        bencher.iter_custom(|times| (0..times).map(|_| one(&mut sidecar)).sum());
    });
    drop(sidecar.input);
    sidecar.child.wait().expect("it ends");
}

criterion_group! {
    name = benches;
    config = Criterion::default().measurement_time(Duration::from_secs(5)).sample_size(50);
    targets = turn
}
criterion_main!(benches);
