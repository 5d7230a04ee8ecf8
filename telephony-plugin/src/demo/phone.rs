//! The phone: posts what is typed as a carrier would, and shows what is sent to it.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::json;
use telephony_providers::{Connection, MockProvider};
use tokio::sync::mpsc;

use super::PERSON;
use crate::report::chain;

/// Posts texts to the server.
pub(super) struct Phone {
    client: reqwest::Client,
    url: String,
    count: AtomicU64,
}

impl Phone {
    pub(super) fn new(address: SocketAddr) -> Result<Self, String> {
        let tls = telephony_providers::tls_configuration().map_err(|error| chain(&error))?;
        let builder = reqwest::Client::builder().no_proxy().tls_backend_preconfigured(tls);
        let client = builder.build().map_err(|error| chain(&error))?;
        let url = format!("http://{address}/telephony/webhook");
        Ok(Self { client, url, count: AtomicU64::new(1) })
    }

    pub(super) async fn text(&self, text: &str) -> Result<(), String> {
        let id = self.count.fetch_add(1, Ordering::Relaxed);
        let body = json!({ "from": PERSON, "text": text, "messageId": format!("demo-{id}") });
        let request = self.client.post(&self.url).header("content-type", "application/json");
        let answer = request.body(body.to_string()).send().await;
        let status = answer.map_err(|error| chain(&error))?.status();
        if status.is_success() { Ok(()) } else { Err(format!("the server answered {status}")) }
    }
}

/// A mock provider whose texts appear on the phone.
pub(super) fn screen(show: mpsc::UnboundedSender<String>) -> Connection {
    Connection::new(MockProvider::default().telling(move |sent| {
        // A terminal that was closed shows nothing.
        let _ = show.send(sent.message.body().as_str().to_owned());
    }))
}
