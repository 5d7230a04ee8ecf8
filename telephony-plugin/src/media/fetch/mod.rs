//! Pictures and files that came with a message, fetched from the carrier.
//!
//! Where they are is said by a webhook, and with that in the end by a stranger. So: `https` alone,
//! the carrier's hosts alone, on every hop; no address of a private network, looked at after the
//! name was looked up and dialled as it was looked at; credentials to the carrier's own API alone;
//! so many redirects, bytes and seconds and no more; and what arrives is what it is said to be.

mod address;
mod error;
mod hosts;
mod receive;
mod resolve;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use reqwest::Url;
use reqwest::dns::Resolve;
use reqwest::header::{ACCEPT_ENCODING, AUTHORIZATION, HeaderValue, LOCATION};
use telephony_core::config::Account;
use telephony_core::{Entropy, InboundMedia, MAX_MEDIA, Timestamp};
use thiserror::Error;

use self::address::Reach;
pub use self::error::FetchError;
pub(super) use self::error::megabytes;
use self::hosts::{Carrier, Credentials, Permit};
pub(super) use self::hosts::{api_base, is_local};
use self::resolve::{Forbidden, Guard, SystemResolver};
use super::{Family, files};

/// The most hops after the first address.
pub const MAX_REDIRECTS: usize = 5;

/// How long everything of one message may take, so that its sender is answered at all.
pub const MESSAGE_DEADLINE: Duration = Duration::from_secs(60);

/// How long one file may take.
pub const FILE_DEADLINE: Duration = Duration::from_secs(30);

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(5);

/// How long a server may send nothing.
const SILENCE: Duration = Duration::from_secs(15);

/// Fetches files into a directory that is its own.
#[derive(Debug)]
pub struct Fetcher {
    directory: PathBuf,
    entropy: Arc<dyn Entropy>,
    clients: Clients,
    file_deadline: Duration,
    message_deadline: Duration,
}

/// A file that was fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fetched {
    /// Where it is. Its name is drawn, and nothing of it the sender's; its extension fits.
    pub path: PathBuf,
    /// What it is, as its first bytes say.
    pub content_type: &'static str,
    /// What sort of thing that is.
    pub family: Family,
    /// How many bytes it has.
    pub bytes: u64,
}

