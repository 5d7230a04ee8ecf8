//! Telnyx's codes: `https://developers.telnyx.com/docs/messaging/messages/error-codes`, and those
//! of call control from its `OpenAPI` description.
//!
//! The description says no more of HTTP statuses than "4XX": the code decides.

use crate::error::ErrorKind as K;
use crate::explain::Row;

/// What the codes of refused requests and of delivery reports mean.
pub(crate) const CODES: &[Row] = &[
    ("10002", K::InvalidRecipient, "the number is not valid: write it as +, country code, number"),
    ("10004", K::InvalidContent, "a required field is missing"),
    ("10005", K::NotFound, "there is no such message or call; messages are kept for ten days"),
    ("10007", K::Temporary, "its servers failed"),
    ("10009", K::Authentication, "the API key is wrong: check apiKey"),
    ("10010", K::Permission, "the API key may not do this: check its account"),
    ("10011", K::RateLimited, "too many requests at once: send more slowly"),
    ("10015", K::InvalidContent, "a field of the request is not valid"),
    (
        "10016",
        K::InvalidRecipient,
        "the number is not in E.164 form: write it as +, country code, number",
    ),
    ("10026", K::InvalidContent, "a field of the request has the wrong type"),
    ("10028", K::InvalidContent, "the request holds characters that cannot be decoded"),
    (
        "10032",
        K::InvalidContent,
        "a field of the request has a value that is not one of its choices",
    ),
    ("10038", K::Permission, "the account's level does not include this: verify it in the portal"),
    ("20001", K::Authentication, "the API key is missing: set apiKey"),
    ("20002", K::Authentication, "the API key is wrong or deleted: check apiKey"),
    ("20008", K::Authentication, "the API key is not active: check apiKey"),
    ("20012", K::Account, "the account is inactive: see the portal"),
    ("20013", K::Permission, "the account is blocked: see the portal"),
    ("20014", K::Permission, "the account is not verified: verify it in the portal"),
    ("20100", K::Account, "the account has no funds: add some in the portal"),
    ("40001", K::Landline, "the recipient is a landline or cannot be routed to"),
    ("40002", K::Blocked, "the message was taken for spam: see the carriers' content rules"),
    (
        "40003",
        K::Blocked,
        "the recipient's carrier took the message for spam: see the carriers' content rules",
    ),
    ("40004", K::Unreachable, "the recipient's carrier rejected the message"),
    ("40005", K::Expired, "the message expired while it was being delivered"),
    ("40006", K::Unreachable, "the recipient's carrier cannot be reached: try again later"),
    ("40008", K::Unreachable, "the recipient's carrier did not accept the message"),
    ("40009", K::InvalidContent, "the text is not valid for this message"),
    (
        "40010",
        K::Compliance,
        "the number is not registered for 10DLC: assign it to a campaign in the portal",
    ),
    ("40011", K::RateLimited, "the carrier takes no more messages at the moment: send more slowly"),
    ("40012", K::InvalidRecipient, "the recipient's number is not valid for messages"),
    ("40013", K::InvalidSender, "the sender is not valid for messages: check fromNumber"),
    ("40014", K::Expired, "the message waited too long in the queue"),
    ("40015", K::Blocked, "a filter stopped the message: see the carriers' content rules"),
    (
        "40016",
        K::RateLimited,
        "the limit of T-Mobile for this campaign is used up: send more slowly",
    ),
    (
        "40017",
        K::Blocked,
        "the carrier AT&T took the message for spam: see the carriers' content rules",
    ),
    ("40018", K::RateLimited, "the limit of AT&T for this campaign is used up: send more slowly"),
    (
        "40019",
        K::Compliance,
        "the number is still being provisioned for 10DLC: wait or see the portal",
    ),
    (
        "40300",
        K::OptedOut,
        "the recipient texted STOP to this messaging profile: nothing can be sent until they \
         text START",
    ),
    ("40302", K::InvalidContent, "the message is larger than it takes"),
    ("40304", K::InvalidContent, "text and media do not go together as they are"),
    (
        "40305",
        K::InvalidSender,
        "the sender is not a number of the messaging profile: assign it in the portal, or check \
         fromNumber and messagingProfileId",
    ),
    (
        "40306",
        K::InvalidSender,
        "the alphanumeric sender is not allowed: check fromNumber and the messaging profile",
    ),
    (
        "40307",
        K::InvalidSender,
        "the alphanumeric sender is not valid: one to eleven letters, digits and spaces",
    ),
    ("40308", K::InvalidSender, "the sender cannot send media: use a number with MMS"),
    (
        "40309",
        K::Permission,
        "the messaging profile does not allow this country: add it to its allowed destinations",
    ),
    (
        "40310",
        K::InvalidRecipient,
        "the recipient's number is not valid: write it as +, country code, number",
    ),
    ("40312", K::Account, "the messaging profile is disabled: enable it in the portal"),
    ("40314", K::Account, "messaging is disabled for the account: see the portal"),
    ("40316", K::InvalidContent, "the message has neither text nor media"),
    ("40317", K::InvalidContent, "a media URL is not valid, or there are more than ten"),
    ("40318", K::Temporary, "the sender's queue is full: try again later"),
    (
        "40320",
        K::InvalidSender,
        "the sender is not ready to be used yet: wait until it is provisioned",
    ),
    ("40322", K::Blocked, "the message holds content that is not allowed"),
    ("40325", K::InvalidSender, "the sender's number is being moved: wait until that is done"),
    (
        "40328",
        K::InvalidContent,
        "the text has more parts than it takes: send it in several messages",
    ),
    ("40329", K::Compliance, "the toll-free number is not verified: verify it in the portal"),
    (
        "40330",
        K::Compliance,
        "the number is not provisioned for 10DLC: assign it to a campaign in the portal",
    ),
    (
        "40331",
        K::Permission,
        "the messaging profile does not allow this country: add it to its allowed destinations",
    ),
    (
        "40333",
        K::Account,
        "the messaging profile's spending limit is reached: raise it in the portal",
    ),
    ("90015", K::NotFound, "there is no such call"),
    ("90018", K::NotFound, "the call is over already"),
    ("90034", K::InvalidContent, "the call has not been answered yet"),
];
