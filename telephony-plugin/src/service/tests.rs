//! The service with a scripted handler and a mock carrier: who reaches the agent, in which order,
//! and what is sent.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value, json};
use telephony_core::config::{Host, from_value};
use telephony_core::{
    AccountId, Body, Clock, Event, HttpUrl, InboundMedia, InboundMessage, ManualClock, MessageId,
    ProviderMessageId, SeededEntropy, Timestamp,
};
use telephony_providers::{Connection, MockProvider};
use telephony_webhook::{EntryState, EventKey, NewEntry};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;

use super::{Answering, Parts, Telephony};
use crate::database::Database;
use crate::handler::{Handler, HandlerError, Incoming};
use crate::outbound::{NewSend, Source};

mod away;
mod join;
mod machines;

const NOW: Timestamp = Timestamp::from_second(1_800_000_000);
const OWN: &str = "+15550001111";

/// A handler that remembers what it was asked, and waits and fails as it is told.
#[derive(Debug)]
struct Scripted {
    asked: Mutex<Vec<(String, String)>>,
    /// The id and the pictures of each.
    came: Mutex<Vec<(String, Vec<String>)>>,
    failures: AtomicUsize,
    running: AtomicUsize,
    most: AtomicUsize,
    let_through: Semaphore,
}

#[async_trait]
impl Handler for Scripted {
    async fn answer(&self, message: &Incoming<'_>) -> Result<Option<Body>, HandlerError> {
        let running = self.running.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(running, Ordering::SeqCst);
        self.asked.lock().unwrap().push((message.from.to_owned(), message.text.to_owned()));
        let pictures = message.media.iter().map(|media| media.url.as_str().to_owned()).collect();
        self.came.lock().unwrap().push((message.id.to_string(), pictures));
        self.let_through.acquire().await.unwrap().forget();
        self.running.fetch_sub(1, Ordering::SeqCst);
        let take = |left: usize| left.checked_sub(1);
        if self.failures.fetch_update(Ordering::SeqCst, Ordering::SeqCst, take).is_ok() {
            return Err(HandlerError::Deadline);
        }
        Ok(Some(format!("re: {}", message.text).into()))
    }
}

struct Scene {
    service: Arc<Telephony>,
    handler: Arc<Scripted>,
    mock: Arc<MockProvider>,
    clock: Arc<ManualClock>,
    count: AtomicUsize,
    running: JoinHandle<()>,
    _stop: watch::Sender<bool>,
}

impl Scene {
    fn start(config: Value) -> Self {
        Self::over(Database::in_memory().unwrap(), config)
    }

    fn over(database: Database, mut config: Value) -> Self {
        config["provider"] = "mock".into();
        config["fromNumber"] = OWN.into();
        let config = from_value(config, Host::Standalone, &|_| None).unwrap();
        let handler = Arc::new(Scripted {
            asked: Mutex::default(),
            came: Mutex::default(),
            failures: AtomicUsize::new(0),
            running: AtomicUsize::new(0),
            most: AtomicUsize::new(0),
            let_through: Semaphore::new(1_000),
        });
        let (mock, clock) = (Arc::new(MockProvider::default()), Arc::new(ManualClock::new(NOW)));
        let parts = Parts {
            database,
            agent: Arc::new(Answering::by(handler.clone(), None)),
            host: None,
            media: None,
            clock: clock.clone(),
            entropy: Arc::new(SeededEntropy::new(7)),
        };
        let service = Arc::new(Telephony::new(parts));
        for account in &config.accounts {
            let connection = Connection::of(mock.clone(), mock.clone());
            let address = "127.0.0.1:1".parse().unwrap();
            service.set_account(account.clone(), connection, &config, address, None);
        }
        let (stop, stopped) = watch::channel(false);
        let running = tokio::spawn(Arc::clone(&service).run(stopped));
        let count = AtomicUsize::new(0);
        Self { service, handler, mock, clock, count, running, _stop: stop }
    }

    /// A text from a number that ends so; our id of it.
    async fn text(&self, from: u32, text: &str) -> MessageId {
        self.text_from(&format!("+1555000{from:04}"), text).await
    }

    /// A text from whoever the carrier says it is from; our id of it.
    async fn text_from(&self, from: &str, text: &str) -> MessageId {
        self.message_from(from, text, &[]).await
    }

