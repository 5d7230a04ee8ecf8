//! Pictures and files that carriers fetch from our own server.
//!
//! What is hosted is a copy, under a name that nobody guesses, for [`LIFETIME`] and no longer. The
//! names that are asked for are looked up in a table, never on the disk.

mod error;
mod limits;
mod opened;
mod shrink;
#[cfg(test)]
mod tests;
mod urls;

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use telephony_core::{Clock, Entropy, Timestamp, Token};
use telephony_webhook::{Asset, Assets};

pub use self::error::HostError;
pub use self::limits::MediaLimits;
use self::opened::Opened;
pub use self::urls::{MediaUrls, check_url};
use super::files::{self, Partial};
use super::kind::Kind;
use crate::urls::MEDIA_SEGMENT;

/// How long a file is hosted. Carriers fetch within seconds, and once more when that fails.
pub const LIFETIME: Duration = Duration::from_secs(10 * 60);

/// The most files that are hosted at once.
pub const MAX_FILES: usize = 1_000;

/// The files that are hosted. Clones share them.
#[derive(Debug, Clone)]
pub struct MediaStore(Arc<Store>);

#[derive(Debug)]
struct Store {
    directory: PathBuf,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    /// What is hosted, by the name that is asked for, and until when.
    files: Mutex<HashMap<String, Timestamp>>,
    /// Held while a picture is made smaller: one at a time, since each takes its memory.
    shrinking: Mutex<()>,
}

/// What is to be hosted.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source {
    /// A file of this machine, by its absolute path.
    File(PathBuf),
    /// What a file would hold.
    Bytes(Vec<u8>),
}

/// A file that is hosted.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Hosted {
    /// Its name, as the end of its URL: who knows it can fetch it.
    name: String,
    /// What it is, as its first bytes say.
    pub content_type: &'static str,
    /// How many bytes it has.
    pub bytes: u64,
    /// When it goes.
    pub until: Timestamp,
}

impl MediaStore {
    /// Opens the store in `directory`, which is made and closed to others. What an earlier process
    /// hosted is hosted on; everything else that lies there is removed.
    ///
    /// # Errors
    ///
    /// When the directory cannot be made or read.
    pub fn open(
        directory: &Path,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
    ) -> io::Result<Self> {
        files::make_directory(directory)?;
        let now = clock.now();
        let mut hosted = HashMap::new();
        for entry in fs::read_dir(directory)? {
            let entry = entry?;
            let kept = entry.file_name().to_str().and_then(read_name);
            let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
            match kept {
                // One that stays longer than any may is from a clock that went wrong.
                Some((name, until))
                    if is_file && now < until && until <= now.saturating_add(LIFETIME) =>
                {
                    hosted.insert(name, until);
                }
                _ if is_file => fs::remove_file(entry.path())?,
                _ => tracing::warn!("something that is no file lies among the hosted files"),
            }
        }
        let (directory, files) = (directory.to_owned(), Mutex::new(hosted));
        Ok(Self(Arc::new(Store { directory, clock, entropy, files, shrinking: Mutex::default() })))
    }

    /// Hosts everything that one message is to carry, in order; or nothing of it, when a part
    /// cannot be. A picture that is too large is made smaller, everything else is hosted as it is.
    ///
    /// # Errors
    ///
    /// [`HostError`] says what is wrong with it, and what can be done.
    pub async fn host(
        &self,
        sources: Vec<Source>,
        limits: MediaLimits,
    ) -> Result<Vec<Hosted>, HostError> {
        limits.check_count(sources.len())?;
        let store = Arc::clone(&self.0);
        // Files are read and written, and what is named may be slow to read.
        let hosted = tokio::task::spawn_blocking(move || store.host_all(sources, &limits)).await;
        hosted.unwrap_or_else(|_| Err(HostError::Store(io::Error::other("the copying stopped"))))
    }

    /// Takes a file back before its time, as when its message is not sent.
    pub fn withdraw(&self, hosted: &Hosted) {
        self.0.withdraw(&hosted.name);
    }

    /// Removes what has had its time. Returns how many files there were.
    pub async fn sweep(&self) -> usize {
        let store = Arc::clone(&self.0);
        tokio::task::spawn_blocking(move || store.sweep()).await.unwrap_or(0)
    }
}

#[async_trait]
impl Assets for MediaStore {
    /// Whatever stands before it: who knows the name was told it, and paths of webhooks change.
    fn name<'a>(&self, path: &'a str) -> Option<&'a str> {
        path.rsplit_once(MEDIA_SEGMENT).map(|(_, name)| name).filter(|name| !name.contains('/'))
    }

    async fn find(&self, name: &str) -> Option<Asset> {
        let path = self.0.path_of(name)?;
        let kind = Kind::of_extension(path.extension()?.to_str()?)?;
        let opened = tokio::task::spawn_blocking(move || {
            let file = File::open(path)?;
            let length = file.metadata()?.len();
            Ok::<_, io::Error>((file, length))
        });
        match opened.await.ok()? {
            Ok((file, length)) => Some(Asset { content_type: kind.content_type, length, file }),
            Err(error) => {
                tracing::error!(%error, "a hosted file cannot be opened");
                None
            }
        }
    }
}

