//! What Plivo posts: forms, with numbers without their `+`.
//!
//! <https://www.plivo.com/docs/messaging/api/message/handling-incoming>,
//! <https://www.plivo.com/docs/messaging/concepts/message-status-callbacks>,
//! <https://www.plivo.com/docs/voice/api/call>

use telephony_core::{
    Body, CallStatus, CarrierCode, MessageStatus, OptOut, Order, PhoneNumber, ProviderCallId,
    RawStatus, Sender, StatusReport,
};

use super::fields::Fields;
use super::{Claims, Incoming, Notice, ParseError, Route};

pub(super) fn parse(incoming: &Incoming<'_>) -> Result<Notice, ParseError> {
    let fields = Fields::of(incoming.request)?;
    if fields.get("CallUUID")?.is_some() {
        return call(incoming, &fields);
    }
    if let Some(kind @ "whatsapp") = fields.get("Type")? {
        return Ok(Notice::ignored(kind));
    }
    match (fields.get("Status")?, incoming.route) {
        // An inbound message's status is whether we answered, should it ever be posted.
        (None | Some("received"), Route::Webhook | Route::Voice) => message(incoming, &fields),
        (Some(word), _) => delivery(incoming, &fields, word),
        (None, Route::Status) if is_inbound(&fields)? => message(incoming, &fields),
        (None, Route::Status) => Err(ParseError::Missing("Status")),
    }
}

/// Whether there is what only inbound messages have: words.
fn is_inbound(fields: &Fields<'_>) -> Result<bool, ParseError> {
    Ok(fields.get("Text")?.or(fields.get("Body")?).is_some())
}

fn message(incoming: &Incoming<'_>, fields: &Fields<'_>) -> Result<Notice, ParseError> {
    let id = fields.message_id("MessageUUID", is_uuid)?;
    let (from, to) = (fields.sender("From", sender)?, fields.recipient("To", sender)?);
    let claims = Claims { number: Some(to.clone()), ..Claims::default() };
    let mut message = incoming.message(id, from, to);
    // The words of an SMS are in `Text`, those of an MMS in `Body`.
    let words = fields.get("Text")?.or(fields.get("Body")?);
    message.body = Body::new(words.unwrap_or_default());
    // Their reference counts from Media1, their support article from Media0.
    message.media = fields.media("Media", None)?;
    message.opt_out = match fields.get("MessageIntent")? {
        Some("optout") => Some(OptOut::Stop),
        Some("optin") => Some(OptOut::Start),
        Some("help") => Some(OptOut::Help),
        _ => None,
    };
    Ok(Notice::message(message, claims))
}

fn delivery(
    incoming: &Incoming<'_>,
    fields: &Fields<'_>,
    word: &str,
) -> Result<Notice, ParseError> {
    let id = fields.message_id("MessageUUID", is_uuid)?;
    let Some(status) = message_status(word) else { return Ok(Notice::ignored(word)) };
    let mut report = StatusReport::new(status, word);
    report.code = fields.get("ErrorCode")?.filter(|code| *code != "000").map(CarrierCode::new);
    let sequence: Option<u64> = fields.number("Sequence")?;
    report.order = sequence.map_or(Order::Unknown, Order::Sequence);
    let detail = match sequence {
        Some(sequence) => format!("{word}/{sequence}"),
        None => word.to_owned(),
    };
    let number = fields.sender_if_any("From", sender)?;
    let claims = Claims { number, ..Claims::default() };
    Ok(Notice::delivery(incoming.delivery(id, report)?, &detail, claims))
}

