//! A server that is killed: nothing it acknowledged is lost, and nothing is sent twice.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use crate::client::{Client, text};
use crate::outside::{AGENT, Moment, Outside};
use crate::running::{Home, alone, eventually, eventually_within};
use crate::seed::Seed;

/// One text of so many is of somebody who is answered; the others end with nobody being asked.
const ANSWERED: usize = 25;

/// People who are answered, so many that none has more replies than there may be within a minute.
const PEOPLE: usize = 400;

/// Others, so many that none texts more often than anybody may.
const OTHERS: usize = 4_000;

/// A carrier's queue of webhooks: what was not answered is posted again.
#[derive(Default)]
struct Queue {
    next: AtomicUsize,
    unanswered: Mutex<Vec<usize>>,
    acknowledged: Mutex<HashSet<usize>>,
}

fn id(number: usize) -> String {
    format!("SM{number:032}")
}

fn person(number: usize) -> String {
    format!("+1555100{number:04}")
}

fn sender(number: usize) -> String {
    match number % ANSWERED {
        0 => person(number / ANSWERED % PEOPLE),
        _ => format!("+1555200{:04}", number % OTHERS),
    }
}

impl Queue {
    /// Posts at most `most` texts, and waits until the server is gone.
    fn post(&self, address: SocketAddr, most: usize, outside: &Outside) {
        let Ok(mut client) = Client::connect(address) else { return };
        for _ in 0..most {
            let again = self.unanswered.lock().unwrap().pop();
            let number = again.unwrap_or_else(|| self.next.fetch_add(1, Ordering::SeqCst));
            match client.exchange(&text(&id(number), &sender(number), AGENT)) {
                Ok(answer) => {
                    assert_eq!(answer.status, 200);
                    self.acknowledged.lock().unwrap().insert(number);
                    outside.acknowledged();
                }
                Err(_) => {
                    self.unanswered.lock().unwrap().push(number);
                    return;
                }
            }
        }
        client.closed();
    }
}

/// Parts of which it is not known whether they were sent.
fn unknown(home: &Home) -> usize {
    usize::try_from(home.json(&["status"])["outbox"]["unknown"].as_u64().unwrap()).unwrap()
}

/// Whether nothing waits, to be answered or to be sent.
fn is_idle(home: &Home) -> bool {
    let status = home.json(&["status"]);
    status["inbox"]["waiting"] == 0 && status["outbox"]["queued"] == 0
}

/// The ids of all texts that are done, as another process sees them.
fn done(home: &Home) -> HashSet<String> {
    let db = rusqlite::Connection::open(home.database()).unwrap();
    let mut rows = db.prepare("SELECT key FROM inbox_entry WHERE state = 1").unwrap();
    let keys = rows.query_map([], |row| row.get::<_, String>(0)).unwrap();
    keys.map(|key| key.unwrap().rsplit(' ').next().unwrap().to_owned()).collect()
}

