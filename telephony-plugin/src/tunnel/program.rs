//! The tunnels' programs: found on `PATH`, given no more of our environment than they need, and
//! ended with us.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal};
use tokio::io::AsyncReadExt as _;
use tokio::process::{Child, Command};

use super::error::TunnelError;
use super::guard;

/// What a program is given of our environment: none of our secrets, nor what it might take for an
/// option.
const ENVIRONMENT: [&str; 18] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "LANG",
    "TMPDIR",
    "XDG_CONFIG_HOME",
    "XDG_RUNTIME_DIR",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
];

/// How long a program may take that is asked for one thing.
const COMMAND: Duration = Duration::from_secs(10);

/// The most bytes of output that are read.
const MAX_OUTPUT: u64 = 1024 * 1024;

/// How long a program may take to end when it is asked to.
pub(super) const END: Duration = Duration::from_secs(3);

/// How often is looked whether a program has ended that is not our child.
const LOOK: Duration = Duration::from_millis(50);

/// What a command printed, and whether it did what it was asked for.
pub(super) struct Output {
    pub(super) done: bool,
    pub(super) stdout: Vec<u8>,
    pub(super) stderr: String,
}

/// Where a program is.
pub(super) fn find(name: &'static str) -> Result<PathBuf, TunnelError> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).map(|folder| folder.join(name));
    found.into_iter().find(|path| is_program(path)).ok_or(TunnelError::Missing(name))
}

fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    let is = |data: std::fs::Metadata| data.is_file() && data.permissions().mode() & 0o111 != 0;
    std::fs::metadata(path).is_ok_and(is)
}

/// A program with its arguments, which are no secrets: everybody on the machine can read them.
fn command(program: &OsStr) -> Command {
    let mut command = Command::new(program);
    command.env_clear().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let kept = ENVIRONMENT.iter().filter_map(|name| Some((name, std::env::var_os(name)?)));
    command.envs(kept).kill_on_drop(true);
    command
}

/// Runs a program that does one thing.
pub(super) async fn run(name: &'static str, arguments: &[&str]) -> Result<Output, TunnelError> {
    let failed = |error: std::io::Error| TunnelError::Run {
        program: name,
        reason: error.kind().to_string(),
    };
    let mut child = command(find(name)?.as_os_str()).args(arguments).spawn().map_err(failed)?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let (mut printed, mut said) = (Vec::new(), Vec::new());
    let read = async {
        let stdout = async {
            if let Some(stdout) = stdout {
                let _ = stdout.take(MAX_OUTPUT).read_to_end(&mut printed).await;
            }
        };
        let stderr = async {
            if let Some(stderr) = stderr {
                let _ = stderr.take(MAX_OUTPUT).read_to_end(&mut said).await;
            }
        };
        tokio::join!(stdout, stderr);
        child.wait().await
    };
    // One that asks a question, or waits for somebody, is killed when this is dropped.
    let ended = tokio::time::timeout(COMMAND, read).await;
    let status = ended.map_err(|_| TunnelError::Silent(name))?.map_err(failed)?;
    let stderr = String::from_utf8_lossy(&said).into_owned();
    Ok(Output { done: status.success(), stdout: printed, stderr })
}

/// Starts a program that runs until it is ended, with one secret more in its environment. On Linux
/// the kernel ends it when we are killed, if we are the program `telephony`; else the next start does.
pub(super) fn start(
    name: &'static str,
    arguments: &[&str],
    secret: Option<(&str, &str)>,
) -> Result<Child, TunnelError> {
    let path = find(name)?;
    let mut command = match guard::program() {
        Some(guard) => {
            let mut command = command(guard.as_os_str());
            let parent = std::process::id().to_string();
            command.arg(guard::COMMAND).arg(parent).arg(&path);
            command
        }
        None => command(path.as_os_str()),
    };
    command.args(arguments).envs(secret);
    let failed = |error: std::io::Error| TunnelError::Run {
        program: name,
        reason: error.kind().to_string(),
    };
    command.spawn().map_err(failed)
}

/// Asks a child to end, and kills it when it does not; whether it has ended.
pub(super) async fn end(child: &mut Child) -> bool {
    if let Some(pid) = child.id().and_then(pid) {
        // It may have ended by itself.
        let _ = rustix::process::kill_process(pid, Signal::TERM);
    }
    if tokio::time::timeout(END, child.wait()).await.is_err() {
        let _ = child.kill().await;
    }
    matches!(child.try_wait(), Ok(Some(_)))
}

/// The same for what an earlier process of ours has left, if `started` shows that it is still that.
pub(super) async fn end_left(id: u32, started: &str) -> Result<(), TunnelError> {
    let is_there = || self::started(id).is_some_and(|now| now == started);
    let Some(pid) = pid(id) else { return Ok(()) };
    for signal in [Signal::TERM, Signal::KILL] {
        if !is_there() {
            return Ok(());
        }
        let _ = rustix::process::kill_process(pid, signal);
        let gone = async {
            while is_there() {
                tokio::time::sleep(LOOK).await;
            }
        };
        let _ = tokio::time::timeout(END, gone).await;
    }
    if is_there() { Err(TunnelError::Runs(id)) } else { Ok(()) }
}

fn pid(id: u32) -> Option<Pid> {
    Pid::from_raw(i32::try_from(id).ok()?)
}

/// When a process was started, in whatever words the system has for it: numbers of processes are
/// given again, together with this they are not. `None` when it has ended.
pub(super) fn started(id: u32) -> Option<String> {
    if cfg!(target_os = "linux") {
        let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        // The name may hold spaces and brackets; what counts comes after the last of them.
        let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace();
        let state = fields.next()?;
        // Field 22 of proc_pid_stat(5); the state is field 3.
        let started = fields.nth(18)?;
        return (state != "Z").then(|| started.to_owned());
    }
    let output = std::process::Command::new("ps")
        .args(["-o", "lstart=", "-p", &id.to_string()])
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_was_left_is_ended_and_what_only_has_its_number_is_not() {
        let mut child = Command::new("sleep").arg("600").kill_on_drop(true).spawn().unwrap();
        let id = child.id().unwrap();
        let began = started(id).unwrap();
        end_left(id, "another time").await.unwrap();
        assert_eq!(child.try_wait().unwrap(), None);
        end_left(id, &began).await.unwrap();
        assert!(!child.wait().await.unwrap().success());
        assert_eq!(started(id), None);
    }

    #[tokio::test]
    async fn who_only_uses_this_library_is_not_run_again() {
        let child = start("sh", &["-c", "echo plainly; exit 3"], None).unwrap();
        let output = child.wait_with_output().await.unwrap();
        let printed = String::from_utf8(output.stdout).unwrap();
        assert_eq!((output.status.code(), printed.as_str()), (Some(3), "plainly\n"));
    }

    #[tokio::test]
    async fn a_program_sees_none_of_our_other_variables() {
        assert!(std::env::var("CARGO_MANIFEST_DIR").is_ok());
        let output = run("env", &[]).await.unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.done && text.contains("PATH="), "{text}");
        assert!(!text.contains("CARGO_MANIFEST_DIR"), "{text}");
        assert!(matches!(find("no-such-program"), Err(TunnelError::Missing(_))));
    }
}
