//! The other side: signs as the providers do, to simulate them and to test against them.

mod plivo;
mod telnyx;
mod twilio;

use std::fmt;

use ed25519_dalek::SigningKey;
use telephony_core::{Secret, Timestamp};
use thiserror::Error;

pub use self::telnyx::telnyx_public_key;
use crate::headers::Headers;
use crate::refusal::Refusal;
use crate::request::{Request, Unverified};
use crate::url::{PublicUrl, PublicUrlError};

/// Signs requests as a provider does. `Debug` does not show the key.
///
/// ```
/// use telephony_core::{Secret, Timestamp};
/// use telephony_webhook::{Captured, Signer, TwilioVerifier, report};
///
/// let signer = Signer::twilio(Secret::new("12345"));
/// let url = "https://example.com/telephony/webhook";
/// let headers = signer.sign("POST", url, b"Body=Hi", Timestamp::EPOCH, "")?;
///
/// let captured: Captured = serde_json::from_value(serde_json::json!({
///     "url": url, "body": "Body=Hi", "headers": { headers[0].0: headers[0].1 },
/// }))?;
/// let verifier = TwilioVerifier::new(Secret::new("12345"))?;
/// assert!(report(&captured, &verifier, Timestamp::EPOCH).valid);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Signer(Key);

enum Key {
    Twilio(Secret),
    Telnyx(SigningKey),
    Plivo(Secret),
}

/// Why a request cannot be signed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SignError {
    /// Its URL is none that a carrier posts to.
    #[error("the URL cannot be signed")]
    Url(#[source] PublicUrlError),
    /// It is a request that the carrier does not make, so nobody would take it.
    #[error("the carrier does not sign such a request")]
    Request(#[source] Refusal),
}

impl Signer {
    /// Signs as Twilio does with an auth token: HMAC-SHA1.
    #[must_use]
    pub const fn twilio(auth_token: Secret) -> Self {
        Self(Key::Twilio(auth_token))
    }

    /// Signs as Telnyx does with the private key of this seed: Ed25519. The configuration trusts it
    /// by [`telnyx_public_key`].
    #[must_use]
    pub fn telnyx(seed: &[u8; 32]) -> Self {
        Self(Key::Telnyx(SigningKey::from_bytes(seed)))
    }

    /// Signs as Plivo does with an auth token: V3.
    #[must_use]
    pub const fn plivo(auth_token: Secret) -> Self {
        Self(Key::Plivo(auth_token))
    }

    /// The headers that sign a request for the whole `url`. Telnyx signs the time `now`, Plivo the
    /// `nonce`; the others leave them aside.
    ///
    /// # Errors
    ///
    /// [`SignError`] when the carrier would not make such a request.
    pub fn sign(
        &self,
        method: &str,
        url: &str,
        body: &[u8],
        now: Timestamp,
        nonce: &str,
    ) -> Result<Vec<(&'static str, String)>, SignError> {
        let (url, query) = PublicUrl::split(url).map_err(SignError::Url)?;
        let target = match query {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        let request = Request::new(method, &target, Headers::default(), body, now);
        match &self.0 {
            Key::Twilio(token) => twilio::sign(token, &request, &url),
            Key::Telnyx(key) => telnyx::sign(key, &request),
            Key::Plivo(token) => plivo::sign(token, &request, &url, nonce),
        }
        .map_err(SignError::Request)
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self.0 {
            Key::Twilio(_) => "Signer(twilio)",
            Key::Telnyx(_) => "Signer(telnyx)",
            Key::Plivo(_) => "Signer(plivo)",
        })
    }
}

/// What the signing of a request gives.
type Signed = Result<Vec<(&'static str, String)>, Refusal>;

/// Refuses methods that the provider does not use.
fn method(request: &Request<Unverified>, provider: &'static str) -> Result<(), Refusal> {
    use crate::request::Method;
    match request.method() {
        Method::Get | Method::Post => Ok(()),
        Method::Other => Err(Refusal::Method(provider)),
    }
}
