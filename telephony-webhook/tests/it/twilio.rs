//! Twilio's signatures beside the vectors.

use telephony_core::Secret;
use telephony_webhook::{
    PublicUrl, PublicUrls, Refusal, Scheme, TwilioVerifier, UrlRefusal, Verifier,
};

use crate::signer::{FORM, JSON, TOKEN, request, sha1, sha256, verify};

const URL: &str = "https://example.com/t/webhook?tenant=7";
const SIGNATURE: &str = "X-Twilio-Signature";
const SETTINGS: &str = "X-Twilio-Webhooks-Signature-Settings";

fn twilio() -> TwilioVerifier {
    TwilioVerifier::new(Secret::new(TOKEN)).unwrap()
}

fn post(url: &str, signed: &str, body: &str) -> Result<Scheme, Refusal> {
    let signature = sha1(TOKEN, signed);
    let request = request("POST", url, &[FORM, (SIGNATURE, &signature)], body.as_bytes());
    let urls = PublicUrls::from(PublicUrl::parse(url).unwrap());
    request.verify(&twilio(), Ok(&urls)).map(|r| r.scheme()).map_err(|refused| refused.refusal)
}

fn is_signed(url: &str, signed: &str, body: &str) {
    assert_eq!(post(url, signed, body), Ok(Scheme::TwilioSha1), "{url} {body}");
}

#[test]
fn fields_are_signed_decoded_sorted_and_once() {
    is_signed(URL, &format!("{URL}A 1B+"), "B=%2b&A=+1");
    is_signed(URL, &format!("{URL}A 1B+"), "B=%2B&A=%201&A=+1&");
    is_signed(URL, &format!("{URL}a1a2aab"), "aa=b&a=2&a=1&a=2");
    is_signed(URL, &format!("{URL}AllB"), "B&=All");
    is_signed(URL, &format!("{URL}é'\u{FFFD}"), "%c3%a9=%27%FF");
    is_signed(URL, &format!("{URL}a1;b=2"), "a=1;b=2");
    is_signed(URL, URL, "");
}

#[test]
fn the_url_is_signed_as_it_came_but_for_its_port() {
    for url in [
        "https://example.com",
        "https://example.com/?",
        "https://example.com/t//'%27/%7e?b=2&a=1&a='%27+%20;x=1?y",
        "https://example.com/t/?",
    ] {
        is_signed(url, &format!("{url}k"), "k");
    }
    for (url, signed) in [
        ("https://h/p?q", "https://h:443/p?q"),
        ("https://h:443/p?q", "https://h/p?q"),
        ("http://h/p?q", "http://h:80/p?q"),
        ("https://h:8443/p?q", "https://h/p?q"),
        ("https://[::1]/p?q", "https://[::1]:443/p?q"),
        ("https://[::1]:8443/p?q", "https://[::1]/p?q"),
        ("https://user:pass@h/p", "https://h/p"),
        ("https://user:pass@h/p", "https://user:pass@h:443/p"),
        ("https://h/p#rc=2", "https://h/p"),
    ] {
        is_signed(url, signed, "");
    }
    for (url, signed) in [
        ("https://h/p", "http://h/p"),
        ("https://h/p", "https://h:80/p"),
        ("https://h:8443/p", "https://h:443/p"),
        ("https://h/p", "https://h/p/"),
        ("https://h/p?a=%27", "https://h/p?a='"),
        ("https://h/p?a=1&b=2", "https://h/p?b=2&a=1"),
        ("https://h/p?", "https://h/p"),
    ] {
        let refusal = post(url, signed, "").unwrap_err();
        assert!(matches!(refusal, Refusal::Signature { .. }), "{url} {refusal}");
    }
}

#[test]
fn a_get_is_signed_by_its_url_and_has_no_body() {
    let signature = sha1(TOKEN, URL);
    let pairs = [(SIGNATURE, &*signature)];
    assert!(verify(&twilio(), "GET", URL, &pairs, b"").is_ok());
    assert_eq!(verify(&twilio(), "GET", URL, &pairs, b"From=1"), Err(Refusal::UnsignedBody));
    for method in ["PUT", "HEAD", "get", ""] {
        assert_eq!(verify(&twilio(), method, URL, &pairs, b""), Err(Refusal::Method("Twilio")));
    }
}

#[test]
fn json_is_signed_by_its_hash() {
    let hash = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
    let url = format!("https://h/p?a=1&bodySHA256={hash}");
    let signature = sha1(TOKEN, &url);
    let with = |kind, body: &str| {
        let pairs = [("Content-Type", kind), (SIGNATURE, &*signature)];
        verify(&twilio(), "POST", &url, &pairs, body.as_bytes()).map(|_| ())
    };
    assert_eq!(with("application/json", "{}"), Ok(()));
    assert_eq!(with("Application/JSON ; charset=utf-8", "{}"), Ok(()));
    assert_eq!(with("application/json", "{ }"), Err(Refusal::BodyHash));
    // As a form, the same body is a field, which is not signed.
    assert!(matches!(with(FORM.1, "{}"), Err(Refusal::Signature { .. })));
    // Nor is a body taken for JSON whose hash the URL does not have.
    let signature = sha1(TOKEN, URL);
    let pairs = [JSON, (SIGNATURE, &*signature)];
    assert_eq!(verify(&twilio(), "POST", URL, &pairs, b"{}"), Err(Refusal::MissingBodyHash));
    // The hash is compared only after the signature, so it cannot be searched for.
    let pairs = [JSON, (SIGNATURE, &*sha1("other", &url))];
    assert!(matches!(
        verify(&twilio(), "POST", &url, &pairs, b"x"),
        Err(Refusal::Signature { .. })
    ));
}

