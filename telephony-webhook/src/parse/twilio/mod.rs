//! What Twilio posts: forms. Messages are here, calls in [`call`].
//!
//! <https://www.twilio.com/docs/messaging/guides/webhook-request>,
//! <https://www.twilio.com/docs/messaging/guides/track-outbound-message-status>

mod call;

use telephony_core::{Body, CarrierCode, MessageStatus, OptOut, Sender, StatusReport};

use super::fields::Fields;
use super::{Claims, Incoming, Notice, ParseError, Route};

pub(super) fn parse(incoming: &Incoming<'_>) -> Result<Notice, ParseError> {
    // Messages and calls are forms; what is JSON comes from products that are not used here.
    if incoming.request.declares_json() == Some(true) {
        return Ok(Notice::ignored("application/json"));
    }
    let fields = Fields::of(incoming.request)?;
    if fields.get("CallSid")?.is_some() {
        return call::parse(incoming, &fields);
    }
    for name in ["From", "To"] {
        if let Some(channel) = channel(fields.get(name)?.unwrap_or_default()) {
            return Ok(Notice::ignored(channel));
        }
    }
    let word = match fields.get("MessageStatus")? {
        Some(word) => Some(word),
        None => fields.get("SmsStatus")?,
    };
    match (word, incoming.route) {
        (Some("received" | "receiving"), _) | (None, Route::Webhook | Route::Voice) => {
            message(incoming, &fields)
        }
        (Some(word), _) => delivery(incoming, &fields, word),
        (None, Route::Status) => Err(ParseError::Missing("MessageStatus")),
    }
}

fn message(incoming: &Incoming<'_>, fields: &Fields<'_>) -> Result<Notice, ParseError> {
    let id = fields.message_id(message_sid(fields)?, is_message_sid)?;
    let (from, to) = (fields.sender("From", sender)?, fields.recipient("To", sender)?);
    let claims = claims(fields, Some(to.clone()))?;
    let mut message = incoming.message(id, from, to);
    message.body = Body::new(fields.get("Body")?.unwrap_or_default());
    message.media = fields.media("MediaUrl", Some("MediaContentType"))?;
    message.opt_out = match fields.get("OptOutType")? {
        Some("STOP") => Some(OptOut::Stop),
        Some("START") => Some(OptOut::Start),
        Some("HELP") => Some(OptOut::Help),
        _ => None,
    };
    Ok(Notice::message(message, claims))
}

fn delivery(
    incoming: &Incoming<'_>,
    fields: &Fields<'_>,
    word: &str,
) -> Result<Notice, ParseError> {
    let id = fields.message_id(message_sid(fields)?, is_message_sid)?;
    let Some(status) = message_status(word) else { return Ok(Notice::ignored(word)) };
    let mut report = StatusReport::new(status, word);
    report.code = fields.get("ErrorCode")?.filter(|code| *code != "0").map(CarrierCode::new);
    let claims = claims(fields, fields.sender_if_any("From", sender)?)?;
    Ok(Notice::delivery(incoming.delivery(id, report)?, word, claims))
}

fn claims(fields: &Fields<'_>, number: Option<Sender>) -> Result<Claims, ParseError> {
    Ok(Claims {
        carrier_account: fields.owned("AccountSid")?,
        profile: fields.owned("MessagingServiceSid")?,
        connection: None,
        number,
    })
}

