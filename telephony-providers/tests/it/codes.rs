//! Every code that the carriers document: its kind, and that nothing was sent.

use serde_json::json;
use telephony_core::ProviderKind;
use telephony_providers::{ErrorKind as K, Outcome, explain};
use wiremock::ResponseTemplate;

use crate::carrier::{carrier, client, message};

/// Codes that Twilio answers with, and the HTTP status they come with.
const TWILIO: [(u16, u32, K); 17] = [
    (401, 20003, K::Authentication),
    (404, 20404, K::NotFound),
    (429, 20429, K::RateLimited),
    (400, 21211, K::InvalidRecipient),
    (400, 21265, K::InvalidRecipient),
    (400, 21401, K::InvalidSender),
    (400, 21606, K::InvalidSender),
    (400, 21408, K::Permission),
    (403, 21408, K::Permission),
    (400, 21608, K::Permission),
    (403, 21608, K::Permission),
    (400, 21609, K::Configuration),
    (400, 21610, K::OptedOut),
    (400, 21612, K::Unreachable),
    (400, 21614, K::InvalidRecipient),
    (400, 21617, K::TooLong),
    (400, 21635, K::Landline),
];

/// Codes that Twilio reports later.
const TWILIO_LATER: [(u32, K); 13] = [
    (30001, K::Temporary),
    (30002, K::Account),
    (30003, K::Unreachable),
    (30004, K::Blocked),
    (30005, K::Unreachable),
    (30006, K::Unreachable),
    (30007, K::Blocked),
    (30008, K::Unknown),
    (30034, K::Compliance),
    (30036, K::Expired),
    (30450, K::Blocked),
    (30610, K::Blocked),
    (30640, K::Blocked),
];

/// Telnyx's codes, which come with an answer or later.
const TELNYX: [(K, &[u32]); 17] = [
    (K::Authentication, &[10009, 20001, 20002, 20008]),
    (K::Permission, &[10010, 20013, 20014, 10038]),
    (K::NotFound, &[10005]),
    (K::RateLimited, &[10011]),
    (K::InvalidRecipient, &[10002, 10016, 40310, 40012]),
    (K::InvalidSender, &[40305, 40013, 40306, 40307, 40325, 40308, 40320]),
    (K::OptedOut, &[40300]),
    (K::Landline, &[40001]),
    (K::Unreachable, &[40004, 40006, 40008]),
    (K::Blocked, &[40002, 40003, 40015, 40017, 40322]),
    (K::Expired, &[40005, 40014]),
    (K::RateLimited, &[40011, 40016, 40018]),
    (K::Compliance, &[40010, 40019, 40329, 40330]),
    (K::Permission, &[40309, 40331]),
    (K::InvalidContent, &[40302, 40317, 40328, 40316, 40304, 40009]),
    (K::Temporary, &[40318]),
    (K::Account, &[40312, 40314, 40333, 20012, 20100]),
];

/// Plivo's codes, all of which are reported later.
const PLIVO: [(u32, K); 19] = [
    (10, K::InvalidContent),
    (20, K::Temporary),
    (30, K::Blocked),
    (40, K::InvalidSender),
    (50, K::InvalidRecipient),
    (60, K::Blocked),
    (70, K::Unreachable),
    (80, K::Unreachable),
    (90, K::Unreachable),
    (100, K::Blocked),
    (110, K::InvalidContent),
    (120, K::InvalidContent),
    (200, K::OptedOut),
    (201, K::Permission),
    (300, K::Temporary),
    (420, K::Expired),
    (900, K::Account),
    (910, K::Account),
    (1000, K::Unknown),
];

/// What a refusal with that status and body is taken for.
async fn refused(kind: ProviderKind, status: u16, body: serde_json::Value) -> (K, Outcome, bool) {
    let server = carrier(ResponseTemplate::new(status).set_body_json(body)).await;
    let connection = client(kind, &server.uri(), |_| {});
    let error = connection.messaging.send(&message()).await.unwrap_err();
    (error.kind(), error.outcome(), error.code().is_some())
}

#[tokio::test]
async fn every_code_that_comes_with_an_answer_has_its_kind_and_is_not_sent() {
    for (status, code, expected) in TWILIO {
        let body = json!({ "code": code, "message": "x", "status": status });
        let found = refused(ProviderKind::Twilio, status, body).await;
        assert_eq!(found, (expected, Outcome::NotSent, true), "{code}");
    }
    for (expected, codes) in TELNYX {
        for code in codes {
            let status = match expected {
                K::Authentication => 401,
                K::NotFound => 404,
                K::RateLimited => 429,
                _ => 422,
            };
            let body = json!({ "errors": [{ "code": code.to_string(), "title": "x" }] });
            let found = refused(ProviderKind::Telnyx, status, body).await;
            assert_eq!(found, (expected, Outcome::NotSent, true), "{code}");
        }
    }
}

#[test]
fn every_code_that_comes_later_has_its_kind_and_a_fix() {
    let telnyx = TELNYX.iter().flat_map(|(kind, codes)| codes.iter().map(move |c| (*c, *kind)));
    let of = |provider, rows: Vec<(u32, K)>| rows.into_iter().map(move |row| (provider, row));
    let all = of(ProviderKind::Twilio, TWILIO_LATER.to_vec())
        .chain(of(ProviderKind::Telnyx, telnyx.collect()))
        .chain(of(ProviderKind::Plivo, PLIVO.to_vec()));
    for (provider, (code, expected)) in all {
        let explanation = explain(provider, &code.to_string());
        assert_eq!(explanation.kind, expected, "{provider} {code}");
        assert!(explanation.sentence.len() > 10, "{provider} {code}");
    }
}
