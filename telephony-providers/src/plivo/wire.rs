//! Plivo's shapes: JSON both ways. Lists are sometimes a string, numbers too.

use serde::{Deserialize, Serialize};
use telephony_core::{
    CallStatus, CallStep, CarrierCode, MessageStatus, ProviderCallId, ProviderMessageId, RawStatus,
    StatusReport,
};

use super::FIRED;
use super::code;
use crate::api::Refusal;
use crate::provider::{CallSnapshot, PlacedCall, Sent};
use crate::xml::escaped;

#[derive(Serialize)]
pub(super) struct NewMessage<'a> {
    pub(super) src: &'a str,
    pub(super) dst: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) text: Option<&'a str>,
    #[serde(rename = "type")]
    pub(super) kind: &'a str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) media_urls: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) method: Option<&'a str>,
}

#[derive(Serialize)]
pub(super) struct NewCall<'a> {
    pub(super) from: &'a str,
    pub(super) to: &'a str,
    pub(super) answer_url: &'a str,
    pub(super) answer_method: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ring_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) hangup_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ring_timeout: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) time_limit: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) machine_detection: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) machine_detection_url: Option<&'a str>,
}

/// Plivo's XML that has a call do one thing. The call ends where the document does.
///
/// <https://www.plivo.com/docs/voice/xml/overview>
pub(super) fn plivo_xml(step: &CallStep) -> String {
    let elements = match step {
        CallStep::Say { text, language } => {
            let language = escaped(language.as_deref().unwrap_or("en-US"));
            let text = escaped(text.as_str());
            format!("<Speak voice=\"WOMAN\" language=\"{language}\">{text}</Speak>")
        }
        CallStep::Reject => "<Hangup reason=\"rejected\"/>".to_owned(),
        _ => "<Hangup/>".to_owned(),
    };
    format!("<Response>{elements}</Response>")
}

/// One or many of what is documented as a list and sometimes is not.
#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    Many(Vec<String>),
    One(String),
}

impl OneOrMany {
    fn into_first(self) -> Option<String> {
        match self {
            Self::One(one) => Some(one),
            Self::Many(many) => many.into_iter().next(),
        }
    }
}

#[derive(Deserialize)]
pub(super) struct Taken {
    message_uuid: Option<OneOrMany>,
}

impl Taken {
    pub(super) fn sent(self) -> Option<Sent> {
        let id = ProviderMessageId::new(self.message_uuid?.into_first()?).ok()?;
        Some(Sent::new(id, StatusReport::new(MessageStatus::Queued, "queued")))
    }
}

#[derive(Deserialize)]
pub(super) struct Message {
    message_state: Option<String>,
    message_direction: Option<String>,
    error_code: Option<String>,
}

impl Message {
    pub(super) fn report(&self) -> Option<StatusReport> {
        let raw = self.message_state.as_deref()?;
        // Of an inbound message, "delivered" says only that our own server answered.
        let inbound = self.message_direction.as_deref() == Some("inbound");
        let status = if inbound { MessageStatus::Received } else { status(raw)? };
        let mut report = StatusReport::new(status, raw);
        let code = self.error_code.as_deref().filter(|code| !code.is_empty() && *code != "000");
        report.code = code.map(CarrierCode::new);
        Some(report)
    }
}

/// <https://www.plivo.com/docs/messaging/concepts/message-states>
fn status(raw: &str) -> Option<MessageStatus> {
    Some(match raw {
        "queued" => MessageStatus::Queued,
        "sent" => MessageStatus::Sent,
        "delivered" => MessageStatus::Delivered,
        "undelivered" => MessageStatus::Undelivered,
        "failed" | "rejected" => MessageStatus::Failed,
        "read" => MessageStatus::Read,
        "received" => MessageStatus::Received,
        _ => return None,
    })
}

#[derive(Deserialize)]
pub(super) struct Fired {
    request_uuid: Option<OneOrMany>,
}

impl Fired {
    pub(super) fn placed(self) -> Option<PlacedCall> {
        let id = ProviderCallId::new(self.request_uuid?.into_first()?).ok()?;
        Some(PlacedCall::new(id, FIRED))
    }
}

