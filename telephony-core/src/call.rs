//! Calls: what is asked for, and what became of it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::{AccountId, CallId, ProviderCallId, Reference};
use crate::message::Body;
use crate::phone::PhoneNumber;
use crate::report::{CarrierCode, Order, RawStatus};
use crate::sender::Sender;
use crate::url::HttpUrl;

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

/// What a call is told to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum CallStep {
    /// To speak a text, and to end then.
    Say {
        /// The text.
        text: Body,
        /// The language it is spoken in (BCP 47); the carrier's English when there is none.
        language: Option<String>,
    },
    /// To end.
    HangUp,
    /// Not to be answered at all, where it was not yet.
    Reject,
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

    /// The name in JSON and on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Initiated => "initiated",
            Self::Ringing => "ringing",
            Self::InProgress => "in-progress",
            Self::Canceled => "canceled",
            Self::Failed => "failed",
            Self::NoAnswer => "no-answer",
            Self::Busy => "busy",
            Self::Completed => "completed",
        }
    }
}

impl fmt::Display for CallStatus {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

/// What we asked a carrier to send back with every event of a call. It may hold the words to be
/// spoken, so `Debug` tells only its size.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClientState(String);

impl ClientState {
    /// Takes `text` as it was sent back.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ClientState {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "[{} bytes]", self.0.len())
    }
}

/// A report about a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CallUpdate {
    /// The account the call belongs to.
    pub account: AccountId,
    /// The carrier's id of the call.
    pub id: ProviderCallId,
    /// The id that the carrier gave it when it was placed, where it says so: it may be another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub placed_as: Option<ProviderCallId>,
    /// How far it has come; `None` for events that change nothing about that.
    pub status: Option<CallStatus>,
    /// What happened, in the carrier's own word.
    pub raw: RawStatus,
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
    pub client_state: Option<ClientState>,
    /// How long it lasted, in seconds, once it is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_seconds: Option<u32>,
    /// Whether the carrier waits for what the call is to do, in the answer to this report.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub asks: bool,
    /// Whether a machine answered, where that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered_by_machine: Option<bool>,
    /// Why it ended, in the carrier's code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<CarrierCode>,
    /// What we had put into the callback URL. Not every carrier signs the URL, so it can only name
    /// a call whose carrier's id is not known otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Reference>,
}

impl CallUpdate {
    /// A report of which nothing else is known.
    #[must_use]
    pub fn new(
        account: AccountId,
        id: ProviderCallId,
        status: Option<CallStatus>,
        raw: &str,
    ) -> Self {
        Self {
            account,
            id,
            placed_as: None,
            status,
            raw: RawStatus::new(raw),
            order: Order::Unknown,
            inbound: false,
            from: None,
            to: None,
            client_state: None,
            duration_seconds: None,
            asks: false,
            answered_by_machine: None,
            code: None,
            reference: None,
        }
    }
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

    fn update(status: Option<CallStatus>, order: Order) -> CallUpdate {
        let id = ProviderCallId::new("CA1").unwrap();
        let update = CallUpdate::new(AccountId::default_account(), id, status, "raw");
        CallUpdate { order, ..update }
    }

    fn plain(status: CallStatus) -> CallUpdate {
        update(Some(status), Order::Unknown)
    }

    #[test]
    fn a_call_that_is_over_stays_over() {
        let mut state = CallState::new(CallStatus::Queued);
        assert!(state.apply(&plain(CallStatus::Busy)));
        assert!(!state.apply(&plain(CallStatus::Ringing)));
        assert!(!state.apply(&plain(CallStatus::Busy)));
        assert_eq!(state.status(), CallStatus::Busy);
    }

    #[test]
    fn an_event_without_a_status_changes_nothing() {
        let mut state = CallState::new(CallStatus::InProgress);
        assert!(!state.apply(&update(None, Order::Sequence(9))));
        assert_eq!(state, CallState::new(CallStatus::InProgress));
    }

    #[test]
    fn of_two_ends_the_later_is_kept_whichever_came_first() {
        let busy = update(Some(CallStatus::Busy), Order::Sequence(4));
        let completed = update(Some(CallStatus::Completed), Order::Sequence(3));
        for updates in [[&busy, &completed], [&completed, &busy]] {
            let mut state = CallState::new(CallStatus::Queued);
            for update in updates {
                state.apply(update);
            }
            assert_eq!(state.status(), CallStatus::Busy);
        }
    }

    #[test]
    fn debug_does_not_show_what_is_spoken() {
        let mut update = plain(CallStatus::InProgress);
        update.client_state = Some(ClientState::new("c2VjcmV0"));
        assert!(format!("{update:?}").contains("[8 bytes]"));
        assert!(!format!("{update:?}").contains("c2VjcmV0"));
    }
}
