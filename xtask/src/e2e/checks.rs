//! What OpenClaw itself says of the plugin, and the set-up by its own command.

use serde_json::Value;

use super::{Stage, check, json_of, seen};
use crate::openclaw::Gateway;
use crate::step::Outcome;

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
