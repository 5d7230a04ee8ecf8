//! Verification: is this from the provider, and is it what the provider sent?

mod choose;
pub(crate) mod mac;
pub(crate) mod plivo;
mod report;
pub(crate) mod telnyx;
mod telnyx_key;
pub(crate) mod twilio;
mod unsigned;

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use thiserror::Error;

pub use self::choose::{VerifierError, verifier};
pub use self::plivo::{MAX_SIGNATURES, PlivoVerifier};
pub use self::report::{Captured, Report, report};
pub use self::telnyx::{TELNYX_TOLERANCE_SECONDS, TelnyxVerifier};
pub use self::telnyx_key::{TelnyxKey, TelnyxKeyError};
pub use self::twilio::TwilioVerifier;
pub use self::unsigned::DangerousUnsigned;
use crate::headers::Headers;
use crate::refusal::Refusal;
use crate::request::{Method, Proof, Request, Scheme, Unverified};
use crate::url::{PublicUrls, UrlRefusal};

/// Verifies requests with the keys of one account.
///
/// Only this crate can make a [`Proof`], so only its verifiers can say yes.
pub trait Verifier: fmt::Debug + Send + Sync {
    /// Looks whether the request claims to be signed, and how: what can be told before the body is
    /// read.
    ///
    /// # Errors
    ///
    /// [`Refusal`] when no body could make the request a verified one.
    fn claimed(&self, method: Method, headers: &Headers) -> Result<Scheme, Refusal>;

    /// Verifies the whole request. [`Request::verify`] is the way to call it.
    ///
    /// # Errors
    ///
    /// [`Refusal`] says why not.
    fn verify(
        &self,
        request: &Request<Unverified>,
        urls: Result<&PublicUrls, UrlRefusal>,
    ) -> Result<Proof, Refusal>;
}

/// A key that is not there. Nothing is verified with an empty key: anybody can sign with that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{0} is empty: without it no webhook can be verified")]
pub struct EmptyKey(&'static str);

/// The bytes of a signature in base64, as the providers write it: padded and canonical, so that
/// one signature has one form.
fn decode(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}
