//! Where events wait on disk between the carrier's request and the agent's turn.

#[cfg(feature = "testing")]
pub mod conformance;
mod memory;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "sqlite")]
mod sqlite;

use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use telephony_core::{AccountId, Event, MessageId, Timestamp};
use thiserror::Error;

pub use memory::MemoryInbox;
#[cfg(feature = "postgres")]
pub use postgres::PostgresInbox;
#[cfg(feature = "sqlite")]
pub use sqlite::SqliteInbox;

/// The most often an event is dispatched before it is set aside as failed.
pub const MAX_ATTEMPTS: u32 = 8;

/// The most bytes of a reason that are kept with a row.
pub const MAX_REASON_BYTES: usize = 512;

/// How long a key is remembered after its event came, so that a repeated webhook is known: carriers
/// repeat for less than a day.
pub const DEDUPE: Duration = Duration::from_secs(72 * 60 * 60);

/// The furthest ahead that an event is due: nobody leases or puts back for longer. What is due later was
/// written before the clock was set back, and is due now, or it would wait until the clock is again as
/// late as it was.
pub const FURTHEST_DUE: Duration = Duration::from_secs(10 * 60);

/// Whether an event that is due then is to be leased now.
fn is_due(at: Timestamp, now: Timestamp) -> bool {
    at <= now || at > now.saturating_add(FURTHEST_DUE)
}

/// Keeps events until they are done, in the order of each lane. Each method is one transaction, and
/// what it says holds after a crash.
///
/// A lane is a sender, of an account: its events are leased one at a time, the oldest first. An
/// event that failed lets the next one go. A lease that ran out is given again, so an event is
/// dispatched at least once; the number of a lease keeps whoever held an earlier one from writing.
///
/// `conformance` (feature `testing`) is what every inbox passes.
#[async_trait]
pub trait Inbox: std::fmt::Debug + Send + Sync {
    /// Commits an event. When this returns, it is on disk.
    ///
    /// # Errors
    ///
    /// [`InboxError`] when it is not; the carrier is to be answered 503.
    async fn insert(&self, entry: NewEntry) -> Result<Inserted, InboxError>;

    /// Leases at most `limit` events until `until`: of each lane that has no running lease, the
    /// oldest event that is due, or is so later than [`FURTHEST_DUE`]. With `accounts`, those of these alone: what waits for others
    /// waits on, however long, and no attempt of it is counted.
    async fn lease(
        &self,
        accounts: Option<&[AccountId]>,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<Leased>, InboxError>;

    /// Makes a lease run until `until`; whether it was still held.
    async fn renew(&self, lease: &Lease, until: Timestamp) -> Result<bool, InboxError>;

    /// The events that wait behind a leased one in its lane, the oldest first, at most `limit`, and
    /// up to the first that cannot be read; none when the lease is held no more. Looking changes
    /// nothing.
    async fn behind(&self, lease: &Lease, limit: usize) -> Result<Vec<Waiting>, InboxError>;

    /// Makes the `count` events that wait next in the lane part of a leased one, or as many as there
    /// are: when it is finished, so are they, and whoever leases it again is told
    /// ([`Leased::joined`]). When it is set aside, they go by themselves. Whether the lease was
    /// still held.
    async fn join(&self, lease: &Lease, count: usize) -> Result<bool, InboxError>;

    /// Marks an event, and what was joined to it, as done; whether the lease was still held.
    async fn finish(&self, lease: &Lease, now: Timestamp) -> Result<bool, InboxError>;

    /// Whether an event was finished by this very lease: for whoever has heard an error of
    /// [`finish`](Self::finish), which may have been written all the same.
    async fn is_finished(&self, lease: &Lease) -> Result<bool, InboxError>;

    /// Gives an event back, to be leased again at `at`; after [`MAX_ATTEMPTS`] it is set aside as
    /// failed, with `reason`. What became of it, or `None` when the lease was held no more.
    async fn put_back(
        &self,
        lease: &Lease,
        at: Timestamp,
        reason: &str,
    ) -> Result<Option<EntryState>, InboxError>;

    /// When the next event may be leased: `None` when none waits.
    async fn next_due(&self, now: Timestamp) -> Result<Option<Timestamp>, InboxError>;

    /// The rows in `state`, the newest first, at most `limit`.
    async fn list(&self, state: EntryState, limit: usize) -> Result<Vec<Entry>, InboxError>;

    /// Puts a failed event back at the end of its lane, with its attempts counted anew; whether
    /// there was one with that id that had failed.
    async fn requeue(&self, id: &MessageId, now: Timestamp) -> Result<bool, InboxError>;

    /// How many rows are in each state.
    async fn counts(&self) -> Result<Counts, InboxError>;

    /// Erases the contents of rows done before `erase_before`, and forgets rows that came before
    /// `forget_before` and are done. How many rows were changed, at most `limit`.
    async fn clean(
        &self,
        erase_before: Timestamp,
        forget_before: Timestamp,
        limit: usize,
    ) -> Result<usize, InboxError>;
}

/// An event on its way into the inbox.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NewEntry {
    /// Our id of it, which the agent sees.
    pub id: MessageId,
    /// What tells it from other events of the account, and is the same when it is repeated.
    pub key: EventKey,
    /// What happened.
    pub event: Event,
    /// When it was received.
    pub received_at: Timestamp,
}