/// A fetcher cannot be set up.
#[derive(Debug, Error)]
#[error("nothing can be fetched: the directory or the HTTP client cannot be set up")]
pub struct SetUpError(#[source] Box<dyn std::error::Error + Send + Sync>);

impl Fetcher {
    /// Fetches into `directory`, which is made and closed to others.
    ///
    /// # Errors
    ///
    /// [`SetUpError`] when the directory cannot be made, or TLS not be set up.
    pub fn new(directory: &Path, entropy: Arc<dyn Entropy>) -> Result<Self, SetUpError> {
        let clients = Clients::new(&tls, &(Arc::new(SystemResolver) as _))?;
        Self::with(directory, entropy, clients)
    }

    fn with(
        directory: &Path,
        entropy: Arc<dyn Entropy>,
        clients: Clients,
    ) -> Result<Self, SetUpError> {
        files::make_directory(directory).map_err(|error| SetUpError(error.into()))?;
        Ok(Self {
            directory: directory.to_owned(),
            entropy,
            clients,
            file_deadline: FILE_DEADLINE,
            message_deadline: MESSAGE_DEADLINE,
        })
    }

    /// Fetches what came with one message, in order, within [`MESSAGE_DEADLINE`]. What lays out
    /// the rest on a screen (SMIL) is no content and left out.
    pub async fn fetch_all(
        &self,
        account: &Account,
        media: &[InboundMedia],
    ) -> Vec<Result<Fetched, FetchError>> {
        let deadline = tokio::time::Instant::now() + self.message_deadline;
        let mut fetched = Vec::new();
        for one in media.iter().filter(|one| !is_layout(one)) {
            if fetched.len() >= MAX_MEDIA {
                fetched.push(Err(FetchError::TooMany));
                break;
            }
            let one = tokio::time::timeout_at(deadline, self.fetch(account, one)).await;
            fetched.push(one.unwrap_or(Err(FetchError::TooSlow(self.message_deadline))));
        }
        fetched
    }

    /// Fetches one file, within [`FILE_DEADLINE`].
    ///
    /// # Errors
    ///
    /// [`FetchError`] says why not, in words for whoever reads the message. Nothing is left then.
    pub async fn fetch(
        &self,
        account: &Account,
        media: &InboundMedia,
    ) -> Result<Fetched, FetchError> {
        let most = account.media_max_bytes;
        if media.size.is_some_and(|size| size > most) {
            return Err(FetchError::TooLarge(most));
        }
        let fetch = async {
            let response = self.follow(&Carrier::new(&account.provider), media).await?;
            receive::receive(response, self, media, most).await
        };
        let fetched = tokio::time::timeout(self.file_deadline, fetch).await;
        fetched.unwrap_or(Err(FetchError::TooSlow(self.file_deadline)))
    }

    /// Removes what was fetched before `before` and is still there. Returns how many there were.
    ///
    /// # Errors
    ///
    /// When the directory cannot be read.
    pub fn sweep(&self, before: Timestamp) -> std::io::Result<usize> {
        let mut removed = 0;
        for entry in std::fs::read_dir(&self.directory)? {
            let entry = entry?;
            let Ok(modified) = entry.metadata().and_then(|metadata| metadata.modified()) else {
                continue;
            };
            let age = modified.duration_since(std::time::SystemTime::UNIX_EPOCH);
            let at = Timestamp::EPOCH.saturating_add(age.unwrap_or_default());
            if at < before && std::fs::remove_file(entry.path()).is_ok() {
                removed += 1;
            }
        }
        Ok(removed)
    }

    /// Goes from one address to the next, each looked at as if it were the first.
    async fn follow(
        &self,
        carrier: &Carrier<'_>,
        media: &InboundMedia,
    ) -> Result<reqwest::Response, FetchError> {
        let mut url = Url::parse(media.url.as_str()).map_err(|_| FetchError::Host)?;
        let mut from = None;
        for _ in 0..=MAX_REDIRECTS {
            let permit = carrier.permit(&url, from)?;
            let response = self.ask(&url, &permit).await?;
            let status = response.status().as_u16();
            if !matches!(status, 301 | 302 | 303 | 307 | 308) {
                return Ok(response);
            }
            let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
            url = location.and_then(|to| url.join(to).ok()).ok_or(FetchError::Moved)?;
            from = Some(permit.reach);
        }
        Err(FetchError::Redirects)
    }

    async fn ask(&self, url: &Url, permit: &Permit) -> Result<reqwest::Response, FetchError> {
        let client = self.clients.of(permit.reach);
        let told = match &permit.credentials {
            Credentials::Told(credentials) => Some(credentials),
            _ => None,
        };
        let response = request(client, url, told).await?;
        match &permit.credentials {
            Credentials::WhenAsked(credentials) if response.status().as_u16() == 401 => {
                request(client, url, Some(credentials)).await
            }
            _ => Ok(response),
        }
    }
}

async fn request(
    client: &reqwest::Client,
    url: &Url,
    credentials: Option<&HeaderValue>,
) -> Result<reqwest::Response, FetchError> {
    // What is small on its way may be of any size when it is unpacked.
    let identity = HeaderValue::from_static("identity");
    let mut request = client.get(url.clone()).header(ACCEPT_ENCODING, identity);
    if let Some(credentials) = credentials {
        request = request.header(AUTHORIZATION, credentials.clone());
    }
    request.send().await.map_err(|error| {
        if is_forbidden(&error) {
            FetchError::Private
        } else {
            // The URL is as good as a key to what it leads to.
            FetchError::Unreachable(error.without_url())
        }
    })
}

fn is_forbidden(error: &(dyn std::error::Error + 'static)) -> bool {
    std::iter::successors(Some(error), |error| error.source()).any(|error| error.is::<Forbidden>())
}

/// Whether an address is somewhere on the Internet.
pub(super) fn is_public(address: std::net::IpAddr) -> bool {
    Reach::Public.allows(address)
}

/// A document that says where on a screen the other files go.
fn is_layout(media: &InboundMedia) -> bool {
    let declared = media.content_type.as_deref().unwrap_or_default();
    let essence = declared.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/smil")
}

/// A client for each reach, so that no connection of one serves another.
#[derive(Debug)]
struct Clients {
    public: reqwest::Client,
    loopback: reqwest::Client,
    configured: reqwest::Client,
}

impl Clients {
    fn new<T: std::any::Any>(
        tls: &dyn Fn() -> Result<T, SetUpError>,
        resolver: &Arc<dyn Resolve>,
    ) -> Result<Self, SetUpError> {
        let guarded = |reach| Arc::new(Guard::new(reach, Arc::clone(resolver)));
        Ok(Self {
            public: client(tls()?, guarded(Reach::Public))?,
            loopback: client(tls()?, guarded(Reach::Loopback))?,
            configured: client(tls()?, guarded(Reach::Configured))?,
        })
    }

    const fn of(&self, reach: Reach) -> &reqwest::Client {
        match reach {
            Reach::Public => &self.public,
            Reach::Loopback => &self.loopback,
            Reach::Configured => &self.configured,
        }
    }
}

fn tls() -> Result<impl std::any::Any, SetUpError> {
    telephony_providers::tls_configuration().map_err(|error| SetUpError(error.into()))
}

fn client(
    tls: impl std::any::Any,
    resolver: Arc<impl Resolve + 'static>,
) -> Result<reqwest::Client, SetUpError> {
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .dns_resolver(resolver)
        // A proxy would look names up by itself, and dial what it finds.
        .no_proxy()
        .http1_only()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .pool_max_idle_per_host(0)
        .user_agent(concat!("telephony/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT)
        .read_timeout(SILENCE)
        .build()
        .map_err(|error| SetUpError(error.into()))
}
