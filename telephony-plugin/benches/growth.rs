//! What a message costs when very many are stored: inbox, ledger and pairing in one SQLite file that
//! grows from 10^3 messages on. At the largest size each may cost twice what it does at the smallest.
//!
//! `cargo xtask bench growth` runs it; `--most 100000` ends it sooner. What is measured is done by 64
//! at once, as under load, so that a flush of the disk is shared and does not hide the rest.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a benchmark fails by panicking, and prints"
)]

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use clap::Parser;
use telephony_core::config::{Host, load};
use telephony_core::{
    AccountId, Clock as _, Event, InboundMessage, MessageId, OsEntropy, PhoneNumber,
    ProviderMessageId, Sender as From, SystemClock, Timestamp,
};
use telephony_pairing::PairingCode;
use telephony_plugin::database::Database;
use telephony_plugin::outbound::{NewSend, Outbox, Part, Sender, Source};
use telephony_providers::MockProvider;
use telephony_webhook::{EventKey, Inserted, Leased, NewEntry};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// The most that the largest size may cost, as a multiple of the smallest.
const BAR: f64 = 2.0;

/// How many are done at once, and how often.
const AT_ONCE: usize = 64;
const TIMES: usize = 9;

/// How many are stored at once while it grows.
const GROWING: usize = 512;

/// How many messages each person has. Those that come one after the other are of different people.
const OF_EACH: usize = 10;

const OPERATIONS: [&str; 7] = [
    "insert",
    "insert a repeat",
    "lease",
    "finish",
    "is approved",
    "submit a reply",
    "find a reply",
];

#[derive(Debug, Parser)]
struct Asked {
    /// The most messages.
    #[arg(long, default_value_t = 1_000_000)]
    most: usize,
    /// What cargo adds.
    #[arg(long, hide = true)]
    #[allow(dead_code, reason = "it says nothing that is not known")]
    bench: bool,
    /// What `cargo test --benches` adds: nothing is measured then.
    #[arg(long, hide = true)]
    test: bool,
}

