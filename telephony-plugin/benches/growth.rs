//! What a message costs when very many are stored: inbox, ledger and pairing in SQLite files of 10^3
//! messages to 10^6. At the largest size each may cost twice what it does at the smallest.
//!
//! `cargo xtask bench growth` runs it; `--most 100000` ends it sooner. What is measured is done by 64
//! at once, as under load, so that a flush of the disk is shared and does not hide the rest. The
//! sizes take turns, so that whatever else the machine does meets all of them.
//!
//! What is looked up is either any message of all, each as likely, or one of the latest thousand, as
//! what a carrier repeats and who writes again mostly are. Carriers' ids are in no order.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a benchmark fails by panicking, and prints"
)]

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use clap::Parser;
use rusqlite::{Connection, params};
use sha2::{Digest as _, Sha256};
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
use tokio::task::{JoinHandle, JoinSet};

/// The most that the largest size may cost, as a multiple of the smallest.
const BAR: f64 = 2.0;

/// How many are done at once, and how often.
const AT_ONCE: usize = 64;
const TIMES: usize = 25;

/// How many of the latest are those that are asked for mostly.
const RECENT: usize = 1_000;

/// How many messages each person has. Those that come one after the other are of different people.
const OF_EACH: usize = 10;

const OPERATIONS: [&str; 10] = [
    "insert",
    "insert a repeat of a recent one",
    "insert a repeat of any",
    "lease",
    "finish",
    "is approved, of a recent sender",
    "is approved, of any",
    "submit a reply",
    "find a recent reply",
    "find any reply",
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
    let sizes: Vec<usize> =
        [1_000, 10_000, 100_000, 1_000_000].into_iter().filter(|size| *size <= most).collect();
    let mut files = Vec::new();
    for size in &sizes {
        let path = folder.path().join(format!("{size}.db"));
        let begun = Instant::now();
        let first = Stored::open(&path);
        first.stored.store(0..1).await;
        first.stored.all_sent(1).await;
        first.close().await;
        fill(&path, 1..*size);
        let (took, bytes) = (begun.elapsed(), std::fs::metadata(&path).unwrap().len());
        println!("{size} messages: {:.0} MB, stored in {:.0?}", bytes as f64 / 1e6, took);
        files.push((Stored::open(&path), *size, vec![Vec::new(); OPERATIONS.len()]));
    }
    for time in 0..TIMES {
        for (opened, next, costs) in &mut files {
            opened.stored.measure(time, next, costs).await;
        }
    }
    let mut found = Vec::new();
    for (opened, _, costs) in files {
        opened.close().await;
        found.push(costs.into_iter().map(Cost::median).collect::<Vec<_>>());
    }
    let heads: String = sizes.iter().map(|size| format!(" {size} |")).collect();
    println!("\n| µs each, of {AT_ONCE} at once |{heads} ratio | CPU | ratio |");
    println!("|---|{}---|---|---|", "---|".repeat(sizes.len()));
    let mut missed = false;
    for (operation, name) in OPERATIONS.iter().enumerate() {
        let times: String =
            found.iter().map(|costs| format!(" {:.0} |", costs[operation].time)).collect();
        let (least, most) = (found[0][operation], found[found.len() - 1][operation]);
        let (time, cpu) = (most.time / least.time, most.cpu / least.cpu);
        let used = format!("{:.0} to {:.0}", least.cpu, most.cpu);
        println!("| {name} |{times} {time:.1} × | {used} | {cpu:.1} × |");
        missed |= time > BAR;
    }
    println!("\nat most {BAR} × the time is the bar{}", if missed { ": MISSED" } else { "" });
    if missed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// What one of [`AT_ONCE`] costs, in microseconds.
#[derive(Debug, Clone, Copy)]
struct Cost {
    time: f64,
    /// Of all threads of the process.
    cpu: f64,
}

impl Cost {
    fn median(costs: Vec<Self>) -> Self {
        let middle = |cost: fn(&Self) -> f64| {
            let mut costs: Vec<f64> = costs.iter().map(cost).collect();
            costs.sort_unstable_by(f64::total_cmp);
            costs[costs.len() / 2]
        };
        Self { time: middle(|cost| cost.time), cpu: middle(|cost| cost.cpu) }
    }
}

/// When something began.
struct Begun(Instant, f64);

impl Begun {
    fn now() -> Self {
        Self(Instant::now(), Self::cpu())
    }

    fn cost(&self) -> Cost {
        let each = |microseconds: f64| microseconds / AT_ONCE as f64;
        let time = each(self.0.elapsed().as_secs_f64() * 1e6);
        Cost { time, cpu: each(Self::cpu() - self.1) }
    }

    /// What all threads have used, in microseconds; Linux says so, and nothing where nobody does.
    fn cpu() -> f64 {
        let threads = std::fs::read_dir("/proc/self/task").into_iter().flatten().flatten();
        let used = threads.filter_map(|thread| {
            let used = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
            used.split(' ').next()?.parse::<f64>().ok()
        });
        used.sum::<f64>() / 1e3
    }
}

/// Stores copies of the first message, its reply and its sender, with other numbers: much quicker
/// than through the program, which flushes each batch to the disk.
fn fill(path: &Path, numbers: std::ops::Range<usize>) {
    let mut db = Connection::open(path).unwrap();
    db.execute_batch("PRAGMA synchronous = OFF; PRAGMA cache_size = -400000").unwrap();
    let transaction = db.transaction().unwrap();
    let first: i64 = transaction
        .query_row("SELECT min(position) FROM inbox_entry", [], |row| row.get(0))
        .unwrap();
    {
        let mut entry = transaction
            .prepare(
                "INSERT INTO inbox_entry (id, account, key, lane, state, leases, attempts,
                    received_at, due_at, done_at, event)
                SELECT ?2, account, replace(key, ?3, ?4), replace(lane, ?5, ?6), state, leases,
                    attempts, received_at, due_at, done_at,
                    replace(replace(event, ?3, ?4), ?5, ?6)
                FROM inbox_entry WHERE position = ?1",
            )
            .unwrap();
        let mut send = transaction
            .prepare(
                "INSERT INTO outbound_send
                    (id, account, recipient, source, fingerprint, created_at, retries, provider)
                SELECT ?1, account, ?4, replace(source, ?2, ?1), fingerprint, created_at, retries,
                    provider FROM outbound_send WHERE source = 'reply ' || ?2 AND account = ?3",
            )
            .unwrap();
        let mut part = transaction
            .prepare(
                "INSERT INTO outbound_part (send, lane, account, state, attempts, due_at,
                    changed_at, reference, provider_id, content, delivery, is_first, history)
                SELECT ?1, replace(lane, ?2, ?3), account, state, attempts, due_at, changed_at, ?4,
                    ?5, content, delivery, is_first, history FROM outbound_part WHERE sequence = 1",
            )
            .unwrap();
        let mut approved =
            transaction.prepare("INSERT INTO pairing_approved VALUES (?1, ?2)").unwrap();
        let account: String =
            transaction.query_row("SELECT account FROM inbox_entry", [], |row| row.get(0)).unwrap();
        let (old_id, old_key, old_person) = (id(0), carriers_id(0), person(0));
        let (old_id, old_key, old_person) =
            (old_id.as_str(), old_key.as_str(), old_person.as_str());
        for number in numbers {
            let (id, key, person) = (id(number), carriers_id(number), person(number));
            let (id, key, person) = (id.as_str(), key.as_str(), person.as_str());
            let one = entry.execute(params![first, id, old_key, key, old_person, person]);
            assert_eq!(one, Ok(1));
            assert_eq!(send.execute(params![id, old_id, account, person]), Ok(1));
            let one = part.execute(params![id, old_person, person, &key[2..], key]);
            assert_eq!(one, Ok(1));
            if is_first(number) {
                assert_eq!(approved.execute(params![of(number).as_str(), person]), Ok(1));
            }
        }
    }
    transaction.commit().unwrap();
    // All of it is on the disk and none of it in the log, before anything is measured.
    db.execute_batch("PRAGMA synchronous = FULL; PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
}

