//! Why a file is not taken as a database of ours, or cannot be written.

use std::io;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;
use telephony_webhook::OpenError;
use thiserror::Error;

/// What is wrong with a file.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FileError {
    /// It is not there.
    #[error("{} is not there: name another file, or the --state-dir or --config of the server", .0.display())]
    Missing(PathBuf),
    /// It is something else.
    #[error("{} is no database of this program: name a copy that `telephony store backup` made", .0.display())]
    Foreign(PathBuf),
    /// A newer version of this program made it.
    #[error(transparent)]
    Newer(OpenError),
    /// It has tables that only a newer version of this program can have made.
    #[error(
        "a newer version of this program made {}: it has `{name}` tables, which this one does not \
         know: use the newer program, or put a copy from before back",
        .file.display()
    )]
    Unknown {
        /// The file.
        file: PathBuf,
        /// Whose tables.
        name: String,
    },
    /// It is damaged.
    #[error("{} is damaged: use another copy: {why}", .file.display())]
    Damaged {
        /// The file.
        file: PathBuf,
        /// What SQLite found first.
        why: String,
    },
    /// There is a file already where a copy is to be.
    #[error("{} is there already: name another file, or add --overwrite", .0.display())]
    Exists(PathBuf),
    /// A copy would replace what it is made of.
    #[error("{} is the database itself: name another file", .0.display())]
    Itself(PathBuf),
    /// A path that SQLite does not take.
    #[error("{} is no path in UTF-8: name another file", .0.display())]
    Path(PathBuf),
    /// A server may write it.
    #[error("{}: another process has the database open: stop it first", .0.display())]
    Held(PathBuf),
    /// SQLite fails for another reason.
    #[error("{} cannot be read", .file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// What SQLite says.
        #[source]
        source: rusqlite::Error,
    },
    /// It cannot be made up to date.
    #[error(transparent)]
    Open(OpenError),
    /// The system refuses it.
    #[error("{} cannot be written", .file.display())]
    Write {
        /// The file.
        file: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
}

impl FileError {
    /// Whether it is of what is in the file, which then is no use to anybody.
    pub(super) fn is_damage(&self) -> bool {
        match self {
            Self::Foreign(_) | Self::Damaged { .. } => true,
            Self::Read { source, .. } => {
                source.sqlite_error_code() == Some(ErrorCode::SystemIoFailure)
            }
            _ => false,
        }
    }

    /// What SQLite's error says of a file that is read.
    pub(super) fn read(file: &Path, source: rusqlite::Error) -> Self {
        let path = file.to_owned();
        match source.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => Self::Foreign(path),
            Some(ErrorCode::DatabaseCorrupt) => {
                Self::Damaged { file: path, why: source.to_string() }
            }
            _ => Self::Read { file: path, source },
        }
    }

    /// What SQLite's error says of a file that is copied, which may be about the copy.
    pub(super) fn copy(from: &Path, to: &Path, source: rusqlite::Error) -> Self {
        match source.sqlite_error_code() {
            Some(ErrorCode::DiskFull | ErrorCode::SystemIoFailure | ErrorCode::CannotOpen) => {
                Self::Write { file: to.to_owned(), source: io::Error::other(source) }
            }
            _ => Self::read(from, source),
        }
    }

    pub(super) fn write(file: &Path) -> impl FnOnce(io::Error) -> Self + '_ {
        |source| Self::Write { file: file.to_owned(), source }
    }
}
