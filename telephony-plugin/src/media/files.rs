//! Directories and files that only their user can look into.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

/// Makes a directory, and closes it to others.
pub(super) fn make_directory(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(path, fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

/// A file that is not complete yet. It goes when it is dropped, unless it was finished before.
#[derive(Debug)]
pub(super) struct Partial(Option<PathBuf>);

impl Partial {
    /// Makes one, under a name that nobody has.
    pub(super) fn create(path: PathBuf) -> io::Result<(Self, File)> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::OpenOptionsExt as _;
            options.mode(0o600);
        }
        let file = options.open(&path)?;
        Ok((Self(Some(path)), file))
    }

    /// Gives it its name.
    pub(super) fn finish(mut self, name: &Path) -> io::Result<()> {
        if let Some(path) = &self.0 {
            fs::rename(path, name)?;
        }
        self.0 = None;
        Ok(())
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if let Some(path) = self.0.take()
            && let Err(error) = fs::remove_file(&path)
        {
            tracing::warn!(%error, "half a file cannot be removed");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn half_a_file_does_not_stay_and_a_whole_one_is_its_users_alone() {
        let directory = tempfile::tempdir().unwrap();
        let inner = directory.path().join("media");
        make_directory(&inner).unwrap();
        make_directory(&inner).unwrap();
        let (partial, _) = Partial::create(inner.join("1.part")).unwrap();
        assert!(Partial::create(inner.join("1.part")).is_err(), "the name is taken");
        drop(partial);
        assert_eq!(fs::read_dir(&inner).unwrap().count(), 0);
        let (partial, mut file) = Partial::create(inner.join("2.part")).unwrap();
        file.write_all(b"x").unwrap();
        partial.finish(&inner.join("2.png")).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!((mode(&inner), mode(&inner.join("2.png"))), (0o700, 0o600));
        }
        assert_eq!(fs::read(inner.join("2.png")).unwrap(), b"x");
    }
}
