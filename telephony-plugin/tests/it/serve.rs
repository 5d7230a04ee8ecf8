//! `telephony serve` as its users meet it: a stranger, a code, an approval, an answer.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use telephony_core::{Secret, Timestamp};
use telephony_webhook::{Signer, telnyx_public_key};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

use crate::client;
use crate::outside::{Outside, PNG};
use crate::running::{Home, Running, eventually, post};

const AGENT: &str = "+15550001111";
const PERSON: &str = "+15550001234";
const PUBLIC: &str = "https://example.com/telephony/webhook";
const SID: &str = "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const TOKEN: &str = "auth-token-0123456789";
const SEED: [u8; 32] = [7; 32];

/// A carrier: how it is configured, how it posts a text, and how it is asked to send one.
struct Carrier {
    name: &'static str,
    signer: Option<Signer>,
    answer: ResponseTemplate,
}

impl Carrier {
    fn all() -> [Self; 3] {
        let created = |status| ResponseTemplate::new(status);
        [
            Self {
                name: "twilio",
                signer: Some(Signer::twilio(Secret::new(TOKEN))),
                answer: created(201)
                    .set_body_json(json!({ "sid": format!("SM{:032}", 9), "status": "queued" })),
            },
            Self {
                name: "telnyx",
                signer: Some(Signer::telnyx(&SEED)),
                answer: created(200).set_body_json(
                    json!({ "data": { "id": "m9", "to": [{ "status": "queued" }] } }),
                ),
            },
            Self {
                name: "plivo",
                signer: Some(Signer::plivo(Secret::new(TOKEN))),
                answer: created(202).set_body_json(json!({ "message_uuid": ["u9"] })),
            },
        ]
    }

    fn config(&self, api: &str) -> Value {
        json!({
            "provider": self.name, "fromNumber": AGENT, "publicUrl": PUBLIC,
            "serve": { "port": 0 },
            "twilio": { "accountSid": SID, "authToken": TOKEN, "apiBaseUrl": api },
            "telnyx": {
                "apiKey": "KEY", "publicKey": telnyx_public_key(&SEED), "apiBaseUrl": api,
            },
            "plivo": { "authId": "MA1", "authToken": TOKEN, "apiBaseUrl": api },
        })
    }

    /// Headers and body of a text from the person, signed as the carrier does it.
    fn text(&self, id: u32, text: &str) -> (Vec<(String, String)>, String) {
        let form = |fields: &[(&str, &str)]| {
            let mut form = url::form_urlencoded::Serializer::new(String::new());
            form.extend_pairs(fields).finish()
        };
        let (content_type, body) = match self.name {
            "twilio" => {
                let id = format!("SM{id:032}");
                let fields = [
                    ("MessageSid", id.as_str()),
                    ("AccountSid", SID),
                    ("From", PERSON),
                    ("To", AGENT),
                    ("Body", text),
                    ("NumMedia", "0"),
                    ("SmsStatus", "received"),
                ];
                ("application/x-www-form-urlencoded", form(&fields))
            }
            "plivo" => {
                let id = format!("5b40a428-bfc7-4daf-9d06-{id:012}");
                let fields = [
                    ("MessageUUID", id.as_str()),
                    ("From", &PERSON[1..]),
                    ("To", &AGENT[1..]),
                    ("Text", text),
                    ("Type", "sms"),
                ];
                ("application/x-www-form-urlencoded", form(&fields))
            }
            _ => (
                "application/json",
                json!({ "data": {
                    "event_type": "message.received", "id": format!("event-{id}"),
                    "occurred_at": "2026-01-01T00:00:00.000Z", "record_type": "event",
                    "payload": {
                        "id": format!("40385f64-5717-4562-b3fc-{id:012}"), "type": "SMS",
                        "direction": "inbound", "text": text,
                        "from": { "phone_number": PERSON },
                        "to": [{ "phone_number": AGENT }],
                    },
                } })
                .to_string(),
            ),
        };
        let mut headers = vec![("content-type".to_owned(), content_type.to_owned())];
        if let Some(signer) = &self.signer {
            let now = Timestamp::from_second(unix_now());
            let signed = signer.sign("POST", PUBLIC, body.as_bytes(), now, "nonce").unwrap();
            headers.extend(signed.into_iter().map(|(name, value)| (name.to_owned(), value)));
        }
        (headers, body)
    }

    /// Whom a send is for, and what it says.
    fn sent(&self, request: &Request) -> (String, String) {
        let pick = |fields: HashMap<String, String>, to: &str, text: &str| {
            (fields[to].trim_start_matches('+').to_owned(), fields[text].clone())
        };
        match self.name {
            "twilio" => {
                let form = url::form_urlencoded::parse(&request.body).into_owned();
                pick(form.collect(), "To", "Body")
            }
            name => {
                let body: HashMap<String, Value> = serde_json::from_slice(&request.body).unwrap();
                let text =
                    |(name, value): (String, Value)| Some((name, value.as_str()?.to_owned()));
                let to = if name == "telnyx" { "to" } else { "dst" };
                pick(body.into_iter().filter_map(text).collect(), to, "text")
            }
        }
    }
}

