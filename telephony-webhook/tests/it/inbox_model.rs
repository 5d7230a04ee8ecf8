//! Whatever is done in whatever order, every inbox does what a list that is searched from the
//! start would do.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;
use telephony_core::{MessageId, Timestamp};
use telephony_webhook::conformance::{NOW, message};
use telephony_webhook::{
    Entry, EntryState, Inbox, Inserted, Lease, Leased, MAX_ATTEMPTS, MemoryInbox, NewEntry, Waiting,
};

use crate::inbox::sqlite_in_memory;

/// How long the leases of the test last, in seconds.
const LEASE: u64 = 5;

#[derive(Debug, Clone)]
pub enum Step {
    Insert(u32),
    Lease(usize),
    /// The lease is one of all there have been.
    Renew(prop::sample::Index, u64),
    /// Looks at what waits behind, and joins so many.
    Join(prop::sample::Index, usize),
    Finish(prop::sample::Index),
    PutBack(prop::sample::Index, u64),
    /// The row is one of all there have been.
    Requeue(prop::sample::Index),
    /// Erases what was done, and forgets what came, so many seconds ago.
    Clean(u64, u64),
    Wait(u64),
}

/// What may be done, in any order.
pub fn steps() -> impl Strategy<Value = Vec<Step>> {
    let any = any::<prop::sample::Index>;
    let step = prop_oneof![
        3 => (0..9_u32).prop_map(Step::Insert),
        6 => (1..4_usize).prop_map(Step::Lease),
        1 => (any(), 0..9_u64).prop_map(|(which, seconds)| Step::Renew(which, seconds)),
        1 => (any(), 0..4_usize).prop_map(|(which, count)| Step::Join(which, count)),
        1 => any().prop_map(Step::Finish),
        4 => (any(), 0..3_u64).prop_map(|(which, seconds)| Step::PutBack(which, seconds)),
        1 => any().prop_map(Step::Requeue),
        1 => (0..30_u64, 0..60_u64).prop_map(|(erase, forget)| Step::Clean(erase, forget)),
        3 => (0..7_u64).prop_map(Step::Wait),
    ];
    prop::collection::vec(step, 1..120)
}

/// The rows in the order of their places.
#[derive(Default)]
struct Model(Vec<Row>);

struct Row {
    new: NewEntry,
    entry: Entry,
    due_at: Timestamp,
    leases: u64,
    leased: bool,
    joined: Option<usize>,
    done_at: Option<Timestamp>,
    erased: bool,
}

impl Model {
    fn insert(&mut self, new: NewEntry) -> Inserted {
        if let Some(row) = self.0.iter().find(|row| row.new.key == new.key) {
            return Inserted::Duplicate(row.new.id.clone());
        }
        let account = new.event.account().clone();
        let entry = Entry::new(new.id.clone(), account, new.key.clone(), new.received_at);
        let (due_at, done_at) = (new.received_at, None);
        let (leases, leased, joined, erased) = (0, false, None, false);
        self.0.push(Row { new, entry, due_at, leases, leased, joined, done_at, erased });
        Inserted::New
    }

    /// The oldest waiting row of each lane, if it is due.
    fn due(&mut self, now: Timestamp) -> Vec<(String, &mut Row)> {
        let mut heads = BTreeMap::new();
        for row in self.0.iter_mut().filter(|row| row.entry.state == EntryState::Waiting) {
            heads.entry(row.new.lane()).or_insert(row);
        }
        let mut due: Vec<_> = heads.into_iter().filter(|(_, row)| row.due_at <= now).collect();
        due.sort_by_key(|(lane, row)| (row.due_at, lane.clone()));
        due
    }

