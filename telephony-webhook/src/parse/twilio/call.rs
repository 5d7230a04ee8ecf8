//! Twilio's callbacks about calls.
//!
//! <https://www.twilio.com/docs/voice/api/call-resource#statuscallback>

use telephony_core::{CallStatus, CarrierCode, Order};

use super::{claims, is_sid, sender};
use crate::parse::fields::Fields;
use crate::parse::{Incoming, Notice, ParseError};

pub(super) fn parse(incoming: &Incoming<'_>, fields: &Fields<'_>) -> Result<Notice, ParseError> {
    let id = fields.call_id("CallSid", |sid| is_sid(sid, "CA"))?;
    let answered_by = fields.get("AnsweredBy")?;
    let status = fields.get("CallStatus")?;
    // Who answered is told by itself too, and recordings and the like are, which are not ours.
    let Some(word) = status.or(answered_by) else {
        return Ok(Notice::ignored("call-without-CallStatus"));
    };
    let mut update = incoming.call(id, status.and_then(call_status), word)?;
    update.inbound = fields.get("Direction")? == Some("inbound");
    // A number's voice URL is asked while it rings; only reports on progress name their source.
    let is_open = matches!(update.status, Some(CallStatus::Ringing | CallStatus::InProgress));
    update.asks = update.inbound && is_open && fields.get("CallbackSource")?.is_none();
    update.from = fields.sender_if_any("From", sender)?;
    update.to = fields.sender_if_any("To", sender)?;
    // `Duration` is what is billed, in minutes.
    update.duration_seconds = fields.number("CallDuration")?;
    update.code = fields.get("SipResponseCode")?.map(CarrierCode::new);
    update.answered_by_machine = match answered_by.unwrap_or_default() {
        "human" => Some(false),
        "fax" => Some(true),
        word => word.starts_with("machine_").then_some(true),
    };
    let sequence: Option<u64> = fields.number("SequenceNumber")?;
    update.order = sequence.map_or(Order::Unknown, Order::Sequence);
    let number = if update.inbound { &update.to } else { &update.from };
    let claims = claims(fields, number.clone())?;
    let detail = match sequence {
        Some(sequence) => sequence.to_string(),
        None => update.raw.as_str().to_owned(),
    };
    Ok(Notice::call(update, &detail, claims))
}

fn call_status(word: &str) -> Option<CallStatus> {
    Some(match word {
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

#[cfg(test)]
mod tests {
    use serde_json::json;
    use telephony_core::Sender;

    use super::*;
    use crate::parse::samples::{event, form, ignored, twilio};

    const CALL: &str = "CallSid=CA0123456789abcdef0123456789abcdef&AccountSid=ACaa&ApiVersion=2010\
        &From=%2B15017122661&To=%2B15558675310&Direction=outbound-api&CallStatus=completed\
        &Timestamp=Thu%2C+24+Aug+2023+05%3A01%3A45+%2B0000&CallbackSource=call-progress-events\
        &SequenceNumber=3&CallDuration=7&Duration=1&SipResponseCode=200&AnsweredBy=machine_start";

    #[test]
    fn a_call_is_followed() {
        let (key, update, claims) = event(form(&twilio(), "/status?ref=r-1", CALL));
        assert_eq!(key, "call CA0123456789abcdef0123456789abcdef 3");
        let expected = json!({
            "kind": "call",
            "account": "default",
            "id": "CA0123456789abcdef0123456789abcdef",
            "status": "completed",
            "raw": "completed",
            "order": {"sequence": 3},
            "inbound": false,
            "from": "+15017122661",
            "to": "+15558675310",
            "durationSeconds": 7,
            "answeredByMachine": true,
            "code": "200",
            "reference": "r-1",
        });
        assert_eq!(update, expected);
        assert_eq!(claims.number, Sender::parse("+15017122661").ok());
    }

    #[test]
    fn a_call_that_comes_in_is_one_of_ours_to_take() {
        let body = "CallSid=CA01&AccountSid=ACaa&Direction=inbound&CallStatus=ringing\
                    &From=sip%3Aalice%40example.com&To=%2B15017122661";
        let (key, update, claims) = event(form(&twilio(), "/webhook", body));
        assert_eq!(key, "call CA01 ringing");
        assert_eq!(update["inbound"], true);
        assert_eq!((&update["from"], &update["to"]), (&json!(null), &json!("+15017122661")));
        assert_eq!(claims.number, Sender::parse("+15017122661").ok());
        let (_, update, _) = event(form(&twilio(), "/webhook", "CallSid=CA1&CallStatus=new-word"));
        assert_eq!((&update["status"], &update["raw"]), (&json!(null), &json!("new-word")));
        for (word, expected) in
            [("human", json!(false)), ("fax", json!(true)), ("unknown", json!(null))]
        {
            let body = format!("CallSid=CA1&CallStatus=in-progress&AnsweredBy={word}");
            let (_, update, _) = event(form(&twilio(), "/webhook", &body));
            assert_eq!(update["answeredByMachine"], expected, "{word}");
        }
    }

    #[test]
    fn a_call_asks_what_it_is_to_do_and_a_report_does_not() {
        let asks = "CallSid=CA01&AccountSid=ACaa&Direction=inbound&CallStatus=ringing\
                    &From=%2B15558675310&To=%2B15017122661";
        for (body, expected) in [
            (asks.to_owned(), json!(true)),
            (asks.replace("ringing", "in-progress"), json!(true)),
            (asks.replace("ringing", "completed"), json!(null)),
            (asks.replace("inbound", "outbound-api"), json!(null)),
            (format!("{asks}&CallbackSource=call-progress-events"), json!(null)),
        ] {
            let (_, update, _) = event(form(&twilio(), "/webhook", &body));
            assert_eq!(update["asks"], expected, "{body}");
        }
    }

    #[test]
    fn who_answered_is_told_by_itself() {
        let body = "CallSid=CA01&AccountSid=ACaa&AnsweredBy=machine_start\
                    &MachineDetectionDuration=2500";
        let (key, update, _) = event(form(&twilio(), "/status?ref=r-1", body));
        assert_eq!(key, "call CA01 machine_start");
        assert_eq!((&update["status"], &update["answeredByMachine"]), (&json!(null), &json!(true)));
        assert_eq!(update["reference"], "r-1");
    }

    #[test]
    fn what_is_odd_is_named() {
        let malformed = |field, expected| ParseError::Malformed { field, expected };
        for (body, expected) in [
            (
                CALL.replace("SequenceNumber=3", "SequenceNumber=x"),
                malformed("SequenceNumber", "a whole number"),
            ),
            (
                CALL.replace("CallDuration=7", "CallDuration=-7"),
                malformed("CallDuration", "a whole number"),
            ),
            (CALL.replace("CallSid=CA", "CallSid=XX"), malformed("CallSid", "the id of a call")),
            (format!("{CALL}&CallStatus=busy"), ParseError::Contradiction("CallStatus")),
        ] {
            assert_eq!(form(&twilio(), "/status", &body), Err(expected), "{body}");
        }
        let recording = "CallSid=CA1&RecordingStatus=completed";
        assert_eq!(ignored(form(&twilio(), "/status", recording)), "call-without-CallStatus");
    }
}
