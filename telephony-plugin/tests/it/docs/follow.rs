//! Somebody who reads a document and does all that it says, in a home of their own.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;

use super::markdown::Document;
use super::phones::{Phones, Text};
use crate::running::{eventually, signal};

/// Who texts, where the document leaves it open.
const PERSON: &str = "+15550001234";

/// What the documents call the address that a server listens at.
const ADDRESS: &str = "127.0.0.1:3335";

pub struct Reader<'a> {
    document: &'a Document,
    home: TempDir,
    phones: Phones,
    server: Option<Server>,
    /// What servers have printed.
    consoles: Vec<String>,
    /// What the commands have printed, one after another.
    printed: Vec<String>,
    /// The codes that have been approved.
    approved: Vec<String>,
    /// Whether somebody was texted a code that nobody has approved.
    is_asked: bool,
    /// The number that was texted, what it was texted, and what it answered.
    answers: Vec<(String, String, String)>,
}

/// The server that runs.
struct Server {
    child: Child,
    config: String,
}

impl<'a> Reader<'a> {
    /// A home with the files that the document names, changed in nothing but where the carrier is
    /// and that any port will do.
    pub fn new(document: &'a Document) -> Self {
        let (home, phones) = (TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap(), Phones::new());
        fs::create_dir(home.path().join("bin")).unwrap();
        let program = home.path().join("bin/telephony");
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_telephony"), program).unwrap();
        let configurations = document.blocks.iter().filter(|block| block.info == "json5");
        for block in configurations {
            let Some(name) = block.file() else { continue };
            let mut text = block.text().replacen('{', "{ serve: { port: 0 },", 1);
            for carrier in ["twilio", "telnyx", "plivo"] {
                let there = format!("{carrier}: {{ apiBaseUrl: \"{}\",", phones.uri());
                text = text.replace(&format!("{carrier}: {{"), &there);
            }
            fs::write(home.path().join(name), text).unwrap();
        }
        Self {
            document,
            home,
            phones,
            server: None,
            consoles: Vec::new(),
            printed: Vec::new(),
            approved: Vec::new(),
            is_asked: false,
            answers: Vec::new(),
        }
    }

    /// Does what a line says.
    pub fn run(&mut self, line: &str) {
        if line.starts_with("telephony serve ") {
            return self.serve(line);
        }
        let retries = |(_, line): (usize, &str)| line.starts_with("telephony inbox retry ");
        if line == "telephony inbox list" && self.document.commands().any(retries) {
            self.set_aside();
        }
        let line = self.filled(line);
        let texts = self.texts().len();
        let output = self.shell(&line).stdin(Stdio::null()).output().unwrap();
        let path = &self.document.path;
        let expected = i32::from(line.ends_with("# exits with 1"));
        assert_eq!(output.status.code(), Some(expected), "{path}: {line}: {output:?}");
        self.printed.push(printed(&output));
        // These lead to a text. Whoever does them one after another has read it by the next one.
        let texting = ["simulate sms", "pairing approve", "inbox retry"];
        let is_texting = texting.iter().any(|it| line.starts_with(&format!("telephony {it} ")));
        if is_texting && expected == 0 {
            eventually(&line, || self.texts().len() > texts);
            self.hear(&line);
        }
    }

    /// The number that was texted, the text and the answer, of all texts but those of strangers.
    pub fn answers(&self) -> &[(String, String, String)] {
        &self.answers
    }

    /// Ends the server, and compares what servers printed with what the document shows of it.
    pub fn end(mut self) {
        self.stop();
        let Self { document, consoles, .. } = &self;
        let shown = document.blocks.iter().map(super::markdown::Block::text);
        for shown in shown.filter(|text| text.starts_with("listening at")) {
            assert!(consoles.contains(&shown), "{}: {shown}\n{consoles:?}", document.path);
        }
    }

    /// Starts a server in place of the one that runs, and waits until it has said where it is.
    fn serve(&mut self, line: &str) {
        self.stop();
        let (console, log) = (self.path("console"), self.path("log"));
        let mut command = self.shell(&format!("exec {line}"));
        command.stdout(File::create(&console).unwrap()).stderr(File::create(&log).unwrap());
        let mut child = command.spawn().unwrap();
        eventually("the server listens", || {
            let log = || fs::read_to_string(&log).unwrap();
            assert!(child.try_wait().unwrap().is_none(), "{line}: {}", log());
            fs::read_to_string(&console).unwrap().starts_with("listening at http://")
        });
        let printed = fs::read_to_string(&console).unwrap();
        let (first, _) = printed.split_once('\n').unwrap();
        let address = first.rsplit('/').next().unwrap();
        self.consoles.push(printed.trim_end().replace(address, ADDRESS));
        let config = line.rsplit("--config ").next().unwrap().to_owned();
        self.server = Some(Server { child, config });
    }

