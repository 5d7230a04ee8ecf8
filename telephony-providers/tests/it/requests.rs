//! What the clients ask of the carriers, to the letter.

use serde_json::{Value, json};
use telephony_core::{
    AccountId, CallContent, CallStatus, CallStep, CallUpdate, MachineDetection, MessageStatus,
    OutboundMessage, ProviderCallId, ProviderKind,
};
use telephony_providers::{ErrorKind, Outcome};
use wiremock::ResponseTemplate;

use crate::carrier::{
    ACCOUNT_SID, CARRIERS, arrived, call, carrier, client, message, message_id, taken,
};

fn form(body: &str) -> Vec<(String, String)> {
    url::form_urlencoded::parse(body.as_bytes()).into_owned().collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[tokio::test]
async fn a_text_is_sent_as_each_carrier_wants_it() {
    for kind in CARRIERS {
        let server = carrier(taken(kind)).await;
        let provider = client(kind, &server.uri(), |_| {});
        let sent = provider.messaging.send(&message()).await.unwrap();
        assert_eq!(sent.report.status, MessageStatus::Queued);
        let (method, path, content_type, body) = arrived(&server).await.remove(0);
        assert_eq!(method, "POST");
        match kind {
            ProviderKind::Twilio => {
                assert_eq!(path, format!("/2010-04-01/Accounts/{ACCOUNT_SID}/Messages.json"));
                assert_eq!(content_type, "application/x-www-form-urlencoded");
                let expected = pairs(&[
                    ("To", "+15550001234"),
                    ("From", "+15550001111"),
                    ("Body", "canary-body"),
                    ("StatusCallback", "https://example.com/s"),
                ]);
                assert_eq!(form(&body), expected);
            }
            ProviderKind::Telnyx => {
                assert_eq!(
                    (path.as_str(), content_type.as_str()),
                    ("/v2/messages", "application/json")
                );
                let expected = json!({
                    "to": "+15550001234", "from": "+15550001111", "text": "canary-body",
                    "webhook_url": "https://example.com/s",
                });
                assert_eq!(serde_json::from_str::<Value>(&body).unwrap(), expected);
            }
            _ => {
                assert_eq!(path, "/v1/Account/MA1/Message/");
                let expected = json!({
                    "src": "15550001111", "dst": "15550001234", "text": "canary-body",
                    "type": "sms", "url": "https://example.com/s", "method": "POST",
                });
                assert_eq!(serde_json::from_str::<Value>(&body).unwrap(), expected);
            }
        }
    }
}

#[tokio::test]
async fn pictures_go_along() {
    let picture = "https://example.com/cat.jpg";
    let message = OutboundMessage::builder("+15550001234".parse().unwrap())
        .media(picture.parse().unwrap())
        .media(picture.parse().unwrap())
        .build()
        .unwrap();
    for kind in CARRIERS {
        let server = carrier(taken(kind)).await;
        client(kind, &server.uri(), |_| {}).messaging.send(&message).await.unwrap();
        let (.., body) = arrived(&server).await.remove(0);
        if kind == ProviderKind::Twilio {
            let urls = form(&body).into_iter().filter(|(name, _)| name == "MediaUrl").count();
            assert_eq!(urls, 2);
            continue;
        }
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(body["media_urls"], json!([picture, picture]));
        assert!(body.get("text").is_none());
        if kind == ProviderKind::Plivo {
            assert_eq!(body["type"], "mms");
        }
    }
}

#[tokio::test]
async fn a_messaging_service_picks_the_sender_unless_one_is_named() {
    let server = carrier(taken(ProviderKind::Twilio)).await;
    let provider = client(ProviderKind::Twilio, &server.uri(), |value| {
        value["twilio"]["messagingServiceSid"] = "MG1".into();
    });
    provider.messaging.send(&message()).await.unwrap();
    let named = OutboundMessage::builder("+15550001234".parse().unwrap())
        .from(telephony_core::Sender::parse("+15550009999").unwrap())
        .body("x")
        .build()
        .unwrap();
    provider.messaging.send(&named).await.unwrap();
    let arrived = arrived(&server).await;
    assert!(form(&arrived[0].3).contains(&("MessagingServiceSid".into(), "MG1".into())));
    assert!(form(&arrived[1].3).contains(&("From".into(), "+15550009999".into())));
}

#[tokio::test]
async fn what_became_of_a_message_is_asked_by_its_id() {
    for (kind, answer, path) in [
        (
            ProviderKind::Twilio,
            json!({ "sid": "SM1", "status": "undelivered", "error_code": 30003 }),
            format!("/2010-04-01/Accounts/{ACCOUNT_SID}/Messages/id1.json"),
        ),
        (
            ProviderKind::Telnyx,
            json!({ "data": { "id": "m", "to": [{ "status": "delivery_failed" }],
                "errors": [{ "code": "40008" }] } }),
            "/v2/messages/id1".to_owned(),
        ),
        (
            ProviderKind::Plivo,
            json!({ "message_state": "undelivered", "message_direction": "outbound",
                "error_code": "50", "units": "1" }),
            "/v1/Account/MA1/Message/id1/".to_owned(),
        ),
    ] {
        let server = carrier(ResponseTemplate::new(200).set_body_json(answer)).await;
        let provider = client(kind, &server.uri(), |_| {});
        let report = provider.messaging.fetch(&message_id()).await.unwrap();
        assert_eq!(report.status, MessageStatus::Undelivered);
        assert!(report.code.is_some());
        assert_eq!(arrived(&server).await[0].1, path);
    }
}

#[tokio::test]
async fn a_call_speaks_as_each_carrier_can() {
    for (kind, answer) in [
        (ProviderKind::Twilio, json!({ "sid": "CA1", "status": "queued" })),
        (ProviderKind::Telnyx, json!({ "data": { "call_control_id": "v3:a" } })),
        (ProviderKind::Plivo, json!({ "request_uuid": "r1" })),
    ] {
        let server = carrier(ResponseTemplate::new(201).set_body_json(answer)).await;
        let provider = client(kind, &server.uri(), |_| {});
        let placed = provider.voice.place(&call("Tea & cake")).await.unwrap();
        let body = arrived(&server).await.remove(0).3;
        if kind == ProviderKind::Twilio {
            let twiml = "<Response><Say>Tea &amp; cake</Say></Response>";
            let form = form(&body);
            assert!(form.contains(&("Twiml".into(), twiml.into())), "{form:?}");
            assert!(form.contains(&("Timeout".into(), "20".into())));
            assert!(form.contains(&("TimeLimit".into(), "120".into())));
            assert_eq!(form.iter().filter(|(name, _)| name == "StatusCallbackEvent").count(), 4);
            continue;
        }
        let body: Value = serde_json::from_str(&body).unwrap();
        if kind == ProviderKind::Telnyx {
            assert_eq!(placed.status, CallStatus::Initiated);
            assert_eq!(
                (&body["command_id"], &body["timeout_secs"]),
                (&json!("call_1"), &json!(20))
            );
            assert!(body["client_state"].is_string());
        } else {
            assert_eq!(body["answer_url"], "https://example.com/a");
            assert_eq!(body["to"], "15550001234");
        }
    }
}

#[tokio::test]
async fn machines_are_told_of_while_it_speaks_already() {
    for (kind, answer) in [
        (ProviderKind::Twilio, json!({ "sid": "CA1", "status": "queued" })),
        (ProviderKind::Plivo, json!({ "request_uuid": "r1" })),
    ] {
        let server = carrier(ResponseTemplate::new(201).set_body_json(answer)).await;
        let mut request = call("Hello");
        let callback = "https://example.com/c";
        request.machine_detection = MachineDetection::Report;
        request.status_callback = Some(callback.parse().unwrap());
        client(kind, &server.uri(), |_| {}).voice.place(&request).await.unwrap();
        let body = arrived(&server).await.remove(0).3;
        if kind == ProviderKind::Twilio {
            for (name, value) in [("AsyncAmd", "true"), ("AsyncAmdStatusCallback", callback)] {
                assert!(form(&body).contains(&(name.into(), value.into())), "{body}");
            }
        } else {
            let body: Value = serde_json::from_str(&body).unwrap();
            assert_eq!(body["machine_detection_url"], callback);
        }
    }
}

#[tokio::test]
async fn telnyx_is_told_what_somebody_gets_who_calls() {
    let server = carrier(ResponseTemplate::new(200).set_body_json(json!({ "data": {} }))).await;
    let telnyx = client(ProviderKind::Telnyx, &server.uri(), |_| {});
    let id = ProviderCallId::new("v3:a").unwrap();
    let mut event = CallUpdate::new(AccountId::default_account(), id, None, "call.initiated");
    event.inbound = true;
    let say = CallStep::Say { text: "Write to us".into(), language: None };
    for (step, action) in [(CallStep::Reject, "reject"), (say, "answer")] {
        telnyx.voice.follow(&event, &step).await.unwrap();
        let (method, path, _, body) = arrived(&server).await.pop().unwrap();
        assert_eq!((method, path), ("POST".into(), format!("/v2/calls/v3%3Aa/actions/{action}")));
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(body["command_id"], action);
        assert_eq!(body.get("cause").is_some(), action == "reject");
        assert_eq!(body.get("client_state").is_some(), action == "answer");
    }
}

#[tokio::test]
async fn an_id_that_is_none_ends_no_call() {
    for kind in CARRIERS {
        let server = carrier(ResponseTemplate::new(204)).await;
        let provider = client(kind, &server.uri(), |_| {});
        for id in ["..", "a/b", "%2e"] {
            let id = ProviderCallId::new(id).unwrap();
            let error = provider.voice.hang_up(&id).await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NotFound);
        }
        assert!(arrived(&server).await.is_empty());
        provider.voice.hang_up(&ProviderCallId::new("v3:a").unwrap()).await.unwrap();
        let (method, path, ..) = arrived(&server).await.remove(0);
        let expected = match kind {
            ProviderKind::Twilio => {
                ("POST", format!("/2010-04-01/Accounts/{ACCOUNT_SID}/Calls/v3%3Aa.json"))
            }
            ProviderKind::Telnyx => ("POST", "/v2/calls/v3%3Aa/actions/hangup".to_owned()),
            _ => ("DELETE", "/v1/Account/MA1/Call/v3%3Aa/".to_owned()),
        };
        assert_eq!((method.as_str(), path), expected);
    }
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused_before_it_is() {
    let nowhere = "http://127.0.0.1:1";
    let long = |kind, text: String| async move {
        client(kind, nowhere, |_| {}).voice.place(&call(&text)).await.unwrap_err()
    };
    for (kind, characters) in [(ProviderKind::Twilio, 4000), (ProviderKind::Telnyx, 3001)] {
        let error = long(kind, "a".repeat(characters)).await;
        assert_eq!((error.kind(), error.outcome()), (ErrorKind::TooLong, Outcome::NotSent));
    }
    let mut silent = call("Hello");
    silent.answer_url = None;
    let plivo = client(ProviderKind::Plivo, nowhere, |_| {});
    let error = plivo.voice.place(&silent).await.unwrap_err();
    assert!(error.to_string().contains("publicUrl"), "{error}");
    silent.content = CallContent::Url("https://example.com/xml".parse().unwrap());
    let error = plivo.voice.place(&silent).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Temporary, "there is nobody at {nowhere}");
}

#[tokio::test]
async fn texts_that_are_too_long_do_not_leave() {
    for kind in CARRIERS {
        let server = carrier(taken(kind)).await;
        let provider = client(kind, &server.uri(), |_| {}).messaging;
        let capabilities = provider.capabilities();
        for (character, most) in
            [("a", capabilities.gsm7_characters), ("漢", capabilities.ucs2_units)]
        {
            let before = arrived(&server).await.len();
            let text = |count: u32| {
                let to = OutboundMessage::builder("+15550001234".parse().unwrap());
                to.body(character.repeat(count as usize)).build().unwrap()
            };
            let error = provider.send(&text(most + 1)).await.unwrap_err();
            assert_eq!((error.kind(), error.outcome()), (ErrorKind::TooLong, Outcome::NotSent));
            assert_eq!(arrived(&server).await.len(), before, "{kind}");
            provider.send(&text(most)).await.unwrap();
            assert_eq!(arrived(&server).await.len(), before + 1, "{kind}");
        }
    }
}
