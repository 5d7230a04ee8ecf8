//! What the plugin's program costs: on the disk, to start, to sit there.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::openclaw::{Environment, Gateway, Model, is_healthy};
use crate::release::{self, MAX_BINARY, Program};
use crate::step::{Failure, Outcome};

/// The longest that `telephony --version` may take, and a start until webhooks are taken.
const VERSION: Duration = Duration::from_millis(30);
const START: Duration = Duration::from_millis(300);

/// The most memory that a sidecar may hold that has nothing to do, in bytes.
const IDLE: u64 = 15_000_000;

/// How often each is measured.
const TIMES: usize = 11;

/// How long a sidecar has had nothing to do when it is looked at.
const REST: Duration = Duration::from_secs(2);

pub(super) fn run() -> Outcome {
    let environment = Environment::prepare()?;
    let release = release::build(&environment, Program::Shipped, None, None)?;
    let size = fs::metadata(&release.binary)?.len();
    let version = median(|| {
        let begun = Instant::now();
        let output = Command::new(&release.binary).arg("--version").output()?;
        if !output.status.success() {
            return Err(Failure::new("--version failed"));
        }
        Ok(begun.elapsed())
    })?;
    let start = median(|| {
        let (mut sidecar, took) = Sidecar::start(&release.binary)?;
        sidecar.stop()?;
        Ok(took)
    })?;
    let (mut sidecar, _) = Sidecar::start(&release.binary)?;
    std::thread::sleep(REST);
    let idle = sidecar.memory()?;
    sidecar.stop()?;
    let rows = [
        ("program", format!("{:.1} MB", mega(size)), size <= MAX_BINARY, "15 MB"),
        ("--version", format!("{version:.1?}"), version <= VERSION, "30 ms"),
        ("start until it serves", format!("{start:.1?}"), start <= START, "300 ms"),
        ("memory with nothing to do", format!("{:.1} MB", mega(idle)), idle <= IDLE, "15 MB"),
    ];
    for (what, measured, _, bar) in &rows {
        println!("    {what:<28} {measured:>10}   at most {bar}");
    }
    gateways(&environment, &release.offline)?;
    match rows.iter().find(|(_, _, holds, _)| !holds) {
        Some((what, ..)) => Err(Failure::new(format!("{what}: the bar is missed"))),
        None => Ok(()),
    }
}

/// How long a gateway takes to start without the plugin and with it, for comparison.
fn gateways(environment: &Environment, package: &Path) -> Outcome {
    let model = Model::start()?;
    let home = environment.homes().join("bench");
    let mut gateway = Gateway::new(environment, &home, &model)?;
    let without = gateway.start_without_channel()?;
    gateway.stop()?;
    gateway.install(package)?;
    gateway.set_channel(
        json!({ "enabled": true, "provider": "mock", "fromNumber": "+15550001111" }),
    )?;
    let with = gateway.start()?;
    gateway.stop()?;
    println!("    {:<28} {without:>10.1?}   once", "a gateway without the plugin");
    println!("    {:<28} {with:>10.1?}   once, until webhooks are taken", "with it");
    Ok(())
}

/// A sidecar that serves a mock account.
struct Sidecar {
    child: Child,
    _home: Home,
}

/// A state directory that is removed.
struct Home(std::path::PathBuf);

impl Drop for Home {
    fn drop(&mut self) {
        // What is left over is in the target folder.
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Sidecar {
    /// Starts one; how long it took until it answered over its socket.
    fn start(binary: &Path) -> Result<(Self, Duration), Failure> {
        let home = binary.with_file_name("bench-state");
        let _ = fs::remove_dir_all(&home);
        let schema = Command::new(binary).args(["rpc", "--schema"]).output()?;
        let schema: Value = serde_json::from_slice(&schema.stdout)?;
        let begun = Instant::now();
        let mut child = Command::new(binary)
            .arg("rpc")
            .env("TELEPHONY_LOG", "warn")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let input = child.stdin.as_mut().ok_or_else(|| Failure::new("it has no input"))?;
        let config = json!({
            "enabled": true, "provider": "mock", "fromNumber": "+15550001111",
            "serve": { "port": 0 },
        });
        let requests = [
            (
                "initialize",
                json!({
                    "protocol": 1, "host": "bench", "stateDir": home,
                    "surfacesHash": schema.get("surfacesHash"),
                }),
            ),
            ("account.start", json!({ "accountId": "default", "config": config })),
        ];
        for (id, (method, params)) in (1..).zip(requests) {
            let request = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
            writeln!(input, "{request}")?;
        }
        let output = child.stdout.take().ok_or_else(|| Failure::new("it has no output"))?;
        let mut lines = BufReader::new(output).lines();
        let address = loop {
            let line = lines.next().ok_or_else(|| Failure::new("it ended"))??;
            let line: Value = serde_json::from_str(&line)?;
            if let Some(error) = line.get("error") {
                return Err(Failure::new(error.to_string()));
            }
            if let Some(address) = line.pointer("/result/address").and_then(Value::as_str) {
                break address.parse()?;
            }
        };
        while !is_healthy(address) {
            if begun.elapsed() > Duration::from_secs(10) {
                return Err(Failure::new("it does not serve"));
            }
        }
        let took = begun.elapsed();
        // What it writes later is read, so that it never waits for us.
        std::thread::spawn(move || lines.for_each(drop));
        Ok((Self { child, _home: Home(home) }, took))
    }

    /// The memory it holds, in bytes.
    fn memory(&self) -> Result<u64, Failure> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kibibytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        kibibytes.map(|kib| kib * 1024).ok_or_else(|| Failure::new("its memory is not known"))
    }

    fn stop(&mut self) -> Outcome {
        drop(self.child.stdin.take());
        let status = self.child.wait()?;
        if status.success() { Ok(()) } else { Err(Failure::new(format!("it ended with {status}"))) }
    }
}

impl Drop for Sidecar {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn median(mut measure: impl FnMut() -> Result<Duration, Failure>) -> Result<Duration, Failure> {
    let mut all = (0..TIMES).map(|_| measure()).collect::<Result<Vec<_>, _>>()?;
    all.sort_unstable();
    all.get(TIMES / 2).copied().ok_or_else(|| Failure::new("nothing was measured"))
}

/// Megabytes of a million bytes.
#[allow(clippy::cast_precision_loss, reason = "sizes are far below 2^52")]
fn mega(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
