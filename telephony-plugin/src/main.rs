//! The `telephony` binary: parses the command line, runs the command, maps errors to exit codes.

use std::process::ExitCode;

use clap::Parser;
use telephony_plugin::cli::Cli;

fn main() -> ExitCode {
    Cli::parse().run()
}
