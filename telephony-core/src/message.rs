//! Messages, on their way out and on their way in.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::id::{AccountId, IdempotencyKey, ProviderMessageId};
use crate::phone::PhoneNumber;
use crate::sender::Sender;
use crate::time::Timestamp;
use crate::url::HttpUrl;

/// The most media of one message: Twilio, Telnyx and Plivo all take ten.
pub const MAX_MEDIA: usize = 10;

/// The words of a message. `Debug` tells only how many characters there are.
#[derive(Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Body(String);

impl Body {
    /// Takes `text` as the words of a message.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The words.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether there is nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "[{} characters]", self.0.chars().count())
    }
}

impl From<String> for Body {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for Body {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

/// A message to be sent: SMS, or MMS when it has media.
///
/// ```
/// use telephony_core::OutboundMessage;
///
/// let message = OutboundMessage::builder("+15550001234".parse()?)
///     .body("Your table is ready.")
///     .build()?;
/// assert!(message.media().is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct OutboundMessage {
    to: PhoneNumber,
    from: Option<Sender>,
    body: Body,
    media: Vec<HttpUrl>,
    status_callback: Option<HttpUrl>,
    idempotency_key: Option<IdempotencyKey>,
}

/// Why a message cannot be sent as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum MessageError {
    /// Neither words nor media.
    #[error("a message needs a text or a picture")]
    Empty,
    /// More than [`MAX_MEDIA`].
    #[error("a message has at most {MAX_MEDIA} media, this has {0}")]
    TooManyMedia(usize),
}

impl OutboundMessage {
    /// Starts a message to `to`.
    pub fn builder(to: PhoneNumber) -> OutboundMessageBuilder {
        OutboundMessageBuilder(Self {
            to,
            from: None,
            body: Body::default(),
            media: Vec::new(),
            status_callback: None,
            idempotency_key: None,
        })
    }

    /// Whom it goes to.
    #[must_use]
    pub const fn to(&self) -> &PhoneNumber {
        &self.to
    }

    /// Whom it comes from, when that is not the account's own number.
    #[must_use]
    pub const fn from(&self) -> Option<&Sender> {
        self.from.as_ref()
    }

    /// Its words.
    #[must_use]
    pub const fn body(&self) -> &Body {
        &self.body
    }

    /// Where the carrier fetches its media.
    #[must_use]
    pub fn media(&self) -> &[HttpUrl] {
        &self.media
    }

    /// Where the carrier posts what becomes of it.
    #[must_use]
    pub const fn status_callback(&self) -> Option<&HttpUrl> {
        self.status_callback.as_ref()
    }

    /// What makes a repeated request the same message.
    #[must_use]
    pub const fn idempotency_key(&self) -> Option<&IdempotencyKey> {
        self.idempotency_key.as_ref()
    }
}

/// Makes an [`OutboundMessage`].
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until build() is called"]
pub struct OutboundMessageBuilder(OutboundMessage);

impl OutboundMessageBuilder {
    /// The words.
    pub fn body(mut self, body: impl Into<Body>) -> Self {
        self.0.body = body.into();
        self
    }

    /// Whom it comes from.
    pub fn from(mut self, sender: impl Into<Sender>) -> Self {
        self.0.from = Some(sender.into());
        self
    }

    /// Adds a picture or other media.
    pub fn media(mut self, url: HttpUrl) -> Self {
        self.0.media.push(url);
        self
    }

    /// Where the carrier posts what becomes of it.
    pub fn status_callback(mut self, url: HttpUrl) -> Self {
        self.0.status_callback = Some(url);
        self
    }

    /// What makes a repeated request the same message.
    pub fn idempotency_key(mut self, key: IdempotencyKey) -> Self {
        self.0.idempotency_key = Some(key);
        self
    }

    /// The message.
    ///
    /// # Errors
    ///
    /// [`MessageError`] when there is nothing to send or too much.
    pub fn build(self) -> Result<OutboundMessage, MessageError> {
        let message = self.0;
        if message.body.is_empty() && message.media.is_empty() {
            return Err(MessageError::Empty);
        }
        if message.media.len() > MAX_MEDIA {
            return Err(MessageError::TooManyMedia(message.media.len()));
        }
        Ok(message)
    }
}

/// A message somebody sent to one of our numbers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct InboundMessage {
    /// The account it was sent to.
    pub account: AccountId,
    /// The carrier's id of it, by which repeats are known.
    pub id: ProviderMessageId,
    /// Who sent it. Carriers do not prove it: numbers can be spoofed.
    pub from: Sender,
    /// The number or short code it was sent to.
    pub to: Sender,
    /// Its words; empty when it has only media.
    #[serde(default)]
    pub body: Body,
    /// What comes with it, not fetched yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub media: Vec<InboundMedia>,
    /// What the carrier made of it as an opt-out keyword.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opt_out: Option<OptOut>,
    /// When we took it.
    pub received_at: Timestamp,
}

impl InboundMessage {
    /// A message without words and media.
    #[must_use]
    pub fn new(
        account: AccountId,
        id: ProviderMessageId,
        from: Sender,
        to: Sender,
        received_at: Timestamp,
    ) -> Self {
        let (body, media) = (Body::default(), Vec::new());
        Self { account, id, from, to, body, media, opt_out: None, received_at }
    }
}

/// A picture or other file that came with a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct InboundMedia {
    /// Where the carrier keeps it.
    pub url: HttpUrl,
    /// What the carrier says it is, not checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// Its size in bytes as the carrier says, not checked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
}

impl InboundMedia {
    /// A file of which only the address is known.
    #[must_use]
    pub const fn new(url: HttpUrl) -> Self {
        Self { url, content_type: None, size: None }
    }
}

/// What a carrier recognised in a message and acted on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OptOut {
    /// The sender wants no more messages.
    Stop,
    /// The sender wants messages again.
    Start,
    /// The sender asked for help and the carrier answered.
    Help,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to() -> PhoneNumber {
        PhoneNumber::parse("+15550001234").unwrap()
    }

    #[test]
    fn a_message_needs_words_or_media_and_not_too_many() {
        let picture = HttpUrl::parse("https://example.com/a.jpg").unwrap();
        let with = |count| {
            let builder = OutboundMessage::builder(to());
            (0..count).fold(builder, |builder, _| builder.media(picture.clone())).build()
        };
        assert_eq!(with(0).unwrap_err(), MessageError::Empty);
        assert!(with(1).unwrap().body().is_empty());
        assert_eq!(with(MAX_MEDIA).unwrap().media().len(), MAX_MEDIA);
        assert_eq!(with(MAX_MEDIA + 1).unwrap_err(), MessageError::TooManyMedia(MAX_MEDIA + 1));
    }

    #[test]
    fn debug_shows_neither_words_nor_numbers_nor_paths() {
        let message = OutboundMessage::builder(to())
            .body("Grüße, the code is 4711")
            .from(to())
            .status_callback(HttpUrl::parse("https://example.com/status/token-1").unwrap())
            .build()
            .unwrap();
        let debug = format!("{message:?}");
        assert!(debug.contains("[23 characters]"), "{debug}");
        for hidden in ["4711", "5550001234", "token-1"] {
            assert!(!debug.contains(hidden), "{debug}");
        }
    }
}
