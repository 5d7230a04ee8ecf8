//! What the clients ask of Twilio and Telnyx is what these document, and what these document as
//! answers is understood. Plivo publishes no such document; `requests` holds its shapes.

mod answers;
mod spec;

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use telephony_core::{
    AccountId, CallContent, CallId, CallRequest, CallStep, CallUpdate, ClientState,
    MachineDetection, OutboundMessage, ProviderCallId, ProviderKind, ProviderMessageId,
};
use telephony_providers::Connection;
use wiremock::ResponseTemplate;

use self::spec::Spec;
use crate::carrier::{ACCOUNT_SID, arrived, carrier, client};

/// `{"v":1,"say":{"text":"Hi","language":"de-DE"}}`, as Telnyx brings it back.
const TO_SAY: &str = "eyJ2IjoxLCJzYXkiOnsidGV4dCI6IkhpIiwibGFuZ3VhZ2UiOiJkZS1ERSJ9fQ==";

const DOCUMENTED: [ProviderKind; 2] = [ProviderKind::Twilio, ProviderKind::Telnyx];

fn spec(kind: ProviderKind) -> Spec {
    if kind == ProviderKind::Twilio { Spec::twilio() } else { Spec::telnyx() }
}

fn message_id(kind: ProviderKind) -> ProviderMessageId {
    let id = match kind {
        ProviderKind::Twilio => "SM0123456789abcdef0123456789abcdef",
        _ => "40385f64-5717-4562-b3fc-2c963f66afa6",
    };
    ProviderMessageId::new(id).unwrap()
}

fn call_id(kind: ProviderKind) -> ProviderCallId {
    let id = match kind {
        ProviderKind::Twilio => "CA0123456789abcdef0123456789abcdef",
        _ => "v3:MdI91X4lWFEs7IgbBEOT9M4AigoY08M0WWZFISt1Yw2axZ_IiE4pqg",
    };
    ProviderCallId::new(id).unwrap()
}

/// Messages of every kind.
fn messages() -> Vec<OutboundMessage> {
    let to = || OutboundMessage::builder("+15550001234".parse().unwrap());
    let picture = || "https://example.com/a.jpg".parse().unwrap();
    let from = |sender| to().from(telephony_core::Sender::parse(sender).unwrap());
    let album = (0..10).fold(to(), |builder, _| builder.media(picture()));
    [
        to().body("Hello"),
        to().body("Hello").status_callback("https://example.com/s?ref=a".parse().unwrap()),
        to().body("Grüße, 漢字 & 😀"),
        from("+15550009999").body("Hello"),
        from("72345").body("Hello"),
        from("Acme Ltd").body("Hello"),
        to().body("Hello").media(picture()),
        album,
    ]
    .map(|builder| builder.build().unwrap())
    .into()
}

/// Calls of every kind.
fn calls() -> Vec<CallRequest> {
    let say = |text: &str, language: Option<&str>| CallContent::Say {
        text: text.into(),
        language: language.map(str::to_owned),
    };
    let url = || CallContent::Url("https://example.com/answer".parse().unwrap());
    [
        (say("Tea & cake", None), MachineDetection::Off, false),
        (say("Grüße", Some("de-DE")), MachineDetection::Report, true),
        (say("Hello", None), MachineDetection::Hangup, true),
        (url(), MachineDetection::Off, true),
    ]
    .into_iter()
    .map(|(content, detection, all)| {
        let id = CallId::new("891510ac-f3e4-11e8-af5b-de00688a4901").unwrap();
        let mut request = CallRequest::new(id, "+15550001234".parse().unwrap(), content);
        request.machine_detection = detection;
        if all {
            request.from = Some("+15550009999".parse().unwrap());
            request.ring_seconds = Some(20);
            request.max_duration_seconds = Some(120);
            request.status_callback = Some("https://example.com/c".parse().unwrap());
        }
        request
    })
    .collect()
}

/// Asks everything that can be asked. What comes of it does not matter here.
async fn everything(kind: ProviderKind, connection: &Connection) {
    for message in messages() {
        let _ = connection.messaging.send(&message).await;
    }
    let _ = connection.messaging.fetch(&message_id(kind)).await;
    for call in calls() {
        let _ = connection.voice.place(&call).await;
    }
    let _ = connection.voice.inspect(&call_id(kind)).await;
    let _ = connection.voice.hang_up(&call_id(kind)).await;
    for event in ["call.answered", "call.speak.ended"] {
        let account = AccountId::default_account();
        let mut event = CallUpdate::new(account, call_id(kind), None, event);
        event.client_state = Some(ClientState::new(TO_SAY));
        let _ = connection.voice.follow(&event, &CallStep::Reject).await;
    }
}

#[tokio::test]
async fn every_request_is_one_that_the_carrier_documents() {
    for kind in DOCUMENTED {
        let server = carrier(ResponseTemplate::new(404)).await;
        let (spec, uri) = (spec(kind), server.uri());
        everything(kind, &client(kind, &uri, |_| {})).await;
        let with_service = client(kind, &uri, |value| {
            value["twilio"]["messagingServiceSid"] = json!(format!("MG{:032}", 1));
            value["telnyx"]["messagingProfileId"] = "16fd2706-8baf-433b-82eb-8c7fada847da".into();
        });
        everything(kind, &with_service).await;
        let arrived = arrived(&server).await;
        // Twilio follows no events: it is told everything with the call.
        let others = if kind == ProviderKind::Telnyx { 5 } else { 3 };
        assert_eq!(arrived.len(), 2 * (messages().len() + calls().len() + others), "{kind}");
        let mut fields = BTreeSet::new();
        for request in &arrived {
            let mistakes = spec.mistakes(request);
            assert!(mistakes.is_empty(), "{request:?}: {mistakes:#?}");
            let (_, _, content_type, body) = request;
            match content_type.as_str() {
                "" => {}
                "application/json" => {
                    let body: Map<String, Value> = serde_json::from_str(body).unwrap();
                    fields.extend(body.into_iter().map(|(name, _)| name));
                }
                _ => {
                    let body = url::form_urlencoded::parse(body.as_bytes());
                    fields.extend(body.map(|(name, _)| name.into_owned()));
                }
            }
        }
        let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
        assert_eq!(fields, all_fields(kind), "{kind}");
    }
}

