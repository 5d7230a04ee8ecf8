//! What has become of a message, in lines for people: each part, and what the carrier said of it.

use std::fmt::Write as _;

use serde_json::Value;

use super::state::{list, text};

/// A part: how far it has come, why not further, and what the carrier said, in its order.
pub(super) fn part(part: &Value) -> String {
    let delivery = part.pointer("/delivery/report/status").and_then(Value::as_str);
    let mut lines = format!("  {}", delivery.unwrap_or_else(|| text(part, "state")));
    let code = part.pointer("/delivery/report/code").and_then(Value::as_str);
    let words = [text(part, "providerId"), text(part, "reason")];
    // Writing to a string does not fail.
    for word in words.into_iter().filter(|word| !word.is_empty()) {
        let _ = write!(lines, " {word}");
    }
    if let Some(code) = code {
        let _ = write!(lines, " (code {code})");
    }
    lines.push('\n');
    if !text(part, "explanation").is_empty() {
        let _ = writeln!(lines, "    {}", text(part, "explanation"));
    }
    for report in list(part, "history") {
        let _ = write!(lines, "    {} {}", text(report, "at"), text(report, "status"));
        let (raw, code) = (text(report, "raw"), text(report, "code"));
        if !raw.is_empty() && raw != text(report, "status") {
            let _ = write!(lines, ", in the carrier's word {raw}");
        }
        if !code.is_empty() {
            let _ = write!(lines, " (code {code})");
        }
        lines.push('\n');
    }
    lines
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_part_shows_what_happened_to_it() {
        let undelivered = json!({ "status": "undelivered", "raw": "undelivered", "code": "30003" });
        let shown = part(&json!({
            "state": "sent", "providerId": "SM1", "delivery": { "report": undelivered },
            "explanation": "the phone is off",
            "history": [
                { "at": "2026-01-01T00:00:00Z", "status": "queued", "raw": "accepted" },
                { "at": "2026-01-01T00:00:02Z", "status": "undelivered", "raw": "undelivered",
                  "code": "30003" },
            ],
        }));
        let expected = [
            "  undelivered SM1 (code 30003)",
            "    the phone is off",
            "    2026-01-01T00:00:00Z queued, in the carrier's word accepted",
            "    2026-01-01T00:00:02Z undelivered (code 30003)",
            "",
        ];
        assert_eq!(shown, expected.join("\n"));
        let waits = part(&json!({ "state": "refused", "reason": "no" }));
        assert_eq!(waits, "  refused no\n");
    }
}
