//! A gateway that starts the real sidecar and answers what that asks, as a script says.

use std::collections::{HashMap, HashSet};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::running::{eventually, signal};

/// The code of every challenge.
pub const CODE: &str = "ABCD2345";

/// How long is waited for an answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the gateway does with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Takes it over, says so, and is done with it.
    Adopt,
    /// Takes it over, says so, and is never done with it.
    Hold,
    /// Knows it already.
    Known,
    /// Leaves it.
    Leave,
    /// Fails.
    Fail,
    /// Says nothing.
    Hang,
}

/// A state directory, and what the gateway keeps in its own store.
pub struct Host {
    folder: TempDir,
    /// Where its sidecars look for programs first.
    programs: Option<PathBuf>,
    memory: Arc<Memory>,
}

struct Memory {
    approved: Mutex<HashSet<String>>,
    turn: Mutex<Turn>,
    /// The messages that were handed over, as the sidecar said them.
    messages: Mutex<Vec<Value>>,
    files: Mutex<Vec<Vec<u8>>>,
    log: Mutex<String>,
    /// What it was told without being asked: the method and the parameters.
    told: Mutex<Vec<(String, Value)>>,
}

/// A sidecar that runs.
pub struct Sidecar {
    child: Child,
    shared: Arc<Shared>,
}

struct Shared {
    input: Mutex<Option<ChildStdin>>,
    waiting: Mutex<HashMap<u64, mpsc::Sender<Value>>>,
}

impl Host {
    pub fn new() -> Self {
        let memory = Memory {
            approved: Mutex::default(),
            turn: Mutex::new(Turn::Adopt),
            messages: Mutex::default(),
            files: Mutex::default(),
            log: Mutex::default(),
            told: Mutex::default(),
        };
        let folder = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        Self { folder, programs: None, memory: Arc::new(memory) }
    }

    /// One whose sidecars find programs of this folder first.
    pub fn beside(programs: &Path) -> Self {
        Self { programs: Some(programs.to_owned()), ..Self::new() }
    }

    pub fn approve(&self, number: &str) {
        self.memory.approved.lock().unwrap().insert(number.to_owned());
    }

    /// From now on messages are dealt with so.
    pub fn does(&self, turn: Turn) {
        *self.memory.turn.lock().unwrap() = turn;
    }

    /// The texts that were handed over, in order.
    pub fn given(&self) -> Vec<String> {
        let messages = self.memory.messages.lock().unwrap();
        messages.iter().map(|message| message["text"].as_str().unwrap().to_owned()).collect()
    }

    /// What the files held that came along, while the message was handed over.
    pub fn files(&self) -> Vec<Vec<u8>> {
        self.memory.files.lock().unwrap().clone()
    }

    /// The ids that they had.
    pub fn ids(&self) -> Vec<String> {
        let messages = self.memory.messages.lock().unwrap();
        messages.iter().map(|message| message["id"].as_str().unwrap().to_owned()).collect()
    }

    /// What it was told of without having asked, of one kind.
    pub fn told(&self, method: &str) -> Vec<Value> {
        let told = self.memory.told.lock().unwrap();
        told.iter().filter(|(name, _)| name == method).map(|(_, params)| params.clone()).collect()
    }

    /// The state directory.
    pub fn state(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    /// What all sidecars have logged.
    pub fn log(&self) -> String {
        self.memory.log.lock().unwrap().clone()
    }

    /// Starts a sidecar that nobody has asked anything.
    pub fn spawn(&self) -> Sidecar {
        let mut command = Command::new(env!("CARGO_BIN_EXE_telephony"));
        if let Some(programs) = &self.programs {
            let path = std::env::var("PATH").unwrap();
            command.env("PATH", format!("{}:{path}", programs.display()));
        }
        let mut child = command
            .arg("rpc")
            .env_remove("TELEPHONY_LOG")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let shared =
            Arc::new(Shared { input: Mutex::new(child.stdin.take()), waiting: Mutex::default() });
        let memory = Arc::clone(&self.memory);
        let errors = BufReader::new(child.stderr.take().unwrap());
        std::thread::spawn(move || {
            for line in errors.lines().map_while(Result::ok) {
                memory.log.lock().unwrap().push_str(&format!("{line}\n"));
            }
        });
        let (reading, memory) = (Arc::clone(&shared), Arc::clone(&self.memory));
        let output = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let line: Value = serde_json::from_str(&line).unwrap();
                reading.take(&memory, line);
            }
            reading.waiting.lock().unwrap().clear();
        });
        Sidecar { child, shared }
    }

    /// Starts one and initialises it.
    pub fn start(&self) -> Sidecar {
        let sidecar = self.spawn();
        let answer = sidecar.call("initialize", self.initialize()).unwrap();
        assert_eq!(answer["protocol"], 1);
        sidecar
    }

    pub fn initialize(&self) -> Value {
        json!({
            "protocol": 1, "host": "test", "stateDir": self.state(),
            "surfacesHash": telephony_plugin::host::surfaces_hash(),
        })
    }
}

