//! The configuration as the rest of the program sees it: complete, typed, checked.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use ipnet::IpNet;

use super::defaults;
use super::text::ClockTime;
use crate::call::MachineDetection;
use crate::ed25519::Ed25519PublicKey;
use crate::id::AccountId;
use crate::phone::PhoneNumber;
use crate::provider::ProviderKind;
use crate::secret::Secret;
use crate::sender::Sender;
use crate::url::HttpUrl;

/// Everything that is configured. `Debug` shows no secret and no whole phone number.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Config {
    /// The accounts, by id.
    pub accounts: Vec<Account>,
    /// The account that is meant when none is named. `None` when there is no account.
    pub default_account: Option<AccountId>,
    /// The most senders in a turn at once.
    pub max_concurrent_sessions: u32,
    /// The server that carriers post to.
    pub serve: Serve,
    /// The tunnel that makes it reachable.
    pub tunnel: Tunnel,
    /// Which proxies may say what URL a carrier asked for.
    pub webhook_security: WebhookSecurity,
    /// Where figures are served, if they are.
    pub metrics: Option<SocketAddr>,
    /// Where everything is kept.
    pub database: Database,
    /// How long is kept what is over.
    pub retention: Retention,
}

impl Config {
    /// The account of that id.
    #[must_use]
    pub fn account(&self, id: &AccountId) -> Option<&Account> {
        self.accounts.iter().find(|account| account.id == *id)
    }
}

/// One number and what belongs to it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Account {
    /// Its id; `default` for the keys at the top.
    pub id: AccountId,
    /// Whether it runs.
    pub enabled: bool,
    /// What people call it.
    pub name: Option<String>,
    /// Who carries its messages, and with which credentials.
    pub provider: Provider,
    /// Whom it sends as; `None` when the provider picks the sender.
    pub from: Option<Sender>,
    /// Who may talk to the agent.
    pub policy: InboundPolicy,
    /// Who may always talk.
    pub allow_from: Vec<AllowFrom>,
    /// The only numbers that may be texted or called, if there are any.
    pub allow_to: Vec<PhoneNumber>,
    /// The number that is meant when none is named.
    pub default_to: Option<PhoneNumber>,
    /// The URL by which carriers reach the server.
    pub public_url: Option<HttpUrl>,
    /// Takes webhooks without a valid signature. Only ever true on the loopback interface.
    pub dangerously_skip_signature_verification: bool,
    /// The largest media that is taken, in bytes.
    pub media_max_bytes: u64,
    /// How texts are sent.
    pub sms: Sms,
    /// Calls.
    pub voice: Voice,
    /// Whether strangers get no text; their code is only listed.
    pub pairing_silent: bool,
    /// Whether the owner is told by text that somebody waits.
    pub pairing_notify_owner: bool,
}

/// A provider and its credentials.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Provider {
    /// Twilio.
    Twilio(Twilio),
    /// Telnyx.
    Telnyx(Telnyx),
    /// Plivo.
    Plivo(Plivo),
    /// No carrier at all.
    Mock,
}

impl Provider {
    /// Which one it is.
    #[must_use]
    pub const fn kind(&self) -> ProviderKind {
        match self {
            Self::Twilio(_) => ProviderKind::Twilio,
            Self::Telnyx(_) => ProviderKind::Telnyx,
            Self::Plivo(_) => ProviderKind::Plivo,
            Self::Mock => ProviderKind::Mock,
        }
    }
}

/// Credentials at Twilio.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Twilio {
    /// The Account SID.
    pub account_sid: String,
    /// The primary Auth Token, which also signs webhooks.
    pub auth_token: Secret,
    /// The secret that signs webhooks with HMAC-SHA256, where that is set up.
    pub webhook_shared_key: Option<Secret>,
    /// An API key and its secret, to send with.
    pub api_key: Option<(String, Secret)>,
    /// The Messaging Service that picks the sender.
    pub messaging_service_sid: Option<String>,
    /// The region that processes data.
    pub region: Option<String>,
    /// The origin that stands in for the API.
    pub api_base_url: Option<HttpUrl>,
}

/// Credentials at Telnyx.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Telnyx {
    /// The API key.
    pub api_key: Secret,
    /// The messaging profile that sends.
    pub messaging_profile_id: Option<String>,
    /// The account's public key; `None` only where verification is skipped.
    pub public_key: Option<Ed25519PublicKey>,
    /// The Voice API application that places calls.
    pub connection_id: Option<String>,
    /// The origin that stands in for the API.
    pub api_base_url: Option<HttpUrl>,
}

/// Credentials at Plivo.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Plivo {
    /// The Auth ID.
    pub auth_id: String,
    /// The Auth Token, which also signs webhooks.
    pub auth_token: Secret,
    /// Whether webhooks may carry the second version of the signature alone.
    pub allow_signature_v2: bool,
    /// The origin that stands in for the API.
    pub api_base_url: Option<HttpUrl>,
}

