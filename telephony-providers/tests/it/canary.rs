//! Nothing secret or private is in any log line, at any level, of us or of what we are built on.

use std::cell::RefCell;
use std::io;
use std::sync::Once;

use serde_json::json;
use telephony_core::{OutboundMessage, ProviderCallId};
use telephony_providers::{Connection, Error, ErrorKind, MockProvider, Outcome};
use wiremock::ResponseTemplate;

use crate::carrier::{ACCOUNT_SID, CARRIERS, TOKEN, call, carrier, client, message_id, taken};

/// What must be seen nowhere. Twilio's credentials travel as base64, so that form counts too.
fn canaries() -> Vec<String> {
    use base64::Engine as _;
    let encode = |text: String| base64::engine::general_purpose::STANDARD.encode(text);
    let mut canaries: Vec<String> = [
        TOKEN,
        "canary-body",
        "canary-spoken",
        "canary-status-token",
        "canary-picture",
        "canary-answer",
        "5550001234",
        "5550001111",
    ]
    .map(str::to_owned)
    .into();
    canaries.push(encode(format!("{ACCOUNT_SID}:{TOKEN}")));
    canaries.push(encode(format!("MA1:{TOKEN}")));
    canaries
}

thread_local! {
    /// What was logged on this thread, where each test runs with all that it starts.
    static LOG: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Writes to [`LOG`].
struct ThisThread;

impl io::Write for ThisThread {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        LOG.with_borrow_mut(|log| log.extend_from_slice(bytes));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Has everything logged, at every level, by us and by what we are built on.
fn log_everything() {
    static ONCE: Once = Once::new();
    // One subscriber for the process: with one a thread, whether a line is wanted at all would be
    // decided by whichever thread came by first.
    ONCE.call_once(|| {
        tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .with_writer(|| ThisThread)
            .init();
    });
    LOG.with_borrow_mut(Vec::clear);
}

fn logged() -> String {
    LOG.with_borrow(|log| String::from_utf8(log.clone()).unwrap())
}

fn message() -> OutboundMessage {
    OutboundMessage::builder("+15550001234".parse().unwrap())
        .body("canary-body")
        .media("https://example.com/canary-picture.jpg".parse().unwrap())
        .status_callback("https://example.com/s?ref=canary-status-token".parse().unwrap())
        .build()
        .unwrap()
}

/// Does everything a provider can do, and gives back whatever went wrong, in all its forms.
async fn everything(connection: &Connection) -> String {
    let id = ProviderCallId::new("call1").unwrap();
    let errors: [Option<Error>; 5] = [
        connection.messaging.send(&message()).await.err(),
        connection.messaging.fetch(&message_id()).await.err(),
        connection.voice.place(&call("canary-spoken")).await.err(),
        connection.voice.inspect(&id).await.err(),
        connection.voice.hang_up(&id).await.err(),
    ];
    let mut text = format!("{connection:?} {:?}", message());
    for error in errors.iter().flatten() {
        text.push_str(&format!("{error} {error:?} {error:#?}"));
        let mut source = std::error::Error::source(error);
        while let Some(cause) = source {
            text.push_str(&format!("{cause} {cause:?}"));
            source = cause.source();
        }
    }
    text
}

fn assert_none_in(text: &str, of: &str) {
    for canary in canaries() {
        assert!(!text.contains(&canary), "{canary} is in what {of} shows");
    }
}

#[tokio::test]
async fn carriers_echo_what_they_were_sent_and_no_log_or_error_does() {
    let echo = json!({
        "code": 21610, "message": "canary-body to +15550001234", "status": 400,
        "errors": [{ "code": "40300", "title": "canary-body", "detail": "+15550001234",
            "source": { "pointer": "/to/+15550001234" } }],
        "error": "canary-body +15550001234", "api_id": "a1",
    });
    for kind in CARRIERS {
        for answer in [
            taken(kind),
            ResponseTemplate::new(400).set_body_json(&echo),
            ResponseTemplate::new(429).set_body_json(&echo).insert_header("retry-after", "0"),
            ResponseTemplate::new(500).set_body_string("canary-body +15550001234"),
            ResponseTemplate::new(200).set_body_string("{\"sid\": \"canary-body +15550001234"),
            ResponseTemplate::new(302).insert_header("location", "/canary-body/+15550001234"),
        ] {
            let server = carrier(answer).await;
            log_everything();
            let connection = client(kind, &server.uri(), |_| {});
            let shown = everything(&connection).await;
            assert_none_in(&shown, "an error");
            assert_none_in(&logged(), "the log");
            assert!(logged().contains("TRACE"), "the libraries' own lines are looked at as well");
            assert!(logged().contains("operation="), "and so are ours");
        }
    }
}

#[tokio::test]
async fn connections_that_fail_show_nothing_either() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    for kind in CARRIERS {
        log_everything();
        let shown = everything(&client(kind, &origin, |_| {})).await;
        assert!(shown.contains("connection"), "{shown}");
        assert_none_in(&shown, "an error");
        assert_none_in(&logged(), "the log");
    }
}

#[tokio::test]
async fn the_mock_writes_a_line_for_people_and_masks_it() {
    log_everything();
    let mock = MockProvider::new(Some("+15550001111".parse().unwrap()));
    mock.fail_next(ErrorKind::Blocked, Outcome::Unknown);
    let shown = everything(&Connection::new(mock)).await;
    assert_none_in(&shown, "an error");
    let log = logged();
    assert_none_in(&log, "the log");
    assert!(log.contains("+1…1234"), "{log}");
}
