//! What is claimed stays cheap however much waits, and nothing holds up what it need not.

use rusqlite::Connection;

use super::*;
use crate::outbound::ledger::queries::{ADVANCE, AHEAD, DUE, NEXT, WAITING};
use crate::outbound::ledger::schema::SQLITE;

#[test]
fn every_query_of_the_worker_looks_into_an_index() {
    let db = Connection::open_in_memory().unwrap();
    SQLITE.iter().for_each(|sql| db.execute_batch(sql).unwrap());
    let mut steps: Vec<(&str, String)> = Vec::new();
    for sql in [WAITING, DUE, AHEAD, NEXT, ADVANCE] {
        let mut plan = db.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let null = vec![rusqlite::types::Null; plan.parameter_count()];
        let found = plan.query_map(rusqlite::params_from_iter(null), |row| row.get(3)).unwrap();
        steps.extend(found.map(|step| (sql, step.unwrap())));
    }
    let of_parts: Vec<_> =
        steps.iter().filter(|(_, step)| step.contains("outbound_part")).collect();
    assert!(of_parts.len() >= 5, "{steps:?}");
    // Only the smallest of all accounts is found without a value to look for, and at once.
    let first = "SEARCH outbound_part USING COVERING INDEX outbound_part_due";
    for (sql, step) in of_parts {
        let is_found = step.starts_with("SEARCH") && (step.contains('(') || step == first);
        assert!(is_found && !step.contains("TEMP B-TREE"), "{step} in {sql}");
    }
}

async fn a_clock_that_is_set_back_holds_nothing_up(ledger: Ledger) {
    add(&ledger, "a", reply(1, "a", &["first", "second"])).await;
    add(&ledger, "b", reply(2, "b", &["asked to wait"])).await;
    let limits = || HashMap::from([(account("default"), usize::MAX)]);
    let asked = ledger.claim(NOW, limits(), 9).await.unwrap();
    assert_eq!(texts(&asked), ["first", "asked to wait"]);
    // The one is busy for a moment, the other for hours.
    ledger.not_sent(asked[1].this(), later(10_000), "later".to_owned(), NOW).await.unwrap();
    ledger.not_sent(asked[0].this(), later(2), "busy".to_owned(), NOW).await.unwrap();
    assert_eq!(ledger.claim(later(1), limits(), 9).await.unwrap().len(), 0);
    let before = NOW.saturating_sub(Duration::from_secs(24 * 60 * 60));
    let first = ledger.claim(before, limits(), 1).await.unwrap();
    assert_eq!(texts(&first), ["first"]);
    // On its way while the clock is set forward, answered then, and the clock is set back.
    ledger.not_sent(first[0].this(), later(2), "busy".to_owned(), NOW).await.unwrap();
    let again = ledger.claim(before, limits(), 1).await.unwrap();
    assert_eq!(texts(&again), ["first"]);
    let little = NOW.saturating_sub(Duration::from_secs(600));
    assert_eq!(ledger.claim(little, limits(), 9).await.unwrap().len(), 0);
    // Nor does what is due keep it from going.
    ledger.not_sent(again[0].this(), later(2), "busy".to_owned(), NOW).await.unwrap();
    enqueue(&ledger, "c", reply(3, "c", &["due"]), before).await;
    assert_eq!(texts(&ledger.claim(before, limits(), 1).await.unwrap()), ["first"]);
}

async fn an_account_sends_as_many_as_it_may_and_holds_up_no_other(ledger: Ledger) {
    for to in 0..4 {
        for name in ["paced", "stopped", "free"] {
            let mut send = reply(to, &format!("{name}{to}"), &[&format!("{name}{to}")]);
            send.account = account(name);
            add(&ledger, &format!("{name}{to}"), send).await;
        }
    }
    // Of "stopped" nothing is said, as of an account that is configured no more.
    let limits = || HashMap::from([(account("paced"), 1), (account("free"), usize::MAX)]);
    let claimed = ledger.claim(NOW, limits(), 4).await.unwrap();
    assert_eq!(texts(&claimed), ["paced0", "free0", "free1", "free2"], "the oldest first");
    let claimed = ledger.claim(NOW, limits(), 100).await.unwrap();
    assert_eq!(texts(&claimed), ["paced1", "free3"]);
}

