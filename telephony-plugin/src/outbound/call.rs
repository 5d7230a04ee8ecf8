//! A call: what is asked for, and what is known of it.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use telephony_core::{
    AccountId, CallContent, CallId, CallState, CallStatus, CarrierCode, IdempotencyKey,
    MachineDetection, PhoneNumber, ProviderCallId, ProviderKind, RawStatus, Reference, Sender,
    Timestamp,
};

/// The most events that are kept of a call: no carrier tells so many.
pub(super) const MAX_EVENTS: usize = 32;

/// A call that is not written down yet.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct NewCall {
    /// Our id of it.
    pub id: CallId,
    /// The account it goes through.
    pub account: AccountId,
    /// Who carries it.
    pub provider: ProviderKind,
    /// Whom it goes to.
    pub to: PhoneNumber,
    /// What it does when it is answered.
    pub content: CallContent,
    /// What is done when a machine answers.
    pub machine_detection: MachineDetection,
    /// What the carrier's reports on it carry.
    pub reference: Reference,
    /// The key under which somebody asked for it.
    pub key: Option<IdempotencyKey>,
    /// What they asked for, as they wrote it: the same key must come with the same.
    pub asked: String,
}

impl NewCall {
    /// What is said, where words are said.
    pub(super) fn said(&self) -> Option<Said> {
        match &self.content {
            CallContent::Say { text, language } => {
                Some(Said { text: text.as_str().to_owned(), language: language.clone() })
            }
            _ => None,
        }
    }

    /// What the same key must come with.
    pub(super) fn fingerprint(&self) -> Vec<u8> {
        Sha256::digest(&self.asked).to_vec()
    }
}

/// Words of a call, as they are kept until it has said them.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Said {
    pub(crate) text: String,
    pub(crate) language: Option<String>,
}

/// What came of asking for a call.
#[derive(Debug)]
pub(crate) enum Opened {
    /// It is written down, and to be placed.
    New,
    /// The same was asked for before.
    Known(Box<CallRecord>),
    /// Another was, under this key.
    Conflict,
}

/// Who calls whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Direction {
    /// Somebody calls us.
    Inbound,
    /// We call somebody.
    Outbound,
}

/// Whether the carrier has a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CallOutcome {
    /// It is being asked.
    Pending,
    /// It has it.
    Placed,
    /// It was not placed and will not be.
    Refused,
    /// It was not placed, and may be when it is asked for again.
    NotPlaced,
    /// Nobody knows: the phone may have rung.
    Unknown,
}

/// Something that happened to a call, and when we heard of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CallEvent {
    /// When we heard of it.
    pub at: Timestamp,
    /// How far the call was then, where the event says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<CallStatus>,
    /// What happened, in the carrier's word.
    pub raw: RawStatus,
}

/// What is known of a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct CallRecord {
    /// Our id of it.
    pub id: CallId,
    /// The account.
    pub account: AccountId,
    /// Who calls whom.
    pub direction: Direction,
    /// Who is called, or calls; `None` of somebody who hides their number.
    pub number: Option<Sender>,
    /// When we first knew of it.
    pub created_at: Timestamp,
    /// Whether the carrier has it.
    pub outcome: CallOutcome,
    /// The carrier's id of it.
    pub provider_id: Option<ProviderCallId>,
    /// How far it has come.
    pub status: Option<CallStatus>,
    /// Whether a machine answered, where that was asked for.
    pub answered_by_machine: Option<bool>,
    /// How long it lasted, in seconds.
    pub duration_seconds: Option<u32>,
    /// Why it ended, in the carrier's code.
    pub code: Option<CarrierCode>,
    /// What became of it, where somebody calls us.
    pub reception: Option<Reception>,
    /// Why it was not placed, nobody knows, or it did not go on.
    pub reason: Option<String>,
    /// What the carrier told of it, in the order in which it came.
    pub history: Vec<CallEvent>,
}

impl CallRecord {
    /// Whether nothing more will happen to it.
    #[must_use]
    pub fn is_over(&self) -> bool {
        match self.outcome {
            CallOutcome::Refused | CallOutcome::NotPlaced => true,
            _ => self.status.is_some_and(CallStatus::is_terminal),
        }
    }
}

/// How far a call has come. Telnyx ends calls "normally" that nobody has answered, as when whoever
/// called hangs up: such a call was called off.
pub(super) fn status(
    provider: Option<ProviderKind>,
    state: Option<CallState>,
    history: &[CallEvent],
) -> Option<CallStatus> {
    let status = state?.status();
    let has = |is_so: fn(&CallEvent) -> bool| history.iter().any(is_so);
    let called_off = provider == Some(ProviderKind::Telnyx)
        && status == CallStatus::Completed
        // Who only asks whether a call is alive is not told how it ended.
        && has(|event| event.raw.as_str() == "call.hangup")
        && !has(|event| event.status == Some(CallStatus::InProgress));
    Some(if called_off { CallStatus::Canceled } else { status })
}

/// What became of somebody's call to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Reception {
    /// They heard the sentence that asks them to text.
    Answered,
    /// It was rejected.
    Rejected,
}

/// What a report has done to a call.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallReport {
    /// What is known of it now.
    pub call: CallRecord,
    /// Whether it was not known before: somebody calls.
    pub is_new: bool,
    /// Whether it is further now, or is seen to have ended otherwise than it seemed.
    pub advanced: bool,
    /// What is done when a machine answers.
    pub machine_detection: MachineDetection,
}
