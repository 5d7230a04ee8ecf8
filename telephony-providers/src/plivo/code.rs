//! Plivo's codes: `https://www.plivo.com/docs/messaging/troubleshooting/error-codes`.
//!
//! Only delivery reports have them. A refused request has an HTTP status and a text, of which one
//! phrase is matched.

use crate::error::ErrorKind as K;
use crate::explain::{Explanation, Row, by_status};

/// What the codes of delivery reports mean. `000` is no error and stands for none.
pub(crate) const CODES: &[Row] = &[
    ("10", K::InvalidContent, "the message is not valid"),
    ("20", K::Temporary, "the carrier's network failed: try again later"),
    ("30", K::Blocked, "the message was taken for spam: see the carriers' content rules"),
    ("40", K::InvalidSender, "the sender is not valid: check fromNumber"),
    (
        "50",
        K::InvalidRecipient,
        "the recipient's number is not valid, is a landline or cannot be texted",
    ),
    ("60", K::Blocked, "the message went round in a loop and was stopped"),
    ("70", K::Unreachable, "the recipient's number is no longer in service"),
    ("80", K::Unreachable, "the phone is off or out of reach: try again later"),
    (
        "90",
        K::Unreachable,
        "no carrier leads to the recipient: use a sender that can text their country",
    ),
    ("100", K::Blocked, "the carrier does not allow the message: see the carriers' content rules"),
    ("110", K::InvalidContent, "the text is too long: send it in parts"),
    ("120", K::InvalidContent, "the media are too large: 2 MB each and 5 MB together"),
    (
        "200",
        K::OptedOut,
        "the recipient texted STOP to this sender: nothing can be sent until they text START",
    ),
    ("201", K::Permission, "a US toll-free number cannot text Canada: use another sender"),
    ("300", K::Temporary, "the message could not be dispatched: try again later"),
    ("420", K::Expired, "the message waited too long"),
    ("900", K::Account, "the account has no credit: add some in the console"),
    ("910", K::Account, "the account is disabled: see the console"),
    ("1000", K::Unknown, "the carrier gave no reason"),
];

/// A number that Plivo says is none. Ours is checked when the configuration is read.
pub(super) const INVALID_NUMBER: Explanation = Explanation {
    kind: K::InvalidRecipient,
    sentence: "the recipient's number is not valid: write it as +, country code, number",
};

/// What a refused request means, which Plivo tells by HTTP status alone.
pub(super) const fn by_plivo_status(status: u16) -> Explanation {
    match status {
        400 => Explanation {
            kind: K::InvalidContent,
            sentence: "it refused a field of the request: check that the recipient's number exists and \
                       is not the sender's, that the sender is a number of the account, and that \
                       media URLs are public",
        },
        401 => Explanation {
            kind: K::Authentication,
            sentence: "the credentials are wrong: check authId and authToken",
        },
        403 => Explanation {
            kind: K::Permission,
            sentence: "the account may not text or call this country: turn it on under Geo Permissions in \
                       the console; a trial account reaches verified numbers only",
        },
        _ => by_status(status),
    }
}