    /// A message with pictures at these addresses; our id of it.
    async fn message_from(&self, from: &str, text: &str, pictures: &[&str]) -> MessageId {
        let (count, now) = (self.count.fetch_add(1, Ordering::SeqCst), self.clock.now());
        let id = MessageId::new(format!("msg_{count:04}")).unwrap();
        let mut message = InboundMessage::new(
            AccountId::default_account(),
            ProviderMessageId::new(format!("m{count}")).unwrap(),
            from.parse().unwrap(),
            OWN.parse().unwrap(),
            now,
        );
        message.body = text.into();
        message.media =
            pictures.iter().map(|url| InboundMedia::new(HttpUrl::parse(url).unwrap())).collect();
        let key = EventKey::new("message", message.id.as_str(), "");
        let entry = NewEntry::new(id.clone(), key, Event::Message(message), now);
        self.service.inbox.insert(entry).await.unwrap();
        self.service.arrived.notify_one();
        id
    }

    fn sent(&self) -> Vec<String> {
        self.mock.sent().iter().map(|sent| sent.message.body().as_str().to_owned()).collect()
    }

    fn asked(&self) -> Vec<String> {
        self.handler.asked.lock().unwrap().iter().map(|(_, text)| text.clone()).collect()
    }

    async fn done(&self) -> u64 {
        self.service.inbox.counts().await.unwrap().done
    }

    async fn until_done(&self, count: u64) {
        eventually(async || self.done().await == count).await;
    }

