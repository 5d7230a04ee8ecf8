//! The server, its tunnel and its surroundings.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{SecretInput, defaults};

/// The server that carriers post to.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::config) struct RawServe {
    /// The TCP port; 0 takes any that is free.
    #[schemars(
        range(min = 0, max = 65_535),
        extend("default" = defaults::PORT, "x-label" = "Port")
    )]
    pub(in crate::config) port: Option<u16>,

    /// The address it listens on.
    #[schemars(extend("default" = defaults::BIND, "x-label" = "Bind address"))]
    pub(in crate::config) bind: Option<String>,

    /// Where messages and call events are posted.
    #[schemars(extend("default" = defaults::PATH, "x-label" = "Webhook path"))]
    pub(in crate::config) path: Option<String>,

    /// Where delivery receipts are posted.
    #[schemars(extend("default" = defaults::STATUS_PATH, "x-label" = "Status path"))]
    pub(in crate::config) status_path: Option<String>,
}

/// `tunnel.provider`.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(in crate::config) enum RawTunnelProvider {
    None,
    Ngrok,
    TailscaleServe,
    TailscaleFunnel,
}

/// A tunnel that makes the server reachable from outside.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::config) struct RawTunnel {
    /// Which one.
    #[schemars(extend("default" = "none", "x-label" = "Provider"))]
    pub(in crate::config) provider: Option<RawTunnelProvider>,

    /// ngrok's token.
    #[schemars(extend("x-label" = "ngrok token", "x-sensitive" = true, "x-env" = "NGROK_AUTHTOKEN"))]
    pub(in crate::config) ngrok_auth_token: Option<SecretInput>,

    /// The domain that ngrok reserved for the account.
    #[schemars(extend("x-label" = "ngrok domain", "x-env" = "NGROK_DOMAIN"))]
    pub(in crate::config) ngrok_domain: Option<String>,

    /// The public port of Tailscale: 443, 8443 or 10000 for a funnel, any for `tailscale-serve`.
    #[schemars(range(min = 1, max = 65_535), extend("x-label" = "Public port", "x-advanced" = true))]
    pub(in crate::config) port: Option<u16>,
}

/// Which proxies may say what URL a carrier asked for.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::config) struct RawWebhookSecurity {
    /// The only hosts that a forwarded header may name.
    #[schemars(extend("x-label" = "Allowed hosts"))]
    pub(in crate::config) allowed_hosts: Option<Vec<String>>,

    /// Whether forwarded headers count at all.
    #[schemars(extend("default" = false, "x-label" = "Trust forwarding headers"))]
    pub(in crate::config) trust_forwarding_headers: Option<bool>,

    /// The proxies whose forwarded headers count: addresses or networks (`10.0.0.0/8`).
    #[schemars(extend("x-label" = "Trusted proxies"))]
    #[serde(rename = "trustedProxyIPs")]
    pub(in crate::config) trusted_proxy_ips: Option<Vec<String>>,
}

/// Figures for Prometheus.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::config) struct RawMetrics {
    /// Whether they are served.
    #[schemars(extend("default" = false, "x-label" = "Enabled"))]
    pub(in crate::config) enabled: Option<bool>,

    /// The address they are served on.
    #[schemars(extend("default" = defaults::BIND, "x-label" = "Bind address"))]
    pub(in crate::config) bind: Option<String>,

    /// The port they are served on. 0 lets the system choose; the log says which.
    #[schemars(extend("default" = defaults::METRICS_PORT, "x-label" = "Port"))]
    pub(in crate::config) port: Option<u16>,
}

/// How long is kept what is over.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::config) struct RawRetention {
    /// For how many days after they are done the contents of messages and calls are kept, before
    /// they are overwritten, or in PostgreSQL removed by its next VACUUM; 0 for some minutes.
    #[schemars(
        range(min = 0, max = 365),
        extend("default" = defaults::CONTENT_DAYS, "x-label" = "Days of contents")
    )]
    pub(in crate::config) content_days: Option<u32>,

    /// For how many days is known what was sent and what became of it, without its contents. No
    /// fewer than those of contents.
    #[schemars(
        range(min = 3, max = 3_650),
        extend("default" = defaults::RECORD_DAYS, "x-label" = "Days of records")
    )]
    pub(in crate::config) record_days: Option<u32>,
}

/// How strangers are paired.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::config) struct RawPairing {
    /// Sends strangers no text; their code is only listed.
    #[schemars(extend("default" = false, "x-label" = "Silent"))]
    pub(in crate::config) silent: Option<bool>,

    /// Tells the owner by text that somebody waits for approval.
    #[schemars(extend("default" = false, "x-label" = "Notify owner"))]
    pub(in crate::config) notify_owner: Option<bool>,
}
