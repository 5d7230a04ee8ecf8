//! What the ledger promises.

use std::collections::HashMap;
use std::time::Duration;

use telephony_core::{
    AccountId, DeliveryUpdate, HttpUrl, MessageId, MessageStatus, PhoneNumber, ProviderMessageId,
    Reference, StatusReport, Timestamp,
};
use telephony_webhook::SqliteWriter;
use telephony_webhook::testing::TestServer;
use tempfile::TempDir;

use super::{Claimed, Ledger};
use crate::outbound::send::{Enqueued, NewSend, Part, PartState, SendOutcome, SendStatus, Source};
use crate::sql::{Sql, Store};

mod asked_again;
#[cfg(unix)]
mod beside;
mod calls;
mod model;
mod opt_outs;
mod permuted;
mod queue;
mod reports;

const NOW: Timestamp = Timestamp::from_second(1_800_000_000);

fn later(seconds: u64) -> Timestamp {
    NOW.saturating_add(Duration::from_secs(seconds))
}

/// Each of these tests, on each store.
macro_rules! on_each_store {
    ($($name:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $name() {
                super::$name($crate::outbound::ledger::tests::in_memory()).await;
            })*
        }

        mod postgres {
            $(#[tokio::test]
            #[ignore = "needs PostgreSQL: cargo xtask ci runs it"]
            async fn $name() {
                super::$name($crate::outbound::ledger::tests::on_server().await).await;
            })*
        }
    };
}

use on_each_store;

async fn on_server() -> Ledger {
    let pool = TestServer::shared().pool(&[Ledger::POSTGRES]).await;
    Ledger::new(Store::Postgres(pool))
}

fn in_memory() -> Ledger {
    Ledger::new(Store::Sqlite(SqliteWriter::open_in_memory(&[Ledger::SQLITE]).unwrap()))
}

fn number(last: u32) -> PhoneNumber {
    format!("+1555000{last:04}").parse().unwrap()
}

/// Each account of these tests, as much of it as there is.
fn everyone() -> HashMap<AccountId, usize> {
    ["default", "other"].map(|name| (account(name), usize::MAX)).into()
}

fn account(name: &str) -> AccountId {
    AccountId::new(name).unwrap()
}

fn send(to: u32, source: Source, texts: &[&str]) -> NewSend {
    let parts = texts.iter().map(|text| Part::new((*text).into(), Vec::new())).collect();
    NewSend::new(AccountId::default_account(), number(to), source, parts)
}

fn reply(to: u32, name: &str, texts: &[&str]) -> NewSend {
    send(to, Source::Reply(MessageId::new(format!("msg_{name}")).unwrap()), texts)
}

fn keyed(key: &str, text: &str) -> NewSend {
    send(1, Source::Keyed(key.parse().unwrap()), &[text])
}

fn id(name: &str) -> MessageId {
    MessageId::new(format!("msg_send_{name}")).unwrap()
}

/// Writes a send down under the id of `name`; the reference of its first part is `name-0`.
async fn enqueue(ledger: &Ledger, name: &str, send: NewSend, now: Timestamp) -> Enqueued {
    let references = (0..send.parts.len())
        .map(|index| Reference::new(format!("{name}-{index}")).unwrap())
        .collect();
    ledger.enqueue(id(name), send, references, now).await.unwrap()
}

async fn add(ledger: &Ledger, name: &str, send: NewSend) {
    assert_eq!(enqueue(ledger, name, send, NOW).await, Enqueued::New(id(name)));
}

async fn claim(ledger: &Ledger, now: Timestamp) -> Vec<Claimed> {
    ledger.claim(now, everyone(), 100).await.unwrap()
}

async fn claim_one(ledger: &Ledger, now: Timestamp) -> Claimed {
    let mut claimed = claim(ledger, now).await;
    assert_eq!(claimed.len(), 1, "{claimed:?}");
    claimed.remove(0)
}

fn texts(claimed: &[Claimed]) -> Vec<&str> {
    claimed.iter().map(|claimed| claimed.part.body.as_str()).collect()
}

fn report(status: MessageStatus) -> StatusReport {
    StatusReport::new(status, status.as_str())
}

async fn sent(ledger: &Ledger, claimed: &Claimed, provider_id: &str) {
    let provider_id = ProviderMessageId::new(provider_id).unwrap();
    ledger.sent(claimed.this(), provider_id, report(MessageStatus::Queued), NOW).await.unwrap();
}

