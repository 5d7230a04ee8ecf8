//! The inbox that forgets everything when the process ends.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use telephony_core::{AccountId, Event, MessageId, Timestamp};

use super::{
    Counts, Entry, EntryState, EventKey, Inbox, InboxError, Inserted, Lease, Leased, MAX_ATTEMPTS,
    NewEntry, RAN_OUT, Waiting, capped, is_due,
};

/// Keeps everything in memory: for tests and demonstrations.
#[derive(Default)]
pub struct MemoryInbox(Mutex<Book>);

#[derive(Default)]
struct Book {
    rows: HashMap<MessageId, Row>,
    ids: HashMap<(AccountId, EventKey), MessageId>,
    /// The lanes in which something waits: the ids, the oldest first.
    lanes: BTreeMap<String, VecDeque<MessageId>>,
    /// How many places have been given.
    places: u64,
}

struct Row {
    entry: Entry,
    lane: String,
    /// Where it stands among all rows.
    place: u64,
    event: Option<Event>,
    /// When it may be leased next; while it is leased, when that runs out.
    due_at: Timestamp,
    leased: bool,
    leases: u64,
    /// How many of those that wait behind it are part of it.
    joined: Option<usize>,
    done_at: Option<Timestamp>,
}

impl MemoryInbox {
    /// An empty inbox.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        // Nothing panics while it is held.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for MemoryInbox {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("MemoryInbox").field("counts", &self.book().counts()).finish()
    }
}

impl Book {
    fn head(&mut self, lane: &str) -> Option<&mut Row> {
        let id = self.lanes.get(lane)?.front()?;
        self.rows.get_mut(id)
    }

    /// The row of a lease that is still held.
    fn held(&mut self, lease: &Lease) -> Option<&mut Row> {
        self.rows.get_mut(&lease.id).filter(|row| row.leased && row.leases == lease.number)
    }

    /// What waits behind a lease that is still held.
    fn behind(&mut self, lease: &Lease) -> impl Iterator<Item = &Row> {
        let lane = self.held(lease).map(|row| row.lane.clone());
        let lane = lane.and_then(|lane| self.lanes.get(&lane)).into_iter().flatten();
        lane.skip(1).filter_map(|id| self.rows.get(id))
    }

    /// Lets the head of a lane go, for the next one.
    fn advance(&mut self, lane: &str) {
        let Some(waiting) = self.lanes.get_mut(lane) else { return };
        waiting.pop_front();
        if waiting.is_empty() {
            self.lanes.remove(lane);
        }
    }

    /// Leases the head of a lane, once those that cannot be tried again are set aside.
    fn lease_head(&mut self, lane: &str, now: Timestamp, until: Timestamp) -> Option<Leased> {
        loop {
            let row = self.head(lane).filter(|row| is_due(row.due_at, now))?;
            if row.entry.attempts < MAX_ATTEMPTS {
                row.entry.attempts += 1;
                row.leases += 1;
                row.leased = true;
                row.due_at = until;
                let lease = Lease::new(row.entry.id.clone(), row.leases);
                let event = row.event.clone()?;
                let (attempt, received_at) = (row.entry.attempts, row.entry.received_at);
                let joined = row.joined;
                return Some(Leased { joined, ..Leased::new(lease, event, attempt, received_at) });
            }
            row.fail(RAN_OUT);
            self.advance(lane);
        }
    }

    fn forget(&mut self, id: &MessageId) {
        if let Some(row) = self.rows.remove(id) {
            self.ids.remove(&(row.entry.account, row.entry.key));
        }
    }

    fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for row in self.rows.values() {
            match row.entry.state {
                EntryState::Waiting => {
                    counts.waiting += 1;
                    let at = row.entry.received_at;
                    counts.oldest_waiting =
                        Some(counts.oldest_waiting.map_or(at, |oldest| oldest.min(at)));
                }
                EntryState::Done => counts.done += 1,
                EntryState::Failed => counts.failed += 1,
            }
        }
        counts
    }

    /// At most `limit` ids of rows that are done and more.
    fn done(&self, limit: usize, and: impl Fn(&Row) -> bool) -> Vec<MessageId> {
        let done = self.rows.values().filter(|row| row.entry.state == EntryState::Done);
        done.filter(|row| and(row)).take(limit).map(|row| row.entry.id.clone()).collect()
    }
}

impl Row {
    fn fail(&mut self, reason: &str) {
        self.leased = false;
        self.joined = None;
        self.entry.state = EntryState::Failed;
        self.entry.reason = Some(capped(reason).to_owned());
    }

    fn finish(&mut self, now: Timestamp) {
        self.leased = false;
        self.entry.state = EntryState::Done;
        self.entry.reason = None;
        self.done_at = Some(now);
    }
}

#[async_trait]
impl Inbox for MemoryInbox {
    async fn insert(&self, new: NewEntry) -> Result<Inserted, InboxError> {
        let lane = new.lane();
        let NewEntry { id, key, event, received_at } = new;
        let account = event.account().clone();
        let mut book = self.book();
        if let Some(known) = book.ids.get(&(account.clone(), key.clone())) {
            return Ok(Inserted::Duplicate(known.clone()));
        }
        if book.rows.contains_key(&id) {
            return Err(InboxError::new("another event has this id"));
        }
        book.ids.insert((account.clone(), key.clone()), id.clone());
        book.lanes.entry(lane.clone()).or_default().push_back(id.clone());
        book.places += 1;
        let row = Row {
            entry: Entry::new(id.clone(), account, key, received_at),
            lane,
            place: book.places,
            event: Some(event),
            due_at: received_at,
            leased: false,
            leases: 0,
            joined: None,
            done_at: None,
        };
        book.rows.insert(id, row);
        Ok(Inserted::New)
    }

