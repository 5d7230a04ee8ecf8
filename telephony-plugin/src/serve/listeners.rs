//! The sockets that webhooks come through, and which accounts they lead to.
//!
//! Accounts come and go while a gateway runs, and carriers post all the time. So an account that
//! is set up anew is also found, for a while, by its old path and its old secret; and while it is
//! down for a restart nothing changes at all.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use telephony_core::config::{Account, Config, Serve};
use telephony_core::{AccountId, HttpUrl, Timestamp};
use telephony_webhook::{
    Counted, Endpoint, Limits, MAX_RECENT_REFUSALS, Receiver, RecentRefusal, Routes, Server,
};
use tokio::net::TcpListener;
use tokio::sync::{Mutex, watch};
use tokio::task::JoinHandle;

use super::StartError;
use super::health::Probe;
use crate::service::Telephony;
use crate::tunnel::Tunnels;

/// How long an account is found by its old path and secret after it was set up anew.
pub const LINGER: Duration = Duration::from_secs(60);

/// How often is looked whether that is over.
const LOOK: Duration = Duration::from_secs(5);

/// How long is waited for a port that is taken: by the process before us, perhaps, which is still
/// finishing what it has begun.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// How long is waited between two tries of it.
const TRY_AGAIN: Duration = Duration::from_millis(50);

/// All sockets of a server.
#[derive(Debug)]
pub struct Listeners {
    service: Arc<Telephony>,
    patience: Duration,
    /// What leads to them from outside.
    tunnels: Arc<Tunnels>,
    /// By the addresses that are configured; where the port is 0, the system chose another.
    open: Mutex<HashMap<SocketAddr, Listener>>,
}

#[derive(Debug)]
struct Listener {
    address: SocketAddr,
    receiver: Arc<Receiver>,
    found: Vec<Found>,
    stop: watch::Sender<bool>,
    running: JoinHandle<()>,
}

/// An account as it is found here.
#[derive(Debug)]
struct Found {
    endpoint: Arc<Endpoint>,
    serve: Serve,
    /// When it is found so no more; `None` as long as it is set up so.
    until: Option<Timestamp>,
}

impl Listeners {
    /// No sockets yet. A port that is taken is waited for so long.
    #[must_use]
    pub fn new(service: Arc<Telephony>, patience: Duration) -> Self {
        Self { service, patience, tunnels: Arc::default(), open: Mutex::default() }
    }

    /// With this tunnel, of which the health tells.
    #[must_use]
    pub fn with_tunnels(mut self, tunnels: Arc<Tunnels>) -> Self {
        self.tunnels = tunnels;
        self
    }

    /// What leads to them from outside.
    #[must_use]
    pub const fn tunnels(&self) -> &Arc<Tunnels> {
        &self.tunnels
    }

    /// Takes webhooks of an account, as it is configured now; where. As it was configured before it
    /// is found for [`LINGER`] still.
    ///
    /// # Errors
    ///
    /// [`StartError`]; everything is as it was then.
    pub async fn start(
        &self,
        account: &Account,
        config: &Config,
        tunnel: Option<&HttpUrl>,
    ) -> Result<SocketAddr, StartError> {
        let endpoint = Endpoint::new(account, &config.serve, &config.webhook_security, tunnel);
        let endpoint = endpoint
            .map_err(|source| StartError::Endpoint { account: account.id.to_string(), source })?;
        let configured = SocketAddr::new(config.serve.bind, config.serve.port);
        let mut open = self.open.lock().await;
        if !open.contains_key(&configured) {
            let moved = leave_port(&mut open, configured);
            let opened = self.open(configured).await;
            if opened.is_err() && !moved.is_empty() {
                tracing::error!(address = %configured, "the old address was left for this one");
            }
            let mut listener = opened?;
            listener.found = moved;
            open.insert(configured, listener);
        }
        let until = self.service.clock.now().saturating_add(LINGER);
        for found in open.values_mut().flat_map(|listener| &mut listener.found) {
            if found.is_of(&account.id) {
                found.until = Some(found.until.unwrap_or(until));
            }
        }
        let Some(listener) = open.get_mut(&configured) else {
            return Err(StartError::Taken(configured));
        };
        let (endpoint, serve) = (Arc::new(endpoint), config.serve.clone());
        listener.found.insert(0, Found { endpoint, serve, until: None });
        let address = listener.address;
        self.look(&mut open);
        Ok(address)
    }

    /// Takes no webhooks of an account any more.
    pub async fn stop(&self, account: &AccountId) {
        let mut open = self.open.lock().await;
        for listener in open.values_mut() {
            listener.found.retain(|found| !found.is_of(account));
        }
        self.look(&mut open);
    }

    /// Where webhooks are taken.
    pub async fn addresses(&self) -> Vec<SocketAddr> {
        self.open.lock().await.values().map(|listener| listener.address).collect()
    }

    /// What became of webhooks at the sockets that are open.
    pub async fn counted(&self) -> Counted {
        let open = self.open.lock().await;
        open.values()
            .map(|listener| listener.receiver.counted())
            .fold(Counted::default(), |a, b| a + b)
    }

