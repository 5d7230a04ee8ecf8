//! Twilio's codes: `https://www.twilio.com/docs/api/errors/<code>`.
//!
//! Twilio changes the texts of its errors and says so; only the numbers are matched.

use crate::error::ErrorKind as K;
use crate::explain::Row;

/// What the codes of refused requests (2xxxx) and of delivery reports (3xxxx) mean.
pub(crate) const CODES: &[Row] = &[
    (
        "20003",
        K::Authentication,
        "the credentials are wrong: check accountSid with authToken, or apiKeySid with \
         apiKeySecret",
    ),
    ("20404", K::NotFound, "there is no such message, call or account"),
    ("20429", K::RateLimited, "too many requests at once: send more slowly"),
    (
        "21210",
        K::InvalidSender,
        "the sender is not a number of this account, nor verified with it: check fromNumber",
    ),
    (
        "21211",
        K::InvalidRecipient,
        "the recipient's number does not exist: write it as +, country code, number",
    ),
    ("21212", K::InvalidSender, "the sender is not a valid number: check fromNumber"),
    (
        "21215",
        K::Permission,
        "calls to this country are off: turn it on under Voice > Settings > Geo permissions",
    ),
    (
        "21219",
        K::Permission,
        "a trial account calls verified numbers only: verify the number or upgrade",
    ),
    ("21220", K::NotFound, "the call is over already"),
    ("21265", K::InvalidRecipient, "the recipient is a short code, which cannot be texted"),
    ("21266", K::InvalidRecipient, "sender and recipient are the same number"),
    ("21401", K::InvalidSender, "the sender is not a number that can be used: check fromNumber"),
    (
        "21408",
        K::Permission,
        "texts to this country are off: turn it on under Messaging > Settings > Geo permissions",
    ),
    ("21602", K::InvalidContent, "the message has neither text nor media"),
    (
        "21606",
        K::InvalidSender,
        "the sender is not a number of this account that can text: check fromNumber",
    ),
    (
        "21608",
        K::Permission,
        "a trial account texts verified numbers only: verify the number or upgrade",
    ),
    (
        "21609",
        K::Configuration,
        "the status callback is not a URL that Twilio accepts: publicUrl needs a public host \
         name without underscores",
    ),
    (
        "21610",
        K::OptedOut,
        "the recipient texted STOP to this sender: nothing can be sent until they text START",
    ),
    (
        "21612",
        K::Unreachable,
        "this sender cannot reach this recipient: use a sender that can text their country",
    ),
    ("21614", K::InvalidRecipient, "the recipient's number is not a mobile number"),
    ("21617", K::TooLong, "the text has more than 1,600 characters: send it in parts"),
    ("21620", K::InvalidContent, "a media URL is not valid: it has to be public"),
    ("21623", K::InvalidContent, "there are more than ten media"),
    ("21635", K::Landline, "the recipient is a landline, which cannot be texted"),
    ("21660", K::InvalidSender, "the sender belongs to another account: check fromNumber"),
    (
        "21703",
        K::InvalidSender,
        "the Messaging Service has no number for this recipient: add one to it",
    ),
    ("21704", K::InvalidSender, "the Messaging Service has no numbers: add one to it"),
    ("21705", K::Configuration, "there is no such Messaging Service: check messagingServiceSid"),
    ("30001", K::Temporary, "the sender's queue is full: try again later"),
    ("30002", K::Account, "the account is suspended: see its console"),
    ("30003", K::Unreachable, "the phone is off or out of reach: try again later"),
    ("30004", K::Blocked, "the recipient or their carrier blocks these messages"),
    ("30005", K::Unreachable, "the recipient's number is unknown to its carrier"),
    ("30006", K::Unreachable, "the recipient is a landline, or its carrier cannot be reached"),
    (
        "30007",
        K::Blocked,
        "a carrier's filter took the message for spam: see the carriers' content rules",
    ),
    ("30008", K::Unknown, "the carrier gave no reason"),
    ("30032", K::Compliance, "the toll-free number is not verified: verify it in the console"),
    (
        "30034",
        K::Compliance,
        "the number is not registered for US A2P 10DLC: register brand and campaign and add the \
         number to its Messaging Service",
    ),
    ("30036", K::Expired, "the message waited longer than its validity period"),
    (
        "30450",
        K::Blocked,
        "the protection against SMS pumping stopped the message: see Messaging > Settings",
    ),
    (
        "30610",
        K::Blocked,
        "the compliance toolkit stopped the message: it is quiet hours where the recipient is",
    ),
    (
        "30640",
        K::Blocked,
        "the compliance toolkit stopped the message: the recipient is on a list of litigators",
    ),
];
