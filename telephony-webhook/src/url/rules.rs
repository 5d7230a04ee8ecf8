//! How the public URL of a request is found: from the configuration, or from proxies it trusts.

use std::net::IpAddr;

use ipnet::IpNet;
use thiserror::Error;

use super::{PublicUrl, split_port};
use crate::headers::Headers;

/// How the public URL of a request is found.
///
/// 1. A configured public URL decides alone; forwarded headers and `Host` are not looked at.
/// 2. Else, from a trusted proxy, `X-Forwarded-Proto` and `X-Forwarded-Host` (or, where allowed
///    hosts are configured, the `Host` that the proxy passed on), with `X-Forwarded-Port`. The
///    `Forwarded` header of RFC 7239 is not read: hardly a proxy writes it, and a second source
///    could contradict the first.
/// 3. Else, where the server listens on this machine alone and was asked for by a name of this
///    machine, `http://` and that name.
///
/// ```
/// use telephony_webhook::{Headers, UrlRules};
///
/// let rules = UrlRules::new("/telephony/webhook").public_url("https://example.com/t".parse()?);
/// let urls = rules.resolve("203.0.113.9".parse()?, "/telephony/webhook", &Headers::default())?;
/// assert_eq!(urls.first().to_string(), "https://example.com/t/telephony/webhook");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct UrlRules {
    webhook_path: String,
    public_url: Option<PublicUrl>,
    trusted: TrustedProxies,
    allowed_hosts: Vec<String>,
    loopback_only: bool,
}

/// The URLs a request may have had: one, or two where a proxy may have rewritten the path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicUrls {
    first: PublicUrl,
    second: Option<PublicUrl>,
}

/// Why the public URL of a request cannot be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum UrlRefusal {
    /// Nothing is configured to know it by.
    #[error("no publicUrl is configured")]
    Unknown,
    /// Forwarded headers from an address that is not trusted.
    #[error("it came with forwarded headers through a proxy that is not trusted")]
    UntrustedProxy,
    /// A trusted proxy does not say which URL was requested.
    #[error("the trusted proxy does not say which scheme and host were requested")]
    Incomplete,
    /// A trusted proxy's headers contradict each other or are malformed.
    #[error("the trusted proxy's forwarded headers are malformed or contradict each other")]
    Ambiguous,
    /// A host that is not among the allowed ones.
    #[error("the host that was requested is not among webhookSecurity.allowedHosts")]
    Host,
    /// Asked for by another name than one of this machine.
    #[error("it was requested by a host name that is not this machine's own")]
    Outside,
    /// A captured request without a URL.
    #[error("the request was captured without its URL")]
    Missing,
}

impl UrlRefusal {
    /// What the operator can change.
    #[must_use]
    pub const fn advice(self) -> &'static str {
        match self {
            Self::Unknown | Self::Outside => "Set publicUrl to the URL the carrier requests.",
            Self::UntrustedProxy => {
                "Set publicUrl to the URL the carrier requests, or webhookSecurity's \
                 trustForwardingHeaders and trustedProxyIPs to the proxy's address."
            }
            Self::Incomplete | Self::Ambiguous => {
                "Set publicUrl to the URL the carrier requests, or have the proxy send one \
                 X-Forwarded-Proto and one X-Forwarded-Host."
            }
            Self::Host => "Add the host to webhookSecurity.allowedHosts, or set publicUrl.",
            Self::Missing => "Capture the whole URL the carrier requested, with its query.",
        }
    }
}

impl UrlRules {
    /// Knows no public URL yet. `webhook_path` is where the server takes webhooks.
    pub fn new(webhook_path: impl Into<String>) -> Self {
        Self {
            webhook_path: webhook_path.into(),
            public_url: None,
            trusted: TrustedProxies::default(),
            allowed_hosts: Vec::new(),
            loopback_only: false,
        }
    }

    /// Where the server is reached from outside: its root, or the whole URL of its webhook.
    pub fn public_url(mut self, url: PublicUrl) -> Self {
        self.public_url = Some(url);
        self
    }

    /// Believes the forwarded headers of these proxies.
    pub fn trust_forwarding(mut self, proxies: TrustedProxies) -> Self {
        self.trusted = proxies;
        self
    }

