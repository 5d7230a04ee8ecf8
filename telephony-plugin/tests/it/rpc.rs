//! The sidecar of a gateway, as the gateway sees it: over standard input and output, with sockets
//! and a carrier beside it.

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use serde_json::{Value, json};

use crate::client::{Client, picture, text};
use crate::gateway::{CODE, Host, Sidecar, Turn};
use crate::outside::{AGENT, Moment, Outside, PNG, SID};
use crate::running::{PATIENCE, eventually};

const PERSON: &str = "+15550001234";

/// Posts a text of somebody; the status.
fn post(address: SocketAddr, id: &str, from: &str) -> u16 {
    Client::connect(address).unwrap().exchange(&text(id, from, AGENT)).unwrap().status
}

/// The configuration of an account at a carrier, in a section that is switched on.
pub fn section(outside: &Outside) -> Value {
    let mut config = outside.open();
    config["enabled"] = true.into();
    config
}

fn queued(sidecar: &Sidecar, key: &str, words: &str) -> Value {
    let params = json!({ "to": PERSON, "message": words, "deliveryQueueId": key });
    sidecar.call("telephony.send", params).unwrap()
}

fn waiting(sidecar: &Sidecar) -> u64 {
    sidecar.call("telephony.status", json!({})).unwrap()["inbox"]["waiting"].as_u64().unwrap()
}

#[test]
fn a_stranger_is_challenged_approved_confirmed_and_answered_once_each() {
    let (outside, host) = (Outside::start(), Host::new());
    let sidecar = host.start();
    let address = sidecar.account("default", &section(&outside));
    for id in ["SM1", "SM2"] {
        assert_eq!(post(address, id, PERSON), 200);
    }
    eventually("the code is texted", || outside.count(PERSON, CODE) == 1);
    assert!(host.given().is_empty());
    // Nobody tells us of an approval at the command line.
    host.approve(PERSON);
    eventually("the confirmation is texted", || outside.count(PERSON, "approved") == 1);
    sidecar.call("access.notify", json!({ "accountId": "default", "from": PERSON })).unwrap();
    assert_eq!(post(address, "SM3", PERSON), 200);
    eventually("the host has the message", || host.given() == ["SM3"]);
    for _ in 0..2 {
        let sent = queued(&sidecar, "b6f1", "Hello back");
        assert_eq!((&sent["outcome"], &sent["parts"]), (&json!("sent"), &json!(1)));
    }
    assert_eq!(outside.texts().len(), 3, "{:?}", outside.texts());
    assert!(sidecar.close().success());
    let log = host.log();
    assert!(!log.contains(PERSON) && !log.contains("Hello back"), "{log}");
    assert!(log.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()), "{log}");
}

#[test]
fn an_approval_is_confirmed_after_everything_was_killed_in_between() {
    let (outside, host) = (Outside::start(), Host::new());
    let sidecar = host.start();
    let address = sidecar.account("default", &section(&outside));
    post(address, "SM1", PERSON);
    eventually("the code is texted", || outside.count(PERSON, CODE) == 1);
    sidecar.kill();
    host.approve(PERSON);
    let sidecar = host.start();
    sidecar.account("default", &section(&outside));
    eventually("the confirmation is texted", || outside.count(PERSON, "approved") == 1);
    sidecar.kill();
    let sidecar = host.start();
    let address = sidecar.account("default", &section(&outside));
    sidecar.call("access.notify", json!({ "accountId": "default", "from": PERSON })).unwrap();
    post(address, "SM2", PERSON);
    eventually("the host has the message", || host.given() == ["SM2"]);
    assert_eq!(outside.texts().len(), 2, "{:?}", outside.texts());
}

#[test]
fn a_message_comes_until_it_is_adopted_with_the_same_id() {
    let (outside, host) = (Outside::start(), Host::new());
    host.approve(PERSON);
    for turn in [Turn::Hang, Turn::Fail, Turn::Leave] {
        let before = host.given().len();
        host.does(turn);
        let sidecar = host.start();
        let address = sidecar.account("default", &section(&outside));
        post(address, "SM1", PERSON);
        eventually("it comes", || host.given().len() > before);
        sidecar.kill();
    }
    host.does(Turn::Hold);
    let sidecar = host.start();
    sidecar.account("default", &section(&outside));
    eventually("it is adopted", || waiting(&sidecar) == 0);
    sidecar.kill();
    let before = host.given().len();
    host.does(Turn::Known);
    let sidecar = host.start();
    let address = sidecar.account("default", &section(&outside));
    post(address, "SM1", PERSON);
    post(address, "SM2", PERSON);
    eventually("the next one comes", || waiting(&sidecar) == 0);
    assert_eq!(host.given()[before..], ["SM2"], "what was adopted does not come again");
    let ids = host.ids();
    assert!(ids[..before].iter().all(|id| *id == ids[0]), "{ids:?}");
    assert_ne!(ids[before], ids[0]);
}

