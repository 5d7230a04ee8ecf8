//! What was lately refused at the door, and why.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::{Value, json};
use telephony_core::Timestamp;
use telephony_core::config::Account;

use super::finding::{Report, Said, Says};
use super::server::State;
use super::store::time;

/// For how long a refusal is recent.
const RECENT: Duration = Duration::from_secs(24 * 3600);

/// For how long one is a warning where it is not known what was accepted since.
const FRESH: Duration = Duration::from_secs(3600);

/// The most reasons that are listed.
const MAX_REASONS: usize = 5;

/// The most events of each state of which the account and the time are looked at.
const MAX_EVENTS: usize = 1000;

/// The kinds of reason that point at a mistake of ours. Any stranger causes the others.
const OURS: [&str; 7] =
    ["signature", "url", "stale", "foreign", "unreadable", "weak_signature", "body_hash"];

/// What was refused.
#[derive(Debug)]
pub(super) enum Refusals {
    /// Nothing.
    None,
    /// Some, for one reason.
    Some(Refused),
    /// Some, and only the log knows why.
    Counted(u64),
}

/// What was refused for one reason.
#[derive(Debug)]
pub(super) struct Refused {
    /// Whether it may be a mistake of ours that is still there.
    is_ours: bool,
    last: Timestamp,
    minutes: u64,
    count: u64,
    reason: String,
    advice: String,
}

impl Says for Refusals {
    fn check(&self) -> &'static str {
        "refusals"
    }

    fn says(&self) -> Said {
        match self {
            Self::None => Said::ok("no webhook was refused lately"),
            Self::Some(Refused { is_ours, minutes, count, reason, advice, .. }) => {
                let sentence = format!(
                    "{count} webhooks were refused, the last {minutes} minutes ago: {reason}"
                );
                if *is_ours {
                    Said::warning(sentence, advice)
                } else {
                    Said::note(sentence, advice)
                }
            }
            Self::Counted(count) => Said::note(
                format!("{count} webhooks were not verified since the server began"),
                "See the server's log, which says why and what to do for each.",
            ),
        }
    }
}

pub(super) async fn look(
    status: &Value,
    state: &State<'_>,
    accounts: &[&Account],
    now: Timestamp,
    report: &mut Report,
) {
    let Some(list) = status.get("recentRefusals").and_then(Value::as_array) else {
        let count = status.pointer("/webhooks/unverified").and_then(Value::as_u64);
        let count = count.unwrap_or_default();
        let found = if count > 0 { Refusals::Counted(count) } else { Refusals::None };
        return report.add(&found, None);
    };
    let accepted = if list.is_empty() { now } else { accepted(state, accounts, now).await };
    let mut found = by_reason(list, accepted, now);
    if found.is_empty() {
        report.add(&Refusals::None, None);
    }
    found.truncate(MAX_REASONS);
    found.into_iter().for_each(|refused| report.add(&Refusals::Some(refused), None));
}

/// Recent ones by their reasons: those that may be ours before strangers', the latest first.
fn by_reason(list: &[Value], accepted: Timestamp, now: Timestamp) -> Vec<Refused> {
    let mut reasons: BTreeMap<(&str, &str), Refused> = BTreeMap::new();
    for refusal in list {
        let text = |key: &str| refusal.get(key).and_then(Value::as_str).unwrap_or_default();
        let last = time(refusal, "at").unwrap_or(now);
        if now.saturating_since(last) >= RECENT {
            continue;
        }
        let (reason, advice) = (text("reason"), text("advice"));
        let refused = reasons.entry((reason, advice)).or_insert_with(|| Refused {
            is_ours: false,
            last,
            minutes: 0,
            count: 0,
            reason: reason.to_owned(),
            advice: advice.to_owned(),
        });
        // The server has made one of those that are alike.
        let count = refusal.get("count").and_then(Value::as_u64).unwrap_or(1);
        refused.count = refused.count.saturating_add(count);
        refused.last = refused.last.max(last);
        refused.minutes = now.saturating_since(refused.last).as_secs() / 60;
        refused.is_ours = OURS.contains(&text("kind")) && refused.last > accepted;
    }
    let mut found: Vec<_> = reasons.into_values().collect();
    found.sort_by_key(|refused| std::cmp::Reverse((refused.is_ours, refused.last)));
    found
}

