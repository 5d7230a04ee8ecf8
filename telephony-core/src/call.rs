//! Calls: what is asked for, and what became of it.

use serde::{Deserialize, Serialize};

use crate::delivery::{CarrierCode, Order};
use crate::id::{AccountId, CallId, ProviderCallId};
use crate::message::{Body, HttpUrl};
use crate::phone::PhoneNumber;
use crate::sender::Sender;

/// A call to be placed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallRequest {
    /// Our id of it. A carrier that knows commands by id places it once, however often it is told.
    pub id: CallId,
    /// Whom to call.
    pub to: PhoneNumber,
    /// Whom the call comes from, when that is not the account's own number.
    pub from: Option<PhoneNumber>,
    /// What the call does when it is answered.
    pub content: CallContent,
    /// How long it may ring, in seconds.
    pub ring_seconds: Option<u32>,
    /// How long it may last, in seconds.
    pub max_duration_seconds: Option<u32>,
    /// What to do about answering machines.
    pub machine_detection: MachineDetection,
    /// Where the carrier posts what becomes of it.
    pub status_callback: Option<HttpUrl>,
    /// Where our own server answers for this call, for carriers that take no inline speech.
    pub answer_url: Option<HttpUrl>,
}

impl CallRequest {
    /// A call to `to` with the carrier's own limits and nowhere to report to.
    #[must_use]
    pub const fn new(id: CallId, to: PhoneNumber, content: CallContent) -> Self {
        Self {
            id,
            to,
            from: None,
            content,
            ring_seconds: None,
            max_duration_seconds: None,
            machine_detection: MachineDetection::Off,
            status_callback: None,
            answer_url: None,
        }
    }
}

/// What a call does when it is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CallContent {
    /// Speaks a text and hangs up.
    Say {
        /// The text.
        text: Body,
        /// The language it is spoken in (BCP 47); the carrier's English when there is none.
        language: Option<String>,
    },
    /// Follows the carrier's own call instructions at this URL.
    Url(HttpUrl),
}

/// What to do about answering machines.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum MachineDetection {
    /// Nothing.
    #[default]
    Off,
    /// Report whether a machine answered.
    Report,
    /// Hang up when a machine answered.
    Hangup,
}

/// How far a call has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum CallStatus {
    /// The provider has it.
    Queued,
    /// It is being dialled.
    Initiated,
    /// The phone rings.
    Ringing,
    /// Somebody answered.
    InProgress,
    /// Called off before anybody answered.
    Canceled,
    /// Could not be put through.
    Failed,
    /// Nobody answered.
    NoAnswer,
    /// The line was engaged.
    Busy,
    /// It was answered and is over.
    Completed,
}

impl CallStatus {
    /// How far along this is, from 0. A call never moves to a lower rank.
    #[must_use]
    pub const fn rank(self) -> u8 {
        match self {
            Self::Queued => 0,
            Self::Initiated => 1,
            Self::Ringing => 2,
            Self::InProgress => 3,
            Self::Canceled | Self::Failed | Self::NoAnswer | Self::Busy | Self::Completed => 4,
        }
    }

    /// Whether the call is over.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        self.rank() == 4
    }
}

/// A report about a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CallUpdate {
    /// The account the call belongs to.
    pub account: AccountId,
    /// The carrier's id of the call.
    pub id: ProviderCallId,
    /// How far it has come; `None` for events that change nothing about that.
    pub status: Option<CallStatus>,
    /// What happened, in the carrier's own word.
    pub raw: String,
    /// Where it stands among the reports of this call.
    #[serde(default)]
    pub order: Order,
    /// Whether they called us.
    #[serde(default)]
    pub inbound: bool,
    /// Who calls.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Sender>,
    /// Who is called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Sender>,
    /// What we asked the carrier to send back with every event of this call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_state: Option<String>,
    /// How long it lasted, in seconds, once it is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_seconds: Option<u32>,
    /// Whether a machine answered, where that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered_by_machine: Option<bool>,
    /// Why it ended, in the carrier's code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<CarrierCode>,
}

/// What is known of a call after any number of reports, in whatever order they came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CallState {
    status: CallStatus,
    order: Order,
}

impl CallState {
    /// Starts from a first status.
    #[must_use]
    pub const fn new(status: CallStatus) -> Self {
        Self { status, order: Order::Unknown }
    }

    /// Takes a report into account; whether it moved the call on. A call that is over stays over;
    /// of two ends, the one that the carrier's order puts later is kept.
    pub fn apply(&mut self, update: &CallUpdate) -> bool {
        let Some(status) = update.status else { return false };
        let next = Self { status, order: update.order };
        let advanced = next.key() > self.key();
        if advanced {
            *self = next;
        }
        advanced
    }

    /// The status.
    #[must_use]
    pub const fn status(&self) -> CallStatus {
        self.status
    }

    const fn key(&self) -> (u8, Order, CallStatus) {
        (self.status.rank(), self.order, self.status)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn update(status: CallStatus) -> CallUpdate {
        CallUpdate {
            account: AccountId::default_account(),
            id: ProviderCallId::new("CA1").unwrap(),
            status: Some(status),
            raw: String::new(),
            order: Order::Unknown,
            inbound: false,
            from: None,
            to: None,
            client_state: None,
            duration_seconds: None,
            answered_by_machine: None,
            code: None,
        }
    }

    #[test]
    fn a_call_that_is_over_stays_over() {
        let mut state = CallState::new(CallStatus::Queued);
        assert!(state.apply(&update(CallStatus::Busy)));
        assert!(!state.apply(&update(CallStatus::Ringing)));
        assert!(!state.apply(&update(CallStatus::Busy)));
        assert_eq!(state.status(), CallStatus::Busy);
    }
}
