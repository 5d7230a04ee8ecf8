//! Automation for this workspace: `cargo xtask test`, `cargo xtask ci`, `cargo xtask bench`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "this is a program for a terminal")]

mod bench;
mod ci;
mod codegen;
mod no_std;
mod package;
mod step;
mod test;
mod tidy;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

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
    Bench,
}

fn main() -> ExitCode {
    let result = match Cli::parse().command {
        Command::Test => test::run(),
        Command::Package => package::run(),
        Command::Ci => ci::run(),
        Command::Tidy => tidy::run(),
        Command::Codegen { check } => codegen::run(check),
        Command::Bench => bench::run(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("\nfailed: {failure}");
            ExitCode::FAILURE
        }
    }
}