impl NewEntry {
    /// An event as it was parsed.
    #[must_use]
    pub const fn new(id: MessageId, key: EventKey, event: Event, received_at: Timestamp) -> Self {
        Self { id, key, event, received_at }
    }

    /// The lane it waits in: of one account, messages of one sender, updates of one message or
    /// call.
    #[must_use]
    pub fn lane(&self) -> String {
        lane(&self.event)
    }
}

/// What tells an event from others of its account: its kind and the carrier's id of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventKey(String);

impl EventKey {
    /// A key from parts that contain no white space.
    #[must_use]
    pub fn new(kind: &str, id: &str, detail: &str) -> Self {
        Self(if detail.is_empty() {
            format!("{kind} {id}")
        } else {
            format!("{kind} {id} {detail}")
        })
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What became of an insertion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inserted {
    /// It is new.
    New,
    /// It came before, and is known by this id.
    Duplicate(MessageId),
}

/// Proof that an event is ours to work on.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lease {
    /// The event.
    pub id: MessageId,
    /// How many leases of it there have been: each write names it, so that the holder of an
    /// earlier one changes nothing.
    pub number: u64,
}

impl Lease {
    /// A lease as a store keeps it.
    #[must_use]
    pub const fn new(id: MessageId, number: u64) -> Self {
        Self { id, number }
    }
}

/// An event that was leased.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Leased {
    /// The proof.
    pub lease: Lease,
    /// What happened.
    pub event: Event,
    /// How often it has been dispatched, this time included.
    pub attempt: u32,
    /// When it was received.
    pub received_at: Timestamp,
    /// How many of the events that wait behind it are part of it; `None` when nobody has said so.
    pub joined: Option<usize>,
}

impl Leased {
    /// A lease and what it is for, with nothing said of what waits behind it.
    #[must_use]
    pub const fn new(lease: Lease, event: Event, attempt: u32, received_at: Timestamp) -> Self {
        Self { lease, event, attempt, received_at, joined: None }
    }
}

/// An event that waits behind a leased one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Waiting {
    /// Our id of it.
    pub id: MessageId,
    /// What happened.
    pub event: Event,
    /// When it was received.
    pub received_at: Timestamp,
}

impl Waiting {
    /// An event as a store keeps it.
    #[must_use]
    pub const fn new(id: MessageId, event: Event, received_at: Timestamp) -> Self {
        Self { id, event, received_at }
    }
}

/// How far an event has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EntryState {
    /// It waits, or is leased.
    Waiting,
    /// It is done.
    Done,
    /// It was set aside.
    Failed,
}

/// A row, as people see it: without its contents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Entry {
    /// Our id of the event.
    pub id: MessageId,
    /// The account it is for.
    pub account: AccountId,
    /// Its key.
    pub key: EventKey,
    /// How far it has come.
    pub state: EntryState,
    /// How often it has been dispatched.
    pub attempts: u32,
    /// Why the last attempt failed.
    pub reason: Option<String>,
    /// When it was received.
    pub received_at: Timestamp,
}

impl Entry {
    /// A row that waits and has not been tried.
    #[must_use]
    pub const fn new(
        id: MessageId,
        account: AccountId,
        key: EventKey,
        received_at: Timestamp,
    ) -> Self {
        let state = EntryState::Waiting;
        Self { id, account, key, state, attempts: 0, reason: None, received_at }
    }
}

/// How many rows are in each state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Counts {
    /// Those that wait or are leased.
    pub waiting: u64,
    /// Those that are done and remembered.
    pub done: u64,
    /// Those that were set aside.
    pub failed: u64,
    /// When the first of those that wait or are leased was received.
    #[serde(rename = "oldestWaiting")]
    pub oldest_waiting: Option<Timestamp>,
}

/// An inbox failed. What it was is the source.
#[derive(Debug, Error)]
#[error("the inbox cannot be used")]
pub struct InboxError(#[source] Box<dyn std::error::Error + Send + Sync>);

impl InboxError {
    /// Wraps the reason.
    pub fn new(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(source.into())
    }
}

/// The reason of an event whose leases all ran out: whoever held them crashed or hung each time.
const RAN_OUT: &str = "each lease of it ran out before it was finished or put back";

/// As much of a reason as is kept.
fn capped(reason: &str) -> &str {
    let mut end = reason.len().min(MAX_REASON_BYTES);
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    reason.get(..end).unwrap_or_default()
}

fn lane(event: &Event) -> String {
    let account = event.account();
    match event {
        Event::Message(message) => format!("{account} message {}", message.from),
        Event::Delivery(update) => format!("{account} delivery {}", update.id),
        Event::Call(update) => format!("{account} call {}", update.id),
        // Events of later versions wait for nobody.
        _ => format!("{account} other"),
    }
}
