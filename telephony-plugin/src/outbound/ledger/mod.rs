//! What is to go out and what became of it, on disk.

mod calls;
mod claims;
mod columns;
mod history;
mod opt_outs;
mod queries;
mod records;
mod schema;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use telephony_core::{
    AccountId, DeliveryUpdate, IdempotencyKey, MessageId, PhoneNumber, ProviderMessageId,
    Reference, StatusReport, Timestamp,
};
use telephony_webhook::{PostgresError, Schema};
use thiserror::Error;

pub(crate) use self::calls::Unheard;
use self::claims::Claims;
pub use self::opt_outs::{OptOutSource, OptedOut};
use super::delivery::Delivery;
use super::send::{Enqueued, NewSend, Part, PartState, Retries, SendStatus, queue_source};
use crate::sql::{Answer, Sql, Store, TransactError};

/// What other processes are told when something became of a part.
pub(crate) const CHANGED: &str = "outbox";

/// How long a part or a call may be on its way, where several processes share the ledger: longer
/// than any request to a carrier takes, which is 30 seconds.
pub(super) const SENDING: Duration = Duration::from_secs(60);

/// How much before that whoever claimed a part leaves it alone: two clocks that each differ from the
/// server's differ twice as much.
const MARGIN: Duration = Duration::from_secs(20);

/// Keeps sends in tables of the one database. Each method is one transaction, and what it says
/// holds after a crash.
///
/// A part is marked as being sent before a byte of it leaves. What is still marked so when the
/// process starts may have been sent, and is not sent again.
#[derive(Debug, Clone)]
pub struct Ledger(Store, Arc<Claims>);

/// The ledger failed. What it was is the source.
#[derive(Debug, Error)]
#[error("the ledger of what is sent cannot be used")]
pub struct LedgerError(#[from] TransactError);

impl LedgerError {
    /// Whether what was asked for may be done all the same: a server was lost meanwhile. Where there was
    /// no way there at all, or a file fails, nothing is.
    pub(super) const fn may_be_done(&self) -> bool {
        matches!(self.0, TransactError::Postgres(PostgresError::Failed(_)))
    }
}

/// A part that is to be sent now, by whoever claimed it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Claimed {
    /// Which one it is.
    pub(super) row: i64,
    /// The send it is of.
    pub send: MessageId,
    /// The account it goes through.
    pub account: AccountId,
    /// Whom it goes to.
    pub to: PhoneNumber,
    /// What it is.
    pub part: Part,
    /// What the carrier's reports on it carry.
    pub reference: Reference,
    /// How often it has been tried, this time included.
    pub attempt: u32,
    /// Who tries it again when it is not sent.
    pub retries: Retries,
    /// Until when it is for whoever claimed it, where others send too.
    pub(super) until: Option<Timestamp>,
    /// Whether it answers a text of theirs, as a reply does and a pairing code.
    pub is_answer: bool,
}

/// One try of a part: what came of it is heeded for as long as there was no later one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Attempt {
    /// Which part it is of.
    pub(super) row: i64,
    /// How many there have been, this one included.
    pub(super) number: u32,
}

impl Claimed {
    /// This try of it.
    pub(super) const fn this(&self) -> Attempt {
        Attempt { row: self.row, number: self.attempt }
    }
}

/// What waits, and what nobody knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
#[non_exhaustive]
pub struct Backlog {
    /// Parts that wait.
    pub queued: u64,
    /// Parts of which it is not known whether they were sent.
    pub unknown: u64,
    /// Parts that were not sent and will not be.
    pub refused: u64,
}

impl Ledger {
    /// Its tables in an SQLite file, which the writer is to be opened with.
    pub const SQLITE: Schema = Schema { name: "outbound", migrations: schema::SQLITE };

    /// The same in PostgreSQL.
    pub const POSTGRES: Schema = Schema { name: "outbound", migrations: schema::POSTGRES };

    /// A ledger in a store that has its tables.
    #[must_use]
    pub fn new(store: Store) -> Self {
        Self(store, Arc::new(Claims::new()))
    }

    /// Writes a send down, unless its source gave it before. `references` has one for each part.
    pub(super) async fn enqueue(
        &self,
        id: MessageId,
        send: NewSend,
        references: Vec<Reference>,
        now: Timestamp,
    ) -> Result<Enqueued, LedgerError> {
        self.0.check_clock(now).await?;
        self.transact(move |db| queries::enqueue(db, &id, &send, &references, now)).await
    }

