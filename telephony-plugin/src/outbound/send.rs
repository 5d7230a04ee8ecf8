//! A send: what is to reach one number, in parts, for one reason.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use telephony_core::{
    AccountId, Body, DeliveryState, HttpUrl, IdempotencyKey, MessageId, PhoneNumber, ProviderKind,
    ProviderMessageId, Timestamp,
};

use super::delivery::Reported;

/// One message that is handed to the carrier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Part {
    /// The text.
    pub body: Body,
    /// Pictures and files that go along.
    pub media: Vec<HttpUrl>,
}

impl Part {
    /// A part of text alone.
    #[must_use]
    pub const fn new(body: Body, media: Vec<HttpUrl>) -> Self {
        Self { body, media }
    }
}

/// The key of a send that a host repeats by itself.
pub(super) fn queue_source(key: &IdempotencyKey) -> String {
    format!("queue {key}")
}

/// Whether what was sent for that reason answers somebody.
pub(super) fn is_answer(source: &str) -> bool {
    source.starts_with("reply ") || source.starts_with("note ")
}

/// Why something is sent. The same reason sends once, however often it is given.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source {
    /// The reply to a message. A handler that ran twice may give another: the first one counts.
    Reply(MessageId),
    /// A text of our own, by its key.
    Note(String),
    /// Somebody asked for it, under a key of theirs. The same key with another text is a mistake.
    Keyed(IdempotencyKey),
    /// A host asked for it, under the key by which it repeats a send that failed. The same key with
    /// another text is a mistake.
    Queued(IdempotencyKey),
    /// Somebody asked for it, and may ask again.
    Once,
}

/// Who tries again what was not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Retries {
    /// We do, later and by ourselves.
    Ours,
    /// Whoever asked for it does, by asking again with the same key. By ourselves we begin nothing
    /// anew, not even after a crash.
    Theirs,
}

/// A send that is not written down yet.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NewSend {
    /// The account it goes through.
    pub account: AccountId,
    /// Whom it goes to.
    pub to: PhoneNumber,
    /// Why.
    pub source: Source,
    /// What.
    pub parts: Vec<Part>,
    /// Who tries again what was not sent.
    pub retries: Retries,
    /// What was asked for, where the parts do not say it: they change with the settings.
    asked: Option<[u8; 32]>,
    /// Whose codes the reports on it will have.
    pub(super) provider: Option<ProviderKind>,
}

impl NewSend {
    /// A send.
    #[must_use]
    pub const fn new(
        account: AccountId,
        to: PhoneNumber,
        source: Source,
        parts: Vec<Part>,
    ) -> Self {
        Self { account, to, source, parts, retries: Retries::Ours, asked: None, provider: None }
    }

    /// Has this tried again by whoever asked for it.
    #[must_use]
    pub const fn retried_by_asker(mut self) -> Self {
        self.retries = Retries::Theirs;
        self
    }

    /// Says what was asked for, before it was planned: that is what the same key must come with.
    #[must_use]
    pub fn asked(mut self, text: &str, media: &[String]) -> Self {
        self.asked =
            Some(digest(&self.to, std::iter::once(text).chain(media.iter().map(String::as_str))));
        self
    }

    /// What tells it from other sends of the account; `id` is its own.
    pub(super) fn key(&self, id: &MessageId) -> String {
        match &self.source {
            Source::Reply(message) => format!("reply {message}"),
            Source::Note(key) => format!("note {key}"),
            Source::Keyed(key) => format!("key {key}"),
            Source::Queued(key) => queue_source(key),
            Source::Once => format!("once {id}"),
        }
    }

    /// What the same key must come with again.
    pub(super) fn fingerprint(&self) -> [u8; 32] {
        self.asked.unwrap_or_else(|| {
            let texts = self.parts.iter().flat_map(|Part { body, media }| {
                std::iter::once(body.as_str()).chain(media.iter().map(HttpUrl::as_str))
            });
            digest(&self.to, texts)
        })
    }
}

fn digest<'a>(to: &PhoneNumber, texts: impl Iterator<Item = &'a str>) -> [u8; 32] {
    let mut hash = Sha256::new_with_prefix(to.as_str());
    for text in texts {
        // Lengths keep the end of one from being taken for the beginning of the next.
        hash.update(text.len().to_le_bytes());
        hash.update(text);
    }
    hash.finalize().into()
}

