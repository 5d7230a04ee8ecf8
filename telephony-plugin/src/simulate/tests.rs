//! What is simulated is what the server takes for the real thing.

use serde_json::{Value, json};
use telephony_core::config::{Config, Host, from_value};
use telephony_core::{Event as Parsed, MessageStatus, SeededEntropy};
use telephony_webhook::{Notice, PublicUrl, PublicUrls, Request, Route, parse, verifier};

use super::*;

const NOW: Timestamp = Timestamp::from_second(1_767_225_600);
const URL: &str = "https://example.com/telephony/webhook?ref=token-1";

fn config(provider: &str, key: &TelnyxTestKey) -> Config {
    let value: Value = json!({
        "provider": provider, "fromNumber": "+15550001111",
        "twilio": { "accountSid": "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "authToken": "token" },
        "telnyx": { "apiKey": "KEY", "publicKey": key.public() },
        "plivo": { "authId": "MA1", "authToken": "token" },
    });
    from_value(value, Host::Standalone, &|_| None).unwrap()
}

fn key() -> TelnyxTestKey {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    let made = TelnyxTestKey::open_or_make(&path, &SeededEntropy::new(1)).unwrap();
    let read = TelnyxTestKey::open_or_make(&path, &SeededEntropy::new(2)).unwrap();
    assert_eq!(made.public(), read.public(), "a key stays the same");
    std::fs::write(&path, "nonsense").unwrap();
    let broken = TelnyxTestKey::open_or_make(&path, &SeededEntropy::new(2));
    assert!(matches!(broken, Err(KeyError::Malformed)));
    made
}

/// Verifies and reads what would be posted.
fn received(provider: &str, event: &Event, is_mms: bool) -> Parsed {
    let key = key();
    let config = config(provider, &key);
    let account = &config.accounts[0];
    let id = message_id(&account.provider, is_mms, [0xa5; 16]);
    let id = ProviderMessageId::new(id).unwrap();
    let posting = posting(account, &id, event, None, URL, Some(&key), NOW).unwrap();
    let mut headers = posting.headers.clone();
    headers.push(("host", "127.0.0.1".to_owned()));
    let headers = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let target = "/telephony/webhook?ref=token-1";
    let request = Request::new("POST", target, headers, posting.body, NOW);
    let (url, _) = URL.split_once('?').unwrap();
    let urls = PublicUrls::from(PublicUrl::parse(url).unwrap());
    let request = request.verify(&*verifier(account).unwrap(), Ok(&urls)).unwrap();
    match parse(&request, account, Route::Webhook).unwrap() {
        Notice::Event { event, claims, .. } => {
            assert!(claims.belong_to(account), "{provider}");
            *event
        }
        other => panic!("{provider}: {other:?}"),
    }
}

const PROVIDERS: [&str; 4] = ["twilio", "telnyx", "plivo", "mock"];

#[test]
fn texts_and_pictures_arrive_as_they_were_meant() {
    for provider in PROVIDERS {
        for media in [vec![], vec!["https://example.com/a.png".to_owned()]] {
            let from: Sender = "+15550001234".parse().unwrap();
            let text = "Grüße & 100 %".to_owned();
            let event = Event::Message { from: from.clone(), text, media: media.clone() };
            let Parsed::Message(message) = received(provider, &event, !media.is_empty()) else {
                panic!("{provider}");
            };
            assert_eq!(message.from, from, "{provider}");
            assert_eq!(message.body.as_str(), "Grüße & 100 %", "{provider}");
            assert_eq!(message.media.len(), media.len(), "{provider}");
        }
    }
}

#[test]
fn receipts_arrive_as_they_were_meant() {
    for provider in PROVIDERS {
        let event = Event::Receipt {
            status: "delivered".to_owned(),
            code: None,
            to: "+15550001234".parse().unwrap(),
        };
        let Parsed::Delivery(update) = received(provider, &event, false) else {
            panic!("{provider}");
        };
        assert_eq!(update.report.status, MessageStatus::Delivered, "{provider}");
        let reference = update.reference.map(|reference| reference.to_string());
        assert_eq!(reference.as_deref(), Some("token-1"), "{provider}");
    }
}

#[test]
fn a_key_that_is_not_trusted_says_how_it_would_be() {
    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("other");
    let other = TelnyxTestKey::open_or_make(&other, &SeededEntropy::new(9)).unwrap();
    let config = config("telnyx", &key());
    let (account, id) = (&config.accounts[0], ProviderMessageId::new("id1").unwrap());
    let event = Event::Message {
        from: "+15550001234".parse().unwrap(),
        text: "Hi".to_owned(),
        media: Vec::new(),
    };
    let error = posting(account, &id, &event, None, URL, Some(&other), NOW).unwrap_err();
    assert!(error.to_string().contains(&other.public()), "{error}");
}
