//! `telephony verify`: whether a captured webhook was signed by the carrier.

use std::io::{self, BufRead, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde_json::json;
use telephony_core::{AccountId, Clock, SystemClock};
use telephony_webhook::{Captured, report, verifier};

use super::carrier::account;
use super::{REFUSED, complain};
use crate::report::chain;

/// Say whether captured webhooks were signed by the carrier, and what to change where not.
///
/// Reads JSON Lines from standard input, {"method","url","headers","body" or "body_base64","now"?},
/// and answers each with one, {"valid","scheme","reason","url_tried"}. `url` is the URL that the
/// carrier requested; `now`, in seconds since 1970, is when the request came.
#[derive(Debug, Args)]
pub(super) struct Verify {
    /// An OpenClaw configuration, or a JSON5 file that holds its channels.telephony alone.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,

    /// The account whose keys are used; the default account when it is missing.
    #[arg(long, value_name = "ID")]
    account: Option<AccountId>,

    /// JSON Lines in and out: the only form there is.
    #[arg(long, required = true)]
    json: bool,
}

impl Verify {
    pub(super) fn run(self) -> io::Result<ExitCode> {
        let keys = account(&self.config, self.account.as_ref());
        let verifier = keys.and_then(|account| verifier(&account).map_err(|error| chain(&error)));
        let verifier = match verifier {
            Ok(verifier) => verifier,
            Err(message) => {
                complain(&message);
                return Ok(ExitCode::from(REFUSED));
            }
        };
        let mut output = io::stdout().lock();
        for line in io::stdin().lock().split(b'\n') {
            let answer = match serde_json::from_slice::<Captured>(&line?) {
                Ok(captured) => json!(report(&captured, &*verifier, SystemClock.now())),
                Err(error) => {
                    json!({ "valid": false, "error": format!("not a captured request: {error}") })
                }
            };
            writeln!(output, "{answer}")?;
            output.flush()?;
        }
        Ok(ExitCode::SUCCESS)
    }
}
