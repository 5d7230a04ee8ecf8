//! Who is not what they seem: machines that answer machines, numbers that are pretended, webhooks
//! that are somebody else's; and strangers of whom nobody is to know that they wait.

use serde_json::{Value, json};

use crate::client::{Client, said, text};
use crate::outside::{AGENT, Outside, SID};
use crate::running::{Home, Running, eventually};

const PERSON: &str = "+15550001234";
const MACHINE: &str = "+15550005678";

/// Posts a request; the status.
fn post(server: &Running, request: &[u8]) -> u16 {
    Client::connect(server.address).unwrap().exchange(request).unwrap().status
}

/// Whether so many messages are done and nothing waits to be sent.
fn is_done(home: &Home, messages: usize) -> bool {
    let status = home.json(&["status"]);
    status["inbox"]["done"] == messages && status["outbox"]["queued"] == 0
}

#[test]
fn two_machines_that_answer_each_other_come_to_an_end_and_people_are_answered() {
    let outside = Outside::start();
    let server = Running::start(&outside.open(), &["--handler", "command:echo 'And you?'"]);
    let mut words = vec!["Hello".to_owned()];
    // The other machine gives back whatever it is told.
    loop {
        let said =
            said(SID, &format!("SM{}", words.len()), MACHINE, AGENT, &words[words.len() - 1]);
        assert_eq!(post(&server, &said), 200);
        eventually("it is dealt with", || is_done(&server, words.len()));
        let told = outside.texts();
        let Some((to, reply)) = told.get(words.len() - 1) else { break };
        assert_eq!((to.as_str(), reply.as_str()), (MACHINE, "And you?"));
        assert!(words.len() < 100, "they go on");
        words.push(reply.clone());
    }
    assert_eq!(outside.count(MACHINE, "And you?"), 30);
    assert_eq!(post(&server, &text("SM999", PERSON, AGENT)), 200);
    eventually("others are answered", || outside.count(PERSON, "And you?") == 1);
    assert!(server.stop().contains("the other side may be a machine"));
}

#[test]
fn whoever_is_no_person_and_whatever_is_not_ours_is_acknowledged_and_never_answered() {
    let second = "+15550002222";
    for (policy, words) in [("open", "Reply 1 to SM9"), ("pairing", "code is")] {
        let outside = Outside::start();
        let mut config = outside.open();
        config["inboundPolicy"] = policy.into();
        config["allowFrom"] = json!([]);
        config["accounts"] = json!({ "default": {}, "second": { "fromNumber": second } });
        let server = Running::start(&config, &["--handler", &outside.handler()]);
        // Nobody has to own a number to write it as theirs; the carrier passes it on.
        let senders = ["72345", "Acme", AGENT, second];
        for (count, sender) in senders.iter().enumerate() {
            let id = format!("SM{count}");
            assert_eq!(post(&server, &text(&id, sender, AGENT)), 200, "{sender}");
        }
        let other = format!("AC{}", "b".repeat(32));
        for foreign in [
            text("SM5", PERSON, "+15550003333"),
            said(&other, "SM6", PERSON, AGENT, "for another customer"),
            said(&other, "SM7", PERSON, second, "for another customer"),
        ] {
            assert_eq!(post(&server, &foreign), 200);
        }
        assert_eq!(post(&server, &text("SM9", PERSON, AGENT)), 200);
        eventually("the person is answered", || outside.count(PERSON, words) == 1);
        eventually("all is done", || is_done(&server, senders.len() + 1));
        assert_eq!(outside.texts().len(), 1, "{policy}: {:?}", outside.texts());
        let handed_over = if policy == "open" { vec!["SM9"] } else { vec![] };
        assert_eq!(outside.given(), handed_over, "{policy}");
        let webhooks = server.json(&["status"])["webhooks"].clone();
        assert_eq!((&webhooks["foreign"], &webhooks["accepted"]), (&json!(3), &json!(5)));
        server.stop();
    }
}

#[test]
fn in_silence_a_code_is_only_listed_and_whoever_is_approved_is_told() {
    let outside = Outside::start();
    let mut config = outside.open();
    config["inboundPolicy"] = "pairing".into();
    config["allowFrom"] = json!([]);
    config["pairing"] = json!({ "silent": true });
    let server = Running::start(&config, &["--handler", &outside.handler()]);
    for id in ["SM1", "SM2"] {
        assert_eq!(post(&server, &text(id, PERSON, AGENT)), 200);
    }
    eventually("both are done", || is_done(&server, 2));
    let listed = || server.json(&["pairing", "list"])["requests"].clone();
    let requests = listed().as_array().unwrap().clone();
    assert_eq!((requests.len(), &requests[0]["number"]), (1, &json!(PERSON)), "{requests:?}");
    // Had the code been owed, it would be sent before what is owed later.
    let code = requests[0]["code"].as_str().unwrap();
    assert!(server.command(&["pairing", "approve", code]).status.success());
    eventually("they are told", || !outside.texts().is_empty());
    assert_eq!(outside.count(PERSON, "You are approved"), 1);
    assert_eq!(post(&server, &text("SM3", PERSON, AGENT)), 200);
    eventually("they are answered", || outside.count(PERSON, "Reply 1 to SM3") == 1);
    assert_eq!(outside.texts().len(), 2, "{:?}", outside.texts());
    assert_eq!((outside.given(), listed()), (vec!["SM3".to_owned()], Value::Array(vec![])));
    let log = server.stop();
    assert!(!log.contains(code), "{log}");
}
