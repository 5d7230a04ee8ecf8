//! From what is written to what is meant.

mod account;
mod context;
mod credentials;
mod section;

use serde_json::{Map, Value};

use super::problem::Problems;
use super::raw::{RawAccount, RawConfig};
use super::settings::{Account, Config};
use super::{ConfigErrors, Environment, Host, check, defaults, reference};
use crate::id::AccountId;
use context::Context;

/// The keys that are about the process and not about one account.
const PROCESS_KEYS: [&str; 9] = [
    "accounts",
    "defaultAccount",
    "maxConcurrentSessions",
    "serve",
    "tunnel",
    "webhookSecurity",
    "metrics",
    "database",
    "retention",
];

pub(super) fn resolve(
    mut value: Value,
    host: Host,
    environment: Environment<'_>,
    prefix: &'static str,
) -> Result<Config, ConfigErrors> {
    let mut problems = Problems::under(prefix);
    let known = reference::known_paths();
    if !check::check(&mut value, reference::schema(), &known, &mut problems) {
        value = Value::Object(Map::new());
    }
    unset_empty(&mut value);
    let raw: RawConfig = read(value.clone(), &mut problems);
    let process = section::Process::resolve(&raw, environment, &mut problems);

    let written = Written::of(&value);
    let default_account = default_account(&raw, &written, &mut problems);
    let mut accounts = Vec::new();
    for (id, account, own) in written.accounts(&value) {
        let Ok(id) = AccountId::new(id) else {
            let message = "expected a name of letters, digits, - _ and . only";
            problems.note(&format!("accounts.{id}"), message);
            continue;
        };
        let is_default = Some(id.as_str()) == default_account.as_deref();
        let mut raw_account: RawAccount = read(account, &mut problems);
        if raw.account.enabled == Some(false) {
            raw_account.enabled = Some(false);
        }
        let mut context =
            Context { environment, is_default, own, id: &id, problems: &mut problems };
        accounts.extend(account::resolve(&raw_account, host, &process, &mut context));
    }
    let config = assemble(raw, process, accounts, default_account);
    problems.into_result(config)
}

fn assemble(
    raw: RawConfig,
    process: section::Process,
    accounts: Vec<Account>,
    default_account: Option<String>,
) -> Config {
    Config {
        default_account: default_account.and_then(|id| AccountId::new(id).ok()),
        accounts,
        max_concurrent_sessions: raw
            .max_concurrent_sessions
            .unwrap_or(defaults::MAX_CONCURRENT_SESSIONS),
        serve: process.serve,
        tunnel: process.tunnel,
        webhook_security: process.webhook_security,
        metrics: process.metrics,
        database: process.database,
        retention: process.retention,
    }
}

/// Reads a value that was checked. That it does not fit its type all the same would be a fault of
/// the check, and is reported instead of hidden.
fn read<T: serde::de::DeserializeOwned + Default>(value: Value, problems: &mut Problems) -> T {
    serde_json::from_value(value).unwrap_or_else(|error| {
        problems.note("", format!("cannot be read: {error}"));
        T::default()
    })
}

/// An empty string means that the key is not set; `null` does too. Lists keep theirs, since what
/// comes after is reported by its index.
fn unset_empty(value: &mut Value) {
    match value {
        Value::Object(object) => {
            object.values_mut().for_each(unset_empty);
            object.retain(|_, value| !value.is_null());
        }
        Value::String(text) if text.trim().is_empty() => *value = Value::Null,
        _ => {}
    }
}

/// Which accounts a configuration describes.
struct Written {
    named: Vec<String>,
    /// Whether the keys at the top describe an account, and not only what others inherit.
    top: bool,
}

impl Written {
    fn of(value: &Value) -> Self {
        let accounts = value.get("accounts").and_then(Value::as_object);
        let mut named: Vec<String> = accounts.into_iter().flat_map(Map::keys).cloned().collect();
        named.sort();
        let has = |pointer: &str| value.pointer(pointer).is_some();
        let picks_sender = has("/fromNumber")
            || has("/twilio/messagingServiceSid")
            || has("/telnyx/messagingProfileId");
        let top = has("/provider")
            && (named.is_empty() || picks_sender)
            && !named.iter().any(|name| name == "default");
        Self { named, top }
    }

    /// The id, the merged keys and the own keys of each account.
    fn accounts<'a>(&'a self, value: &'a Value) -> Vec<(&'a str, Value, Option<&'a Value>)> {
        let mut inherited = value.clone();
        if let Value::Object(object) = &mut inherited {
            object.retain(|key, _| !PROCESS_KEYS.contains(&key.as_str()));
        }
        let mut accounts = Vec::new();
        if self.top {
            accounts.push(("default", inherited.clone(), None));
        }
        for name in &self.named {
            let Some(own) = value.get("accounts").and_then(|accounts| accounts.get(name)) else {
                continue;
            };
            let mut account = inherited.clone();
            merge(&mut account, own);
            accounts.push((name, account, Some(own)));
        }
        accounts
    }
}

/// Lays `over` upon `under`, section by section.
fn merge(under: &mut Value, over: &Value) {
    match (under, over) {
        (Value::Object(under), Value::Object(over)) => {
            // The two names of the policy are one key: the account's own name for it wins.
            if over.contains_key("inboundPolicy") || over.contains_key("dmPolicy") {
                under.remove("inboundPolicy");
                under.remove("dmPolicy");
            }
            for (key, value) in over {
                let is_reference = value.get("source").is_some();
                match under.get_mut(key) {
                    Some(beneath) if !is_reference => merge(beneath, value),
                    _ => drop(under.insert(key.clone(), value.clone())),
                }
            }
        }
        (under, over) => *under = over.clone(),
    }
}

fn default_account(raw: &RawConfig, written: &Written, problems: &mut Problems) -> Option<String> {
    let exists =
        |id: &str| written.named.iter().any(|name| name == id) || (written.top && id == "default");
    match &raw.default_account {
        Some(id) if exists(id) => Some(id.clone()),
        Some(_) => {
            problems.note("defaultAccount", "expected the name of one of the accounts");
            None
        }
        None if exists("default") => Some("default".to_owned()),
        None => written.named.first().cloned(),
    }
}
