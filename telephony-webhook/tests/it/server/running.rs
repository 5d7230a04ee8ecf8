//! A server that runs, a client that writes bytes, and an inbox that can be broken.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value, json};
use telephony_core::config::{Host, from_value};
use telephony_core::{AccountId, MessageId, OsEntropy, SystemClock, Timestamp};
use telephony_webhook::{
    Counts, Endpoint, Entry, EntryState, Health, HealthProbe, Inbox, InboxError, Inserted, Lease,
    Leased, Limits, NewEntry, Receiver, Routes, Server, Waiting,
};
use tokio::sync::watch;

use crate::signer;

pub const ACCOUNT_SID: &str = "ACaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
pub const PUBLIC: &str = "https://example.com/telephony/webhook";

/// An inbox that fails while it is told to.
#[derive(Debug)]
pub struct Breakable {
    inner: Arc<dyn Inbox>,
    pub broken: AtomicBool,
    /// Held by whoever wants insertions to wait.
    pub gate: tokio::sync::Semaphore,
    /// Notified when an insertion begins.
    pub asked: tokio::sync::Notify,
}

impl Breakable {
    pub fn over(inner: impl Inbox + 'static) -> Arc<Self> {
        let gate = tokio::sync::Semaphore::new(1_000_000);
        let (inner, broken) = (Arc::new(inner), AtomicBool::new(false));
        Arc::new(Self { inner, broken, gate, asked: tokio::sync::Notify::new() })
    }
}

#[async_trait]
impl Inbox for Breakable {
    async fn insert(&self, entry: NewEntry) -> Result<Inserted, InboxError> {
        self.asked.notify_one();
        let _passed = self.gate.acquire().await.unwrap();
        if self.broken.load(Ordering::SeqCst) {
            return Err(InboxError::new("the disk is full"));
        }
        self.inner.insert(entry).await
    }

    async fn lease(
        &self,
        accounts: Option<&[AccountId]>,
        now: Timestamp,
        until: Timestamp,
        limit: usize,
    ) -> Result<Vec<Leased>, InboxError> {
        self.inner.lease(accounts, now, until, limit).await
    }

    async fn renew(&self, lease: &Lease, until: Timestamp) -> Result<bool, InboxError> {
        self.inner.renew(lease, until).await
    }

    async fn behind(&self, lease: &Lease, limit: usize) -> Result<Vec<Waiting>, InboxError> {
        self.inner.behind(lease, limit).await
    }

    async fn join(&self, lease: &Lease, count: usize) -> Result<bool, InboxError> {
        self.inner.join(lease, count).await
    }

    async fn finish(&self, lease: &Lease, now: Timestamp) -> Result<bool, InboxError> {
        self.inner.finish(lease, now).await
    }

    async fn is_finished(&self, lease: &Lease) -> Result<bool, InboxError> {
        self.inner.is_finished(lease).await
    }

    async fn put_back(
        &self,
        lease: &Lease,
        at: Timestamp,
        reason: &str,
    ) -> Result<Option<EntryState>, InboxError> {
        self.inner.put_back(lease, at, reason).await
    }

    async fn next_due(&self, now: Timestamp) -> Result<Option<Timestamp>, InboxError> {
        self.inner.next_due(now).await
    }

    async fn list(&self, state: EntryState, limit: usize) -> Result<Vec<Entry>, InboxError> {
        self.inner.list(state, limit).await
    }

    async fn requeue(&self, id: &MessageId, now: Timestamp) -> Result<bool, InboxError> {
        self.inner.requeue(id, now).await
    }

    async fn counts(&self) -> Result<Counts, InboxError> {
        self.inner.counts().await
    }

    async fn clean(
        &self,
        erase_before: Timestamp,
        forget_before: Timestamp,
        limit: usize,
    ) -> Result<usize, InboxError> {
        self.inner.clean(erase_before, forget_before, limit).await
    }
}

#[derive(Debug)]
struct Probe(Arc<Breakable>);

#[async_trait]
impl HealthProbe for Probe {
    async fn health(&self) -> Health {
        Health::new(!self.0.broken.load(Ordering::SeqCst), true, None)
    }
}

pub struct Running {
    pub address: SocketAddr,
    pub receiver: Arc<Receiver>,
    pub inbox: Arc<Breakable>,
    stop: watch::Sender<bool>,
    served: tokio::task::JoinHandle<()>,
}

