//! What the `telephony` binary is made of.

mod carrier;
pub mod cli;
#[cfg(unix)]
pub mod control;
pub mod database;
#[cfg(unix)]
mod demo;
#[cfg(unix)]
pub mod doctor;
pub mod handler;
pub mod host;
pub mod logging;
pub mod markdown;
pub mod media;
pub mod metrics;
pub mod outbound;
mod report;
pub mod rpc;
#[cfg(unix)]
pub mod serve;
pub mod service;
pub mod simulate;
pub mod sql;
pub mod state;
#[cfg(unix)]
pub mod store;
#[cfg(unix)]
pub mod tunnel;
mod urls;
