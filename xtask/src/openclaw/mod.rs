//! A real OpenClaw for the demonstration and the end-to-end tests: no account, nothing outside of
//! `target/` and this machine.

pub(crate) mod carrier;
mod environment;
mod gateway;
mod http;
mod model;
pub(crate) mod progress;

pub(crate) use self::carrier::Carrier;
pub(crate) use self::environment::Environment;
pub(crate) use self::gateway::{Gateway, signal};
pub(crate) use self::http::is_healthy;
pub(crate) use self::model::{FRIEND, Model};
