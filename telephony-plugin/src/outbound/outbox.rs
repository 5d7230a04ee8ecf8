//! The worker that sends what is written down.

mod hand_over;
mod submit;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::{Duration, Instant};

use telephony_core::config::{Account, Serve};
use telephony_core::{
    AccountId, Applied, CarrierCode, Clock, DeliveryUpdate, Entropy, HttpUrl, OutboundMessage,
    PhoneNumber, Timestamp,
};
use telephony_providers::{Error as ProviderError, ErrorKind, MessagingProvider, explain};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use self::hand_over::refused;
pub(crate) use self::hand_over::while_ours;
pub use self::submit::SubmitError;
use super::callback::StatusCallback;
use super::delivery::Delivery;
use super::ledger::{Claimed, Ledger, LedgerError, OptOutSource};
use super::limits::Limits;
use super::pace::Pace;
use crate::metrics::Metrics;
use crate::report::chain;

/// The most parts that are being sent at once.
const MAX_IN_FLIGHT: usize = 32;

/// How often is looked whether something is due when nobody says so.
const LOOK: Duration = Duration::from_secs(1);

/// How long is waited before the ledger is told again what came of a part.
const RECORD_AGAIN: Duration = Duration::from_secs(1);

/// How often is looked for what other processes have begun that ended since, where there are any.
const RECOVER_AGAIN: Duration = Duration::from_secs(5);

/// How long nothing is given up after the ledger has failed: others that could not say either what
/// came of theirs say it first.
const AFTER_FAILURE: Duration = Duration::from_secs(10);

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
}

fn lock(pace: &Mutex<Pace>) -> std::sync::MutexGuard<'_, Pace> {
    // Counting cannot be left half done.
    pace.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
