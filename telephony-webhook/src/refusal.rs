//! Why a request was not verified: one answer for strangers, sentences for the operator.

use std::fmt;

use thiserror::Error;

use crate::answer::Answer;
use crate::url::{PublicUrl, UrlRefusal};
use crate::voice_path::shown;

/// Why a request was not verified.
///
/// `Display` says what is wrong and [`advice`](Self::advice) what to change. Neither holds a
/// token, a signature, a query or a body. A stranger gets [`answer`](Self::answer) alone, which is
/// always the same.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Refusal {
    /// A method this provider does not use.
    #[error("the method is not one that {0} signs")]
    Method(&'static str),
    /// A header that carries the signature is missing or empty.
    #[error("the header {0} is missing")]
    MissingHeader(&'static str),
    /// A header is there more than once, so which one counts is open.
    #[error("the header {0} is there more than once")]
    RepeatedHeader(&'static str),
    /// A header does not hold what it should.
    #[error("the header {header} is malformed: {expected} expected")]
    MalformedHeader {
        /// The header.
        header: &'static str,
        /// What it should hold.
        expected: &'static str,
    },
    /// Signed too long ago, or in the future.
    #[error("the timestamp is {} s {}", .seconds.unsigned_abs(), age(*.seconds))]
    Stale {
        /// How old the signature is, in seconds; below zero when it is from the future.
        seconds: i64,
    },
    /// Signed by an algorithm that is not known.
    #[error("the request is signed by an algorithm that is not known")]
    UnknownAlgorithm,
    /// Only signed in the old way, which covers neither body nor query, and that is not allowed.
    #[error("the request carries a V2 signature alone, which does not cover the body")]
    WeakSignature,
    /// A JSON body whose hash is not in the URL.
    #[error("the URL has no bodySHA256 for the JSON body")]
    MissingBodyHash,
    /// A JSON body that is not the one whose hash is in the URL.
    #[error("the body is not the one that was signed: its SHA-256 differs from bodySHA256")]
    BodyHash,
    /// A body where none is signed.
    #[error("a GET request has a body, which no signature covers")]
    UnsignedBody,
    /// More fields than [`MAX_FIELDS`](crate::MAX_FIELDS).
    #[error("the request has too many fields")]
    TooManyFields,
    /// More signatures in one header than are looked at.
    #[error("the header {0} lists too many signatures")]
    TooManySignatures(&'static str),
    /// The URL that the provider requested is not known.
    #[error("the public URL of the request is not known")]
    Url(#[source] UrlRefusal),
    /// No signature fits.
    #[error("the signature in {header} does not fit{}", Tried(.tried))]
    Signature {
        /// The header that holds it.
        header: &'static str,
        /// The key it was checked with, as the configuration names it.
        key: &'static str,
        /// The URLs it was checked for; none where the URL is not signed.
        tried: Vec<PublicUrl>,
    },
    /// An unsigned request that did not come from this machine.
    #[error("an unsigned request is taken from this machine alone, and this has {0}")]
    Outside(&'static str),
}

impl Refusal {
    /// What a stranger is told: always the same.
    #[must_use]
    pub const fn answer(&self) -> Answer {
        Answer::REFUSED
    }

    /// The kind of it in a word, for figures.
    #[must_use]
    pub const fn label(&self) -> &'static str {
        match self {
            Self::Method(_) => "method",
            Self::MissingHeader(_) => "missing_header",
            Self::RepeatedHeader(_) => "repeated_header",
            Self::MalformedHeader { .. } => "malformed_header",
            Self::Stale { .. } => "stale",
            Self::UnknownAlgorithm => "unknown_algorithm",
            Self::WeakSignature => "weak_signature",
            Self::MissingBodyHash => "missing_body_hash",
            Self::BodyHash => "body_hash",
            Self::UnsignedBody => "unsigned_body",
            Self::TooManyFields => "too_many_fields",
            Self::TooManySignatures(_) => "too_many_signatures",
            Self::Url(_) => "url",
            Self::Signature { .. } => "signature",
            Self::Outside(_) => "outside",
        }
    }

    /// What the operator can change, in a sentence.
    #[must_use]
    pub fn advice(&self) -> String {
        match self {
            Self::Method(_) => "Set the webhook's method to POST with the carrier.".to_owned(),
            Self::MissingHeader(header) => format!(
                "Either this did not come from the carrier, or a proxy removed {header}: let it through."
            ),
            Self::RepeatedHeader(header) => {
                format!("A proxy may have added a second {header}: let the first through alone.")
            }
            Self::MalformedHeader { header, .. } => {
                format!("A proxy may have changed {header}: let it through as it is.")
            }
            Self::Stale { .. } => "Set this machine's clock by NTP. If it is right, the request \
                                   was held up for more than 300 s, or replayed."
                .to_owned(),
            Self::UnknownAlgorithm => {
                "Choose HMAC_SHA256 or the account's auth token for signing at Twilio.".to_owned()
            }
            Self::WeakSignature => "Have Plivo sign with V3, or set plivo.allowSignatureV2 to \
                                    true and accept that a captured header fits any body."
                .to_owned(),
            Self::MissingBodyHash => "A proxy may have cut the query off: pass it on, byte for \
                                      byte."
                .to_owned(),
            Self::BodyHash => {
                "A proxy may have rewritten the body: pass it on, byte for byte.".to_owned()
            }
            Self::UnsignedBody | Self::TooManyFields | Self::TooManySignatures(_) => {
                "No carrier sends this: it is a stranger's, or a proxy's doing.".to_owned()
            }
            Self::Url(refusal) => refusal.advice().to_owned(),
            Self::Signature { key, tried, .. } if tried.is_empty() => format!(
                "Check that {key} is this account's, and that no proxy changes the body or the \
                 timestamp."
            ),
            Self::Signature { key, .. } => format!(
                "If the URL set at the carrier is another, set publicUrl to that; else check \
                 that {key} is this account's, and that no proxy changes the query or the body."
            ),
            Self::Outside(_) => "Unsigned requests cannot be taken through a proxy or tunnel: \
                                 post to http://127.0.0.1 on this machine, or set up a provider \
                                 that signs."
                .to_owned(),
        }
    }
}

fn age(seconds: i64) -> &'static str {
    if seconds < 0 { "in the future" } else { "old" }
}

/// The URLs that were tried, as a clause.
struct Tried<'a>(&'a [PublicUrl]);

impl fmt::Display for Tried<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, url) in self.0.iter().enumerate() {
            let url = url.to_string();
            write!(formatter, "{}{}", if index == 0 { " for " } else { " nor " }, shown(&url))?;
        }
        Ok(())
    }
}
