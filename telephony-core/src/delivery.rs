//! What became of a message, from reports that come late, twice or out of order.

use serde::{Deserialize, Serialize};

use crate::id::{AccountId, ProviderMessageId};
use crate::time::Timestamp;

/// How far a message has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum MessageStatus {
    /// The provider has it.
    Queued,
    /// It is on its way to the carrier.
    Sending,
    /// The carrier took it. Without a receipt this is all that is ever known.
    Sent,
    /// The provider could not send it.
    Failed,
    /// The carrier could not deliver it.
    Undelivered,
    /// It is on the phone.
    Delivered,
    /// It was received by us: the only status of an inbound message.
    Received,
    /// It was read (WhatsApp, RCS).
    Read,
}

impl MessageStatus {
    /// How far along this is, from 0. A message never moves to a lower rank.
    #[must_use]
    pub const fn rank(self) -> u8 {
        match self {
            Self::Queued => 0,
            Self::Sending => 1,
            Self::Sent => 2,
            Self::Failed | Self::Undelivered | Self::Delivered | Self::Received => 3,
            Self::Read => 4,
        }
    }

    /// Whether nothing but `Read` can follow.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        self.rank() >= 3
    }

    /// Whether the message did not arrive.
    #[must_use]
    pub const fn is_failure(self) -> bool {
        matches!(self, Self::Failed | Self::Undelivered)
    }

    const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// A carrier's code for what went wrong, `30003` or `40008`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CarrierCode(String);

impl CarrierCode {
    /// The most bytes that are kept of a code.
    const MAX_BYTES: usize = 32;

    /// Takes a code as the carrier writes it. What no code is made of is left out.
    #[must_use]
    pub fn new(text: &str) -> Self {
        let kept = text.chars().filter(char::is_ascii_graphic).take(Self::MAX_BYTES);
        Self(kept.collect())
    }

    /// The code.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Where a report stands among the reports of one message, if the carrier says.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default,
)]
#[serde(rename_all = "camelCase")]
pub enum Order {
    /// It does not say.
    #[default]
    Unknown,
    /// Counted by the carrier.
    Sequence(u64),
    /// By the carrier's clock.
    OccurredAt(Timestamp),
}

/// One report about a message.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StatusReport {
    /// The status.
    pub status: MessageStatus,
    /// Whether the carrier says that no other report will follow, as where it gets no receipt.
    #[serde(default)]
    pub is_final: bool,
    /// Where it stands among the reports of this message.
    #[serde(default)]
    pub order: Order,
    /// The status in the carrier's own word.
    pub raw: String,
    /// What went wrong, in the carrier's code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<CarrierCode>,
}

impl StatusReport {
    /// The most bytes that are kept of a carrier's word.
    const MAX_RAW_BYTES: usize = 64;

    /// A report of which nothing else is known.
    #[must_use]
    pub fn new(status: MessageStatus, raw: &str) -> Self {
        let raw = raw.chars().filter(char::is_ascii_graphic).take(Self::MAX_RAW_BYTES).collect();
        Self { status, is_final: false, order: Order::Unknown, raw, code: None }
    }

    /// A higher report wins, whichever came first: the rank decides, then the carrier's order,
    /// then, so that the outcome never depends on arrival, the other fields.
    fn key(&self) -> impl Ord + '_ {
        (self.status.rank(), self.is_final, self.order, self)
    }
}

/// A report, and which message it is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryUpdate {
    /// The account that sent the message.
    pub account: AccountId,
    /// The carrier's id of the message.
    pub id: ProviderMessageId,
    /// What is reported.
    pub report: StatusReport,
}

/// What is known of a message, after any number of reports.
///
/// The same reports give the same state in whatever order and however often they come:
///
/// ```
/// use telephony_core::{DeliveryState, MessageStatus, StatusReport};
///
/// let mut state = DeliveryState::new(StatusReport::new(MessageStatus::Queued, "queued"));
/// state.apply(StatusReport::new(MessageStatus::Delivered, "delivered"));
/// state.apply(StatusReport::new(MessageStatus::Sent, "sent"));
/// assert_eq!(state.status(), MessageStatus::Delivered);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DeliveryState {
    report: StatusReport,
    /// The terminal states that were reported, a bit each.
    terminal: u8,
}

/// What a report did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Applied {
    /// It moved the message on.
    Advanced,
    /// It was older than what was known, or the same again.
    Ignored,
    /// It contradicts another terminal state. The state says so from now on.
    Conflicted,
}

impl DeliveryState {
    /// Starts from a first report.
    #[must_use]
    pub fn new(report: StatusReport) -> Self {
        let terminal = terminal_bit(report.status);
        Self { report, terminal }
    }

