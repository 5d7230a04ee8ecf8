//! The server that runs alone: its sockets, its service, its end.

mod console;
mod health;
mod reach;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use telephony_core::config::{Account, Config};
use telephony_core::{Clock, Entropy};
use telephony_providers::{Connection, Error as ProviderError};
use telephony_webhook::{
    Endpoint, EndpointError, InboxError, Limits, OpenError, Receiver, Routes, Server,
};
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::watch;

pub use self::console::describe;
use self::health::Probe;
use self::reach::Reach;
use crate::control::{ControlSocket, Live};
use crate::database::Database;
use crate::handler::Handler;
use crate::service::{Parts, ServiceError, Telephony};

/// What a server is started with.
#[derive(Debug)]
pub struct Setup {
    /// The accounts and everything else.
    pub config: Config,
    /// What is kept.
    pub database: Database,
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
    /// The service cannot be set up.
    #[error(transparent)]
    Service(#[from] ServiceError),
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
    server: Server,
    service: Arc<Telephony>,
    receiver: Arc<Receiver>,
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
        let Setup { config, database, handler, clock, entropy } = setup;
        let limits = Limits::default();
        let left = database.inbox.take_over(clock.now()).await?;
        if left > 0 {
            tracing::info!(left, "events that the last process did not finish are taken up again");
        }
        let inbox = database.inbox.clone();
        let receiver = Receiver::new(inbox.clone(), clock.clone(), entropy.clone(), &limits);
        let receiver = Arc::new(receiver);
        receiver.set_routes(routes(&config)?);
        let parts = Parts { database, handler, clock: clock.clone(), entropy, tunnel: None };
        let mut reach = Vec::new();
        let watched = |account: &Account| {
            let (one, connection) = Reach::watch(connect(account)?);
            reach.push(one);
            Ok(connection)
        };
        let service = Arc::new(Telephony::new(&config, parts, receiver.arrived(), watched)?);
        let listener = listen(SocketAddr::new(config.serve.bind, config.serve.port)).await?;
        let probe = Arc::new(Probe::new(inbox, Arc::clone(&receiver), clock, reach));
        let address = SocketAddr::new(config.serve.bind, config.serve.port);
        let server = Server::new(listener, Arc::clone(&receiver), probe, limits)
            .map_err(|error| StartError::Bind(address, error))?;
        Ok(Self { server, service, receiver })
    }

    /// The address it listens at.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.server.address()
    }

    /// To be notified when somebody was approved.
    pub(crate) fn service(&self) -> Arc<Telephony> {
        Arc::clone(&self.service)
    }

    /// Works until `stop` becomes true: then first the sockets are closed, and then what came
    /// through them is finished.
    pub async fn run(self, control: Option<ControlSocket>, stop: watch::Receiver<bool>) {
        let Self { server, service, receiver } = self;
        let live = Arc::new(Live::new(Arc::clone(&service), receiver, server.address()));
        let control = async {
            if let Some(socket) = control {
                socket.run(live, stop.clone()).await;
            }
        };
        tokio::join!(server.run(stop.clone()), service.run(stop.clone()), control);
    }
}

fn routes(config: &Config) -> Result<Routes, StartError> {
    let accounts = config.accounts.iter().filter(|account| account.enabled);
    let endpoints = accounts.map(|account| {
        Endpoint::new(account, &config.serve, &config.webhook_security, None)
            .map_err(|source| StartError::Endpoint { account: account.id.to_string(), source })
    });
    Ok(Routes::new(&config.serve, endpoints.collect::<Result<Vec<_>, _>>()?))
}

async fn listen(address: SocketAddr) -> Result<TcpListener, StartError> {
    TcpListener::bind(address).await.map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => StartError::Taken(address),
        _ => StartError::Bind(address, error),
    })
}
