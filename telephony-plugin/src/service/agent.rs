//! Who takes turns: a handler that answers, or a host that takes the message over.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use telephony_core::{AccountId, Body, Clock, PhoneNumber, Timestamp};
use telephony_webhook::{Inbox, Lease};
use thiserror::Error;

use super::Account;
use crate::handler::{Handler, HandlerError, Incoming};
use crate::media::Brought;
use crate::media::fetch::Fetcher;
use crate::outbound::{CallReport, Delivery};
use crate::report::chain;

/// How long is waited before the inbox is asked again whether it took a message.
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// Takes messages of people who may talk. It may be given the same one more than once, with the
/// same id: after a crash, or after it failed.
#[async_trait]
pub trait Agent: std::fmt::Debug + Send + Sync {
    /// Takes a message; the turn of its sender is over when this returns. What it returns is texted
    /// to the sender by us, and nothing by an agent that answers by itself.
    ///
    /// The message is done when this returns, or before that, from when it was
    /// [adopted](Adoption::adopt): then the sender's next message may come already.
    async fn take(
        &self,
        account: &Account,
        message: &Incoming<'_>,
        adoption: &Arc<Adoption>,
    ) -> Result<Option<Body>, HandlerError>;

    /// Hears of what is no message. It is told, and not asked for an answer.
    async fn hear(&self, _: &News) {}
}

/// What an agent is told beside messages.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum News {
    /// A message of ours has come further, or has failed.
    Delivery(Delivery),
    /// Something has happened to a call, or somebody calls.
    Call(Box<CallReport>),
    /// Somebody wants no more messages, or wants them again.
    OptOut {
        /// The account that they texted.
        account: AccountId,
        /// Who.
        number: PhoneNumber,
        /// Whether they want no more.
        is_out: bool,
    },
}

/// Answers by a handler.
#[derive(Debug)]
pub struct Answering {
    handler: Arc<dyn Handler>,
    fetcher: Option<Arc<Fetcher>>,
}

impl Answering {
    /// An agent that answers what `handler` says, which gets the files that `fetcher` fetches.
    #[must_use]
    pub fn by(handler: Arc<dyn Handler>, fetcher: Option<Arc<Fetcher>>) -> Self {
        Self { handler, fetcher }
    }
}

#[async_trait]
impl Agent for Answering {
    async fn take(
        &self,
        account: &Account,
        message: &Incoming<'_>,
        _: &Arc<Adoption>,
    ) -> Result<Option<Body>, HandlerError> {
        let Some(fetcher) = self.fetcher.as_ref().filter(|_| !message.media.is_empty()) else {
            return self.handler.answer(message).await;
        };
        let Brought { text, files } =
            fetcher.bring(&account.settings, message.id, message.text, message.media).await;
        let message = Incoming { text: &text, files: &files.0, ..*message };
        self.handler.answer(&message).await
    }
}

/// Says in the inbox that somebody else answers for a message from now on.
#[derive(Debug)]
pub struct Adoption {
    inbox: Arc<dyn Inbox>,
    clock: Arc<dyn Clock>,
    lease: Lease,
    /// When it was handed over.
    adopted: OnceLock<Timestamp>,
}

/// Why a message is not handed over. Whoever wanted it must leave it.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum AdoptError {
    /// This process was held up, and the message is somebody else's by now.
    #[error("the message is not ours to hand over any more: it comes again")]
    Lost,
}

impl Adoption {
    pub(super) fn new(inbox: Arc<dyn Inbox>, clock: Arc<dyn Clock>, lease: Lease) -> Self {
        Self { inbox, clock, lease, adopted: OnceLock::new() }
    }

    /// Hands the message over. When this returns, that is on disk. Doing it twice changes nothing.
    ///
    /// # Errors
    ///
    /// [`AdoptError`] when the message is to be left.
    pub async fn adopt(&self) -> Result<(), AdoptError> {
        if self.is_adopted() {
            return Ok(());
        }
        let now = self.clock.now();
        let mut finished = self.inbox.finish(&self.lease, now).await;
        // It may have been written although nothing said so, as when the connection is lost just
        // then. Whoever hears an error leaves the message: so nobody does before that is known.
        while let Err(error) = finished {
            let error = chain(&error);
            tracing::error!(error, "whether the inbox took it is not known; asking again");
            finished = match self.inbox.is_finished(&self.lease).await {
                Ok(false) => self.inbox.finish(&self.lease, now).await,
                known => known,
            };
            if finished.is_err() {
                tokio::time::sleep(ASK_AGAIN).await;
            }
        }
        if !matches!(finished, Ok(true)) && !self.is_adopted() {
            return Err(AdoptError::Lost);
        }
        // Whoever was first has said when.
        let _ = self.adopted.set(now);
        Ok(())
    }

    /// Whether it was handed over.
    #[must_use]
    pub fn is_adopted(&self) -> bool {
        self.adopted.get().is_some()
    }

    /// When it was handed over.
    pub(super) fn adopted_at(&self) -> Option<Timestamp> {
        self.adopted.get().copied()
    }
}

#[cfg(test)]
mod tests;