fn update(provider_id: &str, status: MessageStatus, reference: Option<&str>) -> DeliveryUpdate {
    let provider_id = ProviderMessageId::new(provider_id).unwrap();
    let account = AccountId::default_account();
    let mut update = DeliveryUpdate::new(account, provider_id, report(status));
    update.reference = reference.map(|reference| Reference::new(reference).unwrap());
    update
}

async fn status(ledger: &Ledger, name: &str) -> SendStatus {
    ledger.status(id(name).as_str()).await.unwrap().unwrap()
}

async fn states(ledger: &Ledger, name: &str) -> Vec<PartState> {
    status(ledger, name).await.parts.iter().map(|part| part.state).collect()
}

async fn a_reason_sends_once(ledger: Ledger) {
    add(&ledger, "a", reply(1, "in", &["first"])).await;
    let again = reply(1, "in", &["second", "and longer"]);
    assert_eq!(enqueue(&ledger, "b", again, NOW).await, Enqueued::Existing(id("a")));
    assert_eq!(texts(&claim(&ledger, NOW).await), ["first"]);
    assert_eq!(states(&ledger, "a").await, [PartState::Sending]);
    assert_eq!(ledger.status(id("b").as_str()).await.unwrap(), None);

    add(&ledger, "note", send(2, Source::Note("challenge".to_owned()), &["code"])).await;
    let again = send(2, Source::Note("challenge".to_owned()), &["code, said otherwise"]);
    assert_eq!(enqueue(&ledger, "c", again, NOW).await, Enqueued::Existing(id("note")));

    add(&ledger, "once", send(3, Source::Once, &["hello"])).await;
    add(&ledger, "twice", send(3, Source::Once, &["hello"])).await;
}

async fn a_key_stands_for_one_payload(ledger: Ledger) {
    add(&ledger, "a", keyed("k", "hello")).await;
    let enqueue = async |name, send| enqueue(&ledger, name, send, later(60)).await;
    assert_eq!(enqueue("b", keyed("k", "hello")).await, Enqueued::Existing(id("a")));
    assert_eq!(enqueue("c", keyed("k", "hello!")).await, Enqueued::Conflict);
    let mut other = keyed("k", "hello");
    other.to = number(2);
    assert_eq!(enqueue("d", other).await, Enqueued::Conflict);
    let mut pictured = keyed("k", "hello");
    pictured.parts[0].media.push("https://example.com/cat.jpg".parse::<HttpUrl>().unwrap());
    assert_eq!(enqueue("e", pictured).await, Enqueued::Conflict);
    let mut elsewhere = keyed("k", "hello!");
    elsewhere.account = account("other");
    assert_eq!(enqueue("f", elsewhere).await, Enqueued::New(id("f")));
    assert_eq!(enqueue("g", keyed("l", "hello")).await, Enqueued::New(id("g")));
}

async fn a_number_gets_one_part_at_a_time_in_order(ledger: Ledger) {
    add(&ledger, "a", reply(1, "a", &["a0", "a1"])).await;
    add(&ledger, "b", reply(1, "b", &["b0"])).await;
    add(&ledger, "c", reply(2, "c", &["c0"])).await;
    let mut elsewhere = reply(1, "d", &["d0"]);
    elsewhere.account = account("other");
    add(&ledger, "d", elsewhere).await;

    assert_eq!(texts(&ledger.claim(NOW, everyone(), 1).await.unwrap()), ["a0"]);
    let limits = HashMap::from([(account("default"), usize::MAX), (account("other"), 0)]);
    assert_eq!(texts(&ledger.claim(NOW, limits, 100).await.unwrap()), ["c0"]);
    assert_eq!(texts(&claim(&ledger, NOW).await), ["d0"]);
    assert!(claim(&ledger, later(3_600)).await.is_empty(), "each number is being sent to");
}

async fn a_number_gets_all_parts_of_a_send_before_the_next(ledger: Ledger) {
    add(&ledger, "a", reply(1, "a", &["a0", "a1"])).await;
    add(&ledger, "b", reply(1, "b", &["b0"])).await;
    for expected in ["a0", "a1", "b0"] {
        let claimed = claim_one(&ledger, NOW).await;
        assert_eq!(claimed.part.body.as_str(), expected);
        assert_eq!((&claimed.to, claimed.attempt), (&number(1), 1));
        sent(&ledger, &claimed, expected).await;
    }
    assert!(claim(&ledger, NOW).await.is_empty());
    assert_eq!(status(&ledger, "a").await.outcome, SendOutcome::Sent);
}

