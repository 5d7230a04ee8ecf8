//! Why what a request says could not be read.

use thiserror::Error;

/// Why what a verified request says could not be read.
///
/// It names the field, as the carrier does (a JSON pointer where the payload is JSON), and what was
/// expected there; never the value, which may be a number or the words of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ParseError {
    /// A field is missing or empty.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// A field holds something else than it should.
    #[error("{field} does not hold {expected}")]
    Malformed {
        /// The field.
        field: &'static str,
        /// What it should hold.
        expected: &'static str,
    },
    /// A field is there more than once, with different values, so which one counts is open.
    #[error("{0} is there more than once, with different values")]
    Contradiction(&'static str),
    /// More fields than [`MAX_FIELDS`](crate::MAX_FIELDS).
    #[error("there are too many fields")]
    TooManyFields,
    /// The body is not JSON, or is nested too deeply.
    #[error("the body is not JSON that can be read")]
    Json,
}
