//! Who is no person: short codes and names, and our own numbers, which anybody can write as theirs.

use super::*;
use crate::outbound::Retries;
use crate::service::{Request, RequestError};

const OTHER: &str = "+15550002222";

/// Texts from senders that are no people, then one from somebody who is.
async fn what_was_sent(config: Value, machines: &[&str]) -> (Vec<String>, Vec<String>) {
    let scene = Scene::start(config);
    for machine in machines {
        // A word for the carrier is none from these either.
        for text in ["Your parcel is here", "STOP", "YES", "HELP"] {
            scene.text_from(machine, text).await;
        }
    }
    scene.text(1, "Hello").await;
    scene.until_done(4 * machines.len() as u64 + 1).await;
    eventually(async || scene.sent().len() == 1).await;
    let to = scene.mock.sent().iter().map(|sent| sent.message.to().to_string()).collect();
    let account = AccountId::default_account();
    let opted_out = scene.service.ledger.opted_out(&account, 10).await.unwrap();
    assert!(opted_out.is_empty(), "{opted_out:?}");
    let pending = scene.service.pairing.pending(&account, NOW).await.unwrap();
    assert!(pending.iter().all(|request| request.number.as_str() == "+15550000001"), "{pending:?}");
    (scene.asked(), to)
}

#[tokio::test]
async fn short_codes_and_names_are_neither_asked_about_nor_answered() {
    let machines = ["72345", "123456", "Acme", "DHL Paket"];
    for (config, asked) in [
        (json!({ "inboundPolicy": "open" }), vec!["Hello"]),
        (json!({ "inboundPolicy": "allowlist", "allowFrom": ["*"] }), vec!["Hello"]),
        (json!({ "inboundPolicy": "pairing" }), vec![]),
        (json!({ "inboundPolicy": "pairing", "allowFrom": ["*"] }), vec!["Hello"]),
    ] {
        let (given, to) = what_was_sent(config.clone(), &machines).await;
        assert_eq!(given, asked, "{config}");
        assert_eq!(to, ["+15550000001"], "{config}");
    }
}

#[tokio::test]
async fn our_own_numbers_are_neither_asked_about_nor_answered() {
    let several = json!({ "default": {}, "second": { "fromNumber": OTHER } });
    // Who sends by a name, or through a service, does not say which numbers are theirs.
    let named = json!({ "default": { "fromNumber": "Acme" } });
    for (policy, asked) in [("open", vec!["Hello"]), ("pairing", vec![])] {
        for (accounts, own) in [(&several, &[OWN, OTHER][..]), (&named, &[OWN])] {
            let config = json!({ "inboundPolicy": policy, "accounts": accounts });
            let (given, to) = what_was_sent(config, own).await;
            assert_eq!(given, asked, "{policy} {own:?}");
            assert_eq!(to, ["+15550000001"], "{policy} {own:?}");
        }
    }
}

#[tokio::test]
async fn an_agent_of_the_hosts_comes_to_an_end_too() {
    let scene = Scene::start(json!({ "inboundPolicy": "open" }));
    let asked = |to: &str, key: usize| Request {
        to: to.to_owned(),
        text: "Pardon?".to_owned(),
        media: Vec::new(),
        account: None,
        source: Source::Queued(format!("key-{key}").parse().unwrap()),
        retries: Retries::Theirs,
    };
    for key in 0..30 {
        scene.service.send(asked("+15550000001", key)).await.unwrap();
    }
    let one_more = scene.service.send(asked("+15550000001", 30)).await.unwrap_err();
    assert!(matches!(one_more, RequestError::TooMany) && !one_more.is_transient(), "{one_more}");
    scene.service.send(asked("+15550000001", 29)).await.expect("it was asked for before");
    scene.service.send(asked("+15550000002", 31)).await.expect("it is for somebody else");
    scene.clock.advance(Duration::from_secs(61));
    scene.service.send(asked("+15550000001", 32)).await.unwrap();
}