    async fn approve(&self) {
        let account = AccountId::default_account();
        let pending = self.service.pairing.pending(&account, NOW).await.unwrap();
        self.service.pairing.approve(&account, &pending[0].code, NOW).await.unwrap();
        self.service.owed.notify_one();
    }
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
async fn a_stranger_is_told_once_and_answered_when_approved() {
    let scene = Scene::start(json!({}));
    scene.text(1, "Hello?").await;
    scene.text(1, "Hello??").await;
    scene.until_done(2).await;
    eventually(async || scene.sent().len() == 1).await;
    assert!(scene.sent()[0].contains("pairing code"), "{:?}", scene.sent());
    scene.approve().await;
    eventually(async || scene.sent().len() == 2).await;
    assert!(scene.sent()[1].contains("approved"), "{:?}", scene.sent());
    scene.text(1, "So?").await;
    eventually(async || scene.sent().len() == 3).await;
    assert_eq!(scene.sent()[2], "re: So?");
    assert_eq!(scene.asked(), ["So?"], "what came before the approval is not for the agent");
}

#[tokio::test]
async fn who_is_silent_tells_no_stranger() {
    let scene = Scene::start(json!({ "pairing": { "silent": true } }));
    scene.text(1, "Hello?").await;
    scene.until_done(1).await;
    scene.approve().await;
    eventually(async || scene.sent().len() == 1).await;
    assert!(scene.sent()[0].contains("approved"), "{:?}", scene.sent());
}

#[tokio::test]
async fn words_for_the_carrier_and_whoever_is_not_let_in_never_reach_the_agent() {
    let scene = Scene::start(json!({ "inboundPolicy": "open" }));
    scene.text(1, "yes").await;
    eventually(async || scene.sent().len() == 1).await;
    for word in ["STOP", "stop it"] {
        scene.text(1, word).await;
    }
    let refused = async || scene.service.ledger.backlog().await.unwrap().refused;
    eventually(async || refused().await == 1).await;
    for word in ["yes", "HELP"] {
        scene.text(1, word).await;
    }
    scene.until_done(5).await;
    assert_eq!(scene.asked(), ["yes", "stop it", "HELP"]);
    eventually(async || scene.sent().len() == 2).await;
    assert_eq!(scene.sent(), ["re: yes", "re: HELP"], "nothing is sent to who has opted out");
    let list = json!({ "inboundPolicy": "allowlist", "allowFrom": ["+15550000002"] });
    let scene = Scene::start(list);
    scene.text(1, "me").await;
    scene.text(2, "and me").await;
    scene.until_done(2).await;
    assert_eq!(scene.asked(), ["and me"]);
    let scene = Scene::start(json!({ "inboundPolicy": "disabled" }));
    scene.text(1, "me").await;
    scene.until_done(1).await;
    assert_eq!((scene.asked().len(), scene.sent().len()), (0, 0));
}

#[tokio::test]
async fn senders_take_turns_each_in_order_and_only_so_many_at_once() {
    let scene = Scene::start(json!({ "inboundPolicy": "open", "maxConcurrentSessions": 2 }));
    scene.handler.let_through.forget_permits(1_000);
    for round in 0..3 {
        for sender in 0..4 {
            scene.text(sender, &format!("{round}")).await;
        }
    }
    let running = || scene.handler.running.load(Ordering::SeqCst);
    eventually(async || running() == 2).await;
    assert_eq!(scene.asked(), ["0", "0"], "two senders, each with the first");
    scene.handler.let_through.add_permits(1_000);
    scene.until_done(12).await;
    assert_eq!(scene.handler.most.load(Ordering::SeqCst), 2);
    let mut by_sender: HashMap<String, String> = HashMap::new();
    for (from, text) in scene.handler.asked.lock().unwrap().iter() {
        by_sender.entry(from.clone()).or_default().push_str(text);
    }
    assert!(by_sender.values().all(|order| order == "012"), "{by_sender:?}");
    eventually(async || scene.sent().len() == 12).await;
}

#[tokio::test]
async fn what_fails_is_tried_again_then_set_aside_and_can_be_tried_anew() {
    let scene = Scene::start(json!({ "inboundPolicy": "open" }));
    scene.handler.failures.store(8, Ordering::SeqCst);
    let id = scene.text(1, "Hello").await;
    for wait in [1, 2, 4, 8, 16, 32, 64] {
        let now = scene.service.clock.now();
        let due = now.saturating_add(Duration::from_secs(wait));
        let next = async || scene.service.inbox.next_due(now).await.unwrap();
        eventually(async || next().await == Some(due)).await;
        scene.clock.advance(Duration::from_secs(wait));
        scene.service.arrived.notify_one();
    }
    eventually(async || scene.service.inbox.counts().await.unwrap().failed == 1).await;
    assert_eq!(scene.asked().len(), 8);
    let rows = scene.service.inbox.list(EntryState::Failed, 10).await.unwrap();
    assert!(rows[0].reason.as_ref().unwrap().contains("more than 120 s"), "{rows:?}");
    assert_eq!(scene.sent().len(), 0);
    assert!(scene.service.inbox.requeue(&id, scene.service.clock.now()).await.unwrap());
    scene.service.arrived.notify_one();
    eventually(async || scene.sent() == ["re: Hello"]).await;
}

#[tokio::test]
async fn a_second_run_does_not_change_what_was_answered() {
    let scene = Scene::start(json!({ "inboundPolicy": "open" }));
    scene.handler.let_through.forget_permits(1_000);
    let id = scene.text(1, "Hello").await;
    eventually(async || scene.asked().len() == 1).await;
    // As if an earlier run had written its reply down and ended before it could say so.
    let account = scene.service.default_account().unwrap();
    let (to, source) = ("+15550000001".parse().unwrap(), Source::Reply(id));
    let parts = account.plan("the first", &[]);
    let first = NewSend::new(AccountId::default_account(), to, source, parts);
    scene.service.outbox.submit(first).await.unwrap();
    scene.handler.let_through.add_permits(1_000);
    scene.until_done(1).await;
    eventually(async || !scene.sent().is_empty()).await;
    assert_eq!(scene.sent(), ["the first"]);
}

#[tokio::test]
async fn two_machines_that_answer_each_other_come_to_an_end() {
    let scene = Scene::start(json!({ "inboundPolicy": "open" }));
    for count in 0..40 {
        scene.text(1, &format!("{count}")).await;
    }
    scene.text(2, "somebody else").await;
    scene.until_done(41).await;
    eventually(async || scene.sent().len() == 31).await;
    assert!(scene.sent().contains(&"re: somebody else".to_owned()));
    scene.clock.advance(Duration::from_secs(61));
    scene.text(1, "later").await;
    eventually(async || scene.sent().contains(&"re: later".to_owned())).await;
}

#[tokio::test]
async fn a_text_that_is_owed_still_after_a_crash_goes_out_once() {
    let scene = Scene::start(json!({}));
    scene.text(1, "Hello?").await;
    eventually(async || scene.sent().len() == 1).await;
    // As if the process had ended after the code was texted, and before that was noted: the text
    // is owed again, and comes to the ledger under the same key.
    let account = scene.service.default_account().unwrap();
    let pending = scene.service.pairing.pending(&account.settings.id, NOW).await.unwrap();
    let request = &pending[0];
    let key = format!("challenge {} {}", request.number.as_str(), request.code);
    let parts = account.plan("the code, once more", &[]);
    let again =
        NewSend::new(request.account.clone(), request.number.clone(), Source::Note(key), parts);
    let id = scene.service.outbox.submit(again).await.unwrap();
    let status = scene.service.outbox.settled(&id).await.unwrap().unwrap();
    assert_eq!(status.parts.len(), 1);
    scene.text(2, "somebody else, who is told after all that was owed before").await;
    eventually(async || scene.sent().len() == 2).await;
    assert!(scene.sent().iter().all(|text| text.contains("pairing code")), "{:?}", scene.sent());
}
