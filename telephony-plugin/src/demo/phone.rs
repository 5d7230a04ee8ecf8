//! The phone: posts what is typed as a carrier would, and shows what is sent to it.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use serde_json::json;
use telephony_core::{
    CallRequest, OutboundMessage, ProviderCallId, ProviderKind, ProviderMessageId, StatusReport,
};
use telephony_providers::{
    CallSnapshot, Capabilities, Connection, Error, MessagingProvider, MockProvider, PlacedCall,
    Sent, VoiceProvider,
};
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
#[derive(Debug)]
pub(super) struct Screen {
    mock: MockProvider,
    show: mpsc::UnboundedSender<String>,
}

impl Screen {
    pub(super) fn connection(show: mpsc::UnboundedSender<String>) -> Connection {
        Connection::new(Self { mock: MockProvider::default(), show })
    }
}

#[async_trait]
impl MessagingProvider for Screen {
    fn kind(&self) -> ProviderKind {
        self.mock.kind()
    }

    fn capabilities(&self) -> Capabilities {
        self.mock.capabilities()
    }

    async fn send(&self, message: &OutboundMessage) -> Result<Sent, Error> {
        let sent = self.mock.send(message).await?;
        // Nobody looks any more when the demonstration is over.
        let _ = self.show.send(message.body().as_str().to_owned());
        Ok(sent)
    }

    async fn fetch(&self, id: &ProviderMessageId) -> Result<StatusReport, Error> {
        self.mock.fetch(id).await
    }
}

#[async_trait]
impl VoiceProvider for Screen {
    async fn place(&self, request: &CallRequest) -> Result<PlacedCall, Error> {
        self.mock.place(request).await
    }

    async fn inspect(&self, id: &ProviderCallId) -> Result<CallSnapshot, Error> {
        self.mock.inspect(id).await
    }

    async fn hang_up(&self, id: &ProviderCallId) -> Result<(), Error> {
        self.mock.hang_up(id).await
    }
}
