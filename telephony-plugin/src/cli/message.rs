//! What has become of a message, in lines for people: each part, and what the carrier said of it.

use std::fmt::Write as _;

use serde_json::Value;

use super::state::{list, text};

/// What the server says of sends.
pub(super) fn show(answer: &Value) -> String {
    if let Some(estimate) = estimate(answer) {
        return format!("{estimate}\n");
    }
    if answer.get("messages").is_some() {
        return list_of(answer);
    }
    let mut lines = format!("{} is {}\n", text(answer, "id"), text(answer, "outcome"));
    lines.extend(list(answer, "parts").iter().map(part));
    lines
}

/// A part: how far it has come, why not further, and what the carrier said, in its order.
fn part(part: &Value) -> String {
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

/// The latest messages, a line each.
fn list_of(answer: &Value) -> String {
    let mut lines = String::new();
    for message in list(answer, "messages") {
        let [at, id, outcome] = ["createdAt", "id", "outcome"].map(|key| text(message, key));
        let delivery = |part: &Value| part.pointer("/delivery/report/status").cloned();
        let states: Vec<_> = list(message, "parts").iter().filter_map(delivery).collect();
        // A part that did not arrive says more than those that did.
        let failed = states.iter().find(|state| *state == "undelivered" || *state == "failed");
        let state = failed.or(states.last()).and_then(Value::as_str);
        let word = if outcome == "sent" { state.unwrap_or(outcome) } else { outcome };
        // Writing to a string does not fail.
        let _ = writeln!(lines, "{at} {id} {} {word}", text(message, "account"));
    }
    if lines.is_empty() {
        lines.push_str("nothing was sent yet\n");
    }
    lines
}

/// What a text would come to, where that is what was asked.
fn estimate(answer: &Value) -> Option<String> {
    let count = |key: &str| answer.get(key).and_then(Value::as_u64);
    let (messages, segments) = (count("messages")?, count("segments")?);
    let encoding = text(answer, "encoding");
    Some(format!("messages {messages}, segments {segments}, {encoding}; nothing was sent"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_latest_messages_are_a_line_each() {
        let delivered = json!({ "delivery": { "report": { "status": "delivered" } } });
        let message = |outcome: &str| {
            json!({
                "createdAt": "2026-01-01T00:00:00Z", "id": "msg_1", "account": "default",
                "outcome": outcome, "parts": [delivered],
            })
        };
        let shown = list_of(&json!({ "messages": [message("sent"), message("unknown")] }));
        let lines: Vec<_> = shown.lines().collect();
        let expected = "2026-01-01T00:00:00Z msg_1 default ";
        assert_eq!(lines, [format!("{expected}delivered"), format!("{expected}unknown")]);
        assert_eq!(list_of(&json!({ "messages": [] })), "nothing was sent yet\n");
    }

    #[test]
    fn an_estimate_is_one_line() {
        let answer = json!({ "messages": 2, "segments": 3, "encoding": "UCS-2" });
        let shown = estimate(&answer).unwrap();
        assert_eq!(shown, "messages 2, segments 3, UCS-2; nothing was sent");
        assert_eq!(estimate(&json!({ "outcome": "sent" })), None);
    }

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