    /// The hosts that proxies may name, with a port or for all ports; none given, all.
    pub fn allowed_hosts<H: Into<String>>(mut self, hosts: impl IntoIterator<Item = H>) -> Self {
        self.allowed_hosts = hosts.into_iter().map(Into::into).collect();
        self
    }

    /// Says that the server listens on a loopback address, so that `Host` may be taken when it
    /// names this machine.
    pub fn loopback_only(mut self) -> Self {
        self.loopback_only = true;
        self
    }

    /// The public URL of a request for `path` that came from `peer`.
    ///
    /// # Errors
    ///
    /// [`UrlRefusal`] when it cannot be known for certain.
    pub fn resolve(
        &self,
        peer: IpAddr,
        path: &str,
        headers: &Headers,
    ) -> Result<PublicUrls, UrlRefusal> {
        if let Some(base) = &self.public_url {
            return Ok(self.below(base, path));
        }
        let forwarded = headers.names().any(is_forwarding);
        if self.trusted.contains(peer) && forwarded {
            return Ok(PublicUrls::from(self.forwarded(headers)?.with_path(path.to_owned())));
        }
        if !self.loopback_only {
            return Err(if forwarded { UrlRefusal::UntrustedProxy } else { UrlRefusal::Unknown });
        }
        if forwarded {
            return Err(UrlRefusal::UntrustedProxy);
        }
        let host = single(headers, "host")?.ok_or(UrlRefusal::Unknown)?;
        let url = origin("http", host)?;
        if !is_loopback_host(url.host()) {
            return Err(UrlRefusal::Outside);
        }
        Ok(PublicUrls::from(url.with_path(path.to_owned())))
    }

    /// The URL of `path` below the configured one, of which a trailing webhook path is no part.
    ///
    /// Where that is not the configured URL itself, a proxy may have rewritten that one to the
    /// webhook's path, so it is second.
    fn below(&self, base: &PublicUrl, path: &str) -> PublicUrls {
        let root = base.path.trim_end_matches('/');
        let root = root.strip_suffix(self.webhook_path.trim_end_matches('/')).unwrap_or(root);
        let first = base.with_path(format!("{}{path}", root.trim_end_matches('/')));
        let rewritten = path == self.webhook_path && !matches!(base.path(), "" | "/");
        let second = (rewritten && *base != first).then(|| base.clone());
        PublicUrls { first, second }
    }

    /// Scheme, host and port as a trusted proxy names them.
    fn forwarded(&self, headers: &Headers) -> Result<PublicUrl, UrlRefusal> {
        let scheme = single(headers, "x-forwarded-proto")?.ok_or(UrlRefusal::Incomplete)?;
        let named = single(headers, "x-forwarded-host")?;
        let host = match named {
            Some(host) => host,
            // Without the header, `Host` may be the proxy's own name for us as well as the public
            // one: only the list of allowed hosts tells.
            None if self.allowed_hosts.is_empty() => return Err(UrlRefusal::Incomplete),
            None => single(headers, "host")?.ok_or(UrlRefusal::Incomplete)?,
        };
        let mut url = origin(scheme, host)?;
        if let Some(port) = single(headers, "x-forwarded-port")? {
            let forwarded = split_port(&format!("{}:{port}", url.host))
                .map(|(_, port)| port.map(str::to_owned))
                .map_err(|_| UrlRefusal::Ambiguous)?;
            let is_standard = PublicUrl { port: None, ..url.clone() }.with_port().port == forwarded;
            if url.port.is_none() && !is_standard {
                url.port = forwarded;
            }
        }
        if self.allowed_hosts.is_empty() || self.allowed_hosts.iter().any(|h| is_named(h, &url)) {
            Ok(url)
        } else {
            Err(UrlRefusal::Host)
        }
    }
}

