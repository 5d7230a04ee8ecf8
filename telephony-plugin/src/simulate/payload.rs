//! The bodies that carriers post, with all the fields they usually have.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use telephony_core::config::{Account, Provider, Telnyx, Twilio};
use telephony_core::{ProviderMessageId, Sender, Timestamp};
use telephony_sms::{Encoding, analyze};

use super::{Event, call};

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

/// Content type and body of an event; `None` of a call of the mock's.
pub(super) fn of(
    account: &Account,
    id: &ProviderMessageId,
    event: &Event,
    own: &Sender,
    now: Timestamp,
) -> Option<(&'static str, String)> {
    let (id, own) = (id.as_str(), own.as_str());
    if event.is_call() {
        return match &account.provider {
            Provider::Twilio(settings) => {
                Some((FORM, form(&call::twilio(settings, id, event, own))))
            }
            Provider::Plivo(_) => Some((FORM, form(&call::plivo(id, event, own)))),
            Provider::Telnyx(settings) => {
                Some((JSON, call::telnyx(settings, id, event, own, now).to_string()))
            }
            _ => None,
        };
    }
    Some(match &account.provider {
        Provider::Twilio(settings) => (FORM, form(&twilio(settings, id, event, own))),
        Provider::Plivo(_) => (FORM, form(&plivo(id, event, own))),
        Provider::Telnyx(settings) => (JSON, telnyx(settings, id, event, own, now).to_string()),
        _ => (JSON, mock(id, event, own).to_string()),
    })
}

pub(super) type Fields = Vec<(String, String)>;

fn form(fields: &Fields) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

pub(super) fn fields(pairs: &[(&str, &str)]) -> Fields {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn twilio(settings: &Twilio, id: &str, event: &Event, own: &str) -> Fields {
    let account = settings.account_sid.as_str();
    let service = settings.messaging_service_sid.iter();
    let service = service.map(|sid| ("MessagingServiceSid".to_owned(), sid.clone()));
    let mut all = match event {
        Event::Message { from, text, media } => {
            let count = media.len().to_string();
            let segments = analyze(text).segments.to_string();
            let mut all = fields(&[
                ("ToCountry", "US"),
                ("SmsMessageSid", id),
                ("NumMedia", &count),
                ("SmsSid", id),
                ("SmsStatus", "received"),
                ("Body", text),
                ("FromCountry", "US"),
                ("To", own),
                ("NumSegments", &segments),
                ("MessageSid", id),
                ("AccountSid", account),
                ("From", from.as_str()),
                ("ApiVersion", "2010-04-01"),
            ]);
            for (index, url) in media.iter().enumerate() {
                all.push((format!("MediaUrl{index}"), url.clone()));
                all.push((format!("MediaContentType{index}"), content_type(url).to_owned()));
            }
            all
        }
        Event::Receipt { status, code, to, .. } => {
            let mut all = fields(&[
                ("SmsSid", id),
                ("SmsStatus", status),
                ("MessageStatus", status),
                ("To", to.as_str()),
                ("MessageSid", id),
                ("AccountSid", account),
                ("From", own),
                ("ApiVersion", "2010-04-01"),
            ]);
            all.extend(code.iter().map(|code| ("ErrorCode".to_owned(), code.clone())));
            all
        }
        // Calls have their own fields.
        Event::Call { .. } | Event::Progress { .. } => Fields::new(),
    };
    all.extend(service);
    all
}

fn plivo(id: &str, event: &Event, own: &str) -> Fields {
    // Plivo writes numbers without their plus.
    let digits = |number: &str| number.trim_start_matches('+').to_owned();
    match event {
        Event::Message { from, text, media } => {
            let is_mms = !media.is_empty();
            let (from, to) = (digits(from.as_str()), digits(own));
            let units = if is_mms { 1 } else { analyze(text).segments }.to_string();
            let mut all = fields(&[
                ("From", &from),
                ("To", &to),
                ("Type", if is_mms { "mms" } else { "sms" }),
                (if is_mms { "Body" } else { "Text" }, text),
                ("MessageUUID", id),
                ("Units", &units),
                ("TotalRate", "0.00000"),
                ("TotalAmount", "0.00000"),
                ("MessageIntent", ""),
                ("PowerpackUUID", ""),
            ]);
            if is_mms {
                all.push(("MediaCount".to_owned(), media.len().to_string()));
            }
            all.extend(media.iter().enumerate().map(|(i, url)| (format!("Media{i}"), url.clone())));
            all
        }
        Event::Receipt { status, code, to, .. } => {
            let (from, to) = (digits(own), digits(to.as_str()));
            let mut all = fields(&[
                ("From", &from),
                ("To", &to),
                ("Type", "sms"),
                ("Status", status),
                ("MessageUUID", id),
                ("ParentMessageUUID", id),
                ("PartInfo", "1 of 1"),
                ("Units", "1"),
                ("TotalRate", "0.00500"),
                ("TotalAmount", "0.00500"),
                ("Sequence", sequence(status)),
            ]);
            all.extend(code.iter().map(|code| ("ErrorCode".to_owned(), code.clone())));
            all
        }
        Event::Call { .. } | Event::Progress { .. } => Fields::new(),
    }
}

/// Plivo numbers the reports about a message, and the highest number counts.
fn sequence(status: &str) -> &'static str {
    match status {
        "queued" => "1",
        "sent" => "2",
        "read" => "4",
        _ => "3",
    }
}

