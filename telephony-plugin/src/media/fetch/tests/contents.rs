//! What arrives: how much, how fast, and whether it is what it is said to be.

use std::time::Duration;

use wiremock::matchers::{header, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::*;
use crate::media::kind::tests::PNG;

async fn serving(answer: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(path("/1")).respond_with(answer).mount(&server).await;
    server
}

fn ok() -> ResponseTemplate {
    ResponseTemplate::new(200)
}

async fn fetched(answer: ResponseTemplate, declared: Option<&str>) -> Result<String, FetchError> {
    let (bench, server) = (Bench::new(), serving(answer).await);
    let mut one = media(&format!("{}/1", server.uri()));
    one.content_type = declared.map(str::to_owned);
    let fetched = bench.fetcher.fetch(&mock(), &one).await;
    assert_eq!(bench.files(), usize::from(fetched.is_ok()), "half a file is no file");
    let fetched = fetched?;
    let extension = fetched.path.extension().unwrap().to_str().unwrap();
    assert_eq!(fetched.bytes, std::fs::metadata(&fetched.path).unwrap().len());
    Ok(format!("{} {extension}", fetched.content_type))
}

#[tokio::test]
async fn a_picture_arrives_as_it_is_and_under_no_name_of_its_senders() {
    let (bench, server) = (Bench::new(), MockServer::start().await);
    Mock::given(path("/..%2f..%2fevil.sh"))
        .and(header("accept-encoding", "identity"))
        .respond_with(ok().set_body_raw(PNG, "image/png"))
        .expect(1)
        .mount(&server)
        .await;
    let url = format!("{}/..%2f..%2fevil.sh", server.uri());
    let fetched = bench.fetch(&mock(), &url).await.unwrap();
    assert_eq!(std::fs::read(&fetched.path).unwrap(), PNG);
    assert_eq!((fetched.content_type, fetched.bytes), ("image/png", PNG.len() as u64));
    assert_eq!(fetched.family, Family::Picture);
    assert_eq!(fetched.path.parent(), Some(bench.directory.path().join("media-in").as_path()));
    let name = fetched.path.file_name().unwrap().to_str().unwrap();
    assert!(name.len() == 36 && name.ends_with(".png"), "{name}");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(&fetched.path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[tokio::test]
async fn what_it_is_and_what_it_is_said_to_be_have_to_agree() {
    let png = |served_as: &str| ok().set_body_raw(PNG, served_as);
    assert_eq!(fetched(png("image/png"), None).await.unwrap(), "image/png png");
    assert_eq!(fetched(png("image/jpeg"), Some("image/gif")).await.unwrap(), "image/png png");
    assert_eq!(fetched(png("application/octet-stream"), None).await.unwrap(), "image/png png");
    for (answer, declared, words) in [
        (png("text/html"), None, "said to be a text"),
        (png("image/png"), Some("video/mp4"), "said to be a video"),
        (png("application/zip"), None, "said to be something else"),
        (ok().set_body_raw("just words", "image/png"), None, "said to be a picture"),
        (ok().set_body_raw("just words", "text/plain"), Some("image/jpeg"), "to be a picture"),
        (ok().set_body_raw("<html>", "image/png"), Some("image/png"), "no picture"),
        (ok().set_body_raw("<svg/>", "image/svg+xml"), None, "no picture"),
        (ok().set_body_raw("#!/bin/sh\n", "image/png"), None, "no picture"),
        (ok().set_body_raw(b"MZ\x90\0\x03\0\0\0".to_vec(), "image/png"), None, "no picture"),
        (ok().set_body_raw(b"PK\x03\x04\x14\0\0\0".to_vec(), "image/png"), None, "no picture"),
        // A web page, and one that is compressed without saying so.
        (ok().set_body_raw("<!DOCTYPE html><p>Hi", "image/jpeg"), None, "no picture"),
        (ok().set_body_raw(b"\x1f\x8b\x08\0\0\0\0\0".to_vec(), "image/png"), None, "no picture"),
        (ok().set_body_raw("", "image/png"), None, "it is empty"),
    ] {
        let error = fetched(answer, declared).await.unwrap_err().to_string();
        assert!(error.contains(words), "{words}: {error}");
    }
    let words = fetched(ok().set_body_raw("just words", "text/plain; charset=utf-8"), None).await;
    assert_eq!(words.unwrap(), "text/plain txt");
}

#[tokio::test]
async fn what_is_too_large_is_not_read_and_what_does_not_say_so_is_cut() {
    let (mut account, bench) = (mock(), Bench::new());
    account.media_max_bytes = PNG.len() as u64;
    let server = serving(ok().set_body_raw(PNG, "image/png")).await;
    let url = format!("{}/1", server.uri());
    assert!(bench.fetch(&account, &url).await.is_ok(), "as much as may be");
    account.media_max_bytes -= 1;
    let error = bench.fetch(&account, &url).await.unwrap_err();
    assert!(matches!(error, FetchError::TooLarge(_)), "{error}");
    let mut said = media(&url);
    said.size = Some(account.media_max_bytes + 1);
    let asked = server.received_requests().await.unwrap().len();
    let error = bench.fetcher.fetch(&account, &said).await.unwrap_err();
    assert!(matches!(error, FetchError::TooLarge(_)), "{error}");
    assert_eq!(server.received_requests().await.unwrap().len(), asked, "nobody was asked");
    assert_eq!(
        FetchError::TooLarge(5_000_000).to_string(),
        "it is larger than the 5 MB that are taken"
    );

    // In chunks, of which nobody announces the sum, and without an end.
    let endless = stream("transfer-encoding: chunked", |_| {
        b"400\r\n".iter().copied().chain(std::iter::repeat_n(b'x', 1024)).chain(*b"\r\n").collect()
    })
    .await;
    account.media_max_bytes = 100_000;
    let error = bench.fetch(&account, &format!("http://{endless}/1")).await.unwrap_err();
    assert!(matches!(error, FetchError::TooLarge(100_000)), "{error}");
    assert_eq!(bench.files(), 1);
}

#[tokio::test]
async fn what_is_compressed_is_not_unpacked() {
    for coding in ["gzip", "br", "deflate, gzip", "zstd"] {
        let bomb = ok().set_body_raw(PNG, "image/png").insert_header("content-encoding", coding);
        let error = fetched(bomb, None).await.unwrap_err();
        assert!(matches!(error, FetchError::Encoded), "{coding}: {error}");
    }
    let plain = ok().set_body_raw(PNG, "image/png").insert_header("content-encoding", "identity");
    assert!(fetched(plain, None).await.is_ok());
}

#[tokio::test]
async fn other_statuses_are_no_files() {
    for status in [204, 206, 304, 401, 404, 410, 500] {
        let answer = ResponseTemplate::new(status).set_body_raw(PNG, "image/png");
        let error = fetched(answer, None).await.unwrap_err();
        assert!(matches!(error, FetchError::Status(found) if found == status), "{error}");
    }
}

#[tokio::test]
async fn what_takes_too_long_or_breaks_off_leaves_nothing() {
    let mut bench = Bench::new();
    let broken =
        stream("content-length: 1000", |sent| if sent == 0 { PNG.to_vec() } else { Vec::new() })
            .await;
    let error = bench.fetch(&mock(), &format!("http://{broken}/1")).await.unwrap_err();
    assert!(matches!(error, FetchError::Cut(_)), "{error}");
    let slow =
        serving(ok().set_body_raw(PNG, "image/png").set_delay(Duration::from_secs(60))).await;
    let url = format!("{}/1", slow.uri());
    bench.fetcher.file_deadline = Duration::from_millis(50);
    let error = bench.fetch(&mock(), &url).await.unwrap_err();
    assert!(matches!(error, FetchError::TooSlow(_)), "{error}");
    // All of a message together have a time too, and those after it are not waited for.
    bench.fetcher.file_deadline = FILE_DEADLINE;
    bench.fetcher.message_deadline = Duration::from_millis(50);
    let all = bench.fetcher.fetch_all(&mock(), &vec![media(&url); 3]).await;
    assert!(all.iter().all(|one| matches!(one, Err(FetchError::TooSlow(_)))) && all.len() == 3);
    assert_eq!(bench.files(), 0);
}

#[tokio::test]
async fn a_message_has_so_many_files_and_its_layout_is_none() {
    let (bench, server) = (Bench::new(), serving(ok().set_body_raw(PNG, "image/png")).await);
    let mut all = vec![media(&format!("{}/1", server.uri())); MAX_MEDIA + 5];
    all[0].content_type = Some("application/smil; charset=utf-8".to_owned());
    let fetched = bench.fetcher.fetch_all(&mock(), &all).await;
    assert_eq!(fetched.iter().filter(|one| one.is_ok()).count(), MAX_MEDIA);
    assert!(matches!(fetched.last(), Some(Err(FetchError::TooMany))) && bench.files() == MAX_MEDIA);
    // One that cannot be fetched leaves the others.
    let all = [media("http://10.0.0.1/1"), media(&format!("{}/1", server.uri()))];
    let fetched = bench.fetcher.fetch_all(&mock(), &all).await;
    assert!(matches!(&fetched[..], [Err(FetchError::NotHttps), Ok(_)]), "{fetched:?}");
}

#[tokio::test]
async fn what_is_old_is_swept() {
    let (bench, server) = (Bench::new(), serving(ok().set_body_raw(PNG, "image/png")).await);
    let fetched = bench.fetch(&mock(), &format!("{}/1", server.uri())).await.unwrap();
    let modified = std::fs::metadata(&fetched.path).unwrap().modified().unwrap();
    let age = modified.duration_since(std::time::SystemTime::UNIX_EPOCH).unwrap();
    let at = Timestamp::EPOCH.saturating_add(age);
    assert_eq!(bench.fetcher.sweep(at).unwrap(), 0);
    let later = at.saturating_add(Duration::from_secs(1));
    assert_eq!((bench.fetcher.sweep(later).unwrap(), bench.files()), (1, 0));
}

/// A server whose answers go on as `next` says, until it says nothing.
async fn stream(
    header: &'static str,
    next: impl Fn(usize) -> Vec<u8> + Send + 'static,
) -> SocketAddr {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let _ = stream.read(&mut [0; 4096]).await;
        let head = format!("HTTP/1.1 200 OK\r\ncontent-type: image/png\r\n{header}\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        for sent in 0.. {
            let bytes = next(sent);
            if bytes.is_empty() || stream.write_all(&bytes).await.is_err() {
                return;
            }
        }
    });
    address
}
