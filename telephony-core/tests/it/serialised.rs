//! The JSON of every type that is stored or sent: to change one of these lines is a decision.

use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use telephony_core::{
    AccountId, Body, CallId, CallState, CallStatus, CallUpdate, CarrierCode, ClientState,
    DeliveryState, DeliveryUpdate, Event, HttpUrl, IdempotencyKey, InboundMedia, InboundMessage,
    MachineDetection, MessageId, MessageStatus, OptOut, Order, OutboundMessage, ProviderCallId,
    ProviderKind, ProviderMessageId, RawStatus, Reference, Secret, Sender, StatusReport, Timestamp,
};

/// Written as `expected` and read back as itself.
#[track_caller]
fn check<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: T, expected: Value) {
    assert_eq!(serde_json::to_value(&value).unwrap(), expected);
    assert_eq!(serde_json::from_value::<T>(expected).unwrap(), value);
}

#[track_caller]
fn refused<T: DeserializeOwned + Debug>(value: Value, reason: &str) {
    let error = serde_json::from_value::<T>(value).unwrap_err().to_string();
    assert!(error.contains(reason), "{error}");
}

fn account() -> AccountId {
    AccountId::default_account()
}

fn report() -> StatusReport {
    let mut report = StatusReport::new(MessageStatus::Undelivered, "undelivered");
    report.order = Order::Sequence(3);
    report.code = Some(CarrierCode::new("50"));
    report
}

fn report_json() -> Value {
    json!({
        "status": "undelivered",
        "isFinal": false,
        "order": {"sequence": 3},
        "raw": "undelivered",
        "code": "50",
    })
}

fn inbound() -> InboundMessage {
    let mut media = InboundMedia::new(HttpUrl::parse("https://example.com/1.png").unwrap());
    media.content_type = Some("image/png".into());
    media.size = Some(102_400);
    let mut message = InboundMessage::new(
        account(),
        ProviderMessageId::new("MM1").unwrap(),
        Sender::parse("+15550001234").unwrap(),
        Sender::parse("72345").unwrap(),
        Timestamp::from_second(1_692_853_305),
    );
    message.body = Body::new("hello");
    message.media = vec![media];
    message.opt_out = Some(OptOut::Stop);
    message
}

fn call() -> CallUpdate {
    let id = ProviderCallId::new("CA1").unwrap();
    CallUpdate::new(account(), id, Some(CallStatus::NoAnswer), "no-answer")
}

#[test]
fn values() {
    check(Timestamp::from_millisecond(1_692_853_305_007), json!("2023-08-24T05:01:45.007Z"));
    check(Body::new("hi"), json!("hi"));
    check(HttpUrl::parse("https://example.com/a?b#c").unwrap(), json!("https://example.com/a?b#c"));
    check(CarrierCode::new("40008"), json!("40008"));
    check(RawStatus::new("delivery_failed"), json!("delivery_failed"));
    check(ClientState::new("aGk="), json!("aGk="));
    check(account(), json!("default"));
    check(MessageId::new("msg_1").unwrap(), json!("msg_1"));
    check(CallId::new("call_1").unwrap(), json!("call_1"));
    check(IdempotencyKey::new("key-1").unwrap(), json!("key-1"));
    check(Reference::new("ref-1").unwrap(), json!("ref-1"));
    check(Sender::parse("Acme").unwrap(), json!("Acme"));
}

#[test]
fn names() {
    for (kind, name) in ProviderKind::ALL.into_iter().zip(["twilio", "telnyx", "plivo", "mock"]) {
        check(kind, json!(name));
    }
    for (status, name) in [
        (MessageStatus::Queued, "queued"),
        (MessageStatus::Sending, "sending"),
        (MessageStatus::Sent, "sent"),
        (MessageStatus::Failed, "failed"),
        (MessageStatus::Undelivered, "undelivered"),
        (MessageStatus::Delivered, "delivered"),
        (MessageStatus::Received, "received"),
        (MessageStatus::Read, "read"),
    ] {
        check(status, json!(name));
        assert_eq!(status.to_string(), name);
    }
    for (status, name) in [
        (CallStatus::Queued, "queued"),
        (CallStatus::Initiated, "initiated"),
        (CallStatus::Ringing, "ringing"),
        (CallStatus::InProgress, "in-progress"),
        (CallStatus::Canceled, "canceled"),
        (CallStatus::Failed, "failed"),
        (CallStatus::NoAnswer, "no-answer"),
        (CallStatus::Busy, "busy"),
        (CallStatus::Completed, "completed"),
    ] {
        check(status, json!(name));
        assert_eq!(status.to_string(), name);
    }
    check(OptOut::Stop, json!("stop"));
    check(OptOut::Start, json!("start"));
    check(OptOut::Help, json!("help"));
    check(MachineDetection::Off, json!("off"));
    check(MachineDetection::Report, json!("report"));
    check(MachineDetection::Hangup, json!("hangup"));
}

