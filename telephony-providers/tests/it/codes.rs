//! Every code that the carriers document: its kind, whether anything was sent, and that it is read
//! from refusals and from what is said of messages later.

use serde_json::{Value, json};
use telephony_core::{ProviderKind, StatusReport};
use telephony_providers::{Connection, Error, ErrorKind as K, Outcome, explain};
use wiremock::{Mock, MockServer, ResponseTemplate, matchers};

use crate::carrier::{client, message, message_id};

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

/// What Plivo's HTTP statuses say, which are all that its refusals have.
const PLIVO_STATUSES: [(u16, K, Outcome); 10] = [
    (400, K::InvalidContent, Outcome::NotSent),
    (401, K::Authentication, Outcome::NotSent),
    (402, K::Account, Outcome::NotSent),
    (403, K::Permission, Outcome::NotSent),
    (404, K::NotFound, Outcome::NotSent),
    (405, K::InvalidContent, Outcome::NotSent),
    (429, K::RateLimited, Outcome::NotSent),
    (500, K::Temporary, Outcome::Unknown),
    (502, K::Temporary, Outcome::Unknown),
    (503, K::Temporary, Outcome::Unknown),
];

/// A carrier that answers as it is told, and a client of it.
struct Scripted {
    server: MockServer,
    connection: Connection,
}

impl Scripted {
    async fn new(kind: ProviderKind) -> Self {
        let server = MockServer::start().await;
        let connection = client(kind, &server.uri(), |_| {});
        Self { server, connection }
    }

    async fn answers(&self, status: u16, body: Value) {
        self.server.reset().await;
        let answer = ResponseTemplate::new(status).set_body_json(body);
        Mock::given(matchers::any()).respond_with(answer).mount(&self.server).await;
    }

    /// What becomes of a message that is refused like this.
    async fn refuses(&self, status: u16, body: Value) -> Error {
        self.answers(status, body).await;
        self.connection.messaging.send(&message()).await.unwrap_err()
    }

    /// What is read when this is said of a message.
    async fn reports(&self, body: Value) -> StatusReport {
        self.answers(200, body).await;
        self.connection.messaging.fetch(&message_id()).await.unwrap()
    }
}

fn assert_is(error: &Error, expected: (K, Outcome), code: Option<u32>) {
    assert_eq!((error.kind(), error.outcome()), expected, "{error}");
    let found = error.code().map(|code| code.as_str().to_owned());
    assert_eq!(found, code.map(|code| code.to_string()), "{error}");
}

fn telnyx_codes() -> impl Iterator<Item = (u32, K)> {
    TELNYX.into_iter().flat_map(|(kind, codes)| codes.iter().map(move |code| (*code, kind)))
}

#[tokio::test]
async fn every_code_that_comes_with_an_answer_has_its_kind_and_is_not_sent() {
    let twilio = Scripted::new(ProviderKind::Twilio).await;
    for (status, code, expected) in TWILIO {
        let body = json!({ "code": code, "message": "x", "status": status });
        let error = twilio.refuses(status, body).await;
        assert_is(&error, (expected, Outcome::NotSent), Some(code));
    }
    let telnyx = Scripted::new(ProviderKind::Telnyx).await;
    for (code, expected) in telnyx_codes() {
        // The document says no more than "4XX": the code decides.
        for status in [400, 403, 422] {
            let body = json!({ "errors": [{ "code": code.to_string(), "title": "x" }] });
            let error = telnyx.refuses(status, body).await;
            assert_is(&error, (expected, Outcome::NotSent), Some(code));
        }
    }
}

#[tokio::test]
async fn plivo_refuses_by_status_alone() {
    let plivo = Scripted::new(ProviderKind::Plivo).await;
    for (status, kind, outcome) in PLIVO_STATUSES {
        for error in [json!("no"), json!({ "src": ["no"] })] {
            let error = plivo.refuses(status, json!({ "api_id": "a", "error": error })).await;
            assert_is(&error, (kind, outcome), None);
        }
    }
    let body = json!({ "api_id": "a", "error": "'1111111' is not a valid phone number." });
    let error = plivo.refuses(400, body).await;
    assert_is(&error, (K::InvalidRecipient, Outcome::NotSent), None);
}

#[tokio::test]
async fn every_code_that_comes_later_is_read_and_has_its_kind_and_a_fix() {
    type Report = fn(u32) -> Value;
    let twilio: Report = |code| json!({ "sid": "SM1", "status": "failed", "error_code": code });
    let telnyx: Report = |code| {
        let errors = json!([{ "code": code.to_string(), "title": "x" }]);
        json!({ "data": { "to": [{ "status": "delivery_failed" }], "errors": errors } })
    };
    let plivo: Report = |code| {
        let code = code.to_string();
        json!({ "message_state": "failed", "message_direction": "outbound", "error_code": code })
    };
    for (kind, report, codes) in [
        (ProviderKind::Twilio, twilio, TWILIO_LATER.to_vec()),
        (ProviderKind::Telnyx, telnyx, telnyx_codes().collect()),
        (ProviderKind::Plivo, plivo, PLIVO.to_vec()),
    ] {
        let carrier = Scripted::new(kind).await;
        for (number, expected) in codes {
            let report = carrier.reports(report(number)).await;
            assert!(report.status.is_failure(), "{kind} {number}");
            let code = report.code.unwrap();
            assert_eq!(code.as_str(), number.to_string());
            let explanation = explain(kind, code.as_str());
            assert_eq!(explanation.kind, expected, "{kind} {number}");
            // Codes that say nothing are the carrier's "unknown"; those that we do not know have
            // the address of its list.
            assert!(!explanation.sentence.contains("https://"), "{kind} {number}");
        }
        let unheard_of = explain(kind, "99999");
        assert_eq!(unheard_of.kind, K::Unknown);
        assert!(unheard_of.sentence.contains("https://"), "{unheard_of:?}");
    }
}

#[tokio::test]
async fn no_error_is_no_code() {
    let plivo = Scripted::new(ProviderKind::Plivo).await;
    for code in [json!("000"), json!(""), Value::Null] {
        let body = json!({ "message_state": "delivered", "error_code": code });
        assert_eq!(plivo.reports(body).await.code, None);
    }
    let twilio = Scripted::new(ProviderKind::Twilio).await;
    let body = json!({ "sid": "SM1", "status": "delivered", "error_code": null });
    assert_eq!(twilio.reports(body).await.code, None);
    let telnyx = Scripted::new(ProviderKind::Telnyx).await;
    let body = json!({ "data": { "to": [{ "status": "delivered" }], "errors": [] } });
    assert_eq!(telnyx.reports(body).await.code, None);
}