#[derive(Deserialize)]
pub(super) struct LiveCall {
    call_status: Option<String>,
}

impl LiveCall {
    pub(super) fn snapshot(self) -> Option<CallSnapshot> {
        let raw = self.call_status?;
        Some(CallSnapshot::new(call_status(&raw)?, RawStatus::new(&raw)))
    }
}

fn call_status(raw: &str) -> Option<CallStatus> {
    Some(match raw {
        "queued" => CallStatus::Queued,
        "ringing" => CallStatus::Ringing,
        "in-progress" => CallStatus::InProgress,
        "completed" => CallStatus::Completed,
        "busy" => CallStatus::Busy,
        "no-answer" => CallStatus::NoAnswer,
        "failed" | "timeout" => CallStatus::Failed,
        "cancel" => CallStatus::Canceled,
        _ => return None,
    })
}

/// A call that is over. Its record has a time of answer if somebody did.
#[derive(Deserialize)]
pub(super) struct FinishedCall {
    answer_time: Option<String>,
    call_duration: Option<u32>,
}

impl FinishedCall {
    pub(super) fn snapshot(self) -> CallSnapshot {
        let answered = self.answer_time.is_some_and(|time| !time.is_empty());
        let status = if answered { CallStatus::Completed } else { CallStatus::NoAnswer };
        let mut snapshot = CallSnapshot::new(status, RawStatus::new("finished"));
        snapshot.duration_seconds = self.call_duration;
        snapshot
    }
}

/// A refusal has a text and no code. The text may repeat what was sent, so it is not shown; one
/// thing is read from it, since nothing else tells a bad number from any other bad field.
pub(super) fn refusal(body: &[u8]) -> Refusal {
    #[derive(Deserialize)]
    struct Body {
        api_id: Option<String>,
        #[serde(default)]
        error: serde_json::Value,
    }
    let Ok(body) = serde_json::from_slice::<Body>(body) else { return Refusal::default() };
    let says = |words: &str| body.error.as_str().is_some_and(|error| error.contains(words));
    let explanation = says("not a valid phone number").then_some(code::INVALID_NUMBER);
    Refusal { request_id: body.api_id, explanation, ..Refusal::default() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_of_the_page_is_known() {
        use MessageStatus::{Delivered, Failed, Queued, Read, Received, Sent, Undelivered};
        for (raw, expected) in [
            ("queued", Queued),
            ("sent", Sent),
            ("delivered", Delivered),
            ("undelivered", Undelivered),
            ("failed", Failed),
            ("rejected", Failed),
            ("read", Read),
            ("received", Received),
        ] {
            assert_eq!(status(raw), Some(expected), "{raw}");
        }
        assert_eq!(status("teleported"), None);
    }

    #[test]
    fn what_is_spoken_cannot_be_markup() {
        let say = |language| CallStep::Say { text: "A & B <Hangup/>".into(), language };
        let spoken = "A &amp; B &lt;Hangup/&gt;</Speak></Response>";
        for (language, written) in [(None, "en-US"), (Some("de-DE".to_owned()), "de-DE")] {
            let expected =
                format!("<Response><Speak voice=\"WOMAN\" language=\"{written}\">{spoken}");
            assert_eq!(plivo_xml(&say(language)), expected);
        }
        let rejects = "<Response><Hangup reason=\"rejected\"/></Response>";
        assert_eq!(plivo_xml(&CallStep::Reject), rejects);
    }

    #[test]
    fn a_list_may_be_a_string() {
        for body in [r#"{"message_uuid":["u1"]}"#, r#"{"message_uuid":"u1"}"#] {
            let taken: Taken = serde_json::from_str(body).unwrap();
            assert_eq!(taken.sent().unwrap().id.as_str(), "u1");
        }
        for body in ["{}", r#"{"message_uuid":[]}"#, r#"{"message_uuid":[""]}"#] {
            let taken: Taken = serde_json::from_str(body).unwrap();
            assert!(taken.sent().is_none(), "{body}");
        }
    }
}
