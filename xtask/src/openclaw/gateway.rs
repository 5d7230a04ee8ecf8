//! A gateway of its own home, and what is asked of it.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use super::environment::Environment;
use super::http::{is_healthy, request};
use super::model::Model;
use crate::step::Failure;

/// How long something may take that must happen.
const PATIENCE: Duration = Duration::from_secs(90);

/// How long a command may take.
const COMMAND: Duration = Duration::from_secs(180);

/// A home folder, and the gateway that runs in it.
#[derive(Debug)]
pub(crate) struct Gateway {
    environment: Environment,
    pub(crate) home: PathBuf,
    pub(crate) port: u16,
    /// Where the plugin takes webhooks.
    pub(crate) webhooks: SocketAddr,
    pub(crate) token: String,
    child: Option<Child>,
    /// Whether an interrupt of the terminal is for the gateway too.
    pub(crate) in_foreground: bool,
    /// Variables of the gateway and of commands.
    variables: Vec<(String, String)>,
}

/// What a command said.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) output: String,
    pub(crate) errors: String,
}

impl Ran {
    /// What it said, if it succeeded.
    pub(crate) fn success(self) -> Result<String, Failure> {
        if self.code == Some(0) {
            return Ok(self.output);
        }
        let Self { code, output, errors } = self;
        Err(Failure::new(format!("the command ended with {code:?}:\n{output}\n{errors}")))
    }
}

impl Gateway {
    /// A home with a configuration and nothing else.
    pub(crate) fn new(
        environment: &Environment,
        home: &Path,
        model: &Model,
    ) -> Result<Self, Failure> {
        if home.exists() {
            fs::remove_dir_all(home)?;
        }
        let workspace = home.join("workspace");
        fs::create_dir_all(&workspace)?;
        fs::create_dir_all(home.join(".openclaw"))?;
        let (port, webhooks) = (free_port()?, free_port()?);
        let token = format!("telephony-demonstration-token-{port:08}");
        let gateway = Self {
            environment: environment.clone(),
            home: home.to_owned(),
            port,
            webhooks: SocketAddr::from(([127, 0, 0, 1], webhooks)),
            token,
            child: None,
            in_foreground: false,
            variables: Vec::new(),
        };
        let cost = json!({ "input": 0, "output": 0, "cacheRead": 0, "cacheWrite": 0 });
        gateway.write(&json!({
            "gateway": {
                "mode": "local", "port": port, "bind": "loopback",
                "auth": { "mode": "token", "token": gateway.token },
            },
            "update": { "checkOnStart": false },
            "agents": { "defaults": {
                "workspace": workspace, "skipBootstrap": true,
                "model": { "primary": "stub/stub-1" }, "heartbeat": { "every": "0m" },
            } },
            "session": { "dmScope": "per-account-channel-peer" },
            "tools": { "toolSearch": false },
            "models": { "mode": "merge", "providers": { "stub": {
                "baseUrl": format!("http://{}/v1", model.address), "apiKey": "stub-key",
                "api": "openai-completions",
                "models": [{
                    "id": "stub-1", "name": "Stub", "reasoning": false, "input": ["text", "image"],
                    "cost": cost, "contextWindow": 128_000, "maxTokens": 4_096,
                }],
            } } },
        }))?;
        Ok(gateway)
    }

    /// Gives the gateway and its commands a variable of the environment.
    pub(crate) fn variable(&mut self, name: &str, value: &str) {
        self.variables.push((name.to_owned(), value.to_owned()));
    }

    fn file(&self) -> PathBuf {
        self.home.join(".openclaw/openclaw.json")
    }

    /// The configuration file, which `telephony simulate` reads too.
    pub(crate) fn configuration(&self) -> Result<Value, Failure> {
        Ok(serde_json::from_str(&fs::read_to_string(self.file())?)?)
    }

    fn write(&self, value: &Value) -> Result<(), Failure> {
        // At once, so that the gateway never reads half of it.
        let next = self.home.join(".openclaw/openclaw.next.json");
        fs::write(&next, serde_json::to_string_pretty(value)?)?;
        Ok(fs::rename(next, self.file())?)
    }

    /// Changes the configuration.
    pub(crate) fn configure(&self, change: impl FnOnce(&mut Value)) -> Result<(), Failure> {
        let mut value = self.configuration()?;
        change(&mut value);
        self.write(&value)
    }

