//! The doctor's ways to the outside: names, sockets, TLS, HTTP and the time.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use telephony_core::{Clock, SystemClock};
use telephony_webhook::DOCTOR_AGENT;
use tokio::net::TcpStream;

/// How long a connection is waited for.
const CONNECT: Duration = Duration::from_secs(5);

/// How long an answer is waited for: as long as Twilio waits.
/// <https://www.twilio.com/docs/usage/webhooks/webhooks-connection-overrides>
const ANSWER: Duration = Duration::from_secs(15);

/// The most bytes of an answer that are looked at.
const MAX_ANSWER_BYTES: usize = 4096;

/// Finds the addresses of a name.
#[async_trait]
pub trait Resolve: fmt::Debug + Send + Sync {
    /// The addresses of `host`.
    ///
    /// # Errors
    ///
    /// When there are none, or nobody can be asked.
    async fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>>;
}

/// The system's resolver.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemResolver;

#[async_trait]
impl Resolve for SystemResolver {
    async fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        Ok(tokio::net::lookup_host((host, port)).await?.collect())
    }
}

/// A host whose address is given, whatever its name's is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// The host.
    pub host: String,
    /// Where it is asked for instead.
    pub address: SocketAddr,
}

impl std::str::FromStr for Given {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let expected = "a host and an address are expected, sms.example.com=127.0.0.1:8443";
        let (host, address) = text.split_once('=').ok_or(expected)?;
        let address = address.parse().map_err(|_| expected)?;
        Ok(Self { host: host.to_ascii_lowercase(), address })
    }
}

/// The ways to the outside.
#[derive(Debug, Clone)]
pub struct Edges {
    /// Who knows names.
    pub resolver: Arc<dyn Resolve>,
    /// Hosts whose addresses are given.
    pub given: Vec<Given>,
    /// Whom TLS trusts.
    pub tls: Arc<ClientConfig>,
    /// What tells the time.
    pub clock: Arc<dyn Clock>,
}

/// What answered a request.
#[derive(Debug, Clone)]
pub(super) struct HttpAnswer {
    pub(super) status: u16,
    pub(super) body: String,
}

/// Why nothing did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unanswered {
    /// It took too long.
    Late,
    /// It broke off, or never came about.
    Lost(String),
}

impl Edges {
    /// The system's own.
    ///
    /// # Errors
    ///
    /// When TLS cannot be set up.
    pub fn of_system() -> Result<Self, rustls::Error> {
        Ok(Self {
            resolver: Arc::new(SystemResolver),
            given: Vec::new(),
            tls: Arc::new(telephony_providers::tls_configuration()?),
            clock: Arc::new(SystemClock),
        })
    }

    /// The address that is given for a host, if one is.
    pub(super) fn given(&self, host: &str) -> Option<SocketAddr> {
        self.given.iter().find(|given| given.host == host).map(|given| given.address)
    }

    pub(super) async fn connect(&self, address: SocketAddr) -> io::Result<TcpStream> {
        let connecting = TcpStream::connect(address);
        tokio::time::timeout(CONNECT, connecting).await.map_err(|_| io::ErrorKind::TimedOut)?
    }

    /// Shakes hands with who answers at a host's address.
    pub(super) async fn shake_hands(&self, host: &str, stream: TcpStream) -> io::Result<()> {
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let name = ServerName::try_from(host).map_err(io::Error::other)?;
        let connector = tokio_rustls::TlsConnector::from(Arc::clone(&self.tls));
        let shaking = connector.connect(name, stream);
        tokio::time::timeout(CONNECT, shaking).await.map_err(|_| io::ErrorKind::TimedOut)??;
        Ok(())
    }

    /// Posts to a URL, or gets it where there is no body, at `address` whatever its host's is.
    pub(super) async fn ask(
        &self,
        url: &str,
        address: Option<SocketAddr>,
        headers: &[(&str, String)],
        body: Option<String>,
    ) -> Result<HttpAnswer, Unanswered> {
        let lost = |error: reqwest::Error| {
            let error = error.without_url();
            if error.is_timeout() {
                Unanswered::Late
            } else {
                Unanswered::Lost(crate::report::chain(&error))
            }
        };
        let mut builder = reqwest::Client::builder()
            .tls_backend_preconfigured(ClientConfig::clone(&self.tls))
            .no_proxy()
            .http1_only()
            // No carrier's webhook follows one.
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(format!("{DOCTOR_AGENT}{}", env!("CARGO_PKG_VERSION")))
            .connect_timeout(CONNECT)
            .timeout(ANSWER);
        let host = url::Url::parse(url).ok().and_then(|url| Some(url.host_str()?.to_owned()));
        if let (Some(host), Some(address)) = (host, address) {
            builder = builder.resolve(&host, address);
        }
        let client = builder.build().map_err(lost)?;
        let mut request = match body {
            Some(body) => client.post(url).body(body),
            None => client.get(url),
        };
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let mut response = request.send().await.map_err(lost)?;
        let status = response.status().as_u16();
        let mut bytes = Vec::new();
        // What is read no further is another program's page.
        while bytes.len() < MAX_ANSWER_BYTES
            && let Some(chunk) = response.chunk().await.map_err(lost)?
        {
            bytes.extend_from_slice(&chunk);
        }
        Ok(HttpAnswer { status, body: String::from_utf8_lossy(&bytes).into_owned() })
    }
}
