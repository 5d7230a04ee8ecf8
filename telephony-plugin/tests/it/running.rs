//! The real binary as a server, and what is asked of it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::ops::Deref;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Resource, Rlimit, Signal};
use serde_json::Value;
use tempfile::TempDir;

use crate::faults::node;

/// How long is waited for what has to happen.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// Held by tests that measure or that keep the machine busy, so that none disturbs another.
static BUSY: Mutex<()> = Mutex::new(());

/// Waits until no other test needs the machine for itself.
pub fn alone() -> MutexGuard<'static, ()> {
    // A test that failed while it held this has harmed nobody else.
    BUSY.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Whether each check takes as long as its promise, and not as long as a run of all tests may.
pub fn is_long() -> bool {
    std::env::var_os("TELEPHONY_LONG").is_some()
}

/// A configuration, a state directory and a log, which outlive the servers that use them.
pub struct Home {
    folder: TempDir,
    arguments: Vec<String>,
    /// Where programs are looked for first.
    programs: Option<PathBuf>,
    /// What is logged, where it is not the usual.
    logging: Option<&'static str>,
    /// Whether its servers are those of [`crate::faults::node`], whose clock can be set.
    is_stepped: bool,
}

impl Home {
    /// A new one; the arguments are for each server.
    pub fn new(config: &Value, arguments: &[&str]) -> Arc<Self> {
        let folder = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        std::fs::write(folder.path().join("telephony.json5"), config.to_string()).unwrap();
        let arguments = arguments.iter().map(|text| (*text).to_owned()).collect();
        Arc::new(Self { folder, arguments, programs: None, logging: None, is_stepped: false })
    }

    /// A new one, whose servers find programs of this folder first.
    pub fn beside(config: &Value, programs: &Path) -> Arc<Self> {
        let home = Arc::into_inner(Self::new(config, &[])).unwrap();
        Arc::new(Self { programs: Some(programs.to_owned()), ..home })
    }

    /// A new one, whose servers log this.
    pub fn logging(config: &Value, arguments: &[&str], logging: &'static str) -> Arc<Self> {
        let home = Arc::into_inner(Self::new(config, arguments)).unwrap();
        Arc::new(Self { logging: Some(logging), ..home })
    }

    /// A new one, whose servers go by a clock that can be set.
    pub fn stepped(config: &Value, arguments: &[&str]) -> Arc<Self> {
        let home = Arc::into_inner(Self::new(config, arguments)).unwrap();
        let home = Self { is_stepped: true, ..home };
        home.step(0);
        Arc::new(home)
    }

    /// Sets the clock of [`Self::stepped`] servers: how many seconds it is ahead.
    pub fn step(&self, seconds: i64) {
        // At once, for a server reads it at any time.
        let (written, clock) =
            (self.folder.path().join("clock.new"), node::clock(self.folder.path()));
        std::fs::write(&written, seconds.to_string()).unwrap();
        std::fs::rename(written, clock).unwrap();
    }

