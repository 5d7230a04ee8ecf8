//! The doctor inside OpenClaw: what it sets, and what it says of it.

use serde_json::{Value, json};

use super::carrier::{Carrier, Knows};
use crate::gateway::Host;
use crate::outside::{AGENT, SID, TOKEN};

const ELSEWHERE: &str = "https://other.example.com/sms";

#[test]
fn what_was_set_is_said_first_and_what_was_not_is_a_finding_among_the_others() {
    let carrier = Carrier::start(Knows::of(ELSEWHERE));
    let host = Host::new();
    let sidecar = host.start();
    let config = json!({
        "enabled": true, "provider": "twilio", "fromNumber": AGENT, "serve": { "port": 0 },
        // Nothing outside of this machine is asked for it.
        "publicUrl": "https://localhost",
        "twilio": { "accountSid": SID, "authToken": TOKEN, "apiBaseUrl": carrier.uri() },
    });
    sidecar.account("default", &config);
    let fix = |json: bool| {
        let options = json!({ "fix": true, "yes": true, "json": json });
        let params = json!({
            "command": "doctor", "words": [], "options": options, "accounts": ["default"],
        });
        let output = sidecar.call("telephony.command", params).unwrap();
        assert_eq!(output["exitCode"], 3, "no carrier reaches localhost: {output}");
        output["text"].as_str().unwrap().to_owned()
    };
    carrier.knows.lock().unwrap().is_open = false;
    let answer: Value = serde_json::from_str(&fix(true)).unwrap();
    let findings = answer["findings"].as_array().unwrap();
    let said = |check: &str, words: &str| {
        let is_it = |found: &&Value| found["check"] == check;
        findings.iter().filter(is_it).any(|it| it["finding"].as_str().unwrap().contains(words))
    };
    assert_eq!(answer["set"], 0);
    assert!(said("number", "could not be set") && said("number", ELSEWHERE), "{answer}");
    assert!(said("publicUrl", "no carrier") && said("openclaw", "heartbeat"), "{answer}");

    carrier.knows.lock().unwrap().is_open = true;
    let text = fix(false);
    let set = format!("  SmsUrl: {ELSEWHERE} → https://localhost/telephony/webhook");
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("set: account default, the number at twilio:"), "{text}");
    assert!(lines.next().unwrap().starts_with(&set), "{text}");
    assert!(text.contains("the number posts messages to this server"), "{text}");
}
