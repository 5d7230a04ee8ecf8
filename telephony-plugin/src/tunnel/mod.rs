//! The tunnel that makes the server reachable: started, watched, started again, ended with us.
//!
//! There is one for the process. What is said of it is published; whoever takes webhooks or tells
//! carriers a URL follows that.

mod error;
pub(crate) mod guard;
mod keep;
mod leftovers;
mod ngrok;
mod program;
mod tailscale;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde::ser::{Serialize, SerializeStruct as _, Serializer};
use telephony_core::config::{self, Config};
use telephony_core::{Entropy, HttpUrl, OsEntropy};
use tokio::sync::{Mutex, watch};
use tokio::task::JoinHandle;

pub use self::error::{Mixed, TunnelError};
pub use self::keep::LONGEST_WAIT;
use self::keep::{Program, Say, keep};
use self::leftovers::Leftovers;
pub use self::ngrok::HANG_WAIT;
use self::ngrok::Ngrok;
use self::tailscale::Tailscale;

/// How long is waited for a URL before a server starts without one.
pub const URL_WAIT: Duration = Duration::from_secs(15);

/// How the tunnel is.
#[derive(Debug, Clone)]
pub struct TunnelStatus {
    /// Which one: `tunnel.provider`.
    pub provider: &'static str,
    /// Whether it can be used.
    pub state: TunnelState,
    /// Where it leads from, the last that is known.
    pub url: Option<HttpUrl>,
    /// Why it is not up, and what to do.
    pub error: Option<TunnelError>,
}

/// Whether a tunnel can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TunnelState {
    /// It has no URL yet.
    Starting,
    /// It leads here.
    Up,
    /// It does not; it is tried again.
    Down,
    /// It does not, and is not tried again: somebody has to do something, and the start says what.
    Refused,
}

impl TunnelState {
    /// The word for it in a status: whether it is tried again is said by the error.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Up => "up",
            Self::Down | Self::Refused => "down",
        }
    }
}

/// The tunnel of a process, if it has one.
#[derive(Debug)]
pub struct Tunnels {
    status: watch::Sender<Option<TunnelStatus>>,
    running: Mutex<Option<Running>>,
    leftovers: Leftovers,
    entropy: Arc<dyn Entropy>,
}

#[derive(Debug)]
struct Running {
    settings: Settings,
    stop: watch::Sender<bool>,
    keeping: JoinHandle<()>,
}

/// All that makes one tunnel another one.
#[derive(Debug, Clone)]
struct Settings {
    tunnel: config::Tunnel,
    local: SocketAddr,
    path: String,
    status_path: String,
    /// What carriers are told, where that is configured.
    public_urls: Vec<HttpUrl>,
}

impl Default for Tunnels {
    /// For a server without a state directory.
    fn default() -> Self {
        Self::with(Leftovers::default(), Arc::new(OsEntropy))
    }
}

impl Tunnels {
    /// No tunnel yet. What would be left of one is written down in the state directory.
    #[must_use]
    pub fn new(state: &Path, entropy: Arc<dyn Entropy>) -> Self {
        Self::with(Leftovers::new(state), entropy)
    }

    fn with(leftovers: Leftovers, entropy: Arc<dyn Entropy>) -> Self {
        let status = watch::Sender::new(None);
        Self { status, running: Mutex::default(), leftovers, entropy }
    }

    /// Has the tunnel that is configured, in place of one that was, and removes what an earlier
    /// process has left of its own. Its URL; `None` where there is none, or not yet.
    ///
    /// # Errors
    ///
    /// [`TunnelError`] when somebody has to do something first. Everything else passes by itself.
    pub async fn start(
        &self,
        config: &Config,
        local: SocketAddr,
    ) -> Result<Option<HttpUrl>, TunnelError> {
        let mut running = self.running.lock().await;
        let wanted = Settings::of(config, local);
        // One that has ended is started again, whatever ended it.
        let kept = running.as_ref().filter(|running| !running.keeping.is_finished());
        if wanted.is_some() && kept.map(|running| &running.settings) == wanted.as_ref() {
            return Ok(self.url());
        }
        if let Some(running) = running.take() {
            running.end().await;
        }
        self.status.send_replace(None);
        let Some(settings) = wanted else {
            if let Err(error) = self.leftovers.remove().await {
                tracing::warn!(%error, "what the last process left of its tunnel is still there");
            }
            return Ok(None);
        };
        let program = settings.program(&self.leftovers)?;
        let provider = settings.provider();
        let say = Say::new(self.status.clone(), provider, settings.public_urls.clone());
        let (stop, stopped) = watch::channel(false);
        let keeping =
            keep(program, say.clone(), self.leftovers.clone(), Arc::clone(&self.entropy), stopped);
        *running = Some(Running { settings, stop, keeping: tokio::spawn(keeping) });
        let mut status = self.status.subscribe();
        let settled = status.wait_for(|status| {
            let state = status.as_ref().map(|status| status.state);
            matches!(state, Some(TunnelState::Up | TunnelState::Refused))
        });
        let is_late = tokio::time::timeout(URL_WAIT, settled).await.is_err();
        if is_late {
            say.late();
        }
        // It may have been refused in the last moment; from now on it is not.
        match self.status().as_ref().and_then(TunnelStatus::refusal) {
            Some(error) => {
                *running = None;
                Err(error)
            }
            None => Ok(self.url()),
        }
    }

