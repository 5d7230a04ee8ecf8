//! A conversation in a terminal: one side is typed, the other is a real server.

mod phone;

use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use telephony_core::config::{Config, Host, from_value};
use telephony_core::{AccountId, OsEntropy, SystemClock};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::sync::{mpsc, watch};

use self::phone::{Phone, screen};
use crate::control::Records;
use crate::database::Database;
use crate::handler::HandlerChoice;
use crate::report::chain;
use crate::rpc::Methods as _;
use crate::serve::{Setup, Started};

/// Whose phone it is. The numbers of 555-0100 to 555-0199 are nobody's.
const PERSON: &str = "+15555550123";
const AGENT: &str = "+15555550100";

/// How long is waited for an answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// How the owner approves, typed as the person.
const APPROVE: &str = "/approve";

/// Plays the conversation: what is typed, or, with `once`, a short one.
pub(crate) async fn run(once: bool) -> Result<(), String> {
    let config = config()?;
    let database = Database::in_memory().map_err(|error| chain(&error))?;
    let records =
        Records::of(vec![AccountId::default_account()], database.clone(), Arc::new(SystemClock));
    let (show, mut shown) = mpsc::unbounded_channel();
    let setup = Setup {
        config,
        database,
        media: None,
        tunnels: Arc::default(),
        handler: HandlerChoice::Echo.make().map_err(|error| chain(&error))?,
        clock: Arc::new(SystemClock),
        entropy: Arc::new(OsEntropy),
    };
    let started = Started::new(setup, |_| Ok(screen(show.clone()))).await;
    let started = started.map_err(|error| chain(&error))?;
    let phone = Phone::new(started.address())?;
    let (stop, stopped) = watch::channel(false);
    let service = started.service();
    let server = tokio::spawn(started.run(None, |_| {}, stopped));
    say(&format!(
        "You are {PERSON} and text {AGENT}, which an agent answers (it echoes).\n\
         Type a text and press Enter. Ctrl-D ends.\n"
    ));
    let mut typed = Typed::new(once);
    let mut code = None;
    while let Some(line) = typed.next(code.as_deref()).await {
        if let Some(given) = line.strip_prefix(APPROVE) {
            let params = json!({ "code": given.trim() });
            match records.call("pairing.approve", params).await {
                Ok(_) => {
                    say(&format!("owner   telephony pairing approve {}\n", given.trim()));
                    code = None;
                }
                Err(error) => {
                    say(&format!("owner   {error}\n"));
                    continue;
                }
            }
            service.owed.notify_one();
        } else if let Err(error) = phone.text(&line).await {
            say(&format!("        {error}\n"));
            continue;
        }
        // Not everything has an answer: who waits for approval is told the code once, and STOP is
        // between the person and the carrier.
        let Ok(text) = tokio::time::timeout(PATIENCE, shown.recv()).await else {
            let hint =
                code.as_ref().map(|code| format!("; the owner approves with: {APPROVE} {code}"));
            say(&format!("        (no answer{})\n", hint.unwrap_or_default()));
            continue;
        };
        let Some(text) = text else { break };
        say(&format!("agent > {text}\n"));
        if let Some(new) = code_in(&text) {
            say(&format!("        The owner approves with: {APPROVE} {new}\n"));
            code = Some(new);
        }
    }
    let _ = stop.send(true);
    server.await.map_err(|error| chain(&error))
}

fn config() -> Result<Config, String> {
    let value = json!({ "provider": "mock", "fromNumber": AGENT, "serve": { "port": 0 } });
    from_value(value, Host::Standalone, &|_| None).map_err(|errors| errors.to_string())
}

/// The pairing code in a text, if there is one.
fn code_in(text: &str) -> Option<String> {
    let (_, after) = text.split_once("code is ")?;
    let code: String = after.chars().take_while(char::is_ascii_alphanumeric).collect();
    (!code.is_empty()).then_some(code)
}

fn say(text: &str) {
    let mut output = anstream::stdout().lock();
    // Whoever closed the terminal does not read on.
    let _ = output.write_all(text.as_bytes()).and_then(|()| output.flush());
}

/// What the person says: typed, or from a script.
enum Typed {
    Terminal(tokio::io::Lines<BufReader<tokio::io::Stdin>>),
    Script(std::vec::IntoIter<&'static str>),
}

impl Typed {
    fn new(once: bool) -> Self {
        if once {
            Self::Script(vec!["Hello?", APPROVE, "Hello again!"].into_iter())
        } else {
            Self::Terminal(BufReader::new(tokio::io::stdin()).lines())
        }
    }

    async fn next(&mut self, code: Option<&str>) -> Option<String> {
        loop {
            let line = match self {
                Self::Terminal(lines) => {
                    say("you   > ");
                    lines.next_line().await.ok()??
                }
                Self::Script(lines) => {
                    let line = lines.next()?;
                    if line == APPROVE {
                        return Some(format!("{APPROVE} {}", code.unwrap_or_default()));
                    }
                    say(&format!("you   > {line}\n"));
                    line.to_owned()
                }
            };
            if !line.trim().is_empty() {
                return Some(line);
            }
        }
    }
}
