//! Several nodes over one database: nothing is given to two, lost, or taken out of its order.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use telephony_core::{
    Clock as _, Entropy as _, ManualClock, MessageId, SeededEntropy, SystemClock, Timestamp,
};
use telephony_webhook::conformance::{NOW, message};
use telephony_webhook::testing::TestServer;
use telephony_webhook::{
    EntryState, EventKey, Inbox, Inserted, Leased, NewEntry, PostgresInbox, PostgresPool,
};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::{pool, two};

/// When the leases of the tests end.
const END: Timestamp = Timestamp::from_second(1_800_000_060);

fn lane(leased: &Leased) -> String {
    let Leased { lease, event, received_at, .. } = leased.clone();
    NewEntry::new(lease.id, EventKey::new("", "", ""), event, received_at).lane()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL: cargo xtask ci runs it"]
async fn no_event_and_no_lane_is_leased_twice_at_once() {
    const LANES: u32 = 12;
    const EVENTS: u32 = 240;
    let nodes = two().await;
    for number in 0..EVENTS {
        nodes[number as usize % 2].insert(message(number % LANES, number)).await.unwrap();
    }
    let (held, seen) = <(Arc<Mutex<HashSet<String>>>, Arc<Mutex<Vec<MessageId>>>)>::default();
    let mut workers = JoinSet::new();
    for worker in 0..6 {
        let (inbox, held, seen) = (nodes[worker % 2].clone(), Arc::clone(&held), Arc::clone(&seen));
        workers.spawn(async move {
            while inbox.counts().await.unwrap().waiting > 0 {
                let leased = inbox.lease(None, NOW, END, 1 + worker).await.unwrap();
                for leased in &leased {
                    assert_eq!(leased.attempt, 1);
                    assert!(held.lock().unwrap().insert(lane(leased)), "a lane has one lease");
                }
                for leased in leased {
                    seen.lock().unwrap().push(leased.lease.id.clone());
                    assert!(held.lock().unwrap().remove(&lane(&leased)));
                    assert!(inbox.finish(&leased.lease, NOW).await.unwrap());
                }
            }
        });
    }
    while let Some(worker) = workers.join_next().await {
        worker.unwrap();
    }
    let seen = std::mem::take(&mut *seen.lock().unwrap());
    assert_eq!(seen.len(), EVENTS as usize);
    assert_eq!(seen.iter().collect::<HashSet<_>>().len(), EVENTS as usize, "each once");
    // In each lane, in the order of coming.
    for lane in 0..LANES {
        let expected: Vec<_> =
            (lane..EVENTS).step_by(LANES as usize).map(|number| message(lane, number).id).collect();
        let found: Vec<_> = seen.iter().filter(|id| expected.contains(id)).cloned().collect();
        assert_eq!(found, expected);
    }
    assert_eq!(nodes[0].next_due(NOW).await.unwrap(), None);
}

/// Who joins what waits behind ends what was seen, and nothing that has come since; and each writer's
/// events come in the order in which it was told that they are there.
async fn joins_what_was_seen(seed: u64) {
    const WRITERS: u32 = 6;
    const EACH: u32 = 40;
    let nodes = two().await;
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let inbox = nodes[writer as usize % 2].clone();
        writers.spawn(async move {
            for number in 0..EACH {
                let new = message(7, writer * EACH + number);
                assert_eq!(inbox.insert(new).await.unwrap(), Inserted::New);
            }
        });
    }
    let entropy = SeededEntropy::new(seed);
    let chance = |below: u8| {
        let mut byte = [0];
        entropy.fill(&mut byte).unwrap();
        usize::from(byte[0] % below)
    };
    let mut seen = Vec::new();
    while seen.len() < (WRITERS * EACH) as usize {
        let node = &nodes[chance(2)];
        let Some(leased) = node.lease(None, NOW, END, 1).await.unwrap().pop() else { continue };
        let behind = node.behind(&leased.lease, chance(9)).await.unwrap();
        seen.push(leased.lease.id.clone());
        if chance(4) > 0 {
            assert!(node.join(&leased.lease, behind.len()).await.unwrap());
            seen.extend(behind.into_iter().map(|waiting| waiting.id));
        }
        assert!(nodes[chance(2)].finish(&leased.lease, NOW).await.unwrap());
    }
    while let Some(writer) = writers.join_next().await {
        writer.unwrap();
    }
    for writer in 0..WRITERS {
        let expected: Vec<_> =
            (0..EACH).map(|number| message(7, writer * EACH + number).id).collect();
        let found: Vec<_> = seen.iter().filter(|id| expected.contains(id)).cloned().collect();
        assert_eq!(found, expected, "seed {seed}: each once, in order");
    }
    let counts = nodes[0].counts().await.unwrap();
    assert_eq!((counts.waiting, counts.done), (0, u64::from(WRITERS * EACH)), "seed {seed}");
    assert_eq!(nodes[0].next_due(NOW).await.unwrap(), None, "seed {seed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL: cargo xtask ci runs it"]
async fn what_was_not_seen_is_not_finished() {
    for seed in 0..6 {
        joins_what_was_seen(seed).await;
    }
}

/// How many of the sessions of a database wait for a lock.
async fn blocked(pool: &PostgresPool) -> i64 {
    let sql = "SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'";
    pool.client().await.unwrap().query_one(sql, &[]).await.unwrap().get(0)
}

/// A row with the key of a message, so that whoever inserts the message waits for what becomes of it.
const SAME_KEY: &str = "
    INSERT INTO inbox_entry (position, id, account, key, lane, state, received_at, due_at, done_at)
        VALUES (nextval('inbox_position'), 'other', 'default', $1, 'other', 1, 0, 0, 0)";

/// An event that has its place in a lane and is not committed keeps others from taking a later one:
/// they would be seen first, and joined in its stead.
#[tokio::test]
#[ignore = "needs PostgreSQL: cargo xtask ci runs it"]
async fn who_is_first_in_a_lane_is_committed_first() {
    let pool = TestServer::shared().pool(&[PostgresInbox::SCHEMA]).await;
    let inbox = PostgresInbox::new(pool.clone());
    let mut client = pool.client().await.unwrap();
    let holder = client.transaction().await.unwrap();
    holder.execute(SAME_KEY, &[&message(1, 1).key.as_str()]).await.unwrap();
    let insert = |number| {
        let inbox = inbox.clone();
        tokio::spawn(async move { inbox.insert(message(1, number)).await.unwrap() })
    };
    let first = insert(1);
    while blocked(&pool).await < 1 {}
    let second = insert(2);
    while blocked(&pool).await < 2 {
        assert!(!second.is_finished(), "the second has overtaken the first");
    }
    holder.rollback().await.unwrap();
    assert_eq!(first.await.unwrap(), Inserted::New);
    assert_eq!(second.await.unwrap(), Inserted::New);
    let leased = inbox.lease(None, NOW, END, 9).await.unwrap();
    assert_eq!(leased[0].lease.id, message(1, 1).id);
}

/// A repetition that came while the first was on its way, and waited until that was done, leaves no
/// lane in which nothing waits.
#[tokio::test]
#[ignore = "needs PostgreSQL: cargo xtask ci runs it"]
async fn a_late_repetition_leaves_nothing() {
    let pool = TestServer::shared().pool(&[PostgresInbox::SCHEMA]).await;
    let inbox = PostgresInbox::new(pool.clone());
    let mut client = pool.client().await.unwrap();
    let holder = client.transaction().await.unwrap();
    holder.execute(SAME_KEY, &[&message(1, 1).key.as_str()]).await.unwrap();
    let repeated = inbox.clone();
    let repeated = tokio::spawn(async move { repeated.insert(message(1, 1)).await.unwrap() });
    while blocked(&pool).await < 1 {}
    holder.commit().await.unwrap();
    let known = Inserted::Duplicate(MessageId::new("other").unwrap());
    assert_eq!(repeated.await.unwrap(), known);
    assert_eq!(inbox.next_due(NOW).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL: cargo xtask ci runs it"]
async fn of_one_key_that_comes_often_at_once_one_is_new() {
    let nodes = two().await;
    for round in 0..8 {
        let mut tasks = JoinSet::new();
        for index in 0..32 {
            let inbox = nodes[index % 2].clone();
            let mut entry = message(round, round);
            entry.id = MessageId::new(format!("msg_{round}_{index}")).unwrap();
            let id = entry.id.clone();
            tasks.spawn(async move { (id, inbox.insert(entry).await.unwrap()) });
        }
        let (mut new, mut known) = (Vec::new(), HashSet::new());
        while let Some(task) = tasks.join_next().await {
            match task.unwrap() {
                (id, Inserted::New) => new.push(id),
                (_, Inserted::Duplicate(id)) => drop(known.insert(id)),
            }
        }
        assert_eq!(new.len(), 1);
        assert_eq!(known.into_iter().collect::<Vec<_>>(), new, "all are told the same id");
        let leased = nodes[0].lease(None, NOW, END, 9).await.unwrap();
        assert_eq!(leased.len(), 1);
        assert!(nodes[1].finish(&leased[0].lease, NOW).await.unwrap());
        assert_eq!(nodes[0].next_due(NOW).await.unwrap(), None, "no lane is left open");
    }
}

/// Of a holder that was paused past the end of its lease, and the node that has it by then, one is
/// told that it is held; what the other does changes nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL: cargo xtask ci runs it"]
async fn a_holder_that_was_paused_changes_nothing() {
    let [first, second] = two().await;
    first.insert(message(1, 1)).await.unwrap();
    first.insert(message(1, 2)).await.unwrap();
    let stale = first.lease(None, NOW, END, 9).await.unwrap().remove(0);
    let later = END.saturating_add(Duration::from_secs(60));
    let fresh = second.lease(None, END, later, 9).await.unwrap().remove(0);
    assert_eq!((&fresh.lease.id, fresh.attempt), (&stale.lease.id, 2));
    let before = second.list(EntryState::Waiting, 9).await.unwrap();
    assert!(!first.renew(&stale.lease, Timestamp::MAX).await.unwrap());
    assert!(!first.join(&stale.lease, 1).await.unwrap());
    assert!(!first.finish(&stale.lease, END).await.unwrap());
    assert_eq!(first.put_back(&stale.lease, END, "stale").await.unwrap(), None);
    assert_eq!(first.behind(&stale.lease, 9).await.unwrap(), []);
    assert_eq!(second.list(EntryState::Waiting, 9).await.unwrap(), before);
    assert_eq!(second.next_due(END).await.unwrap(), Some(later));
    assert!(second.finish(&fresh.lease, END).await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs PostgreSQL: cargo xtask ci runs it"]
async fn at_the_end_of_a_lease_one_of_two_has_it() {
    let [first, second] = two().await;
    for number in 0..60 {
        first.insert(message(number, number)).await.unwrap();
        let held = first.lease(None, NOW, END, 9).await.unwrap().remove(0);
        let finish = tokio::spawn({
            let (first, lease) = (first.clone(), held.lease.clone());
            async move { first.finish(&lease, END).await.unwrap() }
        });
        let taken = second.lease(None, END, Timestamp::MAX, 9).await.unwrap();
        let finished = finish.await.unwrap();
        match taken.as_slice() {
            [] if finished => {}
            [again] if !finished => {
                assert_eq!(again.attempt, 2);
                assert!(second.finish(&again.lease, END).await.unwrap());
            }
            _ => panic!("finished: {finished}, taken: {taken:?}"),
        }
    }
}

/// By its clock it would take what others have leased, and they would take it back.
#[tokio::test]
#[ignore = "needs PostgreSQL: cargo xtask ci runs it"]
async fn a_node_whose_clock_is_wrong_leases_nothing_until_it_is_right() {
    let pool = TestServer::shared().pool(&[PostgresInbox::SCHEMA]).await;
    let inbox = PostgresInbox::new(pool.clone());
    inbox.insert(message(1, 1)).await.unwrap();
    let (bound, now) = (Duration::from_secs(10), SystemClock.now());
    pool.heed_clock(bound, &SystemClock).await.unwrap();
    let hour = Duration::from_secs(60 * 60);
    for wrong in [now.saturating_add(hour), now.saturating_sub(hour)] {
        let error = inbox.lease(None, wrong, Timestamp::MAX, 9).await.unwrap_err();
        let said = std::error::Error::source(&error).unwrap().to_string();
        assert!(said.contains("differ by 3") && said.contains("NTP"), "{said}");
        assert!(inbox.next_due(wrong).await.is_err(), "it is not well");
    }
    // What such a node takes others may lease at once.
    let mut ahead = message(2, 2);
    ahead.received_at = now.saturating_add(Duration::from_secs(300));
    inbox.insert(ahead.clone()).await.unwrap();
    let right = SystemClock.now();
    assert!(inbox.next_due(right).await.is_ok());
    let leased = inbox.lease(None, right, Timestamp::MAX, 9).await.unwrap();
    assert_eq!((leased.len(), leased[0].attempt, leased[1].received_at), (2, 1, ahead.received_at));
    let error = pool.heed_clock(bound, &ManualClock::new(NOW)).await.unwrap_err().to_string();
    assert!(error.contains("differ by"), "{error}");
}

/// Whoever waits for something to do is woken when another node has something.
#[tokio::test]
#[ignore = "needs PostgreSQL: cargo xtask ci runs it"]
async fn another_node_is_woken() {
    let url = TestServer::shared().database().await;
    let (here, there) = (pool(&url).await, pool(&url).await);
    let (_stop, stopped) = watch::channel(false);
    let (hear, mut heard) = mpsc::unbounded_channel();
    for (is_there, pool) in [(false, here.clone()), (true, there.clone())] {
        let (hear, stopped) = (hear.clone(), stopped.clone());
        let hear = move |topic: &str| drop(hear.send((is_there, topic.to_owned())));
        tokio::spawn(async move { pool.listen(hear, stopped).await });
    }
    // Until both listen.
    let mut again = tokio::time::interval(Duration::from_millis(20));
    let mut both = HashSet::new();
    while both.len() < 2 {
        tokio::select! {
            ring = heard.recv() => drop(both.insert(ring.unwrap().0)),
            _ = again.tick() => {
                here.ring("begin");
                there.ring("begin");
            }
        }
    }
    PostgresInbox::new(here).insert(message(1, 1)).await.unwrap();
    let woken = (true, PostgresInbox::TOPIC.to_owned());
    while heard.recv().await.unwrap() != woken {}
    let inbox = PostgresInbox::new(there);
    assert_eq!(inbox.lease(None, NOW, END, 9).await.unwrap().len(), 1);
}