    fn stop(&mut self) {
        let Some(Server { mut child, .. }) = self.server.take() else { return };
        signal(child.id(), Signal::TERM);
        assert!(child.wait().unwrap().success());
    }

    /// Takes in what a command led to: a code for a stranger, an answer for anybody else.
    fn hear(&mut self, line: &str) {
        let Text { from, words, .. } = self.texts().pop().unwrap();
        let asked = line.split_once("--text \"").and_then(|(_, text)| text.split('"').next());
        if code(&words).is_some() {
            self.is_asked = true;
        } else if let Some(asked) = asked {
            self.answers.push((from, asked.to_owned(), words));
        }
    }

    /// The line, with the code, the id and the key that whoever reads on has in front of them.
    fn filled(&mut self, line: &str) -> String {
        let mut line = line.to_owned();
        if line.contains("<code>") {
            if !self.is_asked {
                // Somebody wants to talk, as the document has it.
                let Some(Server { config, .. }) = &self.server else { panic!("no server: {line}") };
                let text = format!(
                    "telephony simulate sms --from {PERSON} --text \"Hi\" --config {config}"
                );
                self.run(&text);
            }
            let texts = self.texts();
            let code = texts.iter().rev().find_map(|text| code(&text.words)).unwrap();
            assert!(!self.approved.contains(&code), "{line}: nobody waits");
            line = line.replace("<code>", &code);
            self.approved.push(code);
            self.is_asked = false;
        }
        for (placeholder, find) in [("<id>", id as fn(&str) -> Option<String>), ("<key>", key)] {
            if line.contains(placeholder) {
                let found = self.printed.iter().rev().find_map(|printed| find(printed));
                let found = found.unwrap_or_else(|| panic!("nothing printed has one: {line}"));
                line = line.replace(placeholder, &found);
            }
        }
        line
    }

    /// What reached phones, by a carrier or by the mock.
    fn texts(&self) -> Vec<Text> {
        let screen = fs::read_to_string(self.path("screen")).unwrap_or_default();
        let shown = screen.lines().map(|line| {
            let line: Value = serde_json::from_str(line).unwrap();
            let field = |name: &str| line[name].as_str().unwrap().to_owned();
            Text { from: String::new(), to: field("to"), words: field("text") }
        });
        shown.chain(self.phones.texts()).collect()
    }

    /// Has the last message be one whose handler failed eight times: that takes minutes.
    fn set_aside(&self) {
        let database = self.path(".local/state/telephony/telephony.db");
        let database = rusqlite::Connection::open(database).unwrap();
        let sql = "UPDATE inbox_entry SET state = 2, reason = 'the handler failed' WHERE position = \
                   (SELECT max(position) FROM inbox_entry WHERE state = 1)";
        let changed = database.execute(sql, []).unwrap();
        assert_eq!(changed, 1, "{}", self.document.path);
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// The shell, as a person has it who has installed the program.
    fn shell(&self, line: &str) -> Command {
        let system = std::env::var("PATH").unwrap();
        let mut command = Command::new("sh");
        command.arg("-c").arg(line).current_dir(self.home.path()).env_clear();
        command.env("PATH", format!("{}:{system}", self.path("bin").display()));
        command.env("HOME", self.home.path()).env("TELEPHONY_MOCK_SCREEN", self.path("screen"));
        command
    }
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        // A test that failed leaves no process behind.
        if let Some(Server { child, .. }) = &mut self.server {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn printed(Output { stdout, stderr, .. }: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(stdout), String::from_utf8_lossy(stderr))
}

/// The code in a text of ours.
fn code(words: &str) -> Option<String> {
    let (_, after) = words.split_once("pairing code is ")?;
    Some(after.chars().take_while(char::is_ascii_alphanumeric).collect())
}

/// The id that begins a line about a message, a send or a row of the inbox.
fn id(printed: &str) -> Option<String> {
    printed.lines().find_map(|line| {
        let (id, rest) = line.split_once(' ')?;
        let is_id = rest.starts_with("is ") || rest.starts_with(" account ");
        is_id.then(|| id.to_owned())
    })
}

/// The key that `simulate` asks to be trusted.
fn key(printed: &str) -> Option<String> {
    let (_, after) = printed.split_once("publicKey: \"")?;
    Some(after.split('"').next()?.to_owned())
}
