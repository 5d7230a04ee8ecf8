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
use crate::release::{self, Release};
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

/// Each scenario, and whether it is part of every run. The form of the Control UI has not been
/// reached by its scenario yet, so that one is run by its name.
const SCENARIOS: [(&str, Scenario, bool); 5] = [
    ("conversation", conversation::run, true),
    ("outcomes", outcomes::run, true),
    ("restarts", restarts::run, true),
    ("checks", checks::run, true),
    ("control-ui", control_ui::run, false),
];

pub(crate) fn run(only: Option<&str>) -> Outcome {
    let is_meant = |name: &str, always| only.map_or(always, |only| only == name);
    if !SCENARIOS.iter().any(|(name, _, always)| is_meant(name, *always)) {
        let names = SCENARIOS.map(|(name, ..)| name).join(", ");
        return Err(Failure::new(format!("there is no such scenario; there are {names}")));
    }
    let (environment, release) = release::prepare()?;
    let (model, carrier) = (Model::start()?, Carrier::start()?);
    let stage = Stage { environment, release, model, carrier };
    for (name, scenario, always) in SCENARIOS {
        if is_meant(name, always) {
            step(&format!("scenario {name}"), || scenario(&stage))?;
        } else if only.is_none() {
            println!("\n    not run: {name}; it is run by its name");
        }
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

    /// Posts a signed text by the program itself, with the configuration of a file; the status.
    fn simulate(&self, config: &PathBuf, arguments: &[&str]) -> Result<bool, Failure> {
        let output = std::process::Command::new(&self.release.binary)
            .args(["simulate", "sms", "--json", "--config"])
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
