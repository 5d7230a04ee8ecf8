//! Telnyx' shapes: JSON both ways, answers within `data`.

use serde::{Deserialize, Serialize};
use telephony_core::{
    CallStatus, CarrierCode, MessageStatus, ProviderCallId, ProviderMessageId, RawStatus,
    StatusReport,
};

use crate::api::Refusal;
use crate::provider::{CallSnapshot, PlacedCall, Sent};

#[derive(Serialize)]
pub(super) struct NewMessage<'a> {
    pub(super) to: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) from: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) messaging_profile_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) media_urls: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) webhook_url: Option<&'a str>,
}

#[derive(Serialize)]
pub(super) struct NewCall<'a> {
    pub(super) connection_id: &'a str,
    pub(super) to: &'a str,
    pub(super) from: &'a str,
    pub(super) command_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) timeout_secs: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) time_limit_secs: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) webhook_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) client_state: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) answering_machine_detection: Option<&'a str>,
}

#[derive(Deserialize)]
pub(super) struct Data<T> {
    pub(super) data: T,
}

#[derive(Deserialize)]
pub(super) struct Message {
    id: Option<String>,
    parts: Option<u32>,
    #[serde(default)]
    to: Vec<Recipient>,
    #[serde(default)]
    errors: Vec<Fault>,
}

/// The status is that of the recipient; the message itself has none.
#[derive(Deserialize)]
struct Recipient {
    status: Option<String>,
}

#[derive(Deserialize)]
struct Fault {
    code: Option<Code>,
    source: Option<Source>,
}

#[derive(Deserialize)]
struct Source {
    pointer: Option<String>,
}

/// Documented as a string, and taken as a number too.
#[derive(Deserialize)]
#[serde(untagged)]
enum Code {
    Text(String),
    Number(u32),
}

impl Code {
    fn into_text(self) -> String {
        match self {
            Self::Text(text) => text,
            Self::Number(number) => number.to_string(),
        }
    }
}

impl Message {
    pub(super) fn sent(self) -> Option<Sent> {
        let id = ProviderMessageId::new(self.id.clone()?).ok()?;
        let segments = self.parts.filter(|parts| *parts > 0);
        let report = self.report();
        let queued = || StatusReport::new(MessageStatus::Queued, "queued");
        let mut sent = Sent::new(id, report.unwrap_or_else(queued));
        sent.segments = segments;
        Some(sent)
    }

    pub(super) fn report(self) -> Option<StatusReport> {
        let raw = self.to.into_iter().next()?.status?;
        let (status, is_final) = status(&raw)?;
        let mut report = StatusReport::new(status, &raw);
        report.is_final = is_final;
        let code = self.errors.into_iter().find_map(|fault| fault.code);
        report.code = code.map(|code| CarrierCode::new(&code.into_text()));
        Some(report)
    }
}

/// The status, and whether it stays although it is none of the last: a carrier that confirms
/// nothing leaves a message sent, which is no failure.
fn status(raw: &str) -> Option<(MessageStatus, bool)> {
    Some(match raw {
        "queued" | "scheduled" => (MessageStatus::Queued, false),
        "sending" => (MessageStatus::Sending, false),
        "sent" => (MessageStatus::Sent, false),
        "delivery_unconfirmed" => (MessageStatus::Sent, true),
        "delivered" => (MessageStatus::Delivered, true),
        "delivery_failed" => (MessageStatus::Undelivered, true),
        "sending_failed" | "expired" | "cancelled" => (MessageStatus::Failed, true),
        "webhook_delivered" | "received" => (MessageStatus::Received, true),
        "read" => (MessageStatus::Read, true),
        _ => return None,
    })
}

#[derive(Deserialize)]
pub(super) struct CallAnswer {
    call_control_id: Option<String>,
    is_alive: Option<bool>,
    call_duration: Option<u32>,
}

impl CallAnswer {
    pub(super) fn placed(self) -> Option<PlacedCall> {
        let id = ProviderCallId::new(self.call_control_id?).ok()?;
        Some(PlacedCall::new(id, CallStatus::Initiated))
    }

    /// All that is said is whether the call is alive; how it ended is in its events.
    pub(super) fn snapshot(self) -> Option<CallSnapshot> {
        let (status, raw) = match self.is_alive? {
            true => (CallStatus::InProgress, "alive"),
            false => (CallStatus::Completed, "not-alive"),
        };
        let mut snapshot = CallSnapshot::new(status, RawStatus::new(raw));
        snapshot.duration_seconds = self.call_duration;
        Some(snapshot)
    }
}

/// The first code of a refusal and the field it is about; the texts may repeat what was sent.
pub(super) fn refusal(body: &[u8]) -> Refusal {
    #[derive(Deserialize)]
    struct Body {
        #[serde(default)]
        errors: Vec<Fault>,
    }
    let faults = serde_json::from_slice::<Body>(body).map(|body| body.errors).unwrap_or_default();
    let Some(Fault { code, source }) = faults.into_iter().next() else {
        return Refusal::default();
    };
    Refusal {
        code: code.map(Code::into_text),
        field: source.and_then(|source| source.pointer),
        ..Refusal::default()
    }
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
            ("queued", (Queued, false)),
            ("scheduled", (Queued, false)),
            ("sending", (Sending, false)),
            ("sent", (Sent, false)),
            ("delivered", (Delivered, true)),
            ("delivery_unconfirmed", (Sent, true)),
            ("delivery_failed", (Undelivered, true)),
            ("sending_failed", (Failed, true)),
            ("expired", (Failed, true)),
            ("cancelled", (Failed, true)),
            ("webhook_delivered", (Received, true)),
            ("received", (Received, true)),
            ("read", (Read, true)),
        ] {
            assert_eq!(status(raw), Some(expected), "{raw}");
        }
        assert_eq!(status("teleported"), None);
    }
}