fn call(incoming: &Incoming<'_>, fields: &Fields<'_>) -> Result<Notice, ParseError> {
    let id = fields.call_id("CallUUID", is_uuid)?;
    let event = fields.get("Event")?;
    let Some(word) = fields.get("CallStatus")? else {
        return Ok(Notice::ignored("call-without-CallStatus"));
    };
    let mut update = incoming.call(id, call_status(word), word)?;
    update.inbound = fields.get("Direction")? == Some("inbound");
    // Mostly they are the same, and Plivo promises it nowhere.
    let placed_as = fields.get("RequestUUID")?.filter(|_| !update.inbound);
    update.placed_as =
        placed_as.and_then(|id| ProviderCallId::new(id).ok()).filter(|id| *id != update.id);
    update.from = fields.sender_if_any("From", sender)?;
    update.to = fields.sender_if_any("To", sender)?;
    update.asks = event == Some("StartApp");
    update.answered_by_machine = match fields.get("Machine")? {
        Some("true") => Some(true),
        Some("false") => Some(false),
        _ => None,
    };
    update.duration_seconds = fields.number("Duration")?;
    update.code = fields.get("HangupCauseCode")?.map(CarrierCode::new);
    let number = if update.inbound { &update.to } else { &update.from };
    let claims = Claims { number: number.clone(), ..Claims::default() };
    let detail = RawStatus::new(event.unwrap_or(word));
    Ok(Notice::call(update, detail.as_str(), claims))
}

/// Plivo leaves out the `+` of numbers; short codes never have one.
fn sender(text: &str) -> Option<Sender> {
    let is_number = text.len() > 6 && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = is_number.then(|| PhoneNumber::from_international_digits(text).ok()).flatten();
    number.map(Sender::Number).or_else(|| Sender::parse(text).ok())
}