async fn what_was_not_sent_holds_up_its_number_until_it_is_due(ledger: Ledger) {
    add(&ledger, "a", reply(1, "a", &["a0", "a1"])).await;
    add(&ledger, "b", reply(2, "b", &["b0"])).await;
    let claimed = claim(&ledger, NOW).await;
    let [a0, b0] = claimed.as_slice() else { panic!("{claimed:?}") };
    ledger.not_sent(a0.this(), later(10), "busy".to_owned(), NOW).await.unwrap();
    sent(&ledger, b0, "B").await;
    assert_eq!(ledger.next_due(NOW).await.unwrap(), Some(later(10)), "a0, not a1 behind it");
    assert_eq!(ledger.next_due(later(10)).await.unwrap(), None, "it is due by then");
    assert!(claim(&ledger, later(9)).await.is_empty());
    assert_eq!(status(&ledger, "a").await.parts[0].reason.as_deref(), Some("busy"));
    let again = claim_one(&ledger, later(10)).await;
    assert_eq!((again.part.body.as_str(), again.attempt), ("a0", 2));
    assert_eq!(again.reference, a0.reference);

    // The first attempt's end, told once more, is not the second one's.
    ledger.not_sent(a0.this(), later(10), "busy".to_owned(), NOW).await.unwrap();
    assert!(claim(&ledger, later(10)).await.is_empty(), "the second attempt is on its way");
    sent(&ledger, &again, "A0").await;
    assert_eq!(status(&ledger, "a").await.parts[0].reason, None);
    assert_eq!(texts(&claim(&ledger, later(10)).await), ["a1"]);
}

async fn a_refusal_ends_its_send_and_no_other(ledger: Ledger) {
    add(&ledger, "a", reply(1, "a", &["a0", "a1", "a2"])).await;
    add(&ledger, "b", reply(1, "b", &["b0"])).await;
    sent(&ledger, &claim_one(&ledger, NOW).await, "A0").await;
    let a1 = claim_one(&ledger, NOW).await;
    ledger.refused(a1.this(), "they said STOP".to_owned(), NOW).await.unwrap();
    let known = status(&ledger, "a").await;
    assert_eq!(known.outcome, SendOutcome::Partial);
    let reasons: Vec<_> = known.parts.iter().map(|part| part.reason.as_deref()).collect();
    assert_eq!(reasons, [None, Some("they said STOP"), Some("they said STOP")]);
    assert_eq!(texts(&claim(&ledger, NOW).await), ["b0"]);
}

async fn an_unknown_part_is_not_sent_again_and_the_rest_goes_on(ledger: Ledger) {
    add(&ledger, "a", reply(1, "a", &["a0", "a1"])).await;
    let a0 = claim_one(&ledger, NOW).await;
    ledger.unknown(a0.this(), "no answer".to_owned(), NOW).await.unwrap();
    let a1 = claim_one(&ledger, later(3_600)).await;
    assert_eq!(a1.part.body.as_str(), "a1");
    sent(&ledger, &a1, "A1").await;
    let known = status(&ledger, "a").await;
    assert_eq!(known.outcome, SendOutcome::Unknown);
    assert_eq!(known.parts[0].reason.as_deref(), Some("no answer"));
}

#[tokio::test]
async fn what_was_being_sent_when_the_process_ended_is_unknown() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("state.sqlite");
    let open = || Ledger::new(Store::Sqlite(SqliteWriter::open(&path, &[Ledger::SQLITE]).unwrap()));
    let ledger = open();
    add(&ledger, "a", reply(1, "a", &["a0", "a1"])).await;
    add(&ledger, "b", reply(2, "b", &["b0"])).await;
    assert_eq!(texts(&claim(&ledger, NOW).await), ["a0", "b0"]);
    let receipt = update("B", MessageStatus::Delivered, Some("b-0"));
    ledger.apply(receipt, NOW).await.unwrap();
    add(&ledger, "c", reply(3, "c", &["c0"])).await;
    drop(ledger);

    let ledger = open();
    assert_eq!(ledger.recover(later(1), later(1)).await.unwrap().0, 1, "of b0 it is known");
    assert_eq!(ledger.recover(later(1), later(1)).await.unwrap().0, 0);
    assert_eq!(states(&ledger, "a").await, [PartState::Unknown, PartState::Queued]);
    let b = status(&ledger, "b").await;
    assert_eq!((b.outcome, &b.parts[0].reason), (SendOutcome::Sent, &None));
    assert_eq!(texts(&claim(&ledger, later(1)).await), ["a1", "c0"]);
}