/// The field that holds the message's SID. All three hold the same; the others are older.
fn message_sid(fields: &Fields<'_>) -> Result<&'static str, ParseError> {
    for name in ["MessageSid", "SmsMessageSid", "SmsSid"] {
        if fields.get(name)?.is_some() {
            return Ok(name);
        }
    }
    Err(ParseError::Missing("MessageSid"))
}

fn is_message_sid(text: &str) -> bool {
    is_sid(text, "SM") || is_sid(text, "MM")
}

fn is_sid(text: &str, prefix: &str) -> bool {
    text.starts_with(prefix) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn sender(text: &str) -> Option<Sender> {
    Sender::parse(text).ok()
}

/// The channel of an address that is no phone number, `whatsapp:+15550001234`.
fn channel(address: &str) -> Option<&str> {
    let (channel, _) = address.split_once(':')?;
    let known = ["whatsapp", "messenger", "rcs"];
    known.iter().any(|known| channel.eq_ignore_ascii_case(known)).then_some(channel)
}

fn message_status(word: &str) -> Option<MessageStatus> {
    Some(match word {
        "accepted" | "scheduled" | "queued" => MessageStatus::Queued,
        "sending" => MessageStatus::Sending,
        "sent" => MessageStatus::Sent,
        "delivered" | "partially_delivered" => MessageStatus::Delivered,
        "undelivered" => MessageStatus::Undelivered,
        "failed" | "canceled" => MessageStatus::Failed,
        "read" => MessageStatus::Read,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::parse::samples::{event, form, ignored, twilio};

    /// The example of the guide, as it is on the wire.
    const SMS: &str = "ToCountry=US&ToState=CA&SmsMessageSid=SM5f2d1c0b9a8e7d6c5b4a39281706f5e4\
        &NumMedia=0&ToCity=&FromZip=94105&SmsSid=SM5f2d1c0b9a8e7d6c5b4a39281706f5e4&FromState=CA\
        &SmsStatus=received&FromCity=SAN+FRANCISCO&Body=Hello+there&FromCountry=US\
        &To=%2B15017122661&ToZip=&NumSegments=1&MessageSid=SM5f2d1c0b9a8e7d6c5b4a39281706f5e4\
        &AccountSid=ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa&From=%2B15558675310&ApiVersion=2010-04-01";

    const STATUS: &str = "AccountSid=ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa&From=%2B15017122661\
        &To=%2B15558675310&MessageSid=SM1342fe1b2c904d1ab04f0fc7a58abca9\
        &SmsSid=SM1342fe1b2c904d1ab04f0fc7a58abca9&MessageStatus=undelivered\
        &SmsStatus=undelivered&ErrorCode=30003&ApiVersion=2010-04-01";

    #[test]
    fn a_text_is_a_message() {
        let expected = json!({
            "kind": "message",
            "account": "default",
            "id": "SM5f2d1c0b9a8e7d6c5b4a39281706f5e4",
            "from": "+15558675310",
            "to": "+15017122661",
            "body": "Hello there",
            "receivedAt": "1970-01-01T00:00:00.000Z",
        });
        // By whichever route it comes.
        for target in ["/webhook", "/status"] {
            let (key, message, claims) = event(form(&twilio(), target, SMS));
            assert_eq!(key, "message SM5f2d1c0b9a8e7d6c5b4a39281706f5e4");
            assert_eq!(message, expected);
            assert!(claims.belong_to(&twilio()));
        }
        let (_, message, _) =
            event(form(&twilio(), "/webhook", &SMS.replace("SmsStatus=received&", "")));
        assert_eq!(message, expected);
    }

    #[test]
    fn media_and_opt_outs_come_along() {
        let media: String = (0..12)
            .map(|n| format!("&MediaUrl{n}=https%3A%2F%2Fapi.twilio.com%2FME{n}&MediaContentType{n}=image%2Fpng"))
            .collect();
        let body = SMS.replace("SM5", "MM5").replace("NumMedia=0", "NumMedia=12") + &media;
        let body = body.replace("ME3", "ME3%20").replace("https%3A%2F%2Fapi.twilio.com%2FME4", "x")
            + "&OptOutType=STOP";
        let (key, message, _) = event(form(&twilio(), "/webhook", &body));
        assert_eq!(key, "message MM5f2d1c0b9a8e7d6c5b4a39281706f5e4");
        let media = message["media"].as_array().unwrap();
        assert_eq!(media.len(), telephony_core::MAX_MEDIA);
        let first = json!({"url": "https://api.twilio.com/ME0", "contentType": "image/png"});
        assert_eq!(media[0], first);
        // What is no URL is left out, and the next one moves up.
        assert_eq!(media[4]["url"], "https://api.twilio.com/ME5");
        assert_eq!(message["optOut"], "stop");
    }

    #[test]
    fn a_status_is_a_report() {
        let (key, update, claims) = event(form(&twilio(), "/status?ref=r-1", STATUS));
        assert_eq!(key, "delivery SM1342fe1b2c904d1ab04f0fc7a58abca9 undelivered");
        let expected = json!({
            "kind": "delivery",
            "account": "default",
            "id": "SM1342fe1b2c904d1ab04f0fc7a58abca9",
            "report": {
                "status": "undelivered",
                "isFinal": false,
                "order": "unknown",
                "raw": "undelivered",
                "code": "30003",
            },
            "reference": "r-1",
        });
        assert_eq!(update, expected);
        assert!(claims.belong_to(&twilio()));
        // Older callbacks have the older name alone.
        let older = STATUS.replace("MessageStatus=undelivered&", "");
        let (_, update, _) = event(form(&twilio(), "/webhook", &older));
        assert_eq!(update["report"]["status"], "undelivered");
    }

    #[test]
    fn every_status_of_the_page_is_known() {
        for (word, expected) in [
            ("accepted", "queued"),
            ("scheduled", "queued"),
            ("queued", "queued"),
            ("sending", "sending"),
            ("sent", "sent"),
            ("delivered", "delivered"),
            ("partially_delivered", "delivered"),
            ("undelivered", "undelivered"),
            ("failed", "failed"),
            ("canceled", "failed"),
            ("read", "read"),
        ] {
            let body =
                STATUS.replace("MessageStatus=undelivered", &format!("MessageStatus={word}"));
            let (_, update, _) = event(form(&twilio(), "/status", &body));
            assert_eq!(update["report"]["status"], expected);
            assert_eq!(update["report"]["raw"], word);
        }
    }

    #[test]
    fn what_is_not_known_is_no_error() {
        let new_word = STATUS.replace("MessageStatus=undelivered", "MessageStatus=tele+ported");
        assert_eq!(ignored(form(&twilio(), "/status", &new_word)), "teleported");
        let channel = SMS.replace("From=%2B", "From=whatsapp%3A%2B");
        assert_eq!(ignored(form(&twilio(), "/webhook", &channel)), "whatsapp");
        let request = crate::parse::samples::json(&twilio(), "/webhook", &json!([]));
        assert_eq!(ignored(request), "application/json");
    }

    #[test]
    fn what_is_missing_or_odd_is_named_and_not_shown() {
        let malformed = |field, expected| ParseError::Malformed { field, expected };
        let sender = "a phone number, a short code or a sender's name";
        for (body, expected) in [
            (SMS.replace("From=%2B15558675310&", ""), ParseError::Missing("From")),
            (SMS.replace("To=%2B15017122661", "To="), ParseError::Missing("To")),
            (SMS.replace("Sid=SM5", "X=SM5"), ParseError::Missing("MessageSid")),
            (
                SMS.replace("MessageSid=SM5", "MessageSid=XX5"),
                malformed("MessageSid", "the id of a message"),
            ),
            (SMS.replace("f5e4", "f%205e4"), malformed("MessageSid", "the id of a message")),
            (SMS.replace("From=%2B15558675310", "From=%2B15"), malformed("From", sender)),
            // Signed alike: the signature does not say where a name ends.
            (
                SMS.replace("ToState=CA", "To=StateCA").replace("To=%2B1501", "To%2B1501="),
                malformed("To", "a phone number or a short code"),
            ),
            (format!("{SMS}&From=%2B15558675311"), ParseError::Contradiction("From")),
            (format!("{SMS}&Body=Bye"), ParseError::Contradiction("Body")),
            ("a=1&".repeat(600), ParseError::TooManyFields),
            (String::new(), ParseError::Missing("MessageSid")),
        ] {
            let error = form(&twilio(), "/webhook", &body).unwrap_err();
            assert_eq!(error, expected, "{body}");
            assert!(!error.to_string().contains("555"), "{error}");
        }
        assert_eq!(form(&twilio(), "/status", "a"), Err(ParseError::Missing("MessageStatus")));
        let twice = form(&twilio(), "/status?ref=a&ref=b", STATUS);
        assert_eq!(twice, Err(ParseError::Contradiction("ref")));
        let (_, update, _) = event(form(&twilio(), "/status?ref=%20", STATUS));
        assert_eq!(update.get("reference"), None);
    }

    #[test]
    fn a_repeated_field_that_agrees_is_one() {
        let (_, message, _) =
            event(form(&twilio(), "/webhook", &format!("{SMS}&Body=Hello%20there")));
        assert_eq!(message["body"], "Hello there");
    }
}
