//! Plivo's signatures beside the vectors.

use telephony_core::Secret;
use telephony_webhook::{MAX_SIGNATURES, PlivoVerifier, Proof, Refusal, Scheme};

use crate::signer::{FORM, TOKEN, request, sha256, verify};

const URL: &str = "https://example.com/plivo";
const NONCE: &str = "12345";
const V3: &str = "X-Plivo-Signature-V3";
const MA_V3: &str = "X-Plivo-Signature-Ma-V3";
const V3_NONCE: &str = "X-Plivo-Signature-V3-Nonce";
const V2: &str = "X-Plivo-Signature-V2";
const MA_V2: &str = "X-Plivo-Signature-Ma-V2";
const V2_NONCE: &str = "X-Plivo-Signature-V2-Nonce";

fn plivo() -> PlivoVerifier {
    PlivoVerifier::new(Secret::new(TOKEN)).unwrap()
}

fn with(verifier: &PlivoVerifier, pairs: &[(&str, &str)], body: &[u8]) -> Result<Proof, Refusal> {
    verify(verifier, "POST", URL, pairs, body)
}

#[track_caller]
fn is_signed(method: &str, url: &str, signed: &str, body: &str) {
    let signature = sha256(TOKEN, &format!("{signed}.{NONCE}"));
    let pairs = [FORM, (V3, &*signature), (V3_NONCE, NONCE)];
    let verified = verify(&plivo(), method, url, &pairs, body.as_bytes());
    assert!(verified.is_ok(), "{method} {url} {body}: {verified:?}");
}

#[test]
fn the_signed_string_follows_the_libraries() {
    let base = "https://h:8443/p/";
    is_signed("POST", base, &format!("{base}?a1a1b+ é"), "b=%2B+%C3%A9&a=1&a=1");
    is_signed(
        "POST",
        &format!("{base}?y=2&x=%27+'&y=1"),
        &format!("{base}?x=' '&y=1&y=2.a1"),
        "a=1",
    );
    is_signed("POST", &format!("{base}?"), &format!("{base}?a"), "a");
    is_signed("POST", &format!("{base}?x"), &format!("{base}?x="), "");
    is_signed("GET", &format!("{base}?x=1&a=%2B"), &format!("{base}?a=+&x=1"), "");
    is_signed("GET", &format!("{base}?"), base, "");
    // Where there is nothing at all, both readings are taken.
    is_signed("POST", base, base, "");
    is_signed("POST", base, &format!("{base}?"), "");
}

#[test]
fn any_listed_signature_under_any_token_is_enough() {
    let good = sha256(TOKEN, &format!("{URL}?a1.{NONCE}"));
    let bad = sha256("other", &format!("{URL}?a1.{NONCE}"));
    let ok = |verifier: &PlivoVerifier, pairs: &[(&str, &str)]| {
        let mut pairs = pairs.to_vec();
        pairs.push((V3_NONCE, NONCE));
        with(verifier, &pairs, b"a=1").is_ok()
    };
    assert!(ok(&plivo(), &[(V3, &format!("{bad} ,\t{good}").replace('\t', " "))]));
    assert!(ok(&plivo(), &[(V3, &bad), (MA_V3, &good)]));
    assert!(ok(&plivo(), &[(V3, &bad), (V3, &good)]));
    assert!(ok(&plivo(), &[(V3, "?"), (MA_V3, &good)]));
    assert!(!ok(&plivo(), &[(V3, &bad), (MA_V3, &bad)]));
    let both =
        PlivoVerifier::new(Secret::new("other")).unwrap().or_token(Secret::new(TOKEN)).unwrap();
    assert!(ok(&both, &[(V3, &good)]) && ok(&both, &[(MA_V3, &bad)]));
    let many = [&*bad; MAX_SIGNATURES - 1].join(",");
    assert!(ok(&plivo(), &[(V3, &format!("{many},{good}"))]));
    let many = format!("{many},{bad},{good}");
    let refused = with(&plivo(), &[(V3, &many), (V3_NONCE, NONCE)], b"a=1");
    assert_eq!(refused, Err(Refusal::TooManySignatures(V3)));
    assert!(PlivoVerifier::new(Secret::new("")).is_err());
    assert!(plivo().or_token(Secret::new("")).is_err());
}

