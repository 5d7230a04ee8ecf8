//! URLs, keys and networks as they are configured: what is read is read again as the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use telephony_core::{Ed25519PublicKey, HttpUrl};
use telephony_webhook::{Headers, PublicUrl, TelnyxKey, TrustedProxies, UrlRules};

/// From here on, a text is long enough to be a secret that an error must not repeat.
const SECRET_CHARACTERS: usize = 32;

fuzz_target!(|input: &[u8]| {
    let Ok(text) = std::str::from_utf8(input) else { return };
    public_url(text);
    http_url(text);
    key(text);
    if let Ok(proxies) = TrustedProxies::parse(text.split(',')) {
        let _ = proxies.contains(std::net::Ipv4Addr::LOCALHOST.into());
    }
});

fn public_url(text: &str) {
    let Ok(url) = PublicUrl::parse(text) else { return };
    let shown = url.to_string();
    let (_, rest) = shown.split_once("://").expect("a scheme");
    let authority = rest.split('/').next().unwrap_or_default();
    assert!(!authority.contains('@'), "a password is shown");
    assert!(!shown.contains(['?', '#', ' ', '\n']), "{shown:?}");
    assert!(!url.host().is_empty() && authority.starts_with(url.host()));
    assert!(url.path().is_empty() || url.path().starts_with('/'));
    let again = PublicUrl::parse(&shown).expect("what is shown is a URL");
    assert_eq!(again.to_string(), shown);

    // What is configured decides, whatever the headers say.
    let rules = UrlRules::new("/h").public_url(url.clone());
    let peer = std::net::Ipv4Addr::LOCALHOST.into();
    let urls = rules.resolve(peer, "/h", &Headers::default()).expect("it is configured");
    assert!(urls.first().path().ends_with("/h"));
    assert_eq!(urls.first().host(), url.host());
}

fn http_url(text: &str) {
    let Ok(url) = HttpUrl::parse(text) else { return };
    assert_eq!(HttpUrl::parse(url.as_str()).as_ref(), Ok(&url), "{}", url.as_str());
    assert!(url.as_str().starts_with(if url.is_https() { "https://" } else { "http://" }));
    assert!(!url.host().is_empty());
    let stored = serde_json::to_string(&url).expect("it can be stored");
    assert_eq!(serde_json::from_str::<HttpUrl>(&stored).ok(), Some(url));
}

fn key(text: &str) {
    match TelnyxKey::parse(text) {
        Ok(key) => {
            let configured = Ed25519PublicKey::parse(text).expect("a public key");
            assert_eq!(TelnyxKey::new(&configured), Ok(key));
        }
        // The sentence itself is no secret: no key has a space.
        Err(error) if text.len() >= SECRET_CHARACTERS && !text.contains(' ') => {
            assert!(!error.to_string().contains(text), "an error repeats what may be a secret");
        }
        Err(_) => {}
    }
}
