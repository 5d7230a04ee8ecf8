//! The configuration: the keys of OpenClaw's `channels.telephony`, or a file of its own.
//!
//! A text or a value is checked against the schema, read, completed from the environment and
//! looked at for contradictions. Everything that is wrong is reported at once.
//!
//! ```
//! use telephony_core::config::{Host, load};
//!
//! let text = r#"{ provider: "mock", fromNumber: "+15550001111", serve: { prot: 80 } }"#;
//! let errors = load(text, Host::Standalone, &|_| None).unwrap_err();
//! assert_eq!(errors.to_string(), "serve.prot: unknown key; did you mean port?");
//!
//! let config = load(&text.replace("prot: 80", "port: 8080"), Host::Standalone, &|_| None)?;
//! assert_eq!(config.serve.port, 8080);
//! # Ok::<(), telephony_core::config::ConfigErrors>(())
//! ```

mod check;
mod defaults;
mod problem;
mod raw;
mod read;
mod reference;
mod resolve;
mod settings;
mod text;

use serde_json::Value;

pub use problem::{ConfigErrors, ConfigProblem};
pub use reference::{KeyReference, json_schema, key_reference};
pub use settings::{
    Account, AllowFrom, ChunkMode, Config, Database, InboundPolicy, Plivo, Provider, QuietHours,
    Retention, Serve, Sms, Telnyx, Transliterate, Tunnel, Twilio, Voice, WebhookSecurity,
};
pub use text::ClockTime;

/// The largest configuration that is read, in bytes.
pub const MAX_CONFIG_BYTES: usize = 1024 * 1024;

/// The deepest a configuration may be nested: far beyond what has a meaning, and within what can
/// be read without running out of stack.
pub const MAX_CONFIG_DEPTH: usize = 64;

/// Where this channel's object stands in a host's file.
const HOST_PATH: &str = "channels.telephony";

/// Who runs us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Host {
    /// Nobody: a file that was written for us is meant to run, so `enabled` need not be said.
    Standalone,
    /// OpenClaw: what is not enabled does not run.
    OpenClaw,
}

/// Looks up a variable of the environment.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Reads JSON5: a host's file, of which `channels.telephony` counts, or that object alone.
///
/// # Errors
///
/// [`ConfigErrors`] holds everything that is wrong. A text that is not JSON5, is nested too deeply
/// or holds `NaN` or `Infinity` is one problem, with its line and column.
pub fn load(text: &str, host: Host, environment: Environment<'_>) -> Result<Config, ConfigErrors> {
    if text.len() > MAX_CONFIG_BYTES {
        return Err(ConfigErrors::one(format!(
            "a configuration has at most {MAX_CONFIG_BYTES} bytes"
        )));
    }
    let value = read::json5(text).map_err(ConfigErrors::one)?;
    match value.pointer("/channels/telephony") {
        Some(section) => resolve::resolve(section.clone(), host, environment, HOST_PATH),
        None if value.get("channels").is_some() => Err(ConfigErrors::one(format!(
            "{HOST_PATH} is missing from this OpenClaw configuration"
        ))),
        None => resolve::resolve(value, host, environment, ""),
    }
}

/// Reads the object at `channels.telephony` as a host hands it over.
///
/// # Errors
///
/// [`ConfigErrors`] holds everything that is wrong.
pub fn from_value(
    value: Value,
    host: Host,
    environment: Environment<'_>,
) -> Result<Config, ConfigErrors> {
    resolve::resolve(value, host, environment, "")
}
