//! Integration tests of the segmenter.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod allocations;
mod cases;
mod hostile;
#[cfg(feature = "nli")]
mod nli;
#[cfg(feature = "pdu")]
mod packing;
#[cfg(feature = "pdu")]
mod pdu;
mod plan;
mod properties;
mod translit;