#[test]
fn so_many_people_are_in_a_turn_and_each_may_interrupt_theirs() {
    let (outside, host) = (Outside::start(), Host::new());
    let sidecar = host.start();
    let mut config = section(&outside);
    config["maxConcurrentSessions"] = 1.into();
    let address = sidecar.account("default", &config);
    let other = "+15550005678";
    host.approve(PERSON);
    host.approve(other);
    host.does(Turn::Hold);
    post(address, "SM1", PERSON);
    eventually("the first is in a turn", || host.given() == ["SM1"]);
    post(address, "SM2", other);
    post(address, "SM3", PERSON);
    eventually("their next text goes on", || host.given() == ["SM1", "SM3"]);
    for id in host.ids() {
        sidecar.settle(&id);
    }
    eventually("the other one is next", || host.given() == ["SM1", "SM3", "SM2"]);
}

#[test]
fn while_an_account_restarts_everything_is_taken_and_kept_in_order() {
    let (outside, host) = (Outside::start(), Host::new());
    host.approve(PERSON);
    let sidecar = host.start();
    let mut config = section(&outside);
    let address = sidecar.account("default", &config);
    let stop = |reason: &str| {
        let params = json!({ "accountId": "default", "reason": reason });
        sidecar.call("account.stop", params).unwrap();
    };
    stop("restart");
    for id in ["SM1", "SM2", "SM3"] {
        assert_eq!(post(address, id, PERSON), 200);
    }
    assert_eq!(queued(&sidecar, "k", "still here")["outcome"], "sent");
    assert!(host.given().is_empty());
    // Another secret and another path: what was signed and addressed by the old ones is taken still.
    config["twilio"]["authToken"] = "another-auth-token".into();
    config["serve"]["path"] = "/elsewhere".into();
    assert_eq!(sidecar.account("default", &config), address);
    assert_eq!(post(address, "SM4", PERSON), 200);
    eventually("all came, in order", || host.given() == ["SM1", "SM2", "SM3", "SM4"]);
    stop("disabled");
    eventually("the socket is closed", || Client::connect(address).is_err());
    let error = sidecar.call("telephony.send", json!({ "to": PERSON, "message": "Hi" }));
    let error = error.unwrap_err();
    assert_eq!((&error["code"], &error["data"]["retryable"]), (&json!(-32000), &json!(true)));
}

#[test]
fn two_accounts_of_two_providers_share_a_socket() {
    let (outside, host) = (Outside::start(), Host::new());
    host.approve(PERSON);
    let sidecar = host.start();
    let mut config = section(&outside);
    // The mock takes unsigned webhooks, so nothing public may lead to it.
    let twilio = json!({ "enabled": true, "publicUrl": "https://example.com" });
    config["accounts"] = json!({
        "default": twilio,
        "second": { "provider": "plivo", "fromNumber": "+15550002222",
            "plivo": { "authId": "MA1", "authToken": "token" } },
    });
    let first = sidecar.account("default", &config);
    let second = sidecar.account("second", &config);
    assert_eq!(first, second);
    let path = "POST /telephony/webhook/default HTTP/1.1";
    let status = sidecar.call("telephony.status", json!({})).unwrap();
    assert_eq!(status["accounts"].as_array().unwrap().len(), 2, "{path}: {status}");
    assert_eq!(status["addresses"].as_array().unwrap().len(), 1);
    assert_eq!(post(first, "SM1", PERSON), 200);
    eventually("the message came to the first", || host.given() == ["SM1"]);
    let params = json!({ "accountId": "second", "reason": "removed" });
    sidecar.call("account.stop", params).unwrap();
    assert_eq!(post(first, "SM2", PERSON), 200, "the other one stays");
}

