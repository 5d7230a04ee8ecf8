//! The tests of the crate as its users see it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub
)]

mod delivery;
mod forwarded;
mod inbox;
mod inbox_model;
mod parse;
mod plivo;
mod postgres;
mod properties;
mod server;
mod sign;
mod signer;
mod telnyx;
mod twilio;
mod unsigned;
mod vectors;
