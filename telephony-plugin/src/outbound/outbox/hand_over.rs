//! One part on its way to the carrier, and what is written down of it.

use std::borrow::Cow;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use telephony_core::{Clock, ProviderKind, Timestamp};
use telephony_providers::{Error as ProviderError, ErrorKind, Outcome, Sent};
use tracing::Instrument as _;

use super::super::ledger::{Claimed, LedgerError, OptOutSource};
use super::super::send::Retries;
use super::{Outbox, RECORD_AGAIN};
use crate::report::chain;

/// The most tries of a part that was not sent each time: with our own waits between them, 37 minutes.
pub(super) const MAX_ATTEMPTS: u32 = 12;

/// How long is waited before a part that was not sent is tried again: doubled each time, up to the
/// longest, and never less than the carrier asks for.
const FIRST_WAIT: Duration = Duration::from_secs(2);
const LONGEST_WAIT: Duration = Duration::from_secs(600);

impl Outbox {
    /// Everything that is logged meanwhile says which part it is about.
    pub(super) async fn send(self: Arc<Self>, claimed: Claimed) {
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

pub(super) fn refused(
    provider: ProviderKind,
    sentence: impl Into<Cow<'static, str>>,
) -> ProviderError {
    ProviderError::new(provider, ErrorKind::Configuration, Outcome::NotSent, sentence)
}

fn wait(attempt: u32, asked_for: Option<Duration>) -> Duration {
    let own = FIRST_WAIT.saturating_mul(1 << attempt.saturating_sub(1).min(16)).min(LONGEST_WAIT);
    own.max(asked_for.unwrap_or_default())
}
