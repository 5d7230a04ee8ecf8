//! Ids, each a type of its own, so that one cannot stand for another.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

use crate::clock::Clock;
use crate::entropy::{Entropy, EntropyError};

/// The most bytes of an id. Carriers' longest, Telnyx's call control ids, have fewer than 128.
pub const MAX_ID_BYTES: usize = 255;

/// Why a text is not an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum IdError {
    /// There is nothing.
    #[error("an id is missing")]
    Empty,
    /// Longer than [`MAX_ID_BYTES`].
    #[error("an id has at most {MAX_ID_BYTES} bytes")]
    TooLong,
    /// A character that has no place in this kind of id.
    #[error("an id of this kind cannot hold {0:?}")]
    Character(char),
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident allows $allowed:expr;)+) => { $(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Takes `text` as an id.
            ///
            /// # Errors
            ///
            /// [`IdError`] when it is empty, too long, or holds a character that it cannot.
            pub fn new(text: impl Into<String>) -> Result<Self, IdError> {
                let text = text.into();
                check(&text, $allowed)?;
                Ok(Self(text))
            }

            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::new(text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.pad(&self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::new(String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
            }
        }
    )+ };
}

ids! {
    /// The name of an account in the configuration. It stands in paths: letters, digits, `-`,
    /// `_` and `.`, beginning with a letter or a digit.
    AccountId allows name;
    /// Our id of a message.
    MessageId allows graphic;
    /// The carrier's id of a message.
    ProviderMessageId allows graphic;
    /// Our id of a call.
    CallId allows graphic;
    /// The carrier's id of a call.
    ProviderCallId allows graphic;
    /// What makes a repeated request the same request.
    IdempotencyKey allows graphic;
    /// What we put into a callback URL to find what the callback is about, even where the carrier's
    /// id of it never reached us. It says nothing to anybody else.
    Reference allows graphic;
}

/// Printable ASCII without the space: what all carriers' ids are made of.
const fn graphic(_offset: usize, character: char) -> bool {
    character.is_ascii_graphic()
}

/// What can neither hide a file nor leave its directory.
fn name(offset: usize, character: char) -> bool {
    character.is_ascii_alphanumeric() || (offset > 0 && "-_.".contains(character))
}

fn check(text: &str, allowed: fn(usize, char) -> bool) -> Result<(), IdError> {
    if text.is_empty() {
        return Err(IdError::Empty);
    }
    if text.len() > MAX_ID_BYTES {
        return Err(IdError::TooLong);
    }
    match text.char_indices().find(|&(offset, character)| !allowed(offset, character)) {
        Some((_, character)) => Err(IdError::Character(character)),
        None => Ok(()),
    }
}

impl AccountId {
    /// The account that is meant when none is named.
    #[must_use]
    pub fn default_account() -> Self {
        Self("default".to_owned())
    }
}

impl MessageId {
    /// A new id, `msg_` and 26 characters that sort by time.
    ///
    /// # Errors
    ///
    /// [`EntropyError`] when there is no randomness.
    pub fn generate(clock: &dyn Clock, entropy: &dyn Entropy) -> Result<Self, EntropyError> {
        Ok(Self(sortable("msg_", clock, entropy)?))
    }
}

impl CallId {
    /// A new id, `call_` and 26 characters that sort by time.
    ///
    /// # Errors
    ///
    /// [`EntropyError`] when there is no randomness.
    pub fn generate(clock: &dyn Clock, entropy: &dyn Entropy) -> Result<Self, EntropyError> {
        Ok(Self(sortable("call_", clock, entropy)?))
    }
}

/// A ULID after `prefix`: 48 bits of milliseconds, 80 of randomness, in Crockford's base 32.
fn sortable(
    prefix: &str,
    clock: &dyn Clock,
    entropy: &dyn Entropy,
) -> Result<String, EntropyError> {
    const CROCKFORD: [char; 32] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H',
        'J', 'K', 'M', 'N', 'P', 'Q', 'R', 'S', 'T', 'V', 'W', 'X', 'Y', 'Z',
    ];
    let mut random = [0; 10];
    entropy.fill(&mut random)?;
    // A clock before 1970 is wrong, and its ids sort first.
    let milliseconds = u128::try_from(clock.now().as_millisecond()).unwrap_or(0);
    let value = random.iter().fold(milliseconds, |value, &byte| value << 8 | u128::from(byte));
    let digits = (0..26)
        .rev()
        .filter_map(|place| CROCKFORD.get((value >> (place * 5)) as usize & 31).copied());
    Ok(prefix.chars().chain(digits).collect())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{ManualClock, SeededEntropy, Timestamp};

    #[test]
    fn ids_refuse_what_could_break_a_path_or_a_log() {
        for text in ["default", "work-2", "a.b_c", "7"] {
            assert_eq!(AccountId::new(text).map(|id| id.to_string()), Ok(text.to_owned()));
        }
        for (text, error) in [
            ("", IdError::Empty),
            ("a/b", IdError::Character('/')),
            ("..", IdError::Character('.')),
            ("-a", IdError::Character('-')),
            ("ä", IdError::Character('ä')),
        ] {
            assert_eq!(AccountId::new(text), Err(error), "{text}");
        }
        assert_eq!(MessageId::new("a\nb"), Err(IdError::Character('\n')));
        assert_eq!(MessageId::new("a b"), Err(IdError::Character(' ')));
        assert!(MessageId::new("a".repeat(MAX_ID_BYTES)).is_ok());
        assert_eq!(MessageId::new("a".repeat(MAX_ID_BYTES + 1)), Err(IdError::TooLong));
        assert!(ProviderCallId::new("v3:abc_-=").is_ok());
    }

    #[test]
    fn new_ids_sort_by_time_and_differ_within_a_millisecond() {
        let clock = ManualClock::new(Timestamp::from_millisecond(1_469_918_176_385));
        let entropy = SeededEntropy::new(7);
        let first = MessageId::generate(&clock, &entropy).unwrap();
        let same_time = MessageId::generate(&clock, &entropy).unwrap();
        clock.advance(Duration::from_millis(1));
        let later = MessageId::generate(&clock, &entropy).unwrap();
        assert_ne!(first, same_time);
        assert!(later > first && later > same_time);
        // The time part of the specification's example, https://github.com/ulid/spec.
        assert!(first.as_str().starts_with("msg_01ARYZ6S41"), "{first}");
        assert_eq!(first.as_str().len(), "msg_".len() + 26);
        assert!(CallId::generate(&clock, &entropy).unwrap().as_str().starts_with("call_"));
    }

    #[test]
    fn without_randomness_there_is_no_id() {
        #[derive(Debug)]
        struct Dry;
        impl Entropy for Dry {
            fn fill(&self, _: &mut [u8]) -> Result<(), EntropyError> {
                Err(EntropyError::new("dry"))
            }
        }
        let clock = ManualClock::new(Timestamp::EPOCH);
        assert!(MessageId::generate(&clock, &Dry).is_err());
    }
}
