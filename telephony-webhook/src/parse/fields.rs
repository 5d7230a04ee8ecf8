//! The fields of a form, for the carriers that send forms.

use telephony_core::{HttpUrl, InboundMedia, MAX_MEDIA, ProviderCallId, ProviderMessageId, Sender};

use super::{ParseError, media_type};
use crate::form::Form;
use crate::request::{Request, Verified};

/// The fields of a form. An empty field is one that says nothing, so it counts as missing.
pub(super) struct Fields<'a>(&'a Form);

impl<'a> Fields<'a> {
    pub(super) fn of(request: &'a Request<Verified>) -> Result<Self, ParseError> {
        request.raw_form().map(Self).map_err(|_| ParseError::TooManyFields)
    }

    pub(super) fn get(&self, name: &'static str) -> Result<Option<&str>, ParseError> {
        let value = self.0.one(name).map_err(|_| ParseError::Contradiction(name))?;
        Ok(value.filter(|value| !value.is_empty()))
    }

    pub(super) fn owned(&self, name: &'static str) -> Result<Option<String>, ParseError> {
        Ok(self.get(name)?.map(str::to_owned))
    }

    pub(super) fn required(&self, name: &'static str) -> Result<&str, ParseError> {
        self.get(name)?.ok_or(ParseError::Missing(name))
    }

    pub(super) fn number<T: std::str::FromStr>(
        &self,
        name: &'static str,
    ) -> Result<Option<T>, ParseError> {
        let expected = "a whole number";
        let read =
            |text: &str| text.parse().map_err(|_| ParseError::Malformed { field: name, expected });
        self.get(name)?.map(read).transpose()
    }

    /// A sender, which must be there and be one.
    pub(super) fn sender(
        &self,
        name: &'static str,
        read: fn(&str) -> Option<Sender>,
    ) -> Result<Sender, ParseError> {
        let expected = "a phone number, a short code or a sender's name";
        read(self.required(name)?).ok_or(ParseError::Malformed { field: name, expected })
    }

    /// The number or short code that was written to. Names are not written to, so one would be a
    /// piece of another field, as [`message_id`](Self::message_id) says.
    pub(super) fn recipient(
        &self,
        name: &'static str,
        read: fn(&str) -> Option<Sender>,
    ) -> Result<Sender, ParseError> {
        let expected = "a phone number or a short code";
        read(self.required(name)?)
            .filter(|recipient| !matches!(recipient, Sender::Alphanumeric(_)))
            .ok_or(ParseError::Malformed { field: name, expected })
    }

    /// A sender, if it is there and is one: calls may come from what is none.
    pub(super) fn sender_if_any(
        &self,
        name: &'static str,
        read: fn(&str) -> Option<Sender>,
    ) -> Result<Option<Sender>, ParseError> {
        Ok(self.get(name)?.and_then(read))
    }

    /// The id of a message, in the shape that the carrier's ids have.
    ///
    /// The carriers' signatures do not say where a name ends and its value begins, so a value that
    /// does not look like one may be a piece of another field.
    pub(super) fn message_id(
        &self,
        name: &'static str,
        shape: fn(&str) -> bool,
    ) -> Result<ProviderMessageId, ParseError> {
        let text = self.required(name)?;
        let id = ProviderMessageId::new(text).ok().filter(|id| shape(id.as_str()));
        id.ok_or(ParseError::Malformed { field: name, expected: "the id of a message" })
    }

    /// The id of a call, likewise.
    pub(super) fn call_id(
        &self,
        name: &'static str,
        shape: fn(&str) -> bool,
    ) -> Result<ProviderCallId, ParseError> {
        let text = self.required(name)?;
        let id = ProviderCallId::new(text).ok().filter(|id| shape(id.as_str()));
        id.ok_or(ParseError::Malformed { field: name, expected: "the id of a call" })
    }

    /// The media whose URLs are under `url`, and whose types under `content_type`, each followed by
    /// a number from 0. Carriers differ about where they begin to count, so a gap is no end.
    pub(super) fn media(
        &self,
        url: &'static str,
        content_type: Option<&'static str>,
    ) -> Result<Vec<InboundMedia>, ParseError> {
        let numbered = |name: &'static str, index: usize| {
            let value = self.0.one(&format!("{name}{index}"));
            value.map_err(|_| ParseError::Contradiction(name))
        };
        let mut media = Vec::new();
        // Few messages have any, and each of these names is looked for in all fields.
        if !self.0.iter().any(|(name, _)| name.starts_with(url)) {
            return Ok(media);
        }
        for index in 0..=MAX_MEDIA {
            let address = numbered(url, index)?.and_then(|address| HttpUrl::parse(address).ok());
            let Some(address) = address.filter(|_| media.len() < MAX_MEDIA) else { continue };
            let mut item = InboundMedia::new(address);
            if let Some(name) = content_type {
                item.content_type = numbered(name, index)?.and_then(media_type);
            }
            media.push(item);
        }
        Ok(media)
    }
}
