//! `telephony call` and `telephony hangup`.

use std::io;
use std::process::ExitCode;

use clap::Args;
use serde_json::json;
use telephony_core::{
    CallContent, CallId, CallRequest, HttpUrl, OsEntropy, PhoneNumber, ProviderCallId, SystemClock,
};
use telephony_providers::{Error, ErrorKind, Outcome};

use super::carrier::Carrier;

/// Place a call that speaks a text, or follows the carrier's own instructions at a URL.
///
/// Without --say and --url the call speaks voice.greeting. Exits with 0 when the provider took it,
/// 1 when it was not placed, 2 for wrong usage, and 3 when that is not known.
#[derive(Debug, Args)]
pub(super) struct Call {
    /// Whom to call: +, country code, number.
    to: PhoneNumber,

    /// What the call says.
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    say: Option<String>,

    /// Where the carrier's own call instructions are.
    #[arg(long, conflicts_with = "say")]
    url: Option<HttpUrl>,

    #[command(flatten)]
    carrier: Carrier,
}

impl Call {
    pub(super) fn run(self) -> io::Result<ExitCode> {
        self.carrier.with(
            async |account, connection| {
                let provider = connection.messaging.kind();
                if !account.voice.enabled {
                    let sentence = "calls are off: set voice.enabled to true";
                    let (kind, outcome) = (ErrorKind::Configuration, Outcome::NotSent);
                    return Err(Error::new(provider, kind, outcome, sentence));
                }
                let id = CallId::generate(&SystemClock, &OsEntropy).map_err(|error| {
                    let (kind, outcome) = (ErrorKind::Temporary, Outcome::NotSent);
                    Error::new(provider, kind, outcome, "no id can be made").with_source(error)
                })?;
                let content = match self.url {
                    Some(url) => CallContent::Url(url),
                    None => {
                        let text = self.say.unwrap_or_else(|| account.voice.greeting.clone());
                        CallContent::Say { text: text.into(), language: None }
                    }
                };
                let mut request = CallRequest::new(id, self.to, content);
                request.max_duration_seconds = Some(account.voice.max_duration_seconds);
                request.machine_detection = account.voice.machine_detection;
                let placed = connection.voice.place(&request).await?;
                Ok(json!({ "id": placed.id, "account": account.id, "status": placed.status }))
            },
            |placed| {
                let word = |key: &str| placed[key].as_str().unwrap_or_default();
                format!("calling as {}: {}", word("id"), word("status"))
            },
        )
    }
}

/// End a call.
#[derive(Debug, Args)]
pub(super) struct Hangup {
    /// The provider's id of the call.
    id: ProviderCallId,

    #[command(flatten)]
    carrier: Carrier,
}

impl Hangup {
    pub(super) fn run(self) -> io::Result<ExitCode> {
        self.carrier.with(
            async |account, connection| {
                connection.voice.hang_up(&self.id).await?;
                Ok(json!({ "id": self.id, "account": account.id, "status": "ended" }))
            },
            |_| "the call is over".to_owned(),
        )
    }
}
