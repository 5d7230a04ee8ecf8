//! From a stranger's first text to the end of the gateway: the way of a user who installs it.

use std::fs;

use rustix::process::Signal;
use serde_json::json;

use super::{PERSON, Stage, check, json_of, seen};
use crate::openclaw::carrier::PNG;
use crate::openclaw::{FRIEND, Gateway, signal};
use crate::step::Outcome;

pub(super) fn run(stage: &Stage) -> Outcome {
    let mut gateway = stage.gateway("conversation")?;
    let mut channel = stage.carrier.twilio();
    channel["voice"] = json!({ "enabled": true });
    gateway.set_channel(channel)?;
    gateway.start()?;
    pairing(stage, &gateway)?;
    pictures(stage, &gateway)?;
    tool(stage, &gateway)?;
    commands(stage, &gateway)?;
    failure(stage, &gateway)?;
    opt_out(stage, &gateway)?;
    sidecar(stage, &gateway)?;
    let path = gateway.home.join(".openclaw");
    gateway.stop()?;
    seen("SIGTERM leaves no process");
    gateway.run(&["plugins", "uninstall", "telephony", "--force"])?.success()?;
    check(gateway.processes().is_empty(), "uninstalling leaves no process", || {
        format!("{:?} {}", gateway.processes(), path.display())
    })
}

fn text(stage: &Stage, gateway: &Gateway, id: &str, words: &str) -> Outcome {
    let config = gateway.home.join(".openclaw/openclaw.json");
    let sent = stage.simulate(&config, &["--from", PERSON, "--id", id, "--text", words])?;
    check(sent, &format!("the webhook of {id} is answered 2xx"), || "it is not".to_owned())
}

fn pairing(stage: &Stage, gateway: &Gateway) -> Outcome {
    let carrier = &stage.carrier;
    let codes = || carrier.count(PERSON, "pairing code");
    text(stage, gateway, "SM01", "Hello?")?;
    gateway.until("the code is texted", |_| Ok(codes() == 1))?;
    text(stage, gateway, "SM02", "Hello again?")?;
    gateway.until("the second text is dealt with", |gateway| {
        Ok(gateway.log().contains("is waiting for approval"))
    })?;
    check(codes() == 1, "a stranger is challenged once", || format!("{} times", codes()))?;
    let list = gateway.run(&["pairing", "list", "telephony", "--json"])?.success()?;
    let list = json_of(&list);
    let code = list.pointer("/requests/0/code").and_then(|code| code.as_str());
    let code = code.unwrap_or_default().to_owned();
    check(code.len() == 8, "pairing list shows the code", || list.to_string())?;
    gateway.run(&["pairing", "approve", "telephony", &code])?.success()?;
    gateway.until("the confirmation is texted", |_| Ok(carrier.count(PERSON, "approved") == 1))?;
    seen("the plain command line's approval is confirmed by a text");
    text(stage, gateway, "SM03", "first question")?;
    gateway.until("the agent answers", |_| {
        Ok(carrier.count(PERSON, "You said: first question") == 1)
    })?;
    seen("the agent's answer arrives, without its Markdown");
    text(stage, gateway, "SM03", "first question")?;
    check(stage.model.heard("first question") == 1, "a repeated webhook is no second turn", || {
        stage.model.heard("first question").to_string()
    })
}

fn pictures(stage: &Stage, gateway: &Gateway) -> Outcome {
    let url = format!("{}/2010-04-01/Accounts/AC/Messages/MM/Media/ME", stage.carrier.url());
    let config = gateway.home.join(".openclaw/openclaw.json");
    let before = stage.model.pictures();
    let picture = ["--from", PERSON, "--id", "MM04", "--text", "see this", "--media", &url];
    check(stage.simulate(&config, &picture)?, "a picture comes in", || "it is refused".to_owned())?;
    gateway.until("the model sees it", |_| Ok(stage.model.pictures() > before))?;
    seen("the model sees the picture");
    let file = gateway.home.join("workspace/picture.png");
    fs::write(&file, PNG)?;
    let file = file.to_string_lossy();
    let send = ["message", "send", "--channel", "telephony", "--target", PERSON, "--message"];
    gateway.run(&[&send[..], &["a picture", "--media", &file]].concat())?.success()?;
    let media = stage.carrier.texts().into_iter().filter_map(|text| text.media).next_back();
    let media = media.unwrap_or_default();
    let path = media.strip_prefix("https://phone.example.com").unwrap_or_default().to_owned();
    let fetched = gateway.fetch(&path);
    check(fetched.as_deref() == Some(PNG), "the carrier fetches a local picture from us", || media)
}

