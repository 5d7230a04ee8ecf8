//! What is signed here is what the carriers sign: byte for byte, where the vectors say so.

use serde_json::{Value, json};
use telephony_core::{Secret, Timestamp};
use telephony_webhook::{
    Captured, PlivoVerifier, Refusal, SignError, Signer, TelnyxVerifier, TwilioVerifier, Verifier,
    report, telnyx_public_key,
};

use crate::signer::{NOW, TOKEN, ed25519, sha1, sha256};

const URL: &str = "https://example.com:8443/telephony/webhook?b=2&a=%27+%C3%A9&b=1#rc=2";
const SEED: [u8; 32] = [7; 32];

fn now() -> Timestamp {
    Timestamp::from_second(NOW)
}

fn secret() -> Secret {
    Secret::new(TOKEN)
}

/// The valid cases of a file that `signer` signs alike and those it signs otherwise, by their ids.
fn compare(file: &str, header: &str, signer: impl Fn(&Value) -> Signer) -> (usize, Vec<String>) {
    let file: Value = serde_json::from_str(file).unwrap();
    let (mut alike, mut otherwise) = (0, Vec::new());
    for case in file["cases"].as_array().unwrap() {
        let text = |name: &str| case[name].as_str();
        let value = |name: &str| {
            let headers = case["headers"].as_object().unwrap().iter();
            let mut named = headers.filter(|(known, _)| known.eq_ignore_ascii_case(name));
            named.next().and_then(|(_, value)| value.as_str())
        };
        if case["expected_valid"] != true || text("body").is_none() {
            continue;
        }
        let url = text("url").unwrap_or("https://example.com/");
        let body = text("body").unwrap().as_bytes();
        let signed_at = value("telnyx-timestamp").unwrap_or("0").parse().unwrap();
        let now = Timestamp::from_second(signed_at);
        let nonce = value("X-Plivo-Signature-V3-Nonce").unwrap_or("none");
        let signed = signer(case).sign(text("method").unwrap(), url, body, now, nonce);
        if value(header) == Some(&*signed.unwrap()[0].1) {
            alike += 1;
        } else {
            otherwise.push(text("id").unwrap().to_owned());
        }
    }
    (alike, otherwise)
}

fn token(case: &Value) -> Secret {
    Secret::new(case["auth_token"].as_str().unwrap())
}

#[test]
fn the_vectors_are_signed_alike() {
    let file = include_str!("../data/vectors/twilio.json");
    let twilio = compare(file, "X-Twilio-Signature", |case| Signer::twilio(token(case)));
    let file = include_str!("../data/vectors/telnyx.json");
    let telnyx = compare(file, "telnyx-signature-ed25519", |_| Signer::telnyx(&SEED));
    let file = include_str!("../data/vectors/plivo.json");
    let plivo = compare(file, "X-Plivo-Signature-V3", |case| Signer::plivo(token(case)));
    // What is verified and not signed here: other ports, shared keys, the main account's header,
    // several signatures, V2, and fields that the vector lists apart from the URL.
    let others = |ids: &str| ids.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let ids = "official-port-https-dropped official-port-443-added official-port-80-added \
               sharedkey-sha256";
    assert_eq!(twilio, (15, others(ids)));
    assert_eq!(telnyx, (7, vec![]));
    let ids = "official-get-query official-get-plain sms-inbound-ma multi-signature-second \
               multi-signature-space v2-official v2-sms-inbound v2-ma-header v2-port \
               v2-trailing-slash v2-query-not-covered";
    assert_eq!(plivo, (16, others(ids)));
}

#[test]
fn what_is_signed_is_verified() {
    let verified = |signer: &Signer, verifier: &dyn Verifier, method: &str, body: &str| {
        let headers = signer.sign(method, URL, body.as_bytes(), now(), "n-1").unwrap();
        let headers: serde_json::Map<_, _> =
            headers.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
        let captured =
            json!({ "method": method, "url": URL, "body": body, "headers": headers, "now": NOW });
        let captured: Captured = serde_json::from_value(captured).unwrap();
        report(&captured, verifier, Timestamp::EPOCH).valid
    };
    let twilio = TwilioVerifier::new(secret()).unwrap();
    let telnyx = TelnyxVerifier::new(telnyx_public_key(&SEED).parse().unwrap());
    let plivo = PlivoVerifier::new(secret()).unwrap();
    for (method, body) in [("POST", "b=2&a=1+%C3%A9&b=1"), ("POST", ""), ("GET", "")] {
        assert!(verified(&Signer::twilio(secret()), &twilio, method, body), "{method} {body}");
        assert!(verified(&Signer::plivo(secret()), &plivo, method, body), "{method} {body}");
    }
    assert!(verified(&Signer::telnyx(&SEED), &telnyx, "POST", r#"{"data":{}}"#));
    let other = Secret::new("another token");
    assert!(!verified(&Signer::twilio(other.clone()), &twilio, "POST", "a=1"));
    assert!(!verified(&Signer::plivo(other), &plivo, "POST", "a=1"));
    assert!(!verified(&Signer::telnyx(&[8; 32]), &telnyx, "POST", "{}"));
}

#[test]
fn the_strings_are_those_of_the_pages() {
    let url = "https://example.com/h?a=1";
    let sign = |signer: Signer, body: &[u8]| signer.sign("POST", url, body, now(), "n").unwrap();
    let twilio = sign(Signer::twilio(secret()), b"B=2&A=1+");
    assert_eq!(twilio, [("X-Twilio-Signature", sha1(TOKEN, &format!("{url}A1 B2")))]);
    let plivo = sign(Signer::plivo(secret()), b"B=2&A=1");
    let signature = sha256(TOKEN, "https://example.com/h?a=1.A1B2.n");
    let nonce = ("X-Plivo-Signature-V3-Nonce", "n".to_owned());
    assert_eq!(plivo, [("X-Plivo-Signature-V3", signature), nonce]);
    let telnyx = sign(Signer::telnyx(&SEED), b"{}");
    let timestamp = NOW.to_string();
    let signature = ed25519(&timestamp, b"{}");
    assert_eq!(telnyx, [("telnyx-signature-ed25519", signature), ("telnyx-timestamp", timestamp)]);
}

#[test]
fn what_no_carrier_sends_is_not_signed() {
    let sign = |signer: &Signer, method: &str, url: &str, body: &[u8], nonce: &str| {
        signer.sign(method, url, body, now(), nonce).unwrap_err()
    };
    let signers = [Signer::twilio(secret()), Signer::telnyx(&SEED), Signer::plivo(secret())];
    for signer in &signers {
        assert!(matches!(
            sign(signer, "PUT", URL, b"", "n"),
            SignError::Request(Refusal::Method(_))
        ));
        assert!(matches!(sign(signer, "POST", "example.com", b"", "n"), SignError::Url(_)));
        assert!(matches!(sign(signer, "GET", URL, b"a", "n"), SignError::Request(_)));
        assert!(!format!("{signer:?}").contains(TOKEN) && !format!("{signer:?}").contains('7'));
    }
    let missing = SignError::Request(Refusal::MissingHeader("X-Plivo-Signature-V3-Nonce"));
    assert_eq!(sign(&signers[2], "POST", URL, b"", ""), missing);
}
