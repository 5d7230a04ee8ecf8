//! `telephony verify`.

use assert_cmd::Command;
use serde_json::{Value, json};
use tempfile::TempDir;

/// Asks the binary about captured requests with this configuration.
fn verify(config: &Value, input: &str) -> Vec<Value> {
    let folder = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let path = folder.path().join("telephony.json5");
    std::fs::write(&path, config.to_string()).unwrap();
    let mut command = Command::cargo_bin("telephony").unwrap();
    command.args(["verify", "--json", "--config"]).arg(&path).write_stdin(input);
    let output = command.assert().success().get_output().stdout.clone();
    let lines = String::from_utf8(output).unwrap();
    lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Every case of a file, one run for each key that its cases use.
fn check(file: &str, config: impl Fn(&Value) -> Option<Value>) {
    let file: Value = serde_json::from_str(file).unwrap();
    let mut runs: Vec<(Value, Vec<Value>)> = Vec::new();
    for case in file["cases"].as_array().unwrap() {
        // Those list the fields of a GET apart from its URL, as no request comes.
        if case["id"].as_str().unwrap().starts_with("official-get") {
            continue;
        }
        let Some(config) = config(case) else { continue };
        match runs.iter_mut().find(|(known, _)| *known == config) {
            Some((_, cases)) => cases.push(case.clone()),
            None => runs.push((config, vec![case.clone()])),
        }
    }
    assert!(!runs.is_empty());
    for (config, cases) in runs {
        let lines: Vec<_> = cases.iter().map(Value::to_string).collect();
        let answers = verify(&config, &lines.join("\n"));
        assert_eq!(answers.len(), cases.len());
        for (case, answer) in cases.iter().zip(answers) {
            assert_eq!(answer["valid"], case["expected_valid"], "{}: {answer}", case["id"]);
            assert_eq!(answer["reason"].is_null(), answer["valid"] == true, "{answer}");
        }
    }
}

#[test]
fn twilio_vectors() {
    check(include_str!("../data/vectors/twilio.json"), |case| {
        Some(json!({
            "provider": "twilio", "fromNumber": "+15550001111",
            "twilio": {
                "accountSid": "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                "authToken": case["auth_token"], "webhookSharedKey": case["auth_token"],
            },
        }))
    });
}

#[test]
fn telnyx_vectors() {
    check(include_str!("../data/vectors/telnyx.json"), |case| {
        Some(json!({
            "provider": "telnyx", "fromNumber": "+15550001111",
            "telnyx": { "apiKey": "KEY", "publicKey": case["public_key"] },
        }))
    });
}

#[test]
fn plivo_vectors() {
    check(include_str!("../data/vectors/plivo.json"), |case| {
        Some(json!({
            "provider": "plivo", "fromNumber": "+15550001111",
            "plivo": { "authId": "MA1", "authToken": case["auth_token"], "allowSignatureV2": true },
        }))
    });
}

#[test]
fn a_bad_line_is_answered_on_its_line() {
    let config = json!({
        "provider": "plivo", "fromNumber": "+15550001111",
        "plivo": { "authId": "MA1", "authToken": "x" },
    });
    let answers = verify(&config, "not json\n{\"url\": \"https://a.b/c\"}\n");
    assert_eq!(answers.len(), 2);
    assert!(answers[0]["error"].is_string());
    assert!(answers[1]["reason"].as_str().unwrap().contains("X-Plivo-Signature-V3"), "{answers:?}");
}