#[test]
fn each_outcome_is_told_and_only_what_was_not_sent_is_sent_again() {
    let (outside, host) = (Outside::start(), Host::new());
    let sidecar = host.start();
    sidecar.account("default", &section(&outside));
    // A request that was refused for now is made three times before that is told.
    (0..4).for_each(|_| outside.refuse_next(429));
    for (expected, requests) in [("not_sent", 3), ("sent", 5), ("sent", 5)] {
        let sent = queued(&sidecar, "limited", "Limited");
        assert_eq!(sent["outcome"], expected, "{sent}");
        assert_eq!(outside.count(PERSON, "Limited"), requests);
    }
    outside.refuse_next(500);
    for _ in 0..2 {
        let sent = queued(&sidecar, "unclear", "Unclear");
        assert_eq!(sent["outcome"], "unknown", "{sent}");
        assert!(sent["error"].as_str().unwrap().contains("do not send it again"), "{sent}");
    }
    assert_eq!(outside.count(PERSON, "Unclear"), 1);
    outside.refuse_next(400);
    assert_eq!(queued(&sidecar, "refused", "Refused")["outcome"], "refused");
}

#[test]
fn idempotent_rpc() {
    let (outside, host) = (Outside::start(), Host::new());
    let sidecar = host.start();
    sidecar.account("default", &section(&outside));
    let params = json!({ "to": PERSON, "message": "Once", "deliveryQueueId": "one" });
    let asked: Vec<_> = (0..100).map(|_| sidecar.ask("telephony.send", params.clone())).collect();
    for answer in asked {
        let sent = answer.recv_timeout(PATIENCE).unwrap();
        assert_eq!(sent["result"]["outcome"], "sent", "{sent}");
    }
    for (field, other) in [("message", "Twice"), ("to", "+15550001235")] {
        let mut changed = params.clone();
        changed[field] = other.into();
        let error = sidecar.call("telephony.send", changed).unwrap_err();
        assert_eq!(error["data"]["field"], "idempotencyKey", "{error}");
    }
    assert_eq!(outside.texts(), [(PERSON.to_owned(), "Once".to_owned())]);
}

#[test]
fn a_send_that_was_cut_off_is_reconciled_and_never_doubled() {
    let (outside, host) = (Outside::start(), Host::new());
    let sidecar = host.start();
    sidecar.account("default", &section(&outside));
    outside.kill_at(Moment::Sending, 1, sidecar.pid());
    let params = json!({ "to": PERSON, "message": "Cut off", "deliveryQueueId": "cut" });
    let _unanswered = sidecar.ask("telephony.send", params.clone());
    let mut sidecar = sidecar;
    sidecar.ended();
    let sidecar = host.start();
    sidecar.account("default", &section(&outside));
    let settled = sidecar.call("send.reconcile", params).unwrap();
    assert_eq!(settled["outcome"], "unknown", "{settled}");
    let never = json!({ "to": PERSON, "message": "Never begun", "deliveryQueueId": "never" });
    let settled = sidecar.call("send.reconcile", never).unwrap();
    assert_eq!(settled["outcome"], "sent", "{settled}");
    assert_eq!((outside.count(PERSON, "Cut off"), outside.count(PERSON, "Never begun")), (1, 1));
    // Nobody says which folders the agent may send from: a file of this machine stays here.
    let file = tempfile::Builder::new().suffix(".png").tempfile().unwrap();
    std::fs::write(file.path(), PNG).unwrap();
    let file = file.into_temp_path();
    let with_file = json!({ "to": PERSON, "mediaUrls": [&*file], "deliveryQueueId": "file" });
    let error = sidecar.call("send.reconcile", with_file.clone()).unwrap_err();
    assert_eq!(error["data"]["field"], "mediaUrl", "{error}");
    sidecar.call("telephony.send", with_file.clone()).unwrap();
    file.close().unwrap();
    let settled = sidecar.call("send.reconcile", with_file.clone()).unwrap();
    assert_eq!(settled["outcome"], "sent", "{settled}");
}

