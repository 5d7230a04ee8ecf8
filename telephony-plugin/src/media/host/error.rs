//! Why a picture or file cannot be sent, and what can be done.

use std::io;

use telephony_core::EntropyError;
use thiserror::Error;

use super::MAX_FILES;
use crate::media::fetch::megabytes;

/// Why something is not hosted, or a URL not passed on. Its words name neither paths nor contents.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum HostError {
    /// The carrier sends none.
    #[error("the carrier sends no pictures or files: send the text alone")]
    None,
    /// There are more than one message has.
    #[error("the carrier takes at most {0} pictures or files in a message: send several messages")]
    TooMany(usize),
    /// The path depends on where one stands.
    #[error("the path of a file has to be absolute, as /home/you/picture.jpg is")]
    NotAbsolute,
    /// There is no such file, or nobody may read it.
    #[error("the file cannot be read")]
    Unreadable(#[source] io::Error),
    /// A directory, a pipe or a device.
    #[error("the path does not lead to a regular file")]
    NotAFile,
    /// There is nothing in it.
    #[error("the file is empty")]
    Empty,
    /// It is nothing that phones show.
    #[error(
        "the file is no picture, sound, video, PDF, contact or calendar entry: send one of these"
    )]
    Kind,
    /// It has more bytes than may be, and stays so.
    #[error(
        "the file is larger than the {} that may be sent of {}: make it smaller",
        megabytes(*most),
        if *is_picture {
            "a JPEG, PNG or GIF, and could not be made small enough"
        } else {
            "anything but JPEG, PNG and GIF"
        }
    )]
    TooLarge {
        /// The most bytes.
        most: u64,
        /// Whether that is what pictures may have.
        is_picture: bool,
    },
    /// All together have more bytes than may be.
    #[error("the files of the message are larger than {} together: send fewer or smaller ones", megabytes(*.0))]
    TooLargeTogether(u64),
    /// A carrier could not fetch it.
    #[error("carriers cannot fetch from that URL: it has to begin with https:// and be public")]
    Url,
    /// Nothing leads the carrier here.
    #[error("the carrier cannot fetch a local file: set publicUrl to the URL of this server")]
    NoPublicUrl,
    /// There are too many.
    #[error("{MAX_FILES} files are waiting to be fetched by carriers: try again in some minutes")]
    Full,
    /// It cannot be copied.
    #[error("the file cannot be copied into the state directory")]
    Store(#[source] io::Error),
    /// There is no name for it.
    #[error("no name can be drawn for the file")]
    Entropy(#[from] EntropyError),
}