/// Every field that a client ever writes, so that none goes by unchecked.
fn all_fields(kind: ProviderKind) -> &'static [&'static str] {
    match kind {
        ProviderKind::Twilio => &[
            "AsyncAmd",
            "AsyncAmdStatusCallback",
            "Body",
            "From",
            "MachineDetection",
            "MediaUrl",
            "MessagingServiceSid",
            "Status",
            "StatusCallback",
            "StatusCallbackEvent",
            "TimeLimit",
            "Timeout",
            "To",
            "Twiml",
            "Url",
        ],
        _ => &[
            "answering_machine_detection",
            "client_state",
            "command_id",
            "connection_id",
            "from",
            "language",
            "media_urls",
            "messaging_profile_id",
            "payload",
            "payload_type",
            "text",
            "time_limit_secs",
            "timeout_secs",
            "to",
            "voice",
            "webhook_url",
        ],
    }
}

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

#[test]
fn what_twilio_does_not_document_is_found() {
    let mistakes = |method: &str, path: &str, content_type: &str, body: &str| {
        let request = [method, path, content_type, body].map(str::to_owned);
        Spec::twilio().mistakes(&request.into())
    };
    let messages = format!("/2010-04-01/Accounts/{ACCOUNT_SID}/Messages.json");
    let good = "To=%2B15550001234&Body=Hi&MediaUrl=https%3A%2F%2Fa.b%2Fc&Attempt=1";
    assert_eq!(mistakes("POST", &messages, FORM, good), [] as [String; 0]);
    assert_eq!(mistakes("GET", &format!("{messages}?PageSize=1"), "", ""), [] as [String; 0]);
    for (method, path, content_type, body) in [
        ("PUT", messages.as_str(), FORM, good),
        ("POST", "/2010-04-01/Messages.json", FORM, good),
        ("POST", "/2010-04-01/Accounts/AC1/Messages.json", FORM, good),
        ("GET", &messages.replace(".json", "/id1.json"), "", ""),
        ("POST", &format!("{messages}?Colour=red"), FORM, good),
        ("GET", &format!("{messages}?PageSize=many"), "", ""),
        ("GET", &messages, FORM, good),
        ("POST", &messages, "", good),
        ("POST", &messages, JSON, "{}"),
        ("POST", &messages, FORM, "Body=Hi"),
        ("POST", &messages, FORM, "To=a&Text=Hi"),
        ("POST", &messages, FORM, "To=a&Attempt=many"),
        ("POST", &messages, FORM, "To=a&Attempt=1.5"),
        ("POST", &messages, FORM, "To=a&ProvideFeedback=perhaps"),
        ("POST", &messages, FORM, "To=a&ContentRetention=perhaps"),
        ("POST", &messages, FORM, "To=a&MessagingServiceSid=MG1"),
        ("POST", &messages, FORM, "To=a&StatusCallback=nowhere"),
    ] {
        let mistakes = mistakes(method, path, content_type, body);
        assert!(!mistakes.is_empty(), "{method} {path} {content_type} {body}");
    }
}

#[test]
fn what_telnyx_does_not_document_is_found() {
    let mistakes = |path: &str, body: Value| {
        let request = ["POST", path, JSON, &body.to_string()].map(str::to_owned);
        Spec::telnyx().mistakes(&request.into())
    };
    let message = || json!({ "from": "+15550001111", "to": "+15550001234", "text": "Hi" });
    let call = || json!({ "connection_id": "1", "from": "+15550001111", "to": "+15550001234" });
    let with = |mut body: Value, name: &str, value: Value| {
        body[name] = value;
        body
    };
    assert_eq!(mistakes("/v2/messages", message()), [] as [String; 0]);
    assert_eq!(mistakes("/v2/calls", call()), [] as [String; 0]);
    let headers = |header| with(call(), "custom_headers", json!([header]));
    let good = headers(json!({ "name": "a", "value": "b" }));
    assert_eq!(mistakes("/v2/calls", good), [] as [String; 0]);
    for (path, body) in [
        ("/messages", message()),
        ("/v2/message", message()),
        ("/v2/calls//actions/hangup", json!({})),
        ("/v2/messages?urgent=true", message()),
        ("/v2/messages", json!({ "text": "Hi" })),
        ("/v2/messages", with(message(), "to", json!(1))),
        ("/v2/messages", with(message(), "body", json!("Hi"))),
        ("/v2/messages", with(message(), "media_urls", json!("https://a.b/c"))),
        ("/v2/messages", with(message(), "webhook_url", json!("nowhere"))),
        ("/v2/calls", with(call(), "time_limit_secs", json!(10))),
        ("/v2/calls", with(call(), "timeout_secs", json!("20"))),
        ("/v2/calls", with(call(), "answering_machine_detection", json!("hang_up"))),
        ("/v2/calls", headers(json!({ "name": "a", "value": "b", "colour": "red" }))),
    ] {
        assert!(!mistakes(path, body.clone()).is_empty(), "{path} {body}");
    }
}
