//! One request: what is looked at before its body, and how its answer is written.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use http_body_util::{Either, Full};
use hyper::body::Incoming;
use hyper::header::{
    ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, RETRY_AFTER,
};
use hyper::{Method, Response, StatusCode};
use tokio::sync::Semaphore;
use tracing::Instrument as _;
use tracing::field::Empty;

use super::assets::Assets;
use super::body::{self, BodyError};
use super::download::{self, Content};
use super::health::{Health, HealthProbe};
use super::observer::Observer;
use crate::answer::Answer;
use crate::headers::Headers;
use crate::limits::{Limits, MAX_BODY_BYTES};
use crate::receiver::Receiver;
use crate::request::Request;

/// Where readiness is told.
const HEALTH_PATH: &str = "/health";

/// The answer to another method than those that read.
const TO_BE_READ: Answer = Answer::not_allowed("GET, HEAD");

/// What answers requests.
#[derive(Debug)]
pub(super) struct Service {
    receiver: Arc<Receiver>,
    health: Arc<dyn HealthProbe>,
    assets: Option<Arc<dyn Assets>>,
    observer: Option<Arc<dyn Observer>>,
    in_flight: Semaphore,
    downloads: Arc<Semaphore>,
    body_deadline: Duration,
    stopping: AtomicBool,
    /// How many webhooks there were, of which each has its number in the log.
    requests: AtomicU64,
}

impl Service {
    pub(super) fn new(
        receiver: Arc<Receiver>,
        health: Arc<dyn HealthProbe>,
        limits: &Limits,
    ) -> Self {
        Self {
            receiver,
            health,
            assets: None,
            observer: None,
            in_flight: Semaphore::new(limits.in_flight),
            downloads: Arc::new(Semaphore::new(limits.downloads)),
            body_deadline: limits.body_deadline,
            stopping: AtomicBool::new(false),
            requests: AtomicU64::new(1),
        }
    }

    /// Hands out files too.
    pub(super) fn mount(&mut self, assets: Arc<dyn Assets>) {
        self.assets = Some(assets);
    }

    /// Tells somebody how long webhooks took.
    pub(super) fn tell(&mut self, observer: Arc<dyn Observer>) {
        self.observer = Some(observer);
    }

    /// Closes each connection after its next answer.
    pub(super) fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    pub(super) async fn respond(
        &self,
        request: Box<hyper::Request<Incoming>>,
        peer: IpAddr,
    ) -> Result<Response<Content>, Infallible> {
        let path = request.uri().path();
        let asset = self.assets.as_ref().and_then(|assets| Some((assets, assets.name(path)?)));
        let mut response = if path == HEALTH_PATH {
            Box::pin(self.tell_health(request.method())).await
        } else if let Some((assets, name)) = asset {
            Box::pin(self.hand_out(&request, &**assets, name)).await
        } else {
            let request_id = self.requests.fetch_add(1, Ordering::Relaxed);
            // An error's level keeps the ids on whatever is logged at all.
            let span = tracing::error_span!(
                "webhook",
                request_id,
                provider = Empty,
                account_id = Empty,
                message_id = Empty
            );
            let answer = async {
                let answer = self.answer(request, peer).await;
                tracing::debug!(status = answer.status, "answered");
                answer
            };
            write(answer.instrument(span).await)
        };
        if self.stopping.load(Ordering::Relaxed) {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        Ok(response)
    }

    async fn answer(&self, request: Box<hyper::Request<Incoming>>, peer: IpAddr) -> Answer {
        let Ok(_permit) = self.in_flight.try_acquire() else {
            return self.receiver.busy(request.uri().path(), peer);
        };
        let (head, body) = request.into_parts();
        let headers: Headers =
            head.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
        let admitted = self.receiver.admit(head.method.as_str(), head.uri.path(), &headers, peer);
        let begun = Instant::now();
        let admitted = match admitted {
            Ok(admitted) => admitted,
            Err(answer) => return answer,
        };
        let announced = head.headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
        let announced = announced.and_then(|length| length.parse::<u64>().ok()).unwrap_or(0);
        if announced > MAX_BODY_BYTES as u64 {
            return self.receiver.malformed(Answer::TOO_LARGE);
        }
        let body = match body::read(body, self.body_deadline).await {
            Ok(body) => body,
            Err(error) => {
                return self.receiver.malformed(match error {
                    BodyError::TooLarge => Answer::TOO_LARGE,
                    BodyError::TooSlow => Answer::TOO_SLOW,
                    BodyError::Broken => Answer::UNREADABLE,
                });
            }
        };
        let target = head.uri.path_and_query().map_or("/", |target| target.as_str());
        let now = self.receiver.clock().now();
        let request = Request::new(head.method.as_str(), target, headers, body, now);
        // What was read from the socket is kept as long as the head is, for each request that waits
        // for the disk.
        drop(head);
        let answer = self.receiver.receive(&admitted, request).await;
        if let Some(observer) = &self.observer {
            observer.answered(begun.elapsed());
        }
        answer
    }

    /// Whoever asks proves with the name alone that it was told to.
    async fn hand_out(
        &self,
        request: &hyper::Request<Incoming>,
        assets: &dyn Assets,
        name: &str,
    ) -> Response<Content> {
        let method = request.method();
        if method != Method::GET && method != Method::HEAD {
            return write(TO_BE_READ);
        }
        let Ok(permit) = Arc::clone(&self.downloads).try_acquire_owned() else {
            return write(Answer::UNAVAILABLE);
        };
        let Some(asset) = assets.find(name).await else { return write(Answer::NOT_FOUND) };
        match download::answer(method, request.headers(), asset, permit).await {
            Ok(response) => response,
            Err(error) => {
                tracing::error!(%error, "a hosted file cannot be read");
                write(Answer::UNAVAILABLE)
            }
        }
    }

    async fn tell_health(&self, method: &Method) -> Response<Content> {
        if method != Method::GET && method != Method::HEAD {
            return write(TO_BE_READ);
        }
        let health = self.health.health().await;
        let ready = health.is_ready() && !self.stopping.load(Ordering::Relaxed);
        let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        let word = if ready { "ok" } else { "unavailable" };
        let Health { store, provider, tunnel } = health;
        let body = serde_json::json!({
            "status": word, "store": store, "provider": provider, "tunnel": tunnel,
        });
        let mut response = Response::new(Either::Left(Full::from(body.to_string())));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

fn write(answer: Answer) -> Response<Content> {
    let mut response = Response::new(Either::Left(Full::from(answer.body)));
    // Our own statuses are all valid ones.
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or_default();
    let headers = response.headers_mut();
    if let Some(content_type) = answer.content_type {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    if let Some(allow) = answer.allow {
        headers.insert(ALLOW, HeaderValue::from_static(allow));
    }
    if let Some(seconds) = answer.retry_after {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}
