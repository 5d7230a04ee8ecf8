//! Telnyx's signatures beside the vectors.

use telephony_core::Timestamp;
use telephony_webhook::{Refusal, Request, Scheme, TelnyxVerifier, UrlRefusal, Verifier};

use crate::signer::{JSON, NOW, ed25519, headers, telnyx_key, verify};

const URL: &str = "https://example.com/telnyx";
const SIGNATURE: &str = "Telnyx-Signature-Ed25519";
const TIMESTAMP: &str = "Telnyx-Timestamp";
const BODY: &[u8] = b"{\"data\":{}}";

fn telnyx() -> TelnyxVerifier {
    TelnyxVerifier::new(telnyx_key())
}

fn signed_at(timestamp: &str) -> Result<(), Refusal> {
    let signature = ed25519(timestamp, BODY);
    let pairs = [JSON, (SIGNATURE, &*signature), (TIMESTAMP, timestamp)];
    verify(&telnyx(), "POST", URL, &pairs, BODY).map(|_| ())
}

#[test]
fn replay_window() {
    for (age, expected) in [
        (301, Err(Refusal::Stale { seconds: 301 })),
        (300, Ok(())),
        (299, Ok(())),
        (0, Ok(())),
        (-299, Ok(())),
        (-300, Ok(())),
        (-301, Err(Refusal::Stale { seconds: -301 })),
    ] {
        assert_eq!(signed_at(&(NOW - age).to_string()), expected, "{age}");
    }
    let not_a_number = signed_at("NaN").unwrap_err();
    assert!(matches!(not_a_number, Refusal::MalformedHeader { .. }), "{not_a_number}");
    assert_eq!(Refusal::Stale { seconds: 301 }.to_string(), "the timestamp is 301 s old");
    let future = Refusal::Stale { seconds: -301 }.to_string();
    assert_eq!(future, "the timestamp is 301 s in the future");
}

#[test]
fn whole_seconds_are_compared() {
    let timestamp = (NOW - 300).to_string();
    let signature = ed25519(&timestamp, BODY);
    for (milliseconds, fits) in [(0, true), (999, true), (1000, false)] {
        let now = Timestamp::from_millisecond(NOW * 1000 + milliseconds);
        let pairs = headers(&[(SIGNATURE, &signature), (TIMESTAMP, &timestamp)]);
        let request = Request::new("POST", "/", pairs, BODY, now);
        let verified = request.verify(&telnyx(), Err(UrlRefusal::Unknown));
        assert_eq!(verified.is_ok(), fits, "{milliseconds}");
    }
}

#[test]
fn timestamps_are_digits() {
    assert_eq!(signed_at(&format!("000{NOW}")), Ok(()));
    for timestamp in [
        format!(" {NOW}"),
        format!("{NOW} "),
        format!("+{NOW}"),
        format!("{NOW}.0"),
        format!("-{NOW}"),
        "0x69546A80".to_owned(),
        "１７６７２２５６００".to_owned(),
        "9".repeat(30),
    ] {
        let refusal = signed_at(&timestamp).unwrap_err();
        assert!(matches!(refusal, Refusal::MalformedHeader { .. }), "{timestamp}: {refusal}");
    }
    assert_eq!(signed_at(""), Err(Refusal::MissingHeader("telnyx-timestamp")));
    assert!(matches!(signed_at(&i64::MAX.to_string()), Err(Refusal::Stale { .. })));
    assert!(matches!(signed_at(&format!("{NOW}000")), Err(Refusal::Stale { .. })));
}

#[test]
fn signatures_have_one_form() {
    let timestamp = NOW.to_string();
    let signature = ed25519(&timestamp, BODY);
    let with = |signature: &str| {
        let pairs = [(SIGNATURE, signature), (TIMESTAMP, &*timestamp)];
        verify(&telnyx(), "POST", URL, &pairs, BODY).map(drop)
    };
    assert_eq!(with(&signature), Ok(()));
    for changed in [
        signature.replace('=', ""),
        format!("{signature}="),
        format!(" {signature}"),
        format!("{signature}\n"),
        signature.replace('+', "-").replace('/', "_"),
        signature[..84].to_owned(),
        format!("{signature},{signature}"),
    ] {
        if changed != signature {
            let refusal = with(&changed).unwrap_err();
            assert!(matches!(refusal, Refusal::MalformedHeader { .. }), "{changed}: {refusal}");
        }
    }
}

#[test]
fn what_is_twofold_or_not_a_post_is_refused() {
    let timestamp = NOW.to_string();
    let signature = ed25519(&timestamp, b"");
    let pairs = [(SIGNATURE, &*signature), (TIMESTAMP, &*timestamp)];
    for method in ["GET", "PUT", "post"] {
        assert_eq!(verify(&telnyx(), method, URL, &pairs, b""), Err(Refusal::Method("Telnyx")));
    }
    for again in pairs {
        let pairs = [pairs[0], pairs[1], again];
        let refusal = verify(&telnyx(), "POST", URL, &pairs, b"").unwrap_err();
        assert!(matches!(refusal, Refusal::RepeatedHeader(_)), "{refusal}");
    }
    let request = headers(&pairs);
    let method = telephony_webhook::Method::Post;
    assert_eq!(telnyx().claimed(method, &request), Ok(Scheme::TelnyxEd25519));
}