fn unix_now() -> i64 {
    use telephony_core::Clock as _;
    telephony_core::SystemClock.now().as_second()
}

/// The code in a text of ours.
fn code(text: &str) -> String {
    let (_, after) = text.split_once("code is ").unwrap();
    after.chars().take_while(char::is_ascii_alphanumeric).collect()
}

#[test]
fn a_stranger_is_paired_and_answered_through_each_carrier() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    for carrier in Carrier::all() {
        let api = runtime.block_on(async {
            let api = MockServer::start().await;
            Mock::given(any()).respond_with(carrier.answer.clone()).mount(&api).await;
            api
        });
        let sent = || -> Vec<(String, String)> {
            let requests = runtime.block_on(api.received_requests()).unwrap();
            requests.iter().map(|request| carrier.sent(request)).collect()
        };
        let server = Running::start(&carrier.config(&api.uri()), &[]);
        let text = |id, text: &str| {
            let (headers, body) = carrier.text(id, text);
            let headers: Vec<_> =
                headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            post(server.address, "/telephony/webhook", &headers, &body)
        };
        assert_eq!(text(1, "Hello?").0, 200, "{}", carrier.name);
        eventually("the code is texted", || sent().len() == 1);
        assert_eq!(text(2, "Hello??").0, 200);
        // Before they are approved, or it would be answered.
        eventually("both are done", || server.json(&["status"])["inbox"]["done"] == 2);
        let challenge = &sent()[0];
        assert_eq!(challenge.0, &PERSON[1..]);
        let approved = server.command(&["pairing", "approve", &code(&challenge.1)]);
        assert!(approved.status.success(), "{approved:?}");
        eventually("the confirmation is texted", || sent().len() == 2);
        assert!(sent()[1].1.contains("approved"), "{:?}", sent()[1]);
        assert_eq!(text(3, "Tell me").0, 200);
        eventually("the answer is texted", || sent().len() == 3);
        assert_eq!(sent()[2].1, "You said: Tell me");
        assert_eq!(text(3, "Tell me").0, 200);
        assert_eq!(text(4, "STOP").0, 200);
        let (mut headers, body) = carrier.text(5, "Forged");
        for (_, value) in headers.iter_mut().skip(1) {
            *value = STANDARD.encode([0; 20]);
        }
        let headers: Vec<_> =
            headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(post(server.address, "/telephony/webhook", &headers, &body).0, 403);
        eventually("what came is done", || {
            let inbox = server.json(&["inbox", "list", "--state", "done"]);
            inbox["counts"]["done"] == 4 && inbox["counts"]["waiting"] == 0
        });
        assert_eq!(
            sent().len(),
            3,
            "nothing is answered twice, and STOP and the forged not at all"
        );
        let opted_out = server.json(&["optout", "list"])["optedOut"].clone();
        assert_eq!(
            (&opted_out[0]["number"], &opted_out[0]["source"]),
            (&json!(PERSON), &json!("word"))
        );
        let refused = server.json(&["send", PERSON, "After all"]);
        assert_eq!(refused["outcome"], "refused", "{refused}");
        assert!(refused["parts"][0]["reason"].as_str().unwrap().contains("START"), "{refused}");
        assert!(server.command(&["optout", "remove", PERSON]).status.success());
        assert!(!server.command(&["optout", "remove", PERSON]).status.success());
        assert!(server.command(&["optout", "add", PERSON]).status.success());
        assert_eq!(sent().len(), 3);
        let status = server.json(&["status"]);
        assert_eq!(status["accounts"][0]["provider"], carrier.name);
        assert_eq!(status["webhooks"]["unverified"], 1);
        let log = server.stop();
        for secret in [TOKEN, "5550001234", "Tell me", "Hello?"] {
            assert!(!log.contains(secret), "{secret} is in the log of {}: {log}", carrier.name);
        }
    }
}

#[test]
fn a_stranger_is_paired_and_answered_through_the_mock() {
    let config = json!({ "provider": "mock", "fromNumber": AGENT, "serve": { "port": 0 } });
    let server = Running::start(&config, &["--handler", "command:echo yes"]);
    let text = |id: &str| {
        let body = json!({ "from": PERSON, "text": "Hello", "messageId": id }).to_string();
        let json = [("content-type", "application/json")];
        post(server.address, "/telephony/webhook", &json, &body).0
    };
    assert_eq!(text("m1"), 200);
    let waiting = || server.json(&["pairing", "list"])["requests"].clone();
    eventually("the stranger waits", || waiting().as_array().is_some_and(|all| all.len() == 1));
    let code = waiting()[0]["code"].as_str().unwrap().to_lowercase();
    let wrong = server.command(&["pairing", "approve", "AAAAAAAA"]);
    assert_eq!(wrong.status.code(), Some(1), "{wrong:?}");
    assert!(server.command(&["pairing", "approve", &code]).status.success());
    assert_eq!(server.json(&["pairing", "list"])["approved"][0]["number"], PERSON);
    assert_eq!(text("m2"), 200);
    eventually("all is done", || server.json(&["status"])["inbox"]["done"] == 2);
    assert!(server.command(&["pairing", "revoke", PERSON]).status.success());
    assert_eq!(text("m3"), 200);
    eventually("they wait again", || waiting().as_array().is_some_and(|all| all.len() == 1));
    let second = server.refused();
    assert!(second.contains(&format!("pid {}", server.pid())), "{second}");
    let log = server.stop();
    assert_eq!(log.matches("is answered").count(), 1, "{log}");
    assert_eq!(log.matches("provider=\"mock\"").count(), 4, "two codes, a yes, an answer: {log}");
}