#[test]
fn commands_say_what_is_printed_and_how_they_end() {
    let (outside, host) = (Outside::start(), Host::new());
    let sidecar = host.start();
    let run = |command: &str, words: &[&str], options: Value| {
        let accounts = json!(["default"]);
        let params = json!({
            "command": command, "words": words, "options": options, "accounts": accounts,
        });
        sidecar.call("telephony.command", params)
    };
    let unwell = run("doctor", &[], json!({})).unwrap();
    assert_eq!(unwell["exitCode"], 3, "{unwell}");
    assert!(unwell["text"].as_str().unwrap().contains("no account is started"), "{unwell}");
    // Nothing outside of this machine is asked.
    let mut config = section(&outside);
    config.as_object_mut().unwrap().remove("publicUrl");
    sidecar.account("default", &config);
    let well = run("doctor", &[], json!({ "json": true })).unwrap();
    let found: Value = serde_json::from_str(well["text"].as_str().unwrap()).unwrap();
    assert_eq!(found["accounts"][0]["accountId"], "default", "{found}");
    let findings = found["findings"].as_array().unwrap();
    let of_host = findings.iter().filter(|finding| finding["check"] == "openclaw").count();
    assert_eq!(of_host, 3, "{found}");
    // It has asked the very process that asks it.
    let is_running = |finding: &Value| finding["check"] == "server" && finding["severity"] == "ok";
    assert!(findings.iter().any(is_running), "{found}");
    let sent = run("send", &[PERSON, "Hello"], json!({ "json": true })).unwrap();
    assert_eq!(sent["exitCode"], 0, "{sent}");
    let id: Value = serde_json::from_str(sent["text"].as_str().unwrap()).unwrap();
    let status = run("status", &[id["id"].as_str().unwrap()], json!({})).unwrap();
    assert!(status["text"].as_str().unwrap().contains("kind: message"), "{status}");
    let status = run("status", &[], json!({})).unwrap();
    assert!(status["text"].as_str().unwrap().contains("accountId: default"), "{status}");
    for (command, words, options, field) in [
        ("send", vec!["5550001", "Hi"], json!({}), "to"),
        ("send", vec![PERSON, "Hi"], json!({ "account": "none" }), "accountId"),
        ("call", vec![PERSON], json!({ "account": "a b" }), "account"),
        ("dance", vec![], json!({}), "command"),
    ] {
        let error = run(command, &words, options).unwrap_err();
        assert_eq!(error["data"]["field"], field, "{error}");
    }
}

#[test]
fn pictures_go_both_ways_and_what_is_missing_is_said() {
    let (outside, host) = (Outside::start(), Host::new());
    host.approve(PERSON);
    let sidecar = host.start();
    let mut config = section(&outside);
    config["accounts"] = json!({ "default": {} });
    let address = sidecar.account("default", &config);
    for (id, url) in [
        ("MM1", format!("{}/2010-04-01/Accounts/{SID}/Messages/MM1/Media/ME1", outside.uri())),
        ("MM2", "http://127.0.0.1:1/private".to_owned()),
    ] {
        let request = picture(id, PERSON, AGENT, &url);
        assert_eq!(Client::connect(address).unwrap().exchange(&request).unwrap().status, 200);
    }
    eventually("both messages came", || host.given().len() == 2);
    assert_eq!(host.files(), [PNG]);
    assert_eq!(host.given()[0], "");
    assert!(host.given()[1].contains("missing"), "{:?}", host.given());

    let file = tempfile::Builder::new().suffix(".png").tempfile().unwrap();
    std::fs::write(file.path(), PNG).unwrap();
    let params = json!({ "to": PERSON, "message": "Look", "mediaUrl": file.path() });
    let sent = sidecar.call("telephony.send_mms", params).unwrap();
    assert_eq!(sent["outcome"], "sent", "{sent}");
    let media = outside.media().remove(0);
    let path = media.strip_prefix("https://example.com").unwrap();
    let fetch = format!("GET {path} HTTP/1.1\r\nhost: example.com\r\n\r\n");
    let mut client = Client::connect(address).unwrap();
    assert_eq!(client.exchange(fetch.as_bytes()).unwrap().status, 200);
    for guess in guesses(path) {
        let fetch = format!("GET {guess} HTTP/1.1\r\nhost: example.com\r\n\r\n");
        assert_eq!(client.exchange(fetch.as_bytes()).unwrap().status, 404, "{guess}");
    }
    let error = sidecar.call("telephony.send_mms", json!({ "to": PERSON, "mediaUrl": "a.png" }));
    let error = error.unwrap_err();
    assert_eq!(error["data"]["field"], "mediaUrls");
    assert!(error["message"].as_str().unwrap().contains("absolute"), "{error}");
}

/// Paths that are nearly that of a file: each digit of its name another, less of it, more of it.
fn guesses(path: &str) -> Vec<String> {
    let (start, file) = path.rsplit_once('/').unwrap();
    let (name, extension) = file.split_once('.').unwrap();
    let other = |at: usize| {
        let digit = if name.as_bytes()[at] == b'0' { "1" } else { "0" };
        format!("{}{digit}{}", &name[..at], &name[at + 1..])
    };
    let mut names: Vec<_> = (0..name.len()).map(other).collect();
    names.extend([name[..name.len() - 1].to_owned(), format!("{name}0"), name.to_uppercase()]);
    names.retain(|guess| guess != name);
    let mut guesses: Vec<_> =
        names.iter().map(|name| format!("{start}/{name}.{extension}")).collect();
    guesses.extend([format!("{start}/{name}.jpg"), format!("{start}/{name}"), format!("{start}/")]);
    guesses
}

