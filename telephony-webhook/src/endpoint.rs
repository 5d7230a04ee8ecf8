//! One account as webhooks find it: its verifier and its public URL; and the paths of all.

use std::collections::HashMap;
use std::sync::Arc;

use telephony_core::HttpUrl;
use telephony_core::config::{Account, Provider, Serve, WebhookSecurity};
use thiserror::Error;

use crate::parse::Route;
use crate::url::{PublicUrl, TrustedProxies, UrlRules};
use crate::verify::{Verifier, VerifierError, verifier};
use crate::voice_path;

/// An account, its verifier, and how the public URL of its webhooks is found.
#[derive(Debug)]
pub struct Endpoint {
    pub(crate) account: Account,
    pub(crate) verifier: Arc<dyn Verifier>,
    pub(crate) rules: UrlRules,
}

/// Why an account cannot take webhooks. Nothing is taken unverified instead.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EndpointError {
    /// Its key is missing or none.
    #[error(transparent)]
    Verifier(#[from] VerifierError),
    /// The public URL is none.
    #[error("publicUrl cannot be used")]
    PublicUrl(#[from] crate::url::PublicUrlError),
    /// Unsigned requests are taken from this machine alone.
    #[error(
        "unsigned webhooks are taken on a loopback address without a public URL alone: set \
         serve.bind to 127.0.0.1 and remove publicUrl and tunnel, or choose a provider that signs"
    )]
    Unsigned,
}

impl Endpoint {
    /// An endpoint of `account`; `tunnel` is the URL of a tunnel that leads to the server, which
    /// counts where no `publicUrl` is configured.
    ///
    /// # Errors
    ///
    /// [`EndpointError`] when it could not verify, or would not.
    pub fn new(
        account: &Account,
        serve: &Serve,
        security: &WebhookSecurity,
        tunnel: Option<&HttpUrl>,
    ) -> Result<Self, EndpointError> {
        let verifier = verifier(account)?;
        let public_url = account.public_url.as_ref().or(tunnel);
        let is_local = serve.bind.is_loopback() && public_url.is_none();
        let is_unsigned = account.dangerously_skip_signature_verification
            || matches!(account.provider, Provider::Mock);
        if is_unsigned && !is_local {
            return Err(EndpointError::Unsigned);
        }
        let mut rules = UrlRules::new(&serve.path).allowed_hosts(&security.allowed_hosts);
        if let Some(url) = public_url {
            rules = rules.public_url(PublicUrl::parse(url.as_str())?);
        }
        if security.trust_forwarding_headers {
            rules = rules.trust_forwarding(TrustedProxies::from(security.trusted_proxies.clone()));
        }
        if is_local {
            rules = rules.loopback_only();
        }
        Ok(Self { account: account.clone(), verifier, rules })
    }

    /// The account.
    #[must_use]
    pub const fn account(&self) -> &Account {
        &self.account
    }
}

/// Which paths lead to which accounts. `{path}`, `{statusPath}` and `{path}/voice/…` lead to all of
/// them, and `{path}/{account}` and `{statusPath}/{account}` to one.
#[derive(Debug, Default)]
pub struct Routes(HashMap<String, (Route, Vec<Arc<Endpoint>>)>);

impl Routes {
    /// The routes of these accounts.
    #[must_use]
    pub fn new(serve: &Serve, endpoints: impl IntoIterator<Item = Endpoint>) -> Self {
        let mut routes = Self::default();
        endpoints.into_iter().for_each(|endpoint| routes.add(serve, &Arc::new(endpoint)));
        routes
    }

    /// Adds the paths that lead to one more account. Of two endpoints that both fit, the one that
    /// was added first has a request.
    pub fn add(&mut self, serve: &Serve, endpoint: &Arc<Endpoint>) {
        for (path, route) in [(&serve.path, Route::Webhook), (&serve.status_path, Route::Status)] {
            let own = format!("{}/{}", path.trim_end_matches('/'), endpoint.account.id);
            for path in [path.clone(), own] {
                let (_, endpoints) = self.0.entry(path).or_insert((route, Vec::new()));
                endpoints.push(Arc::clone(endpoint));
            }
        }
    }

    /// Where a path leads, exactly as it is written.
    pub(crate) fn find(&self, path: &str) -> Option<(Route, &[Arc<Endpoint>])> {
        if let Some((route, endpoints)) = self.0.get(path) {
            return Some((*route, endpoints));
        }
        let (path, _) = voice_path::split(path)?;
        let (route, endpoints) = self.0.get(path)?;
        (*route == Route::Webhook).then_some((Route::Voice, endpoints))
    }
}