    /// How it is; `None` where there is none.
    #[must_use]
    pub fn status(&self) -> Option<TunnelStatus> {
        self.status.borrow().clone()
    }

    /// Its URL, the last that was known.
    #[must_use]
    pub fn url(&self) -> Option<HttpUrl> {
        self.status.borrow().as_ref()?.url.clone()
    }

    /// Waits for a URL other than `known`, or for the end; `None` at the end.
    pub async fn other_url(
        &self,
        known: Option<&HttpUrl>,
        stop: &mut watch::Receiver<bool>,
    ) -> Option<HttpUrl> {
        let url = |status: &Option<TunnelStatus>| status.as_ref()?.url.clone();
        let mut status = self.status.subscribe();
        let other = status.wait_for(|status| {
            let url = url(status);
            url.is_some() && url.as_ref() != known
        });
        tokio::select! {
            other = other => url(&*other.ok()?),
            _ = stop.wait_for(|stop| *stop) => None,
        }
    }

    /// Ends it, and removes all that it has left.
    pub async fn end(&self) {
        if let Some(running) = self.running.lock().await.take() {
            running.end().await;
            self.status.send_replace(None);
        }
    }
}

impl TunnelStatus {
    /// Its URL without the slash that stands for no path.
    #[must_use]
    pub fn origin(&self) -> Option<&str> {
        self.url.as_ref().map(without_slash)
    }

    fn refusal(&self) -> Option<TunnelError> {
        self.error.clone().filter(|_| self.state == TunnelState::Refused)
    }
}

impl Serialize for TunnelStatus {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut status = serializer.serialize_struct("TunnelStatus", 4)?;
        status.serialize_field("provider", self.provider)?;
        status.serialize_field("state", self.state.as_str())?;
        status.serialize_field("url", &self.origin())?;
        status.serialize_field("error", &self.error.as_ref().map(ToString::to_string))?;
        status.end()
    }
}

impl Running {
    async fn end(self) {
        let _ = self.stop.send(true);
        // One that panicked has said so.
        let _ = self.keeping.await;
    }
}

impl Settings {
    fn of(config: &Config, local: SocketAddr) -> Option<Self> {
        if matches!(config.tunnel, config::Tunnel::None) {
            return None;
        }
        let accounts = config.accounts.iter().filter(|account| account.enabled);
        Some(Self {
            tunnel: config.tunnel.clone(),
            local,
            path: config.serve.path.clone(),
            status_path: config.serve.status_path.clone(),
            public_urls: accounts.filter_map(|account| account.public_url.clone()).collect(),
        })
    }

    fn program(&self, leftovers: &Leftovers) -> Result<Program, TunnelError> {
        let leftovers = leftovers.clone();
        let tailscale = |funnel, port| Tailscale::new(self, funnel, port, leftovers.clone());
        Ok(match &self.tunnel {
            config::Tunnel::TailscaleServe { port } => Program::Tailscale(tailscale(false, *port)?),
            config::Tunnel::TailscaleFunnel { port } => Program::Tailscale(tailscale(true, *port)?),
            config::Tunnel::Ngrok { auth_token, domain } => Program::Ngrok(Box::new(Ngrok::new(
                self.local,
                auth_token.clone(),
                domain.clone(),
                leftovers,
            )?)),
            // Another version's tunnel is not known by its name here.
            _ => return Err(TunnelError::Missing("of that name")),
        })
    }

    const fn provider(&self) -> &'static str {
        match self.tunnel {
            config::Tunnel::Ngrok { .. } => "ngrok",
            config::Tunnel::TailscaleServe { .. } => "tailscale-serve",
            config::Tunnel::TailscaleFunnel { .. } => "tailscale-funnel",
            _ => "none",
        }
    }
}

impl PartialEq for Settings {
    fn eq(&self, other: &Self) -> bool {
        use config::Tunnel::{Ngrok, TailscaleFunnel, TailscaleServe};
        let tunnel = match (&self.tunnel, &other.tunnel) {
            (Ngrok { auth_token: a, domain: b }, Ngrok { auth_token: c, domain: d }) => {
                // Both are our own configuration: how long this takes tells nobody anything.
                let [a, c] = [a, c].map(|token| token.as_ref().map(telephony_core::Secret::expose));
                a == c && b == d
            }
            (TailscaleServe { port: a }, TailscaleServe { port: b })
            | (TailscaleFunnel { port: a }, TailscaleFunnel { port: b }) => a == b,
            _ => false,
        };
        tunnel
            && self.local == other.local
            && self.path == other.path
            && self.status_path == other.status_path
            && self.public_urls == other.public_urls
    }
}

/// A URL without the slash that stands for no path.
fn without_slash(url: &HttpUrl) -> &str {
    url.as_str().trim_end_matches('/')
}