    /// Marks at most `limit` parts as being sent: of each number that nothing is being sent to, the
    /// first that waits, if it is due. Of each account in `limits`, at most so many; of others none.
    ///
    /// What it has marked although it says an error waits again at the next claim.
    pub(super) async fn claim(
        &self,
        now: Timestamp,
        limits: HashMap<AccountId, usize>,
        limit: usize,
    ) -> Result<Vec<Claimed>, LedgerError> {
        self.0.check_clock(now).await?;
        let (lost, name) = (self.1.lost(), self.is_shared().then(|| self.1.name()));
        let own = name.clone();
        let claimed = self
            .transact(move |db| {
                lost.iter().try_for_each(|name| queries::take_back(db, name, now))?;
                queries::claim(db, now, &limits, limit, own.as_deref())
            })
            .await;
        if let (Err(_), Some(name)) = (&claimed, name) {
            self.1.lose(name);
        }
        claimed
    }

    /// When the next part is due that may go and is not due yet at `after`.
    pub(super) async fn next_due(
        &self,
        after: Timestamp,
    ) -> Result<Option<Timestamp>, LedgerError> {
        self.read(move |db| queries::next_due(db, after)).await
    }

    /// The carrier has a part.
    pub(super) async fn sent(
        &self,
        attempt: Attempt,
        id: ProviderMessageId,
        report: StatusReport,
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        self.transact(move |db| queries::sent(db, attempt, &id, report, now)).await
    }

    /// A part was not sent in this attempt, and may be at `at`.
    pub(super) async fn not_sent(
        &self,
        attempt: Attempt,
        at: Timestamp,
        reason: String,
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        self.transact(move |db| queries::not_sent(db, attempt, at, &reason, now)).await
    }

    /// A part was not sent and will not be, and so the rest of its send.
    pub(super) async fn refused(
        &self,
        attempt: Attempt,
        reason: String,
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        self.transact(move |db| queries::ended(db, attempt, PartState::Refused, &reason, now)).await
    }

    /// A part was not sent, and is again when whoever asked for it asks again; so the rest of its
    /// send.
    pub(super) async fn given_back(
        &self,
        attempt: Attempt,
        reason: String,
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        self.transact(move |db| queries::ended(db, attempt, PartState::NotSent, &reason, now)).await
    }

    /// Gives back what of a send waits, unless some of it is on its way.
    pub(super) async fn withdraw(&self, id: &MessageId, now: Timestamp) -> Result<(), LedgerError> {
        let id = id.clone();
        self.transact(move |db| queries::withdraw(db, &id, now)).await
    }

    /// Whether a part was sent is not known, unless the carrier has reported on it.
    pub(super) async fn unknown(
        &self,
        attempt: Attempt,
        reason: String,
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        self.transact(move |db| queries::unknown(db, attempt, &reason, now)).await
    }

    /// Gives up on what was begun by whoever has ended since: how many parts and calls were on their
    /// way, and how many parts were not and are given back.
    /// A process that has the ledger for itself asks this before it begins, and nothing is spared;
    /// where others send too, what is younger than [`SENDING`] may still be on its way.
    ///
    /// What was asked for since `started`, when this process began, waits for it: whoever asked may
    /// have been quicker than the process was to look.
    pub(super) async fn recover(
        &self,
        started: Timestamp,
        now: Timestamp,
    ) -> Result<(usize, usize), LedgerError> {
        self.0.check_clock(now).await?;
        let long_ago = now.saturating_sub(SENDING);
        let (begun, asked) = if self.is_shared() {
            (long_ago, long_ago)
        } else {
            let before = started.saturating_sub(Duration::from_millis(1));
            (Timestamp::from_millisecond(i64::MAX), before)
        };
        self.transact(move |db| {
            let calls = calls::recover(db, begun, now)?;
            let (parts, given_back) = queries::recover(db, begun, asked, now)?;
            Ok((calls + parts, given_back))
        })
        .await
    }

    /// Until when what is begun at `begun` is for whoever began it, where others share the ledger.
    pub(crate) fn until(&self, begun: Timestamp) -> Option<Timestamp> {
        self.is_shared().then(|| begun.saturating_add(SENDING - MARGIN))
    }

    /// Whether a part is still for whoever claimed it. Where others send too, they give up on what
    /// was claimed too long ago.
    pub(super) async fn holds(&self, claimed: &Claimed) -> Result<bool, LedgerError> {
        if !self.is_shared() {
            return Ok(true);
        }
        let attempt = claimed.this();
        self.read(move |db| queries::holds(db, attempt)).await
    }

    /// Takes a carrier's report on a part, found by the carrier's id or, where we do not know that
    /// one, by its reference. `None` when there is no such part.
    pub(super) async fn apply(
        &self,
        update: DeliveryUpdate,
        now: Timestamp,
    ) -> Result<Option<Delivery>, LedgerError> {
        self.transact(move |db| records::apply(db, &update, now)).await
    }

    /// What is known of a send, by our id or the carrier's id of one of its parts.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] when the database fails.
    pub async fn status(&self, id: &str) -> Result<Option<SendStatus>, LedgerError> {
        let id = id.to_owned();
        self.read(move |db| records::status(db, &id)).await
    }

