//! Stopping while a part is on its way: it is waited for, but not for ever, and never sent twice.

use async_trait::async_trait;
use telephony_core::OutboundMessage;
use telephony_providers::{Capabilities, MessagingProvider, Sent};
use tokio::sync::Semaphore;

use super::super::LAST_SENDS;
use super::*;

/// A carrier whose answers come when they are let through.
#[derive(Debug)]
struct Slow {
    mock: MockProvider,
    /// How many sends have begun.
    begun: Semaphore,
    /// How many may end.
    answers: Semaphore,
}

#[async_trait]
impl MessagingProvider for Slow {
    fn kind(&self) -> ProviderKind {
        self.mock.kind()
    }

    fn capabilities(&self) -> Capabilities {
        self.mock.capabilities()
    }

    async fn send(&self, message: &OutboundMessage) -> Result<Sent, Error> {
        self.begun.add_permits(1);
        self.answers.acquire().await.unwrap().forget();
        self.mock.send(message).await
    }

    async fn fetch(&self, id: &ProviderMessageId) -> Result<StatusReport, Error> {
        self.mock.fetch(id).await
    }
}

struct Process {
    outbox: Arc<Outbox>,
    slow: Arc<Slow>,
    stop: watch::Sender<bool>,
    running: tokio::task::JoinHandle<()>,
}

impl Process {
    fn start(ledger: Ledger, seed: u64) -> Self {
        let slow = Arc::new(Slow {
            mock: MockProvider::default(),
            begun: Semaphore::new(0),
            answers: Semaphore::new(0),
        });
        let config = json!({ "provider": "mock", "fromNumber": "+15550001111" });
        let config = from_value(config, Host::Standalone, &|_| None).unwrap();
        let sender = Sender::new(&config.accounts[0], slow.clone(), &config.serve, None);
        let clock = Arc::new(ManualClock::new(NOW));
        let entropy = Arc::new(SeededEntropy::new(seed));
        let outbox = Arc::new(Outbox::new(ledger, [sender], clock, entropy));
        let (stop, stopped) = watch::channel(false);
        let running = tokio::spawn(Arc::clone(&outbox).run(stopped));
        Self { outbox, slow, stop, running }
    }

    async fn status(&self, id: &telephony_core::MessageId) -> SendOutcome {
        self.outbox.ledger.status(id.as_str()).await.unwrap().unwrap().outcome
    }
}

fn ledger() -> Ledger {
    Ledger::new(Store::Sqlite(SqliteWriter::open_in_memory(&[Ledger::SQLITE]).unwrap()))
}

#[tokio::test]
async fn what_is_on_its_way_is_waited_for_and_nothing_else_leaves() {
    let process = Process::start(ledger(), 1);
    let first = process.outbox.submit(send(1, Source::Once, &["a", "b"])).await.unwrap();
    process.slow.begun.acquire().await.unwrap().forget();
    process.stop.send(true).unwrap();
    // It is not stopped before its carrier has answered, however often it may look.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(!process.running.is_finished());
    let second = process.outbox.submit(send(2, Source::Once, &["c"])).await.unwrap();
    process.slow.answers.add_permits(10);
    let Process { outbox, slow, running, .. } = process;
    running.await.unwrap();
    let status = outbox.ledger.status(first.as_str()).await.unwrap().unwrap();
    let states: Vec<_> = status.parts.iter().map(|part| part.state).collect();
    assert_eq!(states, [PartState::Sent, PartState::Queued], "its answer is written down");
    let status = outbox.ledger.status(second.as_str()).await.unwrap().unwrap();
    assert_eq!(status.outcome, SendOutcome::Pending);
    assert_eq!((slow.mock.sent().len(), slow.begun.available_permits()), (1, 0));
}

#[tokio::test]
async fn a_carrier_that_never_answers_is_left_and_what_became_of_it_is_not_known() {
    let ledger = ledger();
    let process = Process::start(ledger.clone(), 1);
    let id = process.outbox.submit(send(1, Source::Once, &["a"])).await.unwrap();
    process.slow.begun.acquire().await.unwrap().forget();
    assert_eq!(process.status(&id).await, SendOutcome::Pending);
    // From here nothing is left but to wait, and the test says how time passes.
    tokio::time::pause();
    process.stop.send(true).unwrap();
    let (second, mut waited) = (Duration::from_secs(1), Duration::ZERO);
    eventually(async || {
        tokio::time::advance(second).await;
        waited += second;
        process.running.is_finished()
    })
    .await;
    assert!(waited >= LAST_SENDS, "it might still have answered after {waited:?}");
    process.running.await.unwrap();
    tokio::time::resume();

    let next = Process::start(ledger, 2);
    next.slow.answers.add_permits(10);
    let status = next.outbox.settled(&id).await.unwrap().unwrap();
    assert_eq!(status.outcome, SendOutcome::Unknown);
    let other = next.outbox.submit(send(1, Source::Once, &["b"])).await.unwrap();
    assert_eq!(next.outbox.settled(&other).await.unwrap().unwrap().outcome, SendOutcome::Sent);
    let sent = next.slow.mock.sent();
    let bodies: Vec<_> = sent.iter().map(|sent| sent.message.body().as_str()).collect();
    assert_eq!(bodies, ["b"], "the first is not sent again");
}
