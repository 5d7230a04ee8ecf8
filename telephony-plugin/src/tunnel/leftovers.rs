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
        /// The machine's name at that time: Tailscale keeps them by it.
        name: String,
        /// The public port.
        port: u16,
        /// The entries.
        mounts: Vec<Mount>,
    },
}

/// Where the list of it is; nowhere for a server without a state directory.
#[derive(Debug, Clone, Default)]
pub(super) struct Leftovers(Option<PathBuf>);

impl Left {
    /// Removes it; an error as long as any of it is there.
    pub(super) async fn remove(&self) -> Result<(), TunnelError> {
        match self {
            Self::Program { pid, started } => program::end_left(*pid, started).await,
            Self::Mounts { name, port, mounts } => unmount(name, *port, mounts).await,
        }
    }
}

impl Leftovers {
    pub(super) fn new(state: &Path) -> Self {
        Self(Some(state.join(FILE)))
    }

    /// Writes down what is about to be there, beside what could not be removed.
    pub(super) fn add(&self, left: &Left) -> Result<(), TunnelError> {
        let mut all = self.read()?;
        if all.contains(left) {
            return Ok(());
        }
        all.push(left.clone());
        self.write(&all)
    }

    /// It is there no more.
    pub(super) fn forget(&self, left: &Left) {
        let forget = || {
            let mut all = self.read()?;
            all.retain(|other| other != left);
            self.write(&all)
        };
        if let Err(error) = forget() {
            tracing::warn!(%error, "the list of what a tunnel leaves behind is too long now");
        }
    }

    /// Removes what an earlier process has left; the first error, when some of it is still there.
    pub(super) async fn remove(&self) -> Result<(), TunnelError> {
        let mut result = Ok(());
        for left in self.read()? {
            tracing::info!("what the last process left of its tunnel is removed");
            match left.remove().await {
                Ok(()) => self.forget(&left),
                Err(error) => result = result.and(Err(error)),
            }
        }
        result
    }

    fn read(&self) -> Result<Vec<Left>, TunnelError> {
        let Some(path) = &self.0 else { return Ok(Vec::new()) };
        match fs::read(path) {
            // What cannot be understood was never written to its end: nothing was started then.
            Ok(text) => Ok(serde_json::from_slice(&text).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(TunnelError::Leftovers(error.kind().to_string())),
        }
    }

    fn write(&self, all: &[Left]) -> Result<(), TunnelError> {
        let Some(path) = &self.0 else { return Ok(()) };
        let write = || {
            if all.is_empty() {
                return match fs::remove_file(path) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
                    _ => Ok(()),
                };
            }
            let text = serde_json::to_vec(all).map_err(io::Error::from)?;
            let new = path.with_extension("new");
            fs::write(&new, text)?;
            fs::File::open(&new)?.sync_all()?;
            fs::rename(&new, path)
        };
        write().map_err(|error| TunnelError::Leftovers(error.kind().to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mounts(port: u16) -> Left {
        let mount = Mount { path: "/sms".to_owned(), target: "http://127.0.0.1:1/sms".to_owned() };
        Left::Mounts { name: "box.tail1.ts.net".to_owned(), port, mounts: vec![mount] }
    }

    #[test]
    fn what_is_written_down_is_read_again_until_it_is_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let leftovers = Leftovers::new(folder.path());
        assert_eq!(leftovers.read().unwrap(), []);
        let program = Left::Program { pid: 7, started: "noon".to_owned() };
        let all = [program.clone(), mounts(443), mounts(8443)];
        for left in all.iter().chain(&all) {
            leftovers.add(left).unwrap();
        }
        assert_eq!(leftovers.read().unwrap(), all);
        leftovers.forget(&mounts(443));
        assert_eq!(leftovers.read().unwrap(), [program, mounts(8443)]);
        all.iter().for_each(|left| leftovers.forget(left));
        assert_eq!(leftovers.read().unwrap(), []);
        assert!(Leftovers::new(&folder.path().join("gone")).add(&mounts(1)).is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[tokio::test]
    async fn a_program_that_has_ended_is_only_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let leftovers = Leftovers::new(folder.path());
        let left = Left::Program { pid: std::process::id(), started: "another time".to_owned() };
        leftovers.add(&left).unwrap();
        leftovers.remove().await.unwrap();
        assert_eq!(leftovers.read().unwrap(), []);
    }
}
