//! Who may talk, as the host decides it.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::json;
use telephony_core::{AccountId, Clock, PhoneNumber, Sender};
use telephony_pairing::{Access, AccessGate, BlockReason, GateError, PairingCode};

use super::challenges::Challenges;
use super::protocol::{AccessDecision, Approved};
use crate::rpc::Connection;

/// Asks the host, which has a list, a store and policies of its own for all its channels.
#[derive(Debug)]
pub struct HostGate {
    connection: Connection,
    challenges: Challenges,
    clock: Arc<dyn Clock>,
}

impl HostGate {
    /// A gate that asks over `connection`, and notes in `challenges` who is to be told a code.
    #[must_use]
    pub const fn new(
        connection: Connection,
        challenges: Challenges,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { connection, challenges, clock }
    }
}

#[async_trait]
impl AccessGate for HostGate {
    async fn check(&self, account: &AccountId, sender: &Sender) -> Result<Access, GateError> {
        // Short codes and names are machines: nobody is asked about them, and no code is sent.
        let Some(number) = sender.number() else {
            return Ok(Access::Block(BlockReason::NotAPerson));
        };
        let params = json!({ "accountId": account, "from": number.as_str() });
        let answer = self.connection.call("access.check", &params).await;
        let answer = answer.map_err(|error| GateError::Host(error.into()))?;
        let decision: AccessDecision =
            serde_json::from_value(answer).map_err(|error| GateError::Host(error.into()))?;
        let code = match decision {
            AccessDecision::Allow => return Ok(Access::Allow),
            AccessDecision::Block { reason } => {
                tracing::debug!(account_id = %account, reason, "the host does not let them in");
                return Ok(Access::Block(BlockReason::Host));
            }
            AccessDecision::Challenge { code } => code,
        };
        let code = PairingCode::parse(&code).map_err(|error| GateError::Host(error.into()))?;
        let new = self.challenges.add(account, number, &code, self.clock.now()).await;
        let new = new.map_err(|error| GateError::Host(error.into()))?;
        Ok(Access::Challenge { code, new })
    }

    async fn is_approved(
        &self,
        account: &AccountId,
        number: &PhoneNumber,
    ) -> Result<bool, GateError> {
        let params = json!({ "accountId": account, "from": number.as_str() });
        let answer = self.connection.call("access.approved", &params).await;
        let answer = answer.map_err(|error| GateError::Host(error.into()))?;
        let Approved { approved } =
            serde_json::from_value(answer).map_err(|error| GateError::Host(error.into()))?;
        Ok(approved)
    }
}
