//! What is simulated is what the server takes for the real thing.

use serde_json::{Value, json};
use telephony_core::config::{Config, Host, from_value};
use telephony_core::{CallStatus, Event as Parsed, MessageStatus, SeededEntropy};
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
fn received(provider: &str, event: &Event) -> Parsed {
    received_with_key(provider, event).1
}

fn received_with_key(provider: &str, event: &Event) -> (String, Parsed) {
    let key = key();
    let config = config(provider, &key);
    let account = &config.accounts[0];
    let id = carrier_id(&account.provider, event, [0xa5; 16]);
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
        Notice::Event { key, event, claims } => {
            assert!(claims.belong_to(account), "{provider}");
            (key.as_str().to_owned(), *event)
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
            let Parsed::Message(message) = received(provider, &event) else {
                panic!("{provider}");
            };
            assert_eq!(message.from, from, "{provider}");
            assert_eq!(message.body.as_str(), "Grüße & 100 %", "{provider}");
            assert_eq!(message.media.len(), media.len(), "{provider}");
        }
    }
}

#[test]
fn each_status_is_a_report_of_its_own_in_the_words_of_the_carrier() {
    for provider in PROVIDERS {
        let mut keys = std::collections::HashSet::new();
        let mut reports: Option<telephony_core::DeliveryState> = None;
        for status in ["queued", "sent", "delivered", "undelivered", "failed"] {
            let code = matches!(status, "undelivered" | "failed").then(|| "30003".to_owned());
            let to = "+15550001234".parse().unwrap();
            let event = Event::Receipt { status: status.to_owned(), code: code.clone(), to };
            let (key, Parsed::Delivery(update)) = received_with_key(provider, &event) else {
                panic!("{provider}");
            };
            assert_eq!(update.report.status.as_str(), status, "{provider}");
            assert_eq!(update.report.code.as_ref().map(|code| code.as_str()), code.as_deref());
            assert!(keys.insert(key), "{provider} {status}");
            let (again, _) = received_with_key(provider, &event);
            assert!(keys.contains(&again), "{provider} {status}");
            match &mut reports {
                None => reports = Some(telephony_core::DeliveryState::new(update.report)),
                // The way of a message that arrives, each report after the one before.
                Some(reports) if code.is_none() => {
                    reports.apply(update.report);
                    assert_eq!(reports.status().as_str(), status, "{provider}");
                }
                Some(_) => {}
            }
        }
    }
}

#[test]
fn ids_have_the_shape_of_their_carrier() {
    assert_eq!(uuid([0; 16]), "00000000-0000-4000-8000-000000000000");
    assert_eq!(uuid([0xff; 16]), "ffffffff-ffff-4fff-bfff-ffffffffffff");
    let key = key();
    let from = Sender::parse("+15550001234").unwrap();
    let text = |media: &[&str]| Event::Message {
        from: from.clone(),
        text: "Hi".to_owned(),
        media: media.iter().map(|url| (*url).to_owned()).collect(),
    };
    let (sms, mms, call) = (text(&[]), text(&["a"]), Event::Call { from: from.clone() });
    for (provider, event, start, length) in [
        ("twilio", &sms, "SM0a", 34),
        ("twilio", &mms, "MM0a", 34),
        ("twilio", &call, "CA0a", 34),
        ("telnyx", &sms, "0a0a", 36),
        ("plivo", &mms, "0a0a", 36),
        ("mock", &sms, "simulated-0a", 42),
    ] {
        let provider = &config(provider, &key).accounts[0].provider;
        let id = carrier_id(provider, event, [10; 16]);
        assert!(id.starts_with(start) && id.len() == length, "{id}");
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
        let Parsed::Delivery(update) = received(provider, &event) else {
            panic!("{provider}");
        };
        assert_eq!(update.report.status, MessageStatus::Delivered, "{provider}");
        let reference = update.reference.map(|reference| reference.to_string());
        assert_eq!(reference.as_deref(), Some("token-1"), "{provider}");
    }
}

#[test]
fn calls_arrive_as_they_were_meant() {
    for (provider, word, ended) in [
        ("twilio", "no-answer", CallStatus::NoAnswer),
        ("telnyx", "user_busy", CallStatus::Busy),
        ("plivo", "completed", CallStatus::Completed),
    ] {
        let from: Sender = "+15550001234".parse().unwrap();
        let Parsed::Call(call) = received(provider, &Event::Call { from: from.clone() }) else {
            panic!("{provider}");
        };
        assert_eq!(
            (call.inbound, call.from, call.status),
            (true, Some(from), Some(CallStatus::Ringing))
        );
        assert_eq!(call.asks, provider != "telnyx", "{provider}");
        let (status, to) = (word.to_owned(), "+15550001234".parse().unwrap());
        let Parsed::Call(call) = received(provider, &Event::Progress { status, to }) else {
            panic!("{provider}");
        };
        assert_eq!((call.inbound, call.asks, call.status), (false, false, Some(ended)));
    }
    let config = config("mock", &key());
    let (account, id) = (&config.accounts[0], ProviderMessageId::new("id1").unwrap());
    let call = Event::Call { from: "+15550001234".parse().unwrap() };
    let refused = posting(account, &id, &call, None, URL, None, NOW);
    assert!(matches!(refused, Err(SimulateError::NoCalls)));
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
