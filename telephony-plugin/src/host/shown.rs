//! Parts of the protocol that people are shown: how an account is, and which webhooks were not taken.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use telephony_core::{AccountId, Timestamp};
use telephony_webhook::RecentRefusal;

/// How an account is. Also told to the host when it changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountStatus {
    /// The account.
    #[schemars(with = "String")]
    pub account_id: AccountId,
    /// The provider.
    pub provider: String,
    /// The sender, if it has one of its own.
    pub from: Option<String>,
    /// Whether it is started; else it waits for a restart.
    pub running: bool,
    /// The URL for the carrier's console.
    pub webhook_url: String,
    /// When a message last came: RFC 3339.
    #[schemars(with = "Option<String>")]
    pub last_inbound_at: Option<Timestamp>,
    /// When a message last went out: RFC 3339.
    #[schemars(with = "Option<String>")]
    pub last_outbound_at: Option<Timestamp>,
}

/// A webhook that was not taken, or several that were alike.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Refused {
    /// When the last of them came: RFC 3339.
    #[schemars(with = "String")]
    pub at: Timestamp,
    /// The path it was for.
    pub path: String,
    /// Why it was not taken.
    pub reason: String,
    /// What to change.
    pub advice: String,
    /// The address that the last of them came from.
    pub peer: String,
    /// How many there were.
    pub count: u64,
}

impl From<RecentRefusal> for Refused {
    fn from(refusal: RecentRefusal) -> Self {
        let RecentRefusal { at, path, reason, advice, peer, count, .. } = refusal;
        Self { at, path, reason, advice, peer: peer.to_string(), count }
    }
}
