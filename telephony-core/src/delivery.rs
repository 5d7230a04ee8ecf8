//! What became of a message, from reports that come late, twice or out of order.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::{AccountId, ProviderMessageId, Reference};
use crate::report::StatusReport;

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

    /// The name in JSON and on the command line.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Failed => "failed",
            Self::Undelivered => "undelivered",
            Self::Delivered => "delivered",
            Self::Received => "received",
            Self::Read => "read",
        }
    }
}

impl fmt::Display for MessageStatus {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

/// A report, and which message it is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct DeliveryUpdate {
    /// The account that sent the message.
    pub account: AccountId,
    /// The carrier's id of the message.
    pub id: ProviderMessageId,
    /// What is reported.
    pub report: StatusReport,
    /// What we had put into the callback URL. Not every carrier signs the URL, so it can only name
    /// a message whose carrier's id is not known otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Reference>,
}

impl DeliveryUpdate {
    /// A report about the message `id` of `account`.
    #[must_use]
    pub const fn new(account: AccountId, id: ProviderMessageId, report: StatusReport) -> Self {
        Self { account, id, report, reference: None }
    }
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
    /// Every terminal state that was reported.
    ends: BTreeSet<MessageStatus>,
    /// Whether some report said that nothing follows.
    settled: bool,
}

/// What a report did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Applied {
    /// It moved the message on, or settled it.
    Advanced,
    /// The status is the same, told by a later report or with more about it.
    Refined,
    /// It was older than what was known, or the same again.
    Ignored,
    /// It contradicts another terminal state, and the state says so from now on. Which of the two
    /// is the status may have changed.
    Conflicted,
}

impl DeliveryState {
    /// Starts from a first report.
    #[must_use]
    pub fn new(report: StatusReport) -> Self {
        let ends = report.status.is_terminal().then_some(report.status).into_iter().collect();
        let settled = report.is_settled();
        Self { report, ends, settled }
    }

    /// Takes another report into account.
    ///
    /// A terminal state is never followed by an earlier one. Of two terminal states that
    /// contradict each other, the one that the carrier's own order puts later is kept; where it
    /// gives none, delivered counts for more than undelivered, and that for more than failed. Both
    /// ways the contradiction is flagged, and stays so.
    pub fn apply(&mut self, report: StatusReport) -> Applied {
        let was_conflicted = self.is_conflicted();
        let before = (self.status(), self.settled);
        if report.status.is_terminal() {
            self.ends.insert(report.status);
        }
        self.settled |= report.is_settled();
        let is_kept = report.key() > self.report.key();
        if is_kept {
            self.report = report;
        }
        if self.is_conflicted() && !was_conflicted {
            Applied::Conflicted
        } else if before != (self.status(), self.settled) {
            Applied::Advanced
        } else if is_kept {
            Applied::Refined
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
        self.settled
    }

    /// Whether terminal states were reported that cannot both be true.
    #[must_use]
    pub fn is_conflicted(&self) -> bool {
        // That a message was read agrees with its having been delivered.
        let mut outcomes = self.ends.iter().map(|end| match end {
            MessageStatus::Read => MessageStatus::Delivered,
            other => *other,
        });
        outcomes.next().is_some_and(|first| outcomes.any(|other| other != first))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{CarrierCode, Order};
    use crate::time::Timestamp;
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
        assert_eq!(state.apply(report(Sent, Order::Sequence(1))), Applied::Refined);
        assert!(state.is_settled());
        assert_eq!(state.apply(report(Delivered, Order::Unknown)), Applied::Advanced);
    }

    #[test]
    fn a_repeat_does_nothing() {
        let mut state = after(&[report(Failed, Order::Unknown)]);
        assert_eq!(state.apply(report(Failed, Order::Unknown)), Applied::Ignored);
        assert!(!state.is_conflicted());
    }

    #[test]
    fn the_same_status_told_better_does_not_move_the_message() {
        let mut state = after(&[report(Failed, Order::Unknown)]);
        let code = Some(CarrierCode::new("30003"));
        let told_better = StatusReport { code, ..report(Failed, Order::Unknown) };
        assert_eq!(state.apply(told_better.clone()), Applied::Refined);
        assert_eq!(state.report(), &told_better);
        assert_eq!(state.apply(report(Failed, Order::Unknown)), Applied::Ignored);
        assert_eq!(state.report(), &told_better);
    }

    #[test]
    fn a_second_contradiction_is_not_told_again() {
        let mut state = after(&[report(Failed, Order::Sequence(1))]);
        assert_eq!(state.apply(report(Delivered, Order::Sequence(2))), Applied::Conflicted);
        assert_eq!(state.apply(report(Failed, Order::Sequence(1))), Applied::Ignored);
        assert_eq!(state.apply(report(Undelivered, Order::Sequence(3))), Applied::Advanced);
        assert!(state.is_conflicted());
    }

    #[test]
    fn that_the_carrier_is_done_does_not_outweigh_its_order() {
        let done = StatusReport { is_final: true, ..report(Failed, Order::Sequence(1)) };
        let state = after(&[done, report(Delivered, Order::Sequence(2))]);
        assert_eq!(state.status(), Delivered);
    }
}
