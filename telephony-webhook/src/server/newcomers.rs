//! The end of listening. When a listener is closed, the system resets connections that it made in
//! our name and that we have not accepted yet, and their clients do not know whether what they sent
//! was taken. So on Linux it is told first to make no more of them.

use tokio::net::TcpListener;

/// Lets nobody begin a connection any more, while those that have begun may finish it. Who begins
/// one now hears nothing, tries again after a second, as TCP does, and is refused by then.
#[cfg(target_os = "linux")]
pub(super) fn turn_away(listener: &TcpListener) {
    use socket2::{SockFilter, SockRef};

    // Classic BPF, on packets that begin with the TCP header: the flags are its byte 13, and the
    // second bit of them is SYN, which only a client's first packet has.
    let filter = [
        SockFilter::new(0x30, 0, 0, 13),       // load the flags
        SockFilter::new(0x45, 0, 1, 0x02),     // unless SYN is among them, skip one
        SockFilter::new(0x06, 0, 0, 0),        // drop the packet
        SockFilter::new(0x06, 0, 0, u32::MAX), // take the packet
    ];
    if let Err(error) = SockRef::from(listener).attach_filter(&filter) {
        tracing::debug!(%error, "connections that begin now may be reset");
    }
}

#[cfg(not(target_os = "linux"))]
pub(super) fn turn_away(_: &TcpListener) {}
