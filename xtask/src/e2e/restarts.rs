//! Twenty changes of the configuration while texts arrive steadily, and several accounts at once.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};

use super::{Stage, check, seen};
use crate::openclaw::Gateway;
use crate::step::Outcome;

/// How many changes there are, and how often a text arrives meanwhile.
const CHANGES: usize = 20;
const EVERY: Duration = Duration::from_millis(700);

/// Who texts: each is let in by every configuration.
const SENDERS: [&str; 3] = ["+15550003001", "+15550003002", "+15550003003"];

const PLIVO_ID: &str = "MA000000000000000000";
const PLIVO: &str = "plivo-auth-token-0123456789abcdef";

pub(super) fn run(stage: &Stage) -> Outcome {
    let mut gateway = stage.gateway("restarts")?;
    gateway.set_channel(channel(stage))?;
    gateway.start()?;
    changes(stage, &gateway)?;
    accounts(stage, &mut gateway)?;
    gateway.stop()
}

fn channel(stage: &Stage) -> Value {
    let mut channel = stage.carrier.twilio();
    channel["inboundPolicy"] = "allowlist".into();
    channel["allowFrom"] = json!(SENDERS);
    channel
}

/// The change of that number, of a policy, a list, a secret, a path, an account.
fn change(number: usize, channel: &mut Value) {
    match number % 6 {
        0 => channel["inboundPolicy"] = "pairing".into(),
        1 => {
            let another = format!("+1555000{:04}", 4_000 + number);
            channel["allowFrom"] = json!([&SENDERS[..], &[another.as_str()]].concat());
        }
        2 => {
            channel["twilio"]["authToken"] =
                format!("twilio-auth-token-of-change-{number:04}").into()
        }
        3 => channel["serve"]["path"] = format!("/telephony/webhook-{number}").into(),
        4 => {
            channel["accounts"]["second"] = json!({
                "provider": "plivo", "fromNumber": "+15550002222",
                "plivo": { "authId": PLIVO_ID, "authToken": PLIVO },
            });
        }
        _ => {
            if let Some(channel) = channel.as_object_mut() {
                channel.remove("accounts");
                channel.insert("inboundPolicy".to_owned(), "allowlist".into());
            }
        }
    }
}

fn changes(stage: &Stage, gateway: &Gateway) -> Outcome {
    // What the carrier's console has: changed a while after the configuration, as people do.
    let console = gateway.home.join("console.json");
    let copy = |gateway: &Gateway| -> Outcome {
        let next = gateway.home.join("console.next.json");
        std::fs::write(&next, gateway.configuration()?.to_string())?;
        Ok(std::fs::rename(next, &console)?)
    };
    copy(gateway)?;
    let (stop, sent) = (AtomicBool::new(false), AtomicUsize::new(0));
    let refused = Mutex::new(Vec::new());
    let result = std::thread::scope(|scope| {
        let texting = scope.spawn(|| {
            while !stop.load(Ordering::SeqCst) {
                let number = sent.fetch_add(1, Ordering::SeqCst);
                if !text(stage, &console, number) {
                    refused.lock().unwrap_or_else(PoisonError::into_inner).push(number);
                }
                std::thread::sleep(EVERY);
            }
        });
        let result = (0..CHANGES).try_for_each(|number| {
            let applied = |gateway: &Gateway| gateway.log().matches("hot reload applied").count();
            let before = applied(gateway);
            gateway.configure(|value| change(number, &mut value["channels"]["telephony"]))?;
            gateway.until("the change is applied", |gateway| Ok(applied(gateway) > before))?;
            copy(gateway)
        });
        stop.store(true, Ordering::SeqCst);
        texting.join().map_err(|_| crate::step::Failure::new("the sender failed"))?;
        result
    });
    result?;
    let refused = refused.into_inner().unwrap_or_else(PoisonError::into_inner);
    let sent = sent.load(Ordering::SeqCst);
    check(
        refused.is_empty(),
        &format!("{CHANGES} changes: none of {sent} texts is refused"),
        || format!("{refused:?}"),
    )?;
    let missing = || (0..sent).filter(|number| stage.model.heard(&words(*number)) == 0);
    gateway.until("every text has its turn", |_| Ok(missing().next().is_none()))?;
    seen("and none is lost");
    Ok(())
}

fn words(number: usize) -> String {
    format!("steady text {number:04}.")
}

fn text(stage: &Stage, console: &PathBuf, number: usize) -> bool {
    let from = SENDERS.get(number % SENDERS.len()).copied().unwrap_or_default();
    let (id, words) = (format!("SMsteady{number:04}"), words(number));
    let arguments = ["--from", from, "--account", "default", "--id", &id, "--text", &words];
    stage.simulate(console, &arguments).unwrap_or(false)
}

/// Two providers at once, with credentials that the host resolves.
fn accounts(stage: &Stage, gateway: &mut Gateway) -> Outcome {
    gateway.stop()?;
    gateway.variable("MY_TWILIO_TOKEN", crate::openclaw::carrier::TOKEN);
    gateway.variable("MY_PLIVO_TOKEN", PLIVO);
    let reference = |id: &str| json!({ "source": "env", "provider": "default", "id": id });
    let mut channel = channel(stage);
    channel["twilio"]["authToken"] = reference("MY_TWILIO_TOKEN");
    channel["accounts"] = json!({ "second": {
        "provider": "plivo", "fromNumber": "+15550002222",
        "plivo": {
            "authId": PLIVO_ID, "authToken": reference("MY_PLIVO_TOKEN"),
            "apiBaseUrl": stage.carrier.url(),
        },
    } });
    gateway.set_channel(channel.clone())?;
    gateway.start()?;
    gateway.until("both accounts take webhooks", |gateway| {
        let log = gateway.log_since_start();
        Ok(log.contains("default takes webhooks") && log.contains("second takes webhooks"))
    })?;
    // The program reads no references of the host's: it signs with what they stand for.
    channel["twilio"]["authToken"] = crate::openclaw::carrier::TOKEN.into();
    channel["accounts"]["second"]["plivo"]["authToken"] = PLIVO.into();
    channel["serve"] = gateway.configuration()?["channels"]["telephony"]["serve"].clone();
    let console = gateway.home.join("console.json");
    std::fs::write(&console, json!({ "channels": { "telephony": channel } }).to_string())?;
    for (account, from) in [("default", "+15550003001"), ("second", "+15550003002")] {
        let words = format!("to {account}");
        let id = format!("SM{account}");
        let arguments = ["--from", from, "--account", account, "--id", &id, "--text", &words];
        let taken = stage.simulate(&console, &arguments)?;
        check(taken, &format!("a text to {account} comes in"), || "it is refused".to_owned())?;
        gateway.until("it is answered from the number that was texted", |_| {
            Ok(stage.carrier.count(from, &format!("You said: {words}")) == 1)
        })?;
    }
    seen("two accounts of two providers answer at once, with credentials by reference");
    Ok(())
}
