//! A file that is being written under a name of its own, and is there under its real one only when
//! it is whole and on disk.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use super::FileError;
use super::look::beside;

/// Removes what it is about unless it was put in place.
#[derive(Debug)]
pub(super) struct Partial {
    path: PathBuf,
    /// The absolute path as text, which is how SQLite takes it.
    text: String,
}

impl Partial {
    /// An empty file beside `file`, for its owner alone, under a name that no other process has.
    pub(super) fn beside(file: &Path) -> Result<Self, FileError> {
        let absolute = std::path::absolute(file).map_err(FileError::write(file))?;
        let path = beside(&absolute, &format!(".{}.partial", std::process::id()));
        let Some(text) = path.to_str().map(str::to_owned) else {
            return Err(FileError::Path(path));
        };
        let make = || {
            remove(&path)?;
            let mut options = OpenOptions::new();
            options.write(true).create_new(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            options.open(&path)
        };
        make().map_err(FileError::write(file))?;
        Ok(Self { path, text })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Has all of it be on disk.
    pub(super) fn sync(&self) -> Result<(), FileError> {
        let sync = || File::open(&self.path)?.sync_all();
        sync().map_err(FileError::write(&self.path))
    }

    /// Puts it in place of `file`, in one step.
    pub(super) fn put(self, file: &Path) -> Result<(), FileError> {
        let put = || {
            std::fs::rename(&self.path, file)?;
            sync_folder(file)
        };
        put().map_err(FileError::write(file))
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        // One that stays is in nobody's way.
        for suffix in ["", "-wal", "-shm", "-journal"] {
            let _ = remove(&beside(&self.path, suffix));
        }
    }
}

/// Removes a file that may be there.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Has the names in a file's folder be on disk.
pub(super) fn sync_folder(file: &Path) -> io::Result<()> {
    let absolute = std::path::absolute(file)?;
    absolute.parent().map_or(Ok(()), |folder| File::open(folder)?.sync_all())
}
