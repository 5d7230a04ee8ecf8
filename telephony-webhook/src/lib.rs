#![doc = include_str!("../README.md")]

mod answer;
#[cfg(feature = "server")]
mod counters;
#[cfg(feature = "server")]
mod endpoint;
mod form;
mod headers;
mod inbox;
#[cfg(feature = "server")]
mod instructions;
#[cfg(feature = "server")]
mod limits;
#[cfg(feature = "server")]
mod nonces;
mod parse;
#[cfg(feature = "postgres")]
mod postgres;
#[cfg(feature = "server")]
mod receiver;
mod refusal;
#[cfg(feature = "server")]
mod refused;
mod request;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod schema;
#[cfg(feature = "server")]
mod server;
mod sign;
#[cfg(feature = "sqlite")]
mod sqlite;
mod url;
mod verify;
mod voice_path;

pub use crate::answer::Answer;
#[cfg(feature = "server")]
pub use crate::counters::Counted;
#[cfg(feature = "server")]
pub use crate::endpoint::{Endpoint, EndpointError, Routes};
pub use crate::form::{Contradiction, Form, MAX_FIELDS};
pub use crate::headers::{Headers, MAX_HEADER_BYTES};
#[cfg(feature = "postgres")]
pub use crate::inbox::PostgresInbox;
#[cfg(feature = "sqlite")]
pub use crate::inbox::SqliteInbox;
#[cfg(feature = "testing")]
pub use crate::inbox::conformance;
pub use crate::inbox::{
    Counts, DEDUPE, Entry, EntryState, EventKey, FURTHEST_DUE, Inbox, InboxError, Inserted, Lease,
    Leased, MAX_ATTEMPTS, MAX_REASON_BYTES, MemoryInbox, NewEntry, Waiting,
};
#[cfg(feature = "server")]
pub use crate::instructions::CallInstructions;
#[cfg(feature = "server")]
pub use crate::limits::{Limits, MAX_BODY_BYTES, MAX_HEAD_BYTES, Quota};
pub use crate::parse::{Claims, Notice, ParseError, REFERENCE_FIELD, Route, parse};
#[cfg(all(feature = "postgres", feature = "testing", unix))]
pub use crate::postgres::testing;
#[cfg(feature = "postgres")]
pub use crate::postgres::{MAX_POOL_SIZE, PATIENCE, PostgresError, PostgresPool};
#[cfg(feature = "server")]
pub use crate::receiver::{Admitted, DOCTOR_AGENT, Receiver};
pub use crate::refusal::Refusal;
#[cfg(feature = "server")]
pub use crate::refused::{MAX_RECENT_REFUSALS, RecentRefusal};
pub use crate::request::{Method, Proof, Refused, Request, Scheme, Unverified, Verified};
#[cfg(any(feature = "postgres", feature = "sqlite"))]
pub use crate::schema::Schema;
#[cfg(feature = "server")]
pub use crate::server::{Asset, Assets, Health, HealthProbe, Observer, Server};
pub use crate::sign::{SignError, Signer, telnyx_public_key};
#[cfg(feature = "sqlite")]
pub use crate::sqlite::{
    MAX_BATCH_JOBS, MAX_QUEUED_JOBS, OpenError, SqliteWriter, WriteError, open_sqlite,
    sqlite_versions,
};
pub use crate::url::{
    PublicUrl, PublicUrlError, PublicUrls, TrustedProxies, TrustedProxiesError, UrlRefusal,
    UrlRules,
};
pub use crate::verify::{
    Captured, DangerousUnsigned, EmptyKey, MAX_SIGNATURES, PlivoVerifier, Report,
    TELNYX_TOLERANCE_SECONDS, TelnyxKey, TelnyxKeyError, TelnyxVerifier, TwilioVerifier, Verifier,
    VerifierError, report, verifier,
};
pub use crate::voice_path::VOICE_SEGMENT;
