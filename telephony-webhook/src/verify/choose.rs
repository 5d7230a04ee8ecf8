//! From an account of the configuration to its verifier.

use std::sync::Arc;

use telephony_core::config::{Account, Provider};
use thiserror::Error;

use super::{
    DangerousUnsigned, EmptyKey, PlivoVerifier, TelnyxKey, TelnyxKeyError, TelnyxVerifier,
    TwilioVerifier, Verifier,
};

/// Why an account's webhooks cannot be verified. Nothing is taken unverified instead.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum VerifierError {
    /// The key that verifies is missing.
    #[error("{0} is missing: without it no webhook can be verified")]
    MissingKey(&'static str),
    /// The key that verifies is empty.
    #[error(transparent)]
    EmptyKey(#[from] EmptyKey),
    /// Telnyx's key is none.
    #[error("telnyx.publicKey cannot be used")]
    TelnyxKey(#[from] TelnyxKeyError),
}

/// What verifies the webhooks of an account, by its configuration.
///
/// # Errors
///
/// [`VerifierError`] when the key is missing or none.
pub fn verifier(account: &Account) -> Result<Arc<dyn Verifier>, VerifierError> {
    if account.dangerously_skip_signature_verification {
        return Ok(Arc::new(DangerousUnsigned::dangerously_accept_unsigned()));
    }
    Ok(match &account.provider {
        Provider::Twilio(twilio) => {
            let verifier = TwilioVerifier::new(twilio.auth_token.clone())?;
            Arc::new(match &twilio.webhook_shared_key {
                Some(key) => verifier.with_shared_key(key.clone())?,
                None => verifier,
            })
        }
        Provider::Telnyx(telnyx) => {
            let key = telnyx.public_key.as_ref();
            let key = key.ok_or(VerifierError::MissingKey("telnyx.publicKey"))?;
            Arc::new(TelnyxVerifier::new(TelnyxKey::new(key)?))
        }
        Provider::Plivo(plivo) => {
            let verifier = PlivoVerifier::new(plivo.auth_token.clone())?;
            let weak = plivo.allow_signature_v2;
            Arc::new(if weak { verifier.dangerously_allow_v2() } else { verifier })
        }
        _ => Arc::new(DangerousUnsigned::dangerously_accept_unsigned()),
    })
}
