//! A way to a server that is cut just when a transaction is committed.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use telephony_core::Secret;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::done;

/// What commits, as the protocol sends it.
const COMMIT: &[u8] = b"COMMIT\0";

const NEVER: u8 = 0;
const BEFORE: u8 = 1;
const AFTER: u8 = 2;

/// A way to a server, over which one commit can be lost, or the answer to it.
#[derive(Debug)]
pub struct Cut {
    next: Arc<AtomicU8>,
    relay: Mutex<JoinHandle<()>>,
}

impl Cut {
    /// A way to the server of `url`, and the URL of it.
    ///
    /// # Panics
    ///
    /// When the URL is not one of a [`TestServer`](super::TestServer).
    pub async fn to(url: &Secret) -> (Secret, Self) {
        let config: tokio_postgres::Config = done(url.expose().parse());
        let ports = config.get_ports();
        let port = *done(ports.first().ok_or("the URL has a port"));
        let listener = done(TcpListener::bind("127.0.0.1:0").await);
        let own = done(listener.local_addr()).port();
        let changed = url.expose().replace(&format!(":{port}/"), &format!(":{own}/"));
        let next = Arc::<AtomicU8>::default();
        let relay = tokio::spawn(accept(listener, port, Arc::clone(&next)));
        (Secret::new(changed), Self { next, relay: Mutex::new(relay) })
    }

    /// The next commit does not reach the server.
    pub fn before_commit(&self) {
        self.next.store(BEFORE, Ordering::SeqCst);
    }

    /// The next commit is done, and nobody hears it.
    pub fn after_commit(&self) {
        self.next.store(AFTER, Ordering::SeqCst);
    }

    /// Whether it has not come to that yet.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.next.load(Ordering::SeqCst) != NEVER
    }
}

impl Drop for Cut {
    fn drop(&mut self) {
        self.relay.lock().unwrap_or_else(PoisonError::into_inner).abort();
    }
}

async fn accept(listener: TcpListener, port: u16, next: Arc<AtomicU8>) {
    while let Ok((client, _)) = listener.accept().await {
        let next = Arc::clone(&next);
        tokio::spawn(async move { relay(client, port, &next).await });
    }
}

/// Passes on what either side says, until one of them has nothing more to say or it is cut.
async fn relay(mut client: TcpStream, port: u16, next: &AtomicU8) -> std::io::Result<()> {
    let mut server = TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], port))).await?;
    let (mut asked, mut answered) = ([0; 16 * 1024], [0; 16 * 1024]);
    loop {
        tokio::select! {
            read = client.read(&mut asked) => {
                let asked = asked.get(..read?).unwrap_or_default();
                if asked.is_empty() {
                    return Ok(());
                }
                let is_commit = asked.windows(COMMIT.len()).any(|some| some == COMMIT);
                let cut = if is_commit { next.swap(NEVER, Ordering::SeqCst) } else { NEVER };
                if cut != BEFORE {
                    server.write_all(asked).await?;
                }
                if cut == AFTER {
                    // It answers once it is done.
                    server.readable().await?;
                }
                if cut != NEVER {
                    return Ok(());
                }
            }
            read = server.read(&mut answered) => {
                let answered = answered.get(..read?).unwrap_or_default();
                if answered.is_empty() {
                    return Ok(());
                }
                client.write_all(answered).await?;
            }
        }
    }
}
