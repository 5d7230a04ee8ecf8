//! Whom a message comes from: a number, a short code or a name.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

use crate::phone::PhoneNumber;

/// The most characters of a sender's name: eleven septets are what an address field holds
/// (3GPP TS 23.040, clause 9.1.2.5).
pub const MAX_NAME_CHARACTERS: usize = 11;

/// The digits of a short code: 5 or 6 in North America, 3 to 8 elsewhere. No national plan agreed
/// on abroad bounds them, so the range is what is in use.
const SHORT_CODE_DIGITS: std::ops::RangeInclusive<usize> = 3..=8;

/// Whom a message comes from, or as whom it is sent.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Sender {
    /// A phone number in E.164 form.
    Number(PhoneNumber),
    /// A short code.
    ShortCode(ShortCode),
    /// A name, which cannot be answered.
    Alphanumeric(SenderName),
}

/// A short code: three to eight digits without a country code.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShortCode(String);

/// A name in place of a number: at most [`MAX_NAME_CHARACTERS`] letters, digits, spaces and marks,
/// with at least one letter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SenderName(String);

/// Why a text is not a sender. Never holds the text itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SenderError {
    /// There is nothing.
    #[error("a sender is missing")]
    Empty,
    /// Neither a number nor a short code nor a name of at most eleven characters.
    #[error(
        "a sender is a number with + and country code, a short code of 3 to 8 digits, or a name \
         of at most {MAX_NAME_CHARACTERS} letters, digits, spaces and marks with at least one letter"
    )]
    Malformed,
}

impl ShortCode {
    fn new(text: &str) -> Option<Self> {
        let is_code = SHORT_CODE_DIGITS.contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_digit());
        is_code.then(|| Self(text.to_owned()))
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl SenderName {
    fn new(text: &str) -> Option<Self> {
        // Letters of any script: networks outside GSM's alphabet deliver them. What is unseen
        // could make one name look like another in a log.
        let is_name = text.chars().count() <= MAX_NAME_CHARACTERS
            && text.chars().any(char::is_alphabetic)
            && text.chars().all(|character| {
                character.is_alphanumeric() || character == ' ' || character.is_ascii_punctuation()
            });
        is_name.then(|| Self(text.to_owned()))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Sender {
    /// Reads a sender as a carrier names it. Digits alone are a short code when there are at most
    /// eight, and else a number whose `+` was left out. A carrier that leaves the `+` out of short
    /// numbers too must be read with [`PhoneNumber::from_international_digits`] first.
    ///
    /// # Errors
    ///
    /// [`SenderError`] when the text is none of the three.
    pub fn parse(text: &str) -> Result<Self, SenderError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(SenderError::Empty);
        }
        if text.starts_with('+') {
            return PhoneNumber::parse(text).map(Self::Number).map_err(|_| SenderError::Malformed);
        }
        let number = || PhoneNumber::from_international_digits(text).ok().map(Self::Number);
        ShortCode::new(text)
            .map(Self::ShortCode)
            .or_else(number)
            .or_else(|| SenderName::new(text).map(Self::Alphanumeric))
            .ok_or(SenderError::Malformed)
    }

    /// The number, if this is one.
    #[must_use]
    pub const fn number(&self) -> Option<&PhoneNumber> {
        match self {
            Self::Number(number) => Some(number),
            Self::ShortCode(_) | Self::Alphanumeric(_) => None,
        }
    }

    /// Whether a person may be behind it. Short codes and names are machines: they are never
    /// challenged or answered.
    #[must_use]
    pub const fn can_be_answered(&self) -> bool {
        matches!(self, Self::Number(_))
    }

    /// The sender as carriers take it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Number(number) => number.as_str(),
            Self::ShortCode(code) => code.as_str(),
            Self::Alphanumeric(name) => name.as_str(),
        }
    }

    /// The sender as logs and errors may show it. Short codes and names belong to companies and
    /// are shown whole.
    #[must_use]
    pub fn masked(&self) -> String {
        match self {
            Self::Number(number) => number.masked(),
            Self::ShortCode(_) | Self::Alphanumeric(_) => self.as_str().to_owned(),
        }
    }
}

impl From<PhoneNumber> for Sender {
    fn from(number: PhoneNumber) -> Self {
        Self::Number(number)
    }
}

impl std::str::FromStr for Sender {
    type Err = SenderError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Display for Sender {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

impl fmt::Debug for Sender {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.masked())
    }
}

impl Serialize for Sender {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Sender {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(text: &str) -> &'static str {
        match Sender::parse(text) {
            Ok(Sender::Number(_)) => "number",
            Ok(Sender::ShortCode(_)) => "code",
            Ok(Sender::Alphanumeric(_)) => "name",
            Err(SenderError::Empty) => "empty",
            Err(SenderError::Malformed) => "malformed",
        }
    }

    #[test]
    fn the_three_kinds_are_told_apart() {
        for (text, expected) in [
            ("+15550001234", "number"),
            ("+1 (555) 000-1234", "number"),
            ("15550001234", "number"),
            (" 72345 ", "code"),
            ("911", "code"),
            ("12345678", "code"),
            ("Acme Inc", "name"),
            ("7Eleven", "name"),
            ("A&B-C.D_E!", "name"),
            ("Café", "name"),
            ("x", "name"),
            (" ", "empty"),
            ("12", "malformed"),
            ("0123456789", "malformed"),
            ("+12", "malformed"),
            ("+1555x", "malformed"),
            ("555 1234", "malformed"),
            ("-", "malformed"),
            ("Acme Incorporated", "malformed"),
            ("Acme\nInc", "malformed"),
            ("Acme\u{202E}", "malformed"),
        ] {
            assert_eq!(kind(text), expected, "{text:?}");
        }
    }

    #[test]
    fn numbers_are_masked_and_codes_are_not() {
        assert_eq!(format!("{:?}", Sender::parse("+15550001234").unwrap()), "+1…1234");
        assert_eq!(format!("{:?}", Sender::parse("72345").unwrap()), "72345");
    }

    #[test]
    fn only_numbers_are_answered() {
        assert!(Sender::parse("+15550001234").unwrap().can_be_answered());
        assert!(!Sender::parse("72345").unwrap().can_be_answered());
        assert!(!Sender::parse("Acme").unwrap().can_be_answered());
    }
}
