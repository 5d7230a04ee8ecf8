//! Twilio's shapes: forms out, JSON in. Most numbers are strings, and anything may be null.

use serde::Deserialize;
use telephony_core::{
    CallStatus, CallStep, CarrierCode, MessageStatus, ProviderCallId, ProviderMessageId, RawStatus,
    StatusReport,
};

use crate::api::Refusal;
use crate::provider::{CallSnapshot, PlacedCall, Sent};
use crate::xml::escaped;

#[derive(Deserialize)]
pub(super) struct Message {
    sid: Option<String>,
    status: Option<String>,
    num_segments: Option<String>,
    error_code: Option<u32>,
}

impl Message {
    pub(super) fn sent(self) -> Option<Sent> {
        let report = self.report().unwrap_or(StatusReport::new(MessageStatus::Queued, "queued"));
        let id = ProviderMessageId::new(self.sid?).ok()?;
        let mut sent = Sent::new(id, report);
        // "0" is said where a Messaging Service has yet to pick a sender.
        let segments = self.num_segments.and_then(|count| count.parse().ok());
        sent.segments = segments.filter(|count| *count > 0);
        Some(sent)
    }

    pub(super) fn report(&self) -> Option<StatusReport> {
        let raw = self.status.as_deref()?;
        let mut report = StatusReport::new(status(raw)?, raw);
        report.code = self.error_code.map(|code| CarrierCode::new(&code.to_string()));
        Some(report)
    }
}

/// <https://www.twilio.com/docs/messaging/api/message-resource#message-status-values>
fn status(raw: &str) -> Option<MessageStatus> {
    Some(match raw {
        "accepted" | "scheduled" | "queued" => MessageStatus::Queued,
        "sending" => MessageStatus::Sending,
        "sent" => MessageStatus::Sent,
        "delivered" | "partially_delivered" => MessageStatus::Delivered,
        "undelivered" => MessageStatus::Undelivered,
        "failed" | "canceled" => MessageStatus::Failed,
        "receiving" | "received" => MessageStatus::Received,
        "read" => MessageStatus::Read,
        _ => return None,
    })
}

#[derive(Deserialize)]
pub(super) struct CallAnswer {
    sid: Option<String>,
    status: Option<String>,
    duration: Option<String>,
}

impl CallAnswer {
    pub(super) fn placed(self) -> Option<PlacedCall> {
        let status = self.status.as_deref().and_then(call_status);
        let id = ProviderCallId::new(self.sid?).ok()?;
        Some(PlacedCall::new(id, status.unwrap_or(CallStatus::Queued)))
    }

    pub(super) fn snapshot(self) -> Option<CallSnapshot> {
        let raw = self.status?;
        let mut snapshot = CallSnapshot::new(call_status(&raw)?, RawStatus::new(&raw));
        snapshot.duration_seconds = self.duration.and_then(|seconds| seconds.parse().ok());
        Some(snapshot)
    }
}

fn call_status(raw: &str) -> Option<CallStatus> {
    Some(match raw {
        "queued" => CallStatus::Queued,
        "initiated" => CallStatus::Initiated,
        "ringing" => CallStatus::Ringing,
        "in-progress" => CallStatus::InProgress,
        "completed" => CallStatus::Completed,
        "busy" => CallStatus::Busy,
        "no-answer" => CallStatus::NoAnswer,
        "failed" => CallStatus::Failed,
        "canceled" => CallStatus::Canceled,
        _ => return None,
    })
}

/// TwiML that has a call do one thing.
pub(super) fn twiml(step: &CallStep) -> String {
    let verbs = match step {
        CallStep::Say { text, language } => say(text.as_str(), language.as_deref()),
        // As the first verb it costs nothing: the call is not answered.
        CallStep::Reject => "<Reject/>".to_owned(),
        _ => "<Hangup/>".to_owned(),
    };
    format!("<Response>{verbs}</Response>")
}

/// The call ends where the document does.
fn say(text: &str, language: Option<&str>) -> String {
    let language = language.map(|language| format!(" language=\"{}\"", escaped(language)));
    format!("<Say{}>{}</Say>", language.unwrap_or_default(), escaped(text))
}

/// The code of a refusal; the text beside it changes, and may repeat what was sent.
pub(super) fn refusal(body: &[u8]) -> Refusal {
    #[derive(Deserialize)]
    struct Body {
        code: Option<u32>,
    }
    let code = serde_json::from_slice::<Body>(body).ok().and_then(|body| body.code);
    Refusal { code: code.map(|code| code.to_string()), ..Refusal::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_of_the_page_is_known() {
        use MessageStatus::{
            Delivered, Failed, Queued, Read, Received, Sending, Sent, Undelivered,
        };
        for (raw, expected) in [
            ("accepted", Queued),
            ("scheduled", Queued),
            ("queued", Queued),
            ("sending", Sending),
            ("sent", Sent),
            ("delivered", Delivered),
            ("partially_delivered", Delivered),
            ("undelivered", Undelivered),
            ("failed", Failed),
            ("canceled", Failed),
            ("receiving", Received),
            ("received", Received),
            ("read", Read),
        ] {
            assert_eq!(status(raw), Some(expected), "{raw}");
        }
        assert_eq!(status("teleported"), None);
    }

    #[test]
    fn what_is_spoken_cannot_be_markup() {
        let (text, language) = ("A & B <Hangup/>\u{0}".into(), Some("en-US\"".to_owned()));
        assert_eq!(
            twiml(&CallStep::Say { text, language }),
            "<Response><Say language=\"en-US&quot;\">A &amp; B &lt;Hangup/&gt;</Say></Response>"
        );
        assert_eq!(twiml(&CallStep::Reject), "<Response><Reject/></Response>");
        assert_eq!(twiml(&CallStep::HangUp), "<Response><Hangup/></Response>");
    }
}
