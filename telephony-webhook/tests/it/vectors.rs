//! Signature vectors of the providers' own libraries and some beside them.

use serde_json::Value;
use telephony_core::{Secret, Timestamp};
use telephony_webhook::{
    Captured, PlivoVerifier, TelnyxVerifier, TwilioVerifier, Verifier, report,
};
use url::form_urlencoded;

/// Checks every case of a file; how many there were.
fn check(file: &str, verifier: impl Fn(&Value) -> Box<dyn Verifier>) -> usize {
    let file: Value = serde_json::from_str(file).unwrap();
    let cases = file["cases"].as_array().unwrap();
    for case in cases {
        let mut case = case.clone();
        // The two official ones list the fields of a GET apart from its URL.
        if case["id"].as_str().unwrap().starts_with("official-get") {
            let fields = case["params"].as_array().unwrap().iter();
            let fields = fields.map(|pair| (pair[0].as_str().unwrap(), pair[1].as_str().unwrap()));
            let encoded: String =
                form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
            let url = case["url"].as_str().unwrap();
            let mark = if url.contains('?') { "&" } else { "?" };
            case["url"] = format!("{url}{mark}{encoded}").into();
        }
        let verifier = verifier(&case);
        // The type of a body may get lost; the verdict does not hang on it.
        verdict(&case, &*verifier);
        if let Some(content_type) = case["content_type"].as_str().map(str::to_owned) {
            for content_type in
                [format!("{}; charset=UTF-8", content_type.to_uppercase()), content_type]
            {
                case["headers"]["content-type"] = content_type.into();
                verdict(&case, &*verifier);
            }
        }
    }
    cases.len()
}

fn verdict(case: &Value, verifier: &dyn Verifier) {
    let captured: Captured = serde_json::from_value(case.clone()).unwrap();
    let report = report(&captured, verifier, Timestamp::EPOCH);
    assert_eq!(report.valid, case["expected_valid"], "{}: {report:?}", case["id"]);
    assert_eq!(report.reason.is_none(), report.valid, "{}: {report:?}", case["id"]);
}

fn auth_token(case: &Value) -> Secret {
    Secret::new(case["auth_token"].as_str().unwrap())
}

#[test]
fn twilio() {
    let count = check(include_str!("../data/vectors/twilio.json"), |case| {
        let verifier = TwilioVerifier::new(auth_token(case)).unwrap();
        Box::new(verifier.with_shared_key(auth_token(case)).unwrap())
    });
    assert_eq!(count, 30);
}

#[test]
fn telnyx() {
    let count = check(include_str!("../data/vectors/telnyx.json"), |case| {
        Box::new(TelnyxVerifier::new(case["public_key"].as_str().unwrap().parse().unwrap()))
    });
    assert_eq!(count, 20);
}

#[test]
fn plivo() {
    let count = check(include_str!("../data/vectors/plivo.json"), |case| {
        Box::new(PlivoVerifier::new(auth_token(case)).unwrap().dangerously_allow_v2())
    });
    assert_eq!(count, 40);
}
