//! What is hosted: a copy of what may be, under a name that nobody guesses, for ten minutes.

mod pictures;

use std::io::Read as _;

use serde_json::{Value, json};
use telephony_core::config::{Account, Config, Host, from_value};
use telephony_core::{ManualClock, OsEntropy};
use telephony_providers::{Capabilities, MessagingProvider as _, MockProvider};
use tempfile::TempDir;

use super::*;
use crate::media::kind::tests::PNG;
use crate::urls::media_path;

const JPEG: &[u8] = b"\xff\xd8\xff\xe0\0\x10JFIF\0";

struct Bench {
    store: MediaStore,
    clock: Arc<ManualClock>,
    directory: TempDir,
}

impl Bench {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new(Timestamp::from_second(1_767_225_600)));
        let store = Self::open(directory.path(), &clock);
        Self { store, clock, directory }
    }

    fn open(directory: &Path, clock: &Arc<ManualClock>) -> MediaStore {
        let inner = directory.join("media-out");
        MediaStore::open(&inner, Arc::<ManualClock>::clone(clock), Arc::new(OsEntropy)).unwrap()
    }

    fn inside(&self) -> PathBuf {
        self.directory.path().join("media-out")
    }

    fn files(&self) -> usize {
        fs::read_dir(self.inside()).unwrap().count()
    }

    fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.directory.path().join(name);
        fs::write(&path, bytes).unwrap();
        path
    }

    async fn host(&self, source: Source) -> Result<Hosted, HostError> {
        let mut hosted = self.store.host(vec![source], limits()).await?;
        Ok(hosted.remove(0))
    }
}

fn mock() -> Capabilities {
    MockProvider::default().capabilities()
}

fn config(config: Value) -> Config {
    from_value(config, Host::Standalone, &|_| None).unwrap()
}

fn account(config: Value) -> Account {
    self::config(config).accounts.remove(0)
}

fn mock_account() -> Account {
    account(json!({ "provider": "mock", "fromNumber": "+15550001111" }))
}

fn limits() -> MediaLimits {
    MediaLimits::of(&mock_account(), &mock()).unwrap()
}

async fn content(store: &MediaStore, name: &str) -> Option<(&'static str, Vec<u8>)> {
    let mut asset = store.find(name).await?;
    let mut bytes = Vec::new();
    asset.file.read_to_end(&mut bytes).unwrap();
    assert_eq!(asset.length, bytes.len() as u64);
    Some((asset.content_type, bytes))
}

