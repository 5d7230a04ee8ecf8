//! The server that runs alone: its sockets, its service, its end.

mod console;
mod health;
mod listeners;
mod supported;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use telephony_core::config::{Account, Config};
use telephony_core::{AccountId, Clock, Entropy};
use telephony_providers::{Connection, Error as ProviderError};
use telephony_webhook::{EndpointError, InboxError, OpenError};
use thiserror::Error;
use tokio::sync::watch;

pub(crate) use self::console::TWILIO_RETRIES;
pub use self::console::{describe, describe_account, webhook_url};
pub use self::listeners::{LINGER, Listeners, PATIENCE};
pub(crate) use self::supported::unsupported;
use crate::control::{ControlSocket, Live};
use crate::database::Database;
use crate::handler::Handler;
use crate::media::Media;
use crate::service::{Answering, Parts, Telephony};

/// What a server is started with.
#[derive(Debug)]
pub struct Setup {
    /// The accounts and everything else.
    pub config: Config,
    /// What is kept.
    pub database: Database,
    /// Where files come from and go to, if they do.
    pub media: Option<Media>,
    /// What answers.
    pub handler: Arc<dyn Handler>,
    /// What tells the time.
    pub clock: Arc<dyn Clock>,
    /// Where chance comes from.
    pub entropy: Arc<dyn Entropy>,
}

/// Why a server does not start.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StartError {
    /// The database cannot be opened.
    #[error(transparent)]
    Database(#[from] OpenError),
    /// What an earlier process left cannot be taken over.
    #[error(transparent)]
    Inbox(#[from] InboxError),
    /// The configuration has no account that is enabled.
    #[error("the configuration has no account that is enabled: set provider, and enabled to true")]
    NoAccount,
    /// An account's provider cannot be set up.
    #[error("account {0} cannot be set up")]
    Provider(AccountId, #[source] ProviderError),
    /// An account's webhooks could not be verified.
    #[error("account {account}")]
    Endpoint {
        /// The account.
        account: String,
        /// Why not.
        #[source]
        source: EndpointError,
    },
    /// Somebody else listens there.
    #[error("{0} is taken by another program: end it, or set serve.port to another port")]
    Taken(SocketAddr),
    /// Nothing can listen there.
    #[error("nothing can listen at {0}: check serve.bind and serve.port")]
    Bind(SocketAddr, #[source] io::Error),
    /// The control socket cannot be made.
    #[error("the control socket cannot be made")]
    Control(#[source] io::Error),
}

/// A server that listens and has not begun to work.
#[derive(Debug)]
pub struct Started {
    listeners: Arc<Listeners>,
    service: Arc<Telephony>,
    address: SocketAddr,
}

impl Started {
    /// Sets a server up and listens. `connect` gives each account its carrier. Nobody else may use
    /// the database: what they were working on is worked on anew.
    ///
    /// # Errors
    ///
    /// [`StartError`] says what has to be set or done.
    pub async fn new(
        setup: Setup,
        connect: impl Fn(&Account) -> Result<Connection, ProviderError>,
    ) -> Result<Self, StartError> {
        let Setup { config, database, media, handler, clock, entropy } = setup;
        take_over(&database, &*clock).await?;
        let fetcher = media.as_ref().map(|media| Arc::clone(&media.fetcher));
        let agent = Arc::new(Answering::by(handler, fetcher));
        let parts = Parts { database, agent, host: None, media, clock: clock.clone(), entropy };
        let service = Arc::new(Telephony::new(parts));
        let listeners = Listeners::new(Arc::clone(&service), Duration::ZERO);
        let mut address = None;
        for account in config.accounts.iter().filter(|account| account.enabled) {
            let connection = connect(account)
                .map_err(|error| StartError::Provider(account.id.clone(), error))?;
            let here = listeners.start(account, &config, None).await?;
            service.set_account(account.clone(), connection, &config, here, None);
            address = Some(here);
        }
        let address = address.ok_or(StartError::NoAccount)?;
        Ok(Self { listeners: Arc::new(listeners), service, address })
    }

    /// The address it listens at.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// To be notified when somebody was approved.
    pub(crate) fn service(&self) -> Arc<Telephony> {
        Arc::clone(&self.service)
    }

    /// Works until `stop` becomes true: then first the sockets are closed, and then what came
    /// through them is finished.
    pub async fn run(self, control: Option<ControlSocket>, stop: watch::Receiver<bool>) {
        let Self { listeners, service, .. } = self;
        let live = Arc::new(Live::new(Arc::clone(&service), Arc::clone(&listeners)));
        let control = async {
            if let Some(socket) = control {
                socket.run(live, stop.clone()).await;
            }
        };
        tokio::join!(listeners.run(stop.clone()), service.run(stop.clone()), control);
    }
}

/// Has what the last process was working on be worked on anew.
pub(crate) async fn take_over(database: &Database, clock: &dyn Clock) -> Result<(), InboxError> {
    let left = database.inbox.take_over(clock.now()).await?;
    if left > 0 {
        tracing::info!(left, "events that the last process did not finish are taken up again");
    }
    Ok(())
}