#[test]
fn a_handler_that_fails_is_asked_again_and_the_message_is_kept() {
    let config = json!({
        "provider": "mock", "fromNumber": AGENT, "inboundPolicy": "open", "serve": { "port": 0 },
    });
    let folder = tempfile::TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let flag = folder.path().join("works");
    let handler = format!("command:test -e {} && echo fine", flag.display());
    let server = Running::start(&config, &["--handler", &handler]);
    let body = json!({ "from": PERSON, "text": "Hello", "messageId": "m1" }).to_string();
    let json = [("content-type", "application/json")];
    assert_eq!(post(server.address, "/telephony/webhook", &json, &body).0, 200);
    eventually("it has failed once", || {
        let waiting = server.json(&["inbox", "list", "--state", "waiting"]);
        waiting["entries"][0]["reason"].as_str().is_some_and(|why| why.contains("command failed"))
    });
    std::fs::write(&flag, "").unwrap();
    eventually("it is answered", || server.json(&["status"])["inbox"]["done"] == 1);
    server.stop();
}

#[test]
fn what_would_run_unprotected_does_not_start() {
    for (config, says) in [
        (json!({ "provider": "mock", "serve": { "bind": "0.0.0.0", "port": 0 } }), "bind"),
        (
            json!({
                "provider": "telnyx", "fromNumber": AGENT, "telnyx": { "apiKey": "canary" },
                "serve": { "port": 0 },
            }),
            "telnyx.publicKey",
        ),
        (
            json!({
                "provider": "twilio", "fromNumber": AGENT, "publicUrl": PUBLIC,
                "skipSignatureVerification": true, "serve": { "port": 0 },
                "twilio": { "accountSid": SID, "authToken": TOKEN },
            }),
            "skipSignatureVerification",
        ),
        (json!({ "serve": { "port": 0 } }), "provider"),
    ] {
        let error = Home::new(&config, &[]).refused();
        assert!(error.contains(says), "{config}: {error}");
        assert!(!error.contains(TOKEN) && !error.contains("canary"), "{error}");
    }
}

#[test]
fn texts_go_through_the_server_that_runs() {
    let config = json!({
        "provider": "mock", "fromNumber": AGENT, "allowTo": [PERSON], "serve": { "port": 0 },
    });
    let server = Running::start(&config, &[]);
    let long = "word ".repeat(60);
    let sent = server.json(&["send", PERSON, &long]);
    assert_eq!((&sent["outcome"], sent["parts"].as_array().unwrap().len()), (&json!("sent"), 2));
    for id in [&sent["id"], &sent["parts"][1]["providerId"]] {
        let found = server.json(&["message", id.as_str().unwrap()]);
        assert_eq!(found["id"], sent["id"], "{found}");
    }
    let latest = server.json(&["message"]);
    assert_eq!(latest["messages"][0]["id"], sent["id"], "{latest}");
    let estimate = server.json(&["send", PERSON, &long, "--estimate"]);
    assert_eq!(estimate, json!({ "messages": 2, "segments": 2, "encoding": "GSM-7" }));
    assert_eq!(server.json(&["message"]), latest, "an estimate sends nothing");
    let refused = server.command(&["send", "+15550009999", "Hello"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(String::from_utf8(refused.stderr).unwrap().contains("allowTo"));
    server.stop();
}

#[test]
fn a_handler_gets_the_picture_that_came_along() {
    let outside = Outside::start();
    let folder = tempfile::TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let (picture, script) = (folder.path().join("picture"), folder.path().join("handler.sh"));
    // The path is looked for as a shell script would.
    let text =
        "path=$(sed 's/.*\"path\":\"\\([^\"]*\\)\".*/\\1/')\ncp \"$path\" \"$1\" && echo fine\n";
    std::fs::write(&script, text).unwrap();
    let handler = format!("command:sh {} {}", script.display(), picture.display());
    let server = Running::start(&outside.open(), &["--handler", &handler]);
    let url = format!("{}/2010-04-01/Accounts/{SID}/Messages/MM1/Media/ME1", outside.uri());
    let request = client::picture("MM1", PERSON, AGENT, &url);
    let mut client = client::Client::connect(server.address).unwrap();
    assert_eq!(client.exchange(&request).unwrap().status, 200);
    eventually("it is answered", || outside.count(PERSON, "fine") == 1);
    assert_eq!(std::fs::read(&picture).unwrap(), PNG);
    server.stop();
}
