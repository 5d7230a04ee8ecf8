//! The worker that sends what is written down.

use std::borrow::Cow;
use std::collections::HashMap;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::task::Poll;
use std::time::{Duration, Instant};

use telephony_core::config::{Account, Serve};
use telephony_core::{
    AccountId, Applied, CarrierCode, Clock, DeliveryUpdate, Entropy, EntropyError, HttpUrl,
    IdError, MessageId, OutboundMessage, PhoneNumber, ProviderKind, Reference, Timestamp, Token,
};
use telephony_providers::{
    Error as ProviderError, ErrorKind, MessagingProvider, Outcome, Sent, explain,
};
use thiserror::Error;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use tracing::Instrument as _;

use super::callback::StatusCallback;
use super::delivery::Delivery;
use super::ledger::{Claimed, Ledger, LedgerError, OptOutSource};
use super::limits::Limits;
use super::pace::Pace;
use super::send::{Enqueued, NewSend, Retries, SendOutcome, SendStatus};
use crate::metrics::Metrics;
use crate::report::chain;

/// The most parts that are being sent at once.
const MAX_IN_FLIGHT: usize = 32;

/// The most tries of a part that was not sent each time: with our own waits between them, 37 minutes.
const MAX_ATTEMPTS: u32 = 12;

/// How long is waited before a part that was not sent is tried again: doubled each time, up to the
/// longest, and never less than the carrier asks for.
const FIRST_WAIT: Duration = Duration::from_secs(2);
const LONGEST_WAIT: Duration = Duration::from_secs(600);

/// How often is looked whether something is due when nobody says so.
const LOOK: Duration = Duration::from_secs(1);

/// How long is waited before the ledger is told again what came of a part.
const RECORD_AGAIN: Duration = Duration::from_secs(1);

/// How often a send is written down again that may be.
const MOST_ENQUEUED_AGAIN: u32 = 2;

/// How often is looked for what other processes have begun that ended since, where there are any.
const RECOVER_AGAIN: Duration = Duration::from_secs(5);

/// How long nothing is given up after the ledger has failed: others that could not say either what
/// came of theirs say it first.
const AFTER_FAILURE: Duration = Duration::from_secs(10);

/// How often the ledger may fail in a row while somebody waits for a send.
const MOST_FAILURES: u32 = 10;

/// How long sends may take when the process stops. What is still on its way then is unknown.
const LAST_SENDS: Duration = Duration::from_secs(8);

/// An account as parts leave through it.
#[derive(Debug)]
pub struct Sender {
    account: AccountId,
    provider: Arc<dyn MessagingProvider>,
    callback: Option<StatusCallback>,
    pace: Option<Mutex<Pace>>,
    limits: Limits,
}

impl Sender {
    /// An account's way out; `tunnel` is a public URL where the account has none.
    #[must_use]
    pub fn new(
        account: &Account,
        provider: Arc<dyn MessagingProvider>,
        serve: &Serve,
        tunnel: Option<&HttpUrl>,
    ) -> Self {
        let pace = account.sms.segments_per_second.and_then(Pace::new).map(Mutex::new);
        let callback = StatusCallback::new(account, serve, tunnel);
        let limits = Limits::new(&account.sms);
        Self { account: account.id.clone(), provider, callback, pace, limits }
    }

    /// A part as the carrier is given it.
    fn message(&self, claimed: &Claimed) -> Result<OutboundMessage, ProviderError> {
        let body = claimed.part.body.clone();
        let mut builder = OutboundMessage::builder(claimed.to.clone()).body(body);
        for url in &claimed.part.media {
            builder = builder.media(url.clone());
        }
        let callback = self.callback.as_ref();
        if let Some(url) = callback.and_then(|callback| callback.of(&claimed.reference)) {
            builder = builder.status_callback(url);
        }
        builder.build().map_err(|error| refused(self.provider.kind(), error.to_string()))
    }

