//! What is about the process and not about one account.

use std::net::{IpAddr, SocketAddr};

use super::super::problem::Problems;
use super::super::raw::{RawConfig, RawTunnelProvider};
use super::super::settings::{Database, Retention, Serve, Tunnel, WebhookSecurity};
use super::super::{Environment, defaults, text};
use super::context;
use crate::secret::Secret;

/// The ports that Tailscale can open to everybody.
const FUNNEL_PORTS: [u16; 3] = [443, 8443, 10_000];

pub(super) struct Process {
    pub(super) serve: Serve,
    pub(super) tunnel: Tunnel,
    pub(super) webhook_security: WebhookSecurity,
    pub(super) metrics: Option<SocketAddr>,
    pub(super) database: Database,
    pub(super) retention: Retention,
}

impl Process {
    pub(super) fn resolve(
        raw: &RawConfig,
        environment: Environment<'_>,
        problems: &mut Problems,
    ) -> Self {
        let serve = serve(raw, problems);
        Self {
            tunnel: tunnel(raw, environment, problems),
            webhook_security: webhook_security(raw, problems),
            metrics: metrics(raw, &serve, problems),
            database: database(raw, environment, problems),
            retention: retention(raw, problems),
            serve,
        }
    }

    /// Whether requests can only come from this machine.
    pub(super) const fn is_local(&self) -> bool {
        self.serve.bind.is_loopback() && matches!(self.tunnel, Tunnel::None)
    }
}

fn address(path: &str, written: Option<&String>, problems: &mut Problems) -> IpAddr {
    let text = written.map_or(defaults::BIND, String::as_str);
    text.parse().unwrap_or_else(|_| {
        problems.note(path, "expected an address such as 127.0.0.1 or 0.0.0.0");
        IpAddr::from([127, 0, 0, 1])
    })
}

fn serve(raw: &RawConfig, problems: &mut Problems) -> Serve {
    let raw = raw.serve.as_ref();
    let mut path = |key: &str, written: Option<&String>, default: &str| {
        let written = written.map_or(default, String::as_str);
        text::path(written).unwrap_or_else(|message| {
            problems.note(&format!("serve.{key}"), message);
            default.to_owned()
        })
    };
    let webhook = path("path", raw.and_then(|raw| raw.path.as_ref()), defaults::PATH);
    let status =
        path("statusPath", raw.and_then(|raw| raw.status_path.as_ref()), defaults::STATUS_PATH);
    if webhook == status {
        problems.note("serve.statusPath", "must differ from serve.path");
    }
    for reserved in ["/health"] {
        if webhook == reserved || status == reserved {
            problems.note("serve", format!("{reserved} is taken by the server itself"));
        }
    }
    Serve {
        port: raw.and_then(|raw| raw.port).unwrap_or(defaults::PORT),
        bind: address("serve.bind", raw.and_then(|raw| raw.bind.as_ref()), problems),
        path: webhook,
        status_path: status,
    }
}

fn tunnel(raw: &RawConfig, environment: Environment<'_>, problems: &mut Problems) -> Tunnel {
    let Some(raw) = raw.tunnel.as_ref() else { return Tunnel::None };
    let variable = |name: &str| environment(name).filter(|text| !text.trim().is_empty());
    match raw.provider.unwrap_or(RawTunnelProvider::None) {
        RawTunnelProvider::None => Tunnel::None,
        RawTunnelProvider::Ngrok => {
            let auth_token = match &raw.ngrok_auth_token {
                None => variable("NGROK_AUTHTOKEN").map(Secret::new),
                Some(written) => context::secret(written, environment)
                    .map_err(|message| problems.note("tunnel.ngrokAuthToken", message))
                    .ok(),
            };
            let domain = raw.ngrok_domain.clone().or_else(|| variable("NGROK_DOMAIN"));
            if domain.as_ref().is_some_and(|domain| domain.contains(['/', ':'])) {
                problems.note("tunnel.ngrokDomain", "expected a domain without https:// and path");
            }
            Tunnel::Ngrok { auth_token, domain }
        }
        RawTunnelProvider::TailscaleServe => Tunnel::TailscaleServe { port: raw.port },
        RawTunnelProvider::TailscaleFunnel => {
            if raw.port.is_some_and(|port| !FUNNEL_PORTS.contains(&port)) {
                problems.note("tunnel.port", "expected 443, 8443 or 10000, as a funnel can open");
            }
            Tunnel::TailscaleFunnel { port: raw.port }
        }
    }
}

fn webhook_security(raw: &RawConfig, problems: &mut Problems) -> WebhookSecurity {
    let Some(raw) = raw.webhook_security.as_ref() else { return WebhookSecurity::default() };
    let trusted_proxies: Vec<_> = context::items(raw.trusted_proxy_ips.as_ref())
        .filter_map(|(index, written)| {
            let path = format!("webhookSecurity.trustedProxyIPs.{index}");
            text::network(written).map_err(|message| problems.note(&path, message)).ok()
        })
        .collect();
    let trust = raw.trust_forwarding_headers.unwrap_or(false);
    if trust && trusted_proxies.is_empty() {
        let path = "webhookSecurity.trustedProxyIPs";
        let message = "is missing: name the proxies whose forwarding headers count";
        problems.note_missing(path, path, message);
    }
    WebhookSecurity {
        allowed_hosts: context::items(raw.allowed_hosts.as_ref())
            .map(|(_, host)| host.to_lowercase())
            .collect(),
        trust_forwarding_headers: trust,
        trusted_proxies,
    }
}

fn metrics(raw: &RawConfig, serve: &Serve, problems: &mut Problems) -> Option<SocketAddr> {
    let raw = raw.metrics.as_ref()?;
    let bind = address("metrics.bind", raw.bind.as_ref(), problems);
    let port = raw.port.unwrap_or(defaults::METRICS_PORT);
    let enabled = raw.enabled.unwrap_or(false);
    // Whoever reaches webhooks must not reach figures.
    if enabled && port != 0 && port == serve.port {
        problems.note("metrics.port", "must differ from serve.port");
    }
    enabled.then(|| SocketAddr::new(bind, port))
}

fn retention(raw: &RawConfig, problems: &mut Problems) -> Retention {
    let raw = raw.retention.as_ref();
    let contents = raw.and_then(|raw| raw.content_days).unwrap_or(defaults::CONTENT_DAYS);
    let records = raw.and_then(|raw| raw.record_days).unwrap_or(defaults::RECORD_DAYS);
    if contents > records {
        let message = format!("expected no more than retention.recordDays, which is {records}");
        problems.note("retention.contentDays", message);
    }
    Retention::days(contents, records)
}

fn database(raw: &RawConfig, environment: Environment<'_>, problems: &mut Problems) -> Database {
    let Some(written) = raw.database.as_ref() else { return Database::StateDirectory };
    let url = match context::secret(written, environment) {
        Ok(url) => url,
        Err(message) => {
            problems.note("database", message);
            return Database::StateDirectory;
        }
    };
    let text = url.expose();
    if text.starts_with("postgres://") || text.starts_with("postgresql://") {
        return Database::Postgres(url);
    }
    match text.strip_prefix("sqlite:").map(|file| file.strip_prefix("//").unwrap_or(file)) {
        Some(file) if !file.is_empty() => Database::Sqlite(file.into()),
        _ => {
            problems.note("database", "expected sqlite:<file> or postgres://<user>@<host>/<name>");
            Database::StateDirectory
        }
    }
}