#[tokio::test]
async fn a_file_is_hosted_as_a_copy_under_a_name_of_its_own() {
    let bench = Bench::new();
    let path = bench.write("my holiday.txt", PNG);
    let first = bench.host(Source::File(path.clone())).await.unwrap();
    let second = bench.host(Source::File(path.clone())).await.unwrap();
    assert_ne!(first.name, second.name);
    assert!(first.name.len() == 36 && first.name.ends_with(".png"), "what it is, not is called");
    fs::write(&path, b"changed").unwrap();
    fs::remove_file(&path).unwrap();
    for hosted in [&first, &second] {
        assert_eq!((hosted.content_type, hosted.bytes), ("image/png", PNG.len() as u64));
        let found = content(&bench.store, &hosted.name).await.unwrap();
        assert_eq!(found, ("image/png", PNG.to_vec()));
        assert!(!format!("{hosted:?}").contains(&hosted.name[..32]));
    }
    let bytes = bench.host(Source::Bytes(JPEG.to_vec())).await.unwrap();
    assert_eq!(content(&bench.store, &bytes.name).await.unwrap().1, JPEG);
    #[cfg(unix)]
    for entry in fs::read_dir(bench.inside()).unwrap() {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = entry.unwrap().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[tokio::test]
async fn what_phones_do_not_show_is_not_hosted() {
    let bench = Bench::new();
    for bytes in [
        b"-----BEGIN OPENSSH PRIVATE KEY-----".as_slice(),
        b"TOKEN=1",
        b"<html>",
        b"<svg/>",
        b"SQLite format 3\0",
        b"\x7fELF\x02\x01\x01\0",
        b"PK\x03\x04\x14\0\0\0",
    ] {
        let path = bench.write("picture.png", bytes);
        let error = bench.host(Source::File(path)).await.unwrap_err();
        assert!(matches!(error, HostError::Kind), "{error}");
    }
    let empty = bench.write("empty.png", b"");
    assert!(matches!(bench.host(Source::File(empty)).await, Err(HostError::Empty)));
    let relative = PathBuf::from("Cargo.toml");
    assert!(matches!(bench.host(Source::File(relative)).await, Err(HostError::NotAbsolute)));
    let nowhere = bench.directory.path().join("nowhere.png");
    let error = bench.host(Source::File(nowhere)).await.unwrap_err();
    assert!(matches!(error, HostError::Unreadable(_)) && !error.to_string().contains("nowhere"));
    let directory = bench.directory.path().to_owned();
    assert!(matches!(bench.host(Source::File(directory)).await, Err(HostError::NotAFile)));
    #[cfg(unix)]
    {
        // Nobody writes into it: whoever waited would wait for ever.
        let pipe = bench.directory.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
        assert!(made.success());
        assert!(matches!(bench.host(Source::File(pipe)).await, Err(HostError::NotAFile)));
        let device = PathBuf::from("/dev/zero");
        assert!(matches!(bench.host(Source::File(device)).await, Err(HostError::NotAFile)));
    }
    assert_eq!(bench.files(), 0);
}

#[tokio::test]
async fn a_message_carries_so_much_and_all_of_it_or_nothing() {
    let bench = Bench::new();
    let of_length = |head: &[u8], length: usize| {
        let mut bytes = head.to_vec();
        bytes.resize(length, 0);
        Source::Bytes(bytes)
    };
    let mut capabilities = mock();
    capabilities.media_count = 3;
    capabilities.media_total_bytes = 25_000;
    capabilities.media_picture_bytes = 20_000;
    capabilities.media_other_bytes = 10_000;
    let limits = MediaLimits::of(&mock_account(), &capabilities).unwrap();
    let pdf = b"%PDF-1.7\n";
    for (sources, words) in [
        (vec![of_length(JPEG, 20_001)], "the 20 kB that may be sent of a JPEG"),
        (vec![of_length(pdf, 10_001)], "the 10 kB that may be sent of anything but"),
        (vec![of_length(JPEG, 20_000), of_length(pdf, 5_001)], "25 kB together"),
        (vec![of_length(JPEG, 100); 4], "at most 3"),
        (vec![of_length(JPEG, 100), Source::Bytes(b"words".to_vec())], "no picture"),
    ] {
        let error = bench.store.host(sources, limits).await.unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
        assert_eq!(bench.files(), 0, "{words}");
    }
    let whole = vec![of_length(JPEG, 15_000), of_length(pdf, 10_000)];
    let hosted = bench.store.host(whole, limits).await.unwrap();
    assert_eq!((hosted.len(), hosted[0].bytes, hosted[1].bytes), (2, 15_000, 10_000));
    // What the account may is less than what the carrier takes.
    let mut account = mock_account();
    account.media_max_bytes = 9_000;
    let limits = MediaLimits::of(&account, &capabilities).unwrap();
    let error = bench.store.host(vec![of_length(JPEG, 9_001)], limits).await.unwrap_err();
    assert!(matches!(error, HostError::TooLarge { most: 9_000, .. }), "{error}");
    capabilities.mms = false;
    assert!(matches!(MediaLimits::of(&account, &capabilities), Err(HostError::None)));
}

#[tokio::test]
async fn nothing_is_hosted_for_longer_than_its_time() {
    let bench = Bench::new();
    let early = bench.host(Source::Bytes(PNG.to_vec())).await.unwrap();
    bench.clock.advance(Duration::from_secs(60));
    let late = bench.host(Source::Bytes(PNG.to_vec())).await.unwrap();
    bench.clock.advance(LIFETIME - Duration::from_secs(60) - Duration::from_millis(1));
    assert!(content(&bench.store, &early.name).await.is_some());
    assert_eq!(bench.store.sweep().await, 0);
    bench.clock.advance(Duration::from_millis(1));
    assert!(content(&bench.store, &early.name).await.is_none(), "before anything is swept");
    assert!(content(&bench.store, &late.name).await.is_some());
    assert_eq!((bench.store.sweep().await, bench.files()), (1, 1));
    bench.store.withdraw(&late);
    assert!(content(&bench.store, &late.name).await.is_none());
    assert_eq!((bench.store.sweep().await, bench.files()), (0, 0));
    // A name that ended is not given anew.
    assert!(content(&bench.store, &early.name).await.is_none());
}

#[tokio::test]
async fn a_restart_hosts_on_and_clears_away_what_is_not_its_own() {
    let bench = Bench::new();
    let old = bench.host(Source::Bytes(PNG.to_vec())).await.unwrap();
    bench.clock.advance(LIFETIME / 2);
    let new = bench.host(Source::Bytes(PNG.to_vec())).await.unwrap();
    bench.clock.advance(LIFETIME / 2);
    let token = "0123456789abcdef0123456789abcdef";
    let soon = bench.clock.now().saturating_add(LIFETIME).as_millisecond();
    let strangers = [
        "half.part".to_owned(),
        "notes.txt".to_owned(),
        format!("{token}.png"),
        format!("{token}-{soon}"),
        format!("{token}-{soon}.exe"),
        format!("{token}-{soon}.png.png"),
        format!("{token}-+{soon}.png"),
        format!("{token}0-{soon}.png"),
        format!("{token}-{}.png", soon + 1),
        format!("{token}-{}.png", i64::MAX),
    ];
    for stranger in &strangers {
        fs::write(bench.inside().join(stranger), PNG).unwrap();
    }
    let again = Bench::open(bench.directory.path(), &bench.clock);
    assert!(content(&again, &new.name).await.is_some());
    assert!(content(&again, &old.name).await.is_none());
    assert_eq!(bench.files(), 1);
    bench.clock.advance(LIFETIME);
    assert_eq!((again.sweep().await, bench.files()), (1, 0));
}

#[tokio::test]
async fn a_name_is_never_a_path() {
    let bench = Bench::new();
    let hosted = bench.host(Source::Bytes(PNG.to_vec())).await.unwrap();
    let secret = bench.write("secret.png", PNG);
    let on_disk = fs::read_dir(bench.inside()).unwrap().next().unwrap().unwrap().file_name();
    for name in [
        "",
        ".",
        "..",
        "../secret.png",
        "..%2fsecret.png",
        "..\\secret.png",
        secret.to_str().unwrap(),
        on_disk.to_str().unwrap(),
        &hosted.name[..32],
        &hosted.name.to_uppercase(),
        &format!("{}/", hosted.name),
        &format!("./{}", hosted.name),
        &format!("{}\0", hosted.name),
    ] {
        assert!(bench.store.find(name).await.is_none(), "{name:?}");
    }
    assert!(bench.store.find(&hosted.name).await.is_some());
    // Gone from the disk is as good as ended.
    fs::remove_file(bench.inside().join(on_disk)).unwrap();
    assert!(bench.store.find(&hosted.name).await.is_none());
}

#[tokio::test]
async fn there_are_so_many_at_once() {
    let bench = Bench::new();
    for _ in 0..MAX_FILES / 10 {
        let sources = vec![Source::Bytes(PNG.to_vec()); 10];
        bench.store.host(sources, limits()).await.unwrap();
    }
    assert!(matches!(bench.host(Source::Bytes(PNG.to_vec())).await, Err(HostError::Full)));
    assert_eq!(bench.files(), MAX_FILES);
    bench.clock.advance(LIFETIME);
    assert!(bench.host(Source::Bytes(PNG.to_vec())).await.is_ok(), "those that ended make room");
    assert_eq!(bench.files(), 1);
}

fn twilio(mut more: Value) -> Value {
    more["provider"] = "twilio".into();
    more["fromNumber"] = "+15550001111".into();
    more["twilio"]["accountSid"] = format!("AC{:032}", 0).into();
    more["twilio"]["authToken"] = "t".into();
    more
}

#[tokio::test]
async fn carriers_are_given_the_url_that_leads_here() {
    let bench = Bench::new();
    let hosted = bench.host(Source::Bytes(PNG.to_vec())).await.unwrap();
    let mock = json!({ "provider": "mock", "fromNumber": "+15550001111" });
    let stand_in = twilio(json!({ "twilio": { "apiBaseUrl": "http://127.0.0.1:9000" } }));
    let elsewhere = twilio(json!({ "twilio": { "apiBaseUrl": "http://10.0.0.1:9000" } }));
    for (config, address, root) in [
        (
            twilio(json!({ "publicUrl": "https://a.example" })),
            "0.0.0.0:1",
            Some("https://a.example"),
        ),
        (
            twilio(json!({ "publicUrl": "https://a.example/telephony/webhook" })),
            "127.0.0.1:1",
            Some("https://a.example"),
        ),
        (
            twilio(json!({ "publicUrl": "https://a.example/behind/telephony/webhook/" })),
            "127.0.0.1:1",
            Some("https://a.example/behind"),
        ),
        (mock.clone(), "127.0.0.1:3335", Some("http://127.0.0.1:3335")),
        (mock, "[::1]:3335", Some("http://[::1]:3335")),
        (stand_in, "0.0.0.0:3335", Some("http://127.0.0.1:3335")),
        (elsewhere, "127.0.0.1:3335", None),
        (twilio(json!({})), "127.0.0.1:3335", None),
    ] {
        let config = self::config(config);
        let address = address.parse().unwrap();
        let urls = MediaUrls::of(&config.accounts[0], &config.serve, None, address);
        match root {
            Some(root) => {
                let url = urls.unwrap().of_file(&hosted).unwrap();
                let expected = format!("{root}/telephony/webhook/media/{}", hosted.name);
                assert_eq!(url.as_str(), expected);
                assert_eq!(media_path(&config.serve), "/telephony/webhook/media");
            }
            None => assert!(matches!(urls, Err(HostError::NoPublicUrl))),
        }
    }
}

#[test]
fn a_url_is_passed_on_where_a_carrier_can_fetch_it() {
    let account = account(twilio(json!({})));
    for (url, is_passed_on) in [
        ("https://example.com/cat.jpg?size=1", true),
        ("https://8.8.8.8/cat.jpg", true),
        ("http://example.com/cat.jpg", false),
        ("https://localhost/cat.jpg", false),
        ("https://cat.localhost/cat.jpg", false),
        ("https://printer.local/cat.jpg", false),
        ("https://metadata.google.internal./cat.jpg", false),
        ("https://intranet/cat.jpg", false),
        ("https://10.0.0.1/cat.jpg", false),
        ("https://169.254.169.254/cat.jpg", false),
        ("https://[::ffff:10.0.0.1]/cat.jpg", false),
        ("https://[fd00::1]/cat.jpg", false),
    ] {
        let url: telephony_core::HttpUrl = url.parse().unwrap();
        assert_eq!(check_url(&account, &url).is_ok(), is_passed_on, "{url}");
    }
    let local = "http://127.0.0.1:1/cat.jpg".parse().unwrap();
    assert!(check_url(&mock_account(), &local).is_ok(), "the mock is on this machine");
}
