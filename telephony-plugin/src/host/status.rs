//! What the host can ask about: messages and calls, accounts, the sidecar itself.

use std::collections::HashMap;
use std::sync::{Arc, MutexGuard, PoisonError};

use serde_json::{Value, json};
use telephony_core::{AccountId, ProviderCallId, ProviderKind, ProviderMessageId};
use telephony_providers::ErrorKind;

use super::protocol::{
    AccountStatus, GetStatus, OfAccount, Probed, Refused, SidecarStatus, Status,
};
use super::sends::call_word;
use super::start::Running;
use super::tunnel::TunnelStatus;
use crate::control::call_failed;
use crate::outbound::{SendOutcome, SendStatus};
use crate::report::chain;
use crate::rpc::{ErrorCode, RpcError};
use crate::service::Account;

impl Running {
    /// What became of a message or a call: from our record, refreshed by the carrier where the last
    /// word is not spoken; or from the carrier alone.
    pub(super) async fn get_status(&self, params: GetStatus) -> Result<Value, RpcError> {
        let GetStatus { id, account_id } = params;
        if let Some(status) = self.service.message(&id).await? {
            let word = word(&status).to_owned();
            let (kind, account_id) = ("message".to_owned(), status.account.clone());
            let detail = json!({ "outcome": status.outcome, "parts": status.parts });
            return Ok(json!(Status {
                id,
                kind,
                account_id,
                status: word,
                recorded: true,
                detail
            }));
        }
        if let Some(call) = self.service.call_status(&id).await? {
            let (kind, account_id) = ("call".to_owned(), call.account.clone());
            let (status, detail) = (call_word(&call), json!(call));
            return Ok(json!(Status { id, kind, account_id, status, recorded: true, detail }));
        }
        let accounts = match &account_id {
            Some(id) => self.service.account(id).into_iter().collect(),
            None => self.service.accounts(),
        };
        for account in &accounts {
            if let Some(status) = self.at_carrier(account, &id).await {
                return Ok(json!(status));
            }
        }
        let sentence = "id: there is no record of it, and no carrier of the accounts knows it";
        Err(RpcError::new(ErrorCode::NotFound, sentence).with_data(json!({ "field": "id" })))
    }

    /// What an account's carrier says of an id of its own, of a message or a call.
    async fn at_carrier(&self, account: &Arc<Account>, id: &str) -> Option<Status> {
        let account_id = account.settings.id.clone();
        let found = |kind: &str, status: &str, raw: Value| Status {
            id: id.to_owned(),
            kind: kind.to_owned(),
            account_id: account_id.clone(),
            status: status.to_owned(),
            recorded: false,
            detail: raw,
        };
        if let Ok(message) = ProviderMessageId::new(id)
            && let Ok(report) = account.connection.messaging.fetch(&message).await
        {
            return Some(found("message", report.status.as_str(), json!({ "report": report })));
        }
        let call = ProviderCallId::new(id).ok()?;
        let call = self.service.inspect_call(&account_id, &call).await.ok()?;
        let detail = json!({ "raw": call.raw.as_str(), "durationSeconds": call.duration_seconds });
        Some(found("call", call.status.as_str(), detail))
    }

    /// Whether an account's carrier answers and knows us: it is asked for a message that nobody
    /// sent.
    pub(super) async fn probe(&self, params: OfAccount) -> Result<Value, RpcError> {
        let account = self.service.account(&params.account_id);
        let account =
            account.ok_or_else(|| call_failed(&crate::service::RequestError::Account.into()))?;
        let kind = account.settings.provider.kind();
        let nobodys = match kind {
            ProviderKind::Twilio => "SM00000000000000000000000000000000",
            _ => "00000000-0000-0000-0000-000000000000",
        };
        let nobodys = ProviderMessageId::new(nobodys)
            .map_err(|error| RpcError::new(ErrorCode::Internal, error))?;
        let begun = self.service.clock.now();
        let answer = account.connection.messaging.fetch(&nobodys).await;
        let elapsed = self.service.clock.now().saturating_since(begun);
        let error = answer.err().filter(|error| {
            matches!(
                error.kind(),
                ErrorKind::Authentication
                    | ErrorKind::Permission
                    | ErrorKind::Account
                    | ErrorKind::Temporary
                    | ErrorKind::RateLimited
            )
        });
        Ok(json!(Probed {
            ok: error.is_none(),
            error: error.map(|error| chain(&error)),
            elapsed_ms: u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX),
        }))
    }

    /// How the sidecar is.
    pub(super) async fn status(&self) -> Result<Value, RpcError> {
        let addresses = self.listeners.addresses().await;
        let accounts = self.service.accounts();
        let refusals = self.listeners.recent_refusals().await;
        Ok(json!(SidecarStatus {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pid: std::process::id(),
            addresses: addresses.iter().map(ToString::to_string).collect(),
            accounts: accounts.iter().map(|account| self.status_of(account)).collect(),
            webhooks: json!(self.listeners.counted().await),
            recent_refusals: refusals.into_iter().map(Refused::from).collect(),
            tunnel: self.listeners.tunnels().status().as_ref().map(TunnelStatus::of),
            sessions: u32::try_from(self.service.sessions()).unwrap_or(u32::MAX),
            max_concurrent_sessions: u32::try_from(self.service.most_sessions())
                .unwrap_or(u32::MAX),
            inbox: json!(self.service.inbox.counts().await?),
            outbox: json!(self.service.ledger.backlog().await?),
        }))
    }

    /// Tells the host how an account is.
    pub(super) async fn tell_status(&self, id: &AccountId) {
        if let Some(account) = self.service.account(id) {
            let status = json!(self.status_of(&account));
            self.connection.notify("account.status", &status).await;
        }
    }

    fn status_of(&self, account: &Account) -> AccountStatus {
        let settings = &account.settings;
        AccountStatus {
            account_id: settings.id.clone(),
            provider: settings.provider.kind().to_string(),
            from: settings.from.as_ref().map(ToString::to_string),
            running: account.is_running(),
            webhook_url: self.webhook_urls().get(&settings.id).cloned().unwrap_or_default(),
            last_inbound_at: account.last_received(),
            last_outbound_at: account.last_sent(),
        }
    }

    pub(super) fn webhook_urls(&self) -> MutexGuard<'_, HashMap<AccountId, String>> {
        self.webhook_urls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A send in the word that says most about it.
fn word(status: &SendStatus) -> &'static str {
    let delivered = status.parts.iter().filter_map(|part| part.delivery.as_ref());
    // The part that has come least far, or has failed.
    let worst = delivered
        .map(telephony_core::DeliveryState::status)
        .min_by_key(|status| if status.is_failure() { 0 } else { 1 + status.rank() });
    match (status.outcome, worst) {
        (SendOutcome::Sent, Some(status)) => status.as_str(),
        (SendOutcome::Sent, None) => "sent",
        (SendOutcome::Pending, _) => "queued",
        (SendOutcome::Refused, _) => "refused",
        (SendOutcome::NotSent, _) => "not_sent",
        (SendOutcome::Partial, _) => "partial",
        (SendOutcome::Unknown, _) => "unknown",
    }
}
