//! The one HTTP client of all providers, and what it does not do: follow redirects, repeat
//! requests by itself, read answers without end.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, DATE, HeaderMap, HeaderValue};
use reqwest::{Method, Url};
use telephony_core::{Clock, Entropy, OsEntropy, SystemClock, Timestamp};
use thiserror::Error;

use crate::retry::RetryPolicy;
use crate::tls;

/// The most bytes of an answer that are read. Carriers' answers have a few kilobytes.
pub const MAX_RESPONSE_BYTES: usize = 1024 * 1024;

/// How long an unused connection is kept. Servers close idle connections after 5 s (Node.js) or
/// more, and a request that crosses with the closing is lost with its outcome unknown: a new
/// handshake is the smaller cost.
const IDLE: Duration = Duration::from_secs(4);

/// How long each step of a request may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timeouts {
    /// Finding the address, connecting and the TLS handshake. What ends here was not sent.
    pub connect: Duration,
    /// Waiting for the next bytes of the answer.
    pub read: Duration,
    /// All of it.
    pub total: Duration,
}

impl Default for Timeouts {
    /// 5 s to connect, 15 s without a byte, 30 s in all.
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            read: Duration::from_secs(15),
            total: Duration::from_secs(30),
        }
    }
}

/// How requests are made: connections, time and chance. Clones share all three, and one is enough
/// for any number of accounts.
#[derive(Clone)]
pub struct Transport {
    client: reqwest::Client,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    retry: RetryPolicy,
}

/// The HTTP client could not be set up.
#[derive(Debug, Error)]
#[error("the HTTP client cannot be set up")]
pub struct TransportError(#[source] Box<dyn std::error::Error + Send + Sync>);

/// Makes a [`Transport`].
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until build() is called"]
pub struct TransportBuilder {
    timeouts: Timeouts,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    retry: RetryPolicy,
}

impl TransportBuilder {
    /// How long each step may take.
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// What tells the time.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// What spreads retries.
    pub fn entropy(mut self, entropy: Arc<dyn Entropy>) -> Self {
        self.entropy = entropy;
        self
    }

    /// How often and when a request that was not sent is tried again.
    pub fn retry(mut self, retry: RetryPolicy) -> Self {
        self.retry = retry;
        self
    }

    /// The transport.
    ///
    /// # Errors
    ///
    /// [`TransportError`] when TLS cannot be set up.
    pub fn build(self) -> Result<Transport, TransportError> {
        let tls = tls::tls_configuration().map_err(|error| TransportError(error.into()))?;
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            // One request at a time on a connection: what a cut connection takes with it is known.
            .http1_only()
            // A repeated POST is a second message; what is repeated is decided in `retry` alone.
            .retry(reqwest::retry::never())
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .user_agent(concat!("telephony/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(self.timeouts.connect)
            .read_timeout(self.timeouts.read)
            .timeout(self.timeouts.total)
            .pool_idle_timeout(IDLE)
            .tcp_nodelay(true)
            .build()
            .map_err(|error| TransportError(error.into()))?;
        Ok(Transport { client, clock: self.clock, entropy: self.entropy, retry: self.retry })
    }
}

impl Transport {
    /// Starts a transport with the system's clock and randomness.
    pub fn builder() -> TransportBuilder {
        TransportBuilder {
            timeouts: Timeouts::default(),
            clock: Arc::new(SystemClock),
            entropy: Arc::new(OsEntropy),
            retry: RetryPolicy::default(),
        }
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    pub(crate) fn entropy(&self) -> &Arc<dyn Entropy> {
        &self.entropy
    }

    pub(crate) const fn retry(&self) -> &RetryPolicy {
        &self.retry
    }

    /// Makes one request, once.
    pub(crate) async fn execute(&self, request: &Request) -> Result<Answer, Failure> {
        let mut builder = self
            .client
            .request(request.method.clone(), request.url.clone())
            .header(AUTHORIZATION, request.authorization.clone())
            .header(ACCEPT, HeaderValue::from_static("application/json"));
        if let Some(body) = &request.body {
            let content_type = HeaderValue::from_static(body.content_type);
            builder = builder.header(CONTENT_TYPE, content_type).body(body.bytes.clone());
        }
        let mut response = builder.send().await.map_err(Failure::new)?;
        let status = response.status().as_u16();
        let headers = std::mem::take(response.headers_mut());
        let body = read(response).await;
        Ok(Answer { status, headers, body })
    }
}

impl fmt::Debug for Transport {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Transport").field("retry", &self.retry).finish_non_exhaustive()
    }
}

async fn read(mut response: reqwest::Response) -> Result<Vec<u8>, BodyFailure> {
    let announced = response.content_length().unwrap_or(0);
    if announced > MAX_RESPONSE_BYTES as u64 {
        return Err(BodyFailure::TooLarge);
    }
    let mut body = Vec::with_capacity(usize::try_from(announced).unwrap_or(0));
    while let Some(chunk) = response.chunk().await.map_err(BodyFailure::cut)? {
        if body.len() + chunk.len() > MAX_RESPONSE_BYTES {
            return Err(BodyFailure::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// A request as it goes out.
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) url: Url,
    pub(crate) authorization: HeaderValue,
    pub(crate) body: Option<RequestBody>,
}

/// What a request carries.
pub(crate) struct RequestBody {
    pub(crate) content_type: &'static str,
    pub(crate) bytes: Vec<u8>,
}

/// An answer whose head arrived.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Result<Vec<u8>, BodyFailure>,
}

/// What the `Date` headers of a call's answers said last.
#[derive(Default)]
pub(crate) struct Date(Mutex<Option<Timestamp>>);

impl Date {
    pub(crate) fn note(&self, headers: &HeaderMap) {
        let text = headers.get(DATE).and_then(|value| value.to_str().ok());
        if let Some(at) = text.and_then(|text| Timestamp::parse_rfc2822(text).ok()) {
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(at);
        }
    }

    pub(crate) fn read(&self) -> Option<Timestamp> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why the rest of an answer did not arrive.
pub(crate) enum BodyFailure {
    /// It has more than [`MAX_RESPONSE_BYTES`].
    TooLarge,
    /// It stopped.
    Cut(reqwest::Error),
}

impl BodyFailure {
    fn cut(source: reqwest::Error) -> Self {
        Self::Cut(source.without_url())
    }
}

/// Why there is no answer.
pub(crate) struct Failure {
    pub(crate) phase: Phase,
    pub(crate) source: reqwest::Error,
}

/// How far a request came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// There was no connection: not a byte of it left.
    Connecting,
    /// It may have left, and no answer came in time.
    TimedOut,
    /// It may have left, and the connection was lost.
    Lost,
}

impl Failure {
    fn new(source: reqwest::Error) -> Self {
        let phase = if source.is_connect() || source.is_builder() {
            Phase::Connecting
        } else if source.is_timeout() {
            Phase::TimedOut
        } else {
            Phase::Lost
        };
        // The URL holds account and call ids, and says nothing that the error does not.
        Self { phase, source: source.without_url() }
    }
}
