//! The lock that makes one process the owner of a state directory, and says which one it is.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::StateDirectory;

/// The most bytes of a path that a Unix socket can have (`sockaddr_un`, less what differs between
/// systems).
const MAX_SOCKET_PATH: usize = 100;

/// The most bytes of a lock file that are read.
const MAX_LOCK_BYTES: u64 = 4096;

/// Holds a state directory until it is dropped, or the process ends in any way.
#[derive(Debug)]
pub struct Lock {
    /// The operating system takes the lock back when this is closed.
    _file: File,
    owner: Owner,
}

/// The process that owns a state directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Owner {
    /// Its process id.
    pub pid: u32,
    /// Where it can be spoken to.
    pub socket: PathBuf,
}

/// Why a state directory cannot be had.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LockError {
    /// Another process has it.
    #[error("another telephony process{} owns this state directory", pid(.0.as_ref()))]
    Owned(Option<Owner>),
    /// The lock file cannot be used.
    #[error("the lock file of the state directory cannot be used")]
    File(#[from] io::Error),
}

impl Lock {
    /// Becomes the owner of a state directory that has been made.
    ///
    /// # Errors
    ///
    /// [`LockError::Owned`] says who owns it.
    pub fn acquire(state: &StateDirectory) -> Result<Self, LockError> {
        let path = path(state);
        let mut file = match try_lock(&path) {
            Ok(file) => file,
            Err(TryLockError::WouldBlock) => return Err(LockError::Owned(read(&mut open(&path)?))),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        };
        let owner = Owner { pid: std::process::id(), socket: socket(state) };
        let text = serde_json::to_vec(&owner).map_err(io::Error::from)?;
        file.set_len(0)?;
        file.rewind()?;
        file.write_all(&text)?;
        Ok(Self { _file: file, owner })
    }

    /// Who owns a state directory now.
    ///
    /// # Errors
    ///
    /// When the lock file is there and cannot be read.
    pub fn owner(state: &StateDirectory) -> io::Result<Option<Owner>> {
        let mut file = match File::open(path(state)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        match file.try_lock_shared() {
            Ok(()) => Ok(None),
            Err(TryLockError::WouldBlock) => Ok(read(&mut file)),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// What the lock file says of us.
    #[must_use]
    pub const fn own(&self) -> &Owner {
        &self.owner
    }
}

fn path(state: &StateDirectory) -> PathBuf {
    state.path().join("telephony.lock")
}

/// A file that is locked until it is closed, made where there is none.
pub(crate) fn try_lock(path: &Path) -> Result<File, TryLockError> {
    let file = open(path).map_err(TryLockError::Error)?;
    file.try_lock()?;
    Ok(file)
}

fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn read(file: &mut File) -> Option<Owner> {
    let mut text = Vec::new();
    file.rewind().ok()?;
    file.take(MAX_LOCK_BYTES).read_to_end(&mut text).ok()?;
    serde_json::from_slice(&text).ok()
}

/// In the state directory, or, where its path is too long for a socket, in the one for temporary
/// files under a name that nobody can guess a second time.
fn socket(state: &StateDirectory) -> PathBuf {
    let inside = state.path().join("control.sock");
    if inside.as_os_str().len() <= MAX_SOCKET_PATH {
        inside
    } else {
        std::env::temp_dir().join(format!("telephony-{}.sock", std::process::id()))
    }
}

fn pid(owner: Option<&Owner>) -> String {
    owner.map(|owner| format!(" (pid {})", owner.pid)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_at_a_time_and_the_other_hears_who() {
        let folder = tempfile::tempdir().unwrap();
        let state = StateDirectory::find(Some(&folder.path().join("deep/state"))).unwrap();
        state.make().unwrap();
        assert_eq!(Lock::owner(&state).unwrap(), None);
        let lock = Lock::acquire(&state).unwrap();
        assert_eq!(Lock::owner(&state).unwrap().as_ref(), Some(lock.own()));
        let error = Lock::acquire(&state).unwrap_err();
        let pid = std::process::id().to_string();
        assert!(error.to_string().contains(&format!("(pid {pid})")), "{error}");
        drop(lock);
        assert_eq!(Lock::owner(&state).unwrap(), None);
        Lock::acquire(&state).unwrap();
    }

    #[test]
    #[cfg(unix)]
    fn only_its_user_can_look_into_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let state = StateDirectory::find(Some(&folder.path().join("state"))).unwrap();
        state.make().unwrap();
        let lock = Lock::acquire(&state).unwrap();
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(state.path()), 0o700);
        assert_eq!(mode(&path(&state)), 0o600);
        drop(lock);
    }
}
