//! What has become of what was sent, as the carrier says it.

use serde::{Deserialize, Serialize};
use telephony_core::{
    AccountId, Applied, CarrierCode, DeliveryState, MessageId, MessageStatus, PhoneNumber,
    ProviderKind, ProviderMessageId, StatusReport, Timestamp,
};
use telephony_providers::explain;

/// A report of the carrier's, and when we had it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Reported {
    /// When it came.
    pub at: Timestamp,
    /// What it says.
    #[serde(flatten)]
    pub report: StatusReport,
}

/// What a report has done to a part of a send.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Delivery {
    /// Our id of the send.
    pub id: MessageId,
    /// The account it went through.
    pub account: AccountId,
    /// Whom it is for.
    pub to: PhoneNumber,
    /// The carrier's id of the part.
    pub provider_id: ProviderMessageId,
    /// How far the part has come, after this report.
    pub status: MessageStatus,
    /// What went wrong, in the carrier's code.
    pub code: Option<CarrierCode>,
    /// The same in words, with what to do.
    pub explanation: Option<&'static str>,
    /// Whether reports on it contradict each other.
    pub is_conflicted: bool,
    /// What the report has changed.
    pub applied: Applied,
}

impl Delivery {
    /// Whether somebody who was told of the part before would want to know.
    #[must_use]
    pub const fn is_news(&self) -> bool {
        matches!(self.applied, Applied::Advanced | Applied::Conflicted)
    }
}

/// What went wrong with a part, in words, with what to do: where the carrier gave a code for it.
pub(super) fn explanation(
    provider: Option<ProviderKind>,
    delivery: &DeliveryState,
) -> Option<&'static str> {
    let code = delivery.report().code.as_ref().filter(|_| delivery.status().is_failure())?;
    Some(explain(provider?, code.as_str()).sentence)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_failed_is_said_in_words() {
        let mut report = StatusReport::new(MessageStatus::Undelivered, "undelivered");
        report.code = Some(CarrierCode::new("30034"));
        let failed = DeliveryState::new(report.clone());
        let words = explanation(Some(ProviderKind::Twilio), &failed).unwrap();
        assert!(words.contains("10DLC"), "{words}");
        assert_eq!(explanation(None, &failed), None, "nobody knows whose code it is");
        report.status = MessageStatus::Delivered;
        let arrived = DeliveryState::new(report);
        assert_eq!(explanation(Some(ProviderKind::Twilio), &arrived), None);
    }
}
