#![doc = include_str!("../README.md")]

mod account;
mod api;
#[cfg(feature = "testing")]
pub mod conformance;
mod connect;
mod error;
mod explain;
mod http;
mod mock;
mod plivo;
mod provider;
mod retry;
mod telnyx;
mod tls;
mod twilio;
mod xml;

pub use account::{AccountProvider, Checked, NumberSettings, SettingNames, Standing, WebhookOwner};
pub use connect::{Connection, connect};
pub use error::{Error, ErrorKind, Outcome};
pub use explain::{Explanation, codes, explain};
pub use http::{MAX_RESPONSE_BYTES, Timeouts, Transport, TransportBuilder, TransportError};
pub use mock::{MockProvider, SentMessage};
pub use plivo::Plivo;
pub use provider::{
    CallDocument, CallSnapshot, Capabilities, MessagingProvider, PlacedCall, Sent, Speech,
    VoiceProvider,
};
pub use retry::RetryPolicy;
pub use telnyx::Telnyx;
pub use tls::tls_configuration;
pub use twilio::Twilio;
