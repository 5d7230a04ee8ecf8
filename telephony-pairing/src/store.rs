//! Where requests, approvals and what is owed to people are kept.

use async_trait::async_trait;
use serde::Serialize;
use telephony_core::{AccountId, PhoneNumber, Timestamp};
use thiserror::Error;

use crate::code::PairingCode;

/// The most requests of one account that wait for approval at once.
pub const MAX_PENDING: usize = 3;

/// The most wrong codes that are taken for one account within
/// [`CODE_LIFETIME`](crate::CODE_LIFETIME). With 40 bits a code, guessing is hopeless.
pub const MAX_FAILED_APPROVALS: u32 = 10;

/// Somebody who wants to talk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct PairingRequest {
    /// The account that was texted.
    pub account: AccountId,
    /// Who texted.
    pub number: PhoneNumber,
    /// The code to approve.
    pub code: PairingCode,
    /// When it was asked.
    pub created_at: Timestamp,
    /// When the code is void.
    pub expires_at: Timestamp,
}

/// What became of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Requested {
    /// It is new. That its code is to be texted has been noted with it.
    New(PairingRequest),
    /// This number waits already, and has its code.
    Waiting(PairingRequest),
    /// [`MAX_PENDING`] others wait already.
    Full,
    /// This number has been approved already.
    Approved,
}

/// A text that is owed to somebody, kept until it is settled.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Note {
    /// The account it is owed by.
    pub account: AccountId,
    /// Whom it is owed to.
    pub number: PhoneNumber,
    /// The code it is about.
    pub code: PairingCode,
    /// What it says.
    pub kind: NoteKind,
}

impl Note {
    /// A text that is owed.
    #[must_use]
    pub const fn new(
        account: AccountId,
        number: PhoneNumber,
        code: PairingCode,
        kind: NoteKind,
    ) -> Self {
        Self { account, number, code, kind }
    }
}

/// What a text that is owed says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NoteKind {
    /// The code, to the stranger.
    Challenge,
    /// That they have been approved.
    Confirmation,
}

/// Why a code was not approved.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ApproveError {
    /// No request of this account waits with that code, or it is void.
    #[error("no request waits with this code: see the list, codes are void after an hour")]
    Unknown,
    /// [`MAX_FAILED_APPROVALS`] wrong codes were tried.
    #[error("too many wrong codes: wait an hour, or ask the person to text again after that")]
    TooManyAttempts,
    /// The store failed.
    #[error("the pairing store failed")]
    Store(#[from] StoreError),
}

/// A store failed. What it was is the source.
#[derive(Debug, Error)]
#[error("the pairing store cannot be used")]
pub struct StoreError(#[source] Box<dyn std::error::Error + Send + Sync>);

impl StoreError {
    /// Wraps the reason.
    pub fn new(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(source.into())
    }
}

/// Keeps requests, approvals and what is owed to people. Each method is one transaction.
///
/// [`conformance`](crate::conformance) is what every store passes.
#[async_trait]
pub trait PairingStore: std::fmt::Debug + Send + Sync {
    /// Notes that `number` wants to talk, with `code` if it is new. One number has one code at a
    /// time; a code that is void counts for nothing. That a new code is to be texted is noted in
    /// the same transaction.
    async fn request(
        &self,
        account: &AccountId,
        number: &PhoneNumber,
        code: &PairingCode,
        now: Timestamp,
    ) -> Result<Requested, StoreError>;

    /// Approves the request that waits with `code`. That the person is to be told is noted in the
    /// same transaction. A wrong code counts against [`MAX_FAILED_APPROVALS`].
    async fn approve(
        &self,
        account: &AccountId,
        code: &PairingCode,
        now: Timestamp,
    ) -> Result<PairingRequest, ApproveError>;

    /// Forgets the request that waits with `code`; whether there was one.
    async fn dismiss(&self, account: &AccountId, code: &PairingCode) -> Result<bool, StoreError>;

    /// The requests that wait, the oldest first.
    async fn pending(
        &self,
        account: &AccountId,
        now: Timestamp,
    ) -> Result<Vec<PairingRequest>, StoreError>;

    /// Whether `number` has been approved.
    async fn is_approved(
        &self,
        account: &AccountId,
        number: &PhoneNumber,
    ) -> Result<bool, StoreError>;

    /// The numbers that have been approved, in their order.
    async fn approved(&self, account: &AccountId) -> Result<Vec<PhoneNumber>, StoreError>;

    /// Takes an approval back; whether there was one.
    async fn revoke(&self, account: &AccountId, number: &PhoneNumber) -> Result<bool, StoreError>;

    /// The texts that are owed and not settled, the oldest first. A challenge whose code is void
    /// is owed no more.
    async fn owed(&self, account: &AccountId, now: Timestamp) -> Result<Vec<Note>, StoreError>;

    /// Settles a text that is owed; whether it was still owed. Of several that settle the same
    /// text, one is told that it was: that one sends it.
    async fn settle(&self, note: &Note) -> Result<bool, StoreError>;
}