    /// Starts a server, and waits until it listens.
    pub fn start(self: &Arc<Self>) -> Running {
        let mut log = std::fs::OpenOptions::new();
        let log = log.create(true).append(true).open(self.folder.path().join("log")).unwrap();
        let mut child = self.serve().stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut first = String::new();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        // A node is a test, which says so first.
        while !first.contains("http://") && output.read_line(&mut first).unwrap() > 0 {}
        let address = first
            .lines()
            .last()
            .and_then(|line| line.rsplit_once("http://"))
            .map(|(_, address)| address.parse());
        let Some(Ok(address)) = address else { panic!("{first:?} {:?}", self.log()) };
        let printed = Arc::<Mutex<String>>::default();
        let printing = Arc::clone(&printed);
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                printing.lock().unwrap().push_str(&format!("{line}\n"));
            }
        });
        Running { address, child, printed, home: Arc::clone(self) }
    }

    /// Starts a server, and waits for nothing.
    pub fn spawn(&self) -> Child {
        self.serve().stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    /// What a server says that refuses to start.
    pub fn refused(&self) -> String {
        let output = self.serve().output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        String::from_utf8(output.stderr).unwrap()
    }

    /// The path of the configuration.
    pub fn config(&self) -> String {
        self.folder.path().join("telephony.json5").to_str().unwrap().to_owned()
    }

    /// Runs another command on the state directory.
    pub fn command(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_telephony"));
        command.args(arguments).arg("--state-dir").arg(self.state()).output().unwrap()
    }

    /// The answer of a command in JSON.
    pub fn json(&self, arguments: &[&str]) -> Value {
        let output = self.command(&[arguments, &["--json"]].concat());
        serde_json::from_slice(&output.stdout).unwrap()
    }

    pub fn database(&self) -> PathBuf {
        self.state().join("telephony.db")
    }

    /// What all servers have logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    /// The state directory.
    pub fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    fn serve(&self) -> Command {
        // A file that may not grow is an error to it, as on a full disk, and not its end.
        let mut command = Command::new("sh");
        command.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""]);
        if self.is_stepped {
            command.arg(std::env::current_exe().unwrap()).args(node::ARGUMENTS);
            command.env(node::FOLDER, self.folder.path());
            command.env(node::HANDLER, self.arguments.last().unwrap());
            return command;
        }
        command
            .arg(env!("CARGO_BIN_EXE_telephony"))
            .arg("serve")
            .arg("--config")
            .arg(self.folder.path().join("telephony.json5"));
        command.arg("--state-dir").arg(self.state()).args(&self.arguments);
        command.env_remove("TELEPHONY_LOG");
        command.envs(self.logging.map(|logging| ("TELEPHONY_LOG", logging)));
        if let Some(programs) = &self.programs {
            let path = std::env::var("PATH").unwrap();
            command.env("PATH", format!("{}:{path}", programs.display()));
        }
        command
    }
}

/// A server that runs.
pub struct Running {
    pub address: SocketAddr,
    child: Child,
    printed: Arc<Mutex<String>>,
    home: Arc<Home>,
}

impl Running {
    /// Starts a server with a configuration, in a state directory of its own.
    pub fn start(config: &Value, arguments: &[&str]) -> Self {
        Home::new(config, arguments).start()
    }

    /// What it has printed since it said where it listens.
    pub fn printed(&self) -> String {
        self.printed.lock().unwrap().clone()
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks the server to end, and waits until it has: what it logged.
    pub fn stop(mut self) -> String {
        let started = Instant::now();
        signal(self.pid(), Signal::TERM);
        let status = self.child.wait().unwrap();
        assert!(status.success(), "{status}");
        assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
        self.log()
    }

    /// Waits until somebody has killed it.
    pub fn died(mut self) {
        let mut status = None;
        eventually("the server is killed", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        assert_eq!(status.unwrap().signal(), Some(9), "{status:?} {}", self.log());
    }

    /// Whether somebody has killed it.
    pub fn is_dead(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// Kills it as nothing but the system can.
    pub fn kill(self) {
        signal(self.pid(), Signal::KILL);
        self.died();
    }
}

/// A server answers for its home.
impl Deref for Running {
    type Target = Home;

    fn deref(&self) -> &Home {
        &self.home
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // A test that failed leaves no process behind.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Signals a child that has not been waited for, whose number is therefore still its own.
pub fn signal(pid: u32, signal: Signal) {
    let pid = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    rustix::process::kill_process(pid, signal).unwrap();
}

/// Has a process write no file beyond so many bytes from now on, as on a full disk; or again.
#[cfg(target_os = "linux")]
pub fn limit_files(pid: u32, bytes: Option<u64>) {
    let pid = Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    // The most that may be allowed is left as it is, for only root could set it back.
    let maximum = rustix::process::getrlimit(Resource::Fsize).maximum;
    let limit = Rlimit { current: bytes.or(maximum), maximum };
    rustix::process::prlimit(Some(pid), Resource::Fsize, limit).unwrap();
}

/// Waits until something is so.
pub fn eventually(what: &str, is_so: impl FnMut() -> bool) {
    eventually_within(PATIENCE, what, is_so);
}

/// The same for what takes its time.
pub fn eventually_within(limit: Duration, what: &str, mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < limit, "not within {limit:?}: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Posts a body, and reads the answer: its status, and all of it.
pub fn post(
    address: SocketAddr,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> (u16, String) {
    let mut request = format!(
        "POST {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-length: {}\r\n",
        body.len()
    );
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(format!("{request}\r\n{body}").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
    (status.unwrap_or_else(|| panic!("{answer:?}")), answer)
}
