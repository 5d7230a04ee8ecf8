//! The store that forgets everything when the process ends: the reference for the others.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use telephony_core::{AccountId, PhoneNumber, Timestamp};

use crate::code::{CODE_LIFETIME, FURTHEST_AHEAD, PairingCode, is_valid};
use crate::store::{
    ApproveError, MAX_FAILED_APPROVALS, MAX_PENDING, Note, NoteKind, PairingRequest, PairingStore,
    Requested, StoreError,
};

/// Keeps everything in memory.
#[derive(Debug, Default)]
pub struct MemoryPairingStore(Mutex<BTreeMap<AccountId, Book>>);

/// What is known of one account.
#[derive(Debug, Default)]
struct Book {
    requests: Vec<PairingRequest>,
    approved: BTreeSet<PhoneNumber>,
    owed: Vec<Owed>,
    failures: Vec<Timestamp>,
}

#[derive(Debug)]
struct Owed {
    note: Note,
    expires_at: Option<Timestamp>,
}

impl MemoryPairingStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn books(&self) -> MutexGuard<'_, BTreeMap<AccountId, Book>> {
        // A panic while it was held left no step half done: each is a single push or remove.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Book {
    fn forget_void(&mut self, now: Timestamp) {
        let furthest = now.saturating_add(FURTHEST_AHEAD);
        self.requests.retain(|request| is_valid(request.expires_at, now));
        self.owed.retain(|owed| owed.expires_at.is_none_or(|at| is_valid(at, now)));
        let counts = |at: Timestamp| now.saturating_since(at) < CODE_LIFETIME && at <= furthest;
        self.failures.retain(|at| counts(*at));
    }
}

#[async_trait]
impl PairingStore for MemoryPairingStore {
    async fn request(
        &self,
        account: &AccountId,
        number: &PhoneNumber,
        code: &PairingCode,
        now: Timestamp,
    ) -> Result<Requested, StoreError> {
        let mut books = self.books();
        let book = books.entry(account.clone()).or_default();
        book.forget_void(now);
        if book.approved.contains(number) {
            return Ok(Requested::Approved);
        }
        if let Some(request) = book.requests.iter().find(|request| request.number == *number) {
            return Ok(Requested::Waiting(request.clone()));
        }
        if book.requests.len() >= MAX_PENDING {
            return Ok(Requested::Full);
        }
        let request = PairingRequest {
            account: account.clone(),
            number: number.clone(),
            code: code.clone(),
            created_at: now,
            expires_at: now.saturating_add(CODE_LIFETIME),
        };
        let note = note(&request, NoteKind::Challenge);
        book.owed.push(Owed { note, expires_at: Some(request.expires_at) });
        book.requests.push(request.clone());
        Ok(Requested::New(request))
    }

    async fn approve(
        &self,
        account: &AccountId,
        code: &PairingCode,
        now: Timestamp,
    ) -> Result<PairingRequest, ApproveError> {
        let mut books = self.books();
        let book = books.entry(account.clone()).or_default();
        book.forget_void(now);
        if book.failures.len() >= MAX_FAILED_APPROVALS as usize {
            return Err(ApproveError::TooManyAttempts);
        }
        let Some(index) = book.requests.iter().position(|request| request.code == *code) else {
            book.failures.push(now);
            return Err(ApproveError::Unknown);
        };
        let request = book.requests.remove(index);
        book.approved.insert(request.number.clone());
        book.owed.retain(|owed| owed.note.code != *code);
        book.owed.push(Owed { note: note(&request, NoteKind::Confirmation), expires_at: None });
        Ok(request)
    }

    async fn dismiss(&self, account: &AccountId, code: &PairingCode) -> Result<bool, StoreError> {
        let mut books = self.books();
        let Some(book) = books.get_mut(account) else { return Ok(false) };
        let before = book.requests.len();
        book.requests.retain(|request| request.code != *code);
        book.owed.retain(|owed| owed.note.code != *code || owed.expires_at.is_none());
        Ok(book.requests.len() < before)
    }

    async fn pending(
        &self,
        account: &AccountId,
        now: Timestamp,
    ) -> Result<Vec<PairingRequest>, StoreError> {
        let books = self.books();
        let requests = books.get(account).map(|book| book.requests.as_slice()).unwrap_or_default();
        Ok(requests.iter().filter(|request| is_valid(request.expires_at, now)).cloned().collect())
    }

    async fn is_approved(
        &self,
        account: &AccountId,
        number: &PhoneNumber,
    ) -> Result<bool, StoreError> {
        Ok(self.books().get(account).is_some_and(|book| book.approved.contains(number)))
    }

    async fn approved(&self, account: &AccountId) -> Result<Vec<PhoneNumber>, StoreError> {
        let books = self.books();
        Ok(books.get(account).into_iter().flat_map(|book| &book.approved).cloned().collect())
    }

    async fn revoke(&self, account: &AccountId, number: &PhoneNumber) -> Result<bool, StoreError> {
        let mut books = self.books();
        let Some(book) = books.get_mut(account) else { return Ok(false) };
        book.owed.retain(|owed| owed.note.number != *number);
        Ok(book.approved.remove(number))
    }

    async fn owed(&self, account: &AccountId, now: Timestamp) -> Result<Vec<Note>, StoreError> {
        let books = self.books();
        let owed = books.get(account).map(|book| book.owed.as_slice()).unwrap_or_default();
        let is_due = |at| is_valid(at, now);
        let due = owed.iter().filter(|owed| owed.expires_at.is_none_or(is_due));
        Ok(due.map(|owed| owed.note.clone()).collect())
    }

    async fn settle(&self, note: &Note) -> Result<bool, StoreError> {
        let mut books = self.books();
        let Some(book) = books.get_mut(&note.account) else { return Ok(false) };
        let before = book.owed.len();
        book.owed.retain(|owed| owed.note != *note);
        Ok(book.owed.len() < before)
    }
}

fn note(request: &PairingRequest, kind: NoteKind) -> Note {
    let PairingRequest { account, number, code, .. } = request.clone();
    Note { account, number, code, kind }
}
