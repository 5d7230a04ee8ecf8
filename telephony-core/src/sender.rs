//! Whom a message comes from: a number, a short code or a name.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

use crate::phone::PhoneNumber;

/// The most characters of an alphanumeric sender: eleven septets are what an address field holds
/// (3GPP TS 23.040, clause 9.1.2.5).
const MAX_ALPHANUMERIC: usize = 11;

/// The digits of short codes, 3 to 6 in most countries; up to 8 exist (Australia).
const SHORT_CODE_DIGITS: std::ops::RangeInclusive<usize> = 3..=8;

/// Whom a message comes from, or as whom it is sent.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Sender {
    /// A phone number in E.164 form.
    Number(PhoneNumber),
    /// A short code: digits without a country code.
    ShortCode(String),
    /// A name of up to eleven characters, which cannot be answered.
    Alphanumeric(String),
}

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
         of at most {MAX_ALPHANUMERIC} letters, digits and spaces with at least one letter"
    )]
    Malformed,
}

impl Sender {
    /// Reads a sender as a carrier names it. Digits alone are a short code when there are at most
    /// eight, and else a number whose `+` was left out.
    ///
    /// # Errors
    ///
    /// [`SenderError`] when the text is none of the three.
    pub fn parse(text: &str) -> Result<Self, SenderError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(SenderError::Empty);
        }
        if let Some(digits) = text.strip_prefix('+') {
            let number = PhoneNumber::from_international_digits(digits)
                .or_else(|_| PhoneNumber::parse(text));
            return number.map(Self::Number).map_err(|_| SenderError::Malformed);
        }
        if text.bytes().all(|byte| byte.is_ascii_digit()) {
            return if SHORT_CODE_DIGITS.contains(&text.len()) {
                Ok(Self::ShortCode(text.to_owned()))
            } else {
                let number = PhoneNumber::from_international_digits(text);
                number.map(Self::Number).map_err(|_| SenderError::Malformed)
            };
        }
        let plain = |character: char| !character.is_control();
        if text.chars().count() <= MAX_ALPHANUMERIC
            && text.chars().any(char::is_alphabetic)
            && text.chars().all(plain)
        {
            return Ok(Self::Alphanumeric(text.to_owned()));
        }
        Err(SenderError::Malformed)
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
            Self::ShortCode(text) | Self::Alphanumeric(text) => text,
        }
    }

    /// The sender as logs and errors may show it. Short codes and names belong to companies and
    /// are shown whole.
    #[must_use]
    pub fn masked(&self) -> String {
        match self {
            Self::Number(number) => number.masked(),
            Self::ShortCode(text) | Self::Alphanumeric(text) => text.clone(),
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

    #[test]
    fn the_three_kinds_are_told_apart() {
        let number = |text: &str| Sender::Number(text.parse().unwrap());
        assert_eq!(Sender::parse("+15550001234"), Ok(number("+15550001234")));
        assert_eq!(Sender::parse("15550001234"), Ok(number("+15550001234")));
        assert_eq!(Sender::parse("72345"), Ok(Sender::ShortCode("72345".into())));
        assert_eq!(Sender::parse("Acme Inc"), Ok(Sender::Alphanumeric("Acme Inc".into())));
        for text in ["12", "Acme Incorporated", "-", "+12", "+1555x"] {
            assert_eq!(Sender::parse(text), Err(SenderError::Malformed), "{text}");
        }
        assert_eq!(Sender::parse(" "), Err(SenderError::Empty));
    }

    #[test]
    fn only_numbers_are_answered() {
        assert!(Sender::parse("+15550001234").unwrap().can_be_answered());
        assert!(!Sender::parse("72345").unwrap().can_be_answered());
        assert!(!Sender::parse("Acme").unwrap().can_be_answered());
    }
}