/// Who may talk to the agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InboundPolicy {
    /// Nobody.
    Disabled,
    /// The numbers that are always allowed.
    Allowlist,
    /// These, and whoever was approved by code.
    Pairing,
    /// Everybody.
    Open,
}

/// Who may always talk.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AllowFrom {
    /// This number.
    Number(PhoneNumber),
    /// Everybody.
    Anyone,
    /// The host's access group of this name.
    AccessGroup(String),
}

/// How texts are sent.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Sms {
    /// How a longer text is sent.
    pub chunk_mode: ChunkMode,
    /// The most characters of one text.
    pub max_length: u32,
    /// Whether parts begin with `[1/3] `.
    pub segment_numbering: bool,
    /// When characters that force UCS-2 are replaced.
    pub transliterate: Transliterate,
    /// The most segments of one reply.
    pub max_segments_per_reply: Option<u32>,
    /// The most segments a second.
    pub segments_per_second: Option<f64>,
    /// How long texts of one sender are waited for to be joined, in milliseconds; 0 for not at all.
    pub join_window_ms: u32,
    /// The most messages one number is sent in 24 hours.
    pub daily_cap_per_recipient: Option<u32>,
    /// When no text is sent that nobody asked for.
    pub quiet_hours: Option<QuietHours>,
}

/// How a longer text is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ChunkMode {
    /// In numbered parts, or as one message that the carrier concatenates.
    Auto,
    /// Cut off after one segment.
    Single,
    /// In parts of one segment each.
    Multi,
}

/// When characters that force UCS-2 are replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Transliterate {
    /// Never.
    Off,
    /// Where that saves a segment.
    Saves,
    /// Always.
    Always,
}

/// When no text is sent that nobody asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct QuietHours {
    /// When they begin.
    pub start: ClockTime,
    /// When they end; the next day when that is earlier.
    pub end: ClockTime,
    /// The IANA name of the time zone.
    pub time_zone: String,
}

/// Calls.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Voice {
    /// Whether calls may be placed.
    pub enabled: bool,
    /// The longest a call may last, in seconds.
    pub max_duration_seconds: u32,
    /// How long a phone may ring, in seconds.
    pub ring_timeout_seconds: u32,
    /// What a call says that is given nothing to say.
    pub greeting: String,
    /// The language that calls are spoken in (BCP 47); the carrier's English when there is none.
    pub language: Option<String>,
    /// Whether inbound calls are answered; else they are rejected.
    pub answer_inbound: bool,
    /// What somebody hears who calls, where calls are answered.
    pub inbound_greeting: String,
    /// What to do when a machine answers.
    pub machine_detection: MachineDetection,
}

/// The server that carriers post to.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Serve {
    /// The TCP port; 0 takes any that is free.
    pub port: u16,
    /// The address it listens on.
    pub bind: IpAddr,
    /// Where messages and call events are posted.
    pub path: String,
    /// Where delivery receipts are posted.
    pub status_path: String,
}

/// A tunnel that makes the server reachable.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Tunnel {
    /// None.
    None,
    /// ngrok.
    Ngrok {
        /// Its token; the program's own configuration when there is none.
        auth_token: Option<Secret>,
        /// The reserved domain.
        domain: Option<String>,
    },
    /// Tailscale, within the tailnet.
    TailscaleServe {
        /// The port it is served on.
        port: Option<u16>,
    },
    /// Tailscale, to everybody.
    TailscaleFunnel {
        /// The port it is served on: 443, 8443 or 10000.
        port: Option<u16>,
    },
}

/// Which proxies may say what URL a carrier asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct WebhookSecurity {
    /// The only hosts a forwarded header may name, in lower case; any when empty.
    pub allowed_hosts: Vec<String>,
    /// Whether forwarded headers count at all.
    pub trust_forwarding_headers: bool,
    /// The proxies whose forwarded headers count. IPv4-mapped addresses are held as IPv4.
    pub trusted_proxies: Vec<IpNet>,
}

/// How long is kept what is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Retention {
    /// How long after they are done the contents of messages and calls are kept.
    pub contents: Duration,
    /// How long is known what was sent, and what became of it; no shorter than the contents.
    pub records: Duration,
}

impl Retention {
    pub(super) const fn days(contents: u32, records: u32) -> Self {
        const DAY: Duration = Duration::from_secs(24 * 60 * 60);
        Self { contents: DAY.saturating_mul(contents), records: DAY.saturating_mul(records) }
    }
}

impl Default for Retention {
    fn default() -> Self {
        Self::days(defaults::CONTENT_DAYS, defaults::RECORD_DAYS)
    }
}

/// Where everything is kept.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Database {
    /// A file in the state directory.
    StateDirectory,
    /// This SQLite file.
    Sqlite(std::path::PathBuf),
    /// This PostgreSQL server; the URL holds its password.
    Postgres(Secret),
}
