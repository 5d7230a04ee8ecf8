//! `GET /metrics` at an address of its own, which webhooks do not come through.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use prometheus_client::encoding::prometheus_text::CONTENT_TYPE as PROMETHEUS;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use super::{Readings, text};
use crate::serve::Listeners;
use crate::service::Telephony;

/// Where the figures are.
const PATH: &str = "/metrics";

/// The most who ask at once; more wait in the operating system's queue.
const MAX_CONNECTIONS: usize = 16;

/// How long a client may take to ask, and to read.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long is waited before an address that cannot be had is tried again, and after the system had
/// no more sockets.
const TRY_AGAIN: Duration = Duration::from_secs(1);

/// Serves the figures, at an address that may change and may be none.
#[derive(Debug)]
pub struct MetricsListener {
    service: Arc<Telephony>,
    listeners: Arc<Listeners>,
    wanted: watch::Sender<Option<SocketAddr>>,
    /// One that was opened before this runs.
    opened: Mutex<Option<TcpListener>>,
}

impl MetricsListener {
    /// Serves nothing yet.
    #[must_use]
    pub fn new(service: Arc<Telephony>, listeners: Arc<Listeners>) -> Self {
        let (wanted, opened) = (watch::Sender::new(None), Mutex::default());
        Self { service, listeners, wanted, opened }
    }

    /// Serves at this address once it runs, which is had from now on.
    ///
    /// # Errors
    ///
    /// Why the address cannot be had.
    pub async fn open(&self, at: SocketAddr) -> io::Result<()> {
        let listener = TcpListener::bind(at).await?;
        *self.opened.lock().unwrap_or_else(PoisonError::into_inner) = Some(listener);
        self.want(Some(at));
        Ok(())
    }

    /// Serves at this address from now on, or nowhere. While it cannot be had, it is tried again:
    /// messages go on without figures.
    pub fn want(&self, at: Option<SocketAddr>) {
        self.wanted.send_if_modified(|wanted| std::mem::replace(wanted, at) != at);
    }

    /// Serves until `stop` becomes true.
    pub async fn run(&self, mut stop: watch::Receiver<bool>) {
        let mut wanted = self.wanted.subscribe();
        loop {
            let at = *wanted.borrow_and_update();
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return,
                // We hold the sender.
                _ = wanted.changed() => {}
                () = self.serve(at) => {}
            }
        }
    }

    /// Serves at one address, for ever.
    async fn serve(&self, at: Option<SocketAddr>) {
        let Some(at) = at else { return std::future::pending().await };
        let listener = self.bind(at).await;
        if let Ok(address) = listener.local_addr() {
            tracing::info!(%address, "serving metrics");
        }
        let slots = Arc::new(Semaphore::new(MAX_CONNECTIONS));
        let mut connections = JoinSet::new();
        loop {
            while connections.try_join_next().is_some() {}
            let Ok(slot) = Arc::clone(&slots).acquire_owned().await else { return };
            match listener.accept().await {
                Ok((stream, _)) => {
                    let (service, listeners) = (self.service.clone(), self.listeners.clone());
                    connections.spawn(async move {
                        let exchange = exchange(stream, service, listeners);
                        // Whoever is slower asks again.
                        let _ = tokio::time::timeout(PATIENCE, exchange).await;
                        drop(slot);
                    });
                }
                Err(error) => {
                    tracing::debug!(%error, "nobody can ask for metrics now");
                    tokio::time::sleep(TRY_AGAIN).await;
                }
            }
        }
    }

    async fn bind(&self, at: SocketAddr) -> TcpListener {
        let opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(listener) = opened {
            return listener;
        }
        let mut is_told = false;
        loop {
            match TcpListener::bind(at).await {
                Ok(listener) => return listener,
                Err(error) if !is_told => {
                    is_told = true;
                    tracing::error!(address = %at, %error, "metrics cannot be served there: set \
                        metrics.port to another port; trying again");
                }
                Err(_) => {}
            }
            tokio::time::sleep(TRY_AGAIN).await;
        }
    }
}

/// One request of one connection.
async fn exchange(stream: TcpStream, service: Arc<Telephony>, listeners: Arc<Listeners>) {
    let respond = service_fn(move |request: Request<Incoming>| {
        let (service, listeners) = (service.clone(), listeners.clone());
        async move { Ok::<_, Infallible>(respond(&request, &service, &listeners).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), respond);
    if let Err(error) = connection.await {
        tracing::debug!(%error, "a request for metrics broke off");
    }
}

async fn respond(
    request: &Request<Incoming>,
    service: &Telephony,
    listeners: &Listeners,
) -> Response<Full<Bytes>> {
    let refuse = |status, sentence: &'static str| {
        let mut response = Response::new(Full::from(sentence));
        *response.status_mut() = status;
        response
    };
    if request.uri().path() != PATH {
        return refuse(StatusCode::NOT_FOUND, "not found: /metrics is here\n");
    }
    if request.method() != Method::GET && request.method() != Method::HEAD {
        let mut response = refuse(StatusCode::METHOD_NOT_ALLOWED, "method not allowed\n");
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    match text(&service.metrics, &read(service, listeners).await) {
        Ok(text) => {
            let mut response = Response::new(Full::from(text));
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(PROMETHEUS));
            response
        }
        Err(_) => refuse(StatusCode::INTERNAL_SERVER_ERROR, "the figures cannot be written\n"),
    }
}

/// What is so at the moment.
async fn read(service: &Telephony, listeners: &Listeners) -> Readings {
    let now = service.clock.now();
    let mut readings = Readings {
        now: Some(now),
        webhooks: listeners.counted().await,
        refused: listeners.refused().await,
        inbox: service.inbox.counts().await.ok(),
        outbox: service.ledger.backlog().await.ok(),
        sessions: (service.sessions(), service.most_sessions()),
        ..Readings::default()
    };
    // Where a host decides who may talk, it knows who waits.
    if !service.has_host() {
        for account in service.accounts() {
            let id = &account.settings.id;
            if let Ok(pending) = service.pairing.pending(id, now).await {
                readings.pairing.insert(id.clone(), pending.len());
            }
        }
    }
    readings
}
