//! A call that is answered: each carrier learns what it says as it can, and tells how it went.

use serde_json::{Value, json};
use telephony_core::ProviderKind;

use super::carrier::{ALL, Carrier, call_id, progress};
use super::{PERSON, WORDS};
use crate::running::{Running, eventually};

/// A server whose account may call, and the call that it has placed.
fn calling(carrier: &Carrier, voice: &Value) -> (Running, Value) {
    let server = Running::start(&carrier.config(voice), &[]);
    let call = server.json(&["call", PERSON, "--say", WORDS]);
    (server, call)
}

/// What is known of a call.
fn status(server: &Running, call: &Value) -> Value {
    server.json(&["calls", call["id"].as_str().unwrap()])
}

fn becomes(server: &Running, call: &Value, word: &str) -> Value {
    eventually(word, || status(server, call)["status"] == word);
    status(server, call)
}

#[test]
fn twilio_is_given_the_words_with_the_call() {
    let carrier = Carrier::start(ProviderKind::Twilio);
    let (server, call) = calling(&carrier, &json!({ "enabled": true, "language": "en-GB" }));
    assert_eq!(call["outcome"], "placed");
    let placed = carrier.placed();
    let twiml = "<Response><Say language=\"en-GB\">Tea &amp; cake at &lt;five&gt;</Say></Response>";
    assert_eq!(placed.field("Twiml"), twiml);
    assert_eq!((placed.field("Timeout"), placed.field("TimeLimit")), ("30".into(), "300".into()));
    let callback = carrier.callback();
    for (number, word) in ["initiated", "ringing", "in-progress"].into_iter().enumerate() {
        let number = number.to_string();
        let fields = progress(carrier.kind, word, &[("SequenceNumber", &number)]);
        assert_eq!(carrier.form(&server, &callback, &fields).0, 200);
        becomes(&server, &call, word);
    }
    let ended = [("SequenceNumber", "3"), ("CallDuration", "7"), ("Duration", "1")];
    let fields = progress(carrier.kind, "completed", &ended);
    assert_eq!(carrier.form(&server, &callback, &fields).0, 200);
    let over = becomes(&server, &call, "completed");
    assert_eq!(
        (&over["durationSeconds"], &over["providerId"]),
        (&json!(7), &json!(call_id(carrier.kind)))
    );
    assert_eq!(over["history"].as_array().unwrap().len(), 5, "{over}");
    // By the carrier's id it is the same call.
    assert_eq!(server.json(&["calls", call_id(carrier.kind)])["id"], call["id"]);
    assert_eq!(server.json(&["calls"])["calls"][0], over);
    assert!(!server.stop().contains("Tea"));
}

#[test]
fn telnyx_is_told_after_each_event_even_by_a_process_that_knows_nothing() {
    let carrier = Carrier::start(ProviderKind::Telnyx);
    let voice = json!({ "enabled": true, "ringTimeoutSeconds": 20, "maxDurationSeconds": 60 });
    let (server, call) = calling(&carrier, &voice);
    let placed = carrier.placed();
    assert_eq!(
        (placed.field("timeout_secs"), placed.field("time_limit_secs")),
        ("20".into(), "60".into())
    );
    let (callback, state) =
        (carrier.callback(), json!({ "client_state": placed.field("client_state") }));
    assert_eq!(carrier.event(&server, &callback, "call.initiated", &state), 200);
    becomes(&server, &call, "initiated");
    server.stop();
    // Another state directory: what the call carries with it is all there is.
    let server = Running::start(&carrier.config(&voice), &[]);
    assert_eq!(carrier.event(&server, &callback, "call.answered", &state), 200);
    let spoken = carrier.wait("/actions/speak");
    assert_eq!(spoken.field("payload"), WORDS);
    // A carrier repeats what it thinks was lost.
    assert_eq!(carrier.event(&server, &callback, "call.answered", &state), 200);
    let said = json!({ "client_state": spoken.field("client_state") });
    assert_eq!(carrier.event(&server, &callback, "call.speak.ended", &said), 200);
    carrier.wait("/actions/hangup");
    assert_eq!((carrier.count("/actions/speak"), carrier.count("/actions/hangup")), (1, 1));
    let normal = json!({ "hangup_cause": "normal_clearing", "hangup_source": "caller" });
    assert_eq!(carrier.event(&server, &callback, "call.hangup", &normal), 200);
    assert_eq!(server.json(&["calls"])["calls"], json!([]), "it has placed none");
}

