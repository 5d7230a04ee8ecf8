//! A file that is to be hosted, opened and looked at.

use std::fs::File;
use std::io::{Cursor, Read};
use std::path::Path;

use super::shrink::MAX_SOURCE_BYTES;
use super::{HostError, Source};
use crate::media::kind::{HEAD_BYTES, Kind};

/// What is read once, from its beginning.
pub(super) struct Opened {
    /// What it is.
    pub(super) kind: Kind,
    /// How many bytes it had when it was opened.
    pub(super) length: u64,
    /// All of it.
    pub(super) content: Box<dyn Read>,
}

impl Opened {
    /// Opens what phones show, and nothing else.
    pub(super) fn open(source: Source) -> Result<Self, HostError> {
        let (length, mut content): (u64, Box<dyn Read>) = match source {
            Source::File(path) => {
                let (length, file) = open(&path)?;
                (length, Box::new(file))
            }
            Source::Bytes(bytes) => (bytes.len() as u64, Box::new(Cursor::new(bytes))),
        };
        let mut head = Vec::new();
        let head_bytes = HEAD_BYTES as u64;
        content.by_ref().take(head_bytes).read_to_end(&mut head).map_err(HostError::Unreadable)?;
        if head.is_empty() {
            return Err(HostError::Empty);
        }
        // Words are what the message itself is for; a file of them is a key or a configuration.
        let kind = Kind::sniff(&head).filter(|kind| kind.content_type != "text/plain");
        let kind = kind.ok_or(HostError::Kind)?;
        Ok(Self { kind, length, content: Box::new(Cursor::new(head).chain(content)) })
    }

    /// All of it, as far as a picture is read.
    pub(super) fn read(&mut self) -> Result<Vec<u8>, HostError> {
        let mut bytes = Vec::new();
        let content = self.content.by_ref().take(MAX_SOURCE_BYTES);
        { content }.read_to_end(&mut bytes).map_err(HostError::Unreadable)?;
        Ok(bytes)
    }
}

/// Opens what is a file, and waits for nothing: a pipe may never be written to.
fn open(path: &Path) -> Result<(u64, File), HostError> {
    if !path.is_absolute() {
        return Err(HostError::NotAbsolute);
    }
    let mut options = File::options();
    options.read(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed());
    }
    let file = options.open(path).map_err(HostError::Unreadable)?;
    // What was opened is looked at, and not what the path leads to a moment later.
    let metadata = file.metadata().map_err(HostError::Unreadable)?;
    if metadata.is_file() { Ok((metadata.len(), file)) } else { Err(HostError::NotAFile) }
}