fn telnyx(settings: &Telnyx, id: &str, event: &Event, own: &str, now: Timestamp) -> Value {
    let profile = &settings.messaging_profile_id;
    let payload = match event {
        Event::Message { from, text, media } => json!({
            "direction": "inbound",
            "encoding": if analyze(text).encoding == Encoding::Gsm7 { "GSM-7" } else { "UCS-2" },
            "errors": [],
            "from": { "carrier": "", "line_type": "", "phone_number": from.as_str() },
            "id": id,
            "media": media.iter().map(|url| json!({
                "url": url, "content_type": content_type(url), "size": null,
            })).collect::<Vec<_>>(),
            "messaging_profile_id": profile,
            "parts": analyze(text).segments,
            "received_at": now,
            "record_type": "message",
            "text": text,
            "to": [{ "carrier": "Telnyx", "line_type": "Wireless", "phone_number": own,
                "status": "webhook_delivered" }],
            "type": if media.is_empty() { "SMS" } else { "MMS" },
        }),
        Event::Receipt { status, code, to, .. } => json!({
            "direction": "outbound",
            "errors": code.iter().map(|code| json!({ "code": code, "title": "simulated" }))
                .collect::<Vec<_>>(),
            "from": { "phone_number": own },
            "id": id,
            "messaging_profile_id": profile,
            "parts": 1,
            "record_type": "message",
            "to": [{ "phone_number": to.as_str(), "status": telnyx_status(status) }],
            "type": "SMS",
        }),
        Event::Call { .. } | Event::Progress { .. } => Value::Null,
    };
    let (kind, said) = match event {
        Event::Message { .. } => ("message.received", String::new()),
        Event::Receipt { status, code, .. } => {
            let kind = match status.as_str() {
                "queued" | "scheduled" | "sending" | "sent" => "message.sent",
                _ => "message.finalized",
            };
            (kind, format!("{} {code:?}", telnyx_status(status)))
        }
        Event::Call { .. } | Event::Progress { .. } => ("", String::new()),
    };
    json!({
        "data": {
            "event_type": kind, "id": event_id(&[id, kind, &said]), "occurred_at": now,
            "payload": payload, "record_type": "event",
        },
        "meta": { "attempt": 1 },
    })
}

/// Telnyx's words for the failures that others call `undelivered` and `failed`.
fn telnyx_status(status: &str) -> &str {
    match status {
        "undelivered" => "delivery_failed",
        "failed" => "sending_failed",
        other => other,
    }
}

/// The id of an event, which its repetitions share and no other event has: a UUID.
pub(super) fn event_id(parts: &[&str]) -> String {
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, ..] =
        <[u8; 32]>::from(Sha256::digest(parts.join("\n")));
    super::uuid([a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p])
}

fn mock(id: &str, event: &Event, own: &str) -> Value {
    match event {
        Event::Message { from, text, media } => json!({
            "from": from.as_str(), "to": own, "text": text, "messageId": id, "mediaUrls": media,
        }),
        Event::Receipt { status, code, .. } => {
            json!({ "messageId": id, "status": status, "errorCode": code })
        }
        Event::Call { .. } | Event::Progress { .. } => Value::Null,
    }
}

/// What the end of a URL says of what is there.
fn content_type(url: &str) -> &'static str {
    let path = url.split(['?', '#']).next().unwrap_or_default().to_ascii_lowercase();
    match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("png") => "image/png",
        Some("gif") => "image/gif",
        Some("pdf") => "application/pdf",
        Some("mp3") => "audio/mpeg",
        Some("mp4") => "video/mp4",
        _ => "image/jpeg",
    }
}