    async fn lease(
        &self,
        accounts: Option<&[AccountId]>,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<Leased>, InboxError> {
        let mut book = self.book();
        let heads = book.lanes.iter().filter_map(|(lane, waiting)| {
            let head = book.rows.get(waiting.front()?)?;
            let is_wanted = accounts.is_none_or(|accounts| accounts.contains(&head.entry.account));
            (is_due(head.due_at, now) && is_wanted).then(|| (head.due_at, lane.clone()))
        });
        let mut due: Vec<_> = heads.collect();
        due.sort_unstable();
        due.truncate(limit);
        Ok(due.iter().filter_map(|(_, lane)| book.lease_head(lane, now, until)).collect())
    }

    async fn renew(&self, lease: &Lease, until: Timestamp) -> Result<bool, InboxError> {
        Ok(self.book().held(lease).map(|row| row.due_at = until).is_some())
    }

    async fn behind(&self, lease: &Lease, limit: usize) -> Result<Vec<Waiting>, InboxError> {
        let mut book = self.book();
        let waiting = book.behind(lease).take(limit).map_while(|row| {
            Some(Waiting::new(row.entry.id.clone(), row.event.clone()?, row.entry.received_at))
        });
        Ok(waiting.collect())
    }

    async fn join(&self, lease: &Lease, count: usize) -> Result<bool, InboxError> {
        let mut book = self.book();
        let count = book.behind(lease).take(count).count();
        Ok(book.held(lease).map(|row| row.joined = Some(count)).is_some())
    }

    async fn finish(&self, lease: &Lease, now: Timestamp) -> Result<bool, InboxError> {
        let mut book = self.book();
        let Some(row) = book.held(lease) else { return Ok(false) };
        let (lane, joined) = (row.lane.clone(), row.joined.unwrap_or(0));
        for _ in 0..=joined {
            if let Some(row) = book.head(&lane) {
                row.finish(now);
            }
            book.advance(&lane);
        }
        Ok(true)
    }

    async fn is_finished(&self, lease: &Lease) -> Result<bool, InboxError> {
        let is_done = |row: &Row| row.entry.state == EntryState::Done && row.leases == lease.number;
        Ok(self.book().rows.get(&lease.id).is_some_and(is_done))
    }

    async fn put_back(
        &self,
        lease: &Lease,
        at: Timestamp,
        reason: &str,
    ) -> Result<Option<EntryState>, InboxError> {
        let mut book = self.book();
        let Some(row) = book.held(lease) else { return Ok(None) };
        if row.entry.attempts < MAX_ATTEMPTS {
            row.leased = false;
            row.due_at = at;
            row.entry.reason = Some(capped(reason).to_owned());
            return Ok(Some(EntryState::Waiting));
        }
        row.fail(reason);
        let lane = row.lane.clone();
        book.advance(&lane);
        Ok(Some(EntryState::Failed))
    }

    async fn next_due(&self, now: Timestamp) -> Result<Option<Timestamp>, InboxError> {
        let book = self.book();
        let heads = book.lanes.values().filter_map(|waiting| book.rows.get(waiting.front()?));
        Ok(heads.map(|row| row.due_at.max(now)).min())
    }

    async fn list(&self, state: EntryState, limit: usize) -> Result<Vec<Entry>, InboxError> {
        let book = self.book();
        let mut rows: Vec<_> = book.rows.values().filter(|row| row.entry.state == state).collect();
        rows.sort_unstable_by_key(|row| std::cmp::Reverse(row.place));
        Ok(rows.into_iter().take(limit).map(|row| row.entry.clone()).collect())
    }

    async fn requeue(&self, id: &MessageId, now: Timestamp) -> Result<bool, InboxError> {
        let mut book = self.book();
        let place = book.places + 1;
        let failed = book.rows.get_mut(id).filter(|row| row.entry.state == EntryState::Failed);
        let Some(row) = failed else { return Ok(false) };
        row.entry.state = EntryState::Waiting;
        row.entry.attempts = 0;
        row.entry.reason = None;
        row.due_at = now;
        row.place = place;
        let lane = row.lane.clone();
        book.places = place;
        book.lanes.entry(lane).or_default().push_back(id.clone());
        Ok(true)
    }

    async fn counts(&self) -> Result<Counts, InboxError> {
        Ok(self.book().counts())
    }

    async fn clean(
        &self,
        erase_before: Timestamp,
        forget_before: Timestamp,
        limit: usize,
    ) -> Result<usize, InboxError> {
        let mut book = self.book();
        let forgotten = book.done(limit, |row| row.entry.received_at < forget_before);
        for id in &forgotten {
            book.forget(id);
        }
        let erased = book.done(limit - forgotten.len(), |row| {
            row.event.is_some() && row.done_at.is_some_and(|at| at < erase_before)
        });
        for id in &erased {
            if let Some(row) = book.rows.get_mut(id) {
                row.event = None;
            }
        }
        Ok(forgotten.len() + erased.len())
    }
}