    /// Takes another report into account.
    ///
    /// A terminal state is never followed by an earlier one. Of two terminal states that
    /// contradict each other, the one that the carrier's own order puts later is kept; where it
    /// gives none, delivered counts for more than undelivered, and that for more than failed. Both
    /// ways the contradiction is flagged.
    pub fn apply(&mut self, report: StatusReport) -> Applied {
        let conflicted_before = self.is_conflicted();
        self.terminal |= terminal_bit(report.status);
        let advanced = report.key() > self.report.key();
        if advanced {
            self.report = report;
        }
        if self.is_conflicted() && !conflicted_before {
            Applied::Conflicted
        } else if advanced {
            Applied::Advanced
        } else {
            Applied::Ignored
        }
    }

    /// The status.
    #[must_use]
    pub const fn status(&self) -> MessageStatus {
        self.report.status
    }

    /// The report the status is from.
    #[must_use]
    pub const fn report(&self) -> &StatusReport {
        &self.report
    }

    /// Whether nothing more is expected.
    #[must_use]
    pub const fn is_settled(&self) -> bool {
        self.report.status.is_terminal() || self.report.is_final
    }

    /// Whether terminal states were reported that cannot both be true.
    #[must_use]
    pub const fn is_conflicted(&self) -> bool {
        // That a message was read agrees with its having been delivered.
        let read_is_delivered = if self.terminal & MessageStatus::Read.bit() == 0 {
            self.terminal
        } else {
            (self.terminal | MessageStatus::Delivered.bit()) & !MessageStatus::Read.bit()
        };
        read_is_delivered.count_ones() > 1
    }
}

const fn terminal_bit(status: MessageStatus) -> u8 {
    if status.is_terminal() { status.bit() } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use MessageStatus::{Delivered, Failed, Queued, Read, Sending, Sent, Undelivered};

    fn report(status: MessageStatus, order: Order) -> StatusReport {
        StatusReport { order, ..StatusReport::new(status, "raw") }
    }

    fn after(reports: &[StatusReport]) -> DeliveryState {
        let mut state = DeliveryState::new(report(Queued, Order::Unknown));
        for report in reports {
            let before = state.clone();
            state.apply(report.clone());
            assert!(state.status().rank() >= before.status().rank());
            assert!(state.is_conflicted() >= before.is_conflicted());
        }
        state
    }

    fn permutations(items: &[StatusReport]) -> Vec<Vec<StatusReport>> {
        if items.is_empty() {
            return vec![Vec::new()];
        }
        (0..items.len())
            .flat_map(|index| {
                let mut rest = items.to_vec();
                let first = rest.remove(index);
                permutations(&rest).into_iter().map(move |mut tail| {
                    tail.insert(0, first.clone());
                    tail
                })
            })
            .collect()
    }

    #[test]
    fn every_order_of_six_reports_ends_alike() {
        let statuses = [Queued, Sending, Sent, Delivered, Undelivered, Failed, Read];
        for skipped in 0..statuses.len() {
            for numbered in [false, true] {
                let mut reports: Vec<_> = statuses
                    .iter()
                    .enumerate()
                    .map(|(index, &status)| {
                        let order =
                            if numbered { Order::Sequence(index as u64) } else { Order::Unknown };
                        report(status, order)
                    })
                    .collect();
                reports.remove(skipped);
                let expected = after(&reports);
                for permutation in permutations(&reports) {
                    assert_eq!(after(&permutation), expected);
                }
            }
        }
    }

    #[test]
    fn contradictions_are_flagged_and_the_carriers_order_decides() {
        let state = after(&[report(Delivered, Order::Unknown), report(Failed, Order::Unknown)]);
        assert_eq!((state.status(), state.is_conflicted()), (Delivered, true));
        let state =
            after(&[report(Delivered, Order::Sequence(2)), report(Failed, Order::Sequence(3))]);
        assert_eq!((state.status(), state.is_conflicted()), (Failed, true));
        let earlier = Order::OccurredAt(Timestamp::from_second(1));
        let later = Order::OccurredAt(Timestamp::from_second(2));
        let state = after(&[report(Undelivered, later), report(Delivered, earlier)]);
        assert_eq!((state.status(), state.is_conflicted()), (Undelivered, true));
        let state = after(&[report(Read, Order::Unknown), report(Delivered, Order::Unknown)]);
        assert_eq!((state.status(), state.is_conflicted()), (Read, false));
        assert!(
            after(&[report(Read, Order::Unknown), report(Failed, Order::Unknown)]).is_conflicted()
        );
    }

    #[test]
    fn a_final_sent_is_settled_and_can_still_be_delivered() {
        let unconfirmed = StatusReport { is_final: true, ..report(Sent, Order::Unknown) };
        let mut state = after(&[unconfirmed, report(Sent, Order::Unknown)]);
        assert!(state.is_settled());
        assert_eq!(state.apply(report(Delivered, Order::Unknown)), Applied::Advanced);
    }

    #[test]
    fn a_repeat_does_nothing() {
        let mut state = after(&[report(Failed, Order::Unknown)]);
        assert_eq!(state.apply(report(Failed, Order::Unknown)), Applied::Ignored);
        assert!(!state.is_conflicted());
    }
}
