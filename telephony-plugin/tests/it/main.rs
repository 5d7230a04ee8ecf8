//! Integration tests that drive the real `telephony` binary.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    unreachable_pub,
    reason = "a test fails by panicking"
)]

#[cfg(unix)]
mod away;
#[cfg(unix)]
mod client;
#[cfg(unix)]
mod crash;
#[cfg(unix)]
mod demo;
#[cfg(unix)]
mod docs;
#[cfg(unix)]
mod doctor;
#[cfg(unix)]
mod faults;
#[cfg(unix)]
mod gateway;
#[cfg(unix)]
mod load;
#[cfg(unix)]
mod metrics;
#[cfg(unix)]
mod nodes;
#[cfg(unix)]
mod outside;
#[cfg(unix)]
mod redaction;
#[cfg(unix)]
mod rpc;
#[cfg(unix)]
mod running;
#[cfg(unix)]
mod seed;
mod segment;
mod send;
#[cfg(unix)]
mod serve;
#[cfg(unix)]
mod simulate;
#[cfg(unix)]
mod storage;
#[cfg(unix)]
mod store;
#[cfg(unix)]
mod strangers;
#[cfg(unix)]
mod tunnels;
mod verify;
#[cfg(unix)]
mod voice;
