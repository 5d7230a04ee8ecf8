//! JSON-RPC 2.0 in both directions, one object a line.

mod connection;
mod line;
mod message;

pub use connection::{Connection, ConnectionError, Methods};
pub use line::MAX_LINE_BYTES;
pub use message::{ErrorCode, RpcError};
