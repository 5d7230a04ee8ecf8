//! Members of JSON, by pointer (RFC 6901), for the carriers that send JSON.

use serde_json::Value;
use telephony_core::{ProviderCallId, ProviderMessageId, Sender};

use super::ParseError;

/// A payload. `null` and an empty text say nothing, so they count as missing.
pub(super) struct Payload(Value);

impl Payload {
    /// Reads a body. The parser bounds how deep it may be nested.
    pub(super) fn of(body: &[u8]) -> Result<Self, ParseError> {
        let value: Value = serde_json::from_slice(body).map_err(|_| ParseError::Json)?;
        if value.is_object() { Ok(Self(value)) } else { Err(ParseError::Json) }
    }

    pub(super) fn text(&self, pointer: &'static str) -> Result<Option<&str>, ParseError> {
        match self.0.pointer(pointer) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => {
                Ok(Some(text).filter(|text| !text.is_empty()).map(|t| &**t))
            }
            Some(_) => Err(ParseError::Malformed { field: pointer, expected: "a text" }),
        }
    }

    pub(super) fn owned(&self, pointer: &'static str) -> Result<Option<String>, ParseError> {
        Ok(self.text(pointer)?.map(str::to_owned))
    }

    pub(super) fn required(&self, pointer: &'static str) -> Result<&str, ParseError> {
        self.text(pointer)?.ok_or(ParseError::Missing(pointer))
    }

    pub(super) fn list(&self, pointer: &'static str) -> Result<&[Value], ParseError> {
        match self.0.pointer(pointer) {
            None | Some(Value::Null) => Ok(&[]),
            Some(Value::Array(items)) => Ok(items),
            Some(_) => Err(ParseError::Malformed { field: pointer, expected: "a list" }),
        }
    }

    /// A code, which may be written as a text or as a number.
    pub(super) fn code(&self, pointer: &'static str) -> Result<Option<String>, ParseError> {
        match self.0.pointer(pointer) {
            Some(Value::Number(number)) => Ok(Some(number.to_string())),
            _ => self.owned(pointer),
        }
    }

    /// A sender, which must be there and be one.
    pub(super) fn sender(&self, pointer: &'static str) -> Result<Sender, ParseError> {
        sender(self.required(pointer)?, pointer)
    }

    /// A sender, if it is there and is one: calls may come from what is none.
    pub(super) fn sender_if_any(
        &self,
        pointer: &'static str,
    ) -> Result<Option<Sender>, ParseError> {
        Ok(self.text(pointer)?.and_then(|text| Sender::parse(text).ok()))
    }

    pub(super) fn message_id(
        &self,
        pointer: &'static str,
    ) -> Result<ProviderMessageId, ParseError> {
        ProviderMessageId::new(self.required(pointer)?)
            .map_err(|_| ParseError::Malformed { field: pointer, expected: "the id of a message" })
    }

    pub(super) fn call_id(&self, pointer: &'static str) -> Result<ProviderCallId, ParseError> {
        ProviderCallId::new(self.required(pointer)?)
            .map_err(|_| ParseError::Malformed { field: pointer, expected: "the id of a call" })
    }
}

pub(super) fn sender(text: &str, field: &'static str) -> Result<Sender, ParseError> {
    let expected = "a phone number, a short code or a sender's name";
    Sender::parse(text).map_err(|_| ParseError::Malformed { field, expected })
}
