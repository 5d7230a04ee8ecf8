//! Telnyx's events of calls.
//!
//! <https://developers.telnyx.com/docs/voice/programmable-voice/receiving-webhooks>

use telephony_core::{CallStatus, CarrierCode, ClientState};

use super::{event_id, order};
use crate::parse::json::Payload;
use crate::parse::{Claims, Incoming, Notice, ParseError};

/// The events that say how far a call has come, or what was asked for within it.
const KNOWN: [&str; 7] = [
    "call.initiated",
    "call.answered",
    "call.speak.started",
    "call.speak.ended",
    "call.machine.detection.ended",
    "call.machine.premium.detection.ended",
    "call.hangup",
];

pub(super) fn parse(
    incoming: &Incoming<'_>,
    payload: &Payload,
    kind: &str,
) -> Result<Notice, ParseError> {
    if !KNOWN.contains(&kind) {
        return Ok(Notice::ignored(kind));
    }
    let id = payload.call_id("/data/payload/call_control_id")?;
    let from = payload.sender_if_any("/data/payload/from")?;
    let to = payload.sender_if_any("/data/payload/to")?;
    // Only some events say the direction.
    let inbound = match payload.text("/data/payload/direction")? {
        Some(direction) => direction == "incoming",
        None => to.is_some() && to == incoming.account.from,
    };
    let cause = payload.text("/data/payload/hangup_cause")?;
    let status = match kind {
        "call.initiated" if inbound => Some(CallStatus::Ringing),
        "call.initiated" => Some(CallStatus::Initiated),
        "call.answered" => Some(CallStatus::InProgress),
        "call.hangup" => Some(ended(cause.unwrap_or_default())),
        _ => None,
    };
    let mut update = incoming.call(id, status, kind)?;
    update.inbound = inbound;
    update.order = order(payload)?;
    update.client_state = payload.text("/data/payload/client_state")?.map(ClientState::new);
    update.code = cause.map(CarrierCode::new);
    update.answered_by_machine = match payload.text("/data/payload/result")?.unwrap_or_default() {
        "machine" | "fax_detected" => Some(true),
        word => word.starts_with("human").then_some(false),
    };
    (update.from, update.to) = (from, to);
    let claims = Claims {
        connection: payload.owned("/data/payload/connection_id")?,
        number: if inbound { update.to.clone() } else { update.from.clone() },
        ..Claims::default()
    };
    Ok(Notice::call(update, &event_id(payload)?, claims))
}

/// How a call ended. What ended normally is taken for answered: whether it was, only an earlier
/// event says.
fn ended(cause: &str) -> CallStatus {
    match cause {
        "normal_clearing" | "time_limit" => CallStatus::Completed,
        "user_busy" => CallStatus::Busy,
        "timeout" | "no_answer" => CallStatus::NoAnswer,
        "originator_cancel" => CallStatus::Canceled,
        _ => CallStatus::Failed,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::parse::samples::{event, ignored, json, telnyx, with};

    fn hangup() -> Value {
        json!({
            "data": {
                "event_type": "call.hangup",
                "id": "0ccc7b54-4df3-4bca-a65a-3da1ecc777f0",
                "occurred_at": "2026-01-01T00:00:40.521992Z",
                "payload": {
                    "call_control_id": "v3:abc", "client_state": "aGk=", "connection_id": "7267",
                    "from": "+17735550002", "to": "+12025550131",
                    "start_time": "2026-01-01T00:00:01.5Z", "state": "hangup",
                    "hangup_cause": "normal_clearing", "hangup_source": "callee",
                    "sip_hangup_cause": "200",
                },
            },
        })
    }

    #[test]
    fn a_call_is_followed() {
        let (key, update, claims) = event(json(&telnyx(), "/webhook", &hangup()));
        assert_eq!(key, "call v3:abc 0ccc7b54-4df3-4bca-a65a-3da1ecc777f0");
        let expected = json!({
            "kind": "call",
            "account": "default",
            "id": "v3:abc",
            "status": "completed",
            "raw": "call.hangup",
            "order": {"occurredAt": "2026-01-01T00:00:40.521Z"},
            "inbound": false,
            "from": "+17735550002",
            "to": "+12025550131",
            "clientState": "aGk=",
            "code": "normal_clearing",
        });
        assert_eq!(update, expected);
        assert_eq!(claims.connection.as_deref(), Some("7267"));
        assert!(claims.belong_to(&telnyx()));
        for (cause, expected) in [
            ("time_limit", "completed"),
            ("user_busy", "busy"),
            ("timeout", "no-answer"),
            ("no_answer", "no-answer"),
            ("originator_cancel", "canceled"),
            ("call_rejected", "failed"),
            ("not_found", "failed"),
            ("unspecified", "failed"),
        ] {
            let body = with(hangup(), "/data/payload/hangup_cause", json!(cause));
            let (_, update, _) = event(json(&telnyx(), "/webhook", &body));
            assert_eq!((&update["status"], &update["code"]), (&json!(expected), &json!(cause)));
        }
    }

    #[test]
    fn the_events_of_a_call_say_how_far_it_is() {
        for (kind, direction, result, expected) in [
            ("call.initiated", "outgoing", "", json!(["initiated", false, null])),
            ("call.initiated", "incoming", "", json!(["ringing", true, null])),
            ("call.answered", "outgoing", "", json!(["in-progress", false, null])),
            ("call.speak.started", "outgoing", "", json!([null, false, null])),
            ("call.speak.ended", "outgoing", "", json!([null, false, null])),
            ("call.machine.detection.ended", "outgoing", "machine", json!([null, false, true])),
            ("call.machine.detection.ended", "outgoing", "human", json!([null, false, false])),
            ("call.machine.detection.ended", "outgoing", "not_sure", json!([null, false, null])),
        ] {
            let mut body = with(hangup(), "/data/event_type", json!(kind));
            let payload = body["data"]["payload"].as_object_mut().unwrap();
            payload.remove("hangup_cause");
            payload.insert("direction".to_owned(), json!(direction));
            payload.insert("result".to_owned(), json!(result));
            let (_, update, _) = event(json(&telnyx(), "/webhook", &body));
            let said = json!([update["status"], update["inbound"], update["answeredByMachine"]]);
            assert_eq!(said, expected, "{kind} {direction} {result}");
        }
        // Where the direction is not said, our own number tells.
        let body = with(hangup(), "/data/payload/to", json!("+17735550002"));
        let (_, update, _) = event(json(&telnyx(), "/webhook", &body));
        assert_eq!(update["inbound"], true);
    }

    #[test]
    fn what_is_not_known_is_no_error_and_what_is_missing_is() {
        let unknown = with(hangup(), "/data/event_type", json!("call.dtmf.received"));
        assert_eq!(ignored(json(&telnyx(), "/webhook", &unknown)), "call.dtmf.received");
        for (pointer, value) in
            [("/data/id", json!(null)), ("/data/payload/call_control_id", json!(""))]
        {
            let body = with(hangup(), pointer, value);
            let missing = Err(ParseError::Missing(pointer));
            assert_eq!(json(&telnyx(), "/webhook", &body), missing);
        }
    }
}
