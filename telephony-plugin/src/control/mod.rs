//! How commands reach the server that owns a state directory, and do its work while none runs.

mod client;
mod live;
mod records;
mod socket;

pub use self::client::{ControlError, Kept, ask};
pub use self::live::Live;
pub(crate) use self::live::{call_failed, refused};
pub use self::records::Records;
pub(crate) use self::records::read;
pub use self::socket::ControlSocket;
