//! Integration tests of the clients, against stand-ins for the carriers' APIs.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod account;
mod bad_answers;
mod canary;
mod carrier;
mod codes;
mod conformance;
mod openapi;
mod requests;
mod sockets;
