//! The doctor: looks at everything that a channel needs, and says of each thing what to do.

mod clock;
mod configuration;
mod credentials;
mod edges;
mod finding;
mod number;
mod pairing;
mod public_url;
mod reach;
mod refusals;
mod repair;
mod round_trip;
mod route;
mod server;
mod store;
mod table;
mod tunnel;

use std::net::SocketAddr;
use std::path::Path;

use serde_json::{Value, json};
use telephony_core::config::{self, Account, Config, ConfigErrors, Host};
use telephony_core::{AccountId, HttpUrl, ProviderKind};
use telephony_providers::{Connection, Error};

use self::clock::Clock;
use self::configuration::Configuration;
pub use self::edges::{Edges, Given, Resolve, SystemResolver};
pub use self::finding::{Finding, Report, Severity};
use self::number::Wanted;
use self::public_url::{Form, form};
use self::reach::reach;
pub use self::repair::{Change, Repair};
use self::round_trip::{Poster, Signature, cause};
use self::route::{MESSAGES, RECEIPTS, Reply, Route};
use self::server::State;
pub use self::table::table;
use crate::serve::TWILIO_RETRIES;
use crate::state::StateDirectory;
use crate::urls::PublicUrls;

/// Gives an account its carrier.
pub type Connect<'a> = dyn Fn(&Account) -> Result<Connection, Error> + Send + Sync + 'a;

/// Who examines, and what is examined.
pub struct Doctor<'a> {
    /// The configuration.
    pub config: &'a Config,
    /// The account that is meant alone, if one is.
    pub account: Option<AccountId>,
    /// Where everything is kept.
    pub state: &'a StateDirectory,
    /// The ways to the outside.
    pub edges: Edges,
    /// Gives each account its carrier.
    pub connect: &'a Connect<'a>,
    /// Whether OpenClaw decides who may talk.
    pub is_hosted: bool,
}

impl std::fmt::Debug for Doctor<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Doctor").field("account", &self.account).finish_non_exhaustive()
    }
}

/// The configuration of a file.
///
/// # Errors
///
/// The findings that say what is wrong with it, all at once.
pub fn configuration(path: &Path) -> Result<Config, Report> {
    let mut report = Report::default();
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => {
            let sentence = format!("{} cannot be read: {error}", path.display());
            report.add(&Configuration::Unreadable(sentence), None);
            return Err(report);
        }
    };
    config::load(&text, Host::Standalone, &|name| std::env::var(name).ok())
        .map_err(|errors| mistakes(&errors))
}

/// The findings of a configuration that does not load.
#[must_use]
pub fn mistakes(errors: &ConfigErrors) -> Report {
    let mut report = Report::default();
    configuration::mistakes(errors, &mut report);
    report
}