impl Sidecar {
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks, and waits for the result or the error.
    pub fn call(&self, method: &str, params: Value) -> Result<Value, Value> {
        self.shared.call(method, params)
    }

    /// Starts an account; where it listens.
    pub fn account(&self, id: &str, config: &Value) -> SocketAddr {
        let params = json!({ "accountId": id, "config": config });
        let started = self.call("account.start", params).unwrap();
        started["address"].as_str().unwrap().parse().unwrap()
    }

    /// Asks without waiting for the answer.
    pub fn ask(&self, method: &str, params: Value) -> mpsc::Receiver<Value> {
        self.shared.ask(method, params)
    }

    /// Writes a line as it is.
    pub fn write(&self, line: &str) {
        self.shared.write(line);
    }

    /// Closes its standard input, and waits until it has ended.
    pub fn close(mut self) -> ExitStatus {
        self.shared.input.lock().unwrap().take();
        self.ended()
    }

    /// Waits until it has ended.
    pub fn ended(&mut self) -> ExitStatus {
        let mut status = None;
        eventually("the sidecar ends", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        status.unwrap()
    }

    /// Kills it as nothing but the system can.
    pub fn kill(mut self) {
        signal(self.pid(), Signal::KILL);
        self.ended();
    }

    /// Says that a message is dealt with.
    pub fn settle(&self, id: &str) {
        self.call("inbound.settled", json!({ "id": id })).unwrap();
    }
}

impl Drop for Sidecar {
    fn drop(&mut self) {
        // A test that failed leaves no process behind.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Shared {
    fn ask(&self, method: &str, params: Value) -> mpsc::Receiver<Value> {
        let (sender, answer) = mpsc::channel();
        let mut waiting = self.waiting.lock().unwrap();
        let id = waiting.keys().max().copied().unwrap_or_default() + 1;
        waiting.insert(id, sender);
        drop(waiting);
        let request = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        self.write(&request.to_string());
        answer
    }

    fn call(&self, method: &str, params: Value) -> Result<Value, Value> {
        let answer = self.ask(method, params).recv_timeout(PATIENCE);
        let mut answer = answer.unwrap_or_else(|error| panic!("{method}: {error}"));
        match answer.get("error") {
            Some(error) => Err(error.clone()),
            None => Ok(answer["result"].take()),
        }
    }

    fn write(&self, line: &str) {
        if let Some(input) = self.input.lock().unwrap().as_mut() {
            // A sidecar that was killed reads nothing.
            let _ = input.write_all(format!("{line}\n").as_bytes());
        }
    }

    /// Takes a line of the sidecar.
    fn take(self: &Arc<Self>, memory: &Arc<Memory>, line: Value) {
        let Some(id) = line.get("id").cloned() else {
            let method = line["method"].as_str().unwrap().to_owned();
            return memory.told.lock().unwrap().push((method, line["params"].clone()));
        };
        let Some(method) = line["method"].as_str() else {
            let waiting = id.as_u64().and_then(|id| self.waiting.lock().unwrap().remove(&id));
            let _ = waiting.map(|waiting| waiting.send(line));
            return;
        };
        let (params, shared, memory) = (&line["params"], Arc::clone(self), Arc::clone(memory));
        let from = params["from"].as_str().unwrap_or_default().to_owned();
        let is_approved = || memory.approved.lock().unwrap().contains(&from);
        match method {
            "access.check" if is_approved() => shared.answer(&id, json!({ "decision": "allow" })),
            "access.check" => {
                shared.answer(&id, json!({ "decision": "challenge", "code": CODE }));
            }
            "access.approved" => {
                let approved = is_approved();
                shared.answer(&id, json!({ "approved": approved }));
            }
            "inbound.message" => {
                let message = params.clone();
                std::thread::spawn(move || shared.turn(&memory, &id, message));
            }
            other => panic!("{other}"),
        }
    }

    fn turn(&self, memory: &Memory, id: &Value, message: Value) {
        let turn = *memory.turn.lock().unwrap();
        let of = json!({ "id": message["id"] });
        for file in message["media"].as_array().unwrap() {
            let bytes = std::fs::read(file["path"].as_str().unwrap()).unwrap();
            memory.files.lock().unwrap().push(bytes);
        }
        memory.messages.lock().unwrap().push(message);
        match turn {
            Turn::Adopt | Turn::Hold => {
                if self.call("inbound.adopted", of.clone()).is_ok() {
                    self.answer(id, json!({ "taken": true }));
                }
                if turn == Turn::Adopt {
                    self.call("inbound.settled", of).unwrap();
                }
            }
            Turn::Known | Turn::Leave => {
                self.answer(id, json!({ "taken": turn == Turn::Known }));
                self.call("inbound.settled", of).unwrap();
            }
            Turn::Fail => {
                let error = json!({ "code": -32000, "message": "not now" });
                let answer = json!({ "jsonrpc": "2.0", "id": id, "error": error });
                self.write(&answer.to_string());
            }
            Turn::Hang => {}
        }
    }

    fn answer(&self, id: &Value, result: Value) {
        self.write(&json!({ "jsonrpc": "2.0", "id": id, "result": result }).to_string());
    }
}
