//! What holds for all requests.

use proptest::prelude::*;
use telephony_core::{Secret, Timestamp};
use telephony_webhook::{
    Captured, DangerousUnsigned, Headers, PlivoVerifier, PublicUrl, PublicUrls, Request, TelnyxKey,
    TelnyxVerifier, TrustedProxies, TwilioVerifier, UrlRules, Verifier, report,
};
use url::form_urlencoded;

use crate::signer::{NOW, TOKEN, ed25519, sha1, sha256, telnyx_key, verify};

const URL: &str = "https://example.com/h?a=1";

fn verifiers() -> [Box<dyn Verifier>; 4] {
    let token = || Secret::new(TOKEN);
    [
        Box::new(TwilioVerifier::new(token()).unwrap()),
        Box::new(TelnyxVerifier::new(telnyx_key())),
        Box::new(PlivoVerifier::new(token()).unwrap().dangerously_allow_v2()),
        Box::new(DangerousUnsigned::dangerously_accept_unsigned()),
    ]
}

/// Names and values as they come, and as forms make them hard.
fn fields() -> impl Strategy<Value = Vec<(String, String)>> {
    let text = prop_oneof!["[A-Za-z0-9]{0,6}", "[ +%&=;'\"é👋\\x00\n]{0,4}", ".{0,8}"];
    prop::collection::vec((text.clone(), text), 0..12)
}

fn encode(fields: &[(String, String)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

fn twilio_string(fields: &[(String, String)]) -> String {
    let mut distinct: Vec<_> = fields.to_vec();
    distinct.sort();
    distinct.dedup();
    distinct.into_iter().fold(URL.to_owned(), |text, (name, value)| text + &name + &value)
}

fn plivo_string(fields: &[(String, String)]) -> String {
    let mut sorted: Vec<_> = fields.to_vec();
    sorted.sort();
    let fields: String = sorted.into_iter().map(|(name, value)| name + &value).collect();
    format!("{URL}.{fields}.1")
}

fn headers_of_everything() -> impl Strategy<Value = Headers> {
    let names = prop::sample::select(vec![
        "X-Twilio-Signature",
        "X-Twilio-Webhooks-Signature-Settings",
        "telnyx-signature-ed25519",
        "telnyx-timestamp",
        "X-Plivo-Signature-V3",
        "X-Plivo-Signature-Ma-V3",
        "X-Plivo-Signature-V3-Nonce",
        "X-Plivo-Signature-V2",
        "X-Plivo-Signature-V2-Nonce",
        "Content-Type",
        "Host",
        "X-Forwarded-Host",
        "X-Forwarded-Proto",
        "X-Forwarded-Port",
    ]);
    let value = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..80),
        "[A-Za-z0-9+/=,: ]{0,90}".prop_map(String::into_bytes),
        "(application/json|https?|[0-9]{1,12}|localhost:1)".prop_map(String::into_bytes),
    ];
    prop::collection::vec((names, value), 0..8).prop_map(|pairs| pairs.into_iter().collect())
}