    fn is_free(&self, now: Timestamp) -> bool {
        self.pace.as_ref().is_none_or(|pace| lock(pace).is_free(now))
    }
}

/// Sends what is written down, and writes down what came of it.
#[derive(Debug)]
pub struct Outbox {
    ledger: Ledger,
    senders: RwLock<HashMap<AccountId, Arc<Sender>>>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    metrics: Metrics,
    /// When it was made: what was asked for before that, an earlier process was asked for.
    started: Timestamp,
    /// Notified when a part may be due.
    due: Notify,
    /// Notified when something became of a part.
    changed: Notify,
}

/// Why a send was not written down.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SubmitError {
    /// The database failed.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// There is no randomness for an id.
    #[error("no id can be made for the send")]
    Entropy(#[from] EntropyError),
    /// An id is none, which ours always are.
    #[error("an id that was made is none")]
    Id(#[from] IdError),
    /// The key came before, with something else.
    #[error("this idempotency key came before with another recipient or text: use a new key")]
    Conflict,
    /// There is nothing to send.
    #[error("there is neither text nor media to send")]
    Empty,
}

impl Outbox {
    /// An outbox that sends through these accounts.
    pub fn new(
        ledger: Ledger,
        senders: impl IntoIterator<Item = Sender>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        let (due, changed, started) = (Notify::new(), Notify::new(), clock.now());
        let (senders_by_account, metrics) = (RwLock::default(), Metrics::default());
        let outbox = Self {
            ledger,
            senders: senders_by_account,
            clock,
            entropy,
            metrics,
            started,
            due,
            changed,
        };
        senders.into_iter().for_each(|sender| outbox.set_sender(sender));
        outbox
    }

    /// Counts where others count too.
    #[must_use]
    pub fn counting(mut self, metrics: Metrics) -> Self {
        self.metrics = metrics;
        self
    }

    /// Sends what is of this sender's account through it from now on.
    pub fn set_sender(&self, sender: Sender) {
        let mut senders = self.senders.write().unwrap_or_else(PoisonError::into_inner);
        senders.insert(sender.account.clone(), Arc::new(sender));
        drop(senders);
        self.due.notify_one();
    }

    /// Sends nothing of this account from now on. What waits, waits until it has a sender again.
    pub fn remove_sender(&self, account: &AccountId) {
        self.senders.write().unwrap_or_else(PoisonError::into_inner).remove(account);
    }

    fn senders(&self) -> Vec<Arc<Sender>> {
        let senders = self.senders.read().unwrap_or_else(PoisonError::into_inner);
        senders.values().map(Arc::clone).collect()
    }

    fn sender(&self, account: &AccountId) -> Option<Arc<Sender>> {
        let senders = self.senders.read().unwrap_or_else(PoisonError::into_inner);
        senders.get(account).map(Arc::clone)
    }

    /// Writes a send down, to be sent soon; its id. What its source gave before keeps its id.
    ///
    /// # Errors
    ///
    /// [`SubmitError`] when it is not on disk.
    pub async fn submit(&self, mut send: NewSend) -> Result<MessageId, SubmitError> {
        if send.parts.is_empty() {
            return Err(SubmitError::Empty);
        }
        let id = MessageId::generate(&*self.clock, &*self.entropy)?;
        send.provider = self.sender(&send.account).map(|sender| sender.provider.kind());
        let reference = || -> Result<_, SubmitError> {
            Ok(Reference::new(Token::generate(&*self.entropy)?.as_str())?)
        };
        let references = send.parts.iter().map(|_| reference()).collect::<Result<_, _>>()?;
        match self.enqueue(id, send, references).await? {
            Enqueued::New(id) | Enqueued::Existing(id) => {
                self.due.notify_one();
                Ok(id)
            }
            Enqueued::Conflict => Err(SubmitError::Conflict),
        }
    }

    /// Writes a send down, and asks again where that may have been done although nothing said so: under
    /// the same id it is done once.
    async fn enqueue(
        &self,
        id: MessageId,
        send: NewSend,
        references: Vec<Reference>,
    ) -> Result<Enqueued, LedgerError> {
        let now = self.clock.now();
        for _ in 0..MOST_ENQUEUED_AGAIN {
            let (id, send, references) = (id.clone(), send.clone(), references.clone());
            match self.ledger.enqueue(id, send, references, now).await {
                Err(error) if self.ledger.is_shared() => {
                    tracing::warn!(
                        error = chain(&error),
                        "a send is not written down; trying again"
                    );
                    tokio::time::sleep(RECORD_AGAIN).await;
                }
                done => return done,
            }
        }
        self.ledger.enqueue(id, send, references, now).await
    }

    /// Waits until a send has ended, one way or another; `None` when there is no such send.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] when the database fails.
    pub async fn settled(&self, id: &MessageId) -> Result<Option<SendStatus>, LedgerError> {
        let mut failures = 0;
        loop {
            // Asked for before looking, so that nothing that happens in between is missed.
            let changed = self.changed.notified();
            match self.ledger.status(id.as_str()).await {
                Ok(Some(status)) if status.outcome == SendOutcome::Pending => {}
                // It is written down: whoever hears an error might ask for it once more.
                Err(_) if failures < MOST_FAILURES => {
                    failures += 1;
                    tokio::time::sleep(LOOK).await;
                    continue;
                }
                settled => return settled,
            }
            if self.ledger.is_shared() {
                // What other nodes have to say of it may be lost on the way.
                let _ = tokio::time::timeout(LOOK, changed).await;
            } else {
                changed.await;
            }
        }
    }

    /// Waits until a send has ended, and no longer than `patience` for it to begin: what waits then
    /// is given back to whoever asked for it. `None` when there is no such send.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] when the database fails.
    pub async fn settled_within(
        &self,
        id: &MessageId,
        patience: Duration,
    ) -> Result<Option<SendStatus>, LedgerError> {
        if let Ok(settled) = tokio::time::timeout(patience, self.settled(id)).await {
            return settled;
        }
        self.ledger.withdraw(id, self.clock.now()).await?;
        self.settled(id).await
    }

    /// Something became of a part at another node.
    pub(crate) fn heard(&self) {
        self.changed.notify_waiters();
    }

    /// Something became of a part here.
    fn tell_changed(&self) {
        self.changed.notify_waiters();
        self.ledger.tell_changed();
    }

    /// Takes a carrier's report: what has become of the part then. One on what we did not send is
    /// nobody's.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] when the database fails.
    pub async fn apply(&self, update: &DeliveryUpdate) -> Result<Option<Delivery>, LedgerError> {
        let (account_id, status) = (&update.account, update.report.status);
        let provider_id = update.id.as_str();
        let delivery = self.ledger.apply(update.clone(), self.clock.now()).await?;
        let provider = self.sender(account_id).map(|sender| sender.provider.kind());
        let provider = provider.map(tracing::field::display);
        let Some(delivery) = delivery else {
            tracing::debug!(provider, %account_id, provider_id, %status, "is not one of ours");
            return Ok(None);
        };
        let (message_id, code) =
            (&delivery.id, update.report.code.as_ref().map(CarrierCode::as_str));
        if delivery.applied == Applied::Conflicted {
            tracing::warn!(provider, %account_id, %message_id, provider_id, %status, "contradicts an earlier report");
        } else if status.is_failure() && delivery.is_news() {
            let explanation = delivery.explanation;
            tracing::warn!(provider, %account_id, %message_id, provider_id, %status, code, explanation, "was not delivered");
        } else {
            tracing::info!(provider, %account_id, %message_id, provider_id, %status, code, "reported");
        }
        if delivery.is_news() {
            self.metrics.delivered(account_id, delivery.status);
        }
        self.tell_changed();
        self.heed(update, &delivery.to).await?;
        Ok(Some(delivery))
    }

    /// Some carriers take what is for somebody who has opted out, and say so in a report.
    async fn heed(&self, update: &DeliveryUpdate, to: &PhoneNumber) -> Result<(), LedgerError> {
        let Some(code) = &update.report.code else { return Ok(()) };
        let Some(sender) = self.sender(&update.account) else { return Ok(()) };
        if explain(sender.provider.kind(), code.as_str()).kind != ErrorKind::OptedOut {
            return Ok(());
        }
        let now = self.clock.now();
        self.ledger.opt_out(&update.account, to, OptOutSource::Carrier, now).await?;
        Ok(())
    }

    /// Sends until `stop` becomes true; then finishes what is on its way.
    ///
    /// What an earlier process was sending when it ended is not sent again.
    pub async fn run(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let mut recovered = None;
        let mut sending = JoinSet::new();
        loop {
            while sending.try_join_next().is_some() {}
            if *stop.borrow() {
                break;
            }
            if recovered.is_none_or(|at: Instant| self.ends_of_others(at)) {
                recovered = self.recover().await.then(Instant::now).or(recovered);
            }
            let now = self.clock.now();
            let room = MAX_IN_FLIGHT.saturating_sub(sending.len());
            let claimed = match recovered {
                Some(_) => self.claim(now, room).await,
                None => Some(Vec::new()),
            };
            if claimed.is_none() && self.ledger.is_shared() {
                recovered = Some(Instant::now() + AFTER_FAILURE);
            }
            let claimed = claimed.unwrap_or_default();
            if claimed.is_empty() {
                tokio::select! {
                    _ = stop.wait_for(|stop| *stop) => break,
                    Some(_) = sending.join_next() => {}
                    () = self.due.notified() => {}
                    () = tokio::time::sleep(self.wait(now).await) => {}
                }
            }
            for part in claimed {
                let outbox = Arc::clone(&self);
                sending.spawn(async move { outbox.send(part).await });
            }
        }
        let finish = async { while sending.join_next().await.is_some() {} };
        if tokio::time::timeout(LAST_SENDS, finish).await.is_err() {
            tracing::warn!("some sends did not end in time: whether they were sent is not known");
        }
    }

    /// Whether it is time to look again for what others have begun that ended since.
    fn ends_of_others(&self, recovered: Instant) -> bool {
        self.ledger.is_shared() && recovered.elapsed() >= RECOVER_AGAIN
    }

    async fn recover(&self) -> bool {
        match self.ledger.recover(self.started, self.clock.now()).await {
            Ok((0, 0)) => true,
            Ok((0, _)) => {
                self.tell_changed();
                true
            }
            Ok((parts, _)) => {
                tracing::warn!(
                    parts,
                    "were being sent when the process ended; whether they were \
                    is not known, and they are not sent again"
                );
                // Whoever waits for one of them since before hears it.
                self.tell_changed();
                true
            }
            Err(error) => {
                tracing::error!(error = chain(&error), "nothing is sent until this can be read");
                false
            }
        }
    }

    /// What is to be sent now; `None` when that cannot be read.
    async fn claim(&self, now: Timestamp, room: usize) -> Option<Vec<Claimed>> {
        if room == 0 {
            return Some(Vec::new());
        }
        // Where segments are counted, each part is counted before the next is let go.
        let limits = self.senders().into_iter().map(|sender| {
            let limit = if sender.pace.is_none() { room } else { usize::from(sender.is_free(now)) };
            (sender.account.clone(), limit)
        });
        let claimed = self.ledger.claim(now, limits.collect(), room).await;
        let claimed = claimed.inspect_err(|error| {
            tracing::error!(error = chain(error), "what is to be sent cannot be read");
        });
        let claimed = claimed.ok()?;
        for Claimed { account, part, .. } in &claimed {
            let sender = self.sender(account);
            if let Some(pace) = sender.as_ref().and_then(|sender| sender.pace.as_ref()) {
                lock(pace).count(telephony_sms::analyze(part.body.as_str()).segments, now);
            }
        }
        Some(claimed)
    }

    /// How long nothing is due, as far as that was known at `now`, when parts were claimed.
    async fn wait(&self, now: Timestamp) -> Duration {
        let due = self.ledger.next_due(now).await.ok().flatten();
        let senders = self.senders();
        let free = senders.iter().filter_map(|sender| sender.pace.as_ref());
        let free = free.map(|pace| lock(pace).free_at());
        let next = due.into_iter().chain(free).filter(|at| *at > now).min();
        next.map_or(LOOK, |at| at.saturating_since(now).clamp(Duration::from_millis(1), LOOK))
    }

    /// Everything that is logged meanwhile says which part it is about.
    async fn send(self: Arc<Self>, claimed: Claimed) {
        let Claimed { send, account, attempt, .. } = &claimed;
        let provider = self.sender(account).map(|sender| sender.provider.kind());
        let span = tracing::error_span!("send", provider = provider.map(display),
            account_id = %account, message_id = %send, attempt);
        self.send_one(claimed, provider).instrument(span).await;
    }

    async fn send_one(self: Arc<Self>, claimed: Claimed, provider: Option<ProviderKind>) {
        let result = Arc::clone(&self).hand_over_apart(claimed.clone()).await;
        match &result {
            Ok(sent) => {
                let provider_id = sent.id.as_str();
                tracing::info!(provider_id, "sent");
            }
            Err(error) => tracing::warn!(
                outcome = error.outcome().as_str(),
                request_id = error.request_id(),
                error = chain(error),
                "not sent"
            ),
        }
        // Until it is written down nothing else goes to this number; and if the process ends before
        // that, whether the part was sent is not known.
        while let Err(error) = self.record(&claimed, &result).await {
            tracing::error!(error = chain(&error), "cannot be written down");
            tokio::time::sleep(RECORD_AGAIN).await;
        }
        if let Some(provider) = provider {
            self.metrics.sent(&claimed.account, provider, outcome(&claimed, &result));
        }
        self.tell_changed();
    }

    /// Writes down what came of a part. Doing it twice changes nothing.
    async fn record(
        &self,
        claimed: &Claimed,
        result: &Result<Sent, ProviderError>,
    ) -> Result<(), LedgerError> {
        let Claimed { account, to, attempt, retries, .. } = claimed;
        let (this, now) = (claimed.this(), self.clock.now());
        let error = match result {
            Ok(Sent { id, report, .. }) => {
                return self.ledger.sent(this, id.clone(), report.clone(), now).await;
            }
            Err(error) => error,
        };
        if error.outcome() != Outcome::NotSent {
            self.ledger.unknown(this, error.to_string(), now).await
        } else if !error.is_transient() {
            if error.kind() == ErrorKind::OptedOut {
                self.ledger.opt_out(account, to, OptOutSource::Carrier, now).await?;
            }
            self.ledger.refused(this, error.to_string(), now).await
        } else if *retries == Retries::Theirs {
            self.ledger.given_back(this, error.to_string(), now).await
        } else if *attempt < MAX_ATTEMPTS {
            let at = now.saturating_add(wait(*attempt, error.retry_after()));
            self.ledger.not_sent(this, at, error.to_string(), now).await
        } else {
            let reason = format!("given up after {attempt} tries: {error}");
            self.ledger.refused(this, reason, now).await
        }
    }

    /// A client that panics may have sent; it must not keep everything else of its number waiting.
    async fn hand_over_apart(self: Arc<Self>, claimed: Claimed) -> Result<Sent, ProviderError> {
        let provider = self.sender(&claimed.account).map(|sender| sender.provider.kind());
        let work = async move { self.hand_over(&claimed).await };
        tokio::spawn(work.in_current_span()).await.unwrap_or_else(|_| {
            let provider = provider.unwrap_or(ProviderKind::Mock);
            let sentence = "this failed in a way that nobody foresaw";
            Err(ProviderError::new(provider, ErrorKind::Unknown, Outcome::Unknown, sentence))
        })
    }

    async fn hand_over(&self, claimed: &Claimed) -> Result<Sent, ProviderError> {
        let Some(sender) = self.sender(&claimed.account) else {
            // Which provider it had is not known any more either; only the sentence is shown.
            return Err(refused(ProviderKind::Mock, "its account is not configured any more"));
        };
        let provider = sender.provider.kind();
        let denied = sender.limits.deny(&self.ledger, claimed, self.clock.now()).await;
        let (kind, sentence) = match denied {
            Ok(None) => {
                let message = sender.message(claimed)?;
                self.check_held(claimed, provider).await?;
                let begun = Instant::now();
                let result = sender.provider.send(&message);
                let result = while_ours(claimed.until, &*self.clock, result);
                let result =
                    result.await.unwrap_or_else(|| Err(held_up(provider, Outcome::Unknown)));
                self.metrics.carried(provider, begun.elapsed());
                return result;
            }
            // Not as opted out: only a carrier's word enters the list, which START may have left by now.
            Ok(Some(denial)) => (ErrorKind::Configuration, denial.sentence()),
            Err(error) => (ErrorKind::Temporary, chain(&error)),
        };
        Err(ProviderError::new(provider, kind, Outcome::NotSent, sentence))
    }

    /// A process that was held up must not send what others have given up on since: they have gone
    /// on with what comes after it.
    async fn check_held(
        &self,
        claimed: &Claimed,
        provider: ProviderKind,
    ) -> Result<(), ProviderError> {
        match self.ledger.holds(claimed).await {
            Ok(true) => Ok(()),
            Ok(false) => Err(held_up(provider, Outcome::NotSent)),
            Err(error) => {
                let (kind, sentence) = (ErrorKind::Temporary, chain(&error));
                Err(ProviderError::new(provider, kind, Outcome::NotSent, sentence))
            }
        }
    }
}

/// Goes on with `work` until then, where there is an end to its being ours: however long the process
/// is held up meanwhile, nothing more of it is done after that. `None` when it was not finished.
pub(crate) async fn while_ours<T>(
    until: Option<Timestamp>,
    clock: &dyn Clock,
    work: impl Future<Output = T>,
) -> Option<T> {
    let mut work = pin!(work);
    poll_fn(|context| match until {
        Some(until) if clock.now() >= until => Poll::Ready(None),
        _ => work.as_mut().poll(context).map(Some),
    })
    .await
}

fn held_up(provider: ProviderKind, outcome: Outcome) -> ProviderError {
    let sentence = "this process was held up for so long that others gave it up";
    ProviderError::new(provider, ErrorKind::Temporary, outcome, sentence)
}

/// What came of a part, in a word.
fn outcome(claimed: &Claimed, result: &Result<Sent, ProviderError>) -> &'static str {
    let tried_again = claimed.retries == Retries::Theirs || claimed.attempt < MAX_ATTEMPTS;
    match result {
        Ok(_) => "sent",
        Err(error) if error.outcome() != Outcome::NotSent => "unknown",
        Err(error) if error.is_transient() && tried_again => "not_sent",
        Err(_) => "refused",
    }
}

fn refused(provider: ProviderKind, sentence: impl Into<Cow<'static, str>>) -> ProviderError {
    ProviderError::new(provider, ErrorKind::Configuration, Outcome::NotSent, sentence)
}

fn wait(attempt: u32, asked_for: Option<Duration>) -> Duration {
    let own = FIRST_WAIT.saturating_mul(1 << attempt.saturating_sub(1).min(16)).min(LONGEST_WAIT);
    own.max(asked_for.unwrap_or_default())
}

fn lock(pace: &Mutex<Pace>) -> std::sync::MutexGuard<'_, Pace> {
    // Counting cannot be left half done.
    pace.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