fn main() -> ExitCode {
    let asked = Asked::parse();
    if asked.test {
        return ExitCode::SUCCESS;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(run(asked.most))
}

async fn run(most: usize) -> ExitCode {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let path = folder.path().join("telephony.db");
    let stored = Arc::new(Stored::open(&path));
    let (stop, stopped) = watch::channel(false);
    let sending = tokio::spawn(Arc::clone(&stored.outbox).run(stopped));
    let sizes: Vec<usize> =
        [1_000, 10_000, 100_000, 1_000_000].into_iter().filter(|size| *size <= most).collect();
    let mut found = Vec::new();
    let mut next = 0;
    for size in &sizes {
        while next < *size {
            let end = (next + GROWING).min(*size);
            stored.store(next..end).await;
            next = end;
        }
        stored.all_sent(next).await;
        found.push(stored.measure(&mut next).await);
        let megabytes = std::fs::metadata(&path).unwrap().len() as f64 / 1e6;
        println!("{size} messages: {megabytes:.0} MB");
    }
    stop.send(true).unwrap();
    sending.await.unwrap();
    let heads: String = sizes.iter().map(|size| format!(" {size} |")).collect();
    println!("\n| µs each, of {AT_ONCE} at once |{heads} ratio |");
    println!("|---|{}---|", "---|".repeat(sizes.len()));
    let mut missed = false;
    for (operation, name) in OPERATIONS.iter().enumerate() {
        let times: String =
            found.iter().map(|times| format!(" {:.0} |", times[operation])).collect();
        let ratio = found[found.len() - 1][operation] / found[0][operation];
        println!("| {name} |{times} {ratio:.1} × |");
        missed |= ratio > BAR;
    }
    println!("\nat most {BAR} × is the bar{}", if missed { ": MISSED" } else { "" });
    if missed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Everything that is stored of messages, numbered in the order they came.
struct Stored {
    database: Database,
    outbox: Arc<Outbox>,
    account: AccountId,
}

impl Stored {
    fn open(path: &std::path::Path) -> Self {
        let database = Database::open(path).unwrap();
        let config = "{ provider: 'mock', fromNumber: '+19990001111' }";
        let config = load(config, Host::Standalone, &|_| None).unwrap();
        let account = &config.accounts[0];
        let sender = Sender::new(account, Arc::new(MockProvider::default()), &config.serve, None);
        let (clock, entropy) = (Arc::new(SystemClock), Arc::new(OsEntropy));
        let outbox = Outbox::new(database.ledger.clone(), [sender], clock, entropy);
        Self { database, outbox: Arc::new(outbox), account: account.id.clone() }
    }

    /// Messages that came, were answered and are done, from people who are paired.
    async fn store(self: &Arc<Self>, numbers: std::ops::Range<usize>) {
        self.each(numbers.clone(), Self::insert).await;
        let mut left = numbers.len();
        while left > 0 {
            let leased = self.lease(GROWING).await;
            left -= leased.len();
            self.finish(leased).await;
        }
        self.each(numbers.clone(), Self::submit).await;
        self.each(numbers.filter(|number| is_first(*number)), Self::pair).await;
    }

    /// How long each operation takes, in microseconds; what it adds is counted in `next`.
    async fn measure(self: &Arc<Self>, next: &mut usize) -> Vec<f64> {
        let mut times = vec![Vec::new(); OPERATIONS.len()];
        for time in 0..TIMES {
            let new = *next..*next + AT_ONCE;
            *next += AT_ONCE;
            // Old ones from all over what is stored, others each time.
            let step = (new.start / AT_ONCE).max(1);
            let old: Vec<usize> = (0..AT_ONCE).map(|n| (n * step + time) % new.start).collect();
            let mut took = |operation: usize, begun: Instant| {
                times[operation].push(begun.elapsed().as_secs_f64() * 1e6 / AT_ONCE as f64);
            };
            let begun = Instant::now();
            self.each(new.clone(), Self::insert).await;
            took(0, begun);
            let begun = Instant::now();
            self.each(old.clone(), Self::repeat).await;
            took(1, begun);
            let begun = Instant::now();
            let leased = self.lease(AT_ONCE).await;
            took(2, begun);
            assert_eq!(leased.len(), AT_ONCE);
            let begun = Instant::now();
            self.finish(leased).await;
            took(3, begun);
            self.each(new.clone().filter(|number| is_first(*number)), Self::pair).await;
            let begun = Instant::now();
            self.each(old.clone(), Self::is_paired).await;
            took(4, begun);
            let begun = Instant::now();
            self.each(new.clone(), Self::submit).await;
            took(5, begun);
            self.all_sent(*next).await;
            let begun = Instant::now();
            self.each(old, Self::find).await;
            took(6, begun);
        }
        times
            .into_iter()
            .map(|mut times| {
                times.sort_unstable_by(f64::total_cmp);
                times[TIMES / 2]
            })
            .collect()
    }

    /// Does something for each of them, all at once.
    async fn each<F: Future<Output = ()> + Send + 'static>(
        self: &Arc<Self>,
        numbers: impl IntoIterator<Item = usize>,
        work: fn(Arc<Self>, usize) -> F,
    ) {
        let mut tasks = JoinSet::new();
        for number in numbers {
            tasks.spawn(work(Arc::clone(self), number));
        }
        tasks.join_all().await;
    }

    fn entry(&self, number: usize) -> NewEntry {
        let carriers_id = ProviderMessageId::new(format!("SM{number:032x}")).unwrap();
        let key = EventKey::new("message", carriers_id.as_str(), "");
        let from = From::Number(person(number));
        let to = "+19990001111".parse().unwrap();
        let (account, now) = (self.account.clone(), SystemClock.now());
        let mut message = InboundMessage::new(account, carriers_id, from, to, now);
        message.body =
            format!("message {number}, and some words more, as people write them").into();
        NewEntry::new(id(number), key, Event::Message(message), now)
    }

    async fn insert(self: Arc<Self>, number: usize) {
        let inserted = self.database.inbox.insert(self.entry(number)).await.unwrap();
        assert_eq!(inserted, Inserted::New);
    }

    async fn repeat(self: Arc<Self>, number: usize) {
        let inserted = self.database.inbox.insert(self.entry(number)).await.unwrap();
        assert!(matches!(inserted, Inserted::Duplicate(_)));
    }

    async fn lease(&self, limit: usize) -> Vec<Leased> {
        let now = SystemClock.now();
        self.database.inbox.lease(None, now, Timestamp::MAX, limit).await.unwrap()
    }

    async fn finish(self: &Arc<Self>, leased: Vec<Leased>) {
        let mut tasks = JoinSet::new();
        for leased in leased {
            let stored = Arc::clone(self);
            tasks.spawn(async move {
                let finished = stored.database.inbox.finish(&leased.lease, SystemClock.now());
                assert!(finished.await.unwrap());
            });
        }
        tasks.join_all().await;
    }

    /// Each has an account of its own, since few may wait for one at once.
    async fn pair(self: Arc<Self>, number: usize) {
        let (account, number) = (of(number), person(number));
        let code = PairingCode::generate(&OsEntropy).unwrap();
        let (store, now) = (&self.database.pairing, SystemClock.now());
        store.request(&account, &number, &code, now).await.unwrap();
        store.approve(&account, &code, now).await.unwrap();
        for note in store.owed(&account, now).await.unwrap() {
            store.settle(&note).await.unwrap();
        }
    }

    async fn is_paired(self: Arc<Self>, number: usize) {
        assert!(self.database.pairing.is_approved(&of(number), &person(number)).await.unwrap());
    }

    fn reply(&self, number: usize) -> NewSend {
        let part = Part::new("an answer of some words, as agents write them".into(), Vec::new());
        let (account, to) = (self.account.clone(), person(number));
        NewSend::new(account, to, Source::Reply(id(number)), vec![part])
    }

    async fn submit(self: Arc<Self>, number: usize) {
        self.outbox.submit(self.reply(number)).await.unwrap();
    }

    /// Submits it again, by which the first is found, and asks what became of that.
    async fn find(self: Arc<Self>, number: usize) {
        let id = self.outbox.submit(self.reply(number)).await.unwrap();
        assert!(self.database.ledger.status(id.as_str()).await.unwrap().is_some());
    }

    async fn all_sent(&self, count: usize) {
        while self.database.ledger.backlog().await.unwrap().queued > 0 {
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        // What is on its way may be the last.
        let last = self.outbox.submit(self.reply(count - 1)).await.unwrap();
        self.outbox.settled(&last).await.unwrap();
    }
}

fn id(number: usize) -> MessageId {
    MessageId::new(format!("msg_{number:026}")).unwrap()
}

/// Whose message it is.
fn of_whom(number: usize) -> usize {
    number / (AT_ONCE * OF_EACH) * AT_ONCE + number % AT_ONCE
}

/// Whether it is the first of its sender.
fn is_first(number: usize) -> bool {
    number % (AT_ONCE * OF_EACH) < AT_ONCE
}

fn person(number: usize) -> PhoneNumber {
    format!("+1555{:07}", of_whom(number)).parse().unwrap()
}

fn of(number: usize) -> AccountId {
    AccountId::new(format!("a{}", of_whom(number))).unwrap()
}
