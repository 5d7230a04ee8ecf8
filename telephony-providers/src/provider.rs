//! What every provider can be asked to do, and what it can do at all.

use std::fmt;

use async_trait::async_trait;
use serde::Serialize;
use telephony_core::{
    CallContent, CallRequest, CallStatus, CallStep, CallUpdate, OutboundMessage, ProviderCallId,
    ProviderKind, ProviderMessageId, RawStatus, StatusReport,
};
use telephony_sms::Encoding;

use crate::error::{Error, ErrorKind};

/// Sends messages, and tells what became of them.
#[async_trait]
pub trait MessagingProvider: fmt::Debug + Send + Sync {
    /// Which provider it is.
    fn kind(&self) -> ProviderKind;

    /// What it can do.
    fn capabilities(&self) -> Capabilities;

    /// Sends a message: SMS, or MMS when it has media.
    ///
    /// # Errors
    ///
    /// [`Error::outcome`] says whether it may have been sent all the same. A message of which that
    /// is unknown is never sent again by itself.
    async fn send(&self, message: &OutboundMessage) -> Result<Sent, Error>;

    /// Asks what became of a message.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) when the provider does not know it, or
    /// not any more.
    async fn fetch(&self, id: &ProviderMessageId) -> Result<StatusReport, Error>;
}

/// Places calls, and tells what became of them.
#[async_trait]
pub trait VoiceProvider: fmt::Debug + Send + Sync {
    /// Places a call.
    ///
    /// # Errors
    ///
    /// [`Error::outcome`] says whether the phone may ring all the same.
    async fn place(&self, request: &CallRequest) -> Result<PlacedCall, Error>;

    /// Asks how far a call has come.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::NotFound`](crate::ErrorKind::NotFound) when the provider does not know it, or
    /// not any more.
    async fn inspect(&self, id: &ProviderCallId) -> Result<CallSnapshot, Error>;

    /// Ends a call. That it is over already is no error of ours to make up for.
    ///
    /// # Errors
    ///
    /// [`Error`] says why it could not be ended.
    async fn hang_up(&self, id: &ProviderCallId) -> Result<(), Error>;

    /// What a provider is answered that asks our server what a call is to do; `None` where it does
    /// not ask.
    fn document(&self, _: &CallStep) -> Option<CallDocument> {
        None
    }

    /// Has a call go on after an event of it, where the provider does not ask and is told. What the
    /// call is to say comes back with the event; somebody who calls us gets `inbound`. Told twice
    /// after one event, it is done once.
    ///
    /// # Errors
    ///
    /// [`Error`] says why the call does not go on.
    async fn follow(&self, _: &CallUpdate, _inbound: &CallStep) -> Result<(), Error> {
        Ok(())
    }
}

/// What a provider is answered that asks what a call is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallDocument {
    /// The value of `Content-Type`.
    pub content_type: &'static str,
    /// The document. It may hold the words that are spoken.
    pub body: String,
}

impl CallDocument {
    /// An XML document.
    pub(crate) fn xml(elements: &str) -> Self {
        let body = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>{elements}");
        Self { content_type: "text/xml", body }
    }
}

/// How a call comes to say something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Speech {
    /// The words are sent with the call.
    Inline,
    /// Our server tells the provider when the events of the call reach it.
    Commanded,
    /// The provider asks our server once the call is answered.
    Asked,
}

/// What a provider can do, as data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct Capabilities {
    /// Whether pictures can be sent.
    pub mms: bool,
    /// The most characters of a text that GSM-7 can write.
    pub gsm7_characters: u32,
    /// The most UCS-2 units of one that it cannot.
    pub ucs2_units: u32,
    /// The most segments of a text in either encoding, where segments are counted as well: GSM-7
    /// writes some characters as two, so that few characters may need many.
    pub segments: Option<u32>,
    /// The most media of one message.
    pub media_count: u32,
    /// The most bytes of all media of one message.
    pub media_total_bytes: u64,
    /// The most bytes of one JPEG, PNG or GIF.
    pub media_picture_bytes: u64,
    /// The most bytes of one of anything else.
    pub media_other_bytes: u64,
    /// The most characters that a call can be given to say.
    pub speech_characters: u32,
    /// How a call comes to say something.
    pub speech: Speech,
    /// Whether a call is placed once, however often it is asked for under one id.
    pub idempotent_calls: bool,
}

impl Capabilities {
    /// Refuses a call that would say more than `provider` takes, before anything leaves.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TooLong`] names the limit.
    pub fn check_call(&self, provider: ProviderKind, request: &CallRequest) -> Result<(), Error> {
        let CallContent::Say { text, .. } = &request.content else { return Ok(()) };
        let (length, most) = (text.as_str().chars().count(), self.speech_characters);
        if length <= most as usize {
            return Ok(());
        }
        let sentence = format!("the call would say {length} characters, at most {most}: cut it");
        Err(Error::refused(provider, ErrorKind::TooLong, sentence))
    }