/// Since when no account is known to have had an event accepted after one was refused.
async fn accepted(state: &State<'_>, accounts: &[&Account], now: Timestamp) -> Timestamp {
    let mut events = Vec::new();
    for kind in ["waiting", "done", "failed"] {
        match state.ask("inbox.list", json!({ "state": kind, "limit": MAX_EVENTS })).await {
            Ok(mut answer) => events.extend(answer.get_mut("entries").map(Value::take)),
            Err(_) => return now.saturating_sub(FRESH),
        }
    }
    let latest = |account: &&Account| {
        let id = Some(account.id.as_str());
        let all = events.iter().filter_map(Value::as_array).flatten();
        let its = all.filter(|event| event.get("account").and_then(Value::as_str) == id);
        its.filter_map(|event| time(event, "receivedAt")).max().unwrap_or(Timestamp::EPOCH)
    };
    accounts.iter().map(latest).min().unwrap_or(Timestamp::EPOCH)
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};
    use std::sync::Arc;

    use telephony_core::config::{Host, from_value};
    use telephony_core::{ManualClock, OsEntropy};
    use telephony_webhook::{Endpoint, Headers, Limits, MemoryInbox, Receiver, Routes};

    use super::super::finding::Severity;
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_rfc3339(&format!("2026-07-01T{text}Z")).unwrap()
    }

    /// What a receiver tells of two requests that were refused, the last at 11:30.
    fn refused() -> Value {
        let config = json!({
            "provider": "plivo", "fromNumber": "+15550001111", "publicUrl": "https://a.example.com",
            "plivo": { "authId": "MA1", "authToken": "t" },
        });
        let config = from_value(config, Host::Standalone, &|_| None).unwrap();
        let endpoint =
            Endpoint::new(&config.accounts[0], &config.serve, &config.webhook_security, None);
        let clock = Arc::new(ManualClock::new(at("11:00:00")));
        let receiver = Receiver::new(
            Arc::new(MemoryInbox::new()),
            clock.clone(),
            Arc::new(OsEntropy),
            &Limits::default(),
        );
        receiver.set_routes(Routes::new(&config.serve, endpoint));
        let none: Headers = [("host", "a.example.com")].into_iter().collect();
        for _ in 0..2 {
            let peer = IpAddr::V4(Ipv4Addr::LOCALHOST);
            receiver.admit("POST", &config.serve.path, &none, peer).unwrap_err();
            clock.advance(Duration::from_secs(1800));
        }
        json!(receiver.recent_refusals()[0])
    }

    /// The same of another kind.
    fn with(kind: &str, time: &str) -> Value {
        let mut refused = refused();
        assert!(refused["kind"].is_string() && refused["at"].is_string(), "{refused}");
        refused["kind"] = kind.into();
        refused["reason"] = format!("{kind} at {time}").into();
        refused["at"] = json!(at(time));
        refused
    }

    fn said(list: &[Value], accepted: &str) -> Vec<(Severity, String)> {
        let found = by_reason(list, at(accepted), at("12:00:00")).into_iter();
        let found = found.map(|refused| Refusals::Some(refused).of(None));
        found.map(|found| (found.severity, found.finding)).collect()
    }

    #[test]
    fn those_that_are_alike_are_counted_with_what_to_do() {
        let found = by_reason(&[refused()], Timestamp::EPOCH, at("12:00:00"));
        let found = Refusals::Some(found.into_iter().next().unwrap()).of(None);
        let sentence = "2 webhooks were refused, the last 30 minutes ago: the header \
                        X-Plivo-Signature-V3 is missing";
        assert_eq!((found.severity, &*found.finding), (Severity::Note, sentence));
        assert!(found.fix.unwrap().contains("did not come from the carrier"));
    }

    #[test]
    fn what_may_be_our_mistake_warns_until_something_is_accepted() {
        let list = [with("signature", "11:00:00"), with("missing_header", "11:30:00")];
        let severities = |accepted| said(&list, accepted).into_iter().map(|(severity, _)| severity);
        let expected = [Severity::Warning, Severity::Note];
        assert!(severities("10:00:00").eq(expected));
        assert!(severities("11:10:00").eq([Severity::Note, Severity::Note]));
    }

    #[test]
    fn ours_come_before_strangers_and_the_latest_first() {
        let list = [
            with("busy", "11:50:00"),
            with("signature", "11:00:00"),
            with("broken", "11:55:00"),
            with("foreign", "11:20:00"),
        ];
        let found = said(&list, "10:00:00");
        let reasons = found.iter().map(|(_, said)| said.split_once(": ").unwrap().1);
        let reasons: Vec<_> = reasons.map(|said| said.split(' ').next().unwrap()).collect();
        assert_eq!(reasons, ["foreign", "signature", "broken", "busy"]);
        let yesterday = json!({ "at": "2026-06-30T11:00:00Z", "reason": "old news" });
        assert!(said(&[yesterday], "10:00:00").is_empty());
    }
}
