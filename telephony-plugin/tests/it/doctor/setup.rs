//! A set-up from the carrier to the state directory, good until something is planted in it.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::Arc;

use serde_json::{Value, json};

use super::HOST;
use super::carrier::{Carrier, Knows};
use super::certificates::{self, Certificate};
use super::proxy::{self, Habit};
use crate::outside::{AGENT, SID, TOKEN};
use crate::running::{Home, Running};
use crate::tunnels::daemon;
use crate::tunnels::programs::{Programs, World};

/// The public URL of the webhook.
pub fn webhook() -> String {
    format!("https://{HOST}/telephony/webhook")
}

/// Does something to a state directory.
type Touch = dyn FnOnce(&Arc<Home>);

/// Everything that can be got wrong.
pub struct Setup {
    pub carrier: Carrier,
    /// The configuration of the server.
    pub server: Value,
    /// The configuration that the doctor is given.
    pub file: Value,
    /// Whether a server runs.
    pub runs: bool,
    pub habit: Habit,
    /// The proxy's certificate; `None` where it does not end TLS.
    pub tls: Option<Certificate>,
    /// Whether the proxy runs.
    pub has_proxy: bool,
    /// The host whose address the doctor is given.
    pub given: Option<&'static str>,
    /// The programs that the server finds first, where it has a tunnel.
    pub programs: Option<Programs>,
    /// What is done to the state directory before the doctor looks.
    pub touch: Box<Touch>,
}

impl Setup {
    pub fn good(provider: &str) -> Self {
        let carrier = Carrier::start(Knows::of(&webhook()));
        let uri = carrier.uri();
        let mut config = json!({
            "provider": provider, "fromNumber": AGENT, "serve": { "port": 0 },
            "publicUrl": format!("https://{HOST}"),
        });
        match provider {
            "twilio" => {
                config["twilio"] =
                    json!({ "accountSid": SID, "authToken": TOKEN, "apiBaseUrl": uri });
            }
            "telnyx" => {
                let key = "6kpsY+KcUgq+9VB7Ey7F+ZVHdq6+vnuSQh7qaRRG0iw=";
                config["telnyx"] = json!({ "apiKey": TOKEN, "publicKey": key, "apiBaseUrl": uri });
            }
            "plivo" => {
                config["plivo"] = json!({ "authId": "MA1", "authToken": TOKEN, "apiBaseUrl": uri });
            }
            _ => {
                config.as_object_mut().unwrap().remove("publicUrl");
            }
        }
        Self {
            carrier,
            server: config.clone(),
            file: config,
            runs: true,
            habit: Habit::Faithful,
            tls: Some(Certificate::Good),
            has_proxy: true,
            given: Some(HOST),
            programs: None,
            touch: Box::new(|_| {}),
        }
    }

    /// Changes the configuration of the server and of the doctor.
    pub fn configure(&mut self, change: impl Fn(&mut Value)) {
        change(&mut self.server);
        change(&mut self.file);
    }

    /// Has Tailscale lead to the server, in place of what leads to it now: what the daemon knows.
    pub fn funnel(&mut self) -> World {
        let programs = Programs::new(&["tailscale"]);
        let world = daemon::new(&programs, HOST);
        self.programs = Some(programs);
        self.configure(|config| {
            config.as_object_mut().unwrap().remove("publicUrl");
            config["tunnel"] = json!({ "provider": "tailscale-funnel" });
        });
        world
    }

    /// Changes what the carrier knows.
    pub fn carrier(&self, change: impl Fn(&mut Knows)) {
        change(&mut self.carrier.knows.lock().unwrap());
    }

    /// Starts all of it.
    pub fn start(self) -> Patient {
        let home = match &self.programs {
            Some(programs) => Home::beside(&self.server, programs.path()),
            None => Home::new(&self.server, &["--handler", "command:true"]),
        };
        let file = PathBuf::from(home.config()).with_file_name("doctor.json5");
        std::fs::write(&file, self.file.to_string()).unwrap();
        let server = self.runs.then(|| home.start());
        let nobody = free();
        let behind = server.as_ref().map_or(nobody, |server| server.address);
        let proxy = if self.has_proxy {
            let tls = self.tls.map(|certificate| certificates::server(HOST, certificate));
            proxy::start(behind, tls, self.habit)
        } else {
            free()
        };
        (self.touch)(&home);
        let given = self.given.map(|host| format!("{host}={proxy}"));
        let (carrier, programs) = (self.carrier, self.programs);
        Patient { carrier, home, server, _programs: programs, file, given }
    }
}

/// An address at which nobody listens.
fn free() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// A set-up that is examined.
pub struct Patient {
    pub carrier: Carrier,
    pub home: Arc<Home>,
    pub server: Option<Running>,
    /// They outlive the server.
    _programs: Option<Programs>,
    /// The configuration that the doctor is given.
    pub file: PathBuf,
    given: Option<String>,
}

impl Patient {
    pub fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_telephony"));
        command.arg("doctor").arg("--config").arg(&self.file).arg("--state-dir");
        command.arg(self.home.state()).args(arguments);
        command.args(self.given.iter().flat_map(|given| ["--resolve", given]));
        command.env("SSL_CERT_FILE", certificates::trusted()).env_remove("TELNYX_PUBLIC_KEY");
        command.output().unwrap()
    }

    /// The answer in JSON, whose exit code is that of the program.
    pub fn examine(&self, arguments: &[&str]) -> Value {
        let output = self.run(&[&["--json"], arguments].concat());
        let text = String::from_utf8(output.stdout.clone()).unwrap();
        let answer: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{output:?}"));
        assert_eq!(answer["exitCode"], json!(output.status.code()), "{answer}");
        for secret in [TOKEN, AGENT, AGENT.trim_start_matches('+')] {
            assert!(!text.contains(secret), "{text}");
        }
        answer
    }
}

/// What is worse than a note, and everything that is not well has something to do about it.
pub fn bad(answer: &Value) -> Vec<&Value> {
    let findings = answer["findings"].as_array().unwrap();
    for finding in findings.iter().filter(|finding| finding["severity"] != "ok") {
        assert!(finding["fix"].as_str().is_some_and(|fix| !fix.is_empty()), "{finding}");
    }
    let is_bad =
        |finding: &&Value| finding["severity"] == "warning" || finding["severity"] == "error";
    findings.iter().filter(is_bad).collect()
}
