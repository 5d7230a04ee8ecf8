//! One report of a carrier about a message or a call.

use serde::{Deserialize, Serialize};

use crate::delivery::MessageStatus;
use crate::time::Timestamp;

/// The most bytes that are kept of a carrier's word for a status.
pub const MAX_RAW_STATUS_BYTES: usize = 64;

/// The most bytes that are kept of a carrier's code.
pub const MAX_CODE_BYTES: usize = 32;

/// A carrier's code for what went wrong, `30003` or `40008`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String")]
pub struct CarrierCode(String);

impl CarrierCode {
    /// Takes a code as the carrier writes it. What no code is made of is left out.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(graphic(text, MAX_CODE_BYTES))
    }

    /// The code.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for CarrierCode {
    fn from(text: String) -> Self {
        Self::new(&text)
    }
}

/// A status in the carrier's own word, kept because carriers add words without notice.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(from = "String")]
pub struct RawStatus(String);

impl RawStatus {
    /// Takes a word as the carrier writes it. What no status is made of is left out.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(graphic(text, MAX_RAW_STATUS_BYTES))
    }

    /// The word.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<String> for RawStatus {
    fn from(text: String) -> Self {
        Self::new(&text)
    }
}

/// What can be seen of `text`, cut to `limit`, so that it can stand in a log.
fn graphic(text: &str, limit: usize) -> String {
    text.chars().filter(char::is_ascii_graphic).take(limit).collect()
}

/// Where a report stands among the reports of one message or call, if the carrier says.
///
/// One carrier says it in one way or not at all. The order of the variants makes a report with a
/// place count for more than one without, such as the answer to a fetch by id.
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
#[non_exhaustive]
pub struct StatusReport {
    /// The status.
    pub status: MessageStatus,
    /// Whether the carrier says that no other report will follow although the status would allow
    /// it, as for a sent message whose receipt never came.
    #[serde(default)]
    pub is_final: bool,
    /// Where it stands among the reports of this message.
    #[serde(default)]
    pub order: Order,
    /// The status in the carrier's own word.
    pub raw: RawStatus,
    /// What went wrong, in the carrier's code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<CarrierCode>,
}

impl StatusReport {
    /// A report of which nothing else is known.
    #[must_use]
    pub fn new(status: MessageStatus, raw: &str) -> Self {
        Self {
            status,
            is_final: false,
            order: Order::Unknown,
            raw: RawStatus::new(raw),
            code: None,
        }
    }

    /// Whether nothing more is expected after it.
    #[must_use]
    pub const fn is_settled(&self) -> bool {
        self.is_final || self.status.is_terminal()
    }

    /// By which reports are compared: a total order, so that the outcome never depends on arrival.
    /// The rank decides, then the carrier's own order, then the rest.
    pub(crate) fn key(&self) -> impl Ord + '_ {
        (self.status.rank(), self.order, self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_carriers_write_is_kept_within_bounds() {
        assert_eq!(CarrierCode::new("30003").as_str(), "30003");
        assert_eq!(CarrierCode::new("a\nb\u{202E}c ").as_str(), "abc");
        assert_eq!(CarrierCode::new(&"9".repeat(100)).as_str().len(), MAX_CODE_BYTES);
        assert_eq!(RawStatus::new(&"s".repeat(100)).as_str().len(), MAX_RAW_STATUS_BYTES);
        assert_eq!(RawStatus::from("a b".to_owned()).as_str(), "ab");
    }
}