    /// Configures the channel, with webhooks at this gateway's own port.
    pub(crate) fn set_channel(&self, mut channel: Value) -> Result<(), Failure> {
        if let Some(channel) = channel.as_object_mut() {
            let serve = channel.entry("serve").or_insert_with(|| json!({}));
            if let Some(serve) = serve.as_object_mut() {
                serve.insert("port".to_owned(), self.webhooks.port().into());
            }
        }
        self.configure(|value| put(value, &["channels", "telephony"], channel))
    }

    /// Installs the plugin as a user would.
    pub(crate) fn install(&self, package: &Path) -> Result<(), Failure> {
        let package = format!("npm-pack:{}", package.display());
        let install = ["plugins", "install", &package, "--force", "--accept-capabilities"];
        self.run(&install)?.success().map(drop)
    }

    /// A command of OpenClaw's, in this home.
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.environment.command("node");
        command.arg(self.environment.modules().join("openclaw/openclaw.mjs")).args(arguments);
        command.env("HOME", &self.home).env("NO_COLOR", "1");
        for (name, value) in &self.variables {
            command.env(name, value);
        }
        for variable in ["XDG_STATE_HOME", "OPENCLAW_STATE_DIR", "OPENCLAW_CONFIG_PATH"] {
            command.env_remove(variable);
        }
        command.current_dir(&self.home).stdin(Stdio::null());
        command
    }

    /// Runs a command, and waits until it has ended.
    pub(crate) fn run(&self, arguments: &[&str]) -> Result<Ran, Failure> {
        let folder = self.home.join("commands");
        fs::create_dir_all(&folder)?;
        let (output, errors) = (folder.join("output"), folder.join("errors"));
        let mut command = self.command(arguments);
        command.stdout(File::create(&output)?).stderr(File::create(&errors)?);
        let mut child = command.spawn()?;
        let begun = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait()? {
                break status;
            }
            if begun.elapsed() > COMMAND {
                child.kill()?;
                return Err(Failure::new(format!("openclaw {arguments:?} did not end")));
            }
            std::thread::sleep(Duration::from_millis(50));
        };
        let read = |path| fs::read_to_string(path).map(|text| plain(&text));
        Ok(Ran { code: status.code(), output: read(output)?, errors: read(errors)? })
    }

    /// Starts the gateway, and waits until the channel takes webhooks.
    pub(crate) fn start(&mut self) -> Result<Duration, Failure> {
        let begun = Instant::now();
        self.start_without_channel()?;
        self.until("the channel takes webhooks", |gateway| Ok(gateway.is_healthy()))?;
        Ok(begun.elapsed())
    }

    /// Starts the gateway, and waits until it is ready.
    pub(crate) fn start_without_channel(&mut self) -> Result<Duration, Failure> {
        let begun = self.spawn()?;
        let is_ready = |gateway: &Self| Ok(gateway.log_since_start().contains(" ready"));
        self.until("the gateway is ready", is_ready)?;
        Ok(begun.elapsed())
    }

    /// Starts the gateway, whatever becomes of it.
    pub(crate) fn spawn(&mut self) -> Result<Instant, Failure> {
        let log = File::options().create(true).append(true).open(self.home.join("gateway.log"))?;
        let mark = log.metadata()?.len();
        fs::write(self.home.join("gateway.mark"), mark.to_string())?;
        let mut command = self.command(&["gateway"]);
        command.stdout(log.try_clone()?).stderr(log);
        if !self.in_foreground {
            command.process_group(0);
        }
        let begun = Instant::now();
        self.child = Some(command.spawn()?);
        Ok(begun)
    }

    /// What it has logged, without colours.
    pub(crate) fn log(&self) -> String {
        plain(&fs::read_to_string(self.home.join("gateway.log")).unwrap_or_default())
    }

    /// What it has logged since it was last started.
    pub(crate) fn log_since_start(&self) -> String {
        let mark = fs::read_to_string(self.home.join("gateway.mark")).unwrap_or_default();
        let log = fs::read(self.home.join("gateway.log")).unwrap_or_default();
        let since = log.get(mark.parse().unwrap_or(0)..).unwrap_or_default();
        plain(&String::from_utf8_lossy(since))
    }

    /// Whether the plugin's server says that it is well.
    pub(crate) fn is_healthy(&self) -> bool {
        is_healthy(self.webhooks)
    }

    /// What the plugin's server hands out at a path.
    pub(crate) fn fetch(&self, path: &str) -> Option<Vec<u8>> {
        let (status, body) = request(self.webhooks, "GET", path, "").ok()?;
        (status == 200).then_some(body)
    }

    /// Texts the mock account; the status.
    pub(crate) fn text_mock(&self, from: &str, id: &str, text: &str) -> Option<u16> {
        let body = json!({ "from": from, "text": text, "messageId": id }).to_string();
        let path = "/telephony/webhook";
        request(self.webhooks, "POST", path, &body).ok().map(|(status, _)| status)
    }

    /// Waits until something is so.
    pub(crate) fn until(
        &self,
        what: &str,
        mut is_so: impl FnMut(&Self) -> Result<bool, Failure>,
    ) -> Result<(), Failure> {
        let begun = Instant::now();
        while !is_so(self)? {
            if begun.elapsed() > PATIENCE {
                let log = self.log();
                let lines: Vec<_> = log.lines().rev().take(60).collect();
                let lines: Vec<_> = lines.into_iter().rev().collect();
                let log = lines.join("\n");
                return Err(Failure::new(format!("not within {PATIENCE:?}: {what}\n{log}")));
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(())
    }

    /// The process of the sidecar.
    pub(crate) fn sidecar(&self) -> Option<u32> {
        processes(&self.home)
            .into_iter()
            .find(|(_, line)| line.contains("telephony rpc"))
            .map(|(pid, _)| pid)
    }

    /// Ends the gateway as a user would, and waits until nothing of it is left.
    pub(crate) fn stop(&mut self) -> Result<(), Failure> {
        let Some(mut child) = self.child.take() else { return Ok(()) };
        signal(child.id(), Signal::TERM)?;
        let begun = Instant::now();
        while child.try_wait()?.is_none() {
            if begun.elapsed() > PATIENCE {
                self.child = Some(child);
                return Err(Failure::new("the gateway did not end"));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        self.until("no process is left", |gateway| Ok(processes(&gateway.home).is_empty()))
    }

    /// Kills the gateway alone; what it started is to notice by itself.
    pub(crate) fn kill(&mut self) -> Result<(), Failure> {
        let Some(mut child) = self.child.take() else { return Ok(()) };
        child.kill()?;
        child.wait()?;
        self.until("the sidecar has ended too", |gateway| Ok(gateway.sidecar().is_none()))
    }

    /// Everything of this home that runs.
    pub(crate) fn processes(&self) -> Vec<(u32, String)> {
        processes(&self.home)
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        let _ = child.kill();
        let _ = child.wait();
        for (left, _) in processes(&self.home) {
            let _ = signal(left, Signal::KILL);
        }
    }
}

/// Puts a value at a path, and makes the objects on the way.
fn put(target: &mut Value, path: &[&str], value: Value) {
    let Some((key, rest)) = path.split_first() else {
        *target = value;
        return;
    };
    if !target.is_object() {
        *target = json!({});
    }
    if let Some(object) = target.as_object_mut() {
        put(object.entry(*key).or_insert(Value::Null), rest, value);
    }
}

pub(super) fn free_port() -> Result<u16, Failure> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

fn pid(number: u32) -> Option<Pid> {
    i32::try_from(number).ok().and_then(Pid::from_raw)
}

/// Signals a process of ours.
pub(crate) fn signal(number: u32, signal: Signal) -> Result<(), Failure> {
    let pid = pid(number).ok_or_else(|| Failure::new("this is no process"))?;
    kill_process(pid, signal).map_err(Failure::from)
}

/// The processes that have this home, and their command lines.
fn processes(home: &Path) -> Vec<(u32, String)> {
    let wanted = format!("HOME={}", home.display());
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let of_home = entries.filter_map(|entry| {
        let number: u32 = entry.file_name().to_str()?.parse().ok()?;
        let environment = fs::read(entry.path().join("environ")).ok()?;
        let has_home = environment.split(|byte| *byte == 0).any(|part| part == wanted.as_bytes());
        let line = fs::read(entry.path().join("cmdline")).ok()?;
        let line = String::from_utf8_lossy(&line).replace('\0', " ");
        (has_home && !line.is_empty()).then_some((number, line))
    });
    of_home.collect()
}

/// A text without the colours of a terminal.
fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\u{1b}') {
        let (before, after) = rest.split_at(at);
        plain.push_str(before);
        rest = after.find('m').and_then(|end| after.get(end + 1..)).unwrap_or_default();
    }
    plain + rest
}
