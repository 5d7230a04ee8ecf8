//! Calls that do not go as they should: nobody answers, a machine does, the carrier refuses or
//! leaves open what it did; and calls that we end.

use serde_json::{Value, json};
use telephony_core::ProviderKind;

use super::carrier::{ALL, Carrier, call_id, progress};
use super::{PERSON, WORDS};
use crate::running::{Running, eventually};

fn calling(carrier: &Carrier, more: &[&str]) -> (Running, Value) {
    let server = Running::start(&carrier.config(&json!({ "enabled": true })), &[]);
    let call = server.json(&[&["call", PERSON, "--say", WORDS], more].concat());
    (server, call)
}

/// Tells that a call has ended, in the carrier's words.
fn end(carrier: &Carrier, server: &Running, word: &str) {
    let callback = carrier.callback();
    let status = if carrier.kind == ProviderKind::Telnyx {
        carrier.event(server, &callback, "call.hangup", &json!({ "hangup_cause": word }))
    } else {
        let more = [("SequenceNumber", "4"), ("Event", "Hangup")];
        carrier.form(server, &callback, &progress(carrier.kind, word, &more)).0
    };
    assert_eq!(status, 200, "{word}");
}

#[test]
fn each_way_a_call_can_fail_has_its_word() {
    let cases = [
        (
            ProviderKind::Twilio,
            [
                ("busy", "busy"),
                ("no-answer", "no-answer"),
                ("failed", "failed"),
                ("canceled", "canceled"),
            ],
        ),
        (
            ProviderKind::Telnyx,
            [
                ("user_busy", "busy"),
                ("timeout", "no-answer"),
                ("call_rejected", "failed"),
                ("normal_clearing", "canceled"),
            ],
        ),
        (
            ProviderKind::Plivo,
            [
                ("busy", "busy"),
                ("no-answer", "no-answer"),
                ("timeout", "failed"),
                ("cancel", "canceled"),
            ],
        ),
    ];
    for (kind, words) in cases {
        for (word, expected) in words {
            let carrier = Carrier::start(kind);
            let (server, call) = calling(&carrier, &[]);
            end(&carrier, &server, word);
            let id = call["id"].as_str().unwrap();
            let status = || server.json(&["calls", id])["status"].clone();
            eventually(expected, || status() == expected);
            // Nothing is said to nobody, and what is over stays over.
            assert_eq!((carrier.count("/actions/speak"), carrier.count("/actions/hangup")), (0, 0));
            let late = [("SequenceNumber", "1"), ("Event", "Ring")];
            if kind != ProviderKind::Telnyx {
                let late = progress(kind, "ringing", &late);
                assert_eq!(carrier.form(&server, &carrier.callback(), &late).0, 200);
                let call = || server.json(&["calls", id]);
                let is_late = |event: &Value| event["raw"] == "ringing";
                eventually("the late report is kept", || {
                    call()["history"].as_array().unwrap().iter().any(is_late)
                });
                assert_eq!(call()["status"], expected);
            }
            server.stop();
        }
    }
}

#[test]
fn a_machine_is_hung_up_on_where_that_is_asked_for() {
    for kind in ALL {
        let carrier = Carrier::start(kind);
        let (server, call) = calling(&carrier, &["--machine", "hangup"]);
        let placed = carrier.placed();
        let id = call["id"].as_str().unwrap();
        match kind {
            ProviderKind::Twilio => {
                assert_eq!(placed.field("MachineDetection"), "Enable");
                let url = placed.field("AsyncAmdStatusCallback");
                let detected = [("CallSid", call_id(kind)), ("AnsweredBy", "machine_start")];
                assert_eq!(carrier.form(&server, &url, &detected).0, 200);
                let ended = carrier.wait(&format!("/Calls/{}.json", call_id(kind)));
                assert_eq!(ended.field("Status"), "completed");
            }
            ProviderKind::Telnyx => {
                assert_eq!(placed.field("answering_machine_detection"), "detect");
                let mut state = json!({ "client_state": placed.field("client_state") });
                let callback = carrier.callback();
                assert_eq!(carrier.event(&server, &callback, "call.answered", &state), 200);
                state["result"] = json!("machine");
                let detected = "call.machine.detection.ended";
                assert_eq!(carrier.event(&server, &callback, detected, &state), 200);
                carrier.wait("/actions/hangup");
                assert_eq!(carrier.count("/actions/speak"), 0);
            }
            _ => {
                assert_eq!(placed.field("machine_detection"), "hangup");
                let url = placed.field("machine_detection_url");
                let detected = [("Event", "MachineDetection"), ("Machine", "true")];
                let detected = progress(kind, "in-progress", &detected);
                assert_eq!(carrier.form(&server, &url, &detected).0, 200);
            }
        }
        let machine = || server.json(&["calls", id])["answeredByMachine"].clone();
        eventually("it is known that a machine answered", || machine() == true);
        let is_plivo = kind == ProviderKind::Plivo;
        assert!(!is_plivo || carrier.asked().len() == 1, "Plivo hangs up by itself");
    }
}