    /// The latest sends of an account, the newest first, at most so many.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] when the database fails.
    pub async fn latest(
        &self,
        account: &AccountId,
        limit: usize,
    ) -> Result<Vec<SendStatus>, LedgerError> {
        let account = account.clone();
        self.read(move |db| records::latest(db, &account, limit)).await
    }

    /// What is known of a send that a host repeats by itself, by its key.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] when the database fails.
    pub async fn queued(
        &self,
        account: &AccountId,
        key: &IdempotencyKey,
    ) -> Result<Option<SendStatus>, LedgerError> {
        let (account, source) = (account.clone(), queue_source(key));
        self.read(move |db| records::of_source(db, &account, &source)).await
    }

    /// How many replies were written down for `to` since then and until `now`: ours, and those of a host's agent.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] when the database fails.
    pub async fn replies_since(
        &self,
        account: &AccountId,
        to: &PhoneNumber,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<u64, LedgerError> {
        let (account, to) = (account.clone(), to.clone());
        self.read(move |db| records::replies_since(db, &account, &to, since, now)).await
    }

    /// How many messages were sent to `to`, of what was written down since then and until `now`.
    pub(super) async fn sent_since(
        &self,
        account: &AccountId,
        to: &PhoneNumber,
        since: Timestamp,
        now: Timestamp,
    ) -> Result<u64, LedgerError> {
        let (account, to) = (account.clone(), to.clone());
        self.read(move |db| records::sent_since(db, &account, &to, since, now)).await
    }

    /// Notes that a number has written and was let in.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] when the database fails.
    pub async fn add_contact(
        &self,
        account: &AccountId,
        number: &PhoneNumber,
        now: Timestamp,
    ) -> Result<(), LedgerError> {
        let (account, number) = (account.clone(), number.clone());
        self.transact(move |db| records::add_contact(db, &account, &number, now)).await
    }

    /// Whether a number has written since then, where that is noted.
    pub(super) async fn heard_since(
        &self,
        account: &AccountId,
        number: &PhoneNumber,
        since: Timestamp,
    ) -> Result<bool, LedgerError> {
        let (account, number) = (account.clone(), number.clone());
        self.read(move |db| records::heard_since(db, &account, &number, since)).await
    }

    /// Whether a number wrote first and was let in.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] when the database fails.
    pub async fn is_contact(
        &self,
        account: &AccountId,
        number: &PhoneNumber,
    ) -> Result<bool, LedgerError> {
        let (account, number) = (account.clone(), number.clone());
        self.read(move |db| records::is_contact(db, &account, &number)).await
    }

    /// What waits, and what nobody knows.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] when the database fails.
    pub async fn backlog(&self) -> Result<Backlog, LedgerError> {
        self.read(records::backlog).await
    }

    /// When the last send was written down that has `count` after it; `None` when there are not so
    /// many.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] when the database fails.
    pub async fn beyond(&self, count: usize) -> Result<Option<Timestamp>, LedgerError> {
        self.read(move |db| records::beyond(db, count)).await
    }

    /// Erases the contents of parts that ended before `erase_before`, and forgets sends that were
    /// written down before `forget_before` and have ended. How many rows were changed, at most
    /// about `limit`.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] when the database fails.
    pub async fn clean(
        &self,
        erase_before: Timestamp,
        forget_before: Timestamp,
        limit: usize,
    ) -> Result<usize, LedgerError> {
        self.transact(move |db| {
            let calls = calls::clean(db, erase_before, forget_before, limit)?;
            Ok(calls + records::clean(db, erase_before, forget_before, limit)?)
        })
        .await
    }

    /// The token of a send's first part, which nothing but the carrier's report tells otherwise.
    #[cfg(test)]
    pub(super) async fn reference_of(&self, id: &MessageId) -> Result<Reference, LedgerError> {
        let id = id.to_string();
        let sql = "SELECT reference FROM outbound_part WHERE send = ?1 ORDER BY sequence LIMIT 1";
        let reference =
            self.read(move |db| db.row(sql, crate::sql::values![id.as_str()], |row| row.parsed(0)));
        Ok(reference.await?.unwrap())
    }

    /// Lets other processes know that something became of a part.
    pub(super) fn tell_changed(&self) {
        self.0.ring(CHANGED);
    }

    /// Whether other processes send from it at the same time.
    pub(super) const fn is_shared(&self) -> bool {
        self.0.is_shared()
    }

    async fn transact<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn Sql) -> Answer<T> + Send + 'static,
    ) -> Result<T, LedgerError> {
        Ok(self.0.transact(work).await?)
    }

    /// Does what changes nothing.
    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn Sql) -> Answer<T> + Send + 'static,
    ) -> Result<T, LedgerError> {
        Ok(self.0.read(work).await?)
    }
}
