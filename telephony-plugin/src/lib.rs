//! What the `telephony` binary is made of.

pub mod cli;
pub mod logging;
