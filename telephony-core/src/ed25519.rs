//! Ed25519 public keys, in all the forms in which people have them.

use std::str::FromStr;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use thiserror::Error;

/// What an Ed25519 key begins with in `SubjectPublicKeyInfo` (RFC 8410, section 4): the sequence,
/// the algorithm 1.3.101.112 and a bit string of 32 bytes.
const SPKI_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0];

/// The 32 bytes of an Ed25519 public key. Whether they are a point of the curve is known where
/// signatures are verified.
///
/// It is read from base64 of the 32 bytes, from hexadecimal, from PEM and from base64 of DER, with
/// padding or without, in either alphabet of base64:
///
/// ```
/// use telephony_core::Ed25519PublicKey;
///
/// let bare: Ed25519PublicKey = "6kpsY+KcUgq+9VB7Ey7F+ZVHdq6+vnuSQh7qaRRG0iw=".parse()?;
/// let pem: Ed25519PublicKey = "-----BEGIN PUBLIC KEY-----
/// MCowBQYDK2VwAyEA6kpsY+KcUgq+9VB7Ey7F+ZVHdq6+vnuSQh7qaRRG0iw=
/// -----END PUBLIC KEY-----".parse()?;
/// assert_eq!(bare, pem);
/// # Ok::<(), telephony_core::Ed25519PublicKeyError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ed25519PublicKey([u8; 32]);

/// Why a text is not an Ed25519 public key. Never holds the text, which may be another secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Ed25519PublicKeyError {
    /// There is nothing.
    #[error("the public key is empty")]
    Empty,
    /// An API key.
    #[error("this is an API key (KEY…): the public key is expected")]
    ApiKey,
    /// A private key.
    #[error("this is a private key: the public key is expected")]
    Private,
    /// PEM of something else.
    #[error("this is PEM of something else: -----BEGIN PUBLIC KEY----- is expected")]
    Pem,
    /// A public key for another algorithm.
    #[error("this is a public key for another algorithm: an Ed25519 key is expected")]
    Algorithm,
    /// Neither base64 nor hexadecimal.
    #[error("this is neither base64 nor hexadecimal: the public key has 44 characters of base64")]
    Encoding,
    /// Not 32 bytes.
    #[error("the public key has 32 bytes, this has {0}: part of it may be missing")]
    Length(usize),
}

