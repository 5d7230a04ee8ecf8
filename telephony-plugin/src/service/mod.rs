//! The channel: takes what is in the inbox, decides, answers.

mod account;
mod agent;
mod call_events;
mod calls;
mod deliveries;
mod dispatch;
mod estimate;
mod housekeeping;
mod join;
mod keywords;
mod notes;
mod reach;
mod send;
mod slots;
#[cfg(test)]
mod tests;
mod texts;
mod turn;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock};

use telephony_core::config::{self, Config, Retention};
use telephony_core::{AccountId, Clock, Entropy, HttpUrl};
use telephony_pairing::{AccessGate, PairingStore, PolicyGate};
use telephony_providers::Connection;
use telephony_webhook::Inbox;
use tokio::sync::{Notify, watch};

pub use self::account::Account;
pub use self::agent::{AdoptError, Adoption, Agent, Answering, News};
pub use self::calls::{Call, CallError};
pub use self::estimate::Estimate;
pub use self::notes::{Owing, OwingError};
pub(crate) use self::send::path_of;
pub use self::send::{Request, RequestError};
use self::slots::Slots;
use crate::database::Database;
use crate::media::Media;
use crate::media::host::MediaUrls;
use crate::metrics::Metrics;
use crate::outbound::{CHANGED, Ledger, Outbox};
use crate::urls::PublicUrls;

/// What a service is made of.
#[derive(Debug)]
pub struct Parts {
    /// What is kept.
    pub database: Database,
    /// What answers.
    pub agent: Arc<dyn Agent>,
    /// Who decides who may talk, and keeps what they are told then, in place of our own policy and
    /// store.
    pub host: Option<Authority>,
    /// Where files come from and go to, if they do.
    pub media: Option<Media>,
    /// What tells the time.
    pub clock: Arc<dyn Clock>,
    /// Where chance comes from.
    pub entropy: Arc<dyn Entropy>,
}

/// Who decides who may talk, in place of an account's own policy.
#[derive(Debug, Clone)]
pub struct Authority {
    /// Decides.
    pub gate: Arc<dyn AccessGate>,
    /// Keeps what people are told then.
    pub owing: Arc<dyn Owing>,
}

/// All accounts, and everything that happens to their messages.
#[derive(Debug)]
pub struct Telephony {
    accounts: RwLock<BTreeMap<AccountId, Arc<Account>>>,
    default_account: RwLock<Option<AccountId>>,
    database: Database,
    pub(crate) inbox: Arc<dyn Inbox>,
    pub(crate) pairing: Arc<dyn PairingStore>,
    host: Option<Authority>,
    owing: Arc<dyn Owing>,
    pub(crate) media: Option<Media>,
    pub(crate) ledger: Ledger,
    pub(crate) outbox: Arc<Outbox>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) metrics: Metrics,
    agent: Arc<dyn Agent>,
    slots: Arc<Slots>,
    retention: RwLock<Retention>,
    /// Notified when an event may be waiting.
    pub(crate) arrived: Arc<Notify>,
    /// Notified when a text may be owed to somebody.
    pub(crate) owed: Notify,
}

