//! `telephony demo`: the whole conversation in a terminal.

use std::io;
use std::process::ExitCode;

use clap::Args;

use super::{REFUSED, complain};
use crate::demo;
use crate::logging;

/// Text an agent from this terminal: no account, no Node, no files.
///
/// You type as the person with the phone, and see what the phone shows. A real server on loopback
/// takes each text, as it would take a carrier's.
#[derive(Debug, Args)]
pub(super) struct Demo {
    /// Play a short conversation and end, instead of waiting for what is typed.
    #[arg(long)]
    once: bool,
}

impl Demo {
    pub(super) fn run(self) -> io::Result<ExitCode> {
        logging::start("warn");
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let result = runtime.block_on(demo::run(self.once));
        // Reading a terminal cannot be cancelled; nothing is kept that would have to be saved.
        runtime.shutdown_background();
        match result {
            Ok(()) => Ok(ExitCode::SUCCESS),
            Err(message) => {
                complain(&message);
                Ok(ExitCode::from(REFUSED))
            }
        }
    }
}
