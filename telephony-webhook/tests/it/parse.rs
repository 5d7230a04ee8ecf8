//! What is posted becomes events, whatever is posted.

use std::sync::LazyLock;

use proptest::prelude::*;
use serde_json::{Value, json};
use telephony_core::config::{Account, Host, from_value};
use telephony_core::{MAX_MEDIA, MAX_RAW_STATUS_BYTES, Secret, Timestamp};
use telephony_webhook::{
    DangerousUnsigned, Notice, ParseError, PlivoVerifier, PublicUrl, PublicUrls, Request, Route,
    Signer, TelnyxVerifier, TwilioVerifier, UrlRefusal, Verified, Verifier, parse,
    telnyx_public_key,
};
use url::form_urlencoded;

/// One account of each provider.
pub static ACCOUNTS: LazyLock<Vec<Account>> = LazyLock::new(|| {
    [
        json!({ "provider": "twilio", "twilio": { "accountSid": "AC1", "authToken": "token" } }),
        json!({ "provider": "telnyx", "telnyx": {
            "apiKey": "KEY", "publicKey": "6kpsY+KcUgq+9VB7Ey7F+ZVHdq6+vnuSQh7qaRRG0iw=",
        } }),
        json!({ "provider": "plivo", "plivo": { "authId": "MA1", "authToken": "token" } }),
        json!({ "provider": "mock" }),
    ]
    .into_iter()
    .map(|mut configuration| {
        configuration["fromNumber"] = "+15550001111".into();
        if configuration["provider"] != "mock" {
            configuration["publicUrl"] = "https://example.com".into();
        }
        let config = from_value(configuration, Host::Standalone, &|_| None).unwrap();
        config.accounts.into_iter().next().unwrap()
    })
    .collect()
});

pub fn verified(method: &str, query: &str, kind: &str, body: &[u8]) -> Request<Verified> {
    let headers = [("Host", "localhost"), ("Content-Type", kind)].into_iter().collect();
    let target = format!("/telephony/webhook?{query}");
    let request = Request::new(method, &target, headers, body, Timestamp::EPOCH);
    let verifier = DangerousUnsigned::dangerously_accept_unsigned();
    request.verify(&verifier, Err(UrlRefusal::Unknown)).unwrap()
}

/// Reads a request as every provider's, by both routes, and checks what holds of all notices.
fn read(method: &str, query: &str, kind: &str, body: &[u8]) -> usize {
    let request = verified(method, query, kind, body);
    let mut events = 0;
    for account in ACCOUNTS.iter() {
        for route in [Route::Webhook, Route::Status] {
            match parse(&request, account, route) {
                Ok(Notice::Event { key, event, claims }) => {
                    events += 1;
                    let plain = |c: char| c.is_ascii_graphic() || c == ' ';
                    assert!(key.as_str().len() < 700 && key.as_str().chars().all(plain), "{key:?}");
                    assert!((2..=3).contains(&key.as_str().split(' ').count()), "{key:?}");
                    assert_eq!(event.account(), &account.id);
                    let _ = claims.belong_to(account);
                    let stored = serde_json::to_value(&event).unwrap();
                    let media = stored["media"].as_array().map_or(0, Vec::len);
                    assert!(media <= MAX_MEDIA);
                    assert_eq!(serde_json::from_value::<Box<_>>(stored).ok(), Some(event));
                }
                Ok(Notice::Ignored { name }) => {
                    assert!(name.len() <= MAX_RAW_STATUS_BYTES);
                    assert!(name.bytes().all(|byte| byte.is_ascii_graphic()), "{name:?}");
                }
                Ok(other) => panic!("{other:?}"),
                Err(error) => assert!(error.to_string().len() < 200, "{error}"),
            }
        }
    }
    events
}

/// Names that are looked at, and others.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "AccountSid",
            "AnsweredBy",
            "Body",
            "CallDuration",
            "CallSid",
            "CallStatus",
            "CallUUID",
            "Direction",
            "Duration",
            "ErrorCode",
            "Event",
            "From",
            "HangupCauseCode",
            "Media0",
            "Media1",
            "Media10",
            "MediaContentType0",
            "MediaUrl0",
            "MediaUrl9",
            "MessageIntent",
            "MessageSid",
            "MessageStatus",
            "MessageUUID",
            "MessagingServiceSid",
            "NumMedia",
            "OptOutType",
            "Sequence",
            "SequenceNumber",
            "SipResponseCode",
            "SmsSid",
            "SmsStatus",
            "Status",
            "Text",
            "To",
            "Type",
            "ref",
        ])
        .prop_map(str::to_owned),
        ".{0,6}",
    ]
}

fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "+15550001111",
            "15550001234",
            "72345",
            "Acme",
            "SM1",
            "CA1",
            "5b40a428-bfc7",
            "received",
            "delivered",
            "failed",
            "ringing",
            "completed",
            "inbound",
            "STOP",
            "optout",
            "sms",
            "0",
            "18446744073709551616",
            "-1",
            "1e999",
            "https://example.com/a",
            "machine_start",
            "",
        ])
        .prop_map(str::to_owned),
        ".{0,40}",
        "\\PC{300}",
    ]
}

fn leaf() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        value().prop_map(Value::from),
        prop::collection::vec(value().prop_map(Value::from), 0..3).prop_map(Value::from),
        Just(json!({})),
    ]
}

