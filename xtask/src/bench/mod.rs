//! `cargo xtask bench`: the figures of docs/performance.md.

mod record;
mod sidecar;

use std::fs;

use clap::ValueEnum;
use serde_json::Value;

pub(crate) use self::record::{Load, growth, load};
use crate::step::{Failure, Outcome, execute_cargo, root, step};

/// The least rate of sends, as a share of what the bare HTTP client does in the same run.
const SEND_RATIO: f64 = 0.8;

/// The longest from the answer of a webhook to the host's turn, in nanoseconds.
const TURN: f64 = 2e6;

/// What takes longer.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Kind {
    /// `telephony serve` at a fixed rate of texts for some minutes.
    Load,
    /// What a message costs when very many are stored.
    Growth,
}

pub(crate) fn run() -> Outcome {
    step("segmenter", || {
        let arguments = ["bench", "-p", "telephony-sms", "--all-features", "--bench", "segment"];
        execute_cargo(&arguments, "see the errors above")
    })?;
    step("sends", || {
        execute_cargo(
            &["bench", "-p", "telephony-providers", "--bench", "send"],
            "see the errors above",
        )?;
        let ratio = median("send/reqwest")? / median("send/telephony-providers")?;
        println!("    {ratio:.2} × the rate of the bare client; {SEND_RATIO} is the bar");
        if ratio >= SEND_RATIO {
            Ok(())
        } else {
            Err(Failure::new("a send costs too much over the HTTP call: profile it"))
        }
    })?;
    step("turns", || {
        let arguments = ["bench", "-p", "telephony-plugin", "--bench", "turn"];
        execute_cargo(&arguments, "see the errors above")?;
        let turn = median("turn")?;
        println!("    {:.2} ms from the inbox to the host's turn; 2 ms is the bar", turn / 1e6);
        if turn <= TURN { Ok(()) } else { Err(Failure::new("a turn begins too late: profile it")) }
    })?;
    step("the sidecar", sidecar::run)?;
    step("webhooks", || {
        execute_cargo(
            &["bench", "-p", "telephony-webhook", "--bench", "inbound"],
            "a bar is missed: see the table above",
        )
    })
}

/// The median time that criterion found in its last run, in nanoseconds.
fn median(benchmark: &str) -> Result<f64, Failure> {
    let target = std::env::var_os("CARGO_TARGET_DIR");
    let target = target.map_or_else(|| root().join("target"), Into::into);
    let path = target.join("criterion").join(benchmark).join("new/estimates.json");
    let estimates: Value = serde_json::from_str(&fs::read_to_string(path)?)?;
    let median = estimates.pointer("/median/point_estimate").and_then(Value::as_f64);
    median.ok_or_else(|| Failure::new("criterion's estimates have no median"))
}
