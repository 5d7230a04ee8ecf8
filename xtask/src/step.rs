//! Running one step after another, and saying which.

use std::fmt;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

/// Why a step failed, with what to do about it.
#[derive(Debug)]
pub(crate) struct Failure(String);

impl Failure {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

pub(crate) type Outcome = Result<(), Failure>;

/// Runs `action` under a heading, and says how long it took.
pub(crate) fn step<T>(
    name: &str,
    action: impl FnOnce() -> Result<T, Failure>,
) -> Result<T, Failure> {
    println!("\n==> {name}");
    let start = Instant::now();
    let made = action().map_err(|failure| Failure(format!("{name}: {failure}")))?;
    println!("    {:.1} s", start.elapsed().as_secs_f64());
    Ok(made)
}

/// A cargo command, the same cargo that runs us, in the workspace.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(root());
    command
}

/// Runs `command` to its end; `remedy` says what to do when it fails.
pub(crate) fn execute(command: &mut Command, remedy: &str) -> Outcome {
    let status = command.status().map_err(|error| {
        Failure(format!("{} does not start ({error}); {remedy}", program(command)))
    })?;
    if status.success() { Ok(()) } else { Err(Failure(format!("{status}; {remedy}"))) }
}

/// Runs a cargo command to its end.
pub(crate) fn execute_cargo(arguments: &[&str], remedy: &str) -> Outcome {
    execute(&mut cargo(arguments), remedy)
}

/// Whether `program --version` works, quietly.
pub(crate) fn is_installed(program: &str, arguments: &[&str]) -> bool {
    Command::new(program).args(arguments).output().is_ok_and(|output| output.status.success())
}

/// The workspace's folder.
pub(crate) fn root() -> &'static Path {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest)
}

fn program(command: &Command) -> String {
    command.get_program().to_string_lossy().into_owned()
}
