//! The whole system under load: `telephony serve` as it is shipped, signed texts at a fixed rate
//! from people who are paired, and replies that reach a carrier which takes them over HTTP.
//!
//! `cargo xtask bench load` runs it. Texts come when they are due, whether or not earlier ones were
//! answered, and times are counted from when they were due: a server that stands still is seen.
//! A text that is lost, or answered twice, fails the run.
#![cfg(unix)]
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

mod carrier;
mod chart;
mod nodes;
mod report;
mod texts;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Parser;

use self::carrier::Carrier;
use self::nodes::Nodes;
use self::report::Report;
use self::texts::People;

/// What is asked of it.
#[derive(Debug, Parser)]
struct Asked {
    /// For how many minutes texts come.
    #[arg(long, default_value_t = 10.0)]
    minutes: f64,
    /// How many come a second.
    #[arg(long, default_value_t = 50.0)]
    rate: f64,
    /// How many servers share the work, which takes PostgreSQL from two on.
    #[arg(long, default_value_t = 1)]
    nodes: usize,
    /// Where they keep what they keep; a file in a folder of this run when it is missing.
    #[arg(long)]
    database: Option<String>,
    /// Where a drawing of the run is written.
    #[arg(long)]
    chart: Option<PathBuf>,
    /// What cargo adds.
    #[arg(long, hide = true)]
    #[allow(dead_code, reason = "it says nothing that is not known")]
    bench: bool,
    /// What `cargo test --benches` adds: nothing is measured then.
    #[arg(long, hide = true)]
    test: bool,
}

/// How many seconds pass between two texts of one person: who is replied to more than thirty times a
/// minute is taken for a machine and hears no more.
const BETWEEN: f64 = 4.0;

/// How long replies to the last texts are waited for.
const LAST_REPLIES: Duration = Duration::from_secs(30);

/// How often a server's memory is looked at.
const LOOK: Duration = Duration::from_secs(1);

fn main() -> ExitCode {
    let asked = Asked::parse();
    if asked.test {
        return ExitCode::SUCCESS;
    }
    assert!(
        asked.nodes == 1 || asked.database.is_some(),
        "several nodes share a database: name one with --database postgres://…"
    );
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let report = runtime.block_on(run(&asked));
    println!("{}", report.table());
    if let Some(path) = &asked.chart {
        std::fs::write(path, chart::draw(&report)).unwrap();
    }
    if report.is_whole() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

async fn run(asked: &Asked) -> Report {
    let carrier = Carrier::start().await;
    let mut nodes = Nodes::start(asked.nodes, &carrier.uri(), asked.database.as_deref());
    let people = People::pair((asked.rate * BETWEEN).ceil() as usize, &carrier, &nodes).await;
    let (before, stored) = (nodes.cpu(), nodes.stored_bytes());
    let count = (asked.rate * asked.minutes * 60.0) as usize;
    let every = Duration::from_secs_f64(asked.rate.recip());
    carrier.expect(count);
    let begun = Instant::now();
    let looking = nodes.watch(LOOK);
    let acknowledged = texts::send(Arc::new(people), &nodes, count, every, begun).await;
    carrier.wait_for(acknowledged.len(), LAST_REPLIES).await;
    let memory = looking.end().await;
    let cpu = nodes.cpu().checked_sub(before).unwrap();
    let grown = nodes.stored_bytes().zip(stored).map(|(now, before)| now.saturating_sub(before));
    let took = begun.elapsed();
    nodes.stop();
    Report::new(asked, &acknowledged, &carrier.replies(begun), every, (memory, cpu, grown, took))
}
