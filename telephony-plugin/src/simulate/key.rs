//! A key pair that stands for Telnyx's in tests.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use telephony_core::{Ed25519PublicKey, Entropy, EntropyError};
use telephony_webhook::{Signer, telnyx_public_key};
use thiserror::Error;

/// A private key, kept in a file of its own.
pub struct TelnyxTestKey([u8; 32]);

/// Why there is no key.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The file cannot be read or made.
    #[error("the file of the test key cannot be read or made")]
    File(#[from] io::Error),
    /// There is something else in it.
    #[error(
        "the file of the test key has no 32 bytes in hexadecimal or base64: remove it to make a new one"
    )]
    Malformed,
    /// There is no randomness for one.
    #[error("no test key can be made")]
    Entropy(#[from] EntropyError),
}

impl TelnyxTestKey {
    /// The key of the file, which is made, for its user alone, when it is not there.
    ///
    /// # Errors
    ///
    /// [`KeyError`] when there is no key in it.
    pub fn open_or_make(path: &Path, entropy: &dyn Entropy) -> Result<Self, KeyError> {
        match fs::read_to_string(path) {
            Ok(text) => read(text.trim()).map(Self).ok_or(KeyError::Malformed),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let mut seed = [0; 32];
                entropy.fill(&mut seed)?;
                let hex: String = seed.iter().map(|byte| format!("{byte:02x}")).collect();
                let mut options = OpenOptions::new();
                options.write(true).create_new(true);
                #[cfg(unix)]
                std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
                options.open(path)?.write_all(format!("{hex}\n").as_bytes())?;
                Ok(Self(seed))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The public key, as the portal writes it.
    #[must_use]
    pub fn public(&self) -> String {
        telnyx_public_key(&self.0)
    }

    /// Whether a configured key is this one's.
    #[must_use]
    pub fn fits(&self, public: &Ed25519PublicKey) -> bool {
        Ed25519PublicKey::parse(&self.public()).is_ok_and(|own| own == *public)
    }

    pub(super) fn signer(&self) -> Signer {
        Signer::telnyx(&self.0)
    }
}

impl std::fmt::Debug for TelnyxTestKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("TelnyxTestKey(…)")
    }
}

/// 32 bytes in hexadecimal or in base64.
fn read(text: &str) -> Option<[u8; 32]> {
    let digits = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let bytes = if digits {
        let pair = |at: usize| u8::from_str_radix(text.get(at..at + 2)?, 16).ok();
        (0..64).step_by(2).map(pair).collect::<Option<Vec<_>>>()?
    } else {
        STANDARD.decode(text).ok()?
    };
    bytes.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read_and_nothing_else() {
        let base64 = STANDARD.encode([10; 32]);
        assert_eq!(read(&"0a".repeat(32)), Some([10; 32]));
        assert_eq!(read(&"0A".repeat(32)), Some([10; 32]));
        assert_eq!(read(&base64), Some([10; 32]));
        for text in ["", "canary", &"0a".repeat(31), &base64[1..], &STANDARD.encode([10; 33])] {
            assert_eq!(read(text), None, "{text}");
        }
    }
}
