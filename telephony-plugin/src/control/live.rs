//! What can be asked of a server that runs.

use std::net::SocketAddr;
use std::sync::Arc;

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Value, json};
use telephony_core::{AccountId, HttpUrl, IdempotencyKey, PhoneNumber};
use telephony_webhook::Receiver;

use super::records::{Records, read};
use crate::outbound::{NewSend, Source, SubmitError};
use crate::report::chain;
use crate::rpc::{ErrorCode, Methods, RpcError};
use crate::service::Telephony;

/// A running server: its records, its accounts, its numbers.
#[derive(Debug)]
pub struct Live {
    records: Records,
    service: Arc<Telephony>,
    receiver: Arc<Receiver>,
    address: SocketAddr,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Send {
    to: String,
    #[serde(default)]
    message: String,
    #[serde(default)]
    media_urls: Vec<String>,
    #[serde(default)]
    account: Option<AccountId>,
    #[serde(default)]
    idempotency_key: Option<IdempotencyKey>,
}

impl Live {
    /// A server that listens at `address`.
    #[must_use]
    pub fn new(service: Arc<Telephony>, receiver: Arc<Receiver>, address: SocketAddr) -> Self {
        Self { records: service.records(), service, receiver, address }
    }

    async fn status(&self) -> Result<Value, RpcError> {
        let accounts = self.service.accounts.values().map(|account| {
            let settings = &account.settings;
            json!({
                "id": settings.id,
                "provider": settings.provider.kind(),
                "from": settings.from,
                "policy": format!("{:?}", settings.policy).to_lowercase(),
                "publicUrl": settings.public_url.as_ref().map(HttpUrl::as_str),
            })
        });
        Ok(json!({
            "version": env!("CARGO_PKG_VERSION"),
            "pid": std::process::id(),
            "address": self.address,
            "accounts": accounts.collect::<Vec<_>>(),
            "webhooks": self.receiver.counted(),
            "inbox": self.service.inbox.counts().await?,
            "outbox": self.records.ledger.backlog().await?,
        }))
    }

    /// Writes a text down, and waits until the carrier has it or it is known why not.
    async fn send(&self, params: Send) -> Result<Value, RpcError> {
        let refuse = |field: &str, error: &dyn std::error::Error| {
            RpcError::new(ErrorCode::Params, format!("{field}: {error}"))
                .with_data(json!({ "field": field }))
        };
        let to = PhoneNumber::parse(&params.to).map_err(|error| refuse("to", &error))?;
        let media = params.media_urls.iter().map(|url| url.parse::<HttpUrl>());
        let media = media.collect::<Result<Vec<_>, _>>();
        let media = media.map_err(|error| refuse("mediaUrls", &error))?;
        let account = match &params.account {
            Some(id) => self.service.accounts.get(id),
            None => self.service.default_account(),
        };
        let account = account.ok_or_else(|| {
            RpcError::new(ErrorCode::Params, "there is no such account, or no default one")
                .with_data(json!({ "field": "account" }))
        })?;
        let settings = &account.settings;
        if !settings.allow_to.is_empty() && !settings.allow_to.contains(&to) {
            let sentence = "this number is not in allowTo: add it there to text it";
            return Err(RpcError::new(ErrorCode::Refused, sentence));
        }
        let source = params.idempotency_key.map_or(Source::Once, Source::Keyed);
        let parts = account.plan(&params.message, &media);
        let send = NewSend::new(settings.id.clone(), to, source, parts);
        let outbox = &self.service.outbox;
        let id = outbox.submit(send).await.map_err(|error| match error {
            SubmitError::Conflict | SubmitError::Empty => RpcError::new(ErrorCode::Params, error),
            other => RpcError::new(ErrorCode::Internal, chain(&other)),
        })?;
        Ok(json!(outbox.settled(&id).await?))
    }
}

#[async_trait]
impl Methods for Live {
    async fn call(&self, method: &str, params: Value) -> Result<Value, RpcError> {
        match method {
            "telephony.status" => self.status().await,
            "telephony.send" => self.send(read(params)?).await,
            _ => {
                let answer = self.records.call(method, params).await?;
                // Somebody may be owed a text now, or an event may wait again.
                self.service.owed.notify_one();
                self.service.arrived.notify_one();
                Ok(answer)
            }
        }
    }
}
