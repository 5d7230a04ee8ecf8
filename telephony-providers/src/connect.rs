//! From an account of the configuration to its provider.

use std::sync::Arc;

use telephony_core::config::{Account, Provider};

use crate::account::AccountProvider;
use crate::error::Error;
use crate::http::Transport;
use crate::mock::MockProvider;
use crate::plivo::Plivo;
use crate::provider::{MessagingProvider, VoiceProvider};
use crate::telnyx::Telnyx;
use crate::twilio::Twilio;

/// The provider of an account, for all that it does.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Connection {
    /// For messages.
    pub messaging: Arc<dyn MessagingProvider>,
    /// For calls.
    pub voice: Arc<dyn VoiceProvider>,
    /// For a look at the account itself; `None` where it cannot be looked at.
    pub account: Option<Arc<dyn AccountProvider>>,
}

impl Connection {
    /// One provider that does all.
    #[must_use]
    pub fn new<P: MessagingProvider + VoiceProvider + AccountProvider + 'static>(
        provider: P,
    ) -> Self {
        let provider = Arc::new(provider);
        Self { messaging: provider.clone(), voice: provider.clone(), account: Some(provider) }
    }

    /// A provider for messages and one for calls, whose account cannot be looked at.
    #[must_use]
    pub fn of(messaging: Arc<dyn MessagingProvider>, voice: Arc<dyn VoiceProvider>) -> Self {
        Self { messaging, voice, account: None }
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
