//! The gate that every message passes before it reaches the agent.

use std::sync::Arc;

use async_trait::async_trait;
use telephony_core::config::{AllowFrom, InboundPolicy};
use telephony_core::{AccountId, Clock, Entropy, EntropyError, PhoneNumber, Sender};
use thiserror::Error;

use crate::code::PairingCode;
use crate::policy::{Access, BlockReason, Standing, standing};
use crate::store::{PairingStore, Requested, StoreError};

/// Decides whether a sender may talk to the agent.
#[async_trait]
pub trait AccessGate: std::fmt::Debug + Send + Sync {
    /// Whether `sender` may talk to the agent of `account`. May note that they asked.
    async fn check(&self, account: &AccountId, sender: &Sender) -> Result<Access, GateError>;

    /// Whether somebody has approved `number`. Nothing comes of the question.
    async fn is_approved(
        &self,
        account: &AccountId,
        number: &PhoneNumber,
    ) -> Result<bool, GateError>;
}

/// Why a gate could not decide. The sender is not let in, and the message is tried again.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum GateError {
    /// The store failed.
    #[error("whether the sender may talk cannot be looked up")]
    Store(#[from] StoreError),
    /// There is no randomness for a code.
    #[error("no pairing code can be made")]
    Entropy(#[from] EntropyError),
    /// A gate of another kind failed.
    #[error("the host did not say whether the sender may talk")]
    Host(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// The gate of a server that runs alone: the policy of one account, over a store.
#[derive(Debug)]
pub struct PolicyGate {
    policy: InboundPolicy,
    allow_from: Vec<AllowFrom>,
    store: Arc<dyn PairingStore>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

impl PolicyGate {
    /// A gate for an account with this policy and list.
    #[must_use]
    pub fn new(
        policy: InboundPolicy,
        allow_from: Vec<AllowFrom>,
        store: Arc<dyn PairingStore>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Self {
        Self { policy, allow_from, store, clock, entropy }
    }
}

#[async_trait]
impl AccessGate for PolicyGate {
    async fn check(&self, account: &AccountId, sender: &Sender) -> Result<Access, GateError> {
        let number = match standing(self.policy, &self.allow_from, sender) {
            Standing::Allowed => return Ok(Access::Allow),
            Standing::Blocked(reason) => return Ok(Access::Block(reason)),
            Standing::AskStore(number) => number,
        };
        let code = PairingCode::generate(self.entropy.as_ref())?;
        let requested = self.store.request(account, number, &code, self.clock.now()).await?;
        Ok(match requested {
            Requested::New(request) => Access::Challenge { code: request.code, new: true },
            Requested::Waiting(request) => Access::Challenge { code: request.code, new: false },
            Requested::Full => Access::Block(BlockReason::TooManyWaiting),
            Requested::Approved => Access::Allow,
        })
    }

    async fn is_approved(
        &self,
        account: &AccountId,
        number: &PhoneNumber,
    ) -> Result<bool, GateError> {
        Ok(self.store.is_approved(account, number).await?)
    }
}