proptest! {
    #[test]
    fn nothing_panics_and_nothing_forged_is_verified(
        method in "(GET|POST|PUT)",
        target in "[ -~é]{0,60}",
        headers in headers_of_everything(),
        body in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let now = Timestamp::from_second(NOW);
        let proxies = TrustedProxies::parse(["10.0.0.0/8"]).unwrap();
        let rules = UrlRules::new("/h").trust_forwarding(proxies).loopback_only();
        let peer = "10.0.0.1".parse().unwrap();
        for verifier in &verifiers()[..3] {
            let request = Request::new(&method, &target, headers.clone(), body.clone(), now);
            let urls = rules.resolve(peer, request.path(), request.headers());
            let refused = request.verify(&**verifier, urls.as_ref().map_err(|error| *error));
            prop_assert!(refused.is_err());
        }
        let request = Request::new(&method, &target, headers, body, now);
        let _ = request.verify(&*verifiers()[3], Err(telephony_webhook::UrlRefusal::Unknown));
    }

    #[test]
    fn texts_never_panic(text in ".{0,120}", json in "[\\[\\]{}\":,a-z0-9 \\\\]{0,80}") {
        let _ = PublicUrl::parse(&text);
        let _ = PublicUrl::parse(&format!("https://{text}"));
        let _ = TelnyxKey::parse(&text);
        let _ = TrustedProxies::parse([&*text]);
        if let Ok(captured) = serde_json::from_str::<Captured>(&json) {
            let _ = report(&captured, &*verifiers()[0], Timestamp::EPOCH);
        }
        let captured = serde_json::json!({ "url": text, "headers": { "X-Twilio-Signature": text } });
        let captured: Captured = serde_json::from_value(captured).unwrap();
        prop_assert!(!report(&captured, &*verifiers()[0], Timestamp::EPOCH).valid);
    }

    #[test]
    fn twilio_takes_fields_in_any_order(fields in fields(), seed in any::<u64>()) {
        let signature = sha1(TOKEN, &twilio_string(&fields));
        let pairs = [("X-Twilio-Signature", &*signature)];
        let mut shuffled = fields.clone();
        shuffled.rotate_left(usize::try_from(seed % 12).unwrap() % fields.len().max(1));
        if seed % 2 == 0 {
            shuffled.reverse();
        }
        // What is there twice is signed once.
        shuffled.extend(fields.first().cloned());
        let body = encode(&shuffled);
        prop_assert!(verify(&*verifiers()[0], "POST", URL, &pairs, body.as_bytes()).is_ok());
    }

    #[test]
    fn plivo_takes_fields_in_any_order(
        fields in fields().prop_filter("fields", |fields| fields.iter().any(|(n, v)| !(n.is_empty() && v.is_empty()))),
        turn in 0_usize..12,
    ) {
        let signature = sha256(TOKEN, &plivo_string(&fields));
        let pairs = [("X-Plivo-Signature-V3", &*signature), ("X-Plivo-Signature-V3-Nonce", "1")];
        let mut shuffled = fields.clone();
        shuffled.rotate_left(turn % fields.len());
        let is_verified = |fields: &[(String, String)]| {
            verify(&*verifiers()[2], "POST", URL, &pairs, encode(fields).as_bytes()).is_ok()
        };
        prop_assert!(is_verified(&shuffled));
        // Unlike Twilio's, what is there twice is signed twice.
        let again = fields.iter().find(|(name, value)| !(name.is_empty() && value.is_empty()));
        shuffled.extend(again.cloned());
        prop_assert!(!is_verified(&shuffled));
    }

    #[test]
    fn a_flipped_bit_is_noticed(
        fields in fields().prop_filter("a body", |fields| !encode(fields).is_empty()),
        place in any::<prop::sample::Index>(),
        bit in 0_u32..8,
    ) {
        let body = encode(&fields);
        let flip = |bytes: &[u8]| {
            let mut bytes = bytes.to_vec();
            let index = place.index(bytes.len());
            bytes[index] ^= 1 << bit;
            bytes
        };
        let timestamp = NOW.to_string();
        let telnyx = ed25519(&timestamp, body.as_bytes());
        let twilio = sha1(TOKEN, &twilio_string(&fields));
        let all = [("telnyx-timestamp", &*timestamp), ("telnyx-signature-ed25519", &*telnyx)];
        prop_assert!(verify(&*verifiers()[1], "POST", URL, &all, body.as_bytes()).is_ok());
        prop_assert!(verify(&*verifiers()[1], "POST", URL, &all, &flip(body.as_bytes())).is_err());
        let all = [("X-Twilio-Signature", &*twilio)];
        let flipped = flip(body.as_bytes());
        let pairs = |body: &[u8]| {
            let mut pairs: Vec<_> = form_urlencoded::parse(body).into_owned().collect();
            pairs.sort();
            pairs.dedup();
            pairs.into_iter().map(|(name, value)| name + &value).collect::<String>()
        };
        // Escapes have two cases, and a name's end is not signed: the text that is signed counts.
        let expected = pairs(&flipped) == pairs(body.as_bytes());
        let verified = verify(&*verifiers()[0], "POST", URL, &all, &flipped).is_ok();
        prop_assert_eq!(verified, expected);
        for (name, signature) in [("X-Twilio-Signature", &twilio), ("telnyx-signature-ed25519", &telnyx)] {
            let changed = flip(signature.as_bytes());
            let headers: Headers =
                [(name, &*changed), ("telnyx-timestamp", timestamp.as_bytes())].into_iter().collect();
            let now = Timestamp::from_second(NOW);
            let request = Request::new("POST", "/h?a=1", headers, body.as_bytes(), now);
            let urls = PublicUrls::from(PublicUrl::parse(URL).unwrap());
            let verifier = &verifiers()[usize::from(name.starts_with('t'))];
            prop_assert!(request.verify(&**verifier, Ok(&urls)).is_err());
        }
    }
}