#[test]
fn orders() {
    check(Order::Unknown, json!("unknown"));
    check(Order::Sequence(3), json!({"sequence": 3}));
    check(Order::OccurredAt(Timestamp::EPOCH), json!({"occurredAt": "1970-01-01T00:00:00.000Z"}));
}

#[test]
fn messages() {
    let message = OutboundMessage::builder("+15550001234".parse().unwrap())
        .body("hi")
        .from(Sender::parse("Acme").unwrap())
        .media(HttpUrl::parse("https://example.com/a.jpg").unwrap())
        .status_callback(HttpUrl::parse("https://example.com/s").unwrap())
        .idempotency_key(IdempotencyKey::new("key-1").unwrap())
        .build()
        .unwrap();
    let expected = json!({
        "to": "+15550001234",
        "from": "Acme",
        "body": "hi",
        "media": ["https://example.com/a.jpg"],
        "statusCallback": "https://example.com/s",
        "idempotencyKey": "key-1",
    });
    assert_eq!(serde_json::to_value(&message).unwrap(), expected);
}

#[test]
fn delivery_states() {
    let mut state = DeliveryState::new(StatusReport::new(MessageStatus::Delivered, "delivered"));
    state.apply(report());
    let ends = ["undelivered", "delivered"];
    check(state, json!({"report": report_json(), "ends": ends, "settled": true}));
}

#[test]
fn call_states() {
    let mut state = CallState::new(CallStatus::Queued);
    state.apply(&call());
    check(state, json!({"status": "no-answer", "order": "unknown"}));
}

#[test]
fn events() {
    check(
        Event::Message(inbound()),
        json!({
            "kind": "message",
            "account": "default",
            "id": "MM1",
            "from": "+15550001234",
            "to": "72345",
            "body": "hello",
            "media": [
                {"url": "https://example.com/1.png", "contentType": "image/png", "size": 102_400},
            ],
            "optOut": "stop",
            "receivedAt": "2023-08-24T05:01:45.000Z",
        }),
    );
    let id = ProviderMessageId::new("SM1").unwrap();
    let mut update = DeliveryUpdate::new(account(), id, report());
    check(
        Event::Delivery(update.clone()),
        json!({"kind": "delivery", "account": "default", "id": "SM1", "report": report_json()}),
    );
    update.reference = Some(Reference::new("ref-1").unwrap());
    check(
        update,
        json!({"account": "default", "id": "SM1", "report": report_json(), "reference": "ref-1"}),
    );
    check(
        Event::Call(call()),
        json!({
            "kind": "call",
            "account": "default",
            "id": "CA1",
            "status": "no-answer",
            "raw": "no-answer",
            "order": "unknown",
            "inbound": false,
        }),
    );
    let mut whole = call();
    whole.from = Some(Sender::parse("+15550001234").unwrap());
    whole.to = Some(Sender::parse("+15550001235").unwrap());
    whole.client_state = Some(ClientState::new("aGk="));
    whole.duration_seconds = Some(7);
    whole.answered_by_machine = Some(true);
    whole.code = Some(CarrierCode::new("486"));
    whole.reference = Some(Reference::new("ref-1").unwrap());
    check(
        whole,
        json!({
            "account": "default",
            "id": "CA1",
            "status": "no-answer",
            "raw": "no-answer",
            "order": "unknown",
            "inbound": false,
            "from": "+15550001234",
            "to": "+15550001235",
            "clientState": "aGk=",
            "durationSeconds": 7,
            "answeredByMachine": true,
            "code": "486",
            "reference": "ref-1",
        }),
    );
}

#[test]
fn what_is_read_is_checked() {
    refused::<Sender>(json!("+12"), "a sender is");
    refused::<AccountId>(json!("../etc"), "cannot hold '.'");
    refused::<MessageId>(json!(""), "an id is missing");
    refused::<HttpUrl>(json!("file:///x"), "https://");
    refused::<Timestamp>(json!("tomorrow"), "RFC 3339");
    refused::<MessageStatus>(json!("Delivered"), "unknown variant");
    let long = "x".repeat(1000);
    assert!(serde_json::from_value::<RawStatus>(json!(long)).unwrap().as_str().len() < 100);
    let secret: Secret = serde_json::from_value(json!("hunter2")).unwrap();
    assert_eq!(secret.expose(), "hunter2");
}
