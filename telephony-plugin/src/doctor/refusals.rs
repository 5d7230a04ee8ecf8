//! What was lately refused at the door, and why.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;
use telephony_core::Timestamp;

use super::finding::{Report, Said, Says};
use super::store::time;

/// For how long a refusal is recent.
const RECENT: Duration = Duration::from_secs(24 * 3600);

/// The most reasons that are listed.
const MAX_REASONS: usize = 5;

/// What was refused.
#[derive(Debug)]
pub(super) enum Refusals {
    /// Nothing.
    None,
    /// Some, for one reason.
    Some { count: usize, minutes: u64, reason: String, advice: String },
    /// Some, and only the log knows why.
    Counted(u64),
}

impl Says for Refusals {
    fn check(&self) -> &'static str {
        "refusals"
    }

    fn says(&self) -> Said {
        match self {
            Self::None => Said::ok("no webhook was refused lately"),
            Self::Some { count, minutes, reason, advice } => Said::warning(
                format!("{count} webhooks were refused, the last {minutes} minutes ago: {reason}"),
                advice,
            ),
            Self::Counted(count) => Said::note(
                format!("{count} webhooks were not verified since the server began"),
                "See the server's log, which says why and what to do for each.",
            ),
        }
    }
}

pub(super) fn look(status: &Value, now: Timestamp, report: &mut Report) {
    let Some(list) = status.get("recentRefusals").and_then(Value::as_array) else {
        let count = status.pointer("/webhooks/unverified").and_then(Value::as_u64);
        let count = count.unwrap_or_default();
        let found = if count > 0 { Refusals::Counted(count) } else { Refusals::None };
        return report.add(&found, None);
    };
    // By reason: how often, and when last.
    let mut reasons: BTreeMap<(&str, &str), (usize, Timestamp)> = BTreeMap::new();
    for refusal in list {
        let text = |key: &str| refusal.get(key).and_then(Value::as_str).unwrap_or_default();
        let at = time(refusal, "at").unwrap_or(now);
        if now.saturating_since(at) < RECENT {
            let (count, last) = reasons.entry((text("reason"), text("advice"))).or_insert((0, at));
            *count += 1;
            *last = (*last).max(at);
        }
    }
    if reasons.is_empty() {
        report.add(&Refusals::None, None);
    }
    for ((reason, advice), (count, last)) in reasons.into_iter().take(MAX_REASONS) {
        let minutes = now.saturating_since(last).as_secs() / 60;
        let (reason, advice) = (reason.to_owned(), advice.to_owned());
        report.add(&Refusals::Some { count, minutes, reason, advice }, None);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::finding::Severity;
    use super::*;

    #[test]
    fn refusals_are_told_by_their_reasons_with_what_to_do() {
        let now = Timestamp::parse_rfc3339("2026-07-01T12:00:00Z").unwrap();
        let refusal = |at: &str, reason: &str| json!({ "at": at, "path": "/w", "reason": reason, "advice": "Do it.", "peer": "p" });
        let mut report = Report::default();
        let status = json!({ "recentRefusals": [
            refusal("2026-07-01T11:00:00Z", "stale"), refusal("2026-07-01T11:30:00Z", "stale"),
            refusal("2026-06-29T11:30:00Z", "old news"),
        ] });
        look(&status, now, &mut report);
        let found = &report.findings[0];
        assert_eq!((report.findings.len(), found.severity), (1, Severity::Warning));
        assert_eq!(found.finding, "2 webhooks were refused, the last 30 minutes ago: stale");
        assert_eq!(found.fix.as_deref(), Some("Do it."));
    }

    #[test]
    fn a_server_that_keeps_no_list_has_its_count() {
        let now = Timestamp::EPOCH;
        for (unverified, expected) in [(0, Severity::Ok), (2, Severity::Note)] {
            let mut report = Report::default();
            look(&json!({ "webhooks": { "unverified": unverified } }), now, &mut report);
            assert_eq!(report.worst(), expected);
        }
    }
}
