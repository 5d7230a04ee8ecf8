//! One connection: its requests, its deadlines, and an end that loses no answer.

use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_io_timeout::TimeoutWriter;

use super::respond::Service;
use crate::limits::{Limits, MAX_HEAD_BYTES};

/// The most headers of a request. Carriers send fewer than thirty, proxies add a few.
const MAX_HEADERS: usize = 100;

/// How long, and how much, is read and thrown away after the last answer. Closing with something
/// unread resets the connection, and with that the client may lose the answer that says why.
const LINGER: Duration = Duration::from_secs(1);
const MAX_LINGER_BYTES: usize = 1024 * 1024;

/// Serves one connection to its end.
pub(super) async fn serve(
    stream: TcpStream,
    peer: SocketAddr,
    service: Arc<Service>,
    limits: Limits,
    mut closing: watch::Receiver<bool>,
) {
    // An answer is one small packet, and waits for no other.
    let _ = stream.set_nodelay(true);
    // Who takes a file and does not read on would keep it, and its connection, for ever.
    let mut stream = TimeoutWriter::new(stream);
    stream.set_timeout(Some(limits.stall));
    // On the heap, so that what handles it may pass it on without becoming larger by it each time;
    // and what handles it, so that connections that wait are small.
    let respond = service_fn(move |request| {
        let (service, request) = (Arc::clone(&service), Box::new(request));
        Box::pin(async move { service.respond(request, peer.ip()).await })
    });
    let mut connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_deadline)
        .max_buf_size(MAX_HEAD_BYTES)
        .max_headers(MAX_HEADERS)
        .serve_connection(TokioIo::new(Box::pin(stream)), respond);
    let ended = {
        let requests = poll_fn(|context| connection.poll_without_shutdown(context));
        tokio::select! {
            ended = requests => Some(ended),
            _ = closing.wait_for(|closing| *closing) => None,
        }
    };
    let ended = match ended {
        Some(ended) => ended,
        None => {
            Pin::new(&mut connection).graceful_shutdown();
            poll_fn(|context| connection.poll_without_shutdown(context)).await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(peer = %peer.ip(), %error, "a connection broke off");
        if error.is_timeout() {
            return;
        }
    }
    linger(connection.into_parts().io.into_inner()).await;
}

async fn linger(mut stream: impl AsyncRead + AsyncWrite + Unpin) {
    if stream.shutdown().await.is_err() {
        return;
    }
    let discard = async {
        // On the heap: as part of the future it would belong to every connection from its start.
        let mut buffer = vec![0; 8 * 1024];
        let mut left = MAX_LINGER_BYTES;
        while left > 0 {
            match stream.read(&mut buffer).await {
                Ok(read) if read > 0 => left = left.saturating_sub(read),
                _ => break,
            }
        }
    };
    let _ = tokio::time::timeout(LINGER, discard).await;
}
