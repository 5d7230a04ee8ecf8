//! The sidecar: what the gateway's shim and this process say to each other.

pub mod protocol;
