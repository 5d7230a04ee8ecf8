//! What the worker does with each outcome, and what it never does twice.

mod stopping;

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use telephony_core::config::{Host, from_value};
use telephony_core::{
    AccountId, Clock as _, DeliveryUpdate, ManualClock, MessageStatus, PhoneNumber, ProviderKind,
    ProviderMessageId, SeededEntropy, StatusReport, Timestamp,
};
use telephony_providers::{Error, ErrorKind, MockProvider, Outcome};
use telephony_webhook::SqliteWriter;
use tokio::sync::watch;

use super::super::send::{NewSend, Part, PartState, SendOutcome, Source};
use super::hand_over::MAX_ATTEMPTS;
use super::{Outbox, Sender, SubmitError, while_ours};
use crate::outbound::{Ledger, OptOutSource};
use crate::sql::Store;

const NOW: Timestamp = Timestamp::from_second(1_800_000_000);

struct Scene {
    outbox: Arc<Outbox>,
    mock: Arc<MockProvider>,
    clock: Arc<ManualClock>,
    stop: watch::Sender<bool>,
    running: tokio::task::JoinHandle<()>,
}

impl Scene {
    fn start(mut config: Value) -> Self {
        if config.get("provider").is_none() {
            config["provider"] = "mock".into();
        }
        config["fromNumber"] = "+15550001111".into();
        let config = from_value(config, Host::Standalone, &|_| None).unwrap();
        let (mock, clock) = (Arc::new(MockProvider::default()), Arc::new(ManualClock::new(NOW)));
        let writer = SqliteWriter::open_in_memory(&[Ledger::SQLITE]).unwrap();
        let sender = Sender::new(&config.accounts[0], mock.clone(), &config.serve, None);
        let entropy = Arc::new(SeededEntropy::new(7));
        let outbox =
            Outbox::new(Ledger::new(Store::Sqlite(writer)), [sender], clock.clone(), entropy);
        let outbox = Arc::new(outbox);
        let (stop, stopped) = watch::channel(false);
        let running = tokio::spawn(Arc::clone(&outbox).run(stopped));
        Self { outbox, mock, clock, stop, running }
    }

    /// Sends and waits for how it ends.
    async fn send(&self, to: u32, texts: &[&str]) -> (SendOutcome, Vec<PartState>) {
        let id = self.outbox.submit(send(to, Source::Once, texts)).await.unwrap();
        let status = self.outbox.settled(&id).await.unwrap().unwrap();
        (status.outcome, status.parts.iter().map(|part| part.state).collect())
    }

    fn sent(&self) -> Vec<String> {
        self.mock.sent().iter().map(|sent| sent.message.body().as_str().to_owned()).collect()
    }
}

fn send(to: u32, source: Source, texts: &[&str]) -> NewSend {
    let to = format!("+1555000{to:04}").parse().unwrap();
    let parts = texts.iter().map(|text| Part::new((*text).into(), Vec::new())).collect();
    NewSend::new(AccountId::default_account(), to, source, parts)
}

