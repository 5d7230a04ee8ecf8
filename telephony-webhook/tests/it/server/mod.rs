//! The server over real sockets.

mod assets;
mod refused;
mod running;
mod slow;
mod taken;
