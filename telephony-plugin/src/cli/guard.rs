//! `telephony become`: not for people, but for `telephony` itself.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use crate::tunnel::guard::become_program;
pub(super) use crate::tunnel::guard::offer;

/// Become another program that ends with the process that started this.
#[derive(Debug, Args)]
pub(super) struct Become {
    /// The process to end with.
    parent: u32,

    /// The program to become.
    program: PathBuf,

    /// What it is given.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

impl Become {
    pub(super) fn run(self) -> io::Result<ExitCode> {
        Err(become_program(self.parent, &self.program, &self.arguments))
    }
}