/// The payloads that are known, of which one place at a time is replaced.
fn payloads() -> Vec<Value> {
    vec![
        json!({"data": {"event_type": "message.received", "id": "e1",
            "occurred_at": "2024-01-15T20:16:07.588+00:00", "payload": {
                "id": "m1", "from": {"phone_number": "+13125550001"}, "text": "hello",
                "to": [{"phone_number": "+15550001111", "status": "webhook_delivered"}],
                "media": [{"url": "https://example.com/a", "content_type": "image/png", "size": 1}],
                "messaging_profile_id": "p1", "autoresponse_type": "STOP"}}}),
        json!({"data": {"event_type": "message.finalized", "id": "e2",
            "occurred_at": "2024-01-15T20:16:07.588+00:00", "payload": {
                "id": "m1", "from": {"phone_number": "+15550001111"},
                "to": [{"phone_number": "+13125550001", "status": "delivered"}],
                "errors": [{"code": "40008"}], "messaging_profile_id": "p1"}}}),
        json!({"data": {"event_type": "call.hangup", "id": "e3",
            "occurred_at": "2024-01-15T20:16:07.588+00:00", "payload": {
                "call_control_id": "v3:a", "client_state": "aGk=", "connection_id": "7",
                "direction": "incoming", "from": "+13125550001", "to": "+15550001111",
                "hangup_cause": "user_busy", "result": "machine"}}}),
        json!({"from": "+13125550001", "to": "+15550001111", "text": "hi", "messageId": "m1",
            "mediaUrls": ["https://example.com/a"]}),
        json!({"messageId": "m1", "status": "failed", "errorCode": 7}),
    ]
}

/// The pointers to everything in `value`.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(name, value)| places(value, &format!("{at}/{name}"), found));
        }
        Value::Array(items) => {
            items
                .iter()
                .enumerate()
                .for_each(|(n, item)| places(item, &format!("{at}/{n}"), found));
        }
        _ => {}
    }
}

proptest! {
    #[test]
    fn no_bytes_panic(
        method in "(GET|POST)",
        query in "[ -~]{0,60}",
        kind in "(application/json|application/x-www-form-urlencoded|)",
        body in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        read(&method, &query, &kind, &body);
    }

    #[test]
    fn no_form_panics(fields in prop::collection::vec((name(), value()), 0..14), get in any::<bool>()) {
        let encoded = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        if get {
            read("GET", &encoded, "text/plain", b"");
        } else {
            read("POST", "ref=1", "application/x-www-form-urlencoded", encoded.as_bytes());
        }
    }

    #[test]
    fn no_json_panics(
        which in any::<prop::sample::Index>(),
        place in any::<prop::sample::Index>(),
        leaf in leaf(),
    ) {
        let mut payload = which.get(&payloads()).clone();
        let mut found = Vec::new();
        places(&payload, "", &mut found);
        *payload.pointer_mut(&found[place.index(found.len())]).unwrap() = leaf;
        read("POST", "ref=1", "application/json", payload.to_string().as_bytes());
    }
}

#[test]
fn the_payloads_above_are_events_before_they_are_broken() {
    for payload in payloads() {
        let events = read("POST", "ref=1", "application/json", payload.to_string().as_bytes());
        assert!(events > 0, "{payload}");
    }
}

#[test]
fn what_a_carrier_signs_becomes_an_event() {
    const URL: &str = "https://example.com/telephony/status?ref=r-1";
    let token = || Secret::new("token");
    let telnyx = TelnyxVerifier::new(telnyx_public_key(&[7; 32]).parse().unwrap());
    let sides: [(Signer, Box<dyn Verifier>, String, Value); 3] = [
        (
            Signer::twilio(token()),
            Box::new(TwilioVerifier::new(token()).unwrap()),
            "AccountSid=AC1&MessageSid=SM1&MessageStatus=sent&From=%2B15550001111".to_owned(),
            json!(["delivery SM1 sent", "sent", "r-1"]),
        ),
        (
            Signer::telnyx(&[7; 32]),
            Box::new(telnyx),
            payloads()[1].to_string(),
            json!(["delivery m1 e2/ref", "delivered", "r-1"]),
        ),
        (
            Signer::plivo(token()),
            Box::new(PlivoVerifier::new(token()).unwrap()),
            "MessageUUID=5b&Status=failed&ErrorCode=200&Sequence=2&From=15550001111".to_owned(),
            json!(["delivery 5b failed/2", "failed", "r-1"]),
        ),
    ];
    for (account, (signer, verifier, body, expected)) in ACCOUNTS.iter().zip(sides) {
        let now = Timestamp::from_second(1_767_225_600);
        let signed = signer.sign("POST", URL, body.as_bytes(), now, "n-1").unwrap();
        let target = "/telephony/status?ref=r-1";
        let request = Request::new("POST", target, signed.into_iter().collect(), body, now);
        let urls = PublicUrls::from(PublicUrl::parse(URL).unwrap());
        let request = request.verify(&*verifier, Ok(&urls)).unwrap();
        let notice = parse(&request, account, Route::Status).unwrap();
        let Notice::Event { key, event, claims } = notice else { panic!("{notice:?}") };
        let event = serde_json::to_value(event).unwrap();
        let said = json!([key.as_str(), event["report"]["status"], event["reference"]]);
        assert_eq!(said, expected);
        assert!(claims.belong_to(account), "{claims:?}");
    }
}

#[test]
fn json_that_is_too_much_is_refused() {
    let mock = ACCOUNTS.last().unwrap();
    let deep = format!(r#"{{"from": {}1{}}}"#, "[".repeat(100_000), "]".repeat(100_000));
    for body in [&*deep, r#"{"messageId": 1e99999}"#, "{", "", "[]", "null", "\u{FEFF}{}"] {
        read("POST", "", "application/json", body.as_bytes());
        let request = verified("POST", "", "application/json", body.as_bytes());
        assert_eq!(parse(&request, mock, Route::Webhook), Err(ParseError::Json));
    }
}
