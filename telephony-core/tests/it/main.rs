//! Integration tests of the domain types and the configuration.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod config;
mod delivery;
mod phone;
mod sender;
mod serialised;