/// A file, and the task that sends.
struct Opened {
    stored: Arc<Stored>,
    stop: watch::Sender<bool>,
    sending: JoinHandle<()>,
}

impl Opened {
    async fn close(self) {
        self.stop.send(true).unwrap();
        self.sending.await.unwrap();
    }
}

/// Everything that is stored of messages, numbered in the order they came.
struct Stored {
    database: Database,
    outbox: Arc<Outbox>,
    account: AccountId,
}

impl Stored {
    fn open(path: &Path) -> Opened {
        let database = Database::open(path).unwrap();
        let config = "{ provider: 'mock', fromNumber: '+19990001111' }";
        let config = load(config, Host::Standalone, &|_| None).unwrap();
        let account = &config.accounts[0];
        let sender = Sender::new(account, Arc::new(MockProvider::default()), &config.serve, None);
        let (clock, entropy) = (Arc::new(SystemClock), Arc::new(OsEntropy));
        let outbox = Outbox::new(database.ledger.clone(), [sender], clock, entropy);
        let account = account.id.clone();
        let stored = Arc::new(Self { database, outbox: Arc::new(outbox), account });
        let (stop, stopped) = watch::channel(false);
        let sending = tokio::spawn(Arc::clone(&stored.outbox).run(stopped));
        Opened { stored, stop, sending }
    }

