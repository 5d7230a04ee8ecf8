//! One account, as messages pass through it.

use std::sync::Arc;

use telephony_core::{HttpUrl, config};
use telephony_pairing::AccessGate;
use telephony_providers::Connection;

use crate::outbound::{Part, Sender, plan};

/// An account's settings, its carrier, and who may talk to it.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) settings: config::Account,
    pub(crate) connection: Connection,
    pub(super) gate: Arc<dyn AccessGate>,
}

impl Account {
    pub(super) fn new(
        settings: config::Account,
        connection: Connection,
        gate: Arc<dyn AccessGate>,
    ) -> Self {
        Self { settings, connection, gate }
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
