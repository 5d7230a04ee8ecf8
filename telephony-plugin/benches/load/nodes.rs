//! The servers: the real program, each in a state directory of its own.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use telephony_core::config::{Host, from_value};
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::texts::{ACCOUNT_SID, OWN, TOKEN, URL};

/// Servers that run.
pub(crate) struct Nodes {
    nodes: Vec<Node>,
    folder: TempDir,
    /// Whether they keep what they keep in a file here.
    in_file: bool,
}

struct Node {
    child: Child,
    address: SocketAddr,
    state: PathBuf,
}

impl Nodes {
    pub(crate) fn start(count: usize, carrier: &str, database: Option<&str>) -> Self {
        let folder = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let mut config = json!({
            "provider": "twilio", "fromNumber": OWN, "publicUrl": URL,
            "inboundPolicy": "pairing", "serve": { "port": 0 },
            "twilio": { "accountSid": ACCOUNT_SID, "authToken": TOKEN, "apiBaseUrl": carrier },
        });
        if let Some(database) = database {
            config["database"] = database.into();
        }
        from_value(config.clone(), Host::Standalone, &|_| None).unwrap();
        let path = folder.path().join("telephony.json5");
        std::fs::write(&path, config.to_string()).unwrap();
        let start = |number: usize| {
            let state = folder.path().join(format!("node-{number}"));
            let mut command = Command::new(env!("CARGO_BIN_EXE_telephony"));
            command.arg("serve").arg("--config").arg(&path).arg("--state-dir").arg(&state);
            // As it is by default, to a file.
            let log = std::fs::File::create(folder.path().join(format!("log-{number}"))).unwrap();
            command.env_remove("TELEPHONY_LOG").stdout(Stdio::piped()).stderr(log);
            let mut child = command.spawn().unwrap();
            let mut first = String::new();
            let mut output = BufReader::new(child.stdout.take().unwrap());
            output.read_line(&mut first).unwrap();
            let address = first.trim().rsplit_once("http://").map(|(_, address)| address.parse());
            let Some(Ok(address)) = address else { panic!("the server says {first:?}") };
            // What it prints later is read, so that it never waits for us.
            std::thread::spawn(move || output.lines().map_while(Result::ok).for_each(drop));
            Node { child, address, state }
        };
        let nodes = (0..count).map(start).collect();
        Self { nodes, folder, in_file: database.is_none() }
    }

    /// Where the servers listen.
    pub(crate) fn addresses(&self) -> Vec<SocketAddr> {
        self.nodes.iter().map(|node| node.address).collect()
    }

    /// Runs a command on the first server's state directory.
    pub(crate) fn command(&self, arguments: &[&str]) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_telephony"));
        let output = command.args(arguments).arg("--state-dir").arg(&self.nodes[0].state).output();
        let output = output.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// The time that they have spent on a CPU together, in steps of 10 ms (Linux).
    pub(crate) fn cpu(&self) -> Duration {
        let of = |node: &Node| {
            let stat = std::fs::read_to_string(format!("/proc/{}/stat", node.child.id())).unwrap();
            // Its name may hold anything but ends at the last parenthesis.
            let after = stat.rsplit_once(')').unwrap().1.to_owned();
            let user_and_system = after.split_whitespace().skip(11).take(2);
            user_and_system.map(|ticks| ticks.parse::<u64>().unwrap()).sum::<u64>()
        };
        Duration::from_millis(self.nodes.iter().map(of).sum::<u64>() * 10)
    }

    /// How many bytes the database has, without its log; `None` where it is not in a file.
    pub(crate) fn stored_bytes(&self) -> Option<u64> {
        let path = self.nodes[0].state.join("telephony.db");
        if self.in_file { Some(std::fs::metadata(path).unwrap().len()) } else { None }
    }

    /// Looks at the memory of all of them now and then, until it is told to end.
    pub(crate) fn watch(&self, every: Duration) -> Watch {
        let pids: Vec<u32> = self.nodes.iter().map(|node| node.child.id()).collect();
        let (end, mut ended) = oneshot::channel();
        let begun = Instant::now();
        let watching = tokio::spawn(async move {
            let mut seen = Vec::new();
            loop {
                seen.push((begun.elapsed(), pids.iter().map(|pid| memory(*pid)).sum()));
                if tokio::time::timeout(every, &mut ended).await.is_ok() {
                    return seen;
                }
            }
        });
        Watch { end, watching }
    }

    /// Ends them, and demands that they end well.
    pub(crate) fn stop(&mut self) {
        for node in &mut self.nodes {
            let pid = Pid::from_raw(node.child.id().cast_signed()).unwrap();
            kill_process(pid, Signal::TERM).unwrap();
            let status = node.child.wait().unwrap();
            assert!(status.success(), "a server ended with {status}");
        }
        for number in 0..self.nodes.len() {
            let log = std::fs::read_to_string(self.folder.path().join(format!("log-{number}")));
            for line in log.unwrap().lines().filter(|line| line.contains(" ERROR ")).take(5) {
                eprintln!("node {number}: {line}");
            }
        }
    }
}

impl Drop for Nodes {
    fn drop(&mut self) {
        for node in &mut self.nodes {
            let _ = node.child.kill();
            let _ = node.child.wait();
        }
    }
}

/// The memory that is seen, after which time, in bytes.
pub(crate) type Memory = Vec<(Duration, u64)>;

/// Somebody who looks.
pub(crate) struct Watch {
    end: oneshot::Sender<()>,
    watching: JoinHandle<Memory>,
}

impl Watch {
    pub(crate) async fn end(self) -> Memory {
        let _ = self.end.send(());
        self.watching.await.unwrap()
    }
}

/// The memory that a process has now, in bytes (Linux).
fn memory(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    // The kernel writes kB and means 1024 bytes.
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() * 1024
}
