//! A request's body, within its cap and its deadline.

use std::time::Duration;

use http_body_util::BodyExt as _;
use hyper::body::{Body as _, Incoming};

use crate::limits::MAX_BODY_BYTES;

/// The most bytes of a body that is too large that are read and thrown away, so that a client that
/// sends all before it listens hears why it was refused.
const MAX_DISCARDED_BYTES: usize = 1024 * 1024;

/// Why there is no body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BodyError {
    /// It has more than [`MAX_BODY_BYTES`].
    TooLarge,
    /// It did not come in time.
    TooSlow,
    /// The client left, or sent what is no body.
    Broken,
}

/// Reads a body.
pub(super) async fn read(body: Incoming, deadline: Duration) -> Result<Vec<u8>, BodyError> {
    tokio::time::timeout(deadline, collect(body)).await.unwrap_or(Err(BodyError::TooSlow))
}

async fn collect(mut body: Incoming) -> Result<Vec<u8>, BodyError> {
    let announced = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    let mut bytes = Vec::with_capacity(announced.min(MAX_BODY_BYTES));
    let mut discarded = 0;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| BodyError::Broken)?;
        let Some(data) = frame.data_ref() else { continue };
        if discarded == 0 && bytes.len() + data.len() <= MAX_BODY_BYTES {
            bytes.extend_from_slice(data);
            continue;
        }
        discarded += data.len();
        if discarded > MAX_DISCARDED_BYTES {
            break;
        }
    }
    if discarded == 0 { Ok(bytes) } else { Err(BodyError::TooLarge) }
}
