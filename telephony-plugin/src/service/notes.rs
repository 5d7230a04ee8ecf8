//! Texts that are owed to people: the code to a stranger, the confirmation to whoever was approved.
//!
//! A note becomes a send under a key of its own, and is settled only then. Whatever happens in
//! between, the next look finds the note again, and the key keeps it from being sent twice.

use std::time::Duration;

use telephony_pairing::{Note, NoteKind};
use tokio::sync::watch;

use super::account::Account;
use super::{Telephony, texts};
use crate::outbound::{NewSend, Source};
use crate::report::chain;

/// How often is looked when nobody says that something is owed: a command that found no server
/// running may have noted it.
const LOOK: Duration = Duration::from_secs(5);

/// Sends what is owed until `stop` becomes true.
pub(super) async fn run(service: &Telephony, mut stop: watch::Receiver<bool>) {
    loop {
        for account in service.accounts.values() {
            if let Err(error) = pay(service, account).await {
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
    let owed = service.pairing.owed(&settings.id, service.clock.now()).await;
    for note in owed.map_err(|error| chain(&error))? {
        // Who is silent shows the code to the operator alone.
        let is_silent = settings.pairing_silent && note.kind == NoteKind::Challenge;
        if !is_silent {
            let parts = account.plan(&texts::of(&note), &[]);
            let source = Source::Note(key(&note));
            let send = NewSend::new(note.account.clone(), note.number.clone(), source, parts);
            service.outbox.submit(send).await.map_err(|error| chain(&error))?;
        }
        service.pairing.settle(&note).await.map_err(|error| chain(&error))?;
        let (to, kind) = (note.number.masked(), note.kind);
        tracing::info!(account_id = %settings.id, to, ?kind, is_silent, "pairing");
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
