#![doc = include_str!("../README.md")]

mod answer;
mod form;
mod headers;
mod inbox;
mod parse;
mod refusal;
mod request;
mod sign;
#[cfg(feature = "sqlite")]
mod sqlite;
mod url;
mod verify;

pub use crate::answer::Answer;
pub use crate::form::{Contradiction, Form, MAX_FIELDS};
pub use crate::headers::{Headers, MAX_HEADER_BYTES};
#[cfg(feature = "sqlite")]
pub use crate::inbox::SqliteInbox;
#[cfg(feature = "testing")]
pub use crate::inbox::conformance;
pub use crate::inbox::{
    Counts, DEDUPE, Entry, EntryState, EventKey, Inbox, InboxError, Inserted, Lease, Leased,
    MAX_ATTEMPTS, MAX_REASON_BYTES, MemoryInbox, NewEntry,
};
pub use crate::parse::{Claims, Notice, ParseError, REFERENCE_FIELD, Route, parse};
pub use crate::refusal::Refusal;
pub use crate::request::{Method, Proof, Refused, Request, Scheme, Unverified, Verified};
pub use crate::sign::{SignError, Signer, telnyx_public_key};
#[cfg(feature = "sqlite")]
pub use crate::sqlite::{
    MAX_BATCH_JOBS, MAX_QUEUED_JOBS, OpenError, Schema, SqliteWriter, WriteError,
};
pub use crate::url::{
    PublicUrl, PublicUrlError, PublicUrls, TrustedProxies, TrustedProxiesError, UrlRefusal,
    UrlRules,
};
pub use crate::verify::{
    Captured, DangerousUnsigned, EmptyKey, MAX_SIGNATURES, PlivoVerifier, Report,
    TELNYX_TOLERANCE_SECONDS, TelnyxKey, TelnyxKeyError, TelnyxVerifier, TwilioVerifier, Verifier,
    report,
};
