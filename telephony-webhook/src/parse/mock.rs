//! What is posted to the mock: JSON that is easy to write by hand.
//!
//! A message is `{"from", "text", "messageId", "to"?, "mediaUrls"?}`, a receipt
//! `{"messageId", "status", "errorCode"?}`.

use telephony_core::{
    Body, CarrierCode, HttpUrl, InboundMedia, MAX_MEDIA, MessageStatus, StatusReport,
};

use super::json::Payload;
use super::{Claims, Incoming, Notice, ParseError, Route};

pub(super) fn parse(incoming: &Incoming<'_>) -> Result<Notice, ParseError> {
    let payload = Payload::of(incoming.request.body())?;
    match (payload.text("/status")?, incoming.route) {
        (Some(word), _) => delivery(incoming, &payload, word),
        (None, Route::Webhook | Route::Voice) => message(incoming, &payload),
        (None, Route::Status) => Err(ParseError::Missing("/status")),
    }
}

/// A message. Without `to`, it is to the account's own number.
fn message(incoming: &Incoming<'_>, payload: &Payload) -> Result<Notice, ParseError> {
    let id = payload.message_id("/messageId")?;
    let from = payload.sender("/from")?;
    let to = match (payload.text("/to")?, &incoming.account.from) {
        (None, Some(own)) => own.clone(),
        _ => payload.sender("/to")?,
    };
    let claims = Claims { number: Some(to.clone()), ..Claims::default() };
    let mut message = incoming.message(id, from, to);
    message.body = Body::new(payload.text("/text")?.unwrap_or_default());
    for url in payload.list("/mediaUrls")?.iter().take(MAX_MEDIA) {
        let url = url.as_str().and_then(|url| HttpUrl::parse(url).ok());
        let field = "/mediaUrls";
        let url = url.ok_or(ParseError::Malformed { field, expected: "absolute URLs" })?;
        message.media.push(InboundMedia::new(url));
    }
    Ok(Notice::message(message, claims))
}

fn delivery(incoming: &Incoming<'_>, payload: &Payload, word: &str) -> Result<Notice, ParseError> {
    let id = payload.message_id("/messageId")?;
    let Some(status) = message_status(word) else { return Ok(Notice::ignored(word)) };
    let mut report = StatusReport::new(status, word);
    report.code = payload.code("/errorCode")?.as_deref().map(CarrierCode::new);
    Ok(Notice::delivery(incoming.delivery(id, report)?, word, Claims::default()))
}

/// Our own names.
fn message_status(word: &str) -> Option<MessageStatus> {
    use MessageStatus as S;
    [S::Queued, S::Sending, S::Sent, S::Failed, S::Undelivered, S::Delivered, S::Received, S::Read]
        .into_iter()
        .find(|status| status.as_str() == word)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::parse::samples::{event, ignored, json, mock, verified};
    use crate::parse::{ParseError as E, parse};

    #[test]
    fn a_text_is_a_message_to_the_account() {
        let body = json!({"from": "+15550001234", "text": "hi", "messageId": "m-1"});
        let (key, message, claims) = event(json(&mock(), "/webhook", &body));
        assert_eq!(key, "message m-1");
        let expected = json!({
            "kind": "message",
            "account": "default",
            "id": "m-1",
            "from": "+15550001234",
            "to": "+15550001111",
            "body": "hi",
            "receivedAt": "1970-01-01T00:00:00.000Z",
        });
        assert_eq!(message, expected);
        assert!(claims.belong_to(&mock()));
    }

    #[test]
    fn it_may_name_another_number_and_media() {
        let body = json!({
            "from": "72345", "to": "+15550002222", "messageId": "m-1",
            "mediaUrls": vec!["https://example.com/a.png"; 12],
        });
        let (_, message, claims) = event(json(&mock(), "/webhook", &body));
        assert_eq!((&message["from"], &message["to"]), (&json!("72345"), &json!("+15550002222")));
        assert_eq!(message["media"].as_array().unwrap().len(), MAX_MEDIA);
        assert!(!claims.belong_to(&mock()));
    }

    #[test]
    fn a_receipt_is_a_report() {
        let body = json!({"messageId": "mock-1", "status": "failed", "errorCode": 30003});
        let (key, update, claims) = event(json(&mock(), "/status?ref=r-1", &body));
        assert_eq!(key, "delivery mock-1 failed");
        assert_eq!(
            (&update["report"]["code"], &update["reference"]),
            (&json!("30003"), &json!("r-1"))
        );
        assert!(claims.belong_to(&mock()));
        let body = json!({"messageId": "mock-1", "status": "lost"});
        assert_eq!(ignored(json(&mock(), "/status", &body)), "lost");
    }

    #[test]
    fn what_is_wrong_is_named() {
        let malformed = |field, expected| E::Malformed { field, expected };
        for (body, expected) in [
            (json!({"text": "hi", "messageId": "1"}), E::Missing("/from")),
            (json!({"from": "+15550001234", "text": "hi"}), E::Missing("/messageId")),
            (json!({"from": 15550001234_u64, "messageId": "1"}), malformed("/from", "a text")),
            (
                json!({"from": "+15550001234", "messageId": "a b"}),
                malformed("/messageId", "the id of a message"),
            ),
            (
                json!({"from": "+15550001234", "messageId": "1", "mediaUrls": ["x"]}),
                malformed("/mediaUrls", "absolute URLs"),
            ),
            (json!([]), E::Json),
        ] {
            assert_eq!(json(&mock(), "/webhook", &body), Err(expected), "{body}");
        }
        let status = json(&mock(), "/status", &json!({"messageId": "1"}));
        assert_eq!(status, Err(E::Missing("/status")));
        let request = verified("POST", "/webhook", "application/json", b"{");
        assert_eq!(parse(&request, &mock(), Route::Webhook), Err(E::Json));
        // Nobody's number is made up.
        let mut nobody = mock();
        nobody.from = None;
        let body = json!({"from": "+15550001234", "messageId": "1"});
        assert_eq!(json(&nobody, "/webhook", &body), Err(E::Missing("/to")));
    }
}
