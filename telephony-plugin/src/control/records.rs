//! What can be asked of what is kept, whether a server runs or not.

use std::sync::Arc;

use async_trait::async_trait;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use telephony_core::{AccountId, Clock, MessageId, PhoneNumber};
use telephony_pairing::{ApproveError, PairingCode, PairingRequest, PairingStore, StoreError};
use telephony_webhook::{EntryState, Inbox, InboxError};

use crate::database::Database;
use crate::outbound::{Ledger, LedgerError, OptOutSource};
use crate::report::chain;
use crate::rpc::{ErrorCode, Methods, RpcError};

/// The most rows that one list has.
const MAX_ROWS: usize = 1_000;

/// The most sends of an account that are listed.
const MAX_LATEST: usize = 20;

/// The inbox, the pairing store and the ledger of sends.
#[derive(Debug, Clone)]
pub struct Records {
    accounts: Vec<AccountId>,
    inbox: Arc<dyn Inbox>,
    pairing: Arc<dyn PairingStore>,
    ledger: Ledger,
    clock: Arc<dyn Clock>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct OfAccount {
    #[serde(default)]
    account: Option<AccountId>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WithCode {
    code: String,
    #[serde(default)]
    account: Option<AccountId>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WithNumber {
    number: String,
    #[serde(default)]
    account: Option<AccountId>,
}

impl WithNumber {
    fn number(&self) -> Result<PhoneNumber, RpcError> {
        PhoneNumber::parse(&self.number).map_err(|error| RpcError::new(ErrorCode::Params, error))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct InState {
    #[serde(default = "failed")]
    state: EntryState,
    #[serde(default = "some")]
    limit: usize,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct WithId {
    id: String,
}

const fn failed() -> EntryState {
    EntryState::Failed
}

const fn some() -> usize {
    100
}

impl Records {
    /// The records of these accounts.
    #[must_use]
    pub fn new(
        accounts: Vec<AccountId>,
        inbox: Arc<dyn Inbox>,
        pairing: Arc<dyn PairingStore>,
        ledger: Ledger,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { accounts, inbox, pairing, ledger, clock }
    }

    /// The records of a database that no server has open.
    #[must_use]
    pub fn of(accounts: Vec<AccountId>, database: Database, clock: Arc<dyn Clock>) -> Self {
        let Database { inbox, ledger, pairing, .. } = database;
        Self::new(accounts, inbox, pairing, ledger, clock)
    }

    /// The account that is named, or all of them.
    fn accounts(&self, named: Option<AccountId>) -> Vec<AccountId> {
        named.map_or_else(|| self.accounts.clone(), |account| vec![account])
    }

    async fn list_pairing(&self, params: OfAccount) -> Result<Value, RpcError> {
        let (mut requests, mut approved) = (Vec::new(), Vec::new());
        for account in self.accounts(params.account) {
            requests.extend(self.pairing.pending(&account, self.clock.now()).await?);
            let numbers = self.pairing.approved(&account).await?;
            approved.extend(
                numbers.into_iter().map(|number| json!({ "account": account, "number": number })),
            );
        }
        Ok(json!({ "requests": requests, "approved": approved }))
    }

    /// The request that waits with a code, in one of the accounts.
    async fn waiting(
        &self,
        accounts: &[AccountId],
        code: &PairingCode,
    ) -> Result<Option<PairingRequest>, RpcError> {
        for account in accounts {
            let waiting = self.pairing.pending(account, self.clock.now()).await?;
            if let Some(found) = waiting.into_iter().find(|request| request.code == *code) {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    async fn approve(&self, params: WithCode) -> Result<Value, RpcError> {
        let code = code(&params.code)?;
        let accounts = self.accounts(params.account);
        let waiting = self.waiting(&accounts, &code).await?;
        // A code that nobody waits with counts as a wrong one of the first account.
        let account = waiting.map(|request| request.account).or_else(|| accounts.first().cloned());
        let account = account.unwrap_or_else(AccountId::default_account);
        match self.pairing.approve(&account, &code, self.clock.now()).await {
            Ok(request) => Ok(json!({ "account": request.account, "number": request.number })),
            Err(ApproveError::Store(error)) => Err(error.into()),
            Err(error) => Err(RpcError::new(ErrorCode::NotFound, error)),
        }
    }

    async fn dismiss(&self, params: WithCode) -> Result<Value, RpcError> {
        let code = code(&params.code)?;
        for account in self.accounts(params.account) {
            if self.pairing.dismiss(&account, &code).await? {
                return Ok(json!({ "account": account }));
            }
        }
        Err(RpcError::new(ErrorCode::NotFound, "no request waits with this code: see the list"))
    }

    async fn revoke(&self, params: WithNumber) -> Result<Value, RpcError> {
        let number = params.number()?;
        let mut revoked = Vec::new();
        for account in self.accounts(params.account) {
            if self.pairing.revoke(&account, &number).await? {
                revoked.push(account);
            }
        }
        if revoked.is_empty() {
            return Err(RpcError::new(ErrorCode::NotFound, "this number is not approved"));
        }
        Ok(json!({ "accounts": revoked }))
    }

    async fn list_opted_out(&self, params: OfAccount) -> Result<Value, RpcError> {
        let mut opted_out = Vec::new();
        for account in self.accounts(params.account) {
            opted_out.extend(self.ledger.opted_out(&account, MAX_ROWS).await?);
        }
        Ok(json!({ "optedOut": opted_out }))
    }

    async fn opt_out(&self, params: WithNumber) -> Result<Value, RpcError> {
        let number = params.number()?;
        let accounts = self.accounts(params.account);
        for account in &accounts {
            let source = OptOutSource::Operator;
            self.ledger.opt_out(account, &number, source, self.clock.now()).await?;
        }
        Ok(json!({ "accounts": accounts }))
    }

    async fn opt_in(&self, params: WithNumber) -> Result<Value, RpcError> {
        let number = params.number()?;
        let mut lifted = Vec::new();
        for account in self.accounts(params.account) {
            if self.ledger.opt_in(&account, &number, None, self.clock.now()).await? {
                lifted.push(account);
            }
        }
        if lifted.is_empty() {
            return Err(RpcError::new(ErrorCode::NotFound, "this number has not opted out"));
        }
        Ok(json!({ "accounts": lifted }))
    }

    async fn list_inbox(&self, params: InState) -> Result<Value, RpcError> {
        let entries = self.inbox.list(params.state, params.limit.min(MAX_ROWS)).await?;
        Ok(json!({ "entries": entries, "counts": self.inbox.counts().await? }))
    }

    async fn retry_inbox(&self, params: WithId) -> Result<Value, RpcError> {
        let id: MessageId = params.id.parse().map_err(|e| RpcError::new(ErrorCode::Params, e))?;
        if self.inbox.requeue(&id, self.clock.now()).await? {
            Ok(json!({ "id": id }))
        } else {
            Err(RpcError::new(ErrorCode::NotFound, "no failed event has this id: see the list"))
        }
    }

    async fn messages(&self, params: OfAccount) -> Result<Value, RpcError> {
        let mut latest = Vec::new();
        for account in self.accounts(params.account) {
            latest.extend(self.ledger.latest(&account, MAX_LATEST).await?);
        }
        latest.sort_by_key(|status| std::cmp::Reverse(status.created_at));
        Ok(json!({ "messages": latest }))
    }

    async fn calls(&self, params: OfAccount) -> Result<Value, RpcError> {
        let mut latest = Vec::new();
        for account in self.accounts(params.account) {
            latest.extend(self.ledger.latest_calls(&account, MAX_LATEST).await?);
        }
        latest.sort_by_key(|call| std::cmp::Reverse(call.created_at));
        Ok(json!({ "calls": latest }))
    }

    async fn call_status(&self, params: WithId) -> Result<Value, RpcError> {
        match self.ledger.call(&params.id).await? {
            Some(call) => Ok(json!(call)),
            None => Err(RpcError::new(ErrorCode::NotFound, "no call has this id")),
        }
    }

    async fn message_status(&self, params: WithId) -> Result<Value, RpcError> {
        match self.ledger.status(&params.id).await? {
            Some(status) => Ok(json!(status)),
            None => Err(RpcError::new(ErrorCode::NotFound, "no message has this id")),
        }
    }
}

#[async_trait]
impl Methods for Records {
    async fn call(&self, method: &str, params: Value) -> Result<Value, RpcError> {
        match method {
            "pairing.list" => self.list_pairing(read(params)?).await,
            "pairing.approve" => self.approve(read(params)?).await,
            "pairing.dismiss" => self.dismiss(read(params)?).await,
            "pairing.revoke" => self.revoke(read(params)?).await,
            "optout.list" => self.list_opted_out(read(params)?).await,
            "optout.add" => self.opt_out(read(params)?).await,
            "optout.remove" => self.opt_in(read(params)?).await,
            "inbox.list" => self.list_inbox(read(params)?).await,
            "inbox.retry" => self.retry_inbox(read(params)?).await,
            "telephony.messages" => self.messages(read(params)?).await,
            "telephony.calls" => self.calls(read(params)?).await,
            "telephony.call_status" => self.call_status(read(params)?).await,
            "telephony.message_status" => self.message_status(read(params)?).await,
            _ => Err(RpcError::new(ErrorCode::NoMethod, "there is no such method")),
        }
    }
}

/// Reads parameters; none at all are an empty object.
pub(crate) fn read<T: DeserializeOwned>(params: Value) -> Result<T, RpcError> {
    let params = if params.is_null() { json!({}) } else { params };
    serde_json::from_value(params).map_err(|error| RpcError::params(&error))
}

fn code(text: &str) -> Result<PairingCode, RpcError> {
    PairingCode::parse(text).map_err(|error| RpcError::new(ErrorCode::Params, error))
}

macro_rules! failures {
    ($($error:ty),+) => { $(
        impl From<$error> for RpcError {
            fn from(error: $error) -> Self {
                Self::new(ErrorCode::Internal, chain(&error))
            }
        }
    )+ };
}

failures!(StoreError, InboxError, LedgerError);
