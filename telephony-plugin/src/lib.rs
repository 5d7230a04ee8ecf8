//! What the `telephony` binary is made of.

pub mod cli;
pub mod handler;
pub mod logging;
mod report;
pub mod rpc;
pub mod state;