impl Ed25519PublicKey {
    /// Reads a key.
    ///
    /// # Errors
    ///
    /// [`Ed25519PublicKeyError`] says what the text is instead.
    pub fn parse(text: &str) -> Result<Self, Ed25519PublicKeyError> {
        // In environment variables, line breaks are often written as backslash and n.
        let text = text.replace("\\n", "\n");
        let text = text.trim();
        if text.is_empty() {
            return Err(Ed25519PublicKeyError::Empty);
        }
        let encoded = if text.contains("-----") { within_pem(text)? } else { text };
        let encoded: String = encoded.chars().filter(|c| !c.is_whitespace()).collect();
        let bytes = match hexadecimal(&encoded).or_else(|| base64(&encoded)) {
            Some(bytes) => bytes,
            None if encoded.starts_with("KEY") => return Err(Ed25519PublicKeyError::ApiKey),
            None => return Err(Ed25519PublicKeyError::Encoding),
        };
        let key = match (bytes.as_slice(), bytes.strip_prefix(&SPKI_PREFIX)) {
            (_, Some(key)) => key,
            (key, None) if key.len() == 32 => key,
            // Longer, and a DER sequence whose first element is another sequence: a public key.
            ([0x30, _, 0x30, ..] | [0x30, 0x82, _, _, 0x30, ..], None) => {
                return Err(Ed25519PublicKeyError::Algorithm);
            }
            // A DER sequence whose first element is a version number: a private key.
            ([0x30, _, 0x02, 0x01, ..], None) => return Err(Ed25519PublicKeyError::Private),
            (_, None) if encoded.starts_with("KEY") => return Err(Ed25519PublicKeyError::ApiKey),
            (other, None) => other,
        };
        key.try_into().map(Self).map_err(|_| Ed25519PublicKeyError::Length(key.len()))
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl FromStr for Ed25519PublicKey {
    type Err = Ed25519PublicKeyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

/// What is between the lines of PEM.
fn within_pem(text: &str) -> Result<&str, Ed25519PublicKeyError> {
    if text.contains("PRIVATE KEY") {
        return Err(Ed25519PublicKeyError::Private);
    }
    text.strip_prefix("-----BEGIN PUBLIC KEY-----")
        .and_then(|rest| rest.strip_suffix("-----END PUBLIC KEY-----"))
        .ok_or(Ed25519PublicKeyError::Pem)
}

fn hexadecimal(text: &str) -> Option<Vec<u8>> {
    if !matches!(text.len(), 64 | 88) || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    text.as_bytes()
        .chunks_exact(2)
        .map(|pair| pair.iter().try_fold(0, |value, byte| Some(value << 4 | digit(*byte)?)))
        .collect()
}

fn base64(text: &str) -> Option<Vec<u8>> {
    const EITHER: GeneralPurposeConfig =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    let alphabet =
        if text.contains(['-', '_']) { &alphabet::URL_SAFE } else { &alphabet::STANDARD };
    GeneralPurpose::new(alphabet, EITHER).decode(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "6kpsY+KcUgq+9VB7Ey7F+ZVHdq6+vnuSQh7qaRRG0iw=";

    #[test]
    fn a_key_is_read_in_every_form() {
        let expected = Ed25519PublicKey::parse(KEY).unwrap();
        let hex = "ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c";
        let spki = "MCowBQYDK2VwAyEA6kpsY+KcUgq+9VB7Ey7F+ZVHdq6+vnuSQh7qaRRG0iw=";
        let pem = format!("-----BEGIN PUBLIC KEY-----\n{spki}\n-----END PUBLIC KEY-----\n");
        for text in [
            format!(" {KEY}\n"),
            KEY.trim_end_matches('=').to_owned(),
            KEY.replace('+', "-").replace('/', "_"),
            KEY.replace('+', "-").replace('/', "_").replace('=', ""),
            hex.to_owned(),
            hex.to_uppercase(),
            format!("302a300506032b6570032100{hex}"),
            spki.to_owned(),
            spki.trim_end_matches('=').to_owned(),
            spki.replace('+', "-"),
            pem.clone(),
            pem.replace('\n', "\r\n"),
            pem.replace('\n', "\\n"),
            pem.replace('\n', " "),
        ] {
            assert_eq!(Ed25519PublicKey::parse(&text), Ok(expected), "{text:?}");
        }
    }

    #[test]
    fn what_is_no_key_is_named() {
        use Ed25519PublicKeyError as E;
        let rsa =
            "MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAKj34GkxFhD90vcNLYLInFEX6Ppy1tPf9Cnzj4p4WGeKLs1Pt8Qu";
        let private = "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC";
        for (text, error) in [
            (" \n", E::Empty),
            ("KEY0123456789ABCDEF_abcdefghijkl", E::ApiKey),
            ("KEY0123456789ABCDEF0123456789ABC", E::ApiKey),
            ("-----BEGIN PRIVATE KEY-----\nMC4C\n-----END PRIVATE KEY-----", E::Private),
            (private, E::Private),
            ("-----BEGIN CERTIFICATE-----\nMC4C\n-----END CERTIFICATE-----", E::Pem),
            ("-----BEGIN PUBLIC KEY-----\nMCow", E::Pem),
            (rsa, E::Algorithm),
            ("not a key!", E::Encoding),
            ("6kpsY+KcUgq+9VB7Ey7F+ZVHdq6+vnuSQh7qaRRG", E::Length(30)),
        ] {
            assert_eq!(Ed25519PublicKey::parse(text), Err(error), "{text:?}");
        }
    }
}
