//! The sidecar: the channel inside a gateway, which decides who may talk and answers by itself.

mod challenges;
mod command;
mod doctor;
mod gate;
mod needs;
mod news;
pub mod protocol;
mod roots;
mod sends;
mod shown;
mod sidecar;
mod start;
mod status;
mod surfaces;
mod tool;
mod tunnel;
mod turns;
mod vectors;
mod watch;

pub use self::challenges::Challenges;
pub use self::gate::HostGate;
pub use self::sidecar::{Connect, Sidecar};
pub use self::surfaces::{document, surfaces, surfaces_hash};
pub use self::tunnel::TunnelStatus;
pub use self::turns::HostAgent;
