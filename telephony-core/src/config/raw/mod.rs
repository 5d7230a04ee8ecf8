//! The configuration as it is written: every key, optional, with the text that documents it.
//!
//! The schema is made from these types, and a value is checked against that schema before it is
//! read into them, so what is documented, what is accepted and what is read cannot part ways.

mod channel;
mod provider;
mod secret;
mod section;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

pub(super) use channel::{RawChunkMode, RawPolicy, RawQuietHours, RawSms, RawVoice};
pub(super) use channel::{RawInboundCalls, RawTransliterate};
pub(super) use provider::{RawPlivo, RawTelnyx, RawTwilio};
pub(super) use secret::{SecretInput, SecretSource};
pub(super) use section::{
    RawMetrics, RawPairing, RawRetention, RawServe, RawTunnel, RawTunnelProvider,
    RawWebhookSecurity,
};

use super::defaults;
use crate::call::MachineDetection;
use crate::provider::ProviderKind;

/// The object at `channels.telephony`.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct RawConfig {
    /// The account that the keys beside this one describe.
    #[serde(flatten)]
    pub(super) account: RawAccount,

    /// Several numbers at once: an account a name. Each inherits the keys beside this one and
    /// overrides what it sets.
    #[schemars(extend("x-label" = "Accounts", "x-advanced" = true))]
    #[allow(dead_code, reason = "part of the schema; accounts are merged before they are read")]
    pub(super) accounts: Option<BTreeMap<String, RawAccount>>,

    /// The account that is meant when none is named.
    #[schemars(extend("x-label" = "Default account", "x-advanced" = true))]
    pub(super) default_account: Option<String>,

    /// The most senders that are in a turn with the agent at once.
    #[schemars(
        range(min = 1, max = 10_000),
        extend("default" = defaults::MAX_CONCURRENT_SESSIONS, "x-label" = "Concurrent sessions", "x-advanced" = true)
    )]
    pub(super) max_concurrent_sessions: Option<u32>,

    /// The server that carriers post to.
    #[schemars(extend("x-label" = "Server"))]
    pub(super) serve: Option<RawServe>,

    /// A tunnel that makes the server reachable from outside.
    #[schemars(extend("x-label" = "Tunnel"))]
    pub(super) tunnel: Option<RawTunnel>,

    /// Which proxies may say what URL a carrier asked for.
    #[schemars(extend("x-label" = "Webhook security", "x-advanced" = true))]
    pub(super) webhook_security: Option<RawWebhookSecurity>,

    /// Figures in Prometheus' text format at `GET /metrics`.
    #[schemars(extend("x-label" = "Metrics", "x-advanced" = true))]
    pub(super) metrics: Option<RawMetrics>,

    /// Where messages, codes and receipts are kept: `sqlite:<file>` or `postgres://…`. A file in
    /// the state directory when it is not set; PostgreSQL lets several nodes share the work.
    #[schemars(extend("x-label" = "Database", "x-sensitive" = true, "x-advanced" = true))]
    pub(super) database: Option<SecretInput>,

    /// How long is kept what is over.
    #[schemars(extend("x-label" = "Retention", "x-advanced" = true))]
    pub(super) retention: Option<RawRetention>,

    /// Whether the channel may write to its own configuration. Read by the host.
    #[schemars(extend("x-label" = "Config writes", "x-advanced" = true))]
    #[allow(dead_code, reason = "part of the schema; the host reads it")]
    pub(super) config_writes: Option<bool>,
}

/// The keys of one account.
#[derive(Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct RawAccount {
    /// Whether it runs. Not needed in a file that the `telephony` command reads alone.
    #[schemars(extend("default" = false, "x-label" = "Enabled"))]
    pub(super) enabled: Option<bool>,

    /// What people call it.
    #[schemars(extend("x-label" = "Name"))]
    pub(super) name: Option<String>,

    /// Who carries messages and calls. `mock` needs no account anywhere.
    #[schemars(extend("x-label" = "Provider"))]
    pub(super) provider: Option<ProviderKind>,

    /// The number it sends from, in E.164 form (`+15550001111`); a short code or a name where the
    /// carrier takes one. Optional when a Messaging Service or profile picks the sender.
    #[schemars(extend("x-label" = "From number"))]
    pub(super) from_number: Option<String>,

    /// Who may talk to the agent: `disabled` nobody, `allowlist` the numbers of `allowFrom`,
    /// `pairing` these and whoever was approved by code, `open` everybody.
    #[schemars(extend("default" = defaults::INBOUND_POLICY, "x-label" = "Inbound policy"))]
    pub(super) inbound_policy: Option<RawPolicy>,

    /// The host's name for `inboundPolicy`.
    #[schemars(extend("x-label" = "DM policy", "x-advanced" = true))]
    pub(super) dm_policy: Option<RawPolicy>,

    /// Numbers that may always talk: E.164, `*` for everybody, or `accessGroup:<name>` in OpenClaw.
    #[schemars(extend("x-label" = "Allow from"))]
    pub(super) allow_from: Option<Vec<String>>,

    /// When set, the only numbers (E.164) that may be texted or called, beside those who wrote
    /// first.
    #[schemars(extend("x-label" = "Allow to"))]
    pub(super) allow_to: Option<Vec<String>>,

    /// The number (E.164) that is meant when none is named.
    #[schemars(extend("x-label" = "Default recipient", "x-advanced" = true))]
    pub(super) default_to: Option<String>,

    /// The URL by which carriers reach the server: its origin, or the whole webhook URL.
    #[schemars(extend("x-label" = "Public URL"))]
    pub(super) public_url: Option<String>,

    /// Takes webhooks without a valid signature. For development on the loopback interface only.
    #[schemars(extend("default" = false, "x-label" = "Skip signature verification", "x-advanced" = true))]
    pub(super) skip_signature_verification: Option<bool>,

    /// The largest picture or file that is taken, in megabytes.
    #[schemars(
        range(min = 1, max = 100),
        extend("default" = defaults::MEDIA_MAX_MB, "x-label" = "Media limit (MB)", "x-advanced" = true)
    )]
    pub(super) media_max_mb: Option<u32>,

    /// The host's health monitor for this channel. Read by the host.
    #[schemars(extend("x-label" = "Health monitor", "x-advanced" = true))]
    #[allow(dead_code, reason = "part of the schema; the host reads it")]
    pub(super) health_monitor: Option<BTreeMap<String, serde_json::Value>>,

    /// Credentials at Twilio.
    #[schemars(extend("x-label" = "Twilio"))]
    pub(super) twilio: Option<RawTwilio>,

    /// Credentials at Telnyx.
    #[schemars(extend("x-label" = "Telnyx"))]
    pub(super) telnyx: Option<RawTelnyx>,

    /// Credentials at Plivo.
    #[schemars(extend("x-label" = "Plivo"))]
    pub(super) plivo: Option<RawPlivo>,

    /// How texts are sent.
    #[schemars(extend("x-label" = "SMS"))]
    pub(super) sms: Option<RawSms>,

    /// Calls.
    #[schemars(extend("x-label" = "Voice"))]
    pub(super) voice: Option<RawVoice>,

    /// How strangers are paired.
    #[schemars(extend("x-label" = "Pairing"))]
    pub(super) pairing: Option<RawPairing>,
}

/// Used by sections that take the shared type of the domain.
pub(super) type RawMachineDetection = MachineDetection;
