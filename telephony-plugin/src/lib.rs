//! What the `telephony` binary is made of.

pub mod cli;
pub mod database;
pub mod handler;
pub mod logging;
pub mod outbound;
mod report;
pub mod rpc;
pub mod service;
pub mod state;