async fn what_cannot_be_read_is_refused_and_holds_up_nobody(ledger: Ledger) {
    add(&ledger, "a", reply(1, "a", &["a0", "a1"])).await;
    add(&ledger, "b", reply(1, "b", &["b0"])).await;
    add(&ledger, "c", reply(2, "c", &["c0"])).await;
    let spoil = "UPDATE outbound_part SET content = '{' WHERE sequence = 1";
    ledger.transact(|db| db.execute(spoil, &[])).await.unwrap();
    assert_eq!(texts(&claim(&ledger, NOW).await), ["c0"]);
    assert_eq!(status(&ledger, "a").await.outcome, SendOutcome::Refused);
    assert_eq!(texts(&claim(&ledger, NOW).await), ["b0"]);
}

async fn what_the_carrier_reports_on_is_not_sent_again(ledger: Ledger) {
    for (name, to) in [("a", 1), ("b", 2), ("c", 3)] {
        add(&ledger, name, reply(to, name, &[name, "rest"])).await;
    }
    let claimed = claim(&ledger, NOW).await;
    let [a, b, c] = claimed.as_slice() else { panic!("{claimed:?}") };
    let receipt = async |name: &str| {
        let receipt = update(name, MessageStatus::Sent, Some(&format!("{name}-0")));
        assert!(ledger.apply(receipt, NOW).await.unwrap().is_some());
    };
    // The report is there first, then an answer that denies it; and the other way round.
    receipt("a").await;
    ledger.not_sent(a.this(), NOW, "busy".to_owned(), NOW).await.unwrap();
    receipt("b").await;
    ledger.refused(b.this(), "no".to_owned(), NOW).await.unwrap();
    ledger.not_sent(c.this(), NOW, "busy".to_owned(), NOW).await.unwrap();
    receipt("c").await;
    for name in ["a", "b", "c"] {
        assert_eq!(states(&ledger, name).await, [PartState::Sent, PartState::Queued], "{name}");
    }
    assert_eq!(texts(&claim(&ledger, NOW).await), ["rest", "rest", "rest"]);
}

#[test]
fn what_waits_in_an_older_file_goes_on_in_order() {
    let db = Connection::open_in_memory().unwrap();
    db.execute_batch(SQLITE[0]).unwrap();
    let send =
        "INSERT INTO outbound_send VALUES ('s', 'default', '+15550000001', 'once s', x'', 0)";
    db.execute(send, []).unwrap();
    let sql = "INSERT INTO outbound_part
        (send, lane, account, state, due_at, changed_at, reference)
        VALUES ('s', ?1, 'default', ?2, 0, 0, ?3)";
    let rows = [("x", 2), ("x", 1), ("x", 0), ("y", 0), ("y", 0), ("z", 4)];
    for (index, (lane, state)) in rows.into_iter().enumerate() {
        db.execute(sql, rusqlite::params![lane, state, index.to_string()]).unwrap();
    }
    SQLITE[1..].iter().for_each(|sql| db.execute_batch(sql).unwrap());
    let sql = "SELECT sequence FROM outbound_part WHERE is_first = 1 ORDER BY sequence";
    let mut first = db.prepare(sql).unwrap();
    let first = first.query_map([], |row| row.get(0)).unwrap();
    assert_eq!(first.collect::<Result<Vec<i64>, _>>().unwrap(), [2, 4]);
}

on_each_store![
    a_clock_that_is_set_back_holds_nothing_up,
    an_account_sends_as_many_as_it_may_and_holds_up_no_other,
    what_cannot_be_read_is_refused_and_holds_up_nobody,
    what_the_carrier_reports_on_is_not_sent_again,
];
