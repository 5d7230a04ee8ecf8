//! One account, as messages pass through it.

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use telephony_core::{HttpUrl, Timestamp, config};
use telephony_pairing::AccessGate;
use telephony_providers::Connection;

use super::reach::Reach;
use crate::media::host::MediaUrls;
use crate::outbound::{Part, Sender, plan};
use crate::urls::PublicUrls;

/// An account's settings, its carrier, and who may talk to it.
#[derive(Debug)]
pub struct Account {
    /// What is configured.
    pub settings: config::Account,
    pub(crate) connection: Connection,
    pub(super) gate: Arc<dyn AccessGate>,
    places: RwLock<Places>,
    /// Whether its carrier answers.
    pub(crate) reach: Reach,
    /// Whether its messages are given to the agent; else they wait.
    running: AtomicBool,
    /// When a message last came and went, in milliseconds since the Unix epoch; 0 for never.
    last_received: AtomicI64,
    last_sent: AtomicI64,
}

/// Where its carrier finds us: by another URL when a tunnel has another one.
#[derive(Debug, Clone)]
struct Places {
    urls: Option<PublicUrls>,
    media: Option<MediaUrls>,
}

impl Account {
    pub(super) fn new(
        settings: config::Account,
        connection: Connection,
        gate: Arc<dyn AccessGate>,
        urls: Option<PublicUrls>,
        media: Option<MediaUrls>,
    ) -> Self {
        let (reach, connection) = Reach::watch(connection);
        Self {
            settings,
            connection,
            gate,
            places: RwLock::new(Places { urls, media }),
            reach,
            running: AtomicBool::new(true),
            last_received: AtomicI64::new(0),
            last_sent: AtomicI64::new(0),
        }
    }

    /// Whether its messages are given to the agent; else they wait.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.running.load(Ordering::SeqCst)
    }

    /// Where its carrier reaches us, if it can.
    pub(super) fn urls(&self) -> Option<PublicUrls> {
        self.places.read().unwrap_or_else(PoisonError::into_inner).urls.clone()
    }

    /// Where its carrier finds files of ours, if it can.
    pub(super) fn media(&self) -> Option<MediaUrls> {
        self.places.read().unwrap_or_else(PoisonError::into_inner).media.clone()
    }

    pub(super) fn move_to(&self, urls: Option<PublicUrls>, media: Option<MediaUrls>) {
        *self.places.write().unwrap_or_else(PoisonError::into_inner) = Places { urls, media };
    }

    pub(super) fn pause(&self) {
        self.running.store(false, Ordering::SeqCst);
    }

    pub(crate) fn received(&self, now: Timestamp) {
        self.last_received.store(now.as_millisecond(), Ordering::Relaxed);
    }

    pub(crate) fn sent(&self, now: Timestamp) {
        self.last_sent.store(now.as_millisecond(), Ordering::Relaxed);
    }

    /// When a message last came, since the account was started.
    #[must_use]
    pub fn last_received(&self) -> Option<Timestamp> {
        time(&self.last_received)
    }

    /// When a host last sent one through it, since the account was started.
    #[must_use]
    pub fn last_sent(&self) -> Option<Timestamp> {
        time(&self.last_sent)
    }

    /// The parts in which a text is sent.
    pub(crate) fn plan(&self, text: &str, media: &[HttpUrl]) -> Vec<Part> {
        plan(text, media, &self.settings.sms, &self.connection.messaging.capabilities())
    }

    /// The account as the outbox sends through it.
    pub(super) fn sender(&self, serve: &config::Serve, tunnel: Option<&HttpUrl>) -> Sender {
        Sender::new(&self.settings, Arc::clone(&self.connection.messaging), serve, tunnel)
    }
}

fn time(at: &AtomicI64) -> Option<Timestamp> {
    let at = at.load(Ordering::Relaxed);
    (at != 0).then(|| Timestamp::from_millisecond(at))
}
