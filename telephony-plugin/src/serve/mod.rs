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
use telephony_core::{AccountId, Clock, Entropy, HttpUrl};
use telephony_providers::{Connection, Error as ProviderError};
use telephony_webhook::{EndpointError, InboxError};
use thiserror::Error;
use tokio::sync::watch;

pub(crate) use self::console::TWILIO_RETRIES;
pub use self::console::{describe, describe_account, webhook_url};
pub use self::listeners::{LINGER, Listeners, PATIENCE};
pub(crate) use self::supported::unsupported;
use crate::control::{ControlSocket, Live};
use crate::database::{Database, DatabaseError};
use crate::handler::Handler;
use crate::media::Media;
use crate::metrics::MetricsListener;
use crate::report::chain;
use crate::service::{Answering, Parts, Telephony};
use crate::tunnel::{TunnelError, Tunnels};

/// What a server is started with.
#[derive(Debug)]
pub struct Setup {
    /// The accounts and everything else.
    pub config: Config,
    /// What is kept.
    pub database: Database,
    /// Where files come from and go to, if they do.
    pub media: Option<Media>,
    /// What leads to it from outside, if that is configured.
    pub tunnels: Arc<Tunnels>,
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
    Database(#[from] DatabaseError),
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
    /// Figures cannot be served.
    #[error("metrics cannot be served at {0}: set metrics.port to another port, or to 0")]
    Metrics(SocketAddr, #[source] io::Error),
    /// The tunnel needs somebody to do something.
    #[error(transparent)]
    Tunnel(#[from] TunnelError),
    /// The control socket cannot be made.
    #[error("the control socket cannot be made")]
    Control(#[source] io::Error),
}

/// A server that listens and has not begun to work.
#[derive(Debug)]
pub struct Started {
    listeners: Arc<Listeners>,
    service: Arc<Telephony>,
    metrics: Arc<MetricsListener>,
    config: Config,
    address: SocketAddr,
    /// The URL of the tunnel by which carriers reach it.
    url: Option<HttpUrl>,
}

impl Started {
    /// Sets a server up and listens. `connect` gives each account its carrier. Nobody else may use
    /// a database that is a file: what they were working on is worked on anew.
    ///
    /// # Errors
    ///
    /// [`StartError`] says what has to be set or done.
    pub async fn new(
        setup: Setup,
        connect: impl Fn(&Account) -> Result<Connection, ProviderError>,
    ) -> Result<Self, StartError> {
        let Setup { config, database, media, tunnels, handler, clock, entropy } = setup;
        take_over(&database, &*clock).await?;
        let fetcher = media.as_ref().map(|media| Arc::clone(&media.fetcher));
        let agent = Arc::new(Answering::by(handler, fetcher));
        let parts = Parts { database, agent, host: None, media, clock: clock.clone(), entropy };
        let service = Arc::new(Telephony::new(parts));
        let listeners = Listeners::new(Arc::clone(&service), Duration::ZERO);
        let listeners = listeners.with_tunnels(Arc::clone(&tunnels));
        let mut address = None;
        for account in config.accounts.iter().filter(|account| account.enabled) {
            let connection = connect(account)
                .map_err(|error| StartError::Provider(account.id.clone(), error))?;
            let here = listeners.start(account, &config, None).await?;
            service.set_account(account.clone(), connection, &config, here, None);
            address = Some(here);
        }
        let address = address.ok_or(StartError::NoAccount)?;
        let listeners = Arc::new(listeners);
        let metrics = MetricsListener::new(Arc::clone(&service), Arc::clone(&listeners));
        if let Some(at) = config.metrics {
            metrics.open(at).await.map_err(|error| StartError::Metrics(at, error))?;
        }
        let (metrics, url) = (Arc::new(metrics), tunnels.start(&config, address).await?);
        let mut started = Self { listeners, service, metrics, config, address, url: None };
        if url.is_some() {
            started.reach_by(url).await?;
        }
        Ok(started)
    }

    /// Has carriers reach every account by the tunnel's URL. By the one before they are found for
    /// [`LINGER`] still.
    async fn reach_by(&mut self, url: Option<HttpUrl>) -> Result<(), StartError> {
        self.url = url;
        let (config, url) = (&self.config, self.url.as_ref());
        for account in config.accounts.iter().filter(|account| account.enabled) {
            self.listeners.start(account, config, url).await?;
            self.service.set_tunnel(&account.id, config, self.address, url);
        }
        Ok(())
    }

    /// What is said of it when it starts: where it listens, and the URLs for the consoles.
    #[must_use]
    pub fn describe(&self) -> String {
        describe(&self.config, self.address, self.url.as_ref())
    }

    /// Follows the tunnel's URL until `stop` becomes true.
    async fn follow(
        mut self,
        announce: impl Fn(&str) + Send + Sync,
        mut stop: watch::Receiver<bool>,
    ) {
        let tunnels = Arc::clone(self.listeners.tunnels());
        while let Some(url) = tunnels.other_url(self.url.as_ref(), &mut stop).await {
            match self.reach_by(Some(url)).await {
                Ok(()) => {
                    let url = self.url.as_ref().map(HttpUrl::as_str);
                    tracing::warn!(url, "the tunnel has another URL: tell the carriers");
                    announce(&self.describe());
                }
                Err(error) => {
                    let error = chain(&error);
                    tracing::error!(error, "webhooks are not taken by the tunnel's new URL");
                }
            }
        }
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
    /// What the tunnel leads from when that changes is announced.
    pub async fn run(
        self,
        control: Option<ControlSocket>,
        announce: impl Fn(&str) + Send + Sync,
        stop: watch::Receiver<bool>,
    ) {
        let (listeners, service) = (Arc::clone(&self.listeners), Arc::clone(&self.service));
        let metrics = Arc::clone(&self.metrics);
        let live = Arc::new(Live::new(Arc::clone(&service), Arc::clone(&listeners)));
        let control = async {
            if let Some(socket) = control {
                socket.run(live, stop.clone()).await;
            }
        };
        let listen = async {
            listeners.run(stop.clone()).await;
            // What came through it is answered by now.
            listeners.tunnels().end().await;
        };
        let follow = self.follow(announce, stop.clone());
        tokio::join!(listen, metrics.run(stop.clone()), service.run(stop.clone()), control, follow);
    }
}

/// Has what the last process was working on be worked on anew.
pub(crate) async fn take_over(database: &Database, clock: &dyn Clock) -> Result<(), InboxError> {
    let left = database.take_over(clock.now()).await?;
    if left > 0 {
        tracing::info!(left, "events that the last process did not finish are taken up again");
    }
    Ok(())
}