fn tool(stage: &Stage, gateway: &Gateway) -> Outcome {
    let texts = || stage.carrier.count(FRIEND, "Hello, friend!");
    text(stage, gateway, "SM05", "please text my friend")?;
    gateway.until("the tool texts", |_| Ok(texts() == 1))?;
    gateway.until("the model sees the result", |_| {
        Ok(stage.carrier.count(PERSON, "It is sent.") == 1)
    })?;
    seen("the agent's tool sends a text, and the model sees the result");
    gateway.configure(|value| {
        if let Some(value) = value.as_object_mut() {
            value.remove("tools");
        }
    })?;
    gateway.until("the change is applied", |gateway| {
        Ok(gateway.log().matches("config change detected").count() >= 2)
    })?;
    text(stage, gateway, "SM06", "once more, text my friend")?;
    gateway.until("the tool texts by way of the search for tools", |_| Ok(texts() == 2))?;
    seen("the tool works by way of the search for tools too");
    Ok(())
}

fn commands(stage: &Stage, gateway: &Gateway) -> Outcome {
    let send = ["message", "send", "--channel", "telephony", "--target", PERSON, "--message"];
    gateway.run(&[&send[..], &["by message send"]].concat())?.success()?;
    check(stage.carrier.count(PERSON, "by message send") == 1, "message send sends", String::new)?;
    let sent = gateway.run(&["telephony", "send", PERSON, "by telephony send", "--json"])?;
    let sent = json_of(&sent.success()?);
    check(sent["outcome"] == "sent", "telephony send sends", || sent.to_string())?;
    let id = sent["id"].as_str().unwrap_or_default();
    let status = json_of(&gateway.run(&["telephony", "status", id, "--json"])?.success()?);
    check(status["kind"] == "message", "telephony status knows it", || status.to_string())?;
    calls(stage, gateway)?;
    let wrong = gateway.run(&["telephony", "send", "5550001", "no number"])?;
    check(
        wrong.code != Some(0) && wrong.errors.contains("to:"),
        "a wrong number is named",
        || format!("{wrong:?}"),
    )?;
    let status = gateway.run(&["channels", "status", "--probe"])?.success()?;
    check(status.contains("works"), "channels status --probe says that it works", || status)
}

/// Calls by a program and by a person, the end of one, and somebody who calls.
fn calls(stage: &Stage, gateway: &Gateway) -> Outcome {
    let call = json!({ "to": PERSON }).to_string();
    let call = gateway.run(&["gateway", "call", "telephony.call", "--params", &call, "--json"])?;
    let call = json_of(&call.success()?);
    check(stage.carrier.calls().len() == 1, "telephony.call places a call", || call.to_string())?;
    let ended = ["telephony", "hangup", call["callId"].as_str().unwrap_or_default()];
    gateway.run(&ended)?.success()?;
    seen("telephony hangup ends it");
    let words = "Your table & chairs";
    let call = gateway.run(&["telephony", "call", PERSON, "--say", words, "--json"])?;
    let call = json_of(&call.success()?);
    let said = stage.carrier.calls().pop().unwrap_or_default();
    let is_said = said.contains("<Say>Your table &amp; chairs</Say>");
    check(is_said, "telephony call places one that speaks", || said)?;
    let id = |key: &str| call[key].as_str().unwrap_or_default();
    let config = gateway.home.join(".openclaw/openclaw.json");
    let ended = ["--status", "completed", "--id", id("providerId"), "--recipient", PERSON];
    check(stage.call_ended(&config, &ended)?, "the carrier reports its end", || call.to_string())?;
    gateway.until("it is on record", |gateway| {
        let status = gateway.run(&["telephony", "status", id("callId"), "--json"])?.success()?;
        Ok(json_of(&status)["status"] == "completed")
    })?;
    seen("telephony status says how the call ended");
    check(stage.called(&config, &["--from", PERSON])?, "somebody calls", String::new)?;
    text(stage, gateway, "SM14", "I have called you")?;
    gateway.until("the agent answers", |_| {
        Ok(stage.carrier.count(PERSON, "You said: I have called you") == 1)
    })?;
    let told = ["ended after 7 s", "has called, and was rejected"];
    let told = told.map(|words| stage.model.was_told(words));
    check(told == [true, true], "the agent is told of both calls", || format!("{told:?}"))
}

