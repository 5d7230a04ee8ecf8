//! Sends and calls that the host asks for, and what it is told of them.

use std::time::Duration;

use serde_json::{Value, json};
use telephony_core::{IdError, MessageId, ProviderCallId};
use telephony_providers::Outcome;

use super::protocol::{CallResult, HangUp, PlaceCall, SendMessage, SendMms, SendResult, Verdict};
use super::roots::within;
use super::start::Running;
use crate::control::refused;
use crate::markdown::plain_text;
use crate::outbound::{PartState, Retries, SendOutcome, SendStatus, Source};
use crate::report::chain;
use crate::rpc::{ErrorCode, RpcError};
use crate::service::{Call, CallError, Request};

/// How long a send may wait for others to the same number. The host tries again later.
const PATIENCE: Duration = Duration::from_secs(60);

impl Running {
    /// Sends, and waits for what comes of it.
    pub(super) async fn send(&self, params: SendMessage) -> Result<Value, RpcError> {
        let source = match (params.delivery_queue_id, params.idempotency_key) {
            (Some(key), _) => Source::Queued(key),
            (None, Some(key)) => Source::Keyed(key),
            (None, None) => Source::Once,
        };
        if let Some(roots) = &params.media_roots {
            within(roots, &params.media_urls)?;
        }
        let is_plain = !params.markdown;
        let request = Request {
            to: params.to,
            text: if is_plain { params.message } else { plain_text(&params.message) },
            media: params.media_urls,
            account: params.account_id,
            source,
            retries: Retries::Theirs,
        };
        let id = self.service.send(request).await.map_err(|error| refused(&error))?;
        let status = self.service.outbox.settled_within(&id, PATIENCE).await?;
        let status = status.ok_or_else(|| forgotten(&id))?;
        let result = result(status);
        if let Some(account) = self.service.account(&result.account_id) {
            account.sent(self.service.clock.now());
        }
        Ok(json!(result))
    }

    /// Sends a text with one picture or file.
    pub(super) async fn send_mms(&self, params: SendMms) -> Result<Value, RpcError> {
        let SendMms { to, message, media_url, account_id, idempotency_key } = params;
        let media_urls = vec![media_url];
        self.send(SendMessage {
            to,
            message,
            media_urls,
            account_id,
            idempotency_key,
            delivery_queue_id: None,
            markdown: false,
            media_roots: None,
        })
        .await
    }

    /// Says what came of a send that the host lost sight of, and sends what of it never began.
    pub(super) async fn reconcile(&self, params: SendMessage) -> Result<Value, RpcError> {
        let Some(key) = &params.delivery_queue_id else {
            let sentence = "deliveryQueueId: expected the key of the send";
            return Err(RpcError::new(ErrorCode::Params, sentence)
                .with_data(json!({ "field": "deliveryQueueId" })));
        };
        let named = self.service.named(params.account_id.as_ref());
        let account = named.map_err(|error| refused(&error))?.settings.id.clone();
        // What is over needs none of its files any more, which may be gone.
        if let Some(status) = self.service.ledger.queued(&account, key).await?
            && let result = result(status)
            && matches!(result.outcome, Verdict::Sent | Verdict::Refused)
        {
            return Ok(json!(result));
        }
        // Without folders of the host's no file goes out: none was looked at before.
        let media_roots = Some(params.media_roots.unwrap_or_default());
        self.send(SendMessage { media_roots, ..params }).await
    }

    /// Places a call.
    pub(super) async fn call(&self, params: PlaceCall) -> Result<Value, RpcError> {
        let PlaceCall { to, message, webhook_url, account_id } = params;
        let call = Call { to, text: message, url: webhook_url, account: account_id };
        let (account_id, placed) =
            self.service.call(call).await.map_err(|error| call_failed(&error))?;
        let (call_id, status) = (placed.id.to_string(), placed.status.as_str().to_owned());
        Ok(json!(CallResult { call_id, account_id, status }))
    }

    /// Ends a call.
    pub(super) async fn hang_up(&self, params: HangUp) -> Result<Value, RpcError> {
        let HangUp { call_id, account_id } = params;
        let id: ProviderCallId = call_id.parse().map_err(|error: IdError| {
            RpcError::new(ErrorCode::Params, format!("callId: {error}"))
                .with_data(json!({ "field": "callId" }))
        })?;
        let ended = self.service.hang_up(account_id.as_ref(), &id).await;
        let account_id = ended.map_err(|error| call_failed(&error))?;
        Ok(json!(CallResult { call_id, account_id, status: "ended".to_owned() }))
    }
}

fn result(status: SendStatus) -> SendResult {
    let left = |state| status.parts.iter().any(|part| part.state == state);
    let outcome = match status.outcome {
        SendOutcome::Sent => Verdict::Sent,
        SendOutcome::NotSent => Verdict::NotSent,
        SendOutcome::Refused => Verdict::Refused,
        SendOutcome::Partial if left(PartState::NotSent) => Verdict::Partial,
        _ => Verdict::Unknown,
    };
    let reason = status.parts.iter().find_map(|part| part.reason.clone());
    let sent = status.parts.iter().filter(|part| part.state == PartState::Sent).count();
    let error = reason.map(|reason| match (sent, outcome) {
        (0, Verdict::Unknown) => {
            format!("{reason}: it may have been sent, so do not send it again")
        }
        (0, _) => reason,
        (sent, _) => format!("{sent} of {} parts were sent, then: {reason}", status.parts.len()),
    });
    let ids = status.parts.iter().filter_map(|part| part.provider_id.as_ref());
    SendResult {
        id: status.id,
        account_id: status.account,
        outcome,
        provider_ids: ids.map(ToString::to_string).collect(),
        parts: u32::try_from(status.parts.len()).unwrap_or(u32::MAX),
        error,
    }
}

fn forgotten(id: &MessageId) -> RpcError {
    RpcError::new(ErrorCode::Internal, format!("the send {id} is forgotten already"))
}

pub(super) fn call_failed(error: &CallError) -> RpcError {
    let (code, field, outcome) = match error {
        CallError::Request(error) => return refused(error),
        CallError::Off => (ErrorCode::Refused, Some("voice.enabled"), Outcome::NotSent),
        CallError::Both => (ErrorCode::Params, Some("message"), Outcome::NotSent),
        CallError::Url(_) => (ErrorCode::Params, Some("webhookUrl"), Outcome::NotSent),
        CallError::Provider(error) => (ErrorCode::Refused, None, error.outcome()),
        _ => (ErrorCode::Internal, None, Outcome::NotSent),
    };
    let sentence = match outcome {
        Outcome::Unknown => format!("{}: the phone may ring, so do not call again", chain(error)),
        _ => chain(error),
    };
    let data = json!({ "field": field, "outcome": outcome });
    RpcError::new(code, sentence).with_data(data)
}
