//! Becomes another program that the kernel ends together with us.
//!
//! A tunnel that outlives a server that was killed keeps the account's only session and a public
//! URL that leads nowhere. What asks the kernel for this has to be the child itself, between its
//! fork and its exec. Between the two nothing safe can run in our own process, so the child runs
//! this program first, which then becomes the other one.

use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

/// The hidden command of ours that does so.
pub(crate) const COMMAND: &str = "become";

/// Whether the program that runs has that command. One that only uses this library has not, and
/// would do anything else when it is run with it.
static IS_OURS: AtomicBool = AtomicBool::new(false);

/// Says that the program that runs has [`COMMAND`].
pub(crate) fn offer() {
    IS_OURS.store(true, Ordering::Relaxed);
}

/// Our own program, if it has [`COMMAND`]. By this name it is the one that runs, also when another
/// version has taken its place on disk.
pub(super) fn program() -> Option<PathBuf> {
    let own = PathBuf::from("/proc/self/exe");
    let is_ours = cfg!(target_os = "linux") && IS_OURS.load(Ordering::Relaxed);
    (is_ours && own.exists()).then_some(own)
}

/// Becomes `program`, to be ended with the process `parent`. Returns when that fails.
#[cfg(target_os = "linux")]
pub(crate) fn become_program(
    parent: u32,
    program: &std::path::Path,
    arguments: &[String],
) -> io::Error {
    use std::os::unix::process::CommandExt as _;

    use rustix::process::{Signal, getppid, set_parent_process_death_signal};

    if let Err(error) = set_parent_process_death_signal(Some(Signal::TERM)) {
        return error.into();
    }
    // It may have ended before the kernel was asked.
    let now = getppid().and_then(|pid| u32::try_from(pid.as_raw_nonzero().get()).ok());
    if now != Some(parent) {
        return io::Error::other("the process that started this has ended");
    }
    std::process::Command::new(program).args(arguments).exec()
}

/// There is no such thing on this system.
#[cfg(not(target_os = "linux"))]
pub(crate) fn become_program(_: u32, _: &std::path::Path, _: &[String]) -> io::Error {
    io::Error::from(io::ErrorKind::Unsupported)
}
