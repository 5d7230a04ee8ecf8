//! Telnyx's signatures: Ed25519 over the timestamp and the raw body.
//!
//! <https://developers.telnyx.com/docs/messaging/messages/receiving-webhooks>

use super::{TelnyxKey, Verifier, decode};
use crate::headers::Headers;
use crate::refusal::Refusal;
use crate::request::{Method, Proof, Request, Scheme, Unverified};
use crate::url::{PublicUrls, UrlRefusal};

pub(crate) const SIGNATURE: &str = "telnyx-signature-ed25519";
pub(crate) const TIMESTAMP: &str = "telnyx-timestamp";

/// How far a request's timestamp may be from the time it is received, in seconds, either way.
/// Telnyx's own libraries have the same.
pub const TELNYX_TOLERANCE_SECONDS: u64 = 300;

/// Verifies what Telnyx sends. The URL is not signed.
#[derive(Debug, Clone)]
pub struct TelnyxVerifier {
    key: TelnyxKey,
}

impl TelnyxVerifier {
    /// Verifies with the account's public key.
    #[must_use]
    pub const fn new(key: TelnyxKey) -> Self {
        Self { key }
    }
}

impl Verifier for TelnyxVerifier {
    fn claimed(&self, method: Method, headers: &Headers) -> Result<Scheme, Refusal> {
        // What Telnyx signs of a GET is not documented, so it is none.
        if method != Method::Post {
            return Err(Refusal::Method("Telnyx"));
        }
        headers.required(SIGNATURE)?;
        seconds(headers.required(TIMESTAMP)?)?;
        Ok(Scheme::TelnyxEd25519)
    }

    fn verify(
        &self,
        request: &Request<Unverified>,
        _: Result<&PublicUrls, UrlRefusal>,
    ) -> Result<Proof, Refusal> {
        let scheme = self.claimed(request.method, &request.headers)?;
        let timestamp = request.headers.required(TIMESTAMP)?;
        let age = request.received_at().as_second().saturating_sub(seconds(timestamp)?);
        if age.unsigned_abs() > TELNYX_TOLERANCE_SECONDS {
            return Err(Refusal::Stale { seconds: age });
        }
        let signature = decode(request.headers.required(SIGNATURE)?)
            .and_then(|bytes| <[u8; 64]>::try_from(bytes).ok())
            .ok_or(Refusal::MalformedHeader {
                header: SIGNATURE,
                expected: "a signature of 64 bytes in base64",
            })?;
        if self.key.is_signed(&signed_bytes(timestamp, &request.raw_body), &signature) {
            Ok(Proof { scheme, url: None, nonce: None })
        } else {
            Err(Refusal::Signature {
                header: SIGNATURE,
                key: "telnyx.publicKey",
                tried: Vec::new(),
            })
        }
    }
}

/// What Telnyx signs. The header's text is, not the number: leading zeros count.
pub(crate) fn signed_bytes(timestamp: &str, body: &[u8]) -> Vec<u8> {
    [timestamp.as_bytes(), b"|", body].concat()
}

/// The timestamp in seconds since the Unix epoch. Digits alone: no sign, no white space.
fn seconds(text: &str) -> Result<i64, Refusal> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|_| digits).ok_or(Refusal::MalformedHeader {
        header: TIMESTAMP,
        expected: "seconds since 1970 in digits",
    })
}
