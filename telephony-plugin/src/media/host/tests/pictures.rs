//! Pictures that are too large are made smaller; what fits is left alone, what cannot is refused.

use telephony_core::config::Provider;
use telephony_providers::{Transport, connect};

use super::*;
use crate::media::host::shrink::tests::{black, png};

/// What an account's carrier takes.
fn limits_of(config: Value) -> MediaLimits {
    telephony_providers::tls_configuration().unwrap();
    let account = account(config);
    let connection = connect(&account, &Transport::builder().build().unwrap()).unwrap();
    MediaLimits::of(&account, &connection.messaging.capabilities()).unwrap()
}

fn telnyx() -> MediaLimits {
    limits_of(json!({
        "provider": "telnyx",
        "fromNumber": "+15550001111",
        "telnyx": { "apiKey": "k", "publicKey": "A".repeat(43) + "=" },
    }))
}

fn plivo() -> MediaLimits {
    limits_of(json!({
        "provider": "plivo",
        "fromNumber": "+15550001111",
        "plivo": { "authId": "i", "authToken": "t" },
    }))
}

/// What a message may carry: so much in all, and so much in each.
fn of_bytes(total: u64, picture: u64, other: u64) -> MediaLimits {
    let mut capabilities = mock();
    capabilities.media_total_bytes = total;
    capabilities.media_picture_bytes = picture;
    capabilities.media_other_bytes = other;
    MediaLimits::of(&mock_account(), &capabilities).unwrap()
}

fn bytes(file: Vec<u8>) -> Source {
    Source::Bytes(file)
}

fn pdf(length: usize) -> Vec<u8> {
    let mut file = b"%PDF-1.7\n".to_vec();
    file.resize(length, b' ');
    file
}

#[tokio::test]
async fn each_carrier_gets_what_it_takes() {
    let bench = Bench::new();
    let twilio = limits_of(twilio(json!({})));
    for (limits, most, edge) in
        [(twilio, 5_000_000, 1_300), (plivo(), 2_000_000, 830), (telnyx(), 999_999, 580)]
    {
        let file = png(edge, edge);
        assert!(file.len() > most);
        let path = bench.write("picture.png", &file);
        let hosted = bench.store.host(vec![Source::File(path)], limits).await.unwrap();
        assert_eq!(hosted[0].content_type, "image/jpeg");
        assert!(hosted[0].bytes <= most as u64 && hosted[0].bytes > most as u64 / 2);
        let (content_type, found) = content(&bench.store, &hosted[0].name).await.unwrap();
        assert_eq!((content_type, found.len() as u64), ("image/jpeg", hosted[0].bytes));
        let shown = image::load_from_memory(&found).unwrap();
        assert_eq!(shown.width(), shown.height());
    }
}

#[tokio::test]
async fn carriers_say_how_much_they_take() {
    let bench = Bench::new();
    let gif = |length: usize| {
        let mut file = b"GIF89a\x01\0\x01\0\0\0\0".to_vec();
        file.resize(length, 0);
        bytes(file)
    };
    let twilio = limits_of(twilio(json!({})));
    for (limits, sources, words) in [
        (twilio, vec![gif(5_000_001)], Some("5 MB that may be sent of a JPEG, PNG or GIF")),
        (twilio, vec![gif(5_000_000)], None),
        (twilio, vec![bytes(pdf(500_001))], Some("500 kB that may be sent of anything but")),
        (twilio, vec![bytes(pdf(500_000))], None),
        (twilio, vec![gif(2_500_000), gif(2_500_001)], Some("5 MB together")),
        (twilio, vec![gif(100); 11], Some("at most 10")),
        (telnyx(), vec![gif(1_000_000)], Some("999 kB that may be sent")),
        (telnyx(), vec![gif(999_000), bytes(pdf(1_000))], Some("999 kB together")),
        (telnyx(), vec![gif(999_000), bytes(pdf(999))], None),
        (telnyx(), vec![gif(100); 11], Some("at most 10")),
        (plivo(), vec![bytes(pdf(2_000_001))], Some("2 MB that may be sent")),
        (plivo(), vec![gif(2_000_000), gif(2_000_000), gif(1_000_001)], Some("5 MB together")),
        (plivo(), vec![gif(2_000_000), gif(2_000_000), gif(1_000_000)], None),
        (plivo(), vec![gif(100); 11], Some("at most 10")),
    ] {
        match (bench.store.host(sources, limits).await, words) {
            (Ok(hosted), None) => hosted.iter().for_each(|one| bench.store.withdraw(one)),
            (Err(error), Some(words)) => {
                let error = error.to_string();
                assert!(error.contains(words), "{error}");
            }
            (result, words) => panic!("{result:?}, expected {words:?}"),
        }
        assert_eq!(bench.files(), 0);
    }
}

