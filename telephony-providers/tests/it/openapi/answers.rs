//! What Twilio and Telnyx document as answers, and what is made of each.

use serde_json::Value;
use telephony_core::ProviderKind;
use telephony_providers::{Connection, Error, ErrorKind, Outcome, explain};
use wiremock::{Mock, MockServer, ResponseTemplate, matchers};

use super::{DOCUMENTED, call_id, calls, message_id, messages, spec};
use crate::carrier::{ACCOUNT_SID, client};

/// Something that a client asks, and where in the answer the [facts](asked) that it learns stand;
/// none for those that do not stand there.
struct Operation {
    question: Question,
    method: &'static str,
    path: String,
    facts: [Option<&'static str>; 2],
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Question {
    Send,
    Fetch,
    Place,
    Inspect,
    HangUp,
}

fn operations(kind: ProviderKind) -> [Operation; 5] {
    use Question::{Fetch, HangUp, Inspect, Place, Send};
    let account = format!("/2010-04-01/Accounts/{ACCOUNT_SID}");
    let (message, call) = (message_id(kind), call_id(kind));
    let rows = match kind {
        ProviderKind::Twilio => [
            (Send, "post", format!("{account}/Messages.json"), [Some("/sid"), Some("/status")]),
            (
                Fetch,
                "get",
                format!("{account}/Messages/{message}.json"),
                [Some("/status"), Some("/error_code")],
            ),
            (Place, "post", format!("{account}/Calls.json"), [Some("/sid"), Some("/status")]),
            (
                Inspect,
                "get",
                format!("{account}/Calls/{call}.json"),
                [Some("/status"), Some("/duration")],
            ),
            (HangUp, "post", format!("{account}/Calls/{call}.json"), [None, None]),
        ],
        _ => [
            (
                Send,
                "post",
                "/v2/messages".to_owned(),
                [Some("/data/id"), Some("/data/to/0/status")],
            ),
            (Fetch, "get", format!("/v2/messages/{message}"), [Some("/data/to/0/status"), None]),
            (Place, "post", "/v2/calls".to_owned(), [Some("/data/call_control_id"), None]),
            (Inspect, "get", format!("/v2/calls/{call}"), [None, Some("/data/call_duration")]),
            (HangUp, "post", format!("/v2/calls/{call}/actions/hangup"), [None, None]),
        ],
    };
    rows.map(|(question, method, path, facts)| Operation { question, method, path, facts })
}

/// What is learned by asking, as text.
async fn asked(
    connection: &Connection,
    kind: ProviderKind,
    question: Question,
) -> Result<[String; 2], Error> {
    let Connection { messaging, voice, .. } = connection;
    Ok(match question {
        Question::Send => {
            let sent = messaging.send(&messages()[0]).await?;
            [sent.id.to_string(), sent.report.raw.as_str().to_owned()]
        }
        Question::Fetch => {
            let report = messaging.fetch(&message_id(kind)).await?;
            let code = report.code.map(|code| code.as_str().to_owned());
            [report.raw.as_str().to_owned(), code.unwrap_or_default()]
        }
        Question::Place => {
            let placed = voice.place(&calls()[0]).await?;
            [placed.id.to_string(), placed.status.as_str().to_owned()]
        }
        Question::Inspect => {
            let call = voice.inspect(&call_id(kind)).await?;
            let seconds = call.duration_seconds.map(|seconds| seconds.to_string());
            [call.raw.as_str().to_owned(), seconds.unwrap_or_default()]
        }
        Question::HangUp => {
            voice.hang_up(&call_id(kind)).await?;
            Default::default()
        }
    })
}

fn text_at(answer: &Value, pointer: &str) -> String {
    match answer.pointer(pointer).unwrap_or(&Value::Null) {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn assert_is_understood(operation: &Operation, answer: &Value, found: Result<[String; 2], Error>) {
    let found = found.unwrap_or_else(|error| panic!("{error}: {answer}"));
    for (pointer, found) in operation.facts.into_iter().zip(found) {
        if let Some(pointer) = pointer {
            assert_eq!(found, text_at(answer, pointer), "{pointer} of {answer}");
        }
    }
}

fn assert_is_refused(
    kind: ProviderKind,
    question: Question,
    status: u16,
    answer: &Value,
    error: &Error,
) {
    let code = text_at(answer, "/errors/0/code");
    assert_eq!(error.code().map(|code| code.as_str()), Some(code.as_str()), "{answer}");
    // What has no place in our table is told by its status.
    let expected = match explain(kind, &code).kind {
        ErrorKind::Unknown if status >= 500 => ErrorKind::Temporary,
        ErrorKind::Unknown => ErrorKind::InvalidContent,
        known => known,
    };
    assert_eq!(error.kind(), expected, "{answer}");
    let asks = matches!(question, Question::Fetch | Question::Inspect);
    let unknown = status >= 500 && !asks;
    assert_eq!(error.outcome() == Outcome::Unknown, unknown, "{question:?}: {answer}");
    let shown = format!("{error} {error:?}");
    let field = text_at(answer, "/errors/0/source/pointer");
    assert!(shown.contains(&field), "{shown}: {answer}");
    let words = text_at(answer, "/errors/0/detail");
    assert!(!words.is_empty() && !shown.contains(&words), "{shown}");
}

/// Documented answers without an example. Twilio gives one to each answer it documents, and
/// documents no refusals at all; `bad_answers` and `codes` hold those.
const WITHOUT_EXAMPLE: [(ProviderKind, Question, &str); 5] = [
    (ProviderKind::Telnyx, Question::Send, "4XX"),
    (ProviderKind::Telnyx, Question::Fetch, "4XX"),
    (ProviderKind::Telnyx, Question::Place, "default"),
    (ProviderKind::Telnyx, Question::Inspect, "default"),
    (ProviderKind::Telnyx, Question::HangUp, "default"),
];

#[tokio::test]
async fn every_documented_answer_is_understood() {
    let (mut understood, mut refused, mut without) = (0, 0, Vec::new());
    for kind in DOCUMENTED {
        let (spec, server) = (spec(kind), MockServer::start().await);
        let connection = client(kind, &server.uri(), |_| {});
        for operation in operations(kind) {
            let question = operation.question;
            for (status, examples) in spec.answers(operation.method, &operation.path) {
                if examples.is_empty() {
                    without.push((kind, question, status));
                    continue;
                }
                let status = status.parse::<u16>().unwrap();
                for answer in examples {
                    server.reset().await;
                    let response = ResponseTemplate::new(status).set_body_json(&answer);
                    Mock::given(matchers::any()).respond_with(response).mount(&server).await;
                    let found = asked(&connection, kind, question).await;
                    if status < 300 {
                        assert_is_understood(&operation, &answer, found);
                        understood += 1;
                    } else {
                        let error = found.expect_err("a refusal is an error");
                        assert_is_refused(kind, question, status, &answer, &error);
                        refused += 1;
                    }
                }
            }
        }
    }
    let without: Vec<_> = without
        .iter()
        .map(|(kind, question, status)| (*kind, *question, status.as_str()))
        .collect();
    assert_eq!(without, WITHOUT_EXAMPLE);
    // Twilio has 15. Telnyx has one to each question, and a message that came in beside the one
    // that went out.
    assert_eq!((understood, refused), (15 + 6, 63));
}
