//! What has become of messages of ours: as carriers report it, and as they say when they are asked.

use telephony_core::DeliveryUpdate;

use super::{News, Telephony};
use crate::outbound::{LedgerError, PartStatus, SendStatus};

impl Telephony {
    /// Takes a carrier's report, and tells the agent what is new.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] when it is not kept.
    pub(crate) async fn report(&self, update: &DeliveryUpdate) -> Result<(), LedgerError> {
        if let Some(delivery) = self.outbox.apply(update).await?
            && delivery.is_news()
        {
            self.agent.hear(&News::Delivery(delivery)).await;
        }
        Ok(())
    }

    /// What is known of a message, by our id or the carrier's: our record, with what the carrier
    /// says now of parts whose last word is not spoken.
    ///
    /// # Errors
    ///
    /// [`LedgerError`] when the record cannot be read.
    pub(crate) async fn message(&self, id: &str) -> Result<Option<SendStatus>, LedgerError> {
        let Some(status) = self.ledger.status(id).await? else { return Ok(None) };
        let Some(account) = self.account(&status.account) else { return Ok(Some(status)) };
        let is_open = |part: &&PartStatus| {
            part.delivery.as_ref().is_none_or(|delivery| !delivery.is_settled())
        };
        let mut told = false;
        for id in status.parts.iter().filter(is_open).filter_map(|part| part.provider_id.clone()) {
            // A carrier that does not answer leaves us with what we know.
            let Ok(report) = account.connection.messaging.fetch(&id).await else { continue };
            self.report(&DeliveryUpdate::new(status.account.clone(), id, report)).await?;
            told = true;
        }
        if told && let Some(newer) = self.ledger.status(status.id.as_str()).await? {
            return Ok(Some(newer));
        }
        Ok(Some(status))
    }
}
