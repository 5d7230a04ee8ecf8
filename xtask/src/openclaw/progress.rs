//! Commands that take long: what they print goes to a file, and that they run is shown.

use std::fs::{self, File};
use std::io::{self, IsTerminal as _, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use crate::step::{Failure, Outcome};

/// How often a line tells a log that it goes on; a terminal shows each second.
const LINE: u64 = 15;

/// How many of the last lines are shown of a log, when something failed.
const TAIL: usize = 60;

/// Runs a command to its end.
pub(crate) fn run(command: &mut Command, what: &str, log: &Path) -> Outcome {
    let output = File::create(log)?;
    command.stdin(Stdio::null()).stdout(output.try_clone()?).stderr(output);
    let status = show(what, || command.status())?;
    if status.success() {
        return Ok(());
    }
    Err(Failure::new(format!("{what}: {status}\n{}", tail(log))))
}

/// Shows that `action` runs, and how long it has done so.
pub(crate) fn show<T>(what: &str, action: impl FnOnce() -> T) -> T {
    let (end, ended) = mpsc::channel::<()>();
    let begun = Instant::now();
    let name = what.to_owned();
    let shown = thread::spawn(move || {
        let terminal = io::stdout().is_terminal();
        while ended.recv_timeout(Duration::from_secs(1)) == Err(RecvTimeoutError::Timeout) {
            let seconds = begun.elapsed().as_secs();
            if terminal {
                print!("\r    {name} … {seconds} s");
                let _ = io::stdout().flush();
            } else if seconds.is_multiple_of(LINE) {
                println!("    {name} … {seconds} s");
            }
        }
        if terminal {
            print!("\r\x1b[2K");
            let _ = io::stdout().flush();
        }
    });
    let result = action();
    drop(end);
    let _ = shown.join();
    result
}

/// The last lines of a log.
pub(crate) fn tail(log: &Path) -> String {
    let text = fs::read(log).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().collect();
    let last = lines.get(lines.len().saturating_sub(TAIL)..).unwrap_or_default();
    format!("--- the end of {}\n{}\n---", log.display(), last.join("\n"))
}
