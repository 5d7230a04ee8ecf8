//! A thousand texts while whoever answers them is away: each is handed over, once and in order.
//!
//! To the inbox the minute that they are away is no more than texts that are acknowledged and stay,
//! which is seen at once; `TELEPHONY_LONG=1` has them stay away for all of it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};

use crate::client::{Client, text};
use crate::gateway::Host;
use crate::outside::{AGENT, Outside};
use crate::running::{Home, alone, eventually, is_long};

const SENDERS: usize = 40;

/// Fewer than there may be replies to one number within a minute.
const EACH: usize = 25;

const CONNECTIONS: usize = 8;

fn number(sender: usize) -> String {
    format!("+1555000{sender:04}")
}

fn id(sender: usize, text: usize) -> String {
    format!("SM{sender:04}{text:04}")
}

/// Posts all texts, those of one sender one after the other, and sees each acknowledged.
fn post_all(address: SocketAddr) {
    std::thread::scope(|scope| {
        for connection in 0..CONNECTIONS {
            scope.spawn(move || {
                let mut client = Client::connect(address).unwrap();
                for count in 0..EACH {
                    for sender in (connection..SENDERS).step_by(CONNECTIONS) {
                        let request = text(&id(sender, count), &number(sender), AGENT);
                        assert_eq!(client.exchange(&request).unwrap().status, 200);
                    }
                }
            });
        }
    });
}

/// Every text is there once, and those of one sender are in order.
fn assert_whole(texts: &[String]) {
    let mut by_sender: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for text in texts {
        by_sender.entry(&text[..6]).or_default().push(text);
    }
    assert_eq!(by_sender.len(), SENDERS);
    for (sender, given) in by_sender.values().enumerate() {
        let expected: Vec<_> = (0..EACH).map(|count| id(sender, count)).collect();
        assert_eq!(*given, expected);
    }
}

fn section(outside: &Outside) -> Value {
    let mut config = outside.open();
    config["enabled"] = true.into();
    config
}

#[test]
fn the_host_has_all_that_came_while_its_account_was_stopped() {
    let _alone = alone();
    let (outside, host) = (Outside::start(), Host::new());
    (0..SENDERS).for_each(|sender| host.approve(&number(sender)));
    let sidecar = host.start();
    let address = sidecar.account("default", &section(&outside));
    let params = json!({ "accountId": "default", "reason": "restart" });
    sidecar.call("account.stop", params).unwrap();
    post_all(address);
    let inbox = || sidecar.call("telephony.status", json!({})).unwrap()["inbox"].clone();
    assert_eq!(inbox()["waiting"], SENDERS * EACH);
    assert_eq!(host.given().len(), 0, "a stopped account takes no turns");
    assert_eq!(sidecar.account("default", &section(&outside)), address);
    eventually("all is done", || inbox()["waiting"] == 0);
    assert_eq!(inbox()["failed"], 0);
    assert_whole(&host.given());
    assert!(sidecar.close().success());
}

#[test]
fn a_host_that_comes_back_has_all_that_came_before_everything_was_killed() {
    let _alone = alone();
    let (outside, host) = (Outside::start(), Host::new());
    (0..SENDERS).for_each(|sender| host.approve(&number(sender)));
    let sidecar = host.start();
    let address = sidecar.account("default", &section(&outside));
    let params = json!({ "accountId": "default", "reason": "restart" });
    sidecar.call("account.stop", params).unwrap();
    post_all(address);
    sidecar.kill();
    let sidecar = host.start();
    sidecar.account("default", &section(&outside));
    let inbox = || sidecar.call("telephony.status", json!({})).unwrap()["inbox"].clone();
    eventually("all is done", || inbox()["waiting"] == 0);
    assert_eq!(inbox()["failed"], 0);
    assert_whole(&host.given());
}

#[test]
fn consumer_absent() {
    let _alone = alone();
    let outside = Outside::start();
    let home = Home::new(&outside.open(), &["--handler", &outside.handler()]);
    // The handler is gone first, so that nothing has been handed over when the server is killed.
    outside.away(true);
    let server = home.start();
    post_all(server.address);
    if is_long() {
        std::thread::sleep(Duration::from_secs(60));
    }
    server.kill();
    assert_eq!((outside.given().len(), outside.texts().len()), (0, 0));
    outside.away(false);
    let server = home.start();
    eventually("all is answered", || outside.texts().len() == SENDERS * EACH);
    assert_whole(&outside.given());
    let mut replies = outside.texts();
    // Their last word says to what they are the answer.
    replies.iter_mut().for_each(|(_, text)| *text = text.rsplit(' ').next().unwrap().to_owned());
    assert!(replies.iter().all(|(to, text)| to[8..] == text[2..6]), "to whoever asked");
    assert_whole(&replies.into_iter().map(|(_, text)| text).collect::<Vec<_>>());
    let status = home.json(&["status"]);
    assert_eq!((&status["inbox"]["failed"], &status["inbox"]["waiting"]), (&json!(0), &json!(0)));
    server.stop();
}
