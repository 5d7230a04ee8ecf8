//! An answer, into a file: so many bytes and no more, and what it is said to be.

use reqwest::header::{CONTENT_ENCODING, CONTENT_TYPE};
use telephony_core::{InboundMedia, Token};
use tokio::fs::File;
use tokio::io::AsyncWriteExt as _;

use super::{FetchError, Fetched, Fetcher};
use crate::media::files::Partial;
use crate::media::kind::{HEAD_BYTES, Kind};

/// Stores what an answer carries.
pub(super) async fn receive(
    mut response: reqwest::Response,
    fetcher: &Fetcher,
    media: &InboundMedia,
    most: u64,
) -> Result<Fetched, FetchError> {
    let status = response.status().as_u16();
    if status != 200 {
        return Err(FetchError::Status(status));
    }
    let header = |name| response.headers().get(name).map(|value| value.to_str().unwrap_or("?"));
    if header(CONTENT_ENCODING).is_some_and(|coding| !coding.eq_ignore_ascii_case("identity")) {
        return Err(FetchError::Encoded);
    }
    let served_as = header(CONTENT_TYPE).map(str::to_owned);
    if response.content_length().is_some_and(|length| length > most) {
        return Err(FetchError::TooLarge(most));
    }
    let token = Token::generate(&*fetcher.entropy)?;
    let path = fetcher.directory.join(format!("{}.part", token.as_str()));
    let (partial, file) = Partial::create(path).map_err(FetchError::Store)?;
    let mut file = File::from_std(file);
    let (mut bytes, mut head) = (0, Vec::new());
    while let Some(chunk) = response.chunk().await.map_err(cut)? {
        bytes += chunk.len() as u64;
        if bytes > most {
            return Err(FetchError::TooLarge(most));
        }
        let missing = HEAD_BYTES.saturating_sub(head.len()).min(chunk.len());
        head.extend_from_slice(chunk.get(..missing).unwrap_or_default());
        file.write_all(&chunk).await.map_err(FetchError::Store)?;
    }
    file.flush().await.map_err(FetchError::Store)?;
    if bytes == 0 {
        return Err(FetchError::Empty);
    }
    let mut kind = Kind::sniff(&head).ok_or(FetchError::Kind)?;
    for declared in [media.content_type.as_deref(), served_as.as_deref()].into_iter().flatten() {
        kind = kind.agreed(declared).map_err(FetchError::Mismatch)?;
    }
    let path = fetcher.directory.join(format!("{}.{}", token.as_str(), kind.extension));
    partial.finish(&path).map_err(FetchError::Store)?;
    let (content_type, family) = (kind.content_type, kind.family);
    Ok(Fetched { path, content_type, family, bytes })
}

fn cut(error: reqwest::Error) -> FetchError {
    FetchError::Cut(error.without_url())
}