    fn lease(&mut self, now: Timestamp, until: Timestamp, limit: usize) -> Vec<Leased> {
        let lanes: Vec<_> = self.due(now).into_iter().map(|(lane, _)| lane).take(limit).collect();
        let mut leased = Vec::new();
        for lane in lanes {
            while let Some((_, row)) = self.due(now).into_iter().find(|(other, _)| *other == lane) {
                if row.entry.attempts == MAX_ATTEMPTS {
                    row.end(EntryState::Failed, Some("ran out"));
                    continue;
                }
                (row.leased, row.due_at) = (true, until);
                (row.leases, row.entry.attempts) = (row.leases + 1, row.entry.attempts + 1);
                let NewEntry { id, event, received_at, .. } = row.new.clone();
                let lease = Lease::new(id, row.leases);
                let mut one = Leased::new(lease, event, row.entry.attempts, received_at);
                one.joined = row.joined;
                leased.push(one);
                break;
            }
        }
        leased
    }

    fn held(&mut self, lease: &Lease) -> Option<&mut Row> {
        let held =
            |row: &&mut Row| row.leased && Lease::new(row.new.id.clone(), row.leases) == *lease;
        self.0.iter_mut().find(held)
    }

    /// The waiting rows of the lane of a lease that is held, from the leased one on.
    fn held_and_behind(&mut self, lease: &Lease) -> Vec<&mut Row> {
        let lane = self.held(lease).map(|row| row.new.lane());
        let is_of =
            |row: &&mut Row| row.entry.state == EntryState::Waiting && Some(row.new.lane()) == lane;
        self.0.iter_mut().filter(is_of).collect()
    }

    fn requeue(&mut self, id: &MessageId, now: Timestamp) -> bool {
        let failed = |row: &Row| row.new.id == *id && row.entry.state == EntryState::Failed;
        let Some(place) = self.0.iter().position(failed) else { return false };
        let mut row = self.0.remove(place);
        row.end(EntryState::Waiting, None);
        (row.entry.attempts, row.due_at) = (0, now);
        self.0.push(row);
        true
    }

    fn clean(&mut self, erase_before: Timestamp, forget_before: Timestamp) -> usize {
        let before = self.0.len();
        let done = |row: &Row| row.entry.state == EntryState::Done;
        self.0.retain(|row| !done(row) || row.new.received_at >= forget_before);
        let is_due =
            |row: &&mut Row| !row.erased && row.done_at.is_some_and(|at| at < erase_before);
        let erased = self.0.iter_mut().filter(is_due).map(|row| row.erased = true).count();
        before - self.0.len() + erased
    }

    fn list(&self, state: EntryState) -> Vec<Entry> {
        let rows = self.0.iter().rev().map(|row| &row.entry);
        rows.filter(|entry| entry.state == state).cloned().collect()
    }

    fn next_due(&self, now: Timestamp) -> Option<Timestamp> {
        let mut heads = BTreeMap::new();
        for row in self.0.iter().filter(|row| row.entry.state == EntryState::Waiting) {
            heads.entry(row.new.lane()).or_insert(row.due_at);
        }
        heads.into_values().min().map(|at| at.max(now))
    }
}

impl Row {
    fn end(&mut self, state: EntryState, reason: Option<&str>) {
        self.leased = false;
        if state == EntryState::Failed {
            self.joined = None;
        }
        self.entry.state = state;
        self.entry.reason = reason.map(str::to_owned);
    }
}