#[test]
fn shared_keys_sign_with_sha256() {
    let with = |verifier: &TwilioVerifier, key, settings| {
        let signature = sha256(key, URL);
        let pairs = [(SIGNATURE, &*signature), (SETTINGS, settings)];
        verify(verifier, "POST", URL, &pairs, b"").is_ok()
    };
    let shared = twilio().with_shared_key(Secret::new("shared")).unwrap();
    let sha256 = "key=webhooks_sharedkey_01, algorithm=HMAC_SHA256";
    assert!(with(&shared, "shared", sha256));
    assert!(with(&shared, "shared", "algorithm=hmac_sha256"));
    assert!(!with(&shared, TOKEN, sha256));
    assert!(with(&twilio(), TOKEN, sha256));
    assert!(!with(&shared, "shared", "key=webhooks_sharedkey_01"));
    assert!(!with(&shared, "shared", "algorithm=HMAC_SHA1"));
    let signature = sha1(TOKEN, URL);
    for (settings, expected) in [
        ("", Ok(())),
        ("algorithm=", Ok(())),
        ("algorithm=HMAC_SHA1", Ok(())),
        ("algorithm=HMAC_MD5", Err(Refusal::UnknownAlgorithm)),
        ("algorithm=none", Err(Refusal::UnknownAlgorithm)),
    ] {
        let pairs = [(SIGNATURE, &*signature), (SETTINGS, settings)];
        assert_eq!(verify(&shared, "POST", URL, &pairs, b"").map(|_| ()), expected, "{settings}");
    }
}

#[test]
fn what_is_missing_or_twofold_is_refused_before_the_body() {
    let signature = sha1(TOKEN, URL);
    let claimed = |pairs: &[(&str, &str)]| {
        let request = request("POST", URL, pairs, b"");
        twilio().claimed(request.method(), request.headers())
    };
    assert_eq!(claimed(&[]), Err(Refusal::MissingHeader(SIGNATURE)));
    assert_eq!(claimed(&[(SIGNATURE, "")]), Err(Refusal::MissingHeader(SIGNATURE)));
    assert_eq!(claimed(&[("x-twilio-signature", &signature)]), Ok(Scheme::TwilioSha1));
    let twice = [(SIGNATURE, &*signature), ("x-twilio-signature", &signature)];
    assert_eq!(claimed(&twice), Err(Refusal::RepeatedHeader(SIGNATURE)));
    let long = "A".repeat(2000);
    assert!(matches!(claimed(&[(SIGNATURE, &long)]), Err(Refusal::MalformedHeader { .. })));
    for padded in [format!(" {signature}"), format!("{signature} "), signature.replace('=', "")] {
        assert!(verify(&twilio(), "POST", URL, &[(SIGNATURE, &padded)], b"").is_err(), "{padded}");
    }
    let fields = "a=1&".repeat(600);
    let signed = format!("{URL}a1");
    assert_eq!(post(URL, &signed, &fields), Err(Refusal::TooManyFields));
    assert!(TwilioVerifier::new(Secret::new("")).is_err());
    assert!(twilio().with_shared_key(Secret::new("")).is_err());
}

#[test]
fn the_operator_learns_the_urls_and_the_key_but_no_secret() {
    let signature = sha1("other", URL);
    let url = "https://user:hunter2@example.com/t/webhook?token=t0ken";
    let pairs = [FORM, (SIGNATURE, &*signature)];
    let refusal = verify(&twilio(), "POST", url, &pairs, b"Body=words").unwrap_err();
    let told = format!("{refusal}. {} {refusal:?} {:?}", refusal.advice(), twilio());
    for part in [
        "https://example.com/t/webhook",
        "https://example.com:443/t/webhook",
        "publicUrl",
        "twilio.authToken",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    for part in [TOKEN, &signature, "hunter2", "t0ken", "words"] {
        assert!(!told.contains(part), "{part}: {told}");
    }
    let stranger = refusal.answer();
    assert_eq!((stranger.status, &*stranger.body), (403, "forbidden\n"));
}

#[test]
fn without_a_url_nothing_is_verified() {
    let signature = sha1(TOKEN, URL);
    let request = request("POST", URL, &[(SIGNATURE, &signature)], b"");
    let refused = request.verify(&twilio(), Err(UrlRefusal::Unknown)).unwrap_err();
    assert_eq!(refused.refusal, Refusal::Url(UrlRefusal::Unknown));
    assert!(refused.refusal.advice().contains("publicUrl"));
    // The request comes back for the next account.
    let urls = PublicUrls::from(PublicUrl::parse(URL).unwrap());
    assert!(refused.request.verify(&twilio(), Ok(&urls)).is_ok());
}
