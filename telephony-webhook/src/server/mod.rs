//! The HTTP server: sockets, deadlines and caps around a [`Receiver`].

mod assets;
mod body;
mod connection;
mod download;
mod health;
mod newcomers;
mod observer;
mod range;
mod respond;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

pub use self::assets::{Asset, Assets};
pub use self::health::{Health, HealthProbe};
pub use self::observer::Observer;
use self::respond::Service;
use crate::limits::Limits;
use crate::receiver::Receiver;

/// How long is waited after the system had no more sockets, so that some can be closed.
const OUT_OF_SOCKETS: Duration = Duration::from_millis(50);

/// How long connections that had begun when the server stops may take until they are made.
const LAST_HANDSHAKES: Duration = Duration::from_millis(50);

/// How long connections that are open when the server stops may begin one more request. A client
/// that sends while we close would not know whether its request was taken.
const LAST_REQUESTS: Duration = Duration::from_millis(500);

/// A server that listens.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    limits: Limits,
    service: Service,
}

impl Server {
    /// Serves on a listener that is bound.
    ///
    /// # Errors
    ///
    /// When the listener does not know its address.
    pub fn new(
        listener: TcpListener,
        receiver: Arc<Receiver>,
        health: Arc<dyn HealthProbe>,
        limits: Limits,
    ) -> std::io::Result<Self> {
        let address = listener.local_addr()?;
        let service = Service::new(receiver, health, &limits);
        Ok(Self { listener, address, limits, service })
    }

    /// Hands out files too. A path that leads to them leads to no webhook.
    #[must_use]
    pub fn with_assets(mut self, assets: Arc<dyn Assets>) -> Self {
        self.service.mount(assets);
        self
    }

    /// Tells how long webhooks took.
    #[must_use]
    pub fn with_observer(mut self, observer: Arc<dyn Observer>) -> Self {
        self.service.tell(observer);
        self
    }

    /// The address it listens at.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop` becomes true; then takes who had begun to connect, finishes what is in
    /// flight and closes every connection, within [`Limits::drain`].
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let Self { listener, limits, service, .. } = self;
        let service = Arc::new(service);
        let slots = Arc::new(Semaphore::new(limits.connections));
        let mut connections = JoinSet::new();
        let (close, closing) = watch::channel(false);
        let serve = |connections: &mut JoinSet<()>, stream, peer, slot| {
            let service = Arc::clone(&service);
            let closing = closing.clone();
            connections.spawn(async move {
                connection::serve(stream, peer, service, limits, closing).await;
                drop(slot);
            });
        };
        loop {
            // Connections that ended are forgotten as they end, not when the server does.
            while connections.try_join_next().is_some() {}
            let accepted = tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => break,
                accepted = accept(&listener, &slots) => accepted,
            };
            if let Some((stream, peer, slot)) = accepted {
                serve(&mut connections, stream, peer, slot);
            }
        }
        service.stop();
        // What the system takes in our name is answered like everything else.
        newcomers::turn_away(&listener);
        let stopped = Instant::now();
        while let Some(left) = LAST_HANDSHAKES.checked_sub(stopped.elapsed()) {
            let accepted = tokio::time::timeout(left, accept(&listener, &slots)).await;
            if let Ok(Some((stream, peer, slot))) = accepted {
                serve(&mut connections, stream, peer, slot);
            }
        }
        drop(listener);
        tracing::info!(connections = connections.len(), "finishing what is in flight");
        let finish = async {
            tokio::time::sleep(LAST_REQUESTS).await;
            let _ = close.send(true);
            while connections.join_next().await.is_some() {}
        };
        if tokio::time::timeout(limits.drain, finish).await.is_err() {
            tracing::warn!("connections that did not end in time are cut");
        }
    }
}

type Accepted = (tokio::net::TcpStream, SocketAddr, tokio::sync::OwnedSemaphorePermit);

async fn accept(listener: &TcpListener, slots: &Arc<Semaphore>) -> Option<Accepted> {
    let slot = Arc::clone(slots).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, peer)) => Some((stream, peer, slot)),
        Err(error) => {
            if !is_of_the_client(&error) {
                tracing::error!(%error, "no connection can be accepted");
                tokio::time::sleep(OUT_OF_SOCKETS).await;
            }
            None
        }
    }
}

/// A client that left before it was accepted is its own affair.
fn is_of_the_client(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