/// Waits until something is so.
async fn eventually(mut is_so: impl AsyncFnMut() -> bool) {
    let deadline = std::time::Instant::now() + Duration::from_secs(20);
    while !is_so().await {
        assert!(std::time::Instant::now() < deadline, "it did not come to that");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn parts_go_in_order_and_each_outcome_is_told() {
    use PartState::{Refused, Sent, Unknown};
    let scene = Scene::start(json!({}));
    assert_eq!(scene.send(1, &["a", "b"]).await, (SendOutcome::Sent, vec![Sent, Sent]));
    scene.mock.fail_next(ErrorKind::OptedOut, Outcome::NotSent);
    assert_eq!(scene.send(1, &["c", "d"]).await, (SendOutcome::Refused, vec![Refused, Refused]));
    scene.mock.fail_next(ErrorKind::Temporary, Outcome::Unknown);
    assert_eq!(scene.send(2, &["e", "f"]).await, (SendOutcome::Unknown, vec![Unknown, Sent]));
    assert_eq!(scene.sent(), ["a", "b", "f"], "what may have been sent is not sent again");
}

#[tokio::test]
async fn who_has_opted_out_is_sent_nothing_whoever_said_so() {
    let scene = Scene::start(json!({}));
    let (ledger, account) = (scene.outbox.ledger.clone(), AccountId::default_account());
    let to = |last: u32| format!("+1555000{last:04}").parse::<PhoneNumber>().unwrap();
    ledger.opt_out(&account, &to(1), OptOutSource::Word, NOW).await.unwrap();
    assert_eq!(scene.send(1, &["a", "b"]).await.0, SendOutcome::Refused);
    // The carrier says so when it is asked to send.
    scene.mock.fail_next(ErrorKind::OptedOut, Outcome::NotSent);
    assert_eq!(scene.send(2, &["c"]).await.0, SendOutcome::Refused);
    assert_eq!(scene.send(2, &["d"]).await.0, SendOutcome::Refused);
    assert_eq!(scene.send(3, &["e"]).await.0, SendOutcome::Sent);
    let opted_out = ledger.opted_out(&account, 10).await.unwrap();
    let sources: Vec<_> = opted_out.iter().map(|one| (&one.number, one.source)).collect();
    let expected = [(&to(1), OptOutSource::Word), (&to(2), OptOutSource::Carrier)];
    assert_eq!(sources, expected);
    assert!(ledger.opt_in(&account, &to(1), None, NOW).await.unwrap());
    assert_eq!(scene.send(1, &["f"]).await.0, SendOutcome::Sent);
    assert_eq!(scene.sent(), ["e", "f"]);
}

#[tokio::test]
async fn one_number_is_sent_so_many_messages_a_day_and_no_more() {
    let scene = Scene::start(json!({ "sms": { "dailyCapPerRecipient": 2 } }));
    scene.mock.fail_next(ErrorKind::InvalidRecipient, Outcome::NotSent);
    assert_eq!(scene.send(1, &["no"]).await.0, SendOutcome::Refused);
    assert_eq!(scene.send(1, &["a", "b", "c"]).await.0, SendOutcome::Partial);
    assert_eq!(scene.send(1, &["d"]).await.0, SendOutcome::Refused);
    assert_eq!(scene.send(2, &["other"]).await.0, SendOutcome::Sent);
    scene.clock.advance(Duration::from_secs(24 * 60 * 60 + 1));
    assert_eq!(scene.send(1, &["e"]).await.0, SendOutcome::Sent);
    assert_eq!(scene.sent(), ["a", "b", "other", "e"]);
}

#[tokio::test]
async fn in_quiet_hours_only_who_has_asked_is_sent_anything() {
    // NOW is 08:00 UTC.
    let quiet = json!({ "sms": { "quietHours": { "start": "07:00", "end": "09:30" } } });
    let scene = Scene::start(quiet);
    let id = scene.outbox.submit(send(1, Source::Once, &["a"])).await.unwrap();
    let status = scene.outbox.settled(&id).await.unwrap().unwrap();
    assert_eq!(status.outcome, SendOutcome::Refused);
    assert!(status.parts[0].reason.as_ref().unwrap().contains("after 09:30"), "{status:?}");
    let reply = Source::Reply("msg_1".parse().unwrap());
    scene.outbox.submit(send(1, reply, &["reply"])).await.unwrap();
    eventually(async || scene.sent() == ["reply"]).await;
    let heard = scene.clock.now().saturating_sub(Duration::from_secs(59 * 60));
    let (account, number) = (AccountId::default_account(), "+15550000002".parse().unwrap());
    scene.outbox.ledger.add_contact(&account, &number, heard).await.unwrap();
    assert_eq!(scene.send(2, &["b"]).await.0, SendOutcome::Sent);
    scene.clock.advance(Duration::from_secs(90 * 60));
    assert_eq!(scene.send(1, &["c"]).await.0, SendOutcome::Sent);
}

#[tokio::test]
async fn what_was_not_sent_is_tried_again_when_it_is_due_and_holds_its_number_up() {
    let scene = Scene::start(json!({}));
    scene.mock.fail_next(ErrorKind::RateLimited, Outcome::NotSent);
    let (first, second) = (send(1, Source::Once, &["a"]), send(1, Source::Once, &["b"]));
    let first = scene.outbox.submit(first).await.unwrap();
    let due = NOW.saturating_add(Duration::from_secs(2));
    eventually(async || scene.outbox.ledger.next_due(NOW).await.unwrap() == Some(due)).await;
    scene.outbox.submit(second).await.unwrap();
    assert_eq!(scene.send(2, &["other"]).await.0, SendOutcome::Sent);
    assert_eq!(scene.sent(), ["other"], "another number waits for nobody");
    scene.clock.advance(Duration::from_secs(2));
    scene.outbox.due.notify_one();
    let status = scene.outbox.settled(&first).await.unwrap().unwrap();
    assert_eq!(status.outcome, SendOutcome::Sent);
    eventually(async || scene.sent() == ["other", "a", "b"]).await;
}

#[tokio::test]
async fn a_carrier_is_not_asked_again_before_the_time_it_names() {
    let scene = Scene::start(json!({}));
    let asked_for = Duration::from_secs(90);
    let error = || {
        let sentence = "too many requests";
        Error::new(ProviderKind::Mock, ErrorKind::RateLimited, Outcome::NotSent, sentence)
    };
    scene.mock.fail_next_with(error().with_retry_after(Some(asked_for)));
    let id = scene.outbox.submit(send(1, Source::Once, &["a"])).await.unwrap();
    let due_at = async |due| {
        eventually(async || scene.outbox.ledger.next_due(NOW).await.unwrap() == Some(due)).await;
    };
    due_at(NOW.saturating_add(asked_for)).await;
    // Our own wait of 2 s, and all but the last moment of the carrier's.
    scene.clock.advance(asked_for - Duration::from_millis(1));
    assert_eq!(scene.send(2, &["other"]).await.0, SendOutcome::Sent);
    assert_eq!(scene.sent(), ["other"]);
    // What it asks for is a least, not a most: the second wait of ours is longer than this one.
    scene.mock.fail_next_with(error().with_retry_after(Some(Duration::from_secs(1))));
    scene.clock.advance(Duration::from_millis(1));
    scene.outbox.due.notify_one();
    due_at(scene.clock.now().saturating_add(Duration::from_secs(4))).await;
    scene.clock.advance(Duration::from_secs(4));
    scene.outbox.due.notify_one();
    let status = scene.outbox.settled(&id).await.unwrap().unwrap();
    assert_eq!(status.outcome, SendOutcome::Sent);
    assert_eq!(scene.sent(), ["other", "a"]);
}

#[tokio::test]
async fn trying_again_comes_to_an_end() {
    let scene = Scene::start(json!({}));
    for _ in 0..MAX_ATTEMPTS {
        scene.mock.fail_next(ErrorKind::Temporary, Outcome::NotSent);
    }
    let id = scene.outbox.submit(send(1, Source::Once, &["a"])).await.unwrap();
    let ended = async || {
        scene.clock.advance(Duration::from_secs(600));
        scene.outbox.due.notify_one();
        let status = scene.outbox.ledger.status(id.as_str()).await.unwrap().unwrap();
        status.outcome == SendOutcome::Refused
    };
    eventually(ended).await;
    assert_eq!(scene.send(1, &["b"]).await.0, SendOutcome::Sent, "the number is free again");
    assert_eq!(scene.sent(), ["b"]);
}

#[tokio::test]
async fn one_key_is_one_send_however_often_it_is_given() {
    let scene = Scene::start(json!({}));
    let keyed = |text| send(1, Source::Keyed("key-1".parse().unwrap()), &[text]);
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let (outbox, keyed) = (Arc::clone(&scene.outbox), keyed("once"));
        tasks.spawn(async move { outbox.submit(keyed).await.unwrap() });
    }
    let ids = tasks.join_all().await;
    assert!(ids.iter().all(|id| *id == ids[0]));
    let other = scene.outbox.submit(keyed("changed")).await;
    assert!(matches!(other, Err(SubmitError::Conflict)));
    assert!(matches!(
        scene.outbox.submit(send(1, Source::Once, &[])).await,
        Err(SubmitError::Empty)
    ));
    scene.outbox.settled(&ids[0]).await.unwrap();
    assert_eq!(scene.sent(), ["once"]);
}

#[tokio::test]
async fn a_report_with_our_token_proves_that_it_was_sent() {
    // The settings are those of a carrier that reports; the mock stands in for its API.
    let scene = Scene::start(json!({
        "provider": "plivo", "plivo": { "authId": "MA1", "authToken": "token" },
        "publicUrl": "https://example.com",
    }));
    assert_eq!(scene.send(1, &["a"]).await.0, SendOutcome::Sent);
    let callback = scene.mock.sent()[0].message.status_callback().unwrap().as_str().to_owned();
    let (url, reference) = callback.split_once("?ref=").unwrap();
    assert_eq!(url, "https://example.com/telephony/status/default");
    assert!(reference.len() > 16, "nobody guesses it: {reference}");

    scene.mock.fail_next(ErrorKind::Temporary, Outcome::Unknown);
    let id = scene.outbox.submit(send(1, Source::Once, &["b"])).await.unwrap();
    let status = scene.outbox.settled(&id).await.unwrap().unwrap();
    assert_eq!(status.outcome, SendOutcome::Unknown);
    let claimed = scene.outbox.ledger.reference_of(&id).await.unwrap();
    let mut update = DeliveryUpdate::new(
        AccountId::default_account(),
        ProviderMessageId::new("carrier-1").unwrap(),
        StatusReport::new(MessageStatus::Delivered, "delivered"),
    );
    update.reference = Some(claimed);
    scene.outbox.apply(&update).await.unwrap();
    let status = scene.outbox.settled(&id).await.unwrap().unwrap();
    assert_eq!(status.outcome, SendOutcome::Sent);
    assert_eq!(status.parts[0].provider_id.as_ref().unwrap().as_str(), "carrier-1");
}

#[tokio::test]
async fn who_paces_sends_no_faster() {
    let scene = Scene::start(json!({ "sms": { "segmentsPerSecond": 1 } }));
    for to in 0..3 {
        scene.outbox.submit(send(to, Source::Once, &["a"])).await.unwrap();
    }
    for sent in 1..=3 {
        eventually(async || scene.sent().len() == sent).await;
        scene.clock.advance(Duration::from_millis(999));
        scene.outbox.due.notify_one();
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
        assert_eq!(scene.sent().len(), sent, "a second has not passed");
        scene.clock.advance(Duration::from_millis(1));
        scene.outbox.due.notify_one();
    }
}

#[tokio::test]
async fn stopping_ends_the_work_and_leaves_what_waits() {
    let scene = Scene::start(json!({}));
    assert_eq!(scene.send(1, &["a"]).await.0, SendOutcome::Sent);
    scene.stop.send(true).unwrap();
    scene.running.await.unwrap();
    scene.outbox.submit(send(1, Source::Once, &["b"])).await.unwrap();
    assert_eq!(scene.mock.sent().len(), 1);
    assert_eq!(scene.outbox.ledger.backlog().await.unwrap().queued, 1);
}

#[tokio::test]
async fn nothing_more_is_done_of_a_part_that_is_others_by_now() {
    let clock = ManualClock::new(NOW);
    let until = NOW.saturating_add(Duration::from_secs(55));
    let begun = std::cell::Cell::new(0);
    let work = || async { begun.set(begun.get() + 1) };
    assert_eq!(while_ours(Some(until), &clock, work()).await, Some(()));
    clock.advance(Duration::from_secs(55));
    assert_eq!(while_ours(Some(until), &clock, work()).await, None);
    assert_eq!(while_ours(None, &clock, work()).await, Some(()), "there are no others");
    assert_eq!(begun.get(), 2);
}
