//! What carriers post about calls: that somebody calls, and how a call of ours goes.

use serde_json::{Value, json};
use telephony_core::Timestamp;
use telephony_core::config::{Telnyx, Twilio};

use super::Event;
use super::payload::{Fields, event_id, fields};

/// What is common to both: who calls whom, which way, and how far it is.
fn leg<'a>(event: &'a Event, own: &'a str) -> (&'a str, &'a str, bool, &'a str) {
    match event {
        Event::Call { from } => (from.as_str(), own, true, "ringing"),
        Event::Progress { status, to } => (own, to.as_str(), false, status),
        Event::Message { .. } | Event::Receipt { .. } => (own, own, false, ""),
    }
}

pub(super) fn twilio(settings: &Twilio, id: &str, event: &Event, own: &str) -> Fields {
    let (from, to, inbound, status) = leg(event, own);
    let mut all = fields(&[
        ("CallSid", id),
        ("AccountSid", &settings.account_sid),
        ("ApiVersion", "2010-04-01"),
        ("Caller", from),
        ("Called", to),
        ("From", from),
        ("To", to),
        ("Direction", if inbound { "inbound" } else { "outbound-api" }),
        ("CallStatus", status),
    ]);
    if !inbound {
        all.extend(fields(&[
            ("CallbackSource", "call-progress-events"),
            ("SequenceNumber", sequence(status)),
        ]));
        if status == "completed" {
            all.extend(fields(&[("CallDuration", "7"), ("Duration", "1")]));
        }
    }
    all
}

/// Twilio numbers the reports on a call from naught.
fn sequence(status: &str) -> &'static str {
    match status {
        "initiated" => "0",
        "ringing" => "1",
        "in-progress" => "2",
        _ => "3",
    }
}

pub(super) fn plivo(id: &str, event: &Event, own: &str) -> Fields {
    let (from, to, inbound, status) = leg(event, own);
    let digits = |number: &str| number.trim_start_matches('+').to_owned();
    let (from, to) = (digits(from), digits(to));
    let name = match status {
        "ringing" if inbound => "StartApp",
        "ringing" => "Ring",
        "in-progress" => "StartApp",
        _ => "Hangup",
    };
    let mut all = fields(&[
        ("CallUUID", id),
        ("RequestUUID", id),
        ("From", &from),
        ("To", &to),
        ("Direction", if inbound { "inbound" } else { "outbound" }),
        ("CallStatus", status),
        ("Event", name),
    ]);
    if name == "Hangup" {
        all.extend(fields(&[("Duration", "7"), ("BillDuration", "60")]));
    }
    all
}

/// What Telnyx calls an end, it calls by its cause.
pub(super) fn telnyx(
    settings: &Telnyx,
    id: &str,
    event: &Event,
    own: &str,
    now: Timestamp,
) -> Value {
    let (from, to, inbound, status) = leg(event, own);
    let (kind, cause) = match status {
        "ringing" | "initiated" => ("call.initiated", None),
        "in-progress" | "answered" => ("call.answered", None),
        cause => ("call.hangup", Some(cause)),
    };
    json!({
        "data": {
            "event_type": kind,
            "id": event_id(&[id, kind, status]),
            "occurred_at": now,
            "payload": {
                "call_control_id": id,
                "connection_id": settings.connection_id,
                "direction": if inbound { "incoming" } else { "outgoing" },
                "from": from,
                "to": to,
                "hangup_cause": cause,
            },
            "record_type": "event",
        },
        "meta": { "attempt": 1 },
    })
}
