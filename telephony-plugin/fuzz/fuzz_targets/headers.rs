//! Whatever the headers say: nobody without a key is verified, and a URL is known or refused.
//!
//! The input is the head of a request: method and target in the first line, headers, an empty line,
//! the body.
#![no_main]

use std::net::IpAddr;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use telephony_core::{Secret, Timestamp};
use telephony_webhook::{
    DangerousUnsigned, Headers, PlivoVerifier, PublicUrls, Request, TelnyxKey, TelnyxVerifier,
    TrustedProxies, TwilioVerifier, UrlRefusal, UrlRules, Verifier,
};

/// A second within the tolerance of the timestamps among the seeds.
const NOW: i64 = 1_767_225_600;

/// A refusal is one sentence, and its advice a few.
const MAX_SENTENCE_BYTES: usize = 16 * 1024;

static VERIFIERS: LazyLock<[Box<dyn Verifier>; 3]> = LazyLock::new(|| {
    // That of RFC 8032, section 7.1, test 1. No seed is signed with this or with the token.
    let key = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";
    let key = TelnyxKey::parse(key).expect("a key");
    let token = || Secret::new("a token that nobody signs with");
    [
        Box::new(TwilioVerifier::new(token()).expect("a key")),
        Box::new(TelnyxVerifier::new(key)),
        Box::new(PlivoVerifier::new(token()).expect("a key").dangerously_allow_v2()),
    ]
});

static RULES: LazyLock<[UrlRules; 4]> = LazyLock::new(|| {
    let proxies = || TrustedProxies::parse(["10.0.0.0/8", "::1"]).expect("networks");
    let rules = || UrlRules::new("/h");
    [
        rules().public_url("https://example.com/t".parse().expect("a URL")),
        rules().trust_forwarding(proxies()).loopback_only(),
        rules().trust_forwarding(proxies()).allowed_hosts(["example.com", "a.example:8443"]),
        rules().loopback_only(),
    ]
});

const PEERS: [IpAddr; 2] = [
    IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1)),
    IpAddr::V4(std::net::Ipv4Addr::new(203, 0, 113, 9)),
];

fuzz_target!(|input: &[u8]| {
    let Some(head) = Head::of(input) else { return };
    for rules in RULES.iter() {
        for peer in PEERS {
            let urls = rules.resolve(peer, head.path(), &head.headers);
            if let Ok(urls) = &urls {
                look(urls, head.path());
            }
            refuse(&head, urls.as_ref().map_err(|refusal| *refusal));
        }
    }
    unsigned(&head);
});

struct Head<'a> {
    method: &'a str,
    target: &'a str,
    headers: Headers,
    body: &'a [u8],
}

impl<'a> Head<'a> {
    fn of(input: &'a [u8]) -> Option<Self> {
        let (first, mut rest) = line(input)?;
        let (method, target) = std::str::from_utf8(first).ok()?.split_once(' ')?;
        let mut headers = Vec::new();
        while let Some((header, after)) = line(rest).filter(|(header, _)| !header.is_empty()) {
            let colon = header.iter().position(|byte| *byte == b':')?;
            let (name, value) = header.split_at(colon);
            let name = std::str::from_utf8(name).ok()?;
            headers.push((name, value.get(1..).unwrap_or_default().trim_ascii()));
            rest = after;
        }
        let headers = headers.into_iter().collect();
        let body = line(rest).map_or(rest, |(_, body)| body);
        Some(Self { method, target, headers, body })
    }

    fn request(&self) -> Request<telephony_webhook::Unverified> {
        let now = Timestamp::from_second(NOW);
        Request::new(self.method, self.target, self.headers.clone(), self.body, now)
    }

    fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }
}

fn line(input: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = input.iter().position(|byte| *byte == b'\n')?;
    Some((input.get(..end)?, input.get(end + 1..)?))
}

/// A URL is a whole one, of a scheme that is served, with the path that was asked for.
fn look(urls: &PublicUrls, path: &str) {
    assert!((1..=2).contains(&urls.iter().count()));
    let first = urls.first();
    let shown = first.to_string();
    let scheme = shown.split("://").next().unwrap_or_default().to_ascii_lowercase();
    assert!(matches!(&*scheme, "http" | "https"), "{shown}");
    assert!(!first.host().is_empty() && !first.host().contains(['@', '/', '?', '#', '\\', ' ']));
    assert!(first.path().ends_with(path), "{shown}");
}

/// Nobody here has a key, so nothing is taken, and why is said without what was sent.
fn refuse(head: &Head<'_>, urls: Result<&PublicUrls, UrlRefusal>) {
    for verifier in VERIFIERS.iter() {
        let Err(refused) = head.request().verify(&**verifier, urls) else {
            panic!("{verifier:?} took what nobody signed");
        };
        let (why, advice) = (refused.refusal.to_string(), refused.refusal.advice());
        assert!(why.len() <= MAX_SENTENCE_BYTES && advice.len() <= MAX_SENTENCE_BYTES);
        assert!(!why.is_empty() && !advice.is_empty() && !refused.refusal.label().is_empty());
    }
}

/// What nobody has to sign is taken from this machine alone.
fn unsigned(head: &Head<'_>) {
    let verifier = DangerousUnsigned::dangerously_accept_unsigned();
    let Ok(request) = head.request().verify(&verifier, Err(UrlRefusal::Unknown)) else { return };
    let headers = request.headers();
    for outside in ["origin", "forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip"] {
        assert!(!headers.contains(outside), "{outside}");
    }
    assert_eq!(headers.all("host").count(), 1);
    let host = headers.all("host").next().map(String::from_utf8_lossy).unwrap_or_default();
    let host = host.to_ascii_lowercase();
    // Loopback by name or by address, in IPv4, IPv6, or the one written as the other.
    assert!(host.contains("localhost") || host.contains("127.") || host.contains(':'), "{host:?}");
}
