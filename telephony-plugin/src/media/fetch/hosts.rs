//! Whom a carrier's files are fetched from, and who is told our credentials.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::Url;
use reqwest::header::HeaderValue;
use telephony_core::Secret;
use telephony_core::config::Provider;
use url::{Host, Origin};

use super::address::Reach;
use super::error::FetchError;

/// A host, and every host below it; where it is everybody's, the folder that is the carrier's.
struct Allowed {
    domain: &'static str,
    folder: Option<&'static str>,
}

const fn below(domain: &'static str) -> Allowed {
    Allowed { domain, folder: None }
}

/// Twilio's API, and the CDN and the S3 bucket that it sends on to.
/// <https://www.twilio.com/docs/messaging/api/media-resource>
const TWILIO: [Allowed; 3] = [
    below("twilio.com"),
    below("twiliocdn.com"),
    Allowed { domain: "s3-external-1.amazonaws.com", folder: Some("/media.twiliocdn.com/") },
];

/// Telnyx, and its storage.
/// <https://developers.telnyx.com/docs/messaging/messages/receiving-webhooks>
const TELNYX: [Allowed; 2] = [below("telnyx.com"), below("telnyxcloudstorage.com")];

/// Plivo, whose files have hosts by region.
const PLIVO: [Allowed; 1] = [below("plivo.com")];

/// What may be asked of a URL.
#[derive(Debug)]
pub(super) struct Permit {
    pub(super) reach: Reach,
    pub(super) credentials: Credentials,
}

/// What is said about who we are.
#[derive(Debug)]
pub(super) enum Credentials {
    /// Nothing.
    None,
    /// Who we are, at once.
    Told(HeaderValue),
    /// Who we are, if it is asked for.
    WhenAsked(HeaderValue),
}

/// The carrier of an account.
#[derive(Debug)]
pub(super) struct Carrier<'a> {
    provider: &'a Provider,
    /// What stands in for its API.
    base: Option<Origin>,
}

impl<'a> Carrier<'a> {
    pub(super) fn new(provider: &'a Provider) -> Self {
        let base = api_base(provider).map(|url| url.origin());
        Self { provider, base }
    }

    /// Whether a URL may be asked for, and how; `from` is how the one was that led to it.
    pub(super) fn permit(&self, url: &Url, from: Option<Reach>) -> Result<Permit, FetchError> {
        if !url.username().is_empty() || url.password().is_some() {
            return Err(FetchError::Host);
        }
        if self.base.as_ref() == Some(&url.origin()) {
            return Ok(Permit { reach: Reach::Configured, credentials: self.credentials()? });
        }
        let host = url.host().ok_or(FetchError::Host)?;
        let local = url.scheme() == "http" && is_local(&host);
        if matches!(self.provider, Provider::Mock) && local {
            // Nobody outside leads in here.
            return match from {
                None | Some(Reach::Loopback) => {
                    Ok(Permit { reach: Reach::Loopback, credentials: Credentials::None })
                }
                Some(_) => Err(FetchError::Private),
            };
        }
        if url.scheme() != "https" {
            return Err(FetchError::NotHttps);
        }
        let address = match host {
            Host::Domain(_) => None,
            Host::Ipv4(address) => Some(address.into()),
            Host::Ipv6(address) => Some(address.into()),
        };
        // The client looks names up, and dials what is no name at once.
        if address.is_some_and(|address| !Reach::Public.allows(address)) {
            return Err(FetchError::Private);
        }
        let allowed: &[Allowed] = match self.provider {
            Provider::Mock => {
                return Ok(Permit { reach: Reach::Public, credentials: Credentials::None });
            }
            Provider::Twilio(_) => &TWILIO,
            Provider::Telnyx(_) => &TELNYX,
            Provider::Plivo(_) => &PLIVO,
            _ => &[],
        };
        let Host::Domain(domain) = host else { return Err(FetchError::Host) };
        let is_carriers = allowed.iter().any(|allowed| {
            is_below(domain, allowed.domain)
                && allowed.folder.is_none_or(|folder| url.path().starts_with(folder))
        });
        // Another port than that of https is another program.
        if !is_carriers || url.port().is_some() {
            return Err(FetchError::Host);
        }
        let is_told = match self.provider {
            // Its API, which may be one of a region; its pictures are elsewhere.
            Provider::Twilio(_) => domain.starts_with("api.") && is_below(domain, "twilio.com"),
            Provider::Telnyx(_) => is_below(domain, "telnyx.com"),
            Provider::Plivo(_) => is_below(domain, "plivo.com"),
            _ => false,
        };
        let credentials = if is_told { self.credentials()? } else { Credentials::None };
        Ok(Permit { reach: Reach::Public, credentials })
    }

    fn credentials(&self) -> Result<Credentials, FetchError> {
        Ok(match self.provider {
            Provider::Twilio(twilio) => Credentials::Told(match &twilio.api_key {
                Some((key, secret)) => basic(key, secret)?,
                None => basic(&twilio.account_sid, &twilio.auth_token)?,
            }),
            Provider::Telnyx(telnyx) => {
                Credentials::Told(sensitive(format!("Bearer {}", telnyx.api_key.expose()))?)
            }
            // Its files are open to everybody as far as its documentation goes.
            Provider::Plivo(plivo) => {
                Credentials::WhenAsked(basic(&plivo.auth_id, &plivo.auth_token)?)
            }
            _ => Credentials::None,
        })
    }
}

fn is_below(domain: &str, parent: &str) -> bool {
    domain.strip_suffix(parent).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// What the operator has stand in for a carrier's API.
pub(in crate::media) fn api_base(provider: &Provider) -> Option<Url> {
    let base = match provider {
        Provider::Twilio(twilio) => twilio.api_base_url.as_ref(),
        Provider::Telnyx(telnyx) => telnyx.api_base_url.as_ref(),
        Provider::Plivo(plivo) => plivo.api_base_url.as_ref(),
        _ => None,
    };
    base.and_then(|base| Url::parse(base.as_str()).ok())
}

/// Whether a host is this machine, as far as its name says.
pub(in crate::media) fn is_local(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(domain) => *domain == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

fn basic(user: &str, password: &Secret) -> Result<HeaderValue, FetchError> {
    sensitive(format!("Basic {}", STANDARD.encode(format!("{user}:{}", password.expose()))))
}

fn sensitive(value: String) -> Result<HeaderValue, FetchError> {
    let mut value = HeaderValue::try_from(value).map_err(|_| FetchError::Credentials)?;
    value.set_sensitive(true);
    Ok(value)
}
