//! The state directory: everything a server keeps, owned by one process at a time.

mod lock;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use telephony_core::config::{Config, Database};
use thiserror::Error;

use crate::database::Place;

pub(crate) use lock::try_lock;
pub use lock::{Lock, LockError, Owner};

/// The variable that names the state directory.
pub const VARIABLE: &str = "TELEPHONY_STATE_DIR";

/// A directory that only its user can look into.
#[derive(Debug, Clone)]
pub struct StateDirectory(PathBuf);

/// Why there is no state directory.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StateError {
    /// Neither a flag nor the environment says where it is.
    #[error("there is no home directory to keep state in: set --state-dir or {VARIABLE}")]
    NoHome,
    /// It cannot be made, or not be kept from others.
    #[error("the state directory {} cannot be made, or not be closed to others", .0.display())]
    Make(PathBuf, #[source] io::Error),
}

impl StateDirectory {
    /// The directory that is named, or `$TELEPHONY_STATE_DIR`, or `telephony` in
    /// `$XDG_STATE_HOME`, or `~/.local/state/telephony`. It is not made yet.
    ///
    /// # Errors
    ///
    /// [`StateError::NoHome`] when none of them is known.
    pub fn find(named: Option<&Path>) -> Result<Self, StateError> {
        let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        let path = match named {
            Some(path) => path.to_owned(),
            None => variable(VARIABLE)
                .map(PathBuf::from)
                .or_else(|| variable("XDG_STATE_HOME").map(|p| PathBuf::from(p).join("telephony")))
                .or_else(|| {
                    variable("HOME").map(|p| PathBuf::from(p).join(".local/state/telephony"))
                })
                .ok_or(StateError::NoHome)?,
        };
        Ok(Self(path))
    }

    /// Makes the directory, open to its user alone.
    ///
    /// # Errors
    ///
    /// [`StateError::Make`] when that fails.
    pub fn make(&self) -> Result<(), StateError> {
        let make = || {
            fs::create_dir_all(&self.0)?;
            close_to_others(&self.0)
        };
        make().map_err(|error| StateError::Make(self.0.clone(), error))
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The database file.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.0.join("telephony.db")
    }

    /// Where a configuration has everything kept: here, unless it names another place.
    #[must_use]
    pub fn database_of(&self, config: &Config) -> Place {
        match &config.database {
            Database::Sqlite(path) => Place::File(path.clone()),
            Database::Postgres(url) => Place::Server(url.clone()),
            _ => Place::File(self.database()),
        }
    }
}

#[cfg(unix)]
fn close_to_others(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(0o700))
}

#[cfg(not(unix))]
fn close_to_others(_: &Path) -> io::Result<()> {
    Ok(())
}