    /// Why webhooks were not taken at any of them, and how often.
    pub async fn refused(&self) -> BTreeMap<&'static str, u64> {
        let mut all = BTreeMap::new();
        for listener in self.open.lock().await.values() {
            for (reason, count) in listener.receiver.refused() {
                *all.entry(reason).or_default() += count;
            }
        }
        all
    }

    /// What was lately not taken at any of them, the latest first.
    pub async fn recent_refusals(&self) -> Vec<RecentRefusal> {
        let open = self.open.lock().await;
        let refusals = open.values().flat_map(|listener| listener.receiver.recent_refusals());
        let mut refusals: Vec<_> = refusals.collect();
        refusals.sort_by_key(|refusal| std::cmp::Reverse(refusal.at));
        refusals.truncate(MAX_RECENT_REFUSALS);
        refusals
    }

    /// Lets go what is over, until `stop` becomes true; then closes every socket, and finishes what
    /// came through it.
    pub async fn run(&self, mut stop: watch::Receiver<bool>) {
        loop {
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => break,
                () = tokio::time::sleep(LOOK) => {}
            }
            self.look(&mut *self.open.lock().await);
        }
        let open = std::mem::take(&mut *self.open.lock().await);
        for listener in open.values() {
            listener.close();
        }
        for listener in open.into_values() {
            // One that panicked has said so.
            let _ = listener.running.await;
        }
    }

    /// Forgets what is found no more, and closes sockets that lead nowhere.
    fn look(&self, open: &mut HashMap<SocketAddr, Listener>) {
        let now = self.service.clock.now();
        open.retain(|_, listener| {
            listener.found.retain(|found| found.until.is_none_or(|until| now < until));
            if listener.found.is_empty() {
                listener.close();
                return false;
            }
            let mut routes = Routes::default();
            let (current, old): (Vec<_>, Vec<_>) =
                listener.found.iter().partition(|found| found.until.is_none());
            for found in current.into_iter().chain(old) {
                routes.add(&found.serve, &found.endpoint);
            }
            listener.receiver.set_routes(routes);
            true
        });
    }

    async fn open(&self, configured: SocketAddr) -> Result<Listener, StartError> {
        let failed = |error| StartError::Bind(configured, error);
        let socket = self.bind(configured).await?;
        let limits = Limits::default();
        let Telephony { inbox, clock, entropy, .. } = &*self.service;
        let receiver = Receiver::new(inbox.clone(), clock.clone(), entropy.clone(), &limits)
            .notifying(self.service.arrived())
            .instructed_by(self.service.clone());
        let receiver = Arc::new(receiver);
        let (service, tunnels) = (Arc::clone(&self.service), Arc::clone(&self.tunnels));
        let probe = Arc::new(Probe::new(service, Arc::clone(&receiver), tunnels));
        let mut server =
            Server::new(socket, Arc::clone(&receiver), probe, limits).map_err(failed)?;
        server = server.with_observer(Arc::new(self.service.metrics.clone()));
        if let Some(media) = &self.service.media {
            server = server.with_assets(Arc::new(media.store.clone()));
        }
        let address = server.address();
        let (stop, stopped) = watch::channel(false);
        let running = tokio::spawn(server.run(stopped));
        tracing::info!(%address, "listening");
        Ok(Listener { address, receiver, found: Vec::new(), stop, running })
    }

    async fn bind(&self, address: SocketAddr) -> Result<TcpListener, StartError> {
        let bind = async {
            loop {
                match TcpListener::bind(address).await {
                    Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                        tokio::time::sleep(TRY_AGAIN).await;
                    }
                    result => return result.map_err(|error| StartError::Bind(address, error)),
                }
            }
        };
        let first = TcpListener::bind(address).await;
        match first {
            Ok(socket) => Ok(socket),
            Err(error) if error.kind() != io::ErrorKind::AddrInUse => {
                Err(StartError::Bind(address, error))
            }
            Err(_) => {
                let waited = tokio::time::timeout(self.patience, bind).await;
                waited.unwrap_or(Err(StartError::Taken(address)))
            }
        }
    }
}

impl Listener {
    fn close(&self) {
        tracing::info!(address = %self.address, "closing");
        // Nobody listens to this when the server has ended by itself.
        let _ = self.stop.send(true);
    }
}

impl Found {
    fn is_of(&self, account: &AccountId) -> bool {
        self.endpoint.account().id == *account
    }
}

/// Closes a socket of ours that has the port of `address` at another interface, since both cannot
/// be had; what was found there.
fn leave_port(open: &mut HashMap<SocketAddr, Listener>, address: SocketAddr) -> Vec<Found> {
    let other = open.keys().find(|other| address.port() != 0 && other.port() == address.port());
    let other = other.copied().and_then(|other| open.remove(&other));
    other.map_or_else(Vec::new, |listener| {
        listener.close();
        listener.found
    })
}