    /// Refuses a message that `provider` would refuse, before anything leaves.
    pub(crate) fn check(
        &self,
        provider: ProviderKind,
        message: &OutboundMessage,
    ) -> Result<(), Error> {
        let refuse = |kind, sentence| Err(Error::refused(provider, kind, sentence));
        let media = message.media().len();
        if media > 0 && !self.mms {
            return refuse(ErrorKind::InvalidContent, "it sends no media: leave them out".into());
        }
        if media > self.media_count as usize {
            let most = self.media_count;
            let sentence = format!("a message has at most {most} media: send several messages");
            return refuse(ErrorKind::InvalidContent, sentence);
        }
        let text = message.body().as_str();
        let analysis = telephony_sms::analyze(text);
        let (length, most, unit) = match analysis.encoding {
            Encoding::Gsm7 => (text.chars().count(), self.gsm7_characters, "characters"),
            Encoding::Ucs2 => (analysis.units, self.ucs2_units, "UCS-2 units"),
        };
        let segments = (analysis.segments, self.segments.unwrap_or(u32::MAX), "segments");
        for (length, most, unit) in [(length, most, unit), segments] {
            if length > most as usize {
                let sentence = format!("the text has {length} {unit}, at most {most}: cut it");
                return refuse(ErrorKind::TooLong, sentence);
            }
        }
        Ok(())
    }
}

/// A message that a provider took.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sent {
    /// The provider's id of it.
    pub id: ProviderMessageId,
    /// What it says of it so far.
    pub report: StatusReport,
    /// The segments it bills, where it says so at once.
    pub segments: Option<u32>,
}

impl Sent {
    /// A message of which only this is known.
    #[must_use]
    pub const fn new(id: ProviderMessageId, report: StatusReport) -> Self {
        Self { id, report, segments: None }
    }
}

/// A call that a provider took.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PlacedCall {
    /// The provider's id of it.
    pub id: ProviderCallId,
    /// How far it has come.
    pub status: CallStatus,
}

impl PlacedCall {
    /// A call that was placed just now.
    #[must_use]
    pub const fn new(id: ProviderCallId, status: CallStatus) -> Self {
        Self { id, status }
    }
}

/// A call at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallSnapshot {
    /// How far it has come.
    pub status: CallStatus,
    /// That, in the provider's own word.
    pub raw: RawStatus,
    /// How long it lasted, in seconds, once it is over.
    pub duration_seconds: Option<u32>,
}

impl CallSnapshot {
    /// A call of which only this is known.
    #[must_use]
    pub const fn new(status: CallStatus, raw: RawStatus) -> Self {
        Self { status, raw, duration_seconds: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Outcome;

    const ALL: Capabilities = Capabilities {
        mms: true,
        gsm7_characters: 1530,
        ucs2_units: 670,
        segments: Some(10),
        media_count: 2,
        media_total_bytes: 1_000_000,
        media_picture_bytes: 1_000_000,
        media_other_bytes: 1_000_000,
        speech_characters: 3000,
        speech: Speech::Inline,
        idempotent_calls: false,
    };

    fn checked(capabilities: &Capabilities, text: &str, media: usize) -> Option<ErrorKind> {
        let mut message = OutboundMessage::builder("+15550001234".parse().unwrap()).body(text);
        for _ in 0..media {
            message = message.media("https://example.com/cat.jpg".parse().unwrap());
        }
        let result = capabilities.check(ProviderKind::Mock, &message.build().unwrap());
        result.err().map(|error| {
            assert_eq!(error.outcome(), Outcome::NotSent);
            error.kind()
        })
    }

    #[test]
    fn media_that_are_too_many_or_not_taken_at_all_are_refused() {
        assert_eq!(checked(&ALL, "", 2), None);
        assert_eq!(checked(&ALL, "", 3), Some(ErrorKind::InvalidContent));
        let sms = Capabilities { mms: false, ..ALL };
        assert_eq!(checked(&sms, "Hello", 0), None);
        assert_eq!(checked(&sms, "Hello", 1), Some(ErrorKind::InvalidContent));
    }

    #[test]
    fn texts_are_measured_in_the_encoding_they_need() {
        let unsegmented = Capabilities { segments: None, ..ALL };
        for (character, count, capabilities, fits) in [
            ("a", 1530, ALL, true),
            ("a", 1531, ALL, false),
            // 67 to a segment, or one of 70; a surrogate pair is two.
            ("漢", 670, ALL, true),
            ("漢", 671, ALL, false),
            ("😀", 330, ALL, true),
            ("😀", 331, ALL, false),
            ("😀", 335, unsegmented, true),
            ("😀", 336, unsegmented, false),
            // Two septets each and never cut in two: 76 to a segment.
            ("€", 760, ALL, true),
            ("€", 761, ALL, false),
            ("€", 1530, unsegmented, true),
            ("€", 1531, unsegmented, false),
        ] {
            let found = checked(&capabilities, &character.repeat(count), 0);
            let expected = (!fits).then_some(ErrorKind::TooLong);
            assert_eq!(found, expected, "{count} times {character}");
        }
    }
}
