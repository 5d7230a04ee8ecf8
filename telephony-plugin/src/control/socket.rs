//! The socket that a running server listens at, for its user alone.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::rpc::{Connection, Methods};

/// How long is waited after no connection could be accepted.
const PAUSE: Duration = Duration::from_millis(50);

/// A socket in the file system, which is removed when this is dropped.
#[derive(Debug)]
pub struct ControlSocket {
    listener: UnixListener,
    path: PathBuf,
}

impl ControlSocket {
    /// Listens at `path`. Whoever calls this owns the state directory, so what is there is what a
    /// process left that was killed.
    ///
    /// # Errors
    ///
    /// When the file cannot be made, or not be closed to others.
    pub fn bind(path: &Path) -> io::Result<Self> {
        use std::os::unix::fs::PermissionsExt as _;
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(path)?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))?;
        Ok(Self { listener, path: path.to_owned() })
    }

    async fn accept(&self) -> Option<UnixStream> {
        match self.listener.accept().await {
            Ok((stream, _)) => Some(stream),
            Err(error) => {
                tracing::warn!(%error, "the control socket");
                tokio::time::sleep(PAUSE).await;
                None
            }
        }
    }

    /// Answers until `stop` becomes true.
    pub async fn run(self, methods: Arc<dyn Methods>, mut stop: watch::Receiver<bool>) {
        let mut connections = JoinSet::new();
        loop {
            while connections.try_join_next().is_some() {}
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return,
                accepted = self.accept() => {
                    if let Some(stream) = accepted {
                        connections.spawn(serve(stream, Arc::clone(&methods)));
                    }
                }
            }
        }
    }
}

impl Drop for ControlSocket {
    fn drop(&mut self) {
        // A file that is left over is replaced by the next owner.
        let _ = std::fs::remove_file(&self.path);
    }
}

async fn serve(stream: UnixStream, methods: Arc<dyn Methods>) {
    let (input, output) = stream.into_split();
    let (_connection, run) = Connection::new(input, output, methods);
    if let Err(error) = run.await {
        tracing::debug!(%error, "a command's connection broke off");
    }
}