#[test]
fn a_call_that_goes_on_can_be_ended() {
    for kind in ALL {
        let carrier = Carrier::start(kind);
        let (server, call) = calling(&carrier, &[]);
        let id = call["id"].as_str().unwrap();
        assert!(server.command(&["hangup", id]).status.success(), "{kind}");
        let ended = carrier.asked().pop().unwrap();
        match kind {
            ProviderKind::Twilio => assert_eq!(ended.field("Status"), "completed"),
            ProviderKind::Telnyx => assert!(ended.path.ends_with("/actions/hangup")),
            _ => assert_eq!(ended.method, "DELETE"),
        }
        let word = match kind {
            ProviderKind::Telnyx => "originator_cancel",
            _ => "completed",
        };
        end(&carrier, &server, word);
        eventually("it is over", || {
            server.json(&["calls", id])["status"].as_str() != call["status"].as_str()
        });
        let before = carrier.asked().len();
        assert!(server.command(&["hangup", id]).status.success(), "{kind}");
        assert_eq!(carrier.asked().len(), before, "it is over already");
        assert_eq!(server.command(&["hangup", "../../Call"]).status.code(), Some(1));
    }
}

#[test]
fn a_call_that_cannot_speak_is_ended_and_says_why() {
    let carrier = Carrier::start(ProviderKind::Telnyx);
    let (server, call) = calling(&carrier, &[]);
    carrier.refuse("/actions/speak", 422);
    let state = json!({ "client_state": carrier.placed().field("client_state") });
    assert_eq!(carrier.event(&server, &carrier.callback(), "call.answered", &state), 200);
    carrier.wait("/actions/hangup");
    let id = call["id"].as_str().unwrap();
    eventually("it says why", || server.json(&["calls", id])["reason"].is_string());
}

#[test]
fn what_the_carrier_does_not_know_is_not_said_to_be_over() {
    let carrier = Carrier::start(ProviderKind::Plivo);
    let (server, call) = calling(&carrier, &[]);
    // It does not know the call yet, and its request.
    carrier.refuse("/Call/a9058528-58b6-11e1-b8b7-a5bd0e4e126f/", 404);
    assert!(server.command(&["hangup", call["id"].as_str().unwrap()]).status.success());
    let ended = carrier.asked().pop().unwrap();
    assert!(ended.path.contains("/Request/") && ended.method == "DELETE", "{ended:?}");
    let carrier = Carrier::start(ProviderKind::Telnyx);
    let (server, call) = calling(&carrier, &[]);
    carrier.refuse("/actions/hangup", 404);
    let output = server.command(&["hangup", call["id"].as_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1), "it is alive, as Telnyx says when it is asked");
}

#[test]
fn a_refusal_rings_nowhere_and_says_why() {
    for kind in ALL {
        let carrier = Carrier::start(kind);
        carrier.refuse_next(400);
        let server = Running::start(&carrier.config(&json!({ "enabled": true })), &[]);
        let output = server.command(&["call", PERSON, "--say", WORDS, "--json"]);
        let call: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(
            (output.status.code(), &call["outcome"]),
            (Some(1), &json!("refused")),
            "{kind}"
        );
        assert!(!call["reason"].as_str().unwrap().is_empty());
    }
}

#[test]
fn nobody_calls_twice_where_nobody_knows_and_a_report_settles_it() {
    for kind in [ProviderKind::Twilio, ProviderKind::Plivo] {
        let carrier = Carrier::start(kind);
        carrier.refuse_next(503);
        let server = Running::start(&carrier.config(&json!({ "enabled": true })), &[]);
        let output = server.command(&["call", PERSON, "--say", WORDS, "--json"]);
        let call: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(
            (output.status.code(), &call["outcome"]),
            (Some(3), &json!("unknown")),
            "{kind}"
        );
        assert_eq!(carrier.asked().len(), 1, "{kind}");
        // It had it all the same: the URL of the report names the call.
        end(&carrier, &server, "completed");
        let id = call["id"].as_str().unwrap();
        eventually("the report is known", || server.json(&["calls", id])["outcome"] == "placed");
        let known = server.json(&["calls", id]);
        assert_eq!(
            (&known["status"], &known["providerId"]),
            (&json!("completed"), &json!(call_id(kind)))
        );
    }
}

#[test]
fn what_cannot_be_called_is_refused_with_the_key_or_the_limit() {
    for kind in ALL {
        let carrier = Carrier::start(kind);
        let refused = |voice: Value, keys: Value, words: &str| {
            let mut config = carrier.config(&voice);
            config.as_object_mut().unwrap().extend(keys.as_object().unwrap().clone());
            let server = Running::start(&config, &[]);
            let output = server.command(&["call", PERSON, "--say", words]);
            assert_eq!(output.status.code(), Some(1), "{kind}");
            String::from_utf8(output.stderr).unwrap()
        };
        let off = refused(json!({}), json!({}), "Hi");
        assert!(off.contains("voice.enabled"), "{off}");
        let most = match kind {
            ProviderKind::Twilio => 3_800,
            ProviderKind::Telnyx => 3_000,
            _ => 16_000,
        };
        let on = json!({ "enabled": true });
        let long = refused(on.clone(), json!({}), &"a".repeat(most + 1));
        assert!(long.contains(&format!("at most {most}")), "{long}");
        let other = refused(on.clone(), json!({ "allowTo": ["+15550009999"] }), "Hi");
        assert!(other.contains("allowTo"), "{other}");
        if kind != ProviderKind::Twilio {
            let nowhere = refused(on, json!({ "publicUrl": "" }), "Hi");
            assert!(nowhere.contains("publicUrl"), "{nowhere}");
        }
        assert!(carrier.asked().is_empty(), "{kind}");
    }
}
