//! The figures as Prometheus reads them: what was counted, and what is so at the moment.

use std::collections::BTreeMap;
use std::fmt;

use prometheus_client::encoding::prometheus_text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::{Registry, Unit};
use telephony_core::{AccountId, Timestamp};
use telephony_webhook::{Counted, Counts};

use super::{Labels, Metrics};
use crate::outbound::Backlog;

/// What is read when somebody asks.
#[derive(Debug, Clone, Default)]
pub struct Readings {
    /// When it was read.
    pub now: Option<Timestamp>,
    /// What became of webhooks.
    pub webhooks: Counted,
    /// Why they were not taken, and how often.
    pub refused: BTreeMap<&'static str, u64>,
    /// What is in the inbox; `None` where it cannot be read.
    pub inbox: Option<Counts>,
    /// What is in the outbox; `None` where it cannot be read.
    pub outbox: Option<Backlog>,
    /// How many people are in a turn, and how many may be.
    pub sessions: (usize, usize),
    /// How many people wait for approval, of accounts whose approvals are ours.
    pub pairing: BTreeMap<AccountId, usize>,
}

/// All figures, in the text format of Prometheus.
///
/// # Errors
///
/// None: writing to a text does not fail.
pub fn text(metrics: &Metrics, readings: &Readings) -> Result<String, fmt::Error> {
    let mut all = Registry::default();
    if let Some(begun) = metrics.begun {
        let seconds = Gauge::<f64, std::sync::atomic::AtomicU64>::default();
        seconds.set(begun.as_millisecond() as f64 / 1_000.0);
        let help = "When the process began, since the Unix epoch";
        all.register_with_unit("process_start_time", help, Unit::Seconds, seconds);
    }
    let ours = all.sub_registry_with_prefix("telephony");
    let version = [("version", env!("CARGO_PKG_VERSION").to_owned())];
    let build = gauges([(version, 1)]);
    ours.register("build_info", "The version that runs", build);
    webhooks(ours, metrics, readings);
    ours.register("dispatched", "Turns of messages that ended, by how", metrics.dispatched.clone());
    ours.register_with_unit(
        "turn_duration",
        "From when a message was received until it was answered or adopted",
        Unit::Seconds,
        metrics.turn_seconds.clone(),
    );
    ours.register("sends", "Tries to send a part that ended, by how", metrics.sends.clone());
    ours.register_with_unit(
        "send_duration",
        "How long a carrier took to take a part or not to",
        Unit::Seconds,
        metrics.send_seconds.clone(),
    );
    ours.register(
        "deliveries",
        "Parts that came into a state, as carriers reported it",
        metrics.deliveries.clone(),
    );
    moment(ours, readings);
    let mut text = String::new();
    encode(&mut text, &all)?;
    Ok(text)
}

fn webhooks(registry: &mut Registry, metrics: &Metrics, readings: &Readings) {
    let counted = &readings.webhooks;
    let outcomes = [
        ("accepted", counted.accepted),
        ("duplicate", counted.duplicates),
        ("ignored", counted.ignored),
        ("foreign", counted.foreign),
        ("unverified", counted.unverified),
        ("unreadable", counted.unreadable),
        ("malformed", counted.malformed),
        ("limited", counted.limited),
        ("not_stored", counted.not_stored),
    ];
    let outcomes = counters(outcomes.map(|(outcome, count)| ([("outcome", outcome)], count)));
    registry.register("webhooks", "What became of webhooks", outcomes);
    let reasons = readings.refused.iter().map(|(reason, count)| ([("reason", *reason)], *count));
    registry.register("webhook_refusals", "Why webhooks were not taken", counters(reasons));
    registry.register_with_unit(
        "webhook_duration",
        "From the head of a webhook until its answer was ready",
        Unit::Seconds,
        metrics.webhook_seconds.clone(),
    );
}

