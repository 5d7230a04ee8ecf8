//! `telephony send`, `call`, `message` and `hangup`.

use assert_cmd::Command;
use serde_json::{Value, json};
use tempfile::TempDir;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

const MOCK: &str =
    "{\n  provider: \"mock\",\n  fromNumber: \"+15550001111\",\n  voice: { enabled: true },\n}\n";

/// Runs the binary with a configuration; its exit code and its line of JSON.
fn run(config: &str, arguments: &[&str]) -> (i32, Value) {
    let folder = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let path = folder.path().join("telephony.json5");
    std::fs::write(&path, config).unwrap();
    let mut command = Command::cargo_bin("telephony").unwrap();
    command.args(arguments).arg("--json").arg("--config").arg(&path);
    let output = command.output().unwrap();
    let line = String::from_utf8(output.stdout).unwrap();
    (output.status.code().unwrap(), serde_json::from_str(&line).unwrap_or(Value::Null))
}

#[test]
fn a_five_line_file_is_enough_to_send() {
    let (code, sent) =
        run(MOCK, &["send", "+1 (555) 000-1234", "Hello", "--media", "https://a.b/c"]);
    assert_eq!((code, &sent["status"]), (0, &json!("queued")), "{sent}");
    assert_eq!(sent["provider"], "mock");
}

#[test]
fn the_mock_says_what_it_would_have_sent_and_not_to_whom() {
    let folder = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let path = folder.path().join("telephony.json5");
    std::fs::write(&path, MOCK).unwrap();
    let mut command = Command::cargo_bin("telephony").unwrap();
    command.args(["send", "+15550001234", "Hello, canary", "--config"]).arg(&path);
    let output = command.env_remove("TELEPHONY_LOG").output().unwrap();
    let log = String::from_utf8(output.stderr).unwrap();
    assert!(
        log.contains("sent") && log.contains("mock-message-000001") && log.contains("+1…1234"),
        "{log}"
    );
    assert!(!log.contains("canary") && !log.contains("5550001234"), "{log}");
}

#[test]
fn calls_are_placed_where_they_are_on() {
    assert_eq!(run(MOCK, &["call", "+15550001234", "--say", "Hi"]).0, 0);
    let (code, refused) = run(&MOCK.replace("true", "false"), &["call", "+15550001234"]);
    assert_eq!(code, 1);
    assert!(refused["error"].as_str().unwrap().contains("voice.enabled"), "{refused}");
    assert_eq!(run(MOCK, &["hangup", "nothing"]).1["kind"], "not-found");
    let bounded = MOCK.replace("voice:", "allowTo: [\"+15550009999\"], voice:");
    let (code, refused) = run(&bounded, &["call", "+15550001234"]);
    assert_eq!(code, 1);
    assert!(refused["error"].as_str().unwrap().contains("allowTo"), "{refused}");
    assert_eq!(run(&bounded, &["call", "+15550009999", "--machine", "report"]).0, 0);
}

#[test]
fn usage_that_is_wrong_exits_with_2() {
    for arguments in [
        &["send", "5550001234", "Hello"][..],
        &["send", "+15550001234", ""],
        &["send", "+15550001234", "Hello", "--media", "ftp://a"],
        &["call", "+15550001234", "--say", "a", "--url", "https://a.b"],
        &["message"],
    ] {
        assert_eq!(run(MOCK, arguments).0, 2, "{arguments:?}");
    }
}

#[test]
fn a_configuration_with_mistakes_names_them_all() {
    let (code, refused) =
        run("{ provider: 'mokc', fromNumbr: 'x' }", &["send", "+15550001234", "x"]);
    let error = refused["error"].as_str().unwrap();
    assert_eq!(code, 1);
    assert!(error.contains("provider: ") && error.contains("did you mean fromNumber?"), "{error}");
}

#[test]
fn exit_codes_tell_refused_from_unknown() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for (answer, code, outcome) in [
        (
            ResponseTemplate::new(202).set_body_json(json!({ "message_uuid": ["u1"] })),
            0,
            Value::Null,
        ),
        (ResponseTemplate::new(400).set_body_json(json!({ "error": "x" })), 1, json!("not-sent")),
        (ResponseTemplate::new(503), 3, json!("unknown")),
    ] {
        let server = runtime.block_on(async {
            let server = MockServer::start().await;
            Mock::given(any()).respond_with(answer).mount(&server).await;
            server
        });
        let config = json!({
            "provider": "plivo", "fromNumber": "+15550001111",
            "plivo": { "authId": "MA1", "authToken": "canary", "apiBaseUrl": server.uri() },
        });
        let (found, answer) = run(&config.to_string(), &["send", "+15550001234", "Hello"]);
        assert_eq!((found, &answer["outcome"]), (code, &outcome), "{answer}");
        assert!(!answer.to_string().contains("canary"));
    }
}
