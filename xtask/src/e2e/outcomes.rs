//! Carriers that refuse, fail and are slow, and a gateway that is killed meanwhile: nothing is lost
//! that can be sent, and nothing is sent twice.

use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::json;

use super::{Stage, check, seen};
use crate::openclaw::carrier::Next;
use crate::openclaw::{Gateway, signal};
use crate::step::Outcome;

/// How often the sidecar tries a request that was refused for now, before the host is told.
const TRIES: usize = 3;

/// After how long the host has looked after everything that a killed one left: a lease of a minute
/// and its own waits.
const LOOKED_AFTER: Duration = Duration::from_secs(80);

pub(super) fn run(stage: &Stage) -> Outcome {
    let mut gateway = stage.gateway("outcomes")?;
    let mut channel = stage.carrier.twilio();
    channel["inboundPolicy"] = "open".into();
    channel["allowFrom"] = json!(["*"]);
    gateway.set_channel(channel)?;
    gateway.start()?;
    refusals(stage, &gateway)?;
    killed_before_the_reply(stage, &mut gateway)?;
    killed_during_the_send(stage, &mut gateway)?;
    gateway.stop()
}

fn text(stage: &Stage, gateway: &Gateway, from: &str, words: &str) -> Outcome {
    let config = gateway.home.join(".openclaw/openclaw.json");
    let id = format!("SM{}", words.replace(' ', ""));
    let sent = stage.simulate(&config, &["--from", from, "--id", &id, "--text", words])?;
    check(sent, &format!("“{words}” comes in"), || "it is refused".to_owned())
}

fn refusals(stage: &Stage, gateway: &Gateway) -> Outcome {
    let carrier = &stage.carrier;
    let [limited, failing, slow] = ["+15550002001", "+15550002002", "+15550002003"];
    carrier.next([Next::Status(429); TRIES]);
    text(stage, gateway, limited, "limited")?;
    gateway.until("what was refused for now is sent in the end", |_| {
        Ok(carrier.count(limited, "limited") == TRIES + 1)
    })?;
    carrier.next([Next::Status(500)]);
    text(stage, gateway, failing, "failing")?;
    gateway.until("it reaches the carrier", |_| Ok(carrier.count(failing, "failing") == 1))?;
    // Longer than any client waits.
    carrier.next([Next::Slow(Duration::from_secs(45))]);
    text(stage, gateway, slow, "timing out")?;
    gateway.until("it reaches the carrier", |_| Ok(carrier.count(slow, "timing out") == 1))?;
    let begun = Instant::now();
    gateway.until("the host has looked after both", |_| Ok(begun.elapsed() > LOOKED_AFTER))?;
    let counts = [
        carrier.count(limited, "limited"),
        carrier.count(failing, "failing"),
        carrier.count(slow, "timing out"),
    ];
    check(
        counts == [TRIES + 1, 1, 1],
        "of 429, 500 and no answer, only what was refused for now is repeated",
        || format!("{counts:?}"),
    )
}

fn killed_before_the_reply(stage: &Stage, gateway: &mut Gateway) -> Outcome {
    let from = "+15550002004";
    text(stage, gateway, from, "answer this slowly")?;
    gateway.until("the model has it", |_| Ok(stage.model.heard("answer this slowly") > 0))?;
    gateway.kill()?;
    gateway.start()?;
    let replies = || stage.carrier.count(from, "You said");
    gateway.until("the agent answers after all", |_| Ok(replies() > 0))?;
    seen("killed between adoption and reply: the turn is resumed");
    check(replies() == 1, "and answered once", || replies().to_string())
}

fn killed_during_the_send(stage: &Stage, gateway: &mut Gateway) -> Outcome {
    let from = "+15550002005";
    stage.carrier.next([Next::Slow(Duration::from_secs(5))]);
    text(stage, gateway, from, "cut off")?;
    let replies = || stage.carrier.count(from, "cut off");
    gateway.until("the reply is at the carrier", |_| Ok(replies() == 1))?;
    if let Some(pid) = gateway.sidecar() {
        signal(pid, Signal::KILL)?;
    }
    gateway.kill()?;
    gateway.start()?;
    let begun = Instant::now();
    gateway.until("the host has looked after it", |_| Ok(begun.elapsed() > LOOKED_AFTER))?;
    check(replies() == 1, "killed between a send and its record: no text twice", || {
        replies().to_string()
    })
}
