//! What a tunnel leaves behind when we are killed, written down before it is there.
//!
//! The next start removes exactly that: a program by its number and its time, an entry of
//! Tailscale's by its path and its target. Nothing is removed that has become something else.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::error::TunnelError;
use super::program;
use super::tailscale::{Mount, unmount};

/// The file in the state directory.
const FILE: &str = "tunnel.json";

/// What there is to be removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub(super) enum Left {
    /// A program that runs.
    Program {
        /// Its number.
        pid: u32,
        /// When it was started.
        started: String,
    },
    /// Entries that Tailscale keeps.
    Mounts {
        /// The public port.
        port: u16,
        /// The entries.
        mounts: Vec<Mount>,
    },
}

/// Where it is written down; nowhere for a server without a state directory.
#[derive(Debug, Clone, Default)]
pub(super) struct Leftovers(Option<PathBuf>);

impl Leftovers {
    pub(super) fn new(state: &Path) -> Self {
        Self(Some(state.join(FILE)))
    }

    /// Writes down what is about to be there, in place of what was.
    pub(super) fn write(&self, left: &Left) -> Result<(), TunnelError> {
        let Some(path) = &self.0 else { return Ok(()) };
        let write = || {
            let text = serde_json::to_vec(left).map_err(io::Error::from)?;
            let new = path.with_extension("new");
            fs::write(&new, text)?;
            fs::File::open(&new)?.sync_all()?;
            fs::rename(&new, path)
        };
        write().map_err(|error| TunnelError::Leftovers(error.kind().to_string()))
    }

    /// Nothing is left.
    pub(super) fn forget(&self) {
        let removed = self.0.as_ref().map(fs::remove_file);
        if let Some(Err(error)) = removed
            && error.kind() != io::ErrorKind::NotFound
        {
            tracing::warn!(%error, "the list of what a tunnel leaves behind cannot be removed");
        }
    }

    /// Removes what an earlier process has left.
    pub(super) async fn remove(&self) -> Result<(), TunnelError> {
        let Some(left) = self.read() else { return Ok(()) };
        tracing::info!("what the last process left of its tunnel is removed");
        match &left {
            Left::Program { pid, started } => program::end_left(*pid, started).await,
            Left::Mounts { port, mounts } => unmount(*port, mounts).await?,
        }
        self.forget();
        Ok(())
    }

    fn read(&self) -> Option<Left> {
        let text = fs::read(self.0.as_ref()?).ok()?;
        // What cannot be read was never written to its end: nothing was started then.
        serde_json::from_slice(&text).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_down_is_read_again_until_it_is_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let leftovers = Leftovers::new(folder.path());
        assert_eq!(leftovers.read(), None);
        leftovers.forget();
        let mount = Mount { path: "/sms".to_owned(), target: "http://127.0.0.1:1/sms".to_owned() };
        let program = Left::Program { pid: 7, started: "noon".to_owned() };
        for left in [program, Left::Mounts { port: 443, mounts: vec![mount] }] {
            leftovers.write(&left).unwrap();
            assert_eq!(leftovers.read(), Some(left));
        }
        leftovers.forget();
        assert_eq!(leftovers.read(), None);
        assert!(
            Leftovers::new(&folder.path().join("gone"))
                .write(&Left::Mounts { port: 1, mounts: vec![] })
                .is_err()
        );
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn a_program_that_has_ended_is_only_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let leftovers = Leftovers::new(folder.path());
        let left = Left::Program { pid: std::process::id(), started: "another time".to_owned() };
        leftovers.write(&left).unwrap();
        leftovers.remove().await.unwrap();
        assert_eq!(leftovers.read(), None);
    }
}
