//! Pictures and files, both ways: fetched from the carrier, and hosted for it.
//!
//! Neither trusts what a file is said to be: what counts are its first bytes, and what is no
//! picture, sound, video or plain document goes neither way.

mod brought;
pub mod fetch;
mod files;
pub mod host;
mod kind;

use std::io;
use std::path::Path;
use std::sync::Arc;

use telephony_core::{Clock, Entropy};
use thiserror::Error;

pub(crate) use self::brought::Brought;
pub use self::brought::BroughtFile;
use self::fetch::{Fetcher, SetUpError};
use self::host::MediaStore;
pub use self::kind::Family;

/// Where files come from and go to, in directories of one state directory.
#[derive(Debug, Clone)]
pub struct Media {
    /// Fetches what came with a message.
    pub fetcher: Arc<Fetcher>,
    /// Hosts what goes along with one.
    pub store: MediaStore,
}

/// Why there is no place for files.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum MediaError {
    /// The directory of hosted files cannot be used.
    #[error("the directory of files for carriers cannot be used")]
    Directory(#[source] io::Error),
    /// Nor that of fetched ones, or the HTTP client.
    #[error(transparent)]
    SetUp(#[from] SetUpError),
}

impl Media {
    /// Files in `state`.
    ///
    /// # Errors
    ///
    /// [`MediaError`] says what cannot be used.
    pub fn open(
        state: &Path,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> Result<Self, MediaError> {
        let fetcher = Arc::new(Fetcher::new(&state.join("media-in"), Arc::clone(&entropy))?);
        let store = MediaStore::open(&state.join("media-out"), clock, entropy);
        Ok(Self { fetcher, store: store.map_err(MediaError::Directory)? })
    }
}
