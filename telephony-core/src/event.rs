//! What a carrier can tell us.

use serde::{Deserialize, Serialize};

use crate::call::CallUpdate;
use crate::delivery::DeliveryUpdate;
use crate::id::AccountId;
use crate::message::InboundMessage;

/// Something a carrier told us, in no carrier's words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
#[non_exhaustive]
pub enum Event {
    /// Somebody sent us a message.
    Message(InboundMessage),
    /// Something became of a message of ours.
    Delivery(DeliveryUpdate),
    /// Something happened to a call.
    Call(CallUpdate),
}

impl Event {
    /// The account it belongs to.
    #[must_use]
    pub const fn account(&self) -> &AccountId {
        match self {
            Self::Message(message) => &message.account,
            Self::Delivery(update) => &update.account,
            Self::Call(update) => &update.account,
        }
    }
}