impl PublicUrls {
    /// The URL the request most likely had.
    #[must_use]
    pub const fn first(&self) -> &PublicUrl {
        &self.first
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &PublicUrl> {
        std::iter::once(&self.first).chain(&self.second)
    }
}

impl From<PublicUrl> for PublicUrls {
    fn from(url: PublicUrl) -> Self {
        Self { first: url, second: None }
    }
}

/// The one value of a header, whether it came on one line or several, alone or in a list. Several
/// different ones come of several proxies, and which of them spoke last cannot be known.
fn single<'a>(headers: &'a Headers, name: &'a str) -> Result<Option<&'a str>, UrlRefusal> {
    let mut found = None;
    for value in headers.all(name) {
        let value = std::str::from_utf8(value).map_err(|_| UrlRefusal::Ambiguous)?;
        for item in value.split(',').map(str::trim) {
            if item.is_empty() || found.is_some_and(|found| found != item) {
                return Err(UrlRefusal::Ambiguous);
            }
            found = Some(item);
        }
    }
    Ok(found)
}

/// A URL without a path, of parts that a header named.
fn origin(scheme: &str, host_and_port: &str) -> Result<PublicUrl, UrlRefusal> {
    let plain = !host_and_port.contains(['@', '/', '?', '#', '\\']);
    match PublicUrl::parse(&format!("{scheme}://{host_and_port}")) {
        Ok(url) if plain => Ok(url),
        _ => Err(UrlRefusal::Ambiguous),
    }
}

pub(crate) fn is_forwarding(header: &str) -> bool {
    let header = header.to_ascii_lowercase();
    header.starts_with("x-forwarded-") || matches!(&*header, "forwarded" | "x-real-ip" | "via")
}

pub(crate) fn is_loopback_host(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host.eq_ignore_ascii_case("localhost")
        || address.is_ok_and(|address| address.to_canonical().is_loopback())
}

/// Whether an entry of the allowed hosts means this URL.
fn is_named(allowed: &str, url: &PublicUrl) -> bool {
    match split_port(allowed.trim()) {
        Ok((host, None)) => host.eq_ignore_ascii_case(&url.host),
        Ok((host, port)) => {
            host.eq_ignore_ascii_case(&url.host) && port == url.with_port().port.as_deref()
        }
        Err(_) => false,
    }
}

/// Addresses and networks of proxies whose headers are believed.
///
/// IPv4 addresses that are written as IPv6 (`::ffff:127.0.0.1`) are the same addresses:
///
/// ```
/// use telephony_webhook::TrustedProxies;
///
/// let proxies = TrustedProxies::parse(["10.0.0.0/8", "::ffff:127.0.0.1"])?;
/// assert!(proxies.contains("::ffff:10.1.2.3".parse()?));
/// assert!(proxies.contains("127.0.0.1".parse()?));
/// assert!(!proxies.contains("192.0.2.1".parse()?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxies(Vec<IpNet>);

/// A text that is neither an address nor a network.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0:?} is neither an address nor a network: write 10.0.0.1 or 10.0.0.0/8")]
pub struct TrustedProxiesError(String);

impl From<Vec<IpNet>> for TrustedProxies {
    fn from(networks: Vec<IpNet>) -> Self {
        Self(networks.into_iter().filter_map(canonical).collect())
    }
}

impl TrustedProxies {
    /// Reads addresses and networks in CIDR notation.
    ///
    /// # Errors
    ///
    /// [`TrustedProxiesError`] names the first that is neither.
    pub fn parse<'a>(
        entries: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, TrustedProxiesError> {
        entries.into_iter().map(network).collect::<Result<_, _>>().map(Self)
    }

    /// Whether `peer` is one of them.
    #[must_use]
    pub fn contains(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        self.0.iter().any(|network| network.contains(&peer))
    }
}

fn network(entry: &str) -> Result<IpNet, TrustedProxiesError> {
    let entry = entry.trim();
    let parsed = match entry.parse::<IpAddr>() {
        Ok(address) => Some(IpNet::from(address)),
        Err(_) => entry.parse::<IpNet>().ok(),
    };
    parsed.and_then(canonical).ok_or_else(|| TrustedProxiesError(entry.to_owned()))
}

/// A network of IPv4 addresses that are written as IPv6, as the IPv4 network it is.
fn canonical(network: IpNet) -> Option<IpNet> {
    match network.addr().to_canonical() {
        address @ IpAddr::V4(_) if network.max_prefix_len() == 128 => {
            // Shorter than the 96 bits of `::ffff:`, it would hold more than IPv4.
            IpNet::new(address, network.prefix_len().checked_sub(96)?).ok()
        }
        _ => Some(network),
    }
}