async fn sends_are_found_by_either_id(ledger: Ledger) {
    add(&ledger, "a", reply(1, "a", &["a0", "a1"])).await;
    for provider_id in ["A0", "A1"] {
        sent(&ledger, &claim_one(&ledger, NOW).await, provider_id).await;
    }
    let known = status(&ledger, "a").await;
    assert_eq!((&known.id, known.created_at), (&id("a"), NOW));
    let ids: Vec<_> = known.parts.iter().map(|part| part.provider_id.clone().unwrap()).collect();
    assert_eq!(ids.iter().map(ProviderMessageId::as_str).collect::<Vec<_>>(), ["A0", "A1"]);
    for provider_id in ["A0", "A1"] {
        assert_eq!(ledger.status(provider_id).await.unwrap().as_ref(), Some(&known));
    }
    assert_eq!(ledger.status("A2").await.unwrap(), None);
}

async fn replies_to_one_number_are_counted(ledger: Ledger) {
    for (name, at) in [("a", 0), ("b", 30), ("c", 60)] {
        enqueue(&ledger, name, reply(1, name, &["x", "y"]), later(at)).await;
    }
    enqueue(&ledger, "d", reply(2, "d", &["x"]), later(60)).await;
    enqueue(&ledger, "e", send(1, Source::Once, &["x"]), later(60)).await;
    let mut elsewhere = reply(1, "f", &["x"]);
    elsewhere.account = account("other");
    enqueue(&ledger, "f", elsewhere, later(60)).await;
    for (since, expected) in [(0, 3), (30, 2), (31, 1), (61, 0)] {
        let account = AccountId::default_account();
        let count =
            ledger.replies_since(&account, &number(1), later(since), later(60)).await.unwrap();
        assert_eq!(count, expected, "since {since}");
    }
    // By a clock that is set back, what was written before that is not of this minute.
    let account = AccountId::default_account();
    let before = NOW.saturating_sub(Duration::from_secs(3_600));
    assert_eq!(ledger.replies_since(&account, &number(1), before, before).await.unwrap(), 0);
    // Nor does it count towards the cap of a day.
    claim(&ledger, later(60)).await;
    let sent = async |now| ledger.sent_since(&account, &number(1), before, now).await.unwrap();
    assert_eq!((sent(later(60)).await, sent(before).await), (1, 0));
}

async fn contents_are_erased_and_sends_forgotten_when_they_have_ended(ledger: Ledger) {
    add(&ledger, "ended", reply(1, "ended", &["secret"])).await;
    sent(&ledger, &claim_one(&ledger, NOW).await, "E").await;
    add(&ledger, "waits", reply(2, "waits", &["kept"])).await;
    let contents = async || -> Vec<bool> {
        let sql = "SELECT content FROM outbound_part ORDER BY sequence";
        let read = move |db: &dyn Sql| db.rows(sql, &[], |row| row.get::<Option<String>>(0));
        ledger.transact(read).await.unwrap().iter().map(Option::is_some).collect()
    };
    let clean = async |erase, forget| ledger.clean(erase, forget, 10).await.unwrap();
    assert_eq!(clean(NOW, NOW).await, 0, "not before, but at that time");
    assert_eq!(clean(later(1), NOW).await, 1);
    assert_eq!(contents().await, [false, true]);
    assert_eq!(status(&ledger, "ended").await.outcome, SendOutcome::Sent);
    assert_eq!(clean(later(1), later(1)).await, 1);
    assert_eq!(ledger.status(id("ended").as_str()).await.unwrap(), None);
    assert_eq!(ledger.status("E").await.unwrap(), None);
    assert_eq!(clean(later(1), later(1)).await, 0);
    assert_eq!(texts(&claim(&ledger, NOW).await), ["kept"]);
}

on_each_store![
    a_reason_sends_once,
    a_key_stands_for_one_payload,
    a_number_gets_one_part_at_a_time_in_order,
    a_number_gets_all_parts_of_a_send_before_the_next,
    what_was_not_sent_holds_up_its_number_until_it_is_due,
    a_refusal_ends_its_send_and_no_other,
    an_unknown_part_is_not_sent_again_and_the_rest_goes_on,
    sends_are_found_by_either_id,
    replies_to_one_number_are_counted,
    contents_are_erased_and_sends_forgotten_when_they_have_ended,
];
