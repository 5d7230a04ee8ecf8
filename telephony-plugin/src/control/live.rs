//! What can be asked of a server that runs.

use std::sync::Arc;

use async_trait::async_trait;
use serde::Deserialize;
use serde_json::{Value, json};
use telephony_core::{AccountId, HttpUrl, IdempotencyKey, MachineDetection};

use super::records::read;
use crate::outbound::{Retries, Source};
use crate::report::chain;
use crate::rpc::{ErrorCode, Methods, RpcError};
use crate::serve::Listeners;
use crate::service::{Call, CallError, Request, RequestError, Telephony};

/// A running server: its records, its accounts, its numbers.
#[derive(Debug)]
pub struct Live {
    service: Arc<Telephony>,
    listeners: Arc<Listeners>,
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
    #[serde(default)]
    estimate: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct OfMessage {
    id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PlaceCall {
    to: String,
    #[serde(default)]
    message: Option<String>,
    #[serde(default)]
    webhook_url: Option<String>,
    #[serde(default)]
    account: Option<AccountId>,
    #[serde(default)]
    idempotency_key: Option<IdempotencyKey>,
    #[serde(default)]
    machine_detection: Option<MachineDetection>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct OfCall {
    id: String,
    #[serde(default)]
    account: Option<AccountId>,
}

impl Live {
    /// A server and its sockets.
    #[must_use]
    pub const fn new(service: Arc<Telephony>, listeners: Arc<Listeners>) -> Self {
        Self { service, listeners }
    }

    async fn status(&self) -> Result<Value, RpcError> {
        let accounts = self.service.accounts();
        let accounts = accounts.iter().map(|account| {
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
            "address": self.listeners.addresses().await.first(),
            "accounts": accounts.collect::<Vec<_>>(),
            "tunnel": self.listeners.tunnels().status(),
            "sessions": self.service.sessions(),
            "maxConcurrentSessions": self.service.most_sessions(),
            "webhooks": self.listeners.counted().await,
            "recentRefusals": self.listeners.recent_refusals().await,
            "inbox": self.service.inbox.counts().await?,
            "outbox": self.service.ledger.backlog().await?,
        }))
    }

    /// What is known of a message, with what its carrier says of it now.
    async fn message(&self, params: OfMessage) -> Result<Value, RpcError> {
        match self.service.message(&params.id).await? {
            Some(status) => Ok(json!(status)),
            None => Err(RpcError::new(ErrorCode::NotFound, "no message has this id")),
        }
    }

    /// Writes a text down, and waits until the carrier has it or it is known why not.
    async fn send(&self, params: Send) -> Result<Value, RpcError> {
        if params.estimate {
            let account = params.account.as_ref();
            let estimate = self.service.estimate(account, &params.message, params.media_urls.len());
            return Ok(json!(estimate.map_err(|error| refused(&error))?));
        }
        let source = params.idempotency_key.map_or(Source::Once, Source::Keyed);
        let (account, retries) = (params.account, Retries::Ours);
        let (to, text, media) = (params.to, params.message, params.media_urls);
        let request = Request { to, text, media, account, source, retries };
        let id = self.service.send(request).await.map_err(|error| refused(&error))?;
        match self.service.outbox.settled(&id).await? {
            Some(status) => Ok(json!(status)),
            None => Err(RpcError::new(ErrorCode::Internal, format!("the send {id} is gone"))),
        }
    }

    /// Places a call, and waits until the carrier has it or it is known why not.
    async fn call_somebody(&self, params: PlaceCall) -> Result<Value, RpcError> {
        let call = Call {
            to: params.to,
            text: params.message,
            url: params.webhook_url,
            account: params.account,
            key: params.idempotency_key,
            machine_detection: params.machine_detection,
        };
        Ok(json!(self.service.call(call).await.map_err(|error| call_failed(&error))?))
    }

    /// Ends a call.
    async fn hang_up(&self, params: OfCall) -> Result<Value, RpcError> {
        let ended = self.service.hang_up(params.account.as_ref(), &params.id).await;
        let ended = ended.map_err(|error| call_failed(&error))?;
        Ok(json!({ "id": params.id, "account": ended.map(|call| call.account) }))
    }

    /// What is known of a call, with what its carrier says of it now.
    async fn call_status(&self, params: OfCall) -> Result<Value, RpcError> {
        match self.service.call_status(&params.id).await? {
            Some(call) => Ok(json!(call)),
            None => Err(call_failed(&CallError::NotFound)),
        }
    }
}

/// Why a call was not written down, or is not ended, as callers are told.
pub(crate) fn call_failed(error: &CallError) -> RpcError {
    if let CallError::Request(error) = error {
        return refused(error);
    }
    let code = match error {
        CallError::Both | CallError::Url(_) | CallError::Conflict => ErrorCode::Params,
        CallError::Off | CallError::NoPublicUrl(_) | CallError::Provider(_) => ErrorCode::Refused,
        CallError::NotFound | CallError::NotYet | CallError::Id(_) => ErrorCode::NotFound,
        _ => ErrorCode::Internal,
    };
    let data = json!({ "field": error.field(), "outcome": error.outcome() });
    RpcError::new(code, chain(error)).with_data(data)
}

/// Why a send was not written down, as callers are told.
pub(crate) fn refused(error: &RequestError) -> RpcError {
    let sentence = chain(error);
    let (field, outcome, retryable) = (error.field(), error.outcome(), error.is_transient());
    let data = json!({ "field": field, "outcome": outcome, "retryable": retryable });
    let code = match error {
        RequestError::NotAllowed
        | RequestError::TooMany
        | RequestError::Account
        | RequestError::NoDefault => ErrorCode::Refused,
        _ if error.is_transient() => ErrorCode::Internal,
        _ => ErrorCode::Params,
    };
    RpcError::new(code, sentence).with_data(data)
}

#[async_trait]
impl Methods for Live {
    async fn call(&self, method: &str, params: Value) -> Result<Value, RpcError> {
        match method {
            "telephony.status" => self.status().await,
            "telephony.send" => self.send(read(params)?).await,
            "telephony.call" => self.call_somebody(read(params)?).await,
            "telephony.hangup" => self.hang_up(read(params)?).await,
            "telephony.call_status" => self.call_status(read(params)?).await,
            "telephony.message_status" => self.message(read(params)?).await,
            _ => {
                if method.starts_with("pairing.") && self.service.has_host() {
                    let sentence = "OpenClaw decides who may talk: use `openclaw pairing`";
                    return Err(RpcError::new(ErrorCode::Refused, sentence));
                }
                let answer = self.service.records().call(method, params).await?;
                // Somebody may be owed a text now, or an event may wait again.
                self.service.owed.notify_one();
                self.service.arrived.notify_one();
                Ok(answer)
            }
        }
    }
}