fn failure(stage: &Stage, gateway: &Gateway) -> Outcome {
    let sent = gateway.run(&["telephony", "send", PERSON, "this is lost", "--json"])?;
    let sent = json_of(&sent.success()?);
    let [id, carriers] = ["/id", "/providerIds/0"]
        .map(|path| sent.pointer(path).and_then(|id| id.as_str()).unwrap_or_default());
    let config = gateway.home.join(".openclaw/openclaw.json");
    let report = ["--status", "undelivered", "--code", "30003", "--id", carriers];
    check(stage.report(&config, &report)?, "the carrier reports a failure", || sent.to_string())?;
    gateway.until("it is on record", |gateway| {
        let status = gateway.run(&["telephony", "status", id, "--json"])?.success()?;
        let status = json_of(&status);
        let part = status.pointer("/detail/parts/0").cloned().unwrap_or_default();
        let is_explained = part["explanation"].as_str().is_some_and(|words| !words.is_empty());
        Ok(status["status"] == "undelivered" && is_explained && part.to_string().contains("30003"))
    })?;
    seen("telephony status says that it failed, with the carrier's code and words");
    let status = gateway.run(&["channels", "status", "--json"])?.success()?;
    check(status.contains("30003"), "channels status shows the failure", || status)?;
    text(stage, gateway, "SM10", "did you text me?")?;
    gateway.until("the agent answers", |_| {
        Ok(stage.carrier.count(PERSON, "You said: did you text me?") == 1)
    })?;
    check(stage.model.was_told("code 30003"), "the agent is told of the failure", String::new)
}

fn opt_out(stage: &Stage, gateway: &Gateway) -> Outcome {
    text(stage, gateway, "SM11", "STOP")?;
    gateway.until("it is heeded", |gateway| Ok(gateway.log().contains("has opted out")))?;
    let send = ["message", "send", "--channel", "telephony", "--target", PERSON, "--message"];
    let refused = gateway.run(&[&send[..], &["after STOP"]].concat())?;
    check(
        refused.code != Some(0) && stage.carrier.count(PERSON, "after STOP") == 0,
        "nothing is sent after STOP",
        || format!("{refused:?}"),
    )?;
    check(
        format!("{}{}", refused.output, refused.errors).contains("opted out"),
        "and whoever sends is told why",
        || format!("{refused:?}"),
    )?;
    text(stage, gateway, "SM12", "START")?;
    gateway.until("START lifts it", |gateway| Ok(gateway.log().contains("has opted in again")))?;
    text(stage, gateway, "SM13", "here I am again")?;
    gateway.until("the agent answers again", |_| {
        Ok(stage.carrier.count(PERSON, "You said: here I am again") == 1)
    })?;
    let told = ["opted out by a text", "opted in again"].map(|words| stage.model.was_told(words));
    check(told == [true, true], "the agent is told of both, and asked about neither", || {
        format!("{told:?}")
    })
}

fn sidecar(stage: &Stage, gateway: &Gateway) -> Outcome {
    let pid = gateway.sidecar().unwrap_or_default();
    signal(pid, Signal::KILL)?;
    gateway.until("another one runs", |gateway| {
        Ok(gateway.sidecar().is_some_and(|now| now != pid) && gateway.is_healthy())
    })?;
    text(stage, gateway, "SM07", "after the kill")?;
    gateway.until("the agent answers", |_| {
        Ok(stage.carrier.count(PERSON, "You said: after the kill") == 1)
    })?;
    seen("a sidecar that was killed comes back, with its accounts");
    Ok(())
}