fn is_uuid(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

fn message_status(word: &str) -> Option<MessageStatus> {
    Some(match word {
        "queued" => MessageStatus::Queued,
        "sent" => MessageStatus::Sent,
        "delivered" => MessageStatus::Delivered,
        "undelivered" => MessageStatus::Undelivered,
        "failed" | "rejected" => MessageStatus::Failed,
        "read" => MessageStatus::Read,
        _ => return None,
    })
}

fn call_status(word: &str) -> Option<CallStatus> {
    Some(match word {
        "ringing" => CallStatus::Ringing,
        "in-progress" => CallStatus::InProgress,
        "completed" => CallStatus::Completed,
        "busy" => CallStatus::Busy,
        "failed" | "timeout" => CallStatus::Failed,
        "no-answer" => CallStatus::NoAnswer,
        "cancel" => CallStatus::Canceled,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::parse::parse;
    use crate::parse::samples::{event, form, ignored, plivo, verified};

    /// The examples of the pages, as they are on the wire.
    const SMS: &str = "From=14155550123&To=12025551000&Type=sms&Text=Hello+there\
        &MessageUUID=5b40a428-bfc7-4daf-9d06-726c558bf3b8&Units=1&TotalRate=0.00000\
        &TotalAmount=0.00000&MessageIntent=&PowerpackUUID=";

    const MMS: &str = "From=14155550123&To=12025551000&Type=mms&Body=see+pics\
        &MessageUUID=6b40a428-bfc7-4daf-9d06-726c558bf3b8&MediaCount=2\
        &Media0=https%3A%2F%2Fmedia.plivo.com%2Fa&Media1=https%3A%2F%2Fmedia.plivo.com%2Fb\
        &Units=1&TotalAmount=0.00000&TotalRate=0.00000";

    const STATUS: &str = "From=12025551000&To=14155550123&Type=sms&Status=undelivered\
        &MessageUUID=5b40a428-bfc7-4daf-9d06-726c558bf3b8\
        &ParentMessageUUID=5b40a428-bfc7-4daf-9d06-726c558bf3b8&PartInfo=1+of+1&Units=1\
        &TotalRate=0.00500&TotalAmount=0.00500&MCC=310&MNC=004&ErrorCode=50&Sequence=3\
        &MessageTime=2026-01-01+00%3A00%3A00.000000&PowerpackUUID=";

    const HANGUP: &str = "CallUUID=9834029e-58b6-11e1-b8b7-a5bd0e4e126f&From=12025551000\
        &RequestUUID=9834029e-58b6-11e1-b8b7-a5bd0e4e126f&To=14155550123&Direction=outbound\
        &CallStatus=completed&Event=Hangup&HangupCauseName=Normal+Hangup&HangupCauseCode=4000\
        &HangupSource=Callee&Duration=7&BillDuration=60&TotalCost=0.01";

    #[test]
    fn a_text_is_a_message() {
        let expected = json!({
            "kind": "message",
            "account": "default",
            "id": "5b40a428-bfc7-4daf-9d06-726c558bf3b8",
            "from": "+14155550123",
            "to": "+12025551000",
            "body": "Hello there",
            "receivedAt": "1970-01-01T00:00:00.000Z",
        });
        for target in ["/webhook", "/status"] {
            let (key, message, claims) = event(form(&plivo(), target, SMS));
            assert_eq!(key, "message 5b40a428-bfc7-4daf-9d06-726c558bf3b8");
            assert_eq!(message, expected);
            assert!(claims.belong_to(&plivo()));
        }
        let target = format!("/webhook?{SMS}");
        let request = verified("GET", &target, "text/plain", b"");
        let (_, message, _) = event(parse(&request, &plivo(), Route::Webhook));
        assert_eq!(message, expected);
    }

    #[test]
    fn media_are_counted_from_naught_or_one() {
        for (first, second) in [("Media0", "Media1"), ("Media1", "Media2")] {
            let body = MMS.replace("Media1", second).replace("Media0", first);
            let (_, message, _) = event(form(&plivo(), "/webhook", &body));
            assert_eq!(message["body"], "see pics");
            let urls =
                json!([{"url": "https://media.plivo.com/a"}, {"url": "https://media.plivo.com/b"}]);
            assert_eq!(message["media"], urls);
        }
        let many: String = (0..=10).map(|n| format!("&Media{n}=https://example.com/{n}")).collect();
        let (_, message, _) = event(form(&plivo(), "/webhook", &(SMS.to_owned() + &many)));
        assert_eq!(message["media"].as_array().unwrap().len(), telephony_core::MAX_MEDIA);
    }

    #[test]
    fn what_plivo_recognised_comes_along() {
        for (intent, expected) in [
            ("optout", json!("stop")),
            ("optin", json!("start")),
            ("help", json!("help")),
            ("", json!(null)),
        ] {
            let body = SMS.replace("MessageIntent=", &format!("MessageIntent={intent}"));
            let (_, message, _) = event(form(&plivo(), "/webhook", &body));
            assert_eq!(message["optOut"], expected);
        }
    }

    #[test]
    fn a_status_is_a_report_with_its_place() {
        let (key, update, claims) = event(form(&plivo(), "/status?ref=r-1", STATUS));
        assert_eq!(key, "delivery 5b40a428-bfc7-4daf-9d06-726c558bf3b8 undelivered/3");
        let expected = json!({
            "kind": "delivery",
            "account": "default",
            "id": "5b40a428-bfc7-4daf-9d06-726c558bf3b8",
            "report": {
                "status": "undelivered",
                "isFinal": false,
                "order": {"sequence": 3},
                "raw": "undelivered",
                "code": "50",
            },
            "reference": "r-1",
        });
        assert_eq!(update, expected);
        assert!(claims.belong_to(&plivo()));
        for (word, expected) in [
            ("queued", "queued"),
            ("sent", "sent"),
            ("delivered", "delivered"),
            ("failed", "failed"),
            ("rejected", "failed"),
            ("read", "read"),
        ] {
            let body = STATUS
                .replace("Status=undelivered", &format!("Status={word}"))
                .replace("ErrorCode=50", "ErrorCode=000");
            let (_, update, _) = event(form(&plivo(), "/webhook", &body));
            assert_eq!(update["report"]["status"], expected);
            assert_eq!(update["report"].get("code"), None);
        }
    }

    #[test]
    fn a_call_is_followed() {
        let (key, update, claims) = event(form(&plivo(), "/status?ref=r-1", HANGUP));
        assert_eq!(key, "call 9834029e-58b6-11e1-b8b7-a5bd0e4e126f Hangup");
        let expected = json!({
            "kind": "call",
            "account": "default",
            "id": "9834029e-58b6-11e1-b8b7-a5bd0e4e126f",
            "status": "completed",
            "raw": "completed",
            "order": "unknown",
            "inbound": false,
            "from": "+12025551000",
            "to": "+14155550123",
            "durationSeconds": 7,
            "code": "4000",
            "reference": "r-1",
        });
        assert_eq!(update, expected);
        assert!(claims.belong_to(&plivo()));
        for (word, expected) in [
            ("ringing", json!("ringing")),
            ("in-progress", json!("in-progress")),
            ("busy", json!("busy")),
            ("failed", json!("failed")),
            ("timeout", json!("failed")),
            ("no-answer", json!("no-answer")),
            ("cancel", json!("canceled")),
            ("new", json!(null)),
        ] {
            let body = HANGUP.replace("CallStatus=completed", &format!("CallStatus={word}"));
            let (_, update, _) = event(form(&plivo(), "/webhook", &body));
            assert_eq!((&update["status"], &update["raw"]), (&expected, &json!(word)));
        }
        let inbound = "CallUUID=1-a&From=14155550123&To=12025551000&Direction=inbound\
                       &CallStatus=ringing&Event=StartApp";
        let (_, update, claims) = event(form(&plivo(), "/webhook", inbound));
        assert_eq!((&update["inbound"], &update["asks"]), (&json!(true), &json!(true)));
        assert!(claims.belong_to(&plivo()));
    }

    #[test]
    fn a_call_of_ours_asks_by_the_path_that_names_it() {
        let body =
            HANGUP.replace("Event=Hangup", "Event=StartApp").replace("completed", "in-progress");
        let body = body.replace("RequestUUID=9834029e", "RequestUUID=a9058528");
        let kind = "application/x-www-form-urlencoded";
        let request = verified("POST", "/webhook/voice/r-1?ref=r-2", kind, body.as_bytes());
        let (key, update, _) = event(parse(&request, &plivo(), Route::Voice));
        assert_eq!(key, "call 9834029e-58b6-11e1-b8b7-a5bd0e4e126f StartApp");
        assert_eq!((&update["asks"], &update["reference"]), (&json!(true), &json!("r-1")));
        assert_eq!(update["placedAs"], "a9058528-58b6-11e1-b8b7-a5bd0e4e126f");
    }

    #[test]
    fn who_answered_is_told_while_the_call_goes_on() {
        let body = HANGUP
            .replace("Event=Hangup", "Event=MachineDetection")
            .replace("completed", "in-progress");
        for (word, expected) in [("true", json!(true)), ("false", json!(false)), ("x", json!(null))]
        {
            let (key, update, _) =
                event(form(&plivo(), "/status", &format!("{body}&Machine={word}")));
            assert_eq!(key, "call 9834029e-58b6-11e1-b8b7-a5bd0e4e126f MachineDetection");
            assert_eq!(update["answeredByMachine"], expected, "{word}");
        }
    }

    #[test]
    fn numbers_get_their_plus_and_nothing_else_does() {
        for (text, expected) in [
            ("14155550123", Some("+14155550123")),
            ("+14155550123", Some("+14155550123")),
            ("2907123", Some("+2907123")),
            ("12345", Some("12345")),
            ("123456", Some("123456")),
            ("Acme", Some("Acme")),
            ("0123456789", None),
        ] {
            assert_eq!(sender(text).as_ref().map(Sender::as_str), expected, "{text}");
        }
    }

    #[test]
    fn what_is_not_known_is_no_error_and_what_is_missing_is() {
        let whatsapp = SMS.replace("Type=sms", "Type=whatsapp");
        assert_eq!(ignored(form(&plivo(), "/webhook", &whatsapp)), "whatsapp");
        let new_word = STATUS.replace("Status=undelivered", "Status=lost");
        assert_eq!(ignored(form(&plivo(), "/status", &new_word)), "lost");
        for (target, body, expected) in [
            ("/webhook", SMS.replace("From=14155550123&", ""), ParseError::Missing("From")),
            ("/webhook", SMS.replace("MessageUUID", "X"), ParseError::Missing("MessageUUID")),
            ("/webhook", format!("{SMS}&From=1"), ParseError::Contradiction("From")),
            ("/status", STATUS.replace("Status=undelivered", ""), ParseError::Missing("Status")),
            (
                "/status",
                STATUS.replace("MessageUUID=5b", "MessageUUID=5%20b"),
                ParseError::Malformed { field: "MessageUUID", expected: "the id of a message" },
            ),
            (
                "/status",
                STATUS.replace("Sequence=3", "Sequence=-3"),
                ParseError::Malformed { field: "Sequence", expected: "a whole number" },
            ),
        ] {
            assert_eq!(form(&plivo(), target, &body), Err(expected), "{body}");
        }
    }
}
