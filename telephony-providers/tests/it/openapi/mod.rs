//! What the clients ask of Twilio and Telnyx is what these document, and what these document as
//! answers is understood. Plivo publishes no such document; `requests` holds its shapes.

mod spec;

use serde_json::{Value, json};
use telephony_core::{
    CallContent, CallId, CallRequest, MachineDetection, OutboundMessage, ProviderCallId,
    ProviderKind, ProviderMessageId,
};
use telephony_providers::{Connection, Error, ErrorKind, Outcome};
use wiremock::{MockServer, ResponseTemplate};

use self::spec::Spec;
use crate::carrier::{ACCOUNT_SID, arrived, carrier, client};

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
    let named = telephony_core::Sender::parse("+15550009999").unwrap();
    [
        to().body("Hello"),
        to().body("Hello").status_callback("https://example.com/s?ref=a".parse().unwrap()),
        to().body("Hello").from(named),
        to().body("Hello").media(picture()),
        to().media(picture()).media(picture()),
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
        assert_eq!(arrived.len(), 2 * (messages().len() + calls().len() + 3), "{kind}");
        for request in &arrived {
            let mistakes = spec.mistakes(request);
            assert!(mistakes.is_empty(), "{request:?}: {mistakes:#?}");
        }
    }
}

#[test]
fn what_is_not_documented_is_found() {
    let form = "application/x-www-form-urlencoded";
    let messages = format!("/2010-04-01/Accounts/{ACCOUNT_SID}/Messages.json");
    let twilio = |method: &str, path: &str, content_type: &str, body: &str| {
        let request =
            (method.to_owned(), path.to_owned(), content_type.to_owned(), body.to_owned());
        Spec::twilio().mistakes(&request)
    };
    let good = "To=%2B15550001234&Body=Hi&MediaUrl=https%3A%2F%2Fa.b%2Fc";
    assert_eq!(twilio("POST", &messages, form, good), [] as [String; 0]);
    for (method, path, content_type, body) in [
        ("PUT", messages.as_str(), form, good),
        ("POST", "/2010-04-01/Messages.json", form, good),
        ("POST", "/2010-04-01/Accounts/AC1/Messages.json", form, good),
        ("POST", &format!("{messages}?Colour=red"), form, good),
        ("POST", &messages, "application/json", "{}"),
        ("POST", &messages, form, "Body=Hi"),
        ("POST", &messages, form, "To=a&Text=Hi"),
        ("POST", &messages, form, "To=a&Attempt=many"),
        ("POST", &messages, form, "To=a&ContentRetention=perhaps"),
        ("POST", &messages, form, "To=a&MessagingServiceSid=MG1"),
    ] {
        let mistakes = twilio(method, path, content_type, body);
        assert!(!mistakes.is_empty(), "{method} {path} {content_type} {body}");
    }
    let telnyx = |body: Value| {
        let (path, json) = ("/v2/messages".to_owned(), "application/json".to_owned());
        Spec::telnyx().mistakes(&("POST".to_owned(), path, json, body.to_string()))
    };
    let good = json!({ "from": "+15550001111", "to": "+15550001234", "text": "Hi" });
    assert_eq!(telnyx(good), [] as [String; 0]);
    for bad in [
        json!({ "text": "Hi" }),
        json!({ "to": 1, "text": "Hi" }),
        json!({ "to": "+15550001234", "body": "Hi" }),
        json!({ "to": "+15550001234", "media_urls": "https://a.b/c" }),
    ] {
        assert!(!telnyx(bad.clone()).is_empty(), "{bad}");
    }
}

/// What comes of one question when the carrier answers like this.
async fn asked(kind: ProviderKind, status: u16, answer: &Value, question: Question) -> Asked {
    let server: MockServer = carrier(ResponseTemplate::new(status).set_body_json(answer)).await;
    let connection = client(kind, &server.uri(), |_| {});
    let message = messages().swap_remove(0);
    let call = calls().swap_remove(0);
    Ok(match question {
        Question::Send => connection.messaging.send(&message).await?.id.to_string(),
        Question::Fetch => {
            connection.messaging.fetch(&message_id(kind)).await?.raw.as_str().to_owned()
        }
        Question::Place => connection.voice.place(&call).await?.id.to_string(),
        Question::Inspect => {
            connection.voice.inspect(&call_id(kind)).await?.raw.as_str().to_owned()
        }
        Question::HangUp => {
            connection.voice.hang_up(&call_id(kind)).await?;
            String::new()
        }
    })
}

type Asked = Result<String, Error>;

#[derive(Debug, Clone, Copy)]
enum Question {
    Send,
    Fetch,
    Place,
    Inspect,
    HangUp,
}

#[tokio::test]
async fn every_documented_answer_is_understood() {
    let account = format!("/2010-04-01/Accounts/{ACCOUNT_SID}");
    let (message, call) = (message_id(ProviderKind::Twilio), call_id(ProviderKind::Twilio));
    let twilio = [
        ("post", format!("{account}/Messages.json"), Question::Send, "/sid"),
        ("get", format!("{account}/Messages/{message}.json"), Question::Fetch, "/status"),
        ("post", format!("{account}/Calls.json"), Question::Place, "/sid"),
        ("get", format!("{account}/Calls/{call}.json"), Question::Inspect, "/status"),
        ("post", format!("{account}/Calls/{call}.json"), Question::HangUp, ""),
    ];
    let telnyx = [
        ("post", "/v2/messages".to_owned(), Question::Send, "/data/id"),
        ("get", "/v2/messages/id".to_owned(), Question::Fetch, "/data/to/0/status"),
        ("post", "/v2/calls".to_owned(), Question::Place, "/data/call_control_id"),
        ("get", "/v2/calls/id".to_owned(), Question::Inspect, ""),
        ("post", "/v2/calls/id/actions/hangup".to_owned(), Question::HangUp, ""),
    ];
    let (mut understood, mut refused) = (0, 0);
    for (kind, operations) in [(ProviderKind::Twilio, twilio), (ProviderKind::Telnyx, telnyx)] {
        let spec = spec(kind);
        for (method, path, question, pointer) in operations {
            for (status, name, answer) in spec.answers(method, &path) {
                let asked = asked(kind, status, &answer, question).await;
                let what = format!("{kind} {question:?} {status} {name}: {answer}");
                if status < 300 {
                    let found = asked.unwrap_or_else(|error| panic!("{error}: {what}"));
                    if let Some(expected) = answer.pointer(pointer).and_then(Value::as_str) {
                        assert!(pointer.is_empty() || found == expected, "{found}: {what}");
                    }
                    understood += 1;
                } else {
                    let error = asked.expect_err(&what);
                    if let Some(code) = answer.pointer("/errors/0/code") {
                        let code = code.as_str().map_or_else(|| code.to_string(), str::to_owned);
                        assert_eq!(error.code().map(|code| code.as_str()), Some(code.as_str()));
                    }
                    let unknown = status >= 500 && !matches!(question, Question::Inspect);
                    assert_eq!(error.outcome() == Outcome::Unknown, unknown, "{what}");
                    assert_ne!(error.kind(), ErrorKind::Authentication, "{what}");
                    refused += 1;
                }
            }
        }
    }
    // Twilio documents 15 answers of these operations; Telnyx one to each, and many refusals.
    assert_eq!((understood, refused > 50), (15 + 5, true), "{refused}");
}
