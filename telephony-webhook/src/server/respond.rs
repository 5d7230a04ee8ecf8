//! One request: what is looked at before its body, and how its answer is written.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::header::{
    ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, RETRY_AFTER,
};
use hyper::{Method, Response, StatusCode};
use tokio::sync::Semaphore;

use super::body::{self, BodyError};
use super::health::{Health, HealthProbe};
use crate::answer::Answer;
use crate::headers::Headers;
use crate::limits::{Limits, MAX_BODY_BYTES};
use crate::receiver::Receiver;
use crate::request::Request;

/// Where readiness is told.
const HEALTH_PATH: &str = "/health";

/// What answers requests.
#[derive(Debug)]
pub(super) struct Service {
    receiver: Arc<Receiver>,
    health: Arc<dyn HealthProbe>,
    in_flight: Semaphore,
    body_deadline: Duration,
    stopping: AtomicBool,
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
            in_flight: Semaphore::new(limits.in_flight),
            body_deadline: limits.body_deadline,
            stopping: AtomicBool::new(false),
        }
    }

    /// Closes each connection after its next answer.
    pub(super) fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    pub(super) async fn respond(
        &self,
        request: hyper::Request<Incoming>,
        peer: IpAddr,
    ) -> Result<Response<Full<Bytes>>, Infallible> {
        let mut response = if request.uri().path() == HEALTH_PATH {
            self.tell_health(request.method()).await
        } else {
            write(self.answer(request, peer).await)
        };
        if self.stopping.load(Ordering::Relaxed) {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        Ok(response)
    }

    async fn answer(&self, request: hyper::Request<Incoming>, peer: IpAddr) -> Answer {
        let Ok(_permit) = self.in_flight.try_acquire() else {
            self.receiver.count_limited();
            return Answer::UNAVAILABLE;
        };
        let (head, body) = request.into_parts();
        let headers: Headers =
            head.headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
        let admitted = self.receiver.admit(head.method.as_str(), head.uri.path(), &headers, peer);
        let admitted = match admitted {
            Ok(admitted) => admitted,
            Err(answer) => return answer,
        };
        let announced = head.headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
        let announced = announced.and_then(|length| length.parse::<u64>().ok()).unwrap_or(0);
        if announced > MAX_BODY_BYTES as u64 {
            self.receiver.count_malformed();
            return Answer::TOO_LARGE;
        }
        let body = match body::read(body, self.body_deadline).await {
            Ok(body) => body,
            Err(error) => {
                self.receiver.count_malformed();
                return match error {
                    BodyError::TooLarge => Answer::TOO_LARGE,
                    BodyError::TooSlow => Answer::TOO_SLOW,
                    BodyError::Broken => Answer::UNREADABLE,
                };
            }
        };
        let target = head.uri.path_and_query().map_or("/", |target| target.as_str());
        let now = self.receiver.clock().now();
        let request = Request::new(head.method.as_str(), target, headers, body, now);
        self.receiver.receive(&admitted, request).await
    }

    async fn tell_health(&self, method: &Method) -> Response<Full<Bytes>> {
        if method != Method::GET && method != Method::HEAD {
            return write(Answer { allow: Some("GET, HEAD"), ..Answer::METHOD });
        }
        let health = self.health.health().await;
        let ready = health.is_ready() && !self.stopping.load(Ordering::Relaxed);
        let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
        let word = if ready { "ok" } else { "unavailable" };
        let Health { store, provider, tunnel } = health;
        let body = serde_json::json!({
            "status": word, "store": store, "provider": provider, "tunnel": tunnel,
        });
        let mut response = Response::new(Full::from(body.to_string()));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

fn write(answer: Answer) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(answer.body));
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
