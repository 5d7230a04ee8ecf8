//! Automation for this workspace: `cargo xtask test`, `cargo xtask ci`, `cargo xtask bench`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this is a program for a terminal")]

mod bench;
mod ci;
mod codegen;
mod demo;
mod e2e;
mod fuzz;
mod no_std;
mod openclaw;
mod package;
mod release;
mod step;
mod test;
mod tidy;
mod workspace;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::release::Program;

/// Automation for this workspace.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Everything that needs nothing but Rust: format, lints, tests, documentation, tidiness.
    Test,
    /// Packs each library and builds it from its package; part of `ci`.
    Package,
    /// What needs more than Rust, after `test`. Fails on anything it would have to skip.
    Ci,
    /// The rules of the tree and the manifests; part of `test`.
    Tidy,
    /// The files that are made from the code: docs/configuration.md and its schema.
    Codegen {
        /// Only says whether they are what the code makes.
        #[arg(long)]
        check: bool,
    },
    /// The benchmarks that docs/performance.md records.
    Bench {
        /// One that takes longer, and runs only by its name.
        kind: Option<bench::Kind>,
        /// For how many minutes `load` has texts come.
        #[arg(long, default_value_t = 10.0)]
        minutes: f64,
        /// How many texts come a second.
        #[arg(long, default_value_t = 50.0)]
        rate: f64,
        /// How many servers share the work, which takes a database from two on.
        #[arg(long, default_value_t = 1)]
        nodes: usize,
        /// The database of the servers: `postgres://…`; a file when it is missing.
        #[arg(long, value_name = "URL")]
        database: Option<String>,
        /// How many messages `growth` stores at most.
        #[arg(long, default_value_t = 1_000_000)]
        most: usize,
        /// Writes what is found into docs/performance.md.
        #[arg(long)]
        record: bool,
    },
    /// A conversation with an agent through the real OpenClaw; then it stays up to be texted.
    Demo {
        /// Ends after the conversation.
        #[arg(long)]
        once: bool,
    },
    /// The plugin inside the real OpenClaw; part of `ci`.
    E2e {
        /// One scenario alone.
        scenario: Option<String>,
    },
    /// Inputs that nobody thought of, for every parser of outside bytes; shortly in `ci`.
    Fuzz {
        /// One target alone.
        target: Option<String>,
        /// How long each runs.
        #[arg(long, default_value_t = 600)]
        seconds: u32,
    },
    /// The npm packages, checksums and the list of parts.
    Release {
        /// Rust's name for where it runs; this machine when it is missing.
        #[arg(long, value_name = "TRIPLE")]
        target: Option<String>,
        /// Where to; `release-packages` in the target folder when it is missing. Emptied before.
        #[arg(long, value_name = "FOLDER")]
        out: Option<PathBuf>,
    },
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Test => test::run(),
        Command::Package => package::run(),
        Command::Ci => ci::run(),
        Command::Tidy => tidy::run(),
        Command::Codegen { check } => codegen::run(check),
        Command::Bench { kind, minutes, rate, nodes, database, most, record } => match kind {
            None => bench::run(),
            Some(bench::Kind::Growth) => bench::growth(most, record),
            Some(bench::Kind::Load) => {
                bench::load(&bench::Load { minutes, rate, nodes, database }, record)
            }
        },
        Command::Demo { once } => demo::run(once, Program::Shipped),
        Command::E2e { scenario } => e2e::run(scenario.as_deref(), Program::Shipped),
        Command::Fuzz { target, seconds } => fuzz::run(target.as_deref(), seconds),
        Command::Release { target, out } => release::run(target.as_deref(), out.as_deref()),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("\nfailed: {failure}");
            ExitCode::FAILURE
        }
    }
}
