//! A text that is on its way when something breaks is at the carrier once or not at all.

use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::outside::Moment;
use crate::running::{Home, eventually};

use super::carrier::{Answer, Carrier, configuration};

const PERSON: &str = "+15550001234";

/// A carrier that does this with the first text, and takes what comes after.
fn once(answer: Answer) -> Carrier {
    let first = AtomicBool::new(true);
    let next = move || if first.swap(false, Ordering::SeqCst) { answer } else { Answer::Take };
    Carrier::start(next, |_, _| None)
}

/// How the send of `message` ended.
fn outcome(home: &Home) -> String {
    let latest = home.json(&["message"]);
    latest["messages"][0]["outcome"].as_str().unwrap_or_default().to_owned()
}

fn is_idle(home: &Home) -> bool {
    home.json(&["status"])["outbox"]["queued"] == 0
}

#[test]
fn no_double_send() {
    for (answer, ends, arrived) in [
        (Answer::CutBefore, "unknown", 0),
        (Answer::CutAfter, "unknown", 1),
        (Answer::CutWithin, "unknown", 1),
        (Answer::Fail, "unknown", 1),
        (Answer::OutOfOrder, "unknown", 0),
        (Answer::TooMuch, "sent", 1),
        (Answer::Twice, "sent", 1),
        (Answer::HangUp, "sent", 1),
    ] {
        let carrier = once(answer);
        let home = Home::new(&carrier.open(), &["--handler", &carrier.handler()]);
        let server = home.start();
        let said = server.command(&["send", PERSON, "Once"]);
        assert_eq!(outcome(&home), ends, "{answer:?}: {said:?}");
        // Whoever starts again finds nothing to be sent either.
        server.kill();
        let server = home.start();
        eventually("all that waits is sent", || is_idle(&home));
        assert_eq!(server.json(&["send", PERSON, "Another"])["outcome"], "sent");
        let texts: Vec<_> = carrier.taken().into_iter().map(|text| text.body).collect();
        assert_eq!(texts, [vec!["Once"; arrived], vec!["Another"]].concat(), "{answer:?}");
        server.stop();
    }
    killed_between();
    cut_before_it_left();
}

fn killed_between() {
    let carrier = once(Answer::Take);
    let home = Home::new(&carrier.open(), &["--handler", &carrier.handler()]);
    let server = home.start();
    carrier.fuse().set(Moment::Sending, 1, server.pid());
    let said = server.command(&["send", PERSON, "Once"]);
    assert!(!said.status.success(), "{said:?}");
    server.died();
    let server = home.start();
    eventually("all that waits is sent", || is_idle(&home));
    assert_eq!(outcome(&home), "unknown");
    assert_eq!(carrier.taken().len(), 1);
    server.stop();
}

fn cut_before_it_left() {
    let unused = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = unused.local_addr().unwrap();
    drop(unused);
    let home = Home::new(&configuration(address), &[]);
    let server = home.start();
    std::thread::scope(|scope| {
        let sending = scope.spawn(|| server.json(&["send", PERSON, "Once"]));
        eventually("it was tried", || home.log().contains("trying again"));
        let carrier = Carrier::at(address, || Answer::Take, |_, _| None);
        assert_eq!(sending.join().unwrap()["outcome"], "sent");
        assert_eq!(carrier.taken().len(), 1);
    });
    server.stop();
}