impl Running {
    pub async fn start(config: Value, limits: Limits, inbox: Arc<Breakable>) -> Self {
        Self::start_as(config, limits, inbox, |server| server).await
    }

    /// With something more that the server is told.
    pub async fn start_as(
        config: Value,
        limits: Limits,
        inbox: Arc<Breakable>,
        set_up: impl FnOnce(Server) -> Server,
    ) -> Self {
        let config = from_value(config, Host::Standalone, &|_| None).unwrap();
        let clock = Arc::new(SystemClock);
        let receiver = Receiver::new(inbox.clone(), clock, Arc::new(OsEntropy), &limits);
        let receiver = Arc::new(receiver);
        let endpoints = config.accounts.iter().map(|account| {
            Endpoint::new(account, &config.serve, &config.webhook_security, None).unwrap()
        });
        receiver.set_routes(Routes::new(&config.serve, endpoints));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let health = Arc::new(Probe(Arc::clone(&inbox)));
        let server = Server::new(listener, Arc::clone(&receiver), health, limits).unwrap();
        let server = set_up(server);
        let (stop, stopped) = watch::channel(false);
        let address = server.address();
        let served = tokio::spawn(server.run(stopped));
        Self { address, receiver, inbox, stop, served }
    }

    /// Tells it to stop.
    pub fn stop(&self) {
        self.stop.send(true).unwrap();
    }

    pub async fn stopped(self) {
        self.served.await.unwrap();
    }

    pub async fn rows(&self) -> u64 {
        self.inbox.counts().await.unwrap().waiting
    }

    /// The status and the whole answer to bytes that are written as they are.
    pub async fn raw(&self, bytes: impl Into<Vec<u8>>) -> (u16, String) {
        let (address, bytes) = (self.address, bytes.into());
        tokio::task::spawn_blocking(move || exchange(address, &bytes)).await.unwrap()
    }

    /// The answer to a `POST`.
    pub async fn post(&self, path: &str, headers: &[(&str, &str)], body: &str) -> (u16, String) {
        let mut head = format!("POST {path} HTTP/1.1\r\nconnection: close\r\n");
        head.push_str(&format!("content-length: {}\r\n", body.len()));
        if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
            head.push_str(&format!("host: {}\r\n", self.address));
        }
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        self.raw(format!("{head}\r\n{body}")).await
    }

    /// The answer to a mock provider's webhook.
    pub async fn text(&self, body: &Value) -> (u16, String) {
        self.post("/telephony/webhook", &[signer::JSON], &body.to_string()).await
    }

    /// The answer to a text that Twilio signed for its public URL.
    pub async fn twilio(&self, path: &str, id: &str, to: &str) -> (u16, String) {
        let (body, signature) = twilio_text(&format!("https://example.com{path}"), id, to);
        self.post(path, &[signer::FORM, ("X-Twilio-Signature", &signature)], &body).await
    }
}

pub fn exchange(address: SocketAddr, bytes: &[u8]) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(bytes).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let answer = String::from_utf8(answer).unwrap();
    let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
    (status.unwrap_or_else(|| panic!("{answer:?}")), answer)
}

/// The body of a text, and its signature for `url`.
pub fn twilio_text(url: &str, id: &str, to: &str) -> (String, String) {
    let fields = [
        ("AccountSid", ACCOUNT_SID),
        ("Body", "Hello"),
        ("From", "+15550001234"),
        ("MessageSid", id),
        ("NumMedia", "0"),
        ("SmsStatus", "received"),
        ("To", to),
    ];
    let body: Vec<String> = fields
        .iter()
        .map(|(name, value)| format!("{name}={}", value.replace('+', "%2B")))
        .collect();
    let signed: String = fields.iter().flat_map(|(name, value)| [*name, *value]).collect();
    (body.join("&"), signer::sha1(signer::TOKEN, &format!("{url}{signed}")))
}

pub fn mock() -> Value {
    json!({ "provider": "mock", "fromNumber": "+15550001111" })
}

pub fn twilio() -> Value {
    json!({
        "provider": "twilio", "fromNumber": "+15550001111", "publicUrl": PUBLIC,
        "twilio": { "accountSid": ACCOUNT_SID, "authToken": signer::TOKEN },
    })
}

pub fn message(id: &str) -> Value {
    json!({ "from": "+15550001234", "text": "Hello", "messageId": id })
}
