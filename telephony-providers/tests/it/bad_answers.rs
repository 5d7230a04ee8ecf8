//! What carriers answer when they do not answer right, and what is made of it.

use serde_json::json;
use telephony_core::ProviderKind;
use telephony_providers::{ErrorKind, Outcome, explain};
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

/// Every code of the carriers' pages, and what it means to us.
#[test]
fn every_documented_code_has_its_kind() {
    use ErrorKind as K;
    use ProviderKind::{Plivo, Telnyx, Twilio};
    let table: &[(ProviderKind, &[&str], K)] = &[
        (Twilio, &["20003"], K::Authentication),
        (Twilio, &["20404"], K::NotFound),
        (Twilio, &["20429"], K::RateLimited),
        (Twilio, &["21211", "21265", "21614"], K::InvalidRecipient),
        (Twilio, &["21401", "21606"], K::InvalidSender),
        (Twilio, &["21408", "21608"], K::Permission),
        (Twilio, &["21609"], K::Configuration),
        (Twilio, &["21610"], K::OptedOut),
        (Twilio, &["21612", "30003", "30005", "30006"], K::Unreachable),
        (Twilio, &["21617"], K::TooLong),
        (Twilio, &["21635"], K::Landline),
        (Twilio, &["30001"], K::Temporary),
        (Twilio, &["30002"], K::Account),
        (Twilio, &["30004", "30007", "30450", "30610", "30640"], K::Blocked),
        (Twilio, &["30008"], K::Unknown),
        (Twilio, &["30034"], K::Compliance),
        (Twilio, &["30036"], K::Expired),
        (Telnyx, &["10009", "20001", "20002", "20008"], K::Authentication),
        (Telnyx, &["10010", "20013", "20014", "10038", "40309", "40331"], K::Permission),
        (Telnyx, &["10005"], K::NotFound),
        (Telnyx, &["10011", "40011", "40016", "40018"], K::RateLimited),
        (Telnyx, &["10002", "10016", "40310", "40012"], K::InvalidRecipient),
        (
            Telnyx,
            &["40305", "40013", "40306", "40307", "40325", "40308", "40320"],
            K::InvalidSender,
        ),
        (Telnyx, &["40300"], K::OptedOut),
        (Telnyx, &["40001"], K::Landline),
        (Telnyx, &["40004", "40006", "40008"], K::Unreachable),
        (Telnyx, &["40002", "40003", "40015", "40017", "40322"], K::Blocked),
        (Telnyx, &["40005", "40014"], K::Expired),
        (Telnyx, &["40010", "40019", "40329", "40330"], K::Compliance),
        (Telnyx, &["40302", "40317", "40328", "40316", "40304", "40009"], K::InvalidContent),
        (Telnyx, &["40318"], K::Temporary),
        (Telnyx, &["40312", "40314", "40333", "20012", "20100"], K::Account),
        (Plivo, &["10", "110", "120"], K::InvalidContent),
        (Plivo, &["20", "300"], K::Temporary),
        (Plivo, &["30", "60", "100"], K::Blocked),
        (Plivo, &["40"], K::InvalidSender),
        (Plivo, &["50"], K::InvalidRecipient),
        (Plivo, &["70", "80", "90"], K::Unreachable),
        (Plivo, &["200"], K::OptedOut),
        (Plivo, &["201"], K::Permission),
        (Plivo, &["420"], K::Expired),
        (Plivo, &["900", "910"], K::Account),
        (Plivo, &["1000"], K::Unknown),
    ];
    for (provider, codes, kind) in table {
        for code in *codes {
            assert_eq!(explain(*provider, code).kind, *kind, "{provider} {code}");
        }
    }
}
