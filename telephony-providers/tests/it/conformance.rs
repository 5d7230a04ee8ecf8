//! All four providers pass the same suite.

use serde_json::{Value, json};
use telephony_core::ProviderKind;
use telephony_providers::conformance::{Carrier, WAIT};
use telephony_providers::{
    Connection, Error, ErrorKind, MockProvider, Outcome, provider_conformance,
};
use wiremock::matchers::{method, path_regex};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::carrier::{client, taken};

provider_conformance!(twilio, |carrier| stand_in(ProviderKind::Twilio, carrier));
provider_conformance!(telnyx, |carrier| stand_in(ProviderKind::Telnyx, carrier));
provider_conformance!(plivo, |carrier| stand_in(ProviderKind::Plivo, carrier));
provider_conformance!(mock, async |carrier| mock_provider(carrier));

/// A provider, and what stands in for its carrier.
struct StandIn {
    connection: Connection,
    _server: Option<MockServer>,
}

fn mock_provider(carrier: Carrier) -> StandIn {
    let mock = MockProvider::default();
    let failure = match carrier {
        Carrier::RefusesRecipient => Some((ErrorKind::InvalidRecipient, Outcome::NotSent)),
        Carrier::RefusesCredentials => Some((ErrorKind::Authentication, Outcome::NotSent)),
        Carrier::Throttles => Some((ErrorKind::RateLimited, Outcome::NotSent)),
        Carrier::Fails | Carrier::HangsUp => Some((ErrorKind::Temporary, Outcome::Unknown)),
        _ => None,
    };
    // As many as there are things to ask of a provider.
    for (kind, outcome) in failure.into_iter().cycle().take(6) {
        let error = Error::new(ProviderKind::Mock, kind, outcome, "it was told to fail");
        let wait = (carrier == Carrier::Throttles).then_some(WAIT);
        mock.fail_next_with(error.with_retry_after(wait).with_request_id(Some("req1".into())));
    }
    StandIn { connection: Connection::new(mock), _server: None }
}

async fn stand_in(kind: ProviderKind, carrier: Carrier) -> StandIn {
    if carrier == Carrier::HangsUp {
        let origin = hanging_up();
        return StandIn { connection: client(kind, &origin, |_| {}), _server: None };
    }
    let server = MockServer::start().await;
    let answer = |status: u16, body: Value| {
        let answer = ResponseTemplate::new(status).set_body_json(body);
        answer.insert_header("x-request-id", "req1")
    };
    let everything = match carrier {
        Carrier::RefusesRecipient => refusal(kind),
        Carrier::RefusesCredentials => answer(401, json!({})),
        Carrier::Throttles => {
            answer(429, json!({})).insert_header("retry-after", WAIT.as_secs().to_string())
        }
        Carrier::Fails => answer(503, json!({})),
        Carrier::KnowsNothing => answer(404, json!({})),
        _ => {
            works(kind, &server).await;
            return StandIn {
                connection: client(kind, &server.uri(), |_| {}),
                _server: Some(server),
            };
        }
    };
    Mock::given(wiremock::matchers::any()).respond_with(everything).mount(&server).await;
    StandIn { connection: client(kind, &server.uri(), |_| {}), _server: Some(server) }
}

/// How each says that the recipient's number is none, which Plivo does without a code. All repeat
/// what they were sent.
fn refusal(kind: ProviderKind) -> ResponseTemplate {
    let body = match kind {
        ProviderKind::Twilio => {
            json!({ "code": 21211, "message": "'To' +15550001234", "status": 400 })
        }
        ProviderKind::Telnyx => {
            json!({ "errors": [{ "code": "40310", "detail": "+15550001234" }] })
        }
        _ => json!({ "api_id": "a", "error": "'15550001234' is not a valid phone number." }),
    };
    ResponseTemplate::new(400).set_body_json(body)
}

/// A carrier that does everything it is asked.
async fn works(kind: ProviderKind, server: &MockServer) {
    let (message, call, snapshot) = match kind {
        ProviderKind::Twilio => (
            json!({ "sid": "SM1", "status": "delivered" }),
            json!({ "sid": "CA1", "status": "queued" }),
            json!({ "sid": "CA1", "status": "in-progress" }),
        ),
        ProviderKind::Telnyx => (
            json!({ "data": { "id": "m1", "to": [{ "status": "delivered" }] } }),
            json!({ "data": { "call_control_id": "v3:a", "is_alive": true, "result": "ok" } }),
            json!({ "data": { "call_control_id": "v3:a", "is_alive": true } }),
        ),
        _ => (
            json!({ "message_state": "delivered", "message_direction": "outbound" }),
            json!({ "message": "call fired", "request_uuid": "r1", "api_id": "a" }),
            json!({ "call_status": "in-progress", "call_uuid": "r1" }),
        ),
    };
    let json = |body| ResponseTemplate::new(200).set_body_json(body);
    for (verb, path, answer) in [
        ("POST", "(?i)/messages?(\\.json|/)?$", taken(kind)),
        ("GET", "(?i)/messages?/", json(message)),
        ("POST", "(?i)/calls?(\\.json|/)?$", json(call.clone())),
        ("GET", "(?i)/calls?/", json(snapshot)),
        ("POST", "(?i)/calls?/", json(call)),
        ("DELETE", "(?i)/call/", ResponseTemplate::new(204)),
    ] {
        let mock = Mock::given(method(verb)).and(path_regex(path)).respond_with(answer);
        mock.mount(server).await;
    }
}

/// A carrier that takes each request and breaks off.
fn hanging_up() -> String {
    use std::io::Read as _;
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            // Whatever has come by now is enough: it has begun to act.
            let _ = stream.read(&mut [0; 1024]);
        }
    });
    origin
}
