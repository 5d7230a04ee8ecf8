//! The URLs that carriers are given.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use telephony_core::config::{Account, Provider, Serve};
use telephony_core::{HttpUrl, UrlError};
use url::{Host, Url};

use super::{HostError, Hosted};
use crate::media::fetch::{api_base, is_local, is_public};
use crate::urls::{PublicUrls, media_path};

/// Names that lead nowhere from outside (RFC 6761, RFC 6762, RFC 8375 and ICANN's `internal`).
const PRIVATE_NAMES: [&str; 5] = ["localhost", "local", "internal", "home.arpa", "test"];

/// Where the carrier of one account finds what is hosted.
#[derive(Debug, Clone)]
pub struct MediaUrls(String);

impl MediaUrls {
    /// Those of an account whose server listens at `address`. Its public URL, or the tunnel's,
    /// leads there; where nothing public does, a carrier on this machine still finds it.
    ///
    /// # Errors
    ///
    /// [`HostError::NoPublicUrl`] when the carrier could not find it.
    pub fn of(
        account: &Account,
        serve: &Serve,
        tunnel: Option<&HttpUrl>,
        address: SocketAddr,
    ) -> Result<Self, HostError> {
        if let Some(urls) = PublicUrls::of(account, serve, tunnel) {
            return Ok(Self(urls.media().to_owned()));
        }
        if !is_on_this_machine(&account.provider) {
            return Err(HostError::NoPublicUrl);
        }
        // What listens everywhere listens here too.
        let here = match address.ip() {
            ip if !ip.is_unspecified() => ip,
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        };
        let here = SocketAddr::new(here, address.port());
        Ok(Self(format!("http://{here}{}", media_path(serve))))
    }

    /// The URL of a hosted file.
    ///
    /// # Errors
    ///
    /// When the account's URL cannot carry a path.
    pub fn of_file(&self, hosted: &Hosted) -> Result<HttpUrl, UrlError> {
        HttpUrl::parse(&format!("{}/{}", self.0, hosted.name))
    }
}

/// Whether what stands for the carrier runs here.
fn is_on_this_machine(provider: &Provider) -> bool {
    let base = api_base(provider);
    matches!(provider, Provider::Mock)
        || base.is_some_and(|base| base.host().is_some_and(|host| is_local(&host)))
}

/// Refuses a URL that a carrier could not fetch, or that would have it look into somebody's private
/// network. Names are not looked up: what counts is what the carrier finds.
///
/// # Errors
///
/// [`HostError::Url`] says what is expected.
pub fn check_url(account: &Account, url: &HttpUrl) -> Result<(), HostError> {
    if is_on_this_machine(&account.provider) {
        return Ok(());
    }
    let parsed = Url::parse(url.as_str()).map_err(|_| HostError::Url)?;
    let is_public = url.is_https()
        && match parsed.host() {
            Some(Host::Domain(domain)) => is_public_name(domain),
            Some(Host::Ipv4(address)) => is_public(address.into()),
            Some(Host::Ipv6(address)) => is_public(address.into()),
            None => false,
        };
    if is_public { Ok(()) } else { Err(HostError::Url) }
}

fn is_public_name(domain: &str) -> bool {
    let domain = domain.trim_end_matches('.');
    let is_private = PRIVATE_NAMES.iter().any(|name| {
        domain.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    });
    domain.contains('.') && !is_private
}
