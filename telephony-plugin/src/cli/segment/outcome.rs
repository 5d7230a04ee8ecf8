//! What is shown of a text, in either form.

use serde::Serialize;
use telephony_sms::{Encoding, Error, NonGsm, SplitOptions, analyze, plan, split};

use super::Rules;

/// A text, cut. Serialises to the answer of `--json`.
#[derive(Debug, Serialize)]
pub(super) struct Outcome {
    pub(super) encoding: Encoding,
    /// Of everything that is sent, numbers and ellipsis included.
    pub(super) units: usize,
    pub(super) segments: usize,
    pub(super) part_units: Vec<usize>,
    pub(super) parts: Vec<String>,
    pub(super) first_non_gsm: Option<NonGsm>,
    /// Only when messages were asked for.
    #[serde(flatten)]
    pub(super) plan: Option<Messages>,
    /// Units that are free in the last part.
    #[serde(skip)]
    pub(super) remaining: usize,
}

/// What the channel would send.
#[derive(Debug, Serialize)]
pub(super) struct Messages {
    /// Messages handed to the carrier; it may cut each into several segments.
    pub(super) messages: usize,
    /// Whether some of the text is left out.
    pub(super) truncated: bool,
}

impl Outcome {
    /// Cuts `text` by `rules`.
    pub(super) fn of(text: &str, rules: Rules) -> Result<Self, Error> {
        if rules.plans() { Self::planned(text, rules) } else { Self::split(text, rules) }
    }

    fn split(text: &str, rules: Rules) -> Result<Self, Error> {
        let segments = split(text, rules.split_options())?;
        let analysis = segments.analysis();
        let (part_units, parts): (Vec<_>, Vec<_>) =
            segments.map(|part| (part.units, part.text.to_owned())).unzip();
        Ok(Self {
            encoding: analysis.encoding,
            units: analysis.units,
            segments: parts.len(),
            remaining: analysis.capacity - part_units.last().copied().unwrap_or_default(),
            part_units,
            parts,
            first_non_gsm: analysis.first_non_gsm,
            plan: None,
        })
    }

    fn planned(text: &str, rules: Rules) -> Result<Self, Error> {
        let plan = plan(text, rules.plan_options())?;
        let options = SplitOptions::new().reference(rules.reference());
        let (mut part_units, mut parts) = (Vec::new(), Vec::new());
        let mut remaining = 0;
        for message in &plan.messages {
            for part in split(&message.text, options)? {
                remaining = message.analysis.capacity - part.units;
                part_units.push(part.units);
                parts.push(part.text.to_owned());
            }
        }
        Ok(Self {
            encoding: plan.encoding(),
            units: part_units.iter().sum(),
            segments: parts.len(),
            part_units,
            parts,
            first_non_gsm: analyze(text).first_non_gsm,
            plan: Some(Messages { messages: plan.messages.len(), truncated: plan.truncated }),
            remaining,
        })
    }
}
