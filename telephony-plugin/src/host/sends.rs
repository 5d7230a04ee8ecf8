//! Sends and calls that the host asks for, and what it is told of them.

use std::time::Duration;

use serde_json::{Value, json};
use telephony_core::MessageId;
use telephony_providers::Outcome;

use super::protocol::{CallResult, HangUp, PlaceCall, SendMessage, SendMms, SendResult, Verdict};
use super::roots::within;
use super::start::Running;
use crate::control::{call_failed, refused};
use crate::markdown::plain_text;
use crate::outbound::{
    CallOutcome, CallRecord, PartState, Retries, SendOutcome, SendStatus, Source,
};
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
        let call = Call {
            to: params.to,
            text: params.message,
            url: params.webhook_url,
            account: params.account_id,
            key: params.idempotency_key,
            machine_detection: None,
        };
        let call = self.service.call(call).await.map_err(|error| call_failed(&error))?;
        let (reason, outcome) = match (&call.reason, call.outcome) {
            (Some(reason), CallOutcome::Unknown) => {
                (format!("{reason}: the phone may ring, so do not call again"), Outcome::Unknown)
            }
            // A call that was placed rings, whatever has become of its words since.
            (_, CallOutcome::Placed | CallOutcome::Pending) | (None, _) => {
                return Ok(json!(call_result(&call)));
            }
            (Some(reason), _) => (reason.clone(), Outcome::NotSent),
        };
        let data = json!({ "outcome": outcome, "callId": call.id });
        Err(RpcError::new(ErrorCode::Refused, reason).with_data(data))
    }

    /// Ends a call.
    pub(super) async fn hang_up(&self, params: HangUp) -> Result<Value, RpcError> {
        let HangUp { call_id, account_id } = params;
        let ended = self.service.hang_up(account_id.as_ref(), &call_id).await;
        let ended = ended.map_err(|error| match error {
            CallError::Id(error) => RpcError::new(ErrorCode::Params, format!("callId: {error}"))
                .with_data(json!({ "field": "callId" })),
            error => call_failed(&error),
        })?;
        let status = "ended".to_owned();
        let account_id = match &ended {
            Some(call) => call.account.clone(),
            None => {
                let named = self.service.named(account_id.as_ref());
                named.map_err(|error| refused(&error))?.settings.id.clone()
            }
        };
        let result = match ended {
            Some(call) => CallResult { status, ..call_result(&call) },
            None => CallResult { provider_id: Some(call_id.clone()), call_id, account_id, status },
        };
        Ok(json!(result))
    }
}

fn call_result(call: &CallRecord) -> CallResult {
    CallResult {
        call_id: call.id.to_string(),
        provider_id: call.provider_id.as_ref().map(ToString::to_string),
        account_id: call.account.clone(),
        status: call_word(call),
    }
}

/// A call in the word that says most about it.
pub(super) fn call_word(call: &CallRecord) -> String {
    match (call.outcome, call.status) {
        (CallOutcome::Pending | CallOutcome::Placed, Some(status)) => status.as_str(),
        (CallOutcome::Pending | CallOutcome::Placed, None) => "queued",
        (CallOutcome::Refused, _) => "refused",
        (CallOutcome::NotPlaced, _) => "not_placed",
        _ => "unknown",
    }
    .to_owned()
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
