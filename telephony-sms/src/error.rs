//! Why a text cannot be segmented as asked.

use core::fmt;

use crate::encoding::MAX_PARTS;

/// Why a text cannot be segmented as asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub enum Error {
    /// The text needs more parts than one message may have.
    TooManyParts {
        /// The parts it would need, at least.
        parts: usize,
    },
    /// GSM-7 was asked for and cannot write this character.
    NotGsm7 {
        /// Where the character begins, in bytes of UTF-8.
        offset: usize,
        /// The character.
        character: char,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooManyParts { parts } => write!(
                formatter,
                "text needs {parts} parts, a message has at most {MAX_PARTS}: shorten it"
            ),
            Self::NotGsm7 { offset, character } => write!(
                formatter,
                "character U+{:04X} at byte {offset} is not in GSM-7: replace it or use UCS-2",
                u32::from(*character)
            ),
        }
    }
}

impl core::error::Error for Error {}
