//! The code that a stranger is sent and the owner approves.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use telephony_core::{Entropy, EntropyError, Timestamp};
use thiserror::Error;

/// The characters of a code.
pub const CODE_CHARACTERS: usize = 8;

/// How long a code can be approved.
pub const CODE_LIFETIME: Duration = Duration::from_secs(60 * 60);

/// How much later than now a code may end, or a wrong one have been tried, and count. What is later was
/// written by a clock that was far ahead and has been set back since: it would count for as long as that.
pub(crate) const FURTHEST_AHEAD: Duration = CODE_LIFETIME.saturating_mul(2);

/// Whether what ends at `end` is valid at `now`.
pub(crate) fn is_valid(end: Timestamp, now: Timestamp) -> bool {
    end > now && end <= now.saturating_add(FURTHEST_AHEAD)
}

/// Capital letters and digits without I, O, 0 and 1, which are taken for one another: 32 of them,
/// so that five bits of randomness are one character and none is likelier than another.
const ALPHABET: [char; 32] = [
    'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'J', 'K', 'L', 'M', 'N', 'P', 'Q', 'R', 'S', 'T', 'U',
    'V', 'W', 'X', 'Y', 'Z', '2', '3', '4', '5', '6', '7', '8', '9',
];

/// A pairing code: eight characters, 40 bits.
///
/// `Display` shows it, for the text to the stranger; `Debug` does not, since who knows it can be
/// approved with it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PairingCode(String);

/// A text that is no code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a pairing code is {CODE_CHARACTERS} characters, letters and digits without I, O, 0 and 1")]
pub struct CodeError;

impl PairingCode {
    /// A new code.
    ///
    /// # Errors
    ///
    /// [`EntropyError`] when there is no randomness.
    pub fn generate(entropy: &dyn Entropy) -> Result<Self, EntropyError> {
        let mut bytes = [0; 8];
        entropy.fill(bytes.get_mut(3..).unwrap_or_default())?;
        let bits = u64::from_be_bytes(bytes);
        let character = |place: usize| ALPHABET.get((bits >> (place * 5)) as usize & 31).copied();
        Ok(Self((0..CODE_CHARACTERS).filter_map(character).collect()))
    }

    /// Reads a code as people type it: in either case, with spaces and hyphens.
    ///
    /// # Errors
    ///
    /// [`CodeError`] when it is not eight characters of the alphabet.
    pub fn parse(text: &str) -> Result<Self, CodeError> {
        let mut code = String::with_capacity(CODE_CHARACTERS);
        for character in text.chars().filter(|c| !c.is_whitespace() && *c != '-') {
            let character = character.to_ascii_uppercase();
            if code.len() == CODE_CHARACTERS || !ALPHABET.contains(&character) {
                return Err(CodeError);
            }
            code.push(character);
        }
        if code.len() == CODE_CHARACTERS { Ok(Self(code)) } else { Err(CodeError) }
    }

    /// The code.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for PairingCode {
    type Err = CodeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Display for PairingCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(&self.0)
    }
}

impl fmt::Debug for PairingCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[pairing code]")
    }
}

impl Serialize for PairingCode {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for PairingCode {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use telephony_core::SeededEntropy;

    #[test]
    fn codes_use_the_whole_alphabet_and_nothing_else() {
        let entropy = SeededEntropy::new(1);
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..500 {
            let code = PairingCode::generate(&entropy).unwrap();
            assert_eq!(PairingCode::parse(code.as_str()), Ok(code.clone()));
            seen.extend(code.as_str().chars());
        }
        assert_eq!(seen, ALPHABET.into_iter().collect());
    }

    #[test]
    fn people_type_codes_in_many_ways() {
        let code = PairingCode::parse("ABCD2345");
        assert_eq!(PairingCode::parse(" abcd-2345 "), code);
        for text in ["", "ABCD234", "ABCD23456", "ABCD234O", "ABCD2341", "ÄBCD2345"] {
            assert_eq!(PairingCode::parse(text), Err(CodeError), "{text}");
        }
        assert!(!format!("{:?}", code.unwrap()).contains("ABCD"));
    }
}