#[test]
fn bad_requests_name_the_field_and_change_nothing() {
    let (outside, host) = (Outside::start(), Host::new());
    let sidecar = host.spawn();
    let early = sidecar.call("account.start", json!({ "accountId": "a", "config": {} }));
    assert!(early.unwrap_err()["message"].as_str().unwrap().contains("initialize"));
    let mut other = host.initialize();
    other["protocol"] = 0.into();
    let error = sidecar.call("initialize", other).unwrap_err();
    assert!(error["message"].as_str().unwrap().contains("install"), "{error}");
    sidecar.call("initialize", host.initialize()).unwrap();
    sidecar.write("this is no JSON");
    sidecar.write(r#"{"jsonrpc":"2.0","id":[],"method":"telephony.status"}"#);
    let mut config = section(&outside);
    config["serve"]["prot"] = 1.into();
    config["publicUrl"] = 5.into();
    let params = json!({ "accountId": "default", "config": config });
    let error = sidecar.call("account.start", params).unwrap_err();
    assert_eq!((&error["code"], &error["data"]["field"]), (&json!(-32602), &json!("config")));
    assert_eq!(error["data"]["problems"].as_array().unwrap().len(), 2, "{error}");
    sidecar.account("default", &section(&outside));
    for (method, params, code, field) in [
        ("telephony.send", json!({ "to": "5550001", "message": "Hi" }), -32602, json!("to")),
        ("telephony.send", json!({ "to": PERSON }), -32602, json!("message")),
        ("telephony.send", json!({ "message": "Hi" }), -32602, Value::Null),
        (
            "telephony.send",
            json!({ "to": PERSON, "message": "Hi", "accountId": "x" }),
            -32000,
            json!("accountId"),
        ),
        ("telephony.call", json!({ "to": PERSON }), -32000, json!("voice.enabled")),
        ("telephony.message_status", json!({ "id": "SM9" }), -32001, json!("id")),
        (
            "send.reconcile",
            json!({ "to": PERSON, "message": "Hi" }),
            -32602,
            json!("deliveryQueueId"),
        ),
        ("telephony.nothing", json!({}), -32601, Value::Null),
    ] {
        let error = sidecar.call(method, params.clone()).unwrap_err();
        assert_eq!(error["code"], code, "{method} {params} {error}");
        assert_eq!(error["data"]["field"], field, "{method} {params} {error}");
        assert!(!error.to_string().contains(PERSON));
    }
    assert!(outside.texts().is_empty());
    assert!(sidecar.close().success());
}

#[test]
fn a_port_that_is_taken_is_named_with_its_key_and_a_state_directory_with_its_owner() {
    let (outside, host) = (Outside::start(), Host::new());
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let mut config = section(&outside);
    config["serve"]["port"] = port.into();
    let sidecar = host.start();
    let params = json!({ "accountId": "default", "config": config });
    let error = sidecar.call("account.start", params).unwrap_err();
    let message = error["message"].as_str().unwrap();
    assert!(message.contains(&port.to_string()) && message.contains("serve.port"), "{message}");
    let second = host.spawn();
    let error = second.call("initialize", host.initialize()).unwrap_err();
    assert!(error["message"].as_str().unwrap().contains(&sidecar.pid().to_string()), "{error}");
    // The port of a process that is ending is waited for.
    let params = json!({ "accountId": "default", "config": config });
    let answer = sidecar.ask("account.start", params);
    assert!(answer.recv_timeout(Duration::from_millis(300)).is_err());
    drop(taken);
    let answer = answer.recv_timeout(Duration::from_secs(20)).unwrap();
    assert!(answer.get("result").is_some(), "{answer}");
}

#[test]
fn it_ends_with_its_input_when_asked_and_by_a_signal() {
    let (outside, host) = (Outside::start(), Host::new());
    host.approve(PERSON);
    host.does(Turn::Hang);
    let sidecar = host.start();
    let address = sidecar.account("default", &section(&outside));
    post(address, "SM1", PERSON);
    eventually("it is in a turn", || host.given().len() == 1);
    let started = std::time::Instant::now();
    assert!(sidecar.close().success());
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    assert!(Client::connect(address).is_err());

    let mut sidecar = host.start();
    sidecar.account("default", &section(&outside));
    sidecar.call("shutdown", json!({})).unwrap();
    assert!(sidecar.ended().success());

    let mut sidecar = host.start();
    sidecar.account("default", &section(&outside));
    crate::running::signal(sidecar.pid(), rustix::process::Signal::TERM);
    assert!(sidecar.ended().success());
}
