//! Files that are handed out: whole, in part, to few at once, and to nobody who does not know
//! their name.

use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use telephony_webhook::{Asset, Assets, Limits, MemoryInbox};

use super::running::{Breakable, Running, message, mock};
use crate::signer::JSON;

const PREFIX: &str = "/telephony/webhook/media";
const CONTENT: &str = "0123456789abcdefghijklmnopqrstuvwxyz";

/// One small file, one that fits into no socket's buffers, and one that has lost its end.
#[derive(Debug)]
struct Shelf;

#[async_trait]
impl Assets for Shelf {
    fn name<'a>(&self, path: &'a str) -> Option<&'a str> {
        path.strip_prefix(PREFIX)?.strip_prefix('/')
    }

    async fn find(&self, name: &str) -> Option<Asset> {
        let (bytes, length) = match name {
            "small.txt" => (CONTENT.as_bytes().to_vec(), CONTENT.len()),
            "large.bin" => (vec![b'x'; LARGE], LARGE),
            "short.bin" => (vec![b'x'; 100_000], 200_000),
            "empty.bin" => (Vec::new(), 0),
            _ => return None,
        };
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&bytes).unwrap();
        file.seek(SeekFrom::Start(0)).unwrap();
        Some(Asset { content_type: "image/png", length: length as u64, file })
    }
}

const LARGE: usize = 32 * 1024 * 1024;

async fn start(limits: Limits) -> Running {
    let inbox = Breakable::over(MemoryInbox::new());
    Running::start_as(mock(), limits, inbox, |server| server.with_assets(Arc::new(Shelf))).await
}

fn head(method: &str, path: &str, headers: &str) -> String {
    format!("{method} {path} HTTP/1.1\r\nhost: media.example\r\nconnection: close\r\n{headers}\r\n")
}

async fn ask(server: &Running, method: &str, name: &str, headers: &str) -> (u16, String, String) {
    let (status, answer) = server.raw(head(method, &format!("{PREFIX}/{name}"), headers)).await;
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (status, head.to_ascii_lowercase(), body.to_owned())
}

#[tokio::test]
async fn a_file_is_handed_out_with_all_that_belongs_to_it() {
    let server = start(Limits::default()).await;
    for (method, body) in [("GET", CONTENT), ("HEAD", "")] {
        let (status, head, found) = ask(&server, method, "small.txt", "").await;
        assert_eq!((status, found.as_str()), (200, body), "{method}");
        for line in [
            "content-type: image/png",
            "content-length: 36",
            "accept-ranges: bytes",
            "cache-control: private, no-store",
            "x-content-type-options: nosniff",
        ] {
            assert!(head.lines().any(|found| found == line), "{line}: {head}");
        }
    }
    let (status, head, body) = ask(&server, "GET", "empty.bin", "").await;
    assert_eq!((status, body.as_str()), (200, ""));
    assert!(head.contains("content-length: 0"), "{head}");
    let (status, _, body) = ask(&server, "GET", "small.txt?download=1", "").await;
    assert_eq!((status, body.as_str()), (200, CONTENT), "a query is nobody's name");
    let (status, _, body) = ask(&server, "GET", "large.bin", "").await;
    assert_eq!((status, body.len()), (200, LARGE));
}

#[tokio::test]
async fn parts_are_sent_as_they_are_asked_for() {
    let server = start(Limits::default()).await;
    for (headers, status, range, body) in [
        ("range: bytes=0-9\r\n", 206, "bytes 0-9/36", "0123456789"),
        ("range: bytes=30-\r\n", 206, "bytes 30-35/36", "uvwxyz"),
        ("range: bytes=-3\r\n", 206, "bytes 33-35/36", "xyz"),
        ("range: bytes=36-\r\n", 416, "bytes */36", ""),
        ("range: bytes=0-1,3-4\r\n", 200, "", CONTENT),
        ("range: nonsense\r\n", 200, "", CONTENT),
        ("range: bytes=0-9\r\nif-range: \"1\"\r\n", 200, "", CONTENT),
    ] {
        let (found, head, content) = ask(&server, "GET", "small.txt", headers).await;
        assert_eq!((found, content.as_str()), (status, body), "{headers}");
        let told = head.lines().find_map(|line| line.strip_prefix("content-range: "));
        assert_eq!(told.unwrap_or_default(), range, "{headers}");
        assert!(head.contains(&format!("content-length: {}", body.len())), "{head}");
    }
    let (status, head, body) = ask(&server, "HEAD", "small.txt", "range: bytes=0-9\r\n").await;
    assert_eq!((status, body.as_str()), (200, ""));
    assert!(head.contains("content-length: 36"), "{head}");
}

#[tokio::test]
async fn who_does_not_know_the_name_hears_what_everybody_hears() {
    let server = start(Limits::default()).await;
    let mut answers = Vec::new();
    for path in [
        "/telephony/webhook/media/other.txt",
        "/telephony/webhook/media/",
        "/telephony/webhook/media/small.txt/",
        "/telephony/webhook/media/../small.txt",
        "/telephony/webhook/media/%73mall.txt",
        "/telephony/webhook/media//small.txt",
        "/telephony/webhook/media/small.txt%00",
        "/nowhere",
    ] {
        let (status, answer) = server.raw(head("GET", path, "")).await;
        assert_eq!(status, 404, "{path}");
        answers.push(answer.lines().filter(|line| !line.starts_with("date")).collect::<String>());
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    for method in ["POST", "PUT", "DELETE"] {
        let (status, head, _) = ask(&server, method, "small.txt", "").await;
        assert_eq!(status, 405, "{method}");
        assert!(head.contains("allow: get, head"), "{head}");
    }
    let (status, answer) = server.post(&format!("{PREFIX}x"), &[JSON], "{}").await;
    assert_eq!(status, 404, "{answer}");
    assert_eq!(server.text(&message("m1")).await.0, 200, "webhooks are still taken");
}

#[tokio::test]
async fn a_file_that_lost_its_end_is_not_passed_off_as_whole() {
    let server = start(Limits::default()).await;
    let (status, head, body) = ask(&server, "GET", "short.bin", "").await;
    assert_eq!(status, 200);
    assert!(head.contains("content-length: 200000") && body.len() < 200_000, "{}", body.len());
}

#[tokio::test]
async fn so_many_at_once_and_nobody_keeps_a_place_without_reading() {
    let mut limits = Limits::default();
    limits.downloads = 1;
    limits.stall = Duration::from_millis(300);
    let server = start(limits).await;
    let address = server.address;
    let mut stalled = tokio::task::spawn_blocking(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(head("GET", &format!("{PREFIX}/large.bin"), "").as_bytes()).unwrap();
        // The first byte says that the place is taken.
        stream.read_exact(&mut [0]).unwrap();
        stream
    })
    .await
    .unwrap();
    let (status, head, _) = ask(&server, "GET", "small.txt", "").await;
    assert_eq!(status, 503, "{head}");
    assert_eq!(server.text(&message("m1")).await.0, 200, "webhooks do not wait for it");
    // It frees the place by itself, while nobody reads.
    let freed = async {
        while ask(&server, "GET", "small.txt", "").await.0 == 503 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), freed).await.unwrap();
    let received = tokio::task::spawn_blocking(move || {
        let mut received = 0;
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(read @ 1..) = stalled.read(&mut buffer) {
            received += read;
        }
        received
    })
    .await
    .unwrap();
    assert!(received < LARGE, "cut, so that no half is taken for the whole: {received}");
}
