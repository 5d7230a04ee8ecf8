//! `telephony send` and `telephony message`.

use std::io;
use std::process::ExitCode;

use clap::Args;
use serde_json::json;
use telephony_core::{HttpUrl, OutboundMessage, PhoneNumber, ProviderMessageId};
use telephony_providers::explain;

use super::carrier::Carrier;
#[cfg(unix)]
use super::message::show;
use super::{USAGE, complain};

/// Send a text, or a picture with --media.
///
/// Exits with 0 when the provider took it, 1 when it was not sent, 2 for wrong usage, and 3 when
/// it is not known whether it was sent: do not send it again then before looking.
#[derive(Debug, Args)]
pub(super) struct Send {
    /// Whom to text: +, country code, number.
    to: PhoneNumber,

    /// The text.
    #[arg(allow_hyphen_values = true)]
    text: String,

    /// The URL of a picture or file to send along; may be repeated.
    #[arg(long, value_name = "URL")]
    media: Vec<HttpUrl>,

    /// Say how many messages and segments it comes to as the server would send it, and send nothing.
    #[arg(long, conflicts_with = "config")]
    estimate: bool,

    #[command(flatten)]
    carrier: Carrier,
}

impl Send {
    pub(super) fn run(self) -> io::Result<ExitCode> {
        if self.carrier.is_left_to_the_server() {
            let params = json!({
                "to": self.to, "message": self.text, "mediaUrls": self.media,
                "account": self.carrier.account(), "estimate": self.estimate,
            });
            return self.carrier.ask_server("telephony.send", &params, show);
        }
        let builder = OutboundMessage::builder(self.to).body(self.text);
        let message =
            match self.media.into_iter().fold(builder, |message, url| message.media(url)).build() {
                Ok(message) => message,
                Err(error) => {
                    complain(&error.to_string());
                    return Ok(ExitCode::from(USAGE));
                }
            };
        self.carrier.with(
            async |account, connection| {
                let sent = connection.messaging.send(&message).await?;
                Ok(json!({
                    "id": sent.id,
                    "account": account.id,
                    "provider": connection.messaging.kind(),
                    "status": sent.report.status,
                    "segments": sent.segments,
                }))
            },
            |sent| {
                format!(
                    "{} has it as {}: {}",
                    word(&sent["provider"]),
                    word(&sent["id"]),
                    word(&sent["status"])
                )
            },
        )
    }
}

/// Show what became of a message, or of an account's latest ones when none is named.
#[derive(Debug, Args)]
pub(super) struct Message {
    /// The provider's id of the message, or the server's; needed with --config.
    id: Option<ProviderMessageId>,

    #[command(flatten)]
    carrier: Carrier,
}

impl Message {
    pub(super) fn run(self) -> io::Result<ExitCode> {
        if self.carrier.is_left_to_the_server() {
            let Some(id) = self.id else {
                let params = json!({ "account": self.carrier.account() });
                return self.carrier.ask_server("telephony.messages", &params, show);
            };
            let params = json!({ "id": id });
            return self.carrier.ask_server("telephony.message_status", &params, show);
        }
        let Some(id) = self.id else {
            complain("the id is missing: the carrier is asked about one message");
            return Ok(ExitCode::from(USAGE));
        };
        self.carrier.with(
            async |account, connection| {
                let report = connection.messaging.fetch(&id).await?;
                let kind = connection.messaging.kind();
                let code = report.code.as_ref();
                let explanation = code.map(|code| explain(kind, code.as_str()).sentence);
                Ok(json!({
                    "id": id,
                    "account": account.id,
                    "status": report.status,
                    "final": report.is_settled(),
                    "raw": report.raw,
                    "code": report.code,
                    "explanation": explanation,
                }))
            },
            |message| {
                let mut line = word(&message["status"]).to_owned();
                if let (Some(code), Some(explanation)) =
                    (message["code"].as_str(), message["explanation"].as_str())
                {
                    line.push_str(&format!(" (code {code}): {explanation}"));
                }
                line
            },
        )
    }
}

fn word(value: &serde_json::Value) -> &str {
    value.as_str().unwrap_or_default()
}
