//! `GET /health`: whether the server can do its work, without a secret.

use async_trait::async_trait;

/// Whether each part is ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Health {
    /// Whether events can be stored. Without it no webhook is taken.
    pub store: bool,
    /// Whether the carriers can be reached, as far as that is known.
    pub provider: bool,
    /// Whether the tunnel is up; `None` when there is none.
    pub tunnel: Option<bool>,
}

impl Health {
    /// What is known.
    #[must_use]
    pub const fn new(store: bool, provider: bool, tunnel: Option<bool>) -> Self {
        Self { store, provider, tunnel }
    }

    /// Whether webhooks are taken: what a load balancer asks.
    #[must_use]
    pub const fn is_ready(&self) -> bool {
        self.store && !matches!(self.tunnel, Some(false))
    }
}

/// Knows how the parts are.
#[async_trait]
pub trait HealthProbe: std::fmt::Debug + Send + Sync {
    /// How they are now. It is asked by strangers, so it must be cheap.
    async fn health(&self) -> Health;
}