/// Does `steps` to an inbox and to the model, and compares all there is to see after each.
pub async fn behaves(inbox: &dyn Inbox, steps: &[Step]) {
    let (mut model, mut now) = (Model::default(), NOW);
    let (mut leases, mut ids) = (Vec::new(), Vec::new());
    for (count, step) in steps.iter().enumerate() {
        let later = |seconds| now.saturating_add(Duration::from_secs(seconds));
        let ago = |seconds| now.saturating_sub(Duration::from_secs(seconds));
        match step {
            Step::Insert(number) => {
                let mut new = message(number % 3, *number);
                new.id = MessageId::new(format!("msg_{count}")).unwrap();
                new.received_at = now;
                ids.push(new.id.clone());
                assert_eq!(inbox.insert(new.clone()).await.unwrap(), model.insert(new));
            }
            Step::Lease(limit) => {
                let leased = inbox.lease(None, now, later(LEASE), *limit).await.unwrap();
                assert_eq!(leased, model.lease(now, later(LEASE), *limit));
                leases.extend(leased.into_iter().map(|leased| leased.lease));
            }
            Step::Renew(which, seconds) if !leases.is_empty() => {
                let lease = which.get(&leases);
                let held = model.held(lease).map(|row| row.due_at = later(*seconds)).is_some();
                assert_eq!(inbox.renew(lease, later(*seconds)).await.unwrap(), held);
            }
            Step::Finish(which) if !leases.is_empty() => {
                let lease = which.get(&leases);
                let rows = model.held_and_behind(lease);
                let (held, joined) = (!rows.is_empty(), rows.first().and_then(|row| row.joined));
                for row in rows.into_iter().take(1 + joined.unwrap_or(0)) {
                    row.end(EntryState::Done, None);
                    row.done_at = Some(now);
                }
                assert_eq!(inbox.finish(lease, now).await.unwrap(), held);
            }
            Step::Join(which, count) if !leases.is_empty() => {
                let lease = which.get(&leases[leases.len().saturating_sub(3)..]);
                let mut rows = model.held_and_behind(lease).into_iter();
                let first = rows.next();
                let waiting = |row: &mut Row| {
                    let NewEntry { id, event, received_at, .. } = row.new.clone();
                    Waiting::new(id, event, received_at)
                };
                let behind: Vec<_> = rows.take(*count).map(waiting).collect();
                assert_eq!(inbox.behind(lease, *count).await.unwrap(), behind);
                let held = first.map(|row| row.joined = Some(behind.len())).is_some();
                assert_eq!(inbox.join(lease, *count).await.unwrap(), held);
            }
            Step::PutBack(which, seconds) if !leases.is_empty() => {
                // One of the last, or most would be stale.
                let lease = which.get(&leases[leases.len().saturating_sub(3)..]);
                let state = model.held(lease).map(|row| {
                    let failed = row.entry.attempts == MAX_ATTEMPTS;
                    let state = if failed { EntryState::Failed } else { EntryState::Waiting };
                    row.end(state, Some("down"));
                    row.due_at = later(*seconds);
                    state
                });
                assert_eq!(inbox.put_back(lease, later(*seconds), "down").await.unwrap(), state);
            }
            Step::Requeue(which) if !ids.is_empty() => {
                let id = which.get(&ids);
                assert_eq!(inbox.requeue(id, now).await.unwrap(), model.requeue(id, now));
            }
            Step::Clean(erase, forget) => {
                let (erase, forget) = (ago(*erase), ago(*forget));
                let changed = inbox.clean(erase, forget, usize::MAX).await.unwrap();
                assert_eq!(changed, model.clean(erase, forget));
            }
            Step::Wait(seconds) => now = later(*seconds),
            _ => {}
        }
        assert_eq!(inbox.next_due(now).await.unwrap(), model.next_due(now));
        agrees(inbox, &model).await;
    }
}

async fn agrees(inbox: &dyn Inbox, model: &Model) {
    let counts = inbox.counts().await.unwrap();
    for (state, count) in [
        (EntryState::Waiting, counts.waiting),
        (EntryState::Done, counts.done),
        (EntryState::Failed, counts.failed),
    ] {
        let mut listed = inbox.list(state, usize::MAX).await.unwrap();
        assert_eq!(listed.len() as u64, count);
        for entry in &mut listed {
            // Why a lease ran out is said in words of the inbox's own.
            if entry.reason.as_deref().is_some_and(|reason| reason != "down") {
                entry.reason = Some("ran out".to_owned());
            }
        }
        assert_eq!(listed, model.list(state));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn inboxes_behave_as_the_model(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(behaves(&MemoryInbox::new(), &steps));
        runtime.block_on(behaves(&sqlite_in_memory(), &steps));
    }
}
