//! `cargo xtask demo`: a stranger texts an agent through the real OpenClaw, with no account anywhere.

use std::fs;
use std::io::BufRead as _;
use std::path::Path;

use serde_json::{Value, json};

use crate::openclaw::{FRIEND, Gateway, Model};
use crate::release::{self, Program};
use crate::step::{Failure, Outcome, step};

/// Whose phone it is. The numbers of 555-0100 to 555-0199 are nobody's.
const PERSON: &str = "+15555550123";
const AGENT: &str = "+15555550100";

/// Plays the conversation; then stays up, unless it is to be played `once`.
pub(crate) fn run(once: bool, program: Program) -> Outcome {
    let (environment, release) = release::prepare(program)?;
    let model = Model::start()?;
    let mut gateway = Gateway::new(&environment, &environment.homes().join("demo"), &model)?;
    gateway.in_foreground = true;
    let screen = gateway.home.join("phone.jsonl");
    gateway.variable("TELEPHONY_MOCK_SCREEN", &screen.to_string_lossy());
    step("openclaw plugins install", || gateway.install(&release.offline))?;
    step("openclaw gateway", || {
        gateway.set_channel(json!({ "enabled": true, "provider": "mock", "fromNumber": AGENT }))?;
        gateway.start().map(drop)
    })?;
    println!("\n{PERSON} texts {AGENT}, which an agent answers. The model is a script.\n");
    let mut phone = Phone { gateway: &gateway, screen: &screen, seen: 0, texts: 0 };
    phone.play()?;
    if once {
        println!();
        return step("the gateway ends", || gateway.stop());
    }
    let config = gateway.home.join(".openclaw/openclaw.json");
    println!(
        "\nIt stays up. Type a text and press Enter; Ctrl-D ends. Or, from another terminal:\n\n  \
         {} simulate sms --config {} --text \"Hello\"\n\n\
         Control UI  http://127.0.0.1:{}/  (token {})\n",
        release.binary.display(),
        config.display(),
        gateway.port,
        gateway.token,
    );
    phone.stay()?;
    gateway.stop()
}

/// The phone: what is typed, and what appears.
struct Phone<'a> {
    gateway: &'a Gateway,
    screen: &'a Path,
    seen: usize,
    texts: usize,
}

impl Phone<'_> {
    fn play(&mut self) -> Outcome {
        self.text("Hello? Is this the agent?")?;
        let challenge = self.answer()?;
        let code = challenge.split("code is ").nth(1).and_then(|rest| rest.get(..8));
        let code = code.ok_or_else(|| Failure::new("the text has no code"))?;
        println!("owner         $ openclaw pairing approve telephony {code}");
        self.gateway.run(&["pairing", "approve", "telephony", code])?.success()?;
        self.answer()?;
        self.text("What can you do?")?;
        self.answer()?;
        self.text("Please text my friend that I am late.")?;
        self.answer()?;
        self.answer()?;
        Ok(())
    }

    /// Takes what is typed until there is no more, and shows what comes meanwhile.
    fn stay(&mut self) -> Outcome {
        let (typed, lines) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            for line in std::io::stdin().lock().lines().map_while(Result::ok) {
                if typed.send(line).is_err() {
                    return;
                }
            }
        });
        loop {
            use std::sync::mpsc::RecvTimeoutError::{Disconnected, Timeout};
            match lines.recv_timeout(std::time::Duration::from_millis(200)) {
                Ok(line) if !line.trim().is_empty() => self.text(&line)?,
                Ok(_) | Err(Timeout) => {}
                Err(Disconnected) => return Ok(()),
            }
            while let Some(shown) = self.next() {
                show(&shown);
            }
        }
    }

    fn text(&mut self, words: &str) -> Outcome {
        self.texts += 1;
        println!("{PERSON} > {words}");
        let id = format!("demo-{}", self.texts);
        match self.gateway.text_mock(PERSON, &id, words) {
            Some(200) => Ok(()),
            other => Err(Failure::new(format!("the webhook was answered {other:?}"))),
        }
    }

    /// Waits for the next text of the agent, and shows it.
    fn answer(&mut self) -> Result<String, Failure> {
        let mut found = None;
        self.gateway.until("a text appears on the phone", |_| {
            found = self.next();
            Ok(found.is_some())
        })?;
        let shown = found.ok_or_else(|| Failure::new("there is no text"))?;
        show(&shown);
        Ok(shown.1)
    }

    fn next(&mut self) -> Option<(String, String)> {
        let text = fs::read_to_string(self.screen).unwrap_or_default();
        let line: Value = serde_json::from_str(text.lines().nth(self.seen)?).ok()?;
        self.seen += 1;
        let field = |key: &str| line.get(key).and_then(Value::as_str).map(str::to_owned);
        Some((field("to")?, field("text")?))
    }
}

fn show((to, text): &(String, String)) {
    let whom = if to == FRIEND { format!("   (to a friend, {to}) ") } else { String::new() };
    println!("{AGENT} >{whom} {text}");
}