/// What is so now. What cannot be read is left out, which is not the same as 0.
fn moment(registry: &mut Registry, readings: &Readings) {
    if let Some(inbox) = readings.inbox {
        let states = [("waiting", inbox.waiting), ("done", inbox.done), ("failed", inbox.failed)]
            .map(by_state);
        registry.register("inbox_events", "Events in the inbox", gauges(states));
        let age = inbox.oldest_waiting.zip(readings.now);
        let age = age.map_or(0.0, |(at, now)| now.saturating_since(at).as_secs_f64());
        let oldest = Gauge::<f64, std::sync::atomic::AtomicU64>::default();
        oldest.set(age);
        let help = "How long the first event that is not done has waited";
        registry.register_with_unit("inbox_oldest_waiting", help, Unit::Seconds, oldest);
    }
    if let Some(outbox) = readings.outbox {
        let states =
            [("queued", outbox.queued), ("unknown", outbox.unknown), ("refused", outbox.refused)];
        let states = states.map(by_state);
        registry.register("outbox_parts", "Parts in the outbox that are not sent", gauges(states));
    }
    let (taken, most) = readings.sessions;
    registry.register("sessions", "People in a turn", gauges([([], signed(taken))]));
    let help = "How many people may be in a turn";
    registry.register("sessions_max", help, gauges([([], signed(most))]));
    let pairing = readings.pairing.iter();
    let pairing =
        pairing.map(|(account, count)| ([("account", account.to_string())], signed(*count)));
    registry.register("pairing_requests", "People who wait for approval", gauges(pairing));
}

fn by_state((state, count): (&'static str, u64)) -> (Labels<1>, i64) {
    ([("state", state.to_owned())], signed(count))
}

fn signed(count: impl TryInto<i64>) -> i64 {
    count.try_into().unwrap_or(i64::MAX)
}

fn gauges<const N: usize>(
    values: impl IntoIterator<Item = (Labels<N>, i64)>,
) -> Family<Labels<N>, Gauge> {
    let family = Family::<Labels<N>, Gauge>::default();
    for (labels, value) in values {
        family.get_or_create(&labels).set(value);
    }
    family
}

fn counters(
    values: impl IntoIterator<Item = ([(&'static str, &'static str); 1], u64)>,
) -> Family<Labels<1>, Counter> {
    let family = Family::<Labels<1>, Counter>::default();
    for ([(name, value)], count) in values {
        family.get_or_create(&[(name, value.to_owned())]).inc_by(count);
    }
    family
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use telephony_core::{MessageStatus, ProviderKind};
    use telephony_webhook::Observer as _;

    use super::*;

    #[test]
    fn figures_are_written_as_prometheus_reads_them() {
        let now = Timestamp::from_millisecond(1_767_225_600_500);
        let (metrics, account) = (Metrics::begun(now), AccountId::default_account());
        metrics.dispatched(&account, "answered");
        metrics.sent(&account, ProviderKind::Twilio, "sent");
        metrics.delivered(&account, MessageStatus::Delivered);
        metrics.answered(Duration::from_millis(2));
        metrics.turned(Duration::from_secs(3));
        metrics.carried(ProviderKind::Twilio, Duration::from_millis(80));
        let mut readings = Readings { now: Some(now), sessions: (1, 50), ..Readings::default() };
        readings.refused.insert("signature", 2);
        readings.pairing.insert(account, 1);
        let text = text(&metrics, &readings).unwrap();
        for line in [
            "process_start_time_seconds 1767225600.5",
            "telephony_build_info{version=\"0.1.0\"} 1",
            "telephony_webhooks_total{outcome=\"not_stored\"} 0",
            "telephony_webhook_refusals_total{reason=\"signature\"} 2",
            "telephony_webhook_duration_seconds_bucket{le=\"0.001\"} 0",
            "telephony_webhook_duration_seconds_bucket{le=\"0.0025\"} 1",
            "telephony_webhook_duration_seconds_count 1",
            "telephony_dispatched_total{account=\"default\",outcome=\"answered\"} 1",
            "telephony_turn_duration_seconds_sum 3.0",
            "telephony_sends_total{account=\"default\",provider=\"twilio\",outcome=\"sent\"} 1",
            "telephony_send_duration_seconds_count{provider=\"twilio\"} 1",
            "telephony_deliveries_total{account=\"default\",state=\"delivered\"} 1",
            "telephony_sessions 1",
            "telephony_sessions_max 50",
            "telephony_pairing_requests{account=\"default\"} 1",
            "# TYPE telephony_webhooks_total counter",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in {text}");
        }
        assert!(!text.contains("inbox"), "what cannot be read is no 0");
    }
}
