//! What Telnyx posts: JSON, messages and calls in one envelope. Messages are here, calls in
//! [`call`].
//!
//! <https://developers.telnyx.com/docs/messaging/messages/receiving-webhooks>

mod call;

use serde_json::Value;
use telephony_core::{
    Body, CarrierCode, HttpUrl, InboundMedia, MAX_MEDIA, MessageStatus, OptOut, Order, Sender,
    StatusReport, Timestamp,
};

use super::json::Payload;
use super::{Claims, Incoming, Notice, ParseError, media_type};

const FROM: &str = "/data/payload/from/phone_number";
const TO: &str = "/data/payload/to/0/phone_number";

pub(super) fn parse(incoming: &Incoming<'_>) -> Result<Notice, ParseError> {
    let payload = Payload::of(incoming.request.body())?;
    match payload.required("/data/event_type")? {
        "message.received" => message(incoming, &payload),
        kind @ ("message.sent" | "message.finalized") => delivery(incoming, &payload, kind),
        kind if kind.starts_with("call.") => call::parse(incoming, &payload, kind),
        kind => Ok(Notice::ignored(kind)),
    }
}

fn message(incoming: &Incoming<'_>, payload: &Payload) -> Result<Notice, ParseError> {
    let id = payload.message_id("/data/payload/id")?;
    let message_to = recipient(incoming, payload)?;
    let claims = message_claims(payload, Some(message_to.clone()))?;
    let mut message = incoming.message(id, payload.sender(FROM)?, message_to);
    message.body = Body::new(payload.text("/data/payload/text")?.unwrap_or_default());
    let media = payload.list("/data/payload/media")?;
    message.media = media.iter().filter_map(medium).take(MAX_MEDIA).collect();
    message.opt_out = match payload.text("/data/payload/autoresponse_type")? {
        Some("STOP") => Some(OptOut::Stop),
        Some("START") => Some(OptOut::Start),
        Some("HELP") => Some(OptOut::Help),
        _ => None,
    };
    Ok(Notice::message(message, claims))
}

/// To whom of ours a message is: a group's message has several recipients.
fn recipient(incoming: &Incoming<'_>, payload: &Payload) -> Result<Sender, ParseError> {
    let number = |item: &Value| Sender::parse(item.get("phone_number")?.as_str()?).ok();
    let mut all = payload.list("/data/payload/to")?.iter().filter_map(number);
    match &incoming.account.from {
        Some(own) if all.any(|number| number == *own) => Ok(own.clone()),
        _ => payload.sender(TO),
    }
}

fn medium(item: &Value) -> Option<InboundMedia> {
    let mut media = InboundMedia::new(HttpUrl::parse(item.get("url")?.as_str()?).ok()?);
    media.content_type = item.get("content_type").and_then(Value::as_str).and_then(media_type);
    media.size = item.get("size").and_then(Value::as_u64);
    Some(media)
}

fn delivery(incoming: &Incoming<'_>, payload: &Payload, kind: &str) -> Result<Notice, ParseError> {
    let id = payload.message_id("/data/payload/id")?;
    let word = payload.required("/data/payload/to/0/status")?;
    let Some(status) = message_status(word) else { return Ok(Notice::ignored(word)) };
    let mut report = StatusReport::new(status, word);
    report.is_final = kind == "message.finalized";
    report.order = order(payload)?;
    let code = payload.code("/data/payload/errors/0/code")?;
    report.code = code.as_deref().map(CarrierCode::new);
    let claims = message_claims(payload, payload.sender_if_any(FROM)?)?;
    let update = incoming.delivery(id, report)?;
    // The profile's own webhook is told beside the message's, and which comes first is chance. The
    // one with our reference counts, so it is no repetition of the other.
    let referred = if update.reference.is_some() { "/ref" } else { "" };
    let detail = format!("{}{referred}", event_id(payload)?);
    Ok(Notice::delivery(update, &detail, claims))
}

fn message_claims(payload: &Payload, number: Option<Sender>) -> Result<Claims, ParseError> {
    let profile = payload.owned("/data/payload/messaging_profile_id")?;
    Ok(Claims { profile, number, ..Claims::default() })
}

/// The id of the event, which its repetitions share.
fn event_id(payload: &Payload) -> Result<String, ParseError> {
    const FIELD: &str = "/data/id";
    let id = payload.required(FIELD)?;
    let plain =
        id.len() <= telephony_core::MAX_ID_BYTES && id.bytes().all(|b| b.is_ascii_graphic());
    let expected = "the id of an event";
    plain.then(|| id.to_owned()).ok_or(ParseError::Malformed { field: FIELD, expected })
}

