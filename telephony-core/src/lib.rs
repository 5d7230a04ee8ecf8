#![doc = include_str!("../README.md")]

mod call;
mod clock;
pub mod config;
mod delivery;
mod ed25519;
mod entropy;
mod event;
mod id;
mod message;
mod phone;
mod provider;
mod report;
mod secret;
mod sender;
mod time;
mod url;

pub use call::{
    CallContent, CallRequest, CallState, CallStatus, CallStep, CallUpdate, ClientState,
    MachineDetection,
};
#[cfg(any(test, feature = "testing"))]
pub use clock::ManualClock;
pub use clock::{Clock, SystemClock};
pub use delivery::{Applied, DeliveryState, DeliveryUpdate, MessageStatus};
pub use ed25519::{Ed25519PublicKey, Ed25519PublicKeyError};
#[cfg(any(test, feature = "testing"))]
pub use entropy::SeededEntropy;
pub use entropy::{Entropy, EntropyError, OsEntropy, Token};
pub use event::Event;
pub use id::{
    AccountId, CallId, IdError, IdempotencyKey, MAX_ID_BYTES, MessageId, ProviderCallId,
    ProviderMessageId, Reference,
};
pub use message::{
    Body, InboundMedia, InboundMessage, MAX_MEDIA, MessageError, OptOut, OutboundMessage,
    OutboundMessageBuilder,
};
pub use phone::{MAX_DIGITS, MIN_DIGITS, PhoneNumber, PhoneNumberError};
pub use provider::{ProviderKind, UnknownProvider};
pub use report::{
    CarrierCode, MAX_CODE_BYTES, MAX_RAW_STATUS_BYTES, Order, RawStatus, StatusReport,
};
pub use secret::Secret;
pub use sender::{MAX_NAME_CHARACTERS, Sender, SenderError, SenderName, ShortCode};
pub use time::{Timestamp, TimestampError};
pub use url::{HttpUrl, UrlError};