impl Telephony {
    /// A service without accounts yet.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let Parts { database, agent, host, media, clock, entropy } = parts;
        let pairing = Arc::clone(&database.pairing);
        let owing = match &host {
            Some(authority) => Arc::clone(&authority.owing),
            None => Arc::new(notes::Stored(Arc::clone(&pairing))),
        };
        let metrics = Metrics::begun(clock.now());
        let outbox = Outbox::new(database.ledger.clone(), [], clock.clone(), entropy.clone())
            .counting(metrics.clone());
        Self {
            accounts: RwLock::default(),
            default_account: RwLock::default(),
            inbox: Arc::clone(&database.inbox),
            pairing,
            host,
            owing,
            media,
            ledger: database.ledger.clone(),
            database,
            outbox: Arc::new(outbox),
            clock,
            entropy,
            metrics,
            agent,
            slots: Arc::new(Slots::new(1)),
            retention: RwLock::default(),
            arrived: Arc::default(),
            owed: Notify::new(),
        }
    }

    /// Has this account from now on, in place of an earlier one of its id; its webhooks are taken
    /// at `address`, and `tunnel` is a public URL for accounts that have none of their own.
    pub fn set_account(
        &self,
        settings: config::Account,
        connection: Connection,
        config: &Config,
        address: SocketAddr,
        tunnel: Option<&HttpUrl>,
    ) {
        let gate: Arc<dyn AccessGate> = match &self.host {
            Some(authority) => Arc::clone(&authority.gate),
            None => Arc::new(PolicyGate::new(
                settings.policy,
                settings.allow_from.clone(),
                Arc::clone(&self.pairing),
                Arc::clone(&self.clock),
                Arc::clone(&self.entropy),
            )),
        };
        let media = MediaUrls::of(&settings, &config.serve, tunnel, address).ok();
        let urls = PublicUrls::of(&settings, &config.serve, tunnel);
        let account = Account::new(settings, connection, gate, urls, media);
        self.outbox.set_sender(account.sender(&config.serve, tunnel));
        self.slots.resize(usize::try_from(config.max_concurrent_sessions).unwrap_or(usize::MAX));
        *self.retention.write().unwrap_or_else(PoisonError::into_inner) = config.retention;
        let default = config.default_account.clone();
        *self.default_account.write().unwrap_or_else(PoisonError::into_inner) = default;
        let mut accounts = self.accounts.write().unwrap_or_else(PoisonError::into_inner);
        accounts.insert(account.settings.id.clone(), Arc::new(account));
        drop(accounts);
        self.arrived.notify_one();
        self.owed.notify_one();
    }

    /// Has carriers reach this account by another URL from now on: `tunnel`, where it has none of
    /// its own.
    pub fn set_tunnel(
        &self,
        id: &AccountId,
        config: &Config,
        address: SocketAddr,
        tunnel: Option<&HttpUrl>,
    ) {
        let Some(account) = self.account(id) else { return };
        let urls = PublicUrls::of(&account.settings, &config.serve, tunnel);
        let media = MediaUrls::of(&account.settings, &config.serve, tunnel, address).ok();
        account.move_to(urls, media);
        self.outbox.set_sender(account.sender(&config.serve, tunnel));
    }

    /// Gives nothing of this account to the agent until it is set again. What it sends goes on.
    pub fn pause_account(&self, id: &AccountId) {
        if let Some(account) = self.account(id) {
            account.pause();
        }
    }

    /// Has this account no more. What waits for it waits until it is there again.
    pub fn remove_account(&self, id: &AccountId) {
        self.outbox.remove_sender(id);
        self.accounts.write().unwrap_or_else(PoisonError::into_inner).remove(id);
    }

    /// All accounts.
    #[must_use]
    pub fn accounts(&self) -> Vec<Arc<Account>> {
        let accounts = self.accounts.read().unwrap_or_else(PoisonError::into_inner);
        accounts.values().map(Arc::clone).collect()
    }

    /// The account with that id.
    #[must_use]
    pub fn account(&self, id: &AccountId) -> Option<Arc<Account>> {
        let accounts = self.accounts.read().unwrap_or_else(PoisonError::into_inner);
        accounts.get(id).map(Arc::clone)
    }

    /// The account that is meant when none is named.
    #[must_use]
    pub fn default_account(&self) -> Option<Arc<Account>> {
        let named = self.default_account.read().unwrap_or_else(PoisonError::into_inner).clone();
        let accounts = self.accounts.read().unwrap_or_else(PoisonError::into_inner);
        let named = named.as_ref().and_then(|id| accounts.get(id));
        let only = || accounts.values().next().filter(|_| accounts.len() == 1);
        named.or_else(only).map(Arc::clone)
    }

    /// How many people are in a turn with the agent.
    #[must_use]
    pub fn sessions(&self) -> usize {
        self.slots.taken()
    }

    /// How many may be at once: `maxConcurrentSessions`.
    #[must_use]
    pub fn most_sessions(&self) -> usize {
        self.slots.most()
    }

    /// How long is kept what is over.
    fn retention(&self) -> Retention {
        *self.retention.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether people are let in by a host and not by us.
    #[must_use]
    pub const fn has_host(&self) -> bool {
        self.host.is_some()
    }

    /// Notified when an event may be waiting.
    #[must_use]
    pub fn arrived(&self) -> Arc<Notify> {
        Arc::clone(&self.arrived)
    }

    /// What is kept of its accounts.
    #[cfg(unix)]
    pub(crate) fn records(&self) -> crate::control::Records {
        crate::control::Records::new(
            self.accounts().iter().map(|account| account.settings.id.clone()).collect(),
            Arc::clone(&self.inbox),
            Arc::clone(&self.pairing),
            self.ledger.clone(),
            Arc::clone(&self.clock),
        )
    }

    /// Another node has something new.
    fn heard(&self, topic: &str) {
        match topic {
            CHANGED => self.outbox.heard(),
            // Of topics that only later versions know, there may be something for us.
            _ => self.arrived.notify_one(),
        }
    }

    /// Works until `stop` becomes true, and finishes then what has begun.
    pub async fn run(self: Arc<Self>, stop: watch::Receiver<bool>) {
        // What is finished last is told to other nodes, too.
        let (done, all_done) = watch::channel(false);
        let work = async {
            tokio::join!(
                dispatch::run(Arc::clone(&self), stop.clone()),
                notes::run(&self, stop.clone()),
                housekeeping::run(&self, stop.clone()),
                Arc::clone(&self.outbox).run(stop.clone()),
            );
            let _ = done.send(true);
        };
        tokio::join!(work, self.database.listen(|topic| self.heard(topic), all_done));
    }
}