#[test]
fn v2_is_taken_only_when_allowed_and_alone() {
    let v2 = sha256(TOKEN, &format!("{URL}{NONCE}"));
    let v3 = sha256(TOKEN, &format!("{URL}?a1.{NONCE}"));
    let weak = plivo().dangerously_allow_v2();
    for name in [V2, MA_V2] {
        let pairs = [(name, &*v2), (V2_NONCE, NONCE)];
        assert_eq!(with(&plivo(), &pairs, b"a=1"), Err(Refusal::WeakSignature));
        let url = telephony_webhook::PublicUrl::parse(URL).unwrap().into();
        let verified = request("POST", URL, &pairs, b"a=1").verify(&weak, Ok(&url)).unwrap();
        assert_eq!((verified.scheme(), verified.nonce()), (Scheme::PlivoV2, Some(NONCE)));
        assert!(verified.scheme().is_weak());
    }
    // Whatever there is of V3 must be right.
    let wrong = sha256("other", "");
    for v3_headers in [
        &[(V3, &*wrong), (V3_NONCE, NONCE)][..],
        &[(V3, &wrong)],
        &[(MA_V3, &wrong), (V3_NONCE, NONCE)],
        &[(V3, ""), (V3_NONCE, NONCE)],
        &[(V3, &v3)],
        &[(V3_NONCE, NONCE)],
    ] {
        let mut pairs = vec![(V2, &*v2), (V2_NONCE, NONCE)];
        pairs.extend(v3_headers);
        assert!(with(&weak, &pairs, b"a=1").is_err(), "{v3_headers:?}");
    }
    let pairs = [(V2, &*wrong), (V2_NONCE, NONCE), (V3, &v3), (V3_NONCE, NONCE)];
    assert!(with(&weak, &pairs, b"a=1").is_ok());
    // A V2 signature says nothing under the name of V3, nor with V3's nonce.
    assert!(with(&weak, &[(V3, &v2), (V3_NONCE, NONCE)], b"a=1").is_err());
    assert!(with(&weak, &[(V2, &v2), (V3_NONCE, NONCE)], b"a=1").is_err());
}

#[test]
fn what_is_missing_or_twofold_is_refused() {
    let v3 = sha256(TOKEN, &format!("{URL}?a1.{NONCE}"));
    assert_eq!(with(&plivo(), &[], b"a=1"), Err(Refusal::MissingHeader(V3)));
    assert_eq!(with(&plivo(), &[(V3, &v3)], b"a=1"), Err(Refusal::MissingHeader(V3_NONCE)));
    let empty = [(V3, ""), (V3_NONCE, NONCE)];
    assert_eq!(with(&plivo(), &empty, b"a=1"), Err(Refusal::MissingHeader(V3)));
    let twice = [(V3, &*v3), (V3_NONCE, NONCE), (V3_NONCE, NONCE)];
    assert_eq!(with(&plivo(), &twice, b"a=1"), Err(Refusal::RepeatedHeader(V3_NONCE)));
    let pairs = [(V3, &*v3), (V3_NONCE, NONCE)];
    assert_eq!(verify(&plivo(), "GET", URL, &pairs, b"a=1"), Err(Refusal::UnsignedBody));
    assert_eq!(verify(&plivo(), "PUT", URL, &pairs, b"a=1"), Err(Refusal::Method("Plivo")));
    let fields = "a=1&".repeat(600);
    assert_eq!(with(&plivo(), &pairs, fields.as_bytes()), Err(Refusal::TooManyFields));
}
