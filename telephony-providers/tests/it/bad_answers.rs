//! What carriers answer when they do not answer right, and what is made of it.

use serde_json::json;
use telephony_core::ProviderKind;
use telephony_providers::{ErrorKind, Outcome};
use wiremock::ResponseTemplate;

use crate::carrier::{CARRIERS, TOKEN, arrived, carrier, client, message, message_id};

#[tokio::test]
async fn every_bad_answer_is_a_typed_error_with_the_right_outcome() {
    use Outcome::{NotSent, Unknown};
    let html = "<html>canary-body</html>";
    let huge = "x".repeat(10 * 1024 * 1024);
    for (name, answer, outcome) in [
        ("HTML 502", ResponseTemplate::new(502).set_body_string(html), Unknown),
        ("HTML 200", ResponseTemplate::new(200).set_body_string(html), Unknown),
        ("text 400", ResponseTemplate::new(400).set_body_string("no"), NotSent),
        (
            "truncated",
            ResponseTemplate::new(200).set_body_string("{\"sid\":\"canary-body"),
            Unknown,
        ),
        ("wrong type", ResponseTemplate::new(200).set_body_json(json!([1])), Unknown),
        ("no id", ResponseTemplate::new(200).set_body_json(json!({ "data": {} })), Unknown),
        ("empty", ResponseTemplate::new(200), Unknown),
        ("10 MB", ResponseTemplate::new(200).set_body_string(huge), Unknown),
        ("redirect", ResponseTemplate::new(302).insert_header("location", "/x"), NotSent),
        ("503", ResponseTemplate::new(503), Unknown),
        ("401", ResponseTemplate::new(401).set_body_string("denied"), NotSent),
    ] {
        for kind in CARRIERS {
            let server = carrier(answer.clone()).await;
            let provider = client(kind, &server.uri(), |_| {});
            let error = provider.messaging.send(&message()).await.unwrap_err();
            assert_eq!(error.outcome(), outcome, "{name} of {kind}: {error}");
            assert_eq!(arrived(&server).await.len(), 1, "{name} of {kind} is not repeated");
            let mut shown = format!("{error} {error:?}");
            let mut source = std::error::Error::source(&error);
            while let Some(cause) = source {
                shown.push_str(&format!("{cause} {cause:?}"));
                source = cause.source();
            }
            for secret in [TOKEN, "canary-body", "+15550001234"] {
                assert!(!shown.contains(secret), "{name} of {kind}: {shown}");
            }
            if name == "401" {
                assert_eq!(error.kind(), ErrorKind::Authentication);
            }
        }
    }
}

#[tokio::test]
async fn codes_are_read_where_each_carrier_puts_them() {
    for (kind, status, body, expected) in [
        (ProviderKind::Twilio, 400, json!({ "code": 21610, "message": "x" }), ErrorKind::OptedOut),
        (ProviderKind::Twilio, 400, json!({ "code": 21211 }), ErrorKind::InvalidRecipient),
        (ProviderKind::Twilio, 403, json!({ "code": 21608 }), ErrorKind::Permission),
        (
            ProviderKind::Telnyx,
            422,
            json!({ "errors": [{ "code": "40300", "source": { "pointer": "/to" } }] }),
            ErrorKind::OptedOut,
        ),
        (
            ProviderKind::Telnyx,
            400,
            json!({ "errors": [{ "code": 40310 }] }),
            ErrorKind::InvalidRecipient,
        ),
        (ProviderKind::Plivo, 403, json!({ "error": "geo" }), ErrorKind::Permission),
        (ProviderKind::Plivo, 404, json!({ "error": {} }), ErrorKind::NotFound),
    ] {
        let answer = ResponseTemplate::new(status).set_body_json(body);
        let server = carrier(answer).await;
        let provider = client(kind, &server.uri(), |_| {});
        let error = provider.messaging.send(&message()).await.unwrap_err();
        assert_eq!(error.kind(), expected, "{error}");
        assert_eq!(error.outcome(), Outcome::NotSent);
    }
}

#[tokio::test]
async fn a_question_that_fails_has_changed_nothing() {
    for kind in CARRIERS {
        let server = carrier(ResponseTemplate::new(500)).await;
        let provider = client(kind, &server.uri(), |_| {});
        let error = provider.messaging.fetch(&message_id()).await.unwrap_err();
        assert_eq!(error.outcome(), Outcome::NotSent);
        assert!(arrived(&server).await.len() > 1, "a question may be repeated");
    }
}

#[tokio::test]
async fn a_refusal_shows_how_its_request_is_found_again() {
    let twilio = ResponseTemplate::new(400).insert_header("twilio-request-id", "RQ1");
    let telnyx = ResponseTemplate::new(400).insert_header("x-request-id", "RQ1");
    let plivo = ResponseTemplate::new(400).set_body_json(json!({ "api_id": "RQ1", "error": "x" }));
    for (kind, answer) in CARRIERS.into_iter().zip([twilio, telnyx, plivo]) {
        let server = carrier(answer).await;
        let provider = client(kind, &server.uri(), |_| {});
        let error = provider.messaging.send(&message()).await.unwrap_err();
        assert_eq!(error.request_id(), Some("RQ1"), "{kind}");
        assert!(error.to_string().ends_with("(HTTP 400, request RQ1)"), "{error}");
        assert!(format!("{error:?}").contains("RQ1"), "{error:?}");
    }
}