#[test]
fn plivo_asks_our_server_and_nobody_else_is_answered() {
    let carrier = Carrier::start(ProviderKind::Plivo);
    let (server, call) = calling(&carrier, &json!({ "enabled": true }));
    let (placed, callback) = (carrier.placed(), carrier.callback());
    assert_eq!(
        (placed.field("ring_timeout"), placed.field("time_limit")),
        ("30".into(), "300".into())
    );
    let answer_url = placed.field("answer_url");
    assert!(answer_url.starts_with("https://example.com/telephony/webhook/voice/"), "{answer_url}");
    let ring = progress(carrier.kind, "ringing", &[("Event", "Ring")]);
    assert_eq!(carrier.form(&server, &callback, &ring).0, 200);
    becomes(&server, &call, "ringing");
    let asks = progress(carrier.kind, "in-progress", &[("Event", "StartApp")]);
    // It asks again when an answer was lost, and gets the same.
    for _ in 0..2 {
        let (status, document) = carrier.form(&server, &answer_url, &asks);
        assert_eq!(status, 200);
        assert!(document.contains("content-type: text/xml"), "{document}");
        let speak = "<Response><Speak voice=\"WOMAN\" language=\"en-US\">Tea &amp; cake at \
                     &lt;five&gt;</Speak></Response>";
        assert!(document.ends_with(speak), "{document}");
    }
    becomes(&server, &call, "in-progress");
    // Whoever has the URL and no key learns nothing; a call that is none of ours ends.
    let path = answer_url.strip_prefix("https://example.com").unwrap();
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let (status_code, refused) = crate::running::post(server.address, path, &form, "CallUUID=1");
    assert_eq!(status_code, 403);
    assert!(!refused.contains("Tea"));
    let other = format!("{}{}", &answer_url[..answer_url.len() - 32], "0".repeat(32));
    let (_, document) = carrier.form(&server, &other, &asks);
    assert!(document.ends_with("<Response><Hangup/></Response>"), "{document}");
    // What was refused is kept, and which call it was for is not.
    let refused = server.json(&["status"])["recentRefusals"].to_string();
    let token = answer_url.rsplit('/').next().unwrap();
    assert!(refused.contains("/telephony/webhook/voice/…"), "{refused}");
    assert!(!refused.contains(token) && !server.log().contains(token), "{refused}");
    let nowhere = crate::running::post(server.address, "/telephony/webhook/voice/prose", &form, "");
    assert_eq!(nowhere.0, 404);
    let ended = [("Event", "Hangup"), ("Duration", "5"), ("HangupCauseCode", "4000")];
    let ended = progress(carrier.kind, "completed", &ended);
    assert_eq!(carrier.form(&server, &callback, &ended).0, 200);
    let over = becomes(&server, &call, "completed");
    assert_eq!((&over["durationSeconds"], &over["code"]), (&json!(5), &json!("4000")));
    // What it has said is not kept.
    let (_, document) = carrier.form(&server, &answer_url, &asks);
    assert!(document.ends_with("<Response><Hangup/></Response>"), "{document}");
}

#[test]
fn a_call_without_words_greets_and_one_with_a_url_follows_it() {
    for kind in ALL {
        let carrier = Carrier::start(kind);
        let voice = json!({ "enabled": true, "greeting": "Good day" });
        let server = Running::start(&carrier.config(&voice), &[]);
        assert_eq!(server.json(&["call", PERSON])["outcome"], "placed", "{kind}");
        let follows = server.json(&["call", PERSON, "--url", "https://example.net/script"]);
        assert_eq!(follows["outcome"], "placed", "{kind}");
        let asked = carrier.asked();
        let [greets, follows] = &asked[..] else { panic!("{asked:?}") };
        let key = match kind {
            ProviderKind::Twilio => "Url",
            ProviderKind::Telnyx => "webhook_url",
            _ => "answer_url",
        };
        assert_eq!(follows.field(key), "https://example.net/script");
        if kind == ProviderKind::Twilio {
            assert!(greets.field("Twiml").contains("Good day"));
        }
    }
}
