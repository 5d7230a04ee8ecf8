//! Secrets, numbers and what people say are in no log and no error, at any level.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use crate::client::{Client, said, text};
use crate::outside::{AGENT, Outside, SID, TOKEN};
use crate::running::{Home, eventually, post};

const PERSON: &str = "+15550001234";
const STRANGER: &str = "+15550009876";

/// What is in no log: of a number, all that the network would need to reach it.
fn canaries() -> Vec<String> {
    let mut canaries: Vec<_> =
        [TOKEN, "5550001234", "5550009876", "canary-said", "canary-sent", "canary-forged"]
            .map(str::to_owned)
            .into();
    canaries.push(STANDARD.encode(format!("{SID}:{TOKEN}")));
    canaries
}

fn assert_none_in(shown: &str, of: &str) {
    for canary in canaries() {
        let at = shown.lines().find(|line| line.contains(&canary));
        assert!(at.is_none(), "{canary} is in {of}: {at:?}");
    }
}

#[test]
fn redaction() {
    // Each level with what the libraries log at it.
    for level in ["error", "warn", "info", "debug", "trace"] {
        let outside = Outside::start();
        let mut config = outside.open();
        config["inboundPolicy"] = "pairing".into();
        config["allowFrom"] = json!([PERSON]);
        let home = Home::logging(&config, &["--handler", &outside.handler()], level);
        let server = home.start();
        let exchange = |request: &[u8]| {
            Client::connect(server.address).unwrap().exchange(request).unwrap().status
        };
        let say = |id: &str, from: &str, words: &str| exchange(&said(SID, id, from, AGENT, words));
        assert_eq!(say("SM1", PERSON, "canary-said 1"), 200);
        assert_eq!(say("SM1", PERSON, "canary-said 1"), 200);
        assert_eq!(say("SM2", STRANGER, "canary-said 2"), 200);
        assert_eq!(exchange(&text("", PERSON, AGENT)), 400);
        let form = ("content-type", "application/x-www-form-urlencoded");
        let forged = ("x-twilio-signature", "AAAAAAAAAAAAAAAAAAAAAAAAAAA=");
        let body = format!("From={PERSON}&Body=canary-forged&AuthToken={TOKEN}");
        for headers in [&[form] as &[_], &[form, forged]] {
            let (status, answer) = post(server.address, "/telephony/webhook", headers, &body);
            assert_eq!(status, 403);
            assert_none_in(&answer, "an answer");
        }
        eventually("a text and a code are sent", || outside.texts().len() == 2);
        let mut shown = String::new();
        let mut command = |arguments: &[&str]| {
            let output = server.command(arguments);
            shown.push_str(&String::from_utf8(output.stderr).unwrap());
        };
        // Refused, not known whether sent, and sent.
        for status in [400, 500] {
            outside.refuse_next(status);
            command(&["send", PERSON, "canary-sent"]);
        }
        command(&["send", PERSON, "canary-sent"]);
        command(&["pairing", "approve", "AAAAAAAA"]);
        command(&["message", "canary-said"]);
        // A handler that cannot answer is an error of its own.
        outside.away(true);
        assert_eq!(say("SM3", PERSON, "canary-said 3"), 200);
        eventually("it has failed", || {
            let waiting = server.json(&["inbox", "list", "--state", "waiting"]);
            waiting["entries"][0]["reason"].is_string()
        });
        assert_eq!(say("SM4", PERSON, "STOP"), 200);
        command(&["send", STRANGER, "canary-sent"]);
        assert_none_in(&shown.replace("canary-said", ""), "an error of a command");
        let log = server.stop();
        assert_none_in(&log, &format!("the log at {level}"));
        assert_eq!(log.contains("TRACE"), level == "trace", "the libraries are looked at as well");
        assert!(log.contains("ERROR"), "{level}: {log}");
    }
}
