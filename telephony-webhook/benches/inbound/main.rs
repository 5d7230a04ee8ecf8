//! The inbound path with the real server and the real store, beside a bare hyper "hello" in the
//! same run: CPU a request, requests a second, latency, memory.
//!
//! `cargo xtask bench` runs it. The server is a process of its own, on one core, and the load comes
//! from another: this program starts itself as either. A bar that is missed fails the run.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a benchmark fails by panicking, and prints"
)]

mod load;
mod process;
mod serve;

use std::process::ExitCode;

use self::load::Measured;
use self::process::Server;

/// The bars: CPU of a request in microseconds at 32 connections, requests a second as a share of
/// hello's there, the median in milliseconds at one connection, peak memory in megabytes (10^6 bytes) at 256.
const MAX_CPU_MICROS: f64 = 90.0;
const MIN_SHARE: f64 = 0.15;
const MAX_P50_MILLIS: f64 = 1.0;
const MAX_PEAK_RSS_MB: f64 = 20.0;

const CONNECTIONS: [usize; 3] = [1, 32, 256];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["hello"] => serve::hello(),
        ["serve", folder] => serve::serve(folder),
        ["load", address, connections, seed] => load::run(address, connections, seed),
        // `cargo bench` and `cargo test --benches` add flags of their own.
        _ if words.contains(&"--test") => ExitCode::SUCCESS,
        _ => compare(),
    }
}

struct Row {
    name: &'static str,
    connections: usize,
    measured: Measured,
    cpu_micros: f64,
    peak_rss_mb: f64,
}

fn compare() -> ExitCode {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let mut rows = Vec::new();
    for (name, arguments, stores) in [
        ("hyper, hello", vec!["hello"], false),
        ("telephony-webhook", vec!["serve", folder.path().to_str().unwrap()], true),
    ] {
        let mut server = Server::start(&arguments);
        let mut answered = 0;
        for connections in CONNECTIONS {
            let before = server.cpu();
            let measured = process::load(server.address(), connections, answered);
            let cpu = server.cpu() - before;
            answered += measured.requests;
            let cpu_micros = cpu.as_secs_f64() * 1e6 / measured.requests as f64;
            rows.push(Row {
                name,
                connections,
                measured,
                cpu_micros,
                peak_rss_mb: server.peak_rss_mb(),
            });
        }
        let stored = server.stop();
        assert_eq!(stored, stores.then_some(answered), "rows stored, and requests answered 200");
    }
    let pinned = if process::can_pin() {
        "the server on core 0, the load on core 1"
    } else {
        "NOT PINNED to cores: taskset is missing, or there is one core alone"
    };
    println!("{pinned}; the servers log warnings and worse to standard error\n");
    println!("| server | connections | requests a second | CPU a request | p50 | p99 | peak RSS |");
    println!("|---|---|---|---|---|---|---|");
    for Row { name, connections, measured, cpu_micros, peak_rss_mb } in &rows {
        let Measured { per_second, p50, p99, .. } = measured;
        println!(
            "| {name} | {connections} | {per_second:.0} | {cpu_micros:.1} µs | {:.2} ms | {:.2} ms | \
             {peak_rss_mb:.1} MB |",
            p50 / 1e3,
            p99 / 1e3,
        );
    }
    let (hello, ours) = rows.split_at(CONNECTIONS.len());
    let share = ours[1].measured.per_second / hello[1].measured.per_second;
    let mut missed = false;
    for (what, found, fits, bar) in [
        (
            "CPU a request, 32",
            ours[1].cpu_micros,
            ours[1].cpu_micros <= MAX_CPU_MICROS,
            MAX_CPU_MICROS,
        ),
        ("share of hello's rate, 32", share, share >= MIN_SHARE, MIN_SHARE),
        (
            "p50 at 1 in ms",
            ours[0].measured.p50 / 1e3,
            ours[0].measured.p50 / 1e3 <= MAX_P50_MILLIS,
            MAX_P50_MILLIS,
        ),
        (
            "peak RSS at 256 in MB",
            ours[2].peak_rss_mb,
            ours[2].peak_rss_mb <= MAX_PEAK_RSS_MB,
            MAX_PEAK_RSS_MB,
        ),
    ] {
        println!("{what}: {found:.2}, the bar is {bar}{}", if fits { "" } else { ": MISSED" });
        missed |= !fits;
    }
    if missed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
