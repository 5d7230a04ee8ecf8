//! What a carrier would post: a text, a picture, a receipt or a call, signed with the configured secrets.

mod call;
mod key;
mod look;
mod payload;
mod target;

use telephony_core::config::{Account, Provider};
use telephony_core::{PhoneNumber, ProviderMessageId, Sender, Timestamp};
use telephony_webhook::{SignError, Signer};
use thiserror::Error;

pub use self::key::{KeyError, TelnyxTestKey};
pub use self::look::LookError;
pub use self::target::{Target, TargetError};

/// What is posted.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Event {
    /// Somebody texts the account.
    Message {
        /// Who.
        from: Sender,
        /// The text.
        text: String,
        /// Pictures and files: with them it is an MMS.
        media: Vec<String>,
    },
    /// The carrier reports on a message of the account.
    Receipt {
        /// What became of it, in the carrier's word.
        status: String,
        /// The carrier's error code.
        code: Option<String>,
        /// To whom it was sent.
        to: PhoneNumber,
    },
    /// Somebody calls the account.
    Call {
        /// Who.
        from: Sender,
    },
    /// The carrier reports on a call of the account.
    Progress {
        /// What happened, in the carrier's word.
        status: String,
        /// Who is called.
        to: PhoneNumber,
    },
}

impl Event {
    /// Whether it is about a call.
    #[must_use]
    pub const fn is_call(&self) -> bool {
        matches!(self, Self::Call { .. } | Self::Progress { .. })
    }
}

/// A request that is ready to be posted.
#[derive(Debug)]
#[non_exhaustive]
pub struct Posting {
    /// Content type and signature.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: String,
}

/// Why nothing can be posted.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SimulateError {
    /// The account has no number, and none was named.
    #[error("the account has no fromNumber: name the number that is texted with --to")]
    NoNumber,
    /// Nobody can call the mock.
    #[error("the mock has no calls to report on: choose an account at a carrier")]
    NoCalls,
    /// It cannot be signed.
    #[error("the request cannot be signed")]
    Sign(#[from] SignError),
    /// Telnyx signs with a key that only Telnyx has.
    #[error(
        "Telnyx's private key is Telnyx's own: for tests only, trust this one instead\n\n\
         telnyx: {{ publicKey: \"{0}\" }}\n\n\
         in the configuration of the server and in this one, and start the server again"
    )]
    UntrustedKey(String),
}

/// An id as the account's carrier gives one to what the event is about, from 16 bytes of chance.
#[must_use]
pub fn carrier_id(provider: &Provider, event: &Event, random: [u8; 16]) -> String {
    let hex = format!("{:032x}", u128::from_be_bytes(random));
    let prefix = match event {
        Event::Message { media, .. } if !media.is_empty() => "MM",
        Event::Message { .. } | Event::Receipt { .. } => "SM",
        Event::Call { .. } | Event::Progress { .. } => "CA",
    };
    match provider {
        Provider::Twilio(_) => format!("{prefix}{hex}"),
        Provider::Telnyx(_) | Provider::Plivo(_) => uuid(random),
        _ => format!("simulated-{hex}"),
    }
}

/// A UUID of version 4 (RFC 9562, section 5.4).
fn uuid(random: [u8; 16]) -> String {
    const VERSION: u128 = 0xf << 76;
    const VARIANT: u128 = 0b11 << 62;
    let number = u128::from_be_bytes(random) & !VERSION & !VARIANT | 4 << 76 | 0b10 << 62;
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        number >> 96,
        number >> 80 & 0xffff,
        number >> 64 & 0xffff,
        number >> 48 & 0xffff,
        number & 0xffff_ffff_ffff
    )
}

/// What the account's carrier would post to `url`, and how it would sign that.
///
/// # Errors
///
/// [`SimulateError`] when it cannot be made or signed.
pub fn posting(
    account: &Account,
    id: &ProviderMessageId,
    event: &Event,
    own: Option<&Sender>,
    url: &str,
    telnyx: Option<&TelnyxTestKey>,
    now: Timestamp,
) -> Result<Posting, SimulateError> {
    let own = own.or(account.from.as_ref()).ok_or(SimulateError::NoNumber)?;
    let (content_type, body) =
        payload::of(account, id, event, own, now).ok_or(SimulateError::NoCalls)?;
    let mut headers = vec![("content-type", content_type.to_owned())];
    let signer = match &account.provider {
        Provider::Twilio(twilio) => Some(Signer::twilio(twilio.auth_token.clone())),
        Provider::Plivo(plivo) => Some(Signer::plivo(plivo.auth_token.clone())),
        Provider::Telnyx(settings) => {
            let Some(key) = telnyx else { return Err(SimulateError::NoNumber) };
            let trusted = settings.public_key.as_ref().is_some_and(|public| key.fits(public));
            if !trusted {
                return Err(SimulateError::UntrustedKey(key.public()));
            }
            Some(key.signer())
        }
        _ => None,
    };
    if let Some(signer) = signer {
        let nonce = id.as_str();
        headers.extend(signer.sign("POST", url, body.as_bytes(), now, nonce)?);
    }
    Ok(Posting { headers, body })
}

#[cfg(test)]
mod tests;