/// What became of writing a send down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Enqueued {
    /// It is new.
    New(MessageId),
    /// Its source gave it before: nothing was added.
    Existing(MessageId),
    /// Its key came before, with something else.
    Conflict,
}

/// How far a part has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum PartState {
    /// It waits; not a byte of it has left.
    Queued,
    /// It is on its way to the carrier, or was when the process ended.
    Sending,
    /// The carrier has it.
    Sent,
    /// It was not sent and will not be.
    Refused,
    /// Whether it was sent is not known. It is never sent again by itself.
    Unknown,
    /// It was not sent, and waits for whoever asked for it to ask again.
    #[serde(rename = "not_sent")]
    NotSent,
}

/// What is known of a send.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct SendStatus {
    /// Our id of it.
    pub id: MessageId,
    /// The account it went through.
    pub account: AccountId,
    /// When it was written down.
    pub created_at: Timestamp,
    /// All of it, in one word.
    pub outcome: SendOutcome,
    /// Its parts, in order.
    pub parts: Vec<PartStatus>,
}

/// What is known of a part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PartStatus {
    /// How far it has come.
    pub state: PartState,
    /// The carrier's id of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider_id: Option<ProviderMessageId>,
    /// What the carrier reported of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivery: Option<DeliveryState>,
    /// What went wrong on the way to the phone, in words, with what to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub explanation: Option<&'static str>,
    /// Each thing that the carrier said of it, in the order in which it came.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub history: Vec<Reported>,
    /// Why it was not sent, or is not known to be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// A send in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum SendOutcome {
    /// Some part waits or is on its way.
    Pending,
    /// The carrier has all of it.
    Sent,
    /// Nothing of it was sent, nor will be.
    Refused,
    /// Nothing of it was sent; it is when that is asked for again.
    #[serde(rename = "not_sent")]
    NotSent,
    /// Whether some part was sent is not known.
    Unknown,
    /// Some of it was sent, and the rest was not.
    Partial,
}

impl SendOutcome {
    pub(super) fn of(parts: &[PartStatus]) -> Self {
        let any = |state| parts.iter().any(|part| part.state == state);
        if any(PartState::Queued) || any(PartState::Sending) {
            Self::Pending
        } else if any(PartState::Unknown) {
            Self::Unknown
        } else {
            let left = any(PartState::NotSent);
            match (any(PartState::Sent), left || any(PartState::Refused)) {
                (true, true) => Self::Partial,
                (false, true) if left => Self::NotSent,
                (false, true) => Self::Refused,
                _ => Self::Sent,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_tell_what_differs() {
        let send = |to: &str, texts: &[&str]| {
            let parts = texts.iter().map(|text| Part::new((*text).into(), Vec::new())).collect();
            let account = AccountId::default_account();
            NewSend::new(account, to.parse().unwrap(), Source::Once, parts).fingerprint()
        };
        let one = send("+15550001234", &["ab"]);
        assert_eq!(one, send("+15550001234", &["ab"]));
        for other in [
            send("+15550001235", &["ab"]),
            send("+15550001234", &["abc"]),
            send("+15550001234", &["a", "b"]),
            send("+15550001234", &["ab", ""]),
        ] {
            assert_ne!(one, other);
        }
    }

    #[test]
    fn parts_make_an_outcome() {
        use PartState as P;
        let of = |states: &[P]| {
            let part = |state: &P| PartStatus {
                state: *state,
                provider_id: None,
                delivery: None,
                explanation: None,
                history: Vec::new(),
                reason: None,
            };
            SendOutcome::of(&states.iter().map(part).collect::<Vec<_>>())
        };
        assert_eq!(of(&[P::Sent, P::Sent]), SendOutcome::Sent);
        assert_eq!(of(&[P::Sent, P::Queued]), SendOutcome::Pending);
        assert_eq!(of(&[P::Unknown, P::Sending]), SendOutcome::Pending);
        assert_eq!(of(&[P::Unknown, P::Refused]), SendOutcome::Unknown);
        assert_eq!(of(&[P::Sent, P::Refused]), SendOutcome::Partial);
        assert_eq!(of(&[P::Refused]), SendOutcome::Refused);
        assert_eq!(of(&[P::NotSent, P::NotSent]), SendOutcome::NotSent);
        assert_eq!(of(&[P::Sent, P::NotSent]), SendOutcome::Partial);
    }
}
