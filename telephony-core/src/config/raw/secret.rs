//! A secret as it may be written: the text itself, or where the host finds it.

use schemars::JsonSchema;
use serde::Deserialize;

/// A secret, or a reference to one.
#[derive(Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(in crate::config) enum SecretInput {
    /// The secret itself.
    Text(String),
    /// Where it is found: OpenClaw's SecretRef.
    Reference {
        /// The kind of place.
        source: SecretSource,
        /// The place, by the name that the host's configuration gives it.
        #[allow(dead_code, reason = "the host resolves it; here it is only accepted")]
        provider: Option<String>,
        /// The secret within it: the name of a variable for `env`.
        id: String,
    },
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::config) enum SecretSource {
    Env,
    File,
    Exec,
    Store,
}
