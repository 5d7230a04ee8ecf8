//! Why something that came with a message could not be fetched, in words for whoever reads it.

use std::io;
use std::time::Duration;

use telephony_core::{EntropyError, MAX_MEDIA};
use thiserror::Error;

use super::MAX_REDIRECTS;
use crate::media::kind::Family;

/// Why there is no file. Its words fit behind "a picture could not be fetched: ", and name neither
/// addresses nor secrets.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FetchError {
    /// The address is not encrypted.
    #[error("its address does not begin with https://")]
    NotHttps,
    /// The address is not one of the carrier's.
    #[error("its address is not one of the carrier's")]
    Host,
    /// The address leads into a private network.
    #[error("its address leads into a private network")]
    Private,
    /// It is moved on and on.
    #[error("it is moved on more than {MAX_REDIRECTS} times")]
    Redirects,
    /// It is moved to what is no address.
    #[error("it is moved to what is no address")]
    Moved,
    /// The server did not give it.
    #[error("its server answers with the status {0}")]
    Status(u16),
    /// The server cannot be reached.
    #[error("its server cannot be reached")]
    Unreachable(#[source] reqwest::Error),
    /// It took too long.
    #[error("it did not arrive within {} seconds", .0.as_secs())]
    TooSlow(Duration),
    /// It arrived in part.
    #[error("it broke off on its way")]
    Cut(#[source] reqwest::Error),
    /// It has more bytes than may be.
    #[error("it is larger than the {} that are taken", megabytes(*.0))]
    TooLarge(u64),
    /// It is compressed, and could be of any size.
    #[error("it is sent compressed, which is not taken")]
    Encoded,
    /// There is nothing in it.
    #[error("it is empty")]
    Empty,
    /// It is something else than it is said to be.
    #[error("it is said to be {} and is not", .0.map_or("something else", Family::noun))]
    Mismatch(Option<Family>),
    /// It is nothing that is taken.
    #[error("it is no picture, sound, video, PDF, contact, calendar entry or plain text")]
    Kind,
    /// The message has more than can be.
    #[error("a message has at most {MAX_MEDIA} files")]
    TooMany,
    /// The carrier's credentials cannot be put into a request.
    #[error("the account's credentials cannot be put into a request")]
    Credentials,
    /// It cannot be stored.
    #[error("it cannot be stored")]
    Store(#[source] io::Error),
    /// There is no name for it.
    #[error("no name can be drawn for it")]
    Entropy(#[from] EntropyError),
}

/// So many bytes, as people count them.
pub(in crate::media) fn megabytes(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{} kB", bytes / 1_000),
        _ if bytes.is_multiple_of(1_000_000) => format!("{} MB", bytes / 1_000_000),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes % 1_000_000 / 100_000),
    }
}