#[test]
fn durable_before_ack() {
    const KILLS: usize = 50;
    const ACKNOWLEDGED: usize = 50_000;
    const CONNECTIONS: usize = 8;
    /// Texts of a connection between two deaths, at most: enough for each moment to come.
    const MOST: usize = 400;
    let _alone = alone();
    let outside = Outside::start();
    let mut config = outside.open();
    config["inboundPolicy"] = "allowlist".into();
    config["allowFrom"] = (0..PEOPLE).map(person).collect::<Vec<_>>().into();
    let home = Home::new(&config, &["--handler", &outside.handler()]);
    let (queue, mut seed) = (Queue::default(), Seed::new(50));
    for round in 0..KILLS {
        let server = home.start();
        let (moment, times) = match round % 3 {
            0 => (Moment::Acknowledged, seed.within(950, 1_500)),
            1 => (Moment::Handling, seed.within(30, 55)),
            _ => (Moment::Sending, seed.within(30, 55)),
        };
        outside.kill_at(moment, times, server.pid());
        std::thread::scope(|scope| {
            for _ in 0..CONNECTIONS {
                scope.spawn(|| queue.post(server.address, MOST, &outside));
            }
        });
        server.died();
    }
    let acknowledged = queue.acknowledged.into_inner().unwrap();
    let server = home.start();
    let replied = || -> HashMap<String, usize> {
        let mut replied = HashMap::new();
        for (_, text) in outside.texts() {
            *replied.entry(text.rsplit(' ').next().unwrap().to_owned()).or_default() += 1;
        }
        replied
    };
    let asked: Vec<_> =
        acknowledged.iter().filter(|number| **number % ANSWERED == 0).map(|n| id(*n)).collect();
    // A reply that was on its way when the server died may have arrived or not, and is not sent
    // again: it is shown as unknown. Every other one arrives.
    eventually_within(Duration::from_secs(120), "every text is answered", || {
        let replied = replied();
        let missing = asked.iter().filter(|id| !replied.contains_key(*id));
        missing.count() <= unknown(&home) && is_idle(&home)
    });
    assert_eq!(home.json(&["status"])["inbox"]["failed"], 0, "{}", home.log());
    server.stop();
    let done = done(&home);
    let lost = acknowledged.iter().filter(|number| !done.contains(&id(**number)));
    assert_eq!(lost.count(), 0, "of {} acknowledged", acknowledged.len());
    let unhandled = asked.iter().filter(|id| outside.handled(id) == 0);
    assert_eq!(unhandled.count(), 0, "of {} that are answered", asked.len());
    let replied = replied();
    let twice = replied.iter().filter(|(_, count)| **count > 1).collect::<Vec<_>>();
    assert!(twice.is_empty(), "{twice:?}");
    assert!(acknowledged.len() >= ACKNOWLEDGED, "{} are no load", acknowledged.len());
    assert!(replied.len() * 2 > asked.len(), "{} replies", replied.len());
}

/// The accounts of the test of pairing: each has room for three who wait.
const ACCOUNTS: usize = 8;
const STRANGERS: usize = 3;

fn account(number: usize) -> String {
    format!("a{number}")
}

fn stranger(account: usize, number: usize) -> String {
    format!("+155510{account}000{number}")
}

fn pairing(outside: &Outside) -> Value {
    let accounts = (0..ACCOUNTS).map(|number| {
        let own = json!({
            "fromNumber": format!("+1555200000{number}"), "twilio": outside.twilio(),
        });
        (account(number), own)
    });
    json!({
        "provider": "twilio", "publicUrl": "https://example.com", "serve": { "port": 0 },
        "accounts": accounts.collect::<serde_json::Map<_, _>>(),
    })
}

/// How many strangers were texted something, each once.
fn texted(outside: &Outside, words: &str) -> usize {
    let strangers = (0..ACCOUNTS).flat_map(|of| (0..STRANGERS).map(move |n| stranger(of, n)));
    strangers
        .filter(|number| {
            let count = outside.count(number, words);
            assert!(count <= 1, "{number} was told {count} times: {words}");
            count == 1
        })
        .count()
}

/// How many requests the database holds, as another process sees it.
fn requests(home: &Home) -> usize {
    let db = rusqlite::Connection::open(home.database()).unwrap();
    let sql = "SELECT count(*) FROM pairing_request";
    db.query_row(sql, [], |row| row.get(0)).unwrap()
}

