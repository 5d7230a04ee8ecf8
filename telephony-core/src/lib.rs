#![doc = include_str!("../README.md")]

mod call;
mod clock;
pub mod config;
mod delivery;
mod entropy;
mod event;
mod id;
mod message;
mod phone;
mod provider;
mod secret;
mod sender;
mod time;

pub use call::{CallContent, CallRequest, CallState, CallStatus, CallUpdate, MachineDetection};
#[cfg(any(test, feature = "testing"))]
pub use clock::ManualClock;
pub use clock::{Clock, SystemClock};
pub use delivery::{
    Applied, CarrierCode, DeliveryState, DeliveryUpdate, MessageStatus, Order, StatusReport,
};
#[cfg(any(test, feature = "testing"))]
pub use entropy::SeededEntropy;
pub use entropy::{Entropy, EntropyError, OsEntropy, Token};
pub use event::Event;
pub use id::{
    AccountId, CallId, IdError, IdempotencyKey, MAX_ID_BYTES, MessageId, ProviderCallId,
    ProviderMessageId,
};
pub use message::{
    Body, HttpUrl, InboundMedia, InboundMessage, MAX_MEDIA, MessageError, OptOut, OutboundMessage,
    OutboundMessageBuilder, UrlError,
};
pub use phone::{MAX_DIGITS, MIN_DIGITS, PhoneNumber, PhoneNumberError};
pub use provider::{ProviderKind, UnknownProvider};
pub use secret::Secret;
pub use sender::{MAX_NAME_CHARACTERS, Sender, SenderError, SenderName, ShortCode};
pub use time::{Timestamp, TimestampError};
