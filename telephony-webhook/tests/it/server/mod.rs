//! The server over real sockets.

mod refused;
mod running;
mod slow;
mod taken;