fn order(payload: &Payload) -> Result<Order, ParseError> {
    let text = payload.text("/data/occurred_at")?;
    let time = text.and_then(|text| Timestamp::parse_rfc3339(text).ok());
    Ok(time.map_or(Order::Unknown, Order::OccurredAt))
}

fn message_status(word: &str) -> Option<MessageStatus> {
    Some(match word {
        "queued" | "scheduled" => MessageStatus::Queued,
        "sending" => MessageStatus::Sending,
        // No receipt came from the carrier, and none will: not a failure.
        "sent" | "delivery_unconfirmed" => MessageStatus::Sent,
        "delivered" => MessageStatus::Delivered,
        "delivery_failed" => MessageStatus::Undelivered,
        "sending_failed" | "expired" | "cancelled" => MessageStatus::Failed,
        "webhook_delivered" | "received" => MessageStatus::Received,
        "read" => MessageStatus::Read,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::parse::samples::{event, ignored, json, telnyx, with};

    /// The examples of the pages, less what nobody reads.
    fn received() -> Value {
        json!({
            "data": {
                "event_type": "message.received",
                "id": "b301ed3f-1490-491f-995f-6e64e69674d4",
                "occurred_at": "2024-01-15T20:16:07.588+00:00",
                "payload": {
                    "direction": "inbound", "encoding": "GSM-7", "errors": [],
                    "from": {"carrier": "T-Mobile USA", "line_type": "long_code", "phone_number": "+13125550001"},
                    "id": "84cca175-9755-4859-b67f-4730d7f58aa3",
                    "media": [],
                    "messaging_profile_id": "740572b6-099c-44a1-89b9-6c92163bc68d",
                    "parts": 1, "record_type": "message", "sent_at": null, "tags": [],
                    "text": "Hello from Telnyx!",
                    "to": [{"carrier": "Telnyx", "line_type": "Wireless", "phone_number": "+17735550002", "status": "webhook_delivered"}],
                    "type": "SMS",
                },
                "record_type": "event",
            },
            "meta": {"attempt": 1, "delivered_to": "https://example.com/webhooks"},
        })
    }

    fn finalized() -> Value {
        json!({
            "data": {
                "event_type": "message.finalized",
                "id": "4ee8c3a6-4995-4309-a3c6-38e3db9ea4be",
                "occurred_at": "2024-01-15T21:32:14.148+00:00",
                "payload": {
                    "id": "ac012cbf-5e09-46af-a69a-7c0e2d90993c", "direction": "outbound",
                    "from": {"phone_number": "+17735550002"},
                    "to": [{"phone_number": "+13125550002", "status": "delivery_failed"}],
                    "errors": [{"code": "40008", "title": "Undeliverable"}],
                    "messaging_profile_id": "83d2343b-553f-4c5f-b8c8-fd27004f94bf",
                },
            },
        })
    }

    #[test]
    fn a_text_is_a_message() {
        let (key, message, claims) = event(json(&telnyx(), "/webhook", &received()));
        assert_eq!(key, "message 84cca175-9755-4859-b67f-4730d7f58aa3");
        let expected = json!({
            "kind": "message",
            "account": "default",
            "id": "84cca175-9755-4859-b67f-4730d7f58aa3",
            "from": "+13125550001",
            "to": "+17735550002",
            "body": "Hello from Telnyx!",
            "receivedAt": "1970-01-01T00:00:00.000Z",
        });
        assert_eq!(message, expected);
        assert_eq!(claims.profile.as_deref(), Some("740572b6-099c-44a1-89b9-6c92163bc68d"));
        assert!(claims.belong_to(&telnyx()));
    }

    #[test]
    fn media_opt_outs_and_groups_come_along() {
        let picture = json!({"url": "https://media.telnyx.com/a.png", "content_type": "image/png", "sha256": "ab1c", "size": 102_400});
        let mut media = vec![json!({"url": null}), json!(7), picture];
        media.extend(vec![json!({"url": "https://media.telnyx.com/b"}); 12]);
        let mut body = with(received(), "/data/payload/media", json!(media));
        body = with(body, "/data/payload/text", json!(null));
        body["data"]["payload"]["autoresponse_type"] = "STOP".into();
        body["data"]["payload"]["to"] =
            json!([{"phone_number": "+13125550009"}, {"phone_number": "+17735550002"}]);
        let (_, message, claims) = event(json(&telnyx(), "/webhook", &body));
        let media = message["media"].as_array().unwrap();
        assert_eq!(media.len(), MAX_MEDIA);
        let first = json!({"url": "https://media.telnyx.com/a.png", "contentType": "image/png", "size": 102_400});
        assert_eq!(media[0], first);
        assert_eq!((&message["body"], &message["optOut"]), (&json!(""), &json!("stop")));
        assert_eq!(message["to"], "+17735550002");
        assert!(claims.belong_to(&telnyx()));
    }

    #[test]
    fn a_receipt_is_a_report_with_its_time() {
        let (key, update, claims) = event(json(&telnyx(), "/status", &finalized()));
        let id = "ac012cbf-5e09-46af-a69a-7c0e2d90993c";
        assert_eq!(key, format!("delivery {id} 4ee8c3a6-4995-4309-a3c6-38e3db9ea4be"));
        let expected = json!({
            "kind": "delivery",
            "account": "default",
            "id": id,
            "report": {
                "status": "undelivered",
                "isFinal": true,
                "order": {"occurredAt": "2024-01-15T21:32:14.148Z"},
                "raw": "delivery_failed",
                "code": "40008",
            },
        });
        assert_eq!(update, expected);
        assert!(claims.belong_to(&telnyx()));
        // The same event, told by the message's own URL.
        let (referred, update, _) = event(json(&telnyx(), "/status?ref=r-1", &finalized()));
        assert_eq!((referred, &update["reference"]), (format!("{key}/ref"), &json!("r-1")));
    }

    #[test]
    fn every_status_of_the_page_is_known() {
        for (word, expected) in [
            ("queued", "queued"),
            ("scheduled", "queued"),
            ("sending", "sending"),
            ("sent", "sent"),
            ("delivered", "delivered"),
            ("delivery_unconfirmed", "sent"),
            ("delivery_failed", "undelivered"),
            ("sending_failed", "failed"),
            ("expired", "failed"),
            ("cancelled", "failed"),
            ("webhook_delivered", "received"),
            ("received", "received"),
            ("read", "read"),
        ] {
            let body = with(finalized(), "/data/payload/to/0/status", json!(word));
            let (_, update, _) = event(json(&telnyx(), "/status", &body));
            assert_eq!(update["report"]["status"], expected, "{word}");
        }
        let body = with(finalized(), "/data/event_type", json!("message.sent"));
        let (_, update, _) = event(json(&telnyx(), "/webhook", &body));
        assert_eq!(update["report"]["isFinal"], false);
    }

    #[test]
    fn what_is_not_known_is_no_error_and_what_is_missing_is() {
        let unknown = with(received(), "/data/event_type", json!("10dlc.campaign\n.update ☎"));
        assert_eq!(ignored(json(&telnyx(), "/webhook", &unknown)), "10dlc.campaign.update");
        let long = with(received(), "/data/event_type", json!("x".repeat(1000)));
        let name = ignored(json(&telnyx(), "/webhook", &long));
        assert_eq!(name.len(), telephony_core::MAX_RAW_STATUS_BYTES);
        let status = with(finalized(), "/data/payload/to/0/status", json!("lost"));
        assert_eq!(ignored(json(&telnyx(), "/status", &status)), "lost");
        let malformed = |field, expected| ParseError::Malformed { field, expected };
        for (body, expected) in [
            (json!({}), ParseError::Missing("/data/event_type")),
            (json!(7), ParseError::Json),
            (with(received(), "/data/payload/from", json!(null)), ParseError::Missing(FROM)),
            (with(received(), "/data/payload/to", json!([])), ParseError::Missing(TO)),
            (
                with(received(), "/data/payload/to", json!("+1")),
                malformed("/data/payload/to", "a list"),
            ),
            (
                with(received(), "/data/payload/text", json!(7)),
                malformed("/data/payload/text", "a text"),
            ),
            (
                with(received(), "/data/payload/id", json!("a b")),
                malformed("/data/payload/id", "the id of a message"),
            ),
            (
                with(finalized(), "/data/id", json!("a b")),
                malformed("/data/id", "the id of an event"),
            ),
        ] {
            assert_eq!(json(&telnyx(), "/webhook", &body), Err(expected), "{body}");
        }
    }
}