#[tokio::test]
async fn pictures_of_a_message_share_its_room_in_order() {
    let bench = Bench::new();
    let (small, large, huge) = (png(60, 60), png(150, 150), png(200, 200));
    let other = pdf(20_000);
    let limits = of_bytes(100_000, 90_000, 30_000);
    let sources = [&large, &small, &other, &huge].map(|file| bytes(file.clone()));
    let hosted = bench.store.host(sources.to_vec(), limits).await.unwrap();
    let types: Vec<_> = hosted.iter().map(|one| one.content_type).collect();
    assert_eq!(types, ["image/jpeg", "image/png", "application/pdf", "image/jpeg"]);
    assert_eq!(content(&bench.store, &hosted[1].name).await.unwrap().1, small);
    assert_eq!(content(&bench.store, &hosted[2].name).await.unwrap().1, other);
    // What the PDF and the small picture leave is halved.
    let share = (100_000 - other.len() - small.len()) as u64 / 2;
    for one in [&hosted[0], &hosted[3]] {
        assert!(one.bytes <= share && one.bytes > share / 2, "{} of {share}", one.bytes);
    }
}

#[tokio::test]
async fn what_fits_is_hosted_byte_for_byte() {
    let bench = Bench::new();
    let (one, other) = (png(100, 100), png(120, 120));
    let (most, total) = (other.len() as u64, (one.len() + other.len()) as u64);
    let exact = of_bytes(total, most, most);
    let sources = vec![bytes(one.clone()), bytes(other.clone())];
    let hosted = bench.store.host(sources.clone(), exact).await.unwrap();
    assert_eq!(content(&bench.store, &hosted[0].name).await.unwrap().1, one);
    assert_eq!(content(&bench.store, &hosted[1].name).await.unwrap().1, other);
    // Of a byte too much, the larger one loses.
    for limits in [of_bytes(total, most - 1, most - 1), of_bytes(total - 1, most, most)] {
        let hosted = bench.store.host(sources.clone(), limits).await.unwrap();
        assert_eq!(content(&bench.store, &hosted[0].name).await.unwrap().1, one);
        assert!(hosted[1].content_type == "image/jpeg" && hosted[1].bytes < most);
    }
}

#[tokio::test]
async fn what_cannot_be_made_small_enough_is_refused_and_so_is_all_with_it() {
    let bench = Bench::new();
    let picture = png(100, 100);
    let half = png(200, 200)[..60_000].to_vec();
    let limits = of_bytes(100_000, 50_000, 50_000);
    let too_large = "50 kB that may be sent of a JPEG, PNG or GIF, and could not be made small";
    for (file, limits, words) in [
        (half, limits, too_large),
        (black(12_000), limits, too_large),
        // What is left for the picture shows nothing.
        (pdf(40_000), of_bytes(40_100, 40_000, 40_000), "40 kB together"),
    ] {
        let sources = vec![bytes(picture.clone()), bytes(file)];
        let error = bench.store.host(sources, limits).await.unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
        assert_eq!(bench.files(), 0);
    }
}

#[tokio::test]
async fn what_the_account_may_is_what_a_picture_is_made_for() {
    let bench = Bench::new();
    let mut account = account(twilio(json!({ "mediaMaxMb": 1 })));
    assert!(
        matches!(account.provider, Provider::Twilio(_)) && account.media_max_bytes == 1_000_000
    );
    account.media_max_bytes = 40_000;
    let limits = MediaLimits::of(&account, &mock()).unwrap();
    let hosted = bench.store.host(vec![bytes(png(200, 200))], limits).await.unwrap();
    assert!(hosted[0].bytes <= 40_000);
}

#[tokio::test]
async fn a_file_too_large_to_be_read_is_refused_unread() {
    let bench = Bench::new();
    let path = bench.write("huge.png", &png(100, 100));
    let file = File::options().write(true).open(&path).unwrap();
    let most = crate::media::host::shrink::MAX_SOURCE_BYTES;
    file.set_len(most).unwrap();
    let limits = of_bytes(30_000, 30_000, 30_000);
    let read = bench.store.host(vec![Source::File(path.clone())], limits).await.unwrap();
    assert!(read[0].bytes <= 30_000, "what follows a picture is none of it");
    file.set_len(most + 1).unwrap();
    let error = bench.store.host(vec![Source::File(path)], limits).await.unwrap_err();
    assert!(matches!(error, HostError::TooLarge { most: 30_000, is_picture: true }), "{error}");
}
