//! Texts that are owed to people: the code to a stranger, the confirmation to whoever was approved.
//!
//! A note becomes a send under a key of its own, and is settled only then. Whatever happens in
//! between, the next look finds the note again, and the key keeps it from being sent twice.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use telephony_core::{AccountId, Timestamp};
use telephony_pairing::{Note, NoteKind, PairingStore};
use thiserror::Error;
use tokio::sync::watch;

use super::{Account, Telephony, texts};
use crate::outbound::{NewSend, Source};
use crate::report::chain;

/// How often is looked when nobody says that something is owed: a command that found no server
/// running may have noted it.
const LOOK: Duration = Duration::from_secs(5);

/// Keeps which texts are owed to whom.
#[async_trait]
pub trait Owing: std::fmt::Debug + Send + Sync {
    /// What an account owes.
    async fn owed(&self, account: &AccountId, now: Timestamp) -> Result<Vec<Note>, OwingError>;

    /// A text is written down to be sent, and owed no more.
    async fn settle(&self, note: &Note, now: Timestamp) -> Result<(), OwingError>;
}

/// What is owed cannot be looked up or settled. What it was is the source.
#[derive(Debug, Error)]
#[error("what is owed to people cannot be looked up")]
pub struct OwingError(#[source] Box<dyn std::error::Error + Send + Sync>);

impl OwingError {
    /// Wraps the reason.
    pub fn new(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(source.into())
    }
}

/// What our own store says is owed.
#[derive(Debug)]
pub(super) struct Stored(pub(super) Arc<dyn PairingStore>);

#[async_trait]
impl Owing for Stored {
    async fn owed(&self, account: &AccountId, now: Timestamp) -> Result<Vec<Note>, OwingError> {
        self.0.owed(account, now).await.map_err(OwingError::new)
    }

    async fn settle(&self, note: &Note, _: Timestamp) -> Result<(), OwingError> {
        self.0.settle(note).await.map(drop).map_err(OwingError::new)
    }
}

/// Sends what is owed until `stop` becomes true.
pub(super) async fn run(service: &Telephony, mut stop: watch::Receiver<bool>) {
    loop {
        for account in service.accounts() {
            if let Err(error) = pay(service, &account).await {
                let account_id = &account.settings.id;
                tracing::error!(%account_id, error, "a text is still owed; trying again");
            }
        }
        tokio::select! {
            _ = stop.wait_for(|stop| *stop) => return,
            () = service.owed.notified() => {}
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

async fn pay(service: &Telephony, account: &Account) -> Result<(), String> {
    let settings = &account.settings;
    let now = service.clock.now();
    let owed = service.owing.owed(&settings.id, now).await;
    for note in owed.map_err(|error| chain(&error))? {
        // Who is silent shows the code to the operator alone.
        let is_silent = settings.pairing_silent && note.kind == NoteKind::Challenge;
        if !is_silent {
            let parts = account.plan(&texts::of(&note), &[]);
            let source = Source::Note(key(&note));
            let send = NewSend::new(note.account.clone(), note.number.clone(), source, parts);
            service.outbox.submit(send).await.map_err(|error| chain(&error))?;
        }
        service.owing.settle(&note, now).await.map_err(|error| chain(&error))?;
        let (to, kind) = (note.number.masked(), note.kind);
        let provider = settings.provider.kind();
        tracing::info!(%provider, account_id = %settings.id, to, ?kind, is_silent, "pairing");
    }
    Ok(())
}

/// A code is one request's, and has one text of each kind.
fn key(note: &Note) -> String {
    let kind = match note.kind {
        NoteKind::Challenge => "challenge",
        NoteKind::Confirmation => "confirmation",
    };
    format!("{kind} {} {}", note.number.as_str(), note.code)
}
