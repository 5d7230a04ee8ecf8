//! Writing down what is to be sent, and waiting for what comes of it.

use std::time::Duration;
use telephony_core::{EntropyError, IdError, MessageId, Reference, Token};
use thiserror::Error;

use super::super::ledger::LedgerError;
use super::super::send::{Enqueued, NewSend, SendOutcome, SendStatus};
use super::{LOOK, Outbox, RECORD_AGAIN};
use crate::report::chain;

/// How often a send is written down again that may be.
const MOST_ENQUEUED_AGAIN: u32 = 2;

/// How often the ledger may fail in a row while somebody waits for a send.
const MOST_FAILURES: u32 = 10;

/// Why a send was not written down.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SubmitError {
    /// The database failed, and nothing is written down.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The database was lost: it may be written down, and is sent then.
    #[error("the ledger of what is sent was lost: it may be sent all the same")]
    Unsure(#[source] LedgerError),
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
    ) -> Result<Enqueued, SubmitError> {
        let now = self.clock.now();
        let mut again = MOST_ENQUEUED_AGAIN;
        let mut is_unsure = false;
        loop {
            let (id, send, references) = (id.clone(), send.clone(), references.clone());
            let error = match self.ledger.enqueue(id, send, references, now).await {
                Ok(enqueued) => return Ok(enqueued),
                Err(error) => error,
            };
            is_unsure |= error.may_be_done();
            if again == 0 || !self.ledger.is_shared() {
                return Err(match is_unsure {
                    true => SubmitError::Unsure(error),
                    false => SubmitError::Ledger(error),
                });
            }
            again -= 1;
            let error = chain(&error);
            tracing::warn!(error, "a send is not written down; trying again");
            tokio::time::sleep(RECORD_AGAIN).await;
        }
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
}