    /// Messages that came, were answered and are done, from people who are paired.
    async fn store(self: &Arc<Self>, numbers: std::ops::Range<usize>) {
        self.each(numbers.clone(), Self::insert).await;
        let mut left = numbers.len();
        while left > 0 {
            let leased = self.lease(left).await;
            left -= leased.len();
            self.finish(leased).await;
        }
        self.each(numbers.clone(), Self::submit).await;
        self.each(numbers.filter(|number| is_first(*number)), Self::pair).await;
    }

    /// What each operation costs; what it adds is counted in `next`.
    async fn measure(self: &Arc<Self>, time: usize, next: &mut usize, costs: &mut [Vec<Cost>]) {
        let new = *next..*next + AT_ONCE;
        *next += AT_ONCE;
        // Others each time.
        let among = |of: usize| {
            let (first, step) = (new.start - of, of / AT_ONCE);
            (0..AT_ONCE).map(move |n| first + (n * step + time * 7) % of).collect::<Vec<_>>()
        };
        let (recent, any) = (among(RECENT.min(new.start)), among(new.start));
        let mut costs = costs.iter_mut();
        let mut note = |begun: &Begun| costs.next().unwrap().push(begun.cost());

        let begun = Begun::now();
        self.each(new.clone(), Self::insert).await;
        note(&begun);
        for old in [&recent, &any] {
            let begun = Begun::now();
            self.each(old.clone(), Self::repeat).await;
            note(&begun);
        }
        let begun = Begun::now();
        let leased = self.lease(AT_ONCE).await;
        note(&begun);
        assert_eq!(leased.len(), AT_ONCE);
        let begun = Begun::now();
        self.finish(leased).await;
        note(&begun);
        self.each(new.clone().filter(|number| is_first(*number)), Self::pair).await;
        for old in [&recent, &any] {
            let begun = Begun::now();
            self.each(old.clone(), Self::is_paired).await;
            note(&begun);
        }
        let begun = Begun::now();
        self.each(new.clone(), Self::submit).await;
        note(&begun);
        self.all_sent(*next).await;
        for old in [&recent, &any] {
            let begun = Begun::now();
            self.each(old.clone(), Self::find).await;
            note(&begun);
        }
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

    fn entry(&self, number: usize, id: MessageId) -> NewEntry {
        let carriers_id = carriers_id(number);
        let key = EventKey::new("message", carriers_id.as_str(), "");
        let from = From::Number(person(number));
        let to = "+19990001111".parse().unwrap();
        let (account, now) = (self.account.clone(), SystemClock.now());
        let mut message = InboundMessage::new(account, carriers_id, from, to, now);
        message.body =
            format!("message {number}, and some words more, as people write them").into();
        NewEntry::new(id, key, Event::Message(message), now)
    }

    async fn insert(self: Arc<Self>, number: usize) {
        let inserted = self.database.inbox.insert(self.entry(number, id(number))).await.unwrap();
        assert_eq!(inserted, Inserted::New);
    }

    async fn repeat(self: Arc<Self>, number: usize) {
        let new_id = MessageId::generate(&SystemClock, &OsEntropy).unwrap();
        let inserted = self.database.inbox.insert(self.entry(number, new_id)).await.unwrap();
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

/// As carriers give them: in no order, so that each is at another place of an index.
fn carriers_id(number: usize) -> ProviderMessageId {
    let digits = format!("{:x}", Sha256::digest(number.to_be_bytes()));
    ProviderMessageId::new(format!("SM{}", &digits[..32])).unwrap()
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
