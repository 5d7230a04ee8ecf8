//! From a carrier's code or HTTP status to what it means and what to do about it.

use telephony_core::ProviderKind;

use crate::error::{ErrorKind, Outcome};

/// What a carrier's code means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Explanation {
    /// What kind of failure it is.
    pub kind: ErrorKind,
    /// One lower-case clause: what happened, and what to do where anything can be done.
    pub sentence: &'static str,
}

/// A row of a carrier's table of codes.
pub(crate) type Row = (&'static str, ErrorKind, &'static str);

/// Explains the code of a refused request or of a delivery report.
///
/// Codes that are not known are of kind [`ErrorKind::Unknown`], with the address of the carrier's
/// own list: all three carriers add codes without notice.
///
/// ```
/// use telephony_core::ProviderKind;
/// use telephony_providers::{ErrorKind, explain};
///
/// let explanation = explain(ProviderKind::Twilio, "30034");
/// assert_eq!(explanation.kind, ErrorKind::Compliance);
/// assert!(explanation.sentence.contains("10DLC"));
/// ```
#[must_use]
pub fn explain(provider: ProviderKind, code: &str) -> Explanation {
    lookup(provider, code).unwrap_or(Explanation {
        kind: ErrorKind::Unknown,
        sentence: match provider {
            ProviderKind::Twilio => "see https://www.twilio.com/docs/api/errors for the code",
            ProviderKind::Telnyx => {
                "see https://developers.telnyx.com/docs/messaging/messages/error-codes for the code"
            }
            ProviderKind::Plivo => {
                "see https://www.plivo.com/docs/messaging/troubleshooting/error-codes for the code"
            }
            ProviderKind::Mock => "the mock has no codes of its own",
        },
    })
}

/// All codes of a carrier that are known, and what they mean, in the order of their numbers.
///
/// ```
/// use telephony_core::ProviderKind;
/// use telephony_providers::{codes, explain};
///
/// for (code, explanation) in codes(ProviderKind::Plivo) {
///     assert_eq!(explain(ProviderKind::Plivo, code), explanation);
/// }
/// ```
pub fn codes(provider: ProviderKind) -> impl Iterator<Item = (&'static str, Explanation)> {
    let rows = table(provider).iter();
    rows.map(|&(code, kind, sentence)| (code, Explanation { kind, sentence }))
}

/// What is known of a code.
pub(crate) fn lookup(provider: ProviderKind, code: &str) -> Option<Explanation> {
    codes(provider).find(|(known, _)| *known == code).map(|(_, explanation)| explanation)
}

const fn table(provider: ProviderKind) -> &'static [Row] {
    match provider {
        ProviderKind::Twilio => crate::twilio::CODES,
        ProviderKind::Telnyx => crate::telnyx::CODES,
        ProviderKind::Plivo => crate::plivo::CODES,
        ProviderKind::Mock => &[],
    }
}

/// What an answer without a known code means.
pub(crate) const fn by_status(status: u16) -> Explanation {
    let (kind, sentence) = match status {
        301 | 302 | 303 | 307 | 308 => (
            ErrorKind::Configuration,
            "it answered with a redirect, which is not followed: check apiBaseUrl",
        ),
        401 => (ErrorKind::Authentication, "it does not accept the credentials: check them"),
        402 => (ErrorKind::Account, "the account has no credit: top it up"),
        403 => (ErrorKind::Permission, "the account may not do this: check its permissions"),
        404 | 410 => (ErrorKind::NotFound, "there is no such message, call or account"),
        408 => (ErrorKind::Temporary, "it gave up waiting for the request"),
        413 => (ErrorKind::InvalidContent, "the request is larger than it takes"),
        429 => (ErrorKind::RateLimited, "too many requests at once: send more slowly"),
        400..=499 => (ErrorKind::InvalidContent, "it refused the request as it is"),
        500..=599 => (ErrorKind::Temporary, "its servers failed"),
        _ => (ErrorKind::Unknown, "it answered with a status that has no place here"),
    };
    Explanation { kind, sentence }
}

/// Whether the carrier may have acted before it answered with `status`.
///
/// A 4xx is a refusal, but for 408, which some gateways send when it was they who waited. A 301,
/// 302, 307 or 308 names another place where the request would have to be made (RFC 9110, clause
/// 15.4); a 303 answers one that was carried out.
pub(crate) const fn outcome_of(status: u16) -> Outcome {
    match status {
        408 => Outcome::Unknown,
        301 | 302 | 307 | 308 | 400..=499 => Outcome::NotSent,
        _ => Outcome::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_refusals_are_known_not_to_be_sent() {
        for (status, outcome) in [
            (301, Outcome::NotSent),
            (303, Outcome::Unknown),
            (307, Outcome::NotSent),
            (400, Outcome::NotSent),
            (408, Outcome::Unknown),
            (429, Outcome::NotSent),
            (500, Outcome::Unknown),
            (502, Outcome::Unknown),
            (503, Outcome::Unknown),
            (204, Outcome::Unknown),
        ] {
            assert_eq!(outcome_of(status), outcome, "{status}");
        }
    }

    #[test]
    fn every_sentence_is_one_lower_case_clause_and_the_codes_ascend() {
        for provider in ProviderKind::ALL {
            let mut last = 0;
            for (code, Explanation { sentence, .. }) in codes(provider) {
                assert!(sentence.starts_with(|c: char| !c.is_uppercase()), "{code}: {sentence}");
                assert!(!sentence.ends_with('.'), "{code}: {sentence}");
                let number: u32 = code.parse().unwrap();
                assert!(number > last, "{code} comes after {last}");
                last = number;
            }
        }
    }
}
