//! Somebody calls: they hear a sentence that asks them to text, or the call is rejected.

use serde_json::{Value, json};
use telephony_core::ProviderKind;

use super::PERSON;
use super::carrier::{ALL, Carrier, call_id, webhook};
use crate::running::{Running, eventually};

const AGENT: &str = "+15550001111";

/// Tells that somebody calls; what the carrier is answered, or told.
fn calls(carrier: &Carrier, server: &Running, from: &str) -> String {
    let kind = carrier.kind;
    match kind {
        ProviderKind::Twilio => {
            let fields = [
                ("CallSid", call_id(kind)),
                ("From", from),
                ("To", AGENT),
                ("Direction", "inbound"),
                ("CallStatus", "ringing"),
            ];
            carrier.form(server, &webhook(), &fields).1
        }
        ProviderKind::Telnyx => {
            let fields = json!({ "from": from, "to": AGENT, "direction": "incoming" });
            assert_eq!(carrier.event(server, &webhook(), "call.initiated", &fields), 200);
            eventually("it is told", || !carrier.asked().is_empty());
            carrier.asked().remove(0).path
        }
        _ => {
            let (from, to) = (from.trim_start_matches('+'), AGENT.trim_start_matches('+'));
            let fields = [
                ("CallUUID", call_id(kind)),
                ("From", from),
                ("To", to),
                ("Direction", "inbound"),
                ("CallStatus", "ringing"),
                ("Event", "StartApp"),
            ];
            carrier.form(server, &webhook(), &fields).1
        }
    }
}

/// The calls that are known.
fn known(server: &Running) -> Value {
    eventually("the call is kept", || server.json(&["calls"])["calls"] != json!([]));
    server.json(&["calls"])["calls"].clone()
}

#[test]
fn who_calls_hears_that_they_can_text() {
    for kind in ALL {
        let carrier = Carrier::start(kind);
        let voice = json!({ "inbound": "answer", "inboundGreeting": "Write & we read" });
        let server = Running::start(&carrier.config(&voice), &[]);
        let answer = calls(&carrier, &server, PERSON);
        let words = "Write &amp; we read";
        match kind {
            ProviderKind::Twilio => {
                assert!(answer.ends_with(&format!("<Say>{words}</Say></Response>")), "{answer}");
            }
            ProviderKind::Telnyx => {
                assert!(answer.ends_with("/actions/answer"), "{answer}");
                let state = carrier.wait("/actions/answer").field("client_state");
                let fields = json!({ "from": PERSON, "to": AGENT, "client_state": state });
                carrier.event(&server, &webhook(), "call.answered", &fields);
                let spoken = carrier.wait("/actions/speak");
                assert_eq!(spoken.field("payload"), "Write & we read");
                let said = json!({ "from": PERSON, "to": AGENT,
                    "client_state": spoken.field("client_state") });
                carrier.event(&server, &webhook(), "call.speak.ended", &said);
                carrier.wait("/actions/hangup");
            }
            _ => assert!(answer.ends_with(&format!("{words}</Speak></Response>")), "{answer}"),
        }
        let call = &known(&server)[0];
        assert_eq!(call["reception"], "answered");
        assert_eq!((&call["direction"], &call["number"]), (&json!("inbound"), &json!(PERSON)));
    }
}

#[test]
fn calls_are_rejected_unless_it_is_set_otherwise_and_who_may_not_text_is() {
    let answers = json!({ "inbound": "answer" });
    for kind in ALL {
        for (voice, policy) in
            [(json!({}), "open"), (answers.clone(), "disabled"), (answers.clone(), "allowlist")]
        {
            let carrier = Carrier::start(kind);
            let mut config = carrier.config(&voice);
            config["inboundPolicy"] = json!(policy);
            config["allowFrom"] = json!(if policy == "open" { "*" } else { "+15550009999" });
            config["allowFrom"] = json!([config["allowFrom"]]);
            let server = Running::start(&config, &[]);
            let answer = calls(&carrier, &server, PERSON);
            let rejects = match kind {
                ProviderKind::Twilio => "<Response><Reject/></Response>",
                ProviderKind::Telnyx => "/actions/reject",
                _ => "<Response><Hangup reason=\"rejected\"/></Response>",
            };
            assert!(answer.ends_with(rejects), "{kind} {policy}: {answer}");
            // It is kept all the same.
            let call = &known(&server)[0];
            assert_eq!(
                (&call["direction"], &call["reception"]),
                (&json!("inbound"), &json!("rejected"))
            );
        }
    }
}

#[test]
fn who_hides_their_number_is_answered_too() {
    for kind in [ProviderKind::Twilio, ProviderKind::Plivo] {
        let carrier = Carrier::start(kind);
        let server = Running::start(&carrier.config(&json!({ "inbound": "answer" })), &[]);
        let answer = calls(&carrier, &server, "anonymous");
        assert!(answer.contains("assistant reads its texts"), "{answer}");
        let listed = server.command(&["calls"]);
        assert!(listed.status.success());
        assert_eq!(known(&server).as_array().unwrap().len(), 1);
    }
}
