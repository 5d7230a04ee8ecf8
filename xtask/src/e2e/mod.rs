//! `cargo xtask e2e`: the plugin inside the real OpenClaw, installed as a user would.
//!
//! Scenarios share a gateway where they can: each command of OpenClaw's takes seconds.

#![allow(clippy::indexing_slicing, reason = "indexing a JSON value answers null")]

mod checks;
mod control_ui;
mod conversation;
mod outcomes;
mod restarts;

use std::path::PathBuf;

use serde_json::Value;

use crate::openclaw::{Carrier, Environment, Gateway, Model};
use crate::release::{self, Program, Release};
use crate::step::{Failure, Outcome, step};

/// Somebody who texts, and who is let in.
const PERSON: &str = "+15550001234";

type Scenario = fn(&Stage) -> Outcome;

/// What all scenarios share.
struct Stage {
    environment: Environment,
    release: Release,
    model: Model,
    carrier: Carrier,
}

const SCENARIOS: [(&str, Scenario); 5] = [
    ("conversation", conversation::run),
    ("outcomes", outcomes::run),
    ("restarts", restarts::run),
    ("checks", checks::run),
    ("control-ui", control_ui::run),
];

pub(crate) fn run(only: Option<&str>, program: Program) -> Outcome {
    let is_meant = |name: &str| only.is_none_or(|only| only == name);
    if !SCENARIOS.iter().any(|(name, _)| is_meant(name)) {
        let names = SCENARIOS.map(|(name, _)| name).join(", ");
        return Err(Failure::new(format!("there is no such scenario; there are {names}")));
    }
    let (environment, release) = release::prepare(program)?;
    let (model, carrier) = (Model::start()?, Carrier::start()?);
    let stage = Stage { environment, release, model, carrier };
    for (name, scenario) in SCENARIOS.into_iter().filter(|(name, _)| is_meant(name)) {
        step(&format!("scenario {name}"), || scenario(&stage))?;
    }
    println!("\nall good");
    Ok(())
}

impl Stage {
    /// A gateway with the plugin installed, not started.
    fn gateway(&self, name: &str) -> Result<Gateway, Failure> {
        let home = self.environment.homes().join(name);
        let gateway = Gateway::new(&self.environment, &home, &self.model)?;
        gateway.install(&self.release.offline)?;
        Ok(gateway)
    }

    /// Posts a signed text by the program itself, with the configuration of a file; whether it is
    /// taken.
    fn simulate(&self, config: &PathBuf, arguments: &[&str]) -> Result<bool, Failure> {
        self.post("sms", config, arguments)
    }

    /// The same, with a carrier's report on a message of ours.
    fn report(&self, config: &PathBuf, arguments: &[&str]) -> Result<bool, Failure> {
        self.post("receipt", config, arguments)
    }

    /// The same, with a carrier's report on a call of ours.
    fn call_ended(&self, config: &PathBuf, arguments: &[&str]) -> Result<bool, Failure> {
        self.post("call-status", config, arguments)
    }

    /// The same, with somebody who calls.
    fn called(&self, config: &PathBuf, arguments: &[&str]) -> Result<bool, Failure> {
        self.post("call", config, arguments)
    }

    fn post(&self, what: &str, config: &PathBuf, arguments: &[&str]) -> Result<bool, Failure> {
        let output = std::process::Command::new(&self.release.binary)
            .args(["simulate", what, "--json", "--config"])
            .arg(config)
            .args(arguments)
            .output()?;
        Ok(output.status.success())
    }
}

/// Says what was seen, once it was.
fn seen(what: &str) {
    println!("    ✓ {what}");
}

fn check(is_so: bool, what: &str, otherwise: impl FnOnce() -> String) -> Outcome {
    if is_so {
        seen(what);
        return Ok(());
    }
    Err(Failure::new(format!("{what}: {}", otherwise())))
}

/// The JSON in what a command printed, which may come after lines for people.
fn json_of(output: &str) -> Value {
    let lines = output.match_indices('\n').map(|(at, _)| at + 1);
    let starts = std::iter::once(0).chain(lines);
    let parsed = starts.filter_map(|start| {
        let text = output.get(start..).filter(|text| text.starts_with(['{', '[']))?;
        serde_json::Deserializer::from_str(text).into_iter::<Value>().next()?.ok()
    });
    // A line for people may begin like a list.
    parsed.into_iter().find(|value| value.is_object() || value.is_array()).unwrap_or_default()
}
