//! What an account cannot do without, and which keys it has: the plugin has to know while no process
//! runs.

use serde_json::{Value, json};
use telephony_core::config::key_reference;

/// The keys that each provider needs.
const CREDENTIALS: [(&str, &[&str]); 4] = [
    ("mock", &[]),
    ("twilio", &["accountSid", "authToken"]),
    ("telnyx", &["apiKey", "publicKey"]),
    ("plivo", &["authId", "authToken"]),
];

/// The keys that pick a sender where no number is configured.
const SENDER_POOLS: [(&str, &[&str]); 2] =
    [("twilio", &["messagingServiceSid"]), ("telnyx", &["messagingProfileId"])];

/// The keys that the host has for all channels; they stay when an account is removed.
const OF_THE_HOST: [&str; 4] = ["enabled", "configWrites", "healthMonitor", "heartbeat"];

/// Each provider's keys, each with the variable that stands in for it.
pub(super) fn credentials() -> Value {
    with_variables(&CREDENTIALS)
}

/// As [`credentials`].
pub(super) fn sender_pools() -> Value {
    with_variables(&SENDER_POOLS)
}

fn with_variables(providers: &[(&str, &[&str])]) -> Value {
    let keys = key_reference();
    let pair = |provider: &str, key: &str| {
        let path = format!("{provider}.{key}");
        let variable = keys.iter().find(|known| known.path == path).and_then(|key| key.env.clone());
        json!([key, variable.unwrap_or_default()])
    };
    let of_provider = |(provider, keys): &(&str, &[&str])| {
        let pairs: Vec<_> = keys.iter().map(|key| pair(provider, key)).collect();
        ((*provider).to_owned(), pairs.into())
    };
    Value::Object(providers.iter().map(of_provider).collect())
}

/// The keys at the root that are an account's.
pub(super) fn account_keys() -> Vec<String> {
    let keys = key_reference().into_iter().filter(|key| key.per_account);
    let keys = keys.map(|key| key.path).filter(|path| !path.contains('.'));
    keys.filter(|path| !OF_THE_HOST.contains(&path.as_str())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_needed_are_keys_with_their_variables() {
        let keys = key_reference();
        for (provider, needed) in CREDENTIALS.into_iter().chain(SENDER_POOLS) {
            for key in needed {
                let path = format!("{provider}.{key}");
                assert!(keys.iter().any(|key| key.path == path), "{path}");
            }
        }
        assert_eq!(credentials()["plivo"][0], json!(["authId", "PLIVO_AUTH_ID"]));
        let keys = account_keys();
        assert!(keys.contains(&"inboundPolicy".to_owned()) && !keys.contains(&"serve".to_owned()));
    }
}
