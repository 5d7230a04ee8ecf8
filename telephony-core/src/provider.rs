//! The carriers' APIs that are known.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A provider of messages and calls.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum ProviderKind {
    /// Twilio.
    Twilio,
    /// Telnyx.
    Telnyx,
    /// Plivo.
    Plivo,
    /// No carrier at all: messages are kept in memory and written to the log.
    Mock,
}

/// A name that is no provider's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("a provider is one of twilio, telnyx, plivo and mock")]
pub struct UnknownProvider;

impl ProviderKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Twilio, Self::Telnyx, Self::Plivo, Self::Mock];

    /// The name in the configuration.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Twilio => "twilio",
            Self::Telnyx => "telnyx",
            Self::Plivo => "plivo",
            Self::Mock => "mock",
        }
    }
}

impl fmt::Display for ProviderKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

impl std::str::FromStr for ProviderKind {
    type Err = UnknownProvider;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or(UnknownProvider)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_configuration() {
        for kind in ProviderKind::ALL {
            assert_eq!(kind.to_string().parse(), Ok(kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
        assert_eq!("Twilio".parse::<ProviderKind>(), Err(UnknownProvider));
    }
}
