//! From an account of the configuration to its provider.

use std::sync::Arc;

use telephony_core::config::{Account, Provider};

use crate::error::Error;
use crate::http::Transport;
use crate::mock::MockProvider;
use crate::plivo::Plivo;
use crate::provider::{MessagingProvider, VoiceProvider};
use crate::telnyx::Telnyx;
use crate::twilio::Twilio;

/// The provider of an account, for both of what it does.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Connection {
    /// For messages.
    pub messaging: Arc<dyn MessagingProvider>,
    /// For calls.
    pub voice: Arc<dyn VoiceProvider>,
}

impl Connection {
    /// One provider that does both.
    #[must_use]
    pub fn new<P: MessagingProvider + VoiceProvider + 'static>(provider: P) -> Self {
        let provider = Arc::new(provider);
        Self { messaging: provider.clone(), voice: provider }
    }

    /// A provider for each.
    #[must_use]
    pub fn of(messaging: Arc<dyn MessagingProvider>, voice: Arc<dyn VoiceProvider>) -> Self {
        Self { messaging, voice }
    }
}

/// Makes the client that an account's configuration asks for. Nothing is sent yet.
///
/// # Errors
///
/// [`ErrorKind::Configuration`](crate::ErrorKind::Configuration) when a credential cannot be put
/// into a request.
pub fn connect(account: &Account, transport: &Transport) -> Result<Connection, Error> {
    Ok(match &account.provider {
        Provider::Twilio(settings) => Connection::new(Twilio::new(account, settings, transport)?),
        Provider::Telnyx(settings) => Connection::new(Telnyx::new(account, settings, transport)?),
        Provider::Plivo(settings) => Connection::new(Plivo::new(account, settings, transport)?),
        _ => Connection::new(MockProvider::new(account.from.clone())),
    })
}
