//! The bodies that carriers post, with all the fields they usually have.

use serde_json::{Value, json};
use telephony_core::config::{Account, Provider, Twilio};
use telephony_core::{ProviderMessageId, Sender, Timestamp};

use super::Event;

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

/// Content type and body of an event.
pub(super) fn of(
    account: &Account,
    id: &ProviderMessageId,
    event: &Event,
    own: &Sender,
    now: Timestamp,
) -> (&'static str, String) {
    let (id, own) = (id.as_str(), own.as_str());
    match &account.provider {
        Provider::Twilio(settings) => (FORM, form(&twilio(settings, id, event, own))),
        Provider::Plivo(_) => (FORM, form(&plivo(id, event, own))),
        Provider::Telnyx(_) => (JSON, telnyx(id, event, own, now).to_string()),
        _ => (JSON, mock(id, event, own).to_string()),
    }
}

type Fields = Vec<(String, String)>;

fn form(fields: &Fields) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

fn fields(pairs: &[(&str, &str)]) -> Fields {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn twilio(settings: &Twilio, id: &str, event: &Event, own: &str) -> Fields {
    let account = settings.account_sid.as_str();
    match event {
        Event::Message { from, text, media } => {
            let count = media.len().to_string();
            let mut all = fields(&[
                ("ToCountry", "US"),
                ("SmsMessageSid", id),
                ("NumMedia", &count),
                ("SmsSid", id),
                ("SmsStatus", "received"),
                ("Body", text),
                ("FromCountry", "US"),
                ("To", own),
                ("NumSegments", "1"),
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
    }
}

fn plivo(id: &str, event: &Event, own: &str) -> Fields {
    // Plivo writes numbers without their plus.
    let digits = |number: &str| number.trim_start_matches('+').to_owned();
    match event {
        Event::Message { from, text, media } => {
            let is_mms = !media.is_empty();
            let (from, to) = (digits(from.as_str()), digits(own));
            let mut all = fields(&[
                ("From", &from),
                ("To", &to),
                ("Type", if is_mms { "mms" } else { "sms" }),
                (if is_mms { "Body" } else { "Text" }, text),
                ("MessageUUID", id),
                ("Units", "1"),
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
                ("Sequence", "3"),
            ]);
            all.extend(code.iter().map(|code| ("ErrorCode".to_owned(), code.clone())));
            all
        }
    }
}

fn telnyx(id: &str, event: &Event, own: &str, now: Timestamp) -> Value {
    let payload = match event {
        Event::Message { from, text, media } => json!({
            "direction": "inbound",
            "encoding": "GSM-7",
            "errors": [],
            "from": { "carrier": "", "line_type": "", "phone_number": from.as_str() },
            "id": id,
            "media": media.iter().map(|url| json!({
                "url": url, "content_type": content_type(url), "size": null,
            })).collect::<Vec<_>>(),
            "parts": 1,
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
            "parts": 1,
            "record_type": "message",
            "to": [{ "phone_number": to.as_str(), "status": status }],
            "type": "SMS",
        }),
    };
    let kind = match event {
        Event::Message { .. } => "message.received",
        Event::Receipt { status, .. } if status == "sent" => "message.sent",
        Event::Receipt { .. } => "message.finalized",
    };
    json!({
        "data": {
            "event_type": kind, "id": format!("{id}-{kind}"), "occurred_at": now,
            "payload": payload, "record_type": "event",
        },
        "meta": { "attempt": 1 },
    })
}

fn mock(id: &str, event: &Event, own: &str) -> Value {
    match event {
        Event::Message { from, text, media } => json!({
            "from": from.as_str(), "to": own, "text": text, "messageId": id, "mediaUrls": media,
        }),
        Event::Receipt { status, code, .. } => {
            json!({ "messageId": id, "status": status, "errorCode": code })
        }
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
