//! The channel as it stands alone: takes what is in the inbox, decides, answers.

mod account;
mod dispatch;
mod housekeeping;
mod keywords;
mod notes;
#[cfg(test)]
mod tests;
mod texts;
mod turn;

use std::collections::BTreeMap;
use std::sync::Arc;

use telephony_core::config::Config;
use telephony_core::{AccountId, Clock, Entropy, HttpUrl};
use telephony_pairing::{PairingStore, PolicyGate};
use telephony_providers::{Connection, Error as ProviderError};
use telephony_webhook::Inbox;
use thiserror::Error;
use tokio::sync::{Notify, watch};

pub(crate) use self::account::Account;
pub use self::housekeeping::RETENTION;
use crate::database::Database;
use crate::handler::Handler;
use crate::outbound::{Outbox, SqliteLedger};

/// What a service is made of.
#[derive(Debug)]
pub struct Parts {
    /// What is kept.
    pub database: Database,
    /// What answers.
    pub handler: Arc<dyn Handler>,
    /// What tells the time.
    pub clock: Arc<dyn Clock>,
    /// Where chance comes from.
    pub entropy: Arc<dyn Entropy>,
    /// The public URL of accounts that have none of their own.
    pub tunnel: Option<HttpUrl>,
}

/// Why a service cannot be.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// The configuration has no account that is enabled.
    #[error("the configuration has no account that is enabled: set provider, and enabled to true")]
    NoAccount,
    /// An account's provider cannot be set up.
    #[error("account {0} cannot be set up")]
    Provider(AccountId, #[source] ProviderError),
}

/// All accounts, and everything that happens to their messages.
#[derive(Debug)]
pub struct Telephony {
    pub(crate) accounts: BTreeMap<AccountId, Account>,
    default_account: Option<AccountId>,
    pub(crate) inbox: Arc<dyn Inbox>,
    pub(crate) pairing: Arc<dyn PairingStore>,
    pub(crate) ledger: SqliteLedger,
    pub(crate) outbox: Arc<Outbox>,
    pub(crate) clock: Arc<dyn Clock>,
    handler: Arc<dyn Handler>,
    max_turns: usize,
    /// Notified when an event may be waiting.
    pub(crate) arrived: Arc<Notify>,
    /// Notified when a text may be owed to somebody.
    pub(crate) owed: Notify,
}

impl Telephony {
    /// The service of a configuration; `connect` gives each account its provider.
    ///
    /// # Errors
    ///
    /// [`ServiceError`] when there is nothing it could do.
    pub fn new(
        config: &Config,
        parts: Parts,
        arrived: Arc<Notify>,
        mut connect: impl FnMut(&telephony_core::config::Account) -> Result<Connection, ProviderError>,
    ) -> Result<Self, ServiceError> {
        let Parts { database, handler, clock, entropy, tunnel } = parts;
        let ledger = database.ledger;
        let pairing: Arc<dyn PairingStore> = Arc::new(database.pairing);
        let mut accounts = BTreeMap::new();
        for settings in config.accounts.iter().filter(|account| account.enabled) {
            let connection = connect(settings)
                .map_err(|error| ServiceError::Provider(settings.id.clone(), error))?;
            let gate = PolicyGate::new(
                settings.policy,
                settings.allow_from.clone(),
                Arc::clone(&pairing),
                Arc::clone(&clock),
                Arc::clone(&entropy),
            );
            let account = Account::new(settings.clone(), connection, Arc::new(gate));
            accounts.insert(settings.id.clone(), account);
        }
        if accounts.is_empty() {
            return Err(ServiceError::NoAccount);
        }
        let senders = accounts
            .values()
            .map(|account: &Account| account.sender(&config.serve, tunnel.as_ref()));
        let outbox = Outbox::new(ledger.clone(), senders, clock.clone(), entropy);
        let max_turns = usize::try_from(config.max_concurrent_sessions).unwrap_or(usize::MAX);
        Ok(Self {
            accounts,
            default_account: config.default_account.clone(),
            inbox: database.inbox,
            pairing,
            ledger,
            outbox: Arc::new(outbox),
            clock,
            handler,
            max_turns: max_turns.max(1),
            arrived,
            owed: Notify::new(),
        })
    }

    /// The account that is meant when none is named.
    pub(crate) fn default_account(&self) -> Option<&Account> {
        let named = self.default_account.as_ref().and_then(|id| self.accounts.get(id));
        named.or_else(|| self.accounts.values().next().filter(|_| self.accounts.len() == 1))
    }

    /// What is kept of its accounts.
    #[cfg(unix)]
    pub(crate) fn records(&self) -> crate::control::Records {
        crate::control::Records::new(
            self.accounts.keys().cloned().collect(),
            Arc::clone(&self.inbox),
            Arc::clone(&self.pairing),
            self.ledger.clone(),
            Arc::clone(&self.clock),
        )
    }

    /// Works until `stop` becomes true, and finishes then what has begun.
    pub async fn run(self: Arc<Self>, stop: watch::Receiver<bool>) {
        tokio::join!(
            dispatch::run(Arc::clone(&self), stop.clone()),
            notes::run(&self, stop.clone()),
            housekeeping::run(&self, stop.clone()),
            Arc::clone(&self.outbox).run(stop),
        );
    }
}
