//! What OpenClaw itself says of the plugin, and the set-up by its own command.

use std::fs;

use serde_json::Value;

use super::{Stage, check, json_of, seen};
use crate::openclaw::Gateway;
use crate::step::{Failure, Outcome, root};

pub(super) fn run(stage: &Stage) -> Outcome {
    let mut gateway = stage.gateway("checks")?;
    let add = ["channels", "add", "--channel", "telephony", "--provider", "mock"];
    let add = [&add[..], &["--from-number", "+15550001111"]].concat();
    gateway.run(&add)?.success()?;
    let configured = gateway.configuration()?;
    let channel = configured.pointer("/channels/telephony").cloned().unwrap_or_default();
    let is_configured = channel["provider"] == "mock" && channel["fromNumber"] == "+15550001111";
    check(is_configured, "channels add configures it", || channel.to_string())?;
    second_account(&gateway)?;
    for carrier in ["twilio", "telnyx", "plivo"] {
        as_the_guide_says(&gateway, carrier)?;
    }
    gateway.set_channel(channel)?;
    gateway.start()?;
    let inspected = gateway.run(&["plugins", "inspect", "telephony", "--runtime"])?.success()?;
    check(inspected.contains("telephony"), "plugins inspect knows it", || inspected)?;
    let doctor = gateway.run(&["plugins", "doctor"])?;
    check(
        doctor.code == Some(0) && !mentions(&doctor.output, "telephony"),
        "plugins doctor raises nothing",
        || format!("{doctor:?}"),
    )?;
    let audit = gateway.run(&["security", "audit", "--json"])?.success()?;
    let findings = json_of(&audit);
    let of_us = about(&findings);
    check(of_us.is_empty(), "security audit raises nothing", || format!("{of_us:?}"))?;
    let doctor = gateway.run(&["doctor", "--non-interactive"])?;
    check(!mentions(&doctor.output, "telephony"), "doctor raises nothing", || {
        doctor.output.clone()
    })?;
    own_doctor(&gateway)?;
    gateway.stop()
}

/// The line of a carrier's guide that sets the channel up, to the letter.
fn as_the_guide_says(gateway: &Gateway, carrier: &str) -> Outcome {
    let guide = fs::read_to_string(root().join(format!("docs/{carrier}.md")))?;
    let line = guide.lines().find_map(|line| line.strip_prefix("openclaw channels add "));
    let line = line.ok_or_else(|| Failure::new(format!("docs/{carrier}.md adds no channel")))?;
    // Each value in quotes is one word, and nothing else is quoted.
    let words: Vec<&str> = line.split_whitespace().map(|word| word.trim_matches('"')).collect();
    gateway.configure(|value| {
        if let Some(channels) = value.pointer_mut("/channels").and_then(Value::as_object_mut) {
            channels.remove("telephony");
        }
    })?;
    gateway.run(&[&["channels", "add"][..], &words].concat())?.success()?;
    let configured = gateway.configuration()?;
    let channel = configured.pointer("/channels/telephony").cloned().unwrap_or_default();
    let given = words.chunks(2).filter_map(|pair| match pair {
        ["--channel", _] => None,
        [_, value] => Some(*value),
        _ => None,
    });
    let missing: Vec<_> =
        given.filter(|value| !channel.to_string().contains(&format!("\"{value}\""))).collect();
    let what = format!("channels add of docs/{carrier}.md configures all that it is given");
    check(channel["provider"] == carrier && missing.is_empty(), &what, || format!("{missing:?}"))
}

/// A second account leaves what belongs to the first with the first.
fn second_account(gateway: &Gateway) -> Outcome {
    let add = ["channels", "add", "--channel", "telephony", "--account", "second"];
    let fields = ["--provider", "mock", "--from-number", "+15550002222"];
    gateway.run(&[&add[..], &fields].concat())?.success()?;
    let configured = gateway.configuration()?;
    let at = |path: &str| configured.pointer(&format!("/channels/telephony{path}"));
    let is_apart = at("/accounts/default/fromNumber") == Some(&"+15550001111".into())
        && at("/accounts/default/provider") == Some(&"mock".into())
        && at("/accounts/second/fromNumber") == Some(&"+15550002222".into())
        && at("/fromNumber").is_none()
        && at("/provider").is_none();
    check(is_apart, "channels add adds a second account", || configured.to_string())
}

fn own_doctor(gateway: &Gateway) -> Outcome {
    let doctor = gateway.run(&["telephony", "doctor", "--json"])?;
    let found = json_of(&doctor.output);
    let is_well = found.pointer("/accounts/0/ok").and_then(Value::as_bool) == Some(true);
    check(is_well, "telephony doctor finds the account well", || format!("{doctor:?}"))?;
    seen("telephony doctor answers");
    Ok(())
}

/// Lines that warn, and name it.
fn mentions(output: &str, name: &str) -> bool {
    let warns = |line: &str| {
        let line = line.to_lowercase();
        ["warn", "error", "fail", "invalid", "unknown", "⚠", "✖"]
            .iter()
            .any(|sign| line.contains(sign))
    };
    output.lines().any(|line| line.to_lowercase().contains(name) && warns(line))
}

/// Findings of a severity that name the channel.
fn about(findings: &Value) -> Vec<&Value> {
    let list = findings.get("findings").and_then(Value::as_array).into_iter().flatten();
    list.filter(|finding| {
        let severity = finding.get("severity").and_then(Value::as_str).unwrap_or_default();
        severity != "info" && finding.to_string().to_lowercase().contains("telephony")
    })
    .collect()
}
