//! What is counted, and for how long things took, since the process began.
//!
//! Labels are ids of accounts, carriers and words of ours: there are as many of each as are
//! configured, whatever people send. Nobody's number is one.

mod exposition;
#[cfg(unix)]
mod listener;

use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use telephony_core::{AccountId, MessageStatus, ProviderKind, Timestamp};
use telephony_webhook::Observer;

pub use self::exposition::{Readings, text};
#[cfg(unix)]
pub use self::listener::MetricsListener;

/// Webhooks are answered within milliseconds as long as the disk is quick; carriers give up after
/// some seconds.
const WEBHOOK_SECONDS: [f64; 10] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0];

/// Carriers take a text within a second, and are given up after half a minute.
const SEND_SECONDS: [f64; 9] = [0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

/// An agent may think for minutes.
const TURN_SECONDS: [f64; 10] = [0.1, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0];

/// Names and values.
type Labels<const N: usize> = [(&'static str, String); N];

/// How often by labels.
type Counters<const N: usize> = Family<Labels<N>, Counter>;

/// How long by labels.
type Histograms<const N: usize> = Family<Labels<N>, Histogram, fn() -> Histogram>;

/// All that is counted. Clones count together.
#[derive(Debug, Clone)]
pub struct Metrics {
    begun: Option<Timestamp>,
    webhook_seconds: Histogram,
    turn_seconds: Histogram,
    send_seconds: Histograms<1>,
    dispatched: Counters<2>,
    sends: Counters<3>,
    deliveries: Counters<2>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            begun: None,
            webhook_seconds: Histogram::new(WEBHOOK_SECONDS),
            turn_seconds: Histogram::new(TURN_SECONDS),
            send_seconds: Family::new_with_constructor(|| Histogram::new(SEND_SECONDS)),
            dispatched: Family::default(),
            sends: Family::default(),
            deliveries: Family::default(),
        }
    }
}

impl Metrics {
    /// Nothing is counted yet, in a process that began at `now`.
    #[must_use]
    pub fn begun(now: Timestamp) -> Self {
        Self { begun: Some(now), ..Self::default() }
    }

    /// A message's turn ended.
    pub(crate) fn dispatched(&self, account: &AccountId, outcome: &str) {
        let labels = [("account", account.to_string()), ("outcome", outcome.to_owned())];
        self.dispatched.get_or_create(&labels).inc();
    }

    /// A message was answered or adopted, so long after it was received.
    pub(crate) fn turned(&self, took: Duration) {
        self.turn_seconds.observe(took.as_secs_f64());
    }

    /// A try to send a part came to an end.
    pub(crate) fn sent(&self, account: &AccountId, provider: ProviderKind, outcome: &str) {
        let labels = [
            ("account", account.to_string()),
            ("provider", provider.to_string()),
            ("outcome", outcome.to_owned()),
        ];
        self.sends.get_or_create(&labels).inc();
    }

    /// A carrier took so long to take a part, or not to.
    pub(crate) fn carried(&self, provider: ProviderKind, took: Duration) {
        let labels = [("provider", provider.to_string())];
        self.send_seconds.get_or_create(&labels).observe(took.as_secs_f64());
    }

    /// A part came into a state.
    pub(crate) fn delivered(&self, account: &AccountId, state: MessageStatus) {
        let labels = [("account", account.to_string()), ("state", state.as_str().to_owned())];
        self.deliveries.get_or_create(&labels).inc();
    }
}

impl Observer for Metrics {
    fn answered(&self, took: Duration) {
        self.webhook_seconds.observe(took.as_secs_f64());
    }
}
