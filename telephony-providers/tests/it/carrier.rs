//! A stand-in for a carrier, and a client that is connected to it.

use std::time::Duration;

use serde_json::{Value, json};
use telephony_core::config::{Host, from_value};
use telephony_core::{
    CallContent, CallId, CallRequest, OutboundMessage, ProviderKind, ProviderMessageId,
};
use telephony_providers::{Connection, RetryPolicy, Transport, connect};
use wiremock::{MockServer, ResponseTemplate};

/// Every provider with an API.
pub(crate) const CARRIERS: [ProviderKind; 3] =
    [ProviderKind::Twilio, ProviderKind::Telnyx, ProviderKind::Plivo];

pub(crate) const ACCOUNT_SID: &str = "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
pub(crate) const TOKEN: &str = "canary-token";

/// A client of `kind` for the API at `origin`.
pub(crate) fn client(kind: ProviderKind, origin: &str, change: impl Fn(&mut Value)) -> Connection {
    let mut retry = RetryPolicy::default();
    retry.first_delay = Duration::from_millis(1);
    client_over(&Transport::builder().retry(retry).build().unwrap(), kind, origin, change)
}

/// A client of `kind` for the API at `origin`, over that transport.
pub(crate) fn client_over(
    transport: &Transport,
    kind: ProviderKind,
    origin: &str,
    change: impl Fn(&mut Value),
) -> Connection {
    let mut value = json!({
        "provider": kind.as_str(),
        "fromNumber": "+15550001111",
        "twilio": { "accountSid": ACCOUNT_SID, "authToken": TOKEN, "apiBaseUrl": origin },
        "telnyx": {
            "apiKey": TOKEN,
            "publicKey": "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=",
            "connectionId": "7267",
            "apiBaseUrl": origin,
        },
        "plivo": { "authId": "MA1", "authToken": TOKEN, "apiBaseUrl": origin },
    });
    change(&mut value);
    let config = from_value(value, Host::Standalone, &|_| None).unwrap();
    connect(&config.accounts[0], transport).unwrap()
}

pub(crate) fn message() -> OutboundMessage {
    OutboundMessage::builder("+15550001234".parse().unwrap())
        .body("canary-body")
        .status_callback("https://example.com/s".parse().unwrap())
        .build()
        .unwrap()
}

pub(crate) fn call(text: &str) -> CallRequest {
    let content = CallContent::Say { text: text.into(), language: None };
    let mut request =
        CallRequest::new(CallId::new("call_1").unwrap(), "+15550001234".parse().unwrap(), content);
    request.ring_seconds = Some(20);
    request.max_duration_seconds = Some(120);
    request.status_callback = Some("https://example.com/c".parse().unwrap());
    request.answer_url = Some("https://example.com/a".parse().unwrap());
    request
}

pub(crate) fn message_id() -> ProviderMessageId {
    ProviderMessageId::new("id1").unwrap()
}

/// What the carrier answers when it took a message.
pub(crate) fn taken(kind: ProviderKind) -> ResponseTemplate {
    match kind {
        ProviderKind::Twilio => ResponseTemplate::new(201)
            .set_body_json(json!({ "sid": "SM1", "status": "queued", "num_segments": "1" })),
        ProviderKind::Telnyx => ResponseTemplate::new(200).set_body_json(
            json!({ "data": { "id": "m1", "parts": 1, "to": [{ "status": "queued" }] } }),
        ),
        _ => ResponseTemplate::new(202).set_body_json(json!({ "message_uuid": ["u1"] })),
    }
}

/// A carrier that answers everything like this.
pub(crate) async fn carrier(answer: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    wiremock::Mock::given(wiremock::matchers::any()).respond_with(answer).mount(&server).await;
    server
}

/// The requests that arrived: method, path with query, content type, body.
pub(crate) async fn arrived(server: &MockServer) -> Vec<(String, String, String, String)> {
    let requests = server.received_requests().await.unwrap();
    let text = |request: &wiremock::Request| {
        let target = match request.url.query() {
            Some(query) => format!("{}?{query}", request.url.path()),
            None => request.url.path().to_owned(),
        };
        let content_type = request.headers.get("content-type");
        let content_type = content_type.map(|value| value.to_str().unwrap().to_owned());
        (
            request.method.to_string(),
            target,
            content_type.unwrap_or_default(),
            String::from_utf8(request.body.clone()).unwrap(),
        )
    };
    requests.iter().map(text).collect()
}