impl Doctor<'_> {
    /// Looks at everything.
    pub async fn examine(&self) -> Report {
        let mut report = Report::default();
        let report = &mut report;
        if !configuration::look(self.config, report) {
            return std::mem::take(report);
        }
        let is_meant = |account: &&Account| {
            account.enabled && self.account.as_ref().is_none_or(|id| *id == account.id)
        };
        let accounts: Vec<_> = self.config.accounts.iter().filter(is_meant).collect();
        if let (Some(id), true) = (&self.account, accounts.is_empty()) {
            report.add(&Configuration::NoSuchAccount(id.to_string()), None);
            return std::mem::take(report);
        }
        let now = self.edges.clock.now();
        let state = State::of(self.state, self.config);
        let status = server::look(&state, &accounts, report).await;
        let waiting = state.ask("pairing.list", json!({})).await.ok();
        for account in &accounts {
            self.examine_account(account, status.as_ref(), report).await;
            pairing::look(account, waiting.as_ref(), self.is_hosted, now, report);
        }
        tunnel::look(self.config, &accounts, status.as_ref(), report);
        store::look(&state, status.as_ref(), now, report).await;
        if let Some(status) = &status {
            refusals::look(status, &state, &accounts, now, report).await;
        }
        std::mem::take(report)
    }

    async fn examine_account(
        &self,
        account: &Account,
        status: Option<&Value>,
        report: &mut Report,
    ) {
        let of = Some(&account.id);
        let (connection, time) = credentials::look(self, account, report).await;
        if let Some((carrier, own)) = time {
            report.add(&Clock::compare(carrier, own), of);
        }
        if account.provider.kind() == ProviderKind::Mock {
            return;
        }
        let serve = &self.config.serve;
        let tunnel = tunnel::url(status).and_then(|url| url.parse::<HttpUrl>().ok());
        let known = PublicUrls::of(account, serve, tunnel.as_ref());
        let mut posted = None;
        if let Some(connection) = &connection {
            let wanted = self.wanted(account, known.as_ref());
            posted = number::look(account, connection, &wanted, report).await;
        }
        let is_known = known.is_some();
        // Where a proxy's headers say what the URL is, the carrier knows which one it posts to.
        let trusts = self.config.webhook_security.trust_forwarding_headers;
        let posted = posted.filter(|_| trusts).map(|url| PublicUrls::below(bare(&url), serve));
        let Some(urls) = known.or(posted) else {
            let has_tunnel = !matches!(self.config.tunnel, config::Tunnel::None);
            return report.add(if has_tunnel { &Form::Awaited } else { &Form::Missing }, of);
        };
        self.examine_url(account, &urls, is_known, status, report).await;
    }

    /// The URLs that the carrier may post messages to.
    fn wanted(&self, account: &Account, urls: Option<&PublicUrls>) -> Wanted {
        let Some(urls) = urls else { return Wanted { urls: Vec::new(), set: None } };
        let (all, own) = (urls.webhook().to_owned(), self.own_path(account));
        let best = format!("{all}{own}");
        let is_twilio = account.provider.kind() == ProviderKind::Twilio;
        let retries = if is_twilio { TWILIO_RETRIES } else { "" };
        let set = format!("{best}{retries}").parse().ok();
        let mut urls = vec![best, all.clone(), format!("{all}/{}", account.id)];
        urls.dedup();
        Wanted { urls, set }
    }

    /// What leads to one account alone, where there are several.
    fn own_path(&self, account: &Account) -> String {
        let several = self.config.accounts.iter().filter(|account| account.enabled).count() > 1;
        if several { format!("/{}", account.id) } else { String::new() }
    }

    async fn examine_url(
        &self,
        account: &Account,
        urls: &PublicUrls,
        is_known: bool,
        status: Option<&Value>,
        report: &mut Report,
    ) {
        let of = Some(&account.id);
        let own = self.own_path(account);
        let webhook = format!("{}{own}", urls.webhook());
        let Ok(url) = url::Url::parse(&webhook) else {
            return report.add(&Form::Missing, of);
        };
        let form = form(&url, account.provider.kind());
        report.add(&form, of);
        if form == Form::Private {
            return;
        }
        let funnel = tunnel::funnel(status);
        let reached = reach(&self.edges, &url, funnel.as_deref(), of, report).await;
        let Some(address) = reached else { return };
        let poster = Poster { edges: &self.edges, account };
        let reply = match poster.post(&webhook, Some(address), &webhook).await {
            Ok(reply) => reply,
            Err(why) => return report.add(&Signature::Unmade(why), of),
        };
        if !reply.is_ours() && status.is_none() {
            return report.add(&Route::NoServer, of);
        }
        if !matches!(reply, Reply::Taken | Reply::Forbidden | Reply::OtherMethod) {
            return report.add(&Route::Not { what: MESSAGES, url: webhook, reply }, of);
        }
        report.add(&Route::Here { what: MESSAGES }, of);
        if !poster.can_sign() {
            return report.add(&Signature::CarriersAlone, of);
        }
        if reply != Reply::Taken {
            let direct = self.direct(&poster, &own, &webhook, status).await;
            let found = Signature::Not(cause(is_known, direct.as_ref(), None));
            return report.add(&found, of);
        }
        // Receipts have a query, which says of which message they are.
        let bare = format!("{}{own}", urls.status());
        let receipts = format!("{bare}?check=1");
        let reply = poster.post(&receipts, Some(address), &receipts).await.unwrap_or(Reply::Late);
        match reply {
            Reply::Taken => report.add(&Signature::Fits, of),
            Reply::Forbidden => {
                let without = poster.post(&bare, Some(address), &bare).await.ok();
                report.add(&Signature::Not(cause(is_known, None, without.as_ref())), of);
            }
            reply => {
                report.add(&Signature::Fits, of);
                report.add(&Route::Not { what: RECEIPTS, url: bare, reply }, of);
            }
        }
    }

    /// What the server says when it is asked past the proxy for what the carrier would post.
    async fn direct(
        &self,
        poster: &Poster<'_>,
        own: &str,
        signed: &str,
        status: Option<&Value>,
    ) -> Option<Reply> {
        let address: SocketAddr = status?.get("address")?.as_str()?.parse().ok()?;
        let url = format!("http://{address}{}{own}", self.config.serve.path);
        poster.post(&url, None, signed).await.ok()
    }
}

/// A URL without what is behind it for the carrier alone.
fn bare(url: &str) -> &str {
    url.split(['#', '?']).next().unwrap_or_default()
}
