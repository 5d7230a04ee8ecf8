//! Text that must never be seen.

use std::fmt;

use serde::{Deserialize, Deserializer};
use zeroize::Zeroizing;

/// A token, a key or a password.
///
/// `Debug` shows `[redacted]`, there is no `Display` and no `Serialize`, and the text is wiped
/// from memory when dropped. Secrets are compared by the MAC and signature libraries, which do so
/// in constant time, and never with `==`.
///
/// ```
/// use telephony_core::Secret;
///
/// let token = Secret::new("hunter2");
/// assert_eq!(format!("{token:?}"), "[redacted]");
/// assert_eq!(token.expose(), "hunter2");
/// ```
///
/// What would show it does not compile:
///
/// ```compile_fail,E0277
/// println!("{}", telephony_core::Secret::new("hunter2"));
/// ```
///
/// ```compile_fail,E0277
/// fn written(value: impl serde::Serialize) {}
/// written(telephony_core::Secret::new("hunter2"));
/// ```
#[derive(Clone)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes `text` as a secret.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// The secret itself. Every use of it is found by this name.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[redacted]")
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}
