//! The processes: this program again, as a server on one core or as the load on another.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use crate::load::Measured;

/// A server that runs. It ends when its standard input does.
pub(crate) struct Server {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    address: String,
}

impl Server {
    pub(crate) fn start(arguments: &[&str]) -> Self {
        let mut command = on_core("0", arguments);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let input = child.stdin.take();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut address = String::new();
        output.read_line(&mut address).unwrap();
        Self { child, input, output, address: address.trim().to_owned() }
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// The time it has spent on a CPU, in steps of 10 ms (Linux).
    pub(crate) fn cpu(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        // Its name may hold anything but ends at the last parenthesis; 14 and 15 are user and system.
        let after = stat.rsplit_once(')').unwrap().1;
        let ticks: u64 =
            after.split_whitespace().skip(11).take(2).map(|t| t.parse::<u64>().unwrap()).sum();
        Duration::from_millis(ticks * 10)
    }

    /// The most memory it has had so far, in megabytes of 10^6 bytes (Linux). What it has now would
    /// leave out what the load took and gave back.
    pub(crate) fn peak_rss_mb(&self) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
        // The kernel writes kB and means 1024 bytes.
        let kibibytes: f64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
        kibibytes * 1024.0 / 1e6
    }

    /// Ends it, and demands that it ends well: how many rows it has stored, if it stores any.
    pub(crate) fn stop(&mut self) -> Option<u64> {
        self.input.take();
        let mut rest = String::new();
        self.output.read_to_string(&mut rest).unwrap();
        let status = self.child.wait().unwrap();
        assert!(status.success(), "the server ended with {status}");
        rest.trim().parse().ok()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Puts load on a server, from another core.
pub(crate) fn load(address: &str, connections: usize, seed: u64) -> Measured {
    let (connections, seed) = (connections.to_string(), seed.to_string());
    let output = on_core("1", &["load", address, &connections, &seed]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Measured::read(&String::from_utf8(output.stdout).unwrap())
}

/// Whether processes can be kept on one core each. Without it they take turns on all, and the
/// figures say less.
pub(crate) fn can_pin() -> bool {
    let pinned = ["0", "1"].map(|core| Command::new("taskset").args(["-c", core, "true"]).output());
    pinned.into_iter().all(|output| output.is_ok_and(|output| output.status.success()))
}

/// This program, kept on one core where that is possible.
fn on_core(core: &str, arguments: &[&str]) -> Command {
    let program = std::env::current_exe().unwrap();
    let mut command = if can_pin() {
        let mut command = Command::new("taskset");
        command.args(["-c", core]).arg(program);
        command
    } else {
        Command::new(program)
    };
    command.args(arguments);
    command
}
