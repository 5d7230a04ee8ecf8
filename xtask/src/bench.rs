//! `cargo xtask bench`: the figures of docs/performance.md.

use crate::step::{Outcome, execute_cargo, step};

pub(crate) fn run() -> Outcome {
    step("segmenter", || {
        let arguments = ["bench", "-p", "telephony-sms", "--all-features", "--bench", "segment"];
        execute_cargo(&arguments, "see the errors above")
    })
}
