//! A file on its way out: read as it is sent, whole or in part.

use std::io::{self, SeekFrom};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http_body_util::{Either, Full};
use hyper::body::{Body, Bytes, Frame, SizeHint};
use hyper::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, HeaderMap,
    HeaderValue, IF_RANGE, RANGE, X_CONTENT_TYPE_OPTIONS,
};
use hyper::{Method, Response, StatusCode};
use tokio::fs::File;
use tokio::io::{AsyncRead as _, AsyncSeekExt as _, ReadBuf};
use tokio::sync::OwnedSemaphorePermit;

use super::assets::Asset;
use super::range::{Part, part};

/// How many bytes of a file are in memory at once.
const CHUNK_BYTES: usize = 64 * 1024;

/// What an answer carries: a few bytes of ours, or a file.
pub(super) type Content = Either<Full<Bytes>, Download>;

/// The answer to a request for a file that is there. `permit` is given back when it is sent.
pub(super) async fn answer(
    method: &Method,
    headers: &HeaderMap,
    asset: Asset,
    permit: OwnedSemaphorePermit,
) -> io::Result<Response<Content>> {
    let Asset { content_type, length, file } = asset;
    // We name no version of the file, so a condition on one cannot hold; and `Range` is for `GET`.
    let whole = method == Method::HEAD || headers.contains_key(IF_RANGE);
    let asked = headers.get(RANGE).filter(|_| !whole);
    let asked = asked.map_or(Part::Whole, |value| part(value.as_bytes(), length));
    let (status, first, left) = match asked {
        Part::Whole => (StatusCode::OK, 0, length),
        Part::Bytes(first, last) => (StatusCode::PARTIAL_CONTENT, first, last - first + 1),
        Part::Beyond => (StatusCode::RANGE_NOT_SATISFIABLE, 0, 0),
    };
    let content = if method == Method::HEAD || left == 0 {
        Either::Left(Full::default())
    } else {
        Either::Right(Download::new(file, first, left, permit).await?)
    };
    let mut response = Response::new(content);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(CONTENT_LENGTH, HeaderValue::from(left));
    let range = match asked {
        Part::Whole => None,
        Part::Bytes(first, last) => Some(format!("bytes {first}-{last}/{length}")),
        Part::Beyond => Some(format!("bytes */{length}")),
    };
    if let Some(range) = range.and_then(|range| HeaderValue::try_from(range).ok()) {
        headers.insert(CONTENT_RANGE, range);
    }
    if asked != Part::Beyond {
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    Ok(response)
}

/// A part of a file, as the body of an answer.
pub(super) struct Download {
    file: File,
    left: u64,
    chunk: Box<[u8]>,
    _permit: OwnedSemaphorePermit,
}

impl Download {
    async fn new(
        file: std::fs::File,
        first: u64,
        left: u64,
        permit: OwnedSemaphorePermit,
    ) -> io::Result<Self> {
        let mut file = File::from_std(file);
        file.set_max_buf_size(CHUNK_BYTES);
        if first > 0 {
            file.seek(SeekFrom::Start(first)).await?;
        }
        let size = usize::try_from(left).unwrap_or(CHUNK_BYTES).min(CHUNK_BYTES);
        Ok(Self { file, left, chunk: vec![0; size].into(), _permit: permit })
    }
}

impl Body for Download {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = &mut *self;
        if this.left == 0 {
            return Poll::Ready(None);
        }
        let most = usize::try_from(this.left).unwrap_or(usize::MAX);
        let mut buffer = ReadBuf::new(&mut this.chunk);
        if let Err(error) = ready!(Pin::new(&mut this.file).poll_read(context, &mut buffer)) {
            return Poll::Ready(Some(Err(error)));
        }
        let filled = buffer.filled();
        // What was announced cannot be sent any more: the client is to notice.
        if filled.is_empty() {
            let error = io::Error::new(io::ErrorKind::UnexpectedEof, "the file became shorter");
            return Poll::Ready(Some(Err(error)));
        }
        let data = Bytes::copy_from_slice(filled.get(..most).unwrap_or(filled));
        this.left -= data.len() as u64;
        Poll::Ready(Some(Ok(Frame::data(data))))
    }

    fn is_end_stream(&self) -> bool {
        self.left == 0
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