impl Store {
    /// A panic while it was held left a whole table.
    fn files(&self) -> MutexGuard<'_, HashMap<String, Timestamp>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where the file is that is hosted under a name now.
    fn path_of(&self, name: &str) -> Option<PathBuf> {
        // The key of the table, and not what was asked for, becomes the name of a file.
        let files = self.files();
        let (name, until) =
            files.get_key_value(name).filter(|(_, until)| self.clock.now() < **until)?;
        Some(self.directory.join(file_name(name, *until)?))
    }

    fn host_all(
        &self,
        sources: Vec<Source>,
        limits: &MediaLimits,
    ) -> Result<Vec<Hosted>, HostError> {
        self.sweep();
        // All of it is looked at first: what one file takes is not there for the others.
        let opened = sources.into_iter().map(Opened::open).collect::<Result<Vec<_>, _>>()?;
        let rooms = limits.rooms(&opened)?;
        let (mut hosted, mut total) = (Vec::new(), 0);
        for (opened, room) in opened.into_iter().zip(rooms) {
            let one = self.host(opened, room, limits).and_then(|one| {
                total += one.bytes;
                hosted.push(one);
                limits.check_total(total)
            });
            if let Err(error) = one {
                hosted.iter().for_each(|one| self.withdraw(&one.name));
                return Err(error);
            }
        }
        Ok(hosted)
    }

    /// Hosts one file in so many bytes.
    fn host(
        &self,
        mut opened: Opened,
        room: u64,
        limits: &MediaLimits,
    ) -> Result<Hosted, HostError> {
        if room < opened.length {
            let shrunk = {
                // It guards nothing that a panic could have left half done.
                let _one = self.shrinking.lock().unwrap_or_else(PoisonError::into_inner);
                shrink::shrink(&opened.read()?, room)
            };
            let shrunk = shrunk.ok_or_else(|| limits.refusal(&opened))?;
            opened = Opened::open(Source::Bytes(shrunk))?;
        }
        let (kind, most) = (opened.kind, limits.of_kind(opened.kind));
        let token = Token::generate(&*self.entropy)?;
        let part = self.directory.join(format!("{}.part", token.as_str()));
        let (partial, mut file) = Partial::create(part).map_err(HostError::Store)?;
        // One byte more than may be shows that there are more: a file may have grown.
        let mut content = opened.content.take(most.saturating_add(1));
        let bytes = io::copy(&mut content, &mut file).map_err(HostError::Store)?;
        if bytes > most {
            return Err(limits.too_large(kind));
        }
        let until = self.clock.now().saturating_add(LIFETIME);
        let name = format!("{}.{}", token.as_str(), kind.extension);
        let path = file_name(&name, until).ok_or(HostError::Kind)?;
        let mut files = self.files();
        if files.len() >= MAX_FILES {
            return Err(HostError::Full);
        }
        partial.finish(&self.directory.join(path)).map_err(HostError::Store)?;
        files.insert(name.clone(), until);
        Ok(Hosted { name, content_type: kind.content_type, bytes, until })
    }

    fn sweep(&self) -> usize {
        let now = self.clock.now();
        let ended: Vec<String> = {
            let files = self.files();
            files.iter().filter(|(_, until)| **until <= now).map(|(name, _)| name.clone()).collect()
        };
        ended.iter().for_each(|name| self.withdraw(name));
        ended.len()
    }

    fn withdraw(&self, name: &str) {
        let Some((name, until)) = self.files().remove_entry(name) else { return };
        let removed =
            file_name(&name, until).map(|file| fs::remove_file(self.directory.join(file)));
        if let Some(Err(error)) = removed {
            tracing::warn!(%error, "a file that is hosted no more cannot be removed");
        }
    }
}

/// The name of the file that `name` stands for: it says until when, so that a restart knows.
fn file_name(name: &str, until: Timestamp) -> Option<String> {
    let (token, extension) = name.split_once('.')?;
    Some(format!("{token}-{}.{extension}", until.as_millisecond()))
}

/// What [`file_name`] wrote.
fn read_name(file: &str) -> Option<(String, Timestamp)> {
    let (stem, extension) = file.split_once('.')?;
    let (token, until) = stem.split_once('-')?;
    let is_token = token.len() == 32 && token.bytes().all(|byte| byte.is_ascii_hexdigit());
    let until = Timestamp::from_millisecond(until.parse().ok()?);
    let kind = Kind::of_extension(extension).filter(|_| is_token)?;
    let name = format!("{token}.{}", kind.extension);
    (file_name(&name, until).as_deref() == Some(file)).then_some((name, until))
}

impl std::fmt::Debug for Source {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(_) => formatter.write_str("File(…)"),
            Self::Bytes(bytes) => write!(formatter, "Bytes({} bytes)", bytes.len()),
        }
    }
}

impl std::fmt::Debug for Hosted {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Hosted")
            .field("content_type", &self.content_type)
            .field("bytes", &self.bytes)
            .field("until", &self.until)
            .finish_non_exhaustive()
    }
}