#[test]
fn killed_between_a_request_and_its_texts() {
    let _alone = alone();
    let outside = Outside::start();
    let home = Home::new(&pairing(&outside), &[]);
    let mut unanswered = Vec::new();
    for of in 0..ACCOUNTS {
        let server = home.start();
        let before = requests(&home);
        match of % 4 {
            0 => outside.kill_at(Moment::Acknowledged, STRANGERS, server.pid()),
            1 => outside.kill_at(Moment::Acknowledged, 1, server.pid()),
            2 => outside.kill_at(Moment::Sending, 1 + of / 4, server.pid()),
            // As soon as a request is on disk.
            _ => {}
        }
        unanswered.extend((0..STRANGERS).map(|number| (of, number)));
        unanswered.retain(|(of, number)| !ask(&outside, server.address, *of, *number));
        if of % 4 == 3 {
            eventually("a request is stored", || requests(&home) > before);
            server.kill();
        } else {
            server.died();
        }
    }
    let server = home.start();
    unanswered.retain(|(of, number)| !ask(&outside, server.address, *of, *number));
    assert_eq!(unanswered, []);
    let all = ACCOUNTS * STRANGERS;
    eventually("every stranger is texted a code", || {
        is_idle(&home)
            && requests(&home) == all
            && texted(&outside, "code is") + unknown(&home) >= all
    });
    let list = server.json(&["pairing", "list"]);
    let waiting = list["requests"].as_array().unwrap().clone();
    for request in &waiting {
        let (number, code) = (request["number"].as_str().unwrap(), request["code"].as_str());
        let with_code = outside.count(number, code.unwrap());
        assert_eq!(with_code, outside.count(number, "code is"), "{number} has another code");
    }
    server.stop();

    let approve = |of: usize| {
        let of = account(of);
        for request in waiting.iter().filter(|request| request["account"] == of.as_str()) {
            let code = request["code"].as_str().unwrap();
            let done = home.command(&["pairing", "approve", code, "--account", &of]);
            assert!(done.status.success(), "{done:?}");
        }
    };
    // While no server runs, the approval is noted, and the text is sent by the next one.
    let half = ACCOUNTS / 2;
    (0..half).for_each(approve);
    assert_eq!(texted(&outside, "approved."), 0);
    let mut server = home.start();
    eventually("who was approved is told", || texted(&outside, "approved.") == half * STRANGERS);
    let before = unknown(&home);
    for of in half..ACCOUNTS {
        approve(of);
        server.kill();
        server = home.start();
    }
    eventually("the others are told", || {
        is_idle(&home) && texted(&outside, "approved.") + unknown(&home) - before >= all
    });
    server.stop();
    assert!(texted(&outside, "code is") > all / 2 && texted(&outside, "approved.") > all / 2);
}

/// Posts a stranger's text; whether it was acknowledged.
fn ask(outside: &Outside, address: SocketAddr, of: usize, number: usize) -> bool {
    let request = text(&id(of * 10 + number), &stranger(of, number), &format!("+1555200000{of}"));
    let answer = Client::connect(address).and_then(|mut client| client.exchange(&request));
    let Ok(answer) = answer else { return false };
    assert_eq!(answer.status, 200);
    outside.acknowledged();
    true
}

#[test]
fn a_second_server_is_refused_and_commands_work_beside_the_first() {
    let outside = Outside::start();
    let home = Home::new(&pairing(&outside), &[]);
    let server = home.start();
    assert!(ask(&outside, server.address, 0, 0));
    eventually("the stranger is texted a code", || texted(&outside, "code is") == 1);
    for _ in 0..2 {
        let refused = home.refused();
        assert!(refused.contains(&format!("pid {}", server.pid())), "{refused}");
    }
    let status = home.json(&["status"]);
    assert_eq!(status["pid"], server.pid());
    assert_eq!(status["address"], server.address.to_string());
    let list = home.json(&["pairing", "list"]);
    assert_eq!(list["requests"][0]["number"], stranger(0, 0));
    eventually("the message is done", || {
        home.json(&["inbox", "list", "--state", "done"])["counts"]["done"] == 1
    });
    let pid = server.pid();
    server.kill();
    let server = home.start();
    assert_ne!(server.pid(), pid);
    assert_eq!(home.json(&["status"])["pid"], server.pid(), "whoever died owns nothing");
    server.stop();
}

/// A script that sends again what was not sent must not do so here.
#[test]
fn whoever_sends_through_a_server_that_dies_hears_that_it_may_be_sent() {
    let outside = Outside::start();
    let mut config = outside.open();
    config["allowTo"] = json!([person(0)]);
    let home = Home::new(&config, &["--handler", &outside.handler()]);
    let server = home.start();
    outside.kill_at(Moment::Sending, 1, server.pid());
    let output = home.command(&["send", &person(0), "hello"]);
    server.died();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("may be carried out all the same"), "{said}");
    let output = home.command(&["send", &person(0), "hello"]);
    assert_eq!(output.status.code(), Some(1), "there is no server: {output:?}");
    assert_eq!(outside.count(&person(0), "hello"), 1);
}
