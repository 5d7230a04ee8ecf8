//! An HTTP server that answers messages: JSON posted to it, the reply in its answer.

use std::time::Duration;

use async_trait::async_trait;
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use serde::Deserialize;
use telephony_core::{Body, HttpUrl};

use super::{HANDLER_DEADLINE, Handler, HandlerError, Incoming, MAX_REPLY_BYTES, reply};

/// How long a connection to the server may take.
const CONNECT: Duration = Duration::from_secs(5);

/// Posts each message to a URL.
#[derive(Debug)]
pub(super) struct Http {
    client: reqwest::Client,
    url: HttpUrl,
}

/// A reply in JSON; plain text is a reply as it stands.
#[derive(Deserialize)]
struct Reply {
    #[serde(default)]
    text: Option<String>,
}

impl Http {
    pub(super) fn new(url: &HttpUrl) -> Result<Self, HandlerError> {
        let tls = telephony_providers::tls_configuration().map_err(http)?;
        let client = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT)
            .timeout(HANDLER_DEADLINE)
            .build()
            .map_err(http)?;
        Ok(Self { client, url: url.clone() })
    }
}

#[async_trait]
impl Handler for Http {
    async fn answer(&self, message: &Incoming<'_>) -> Result<Option<Body>, HandlerError> {
        let body = serde_json::to_vec(message).map_err(http)?;
        let request = self
            .client
            .post(self.url.as_str())
            .header(CONTENT_TYPE, "application/json")
            .header(ACCEPT, "application/json, text/plain")
            .body(body);
        let mut response = request.send().await.map_err(|error| http(error.without_url()))?;
        let status = response.status();
        if !status.is_success() {
            return Err(HandlerError::HttpStatus(status.as_u16()));
        }
        let content_type = response.headers().get(CONTENT_TYPE).map(|value| value.as_bytes());
        let is_json = content_type.is_some_and(|value| value.starts_with(b"application/json"));
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| http(error.without_url()))? {
            if bytes.len() + chunk.len() > MAX_REPLY_BYTES {
                return Err(HandlerError::TooLong);
            }
            bytes.extend_from_slice(&chunk);
        }
        if is_json && !bytes.trim_ascii().is_empty() {
            let answer: Reply = serde_json::from_slice(&bytes).map_err(http)?;
            bytes = answer.text.unwrap_or_default().into_bytes();
        }
        reply(bytes)
    }
}

fn http(error: impl std::error::Error + Send + Sync + 'static) -> HandlerError {
    HandlerError::Http(Box::new(error))
}

#[cfg(test)]
mod tests {
    use wiremock::matchers::{body_partial_json, method};
    use wiremock::{Mock, MockServer, ResponseTemplate};

    use super::super::tests::ask;
    use super::*;

    async fn answering(answer: ResponseTemplate) -> Result<Option<String>, HandlerError> {
        let server = MockServer::start().await;
        Mock::given(method("POST"))
            .and(body_partial_json(serde_json::json!({ "id": "msg_1", "text": "Hi" })))
            .respond_with(answer)
            .mount(&server)
            .await;
        ask(&server.uri(), "Hi").await
    }

    #[tokio::test]
    async fn text_and_json_are_replies() {
        let ok = || ResponseTemplate::new(200);
        assert_eq!(answering(ok().set_body_string("yes\n")).await.unwrap().as_deref(), Some("yes"));
        let json = ok().set_body_json(serde_json::json!({ "text": "yes", "more": 1 }));
        assert_eq!(answering(json).await.unwrap().as_deref(), Some("yes"));
        let json = ok().set_body_json(serde_json::json!({ "text": null }));
        assert_eq!(answering(json).await.unwrap(), None);
        assert_eq!(answering(ResponseTemplate::new(204)).await.unwrap(), None);
    }

    #[tokio::test]
    async fn everything_else_is_tried_again() {
        let failed = answering(ResponseTemplate::new(500)).await;
        assert!(matches!(failed, Err(HandlerError::HttpStatus(500))));
        let long = ResponseTemplate::new(200).set_body_string("x".repeat(MAX_REPLY_BYTES + 1));
        assert!(matches!(answering(long).await, Err(HandlerError::TooLong)));
        let broken = ResponseTemplate::new(200).set_body_raw("{", "application/json");
        assert!(matches!(answering(broken).await, Err(HandlerError::Http(_))));
        let error = ask("http://127.0.0.1:1/canary", "Hi").await.unwrap_err();
        let shown = format!("{error:?} {error}");
        assert!(matches!(error, HandlerError::Http(_)) && !shown.contains("canary"), "{shown}");
    }
}
