//! From a text and an account's settings to the parts that are sent.

use std::borrow::Cow;

use telephony_core::HttpUrl;
use telephony_core::config::{ChunkMode, Sms, Transliterate};
use telephony_providers::Capabilities;
use telephony_sms::translit::{MapSet, transliterate, transliterate_if_saves};
use telephony_sms::{MessageCap, PlanOptions};

use super::send::Part;

/// The parts in which `text` and `media` are sent: as `sms` says, and within what the provider
/// takes. Media goes with the first part, as many as one message may have with each.
#[must_use]
pub fn plan(text: &str, media: &[HttpUrl], sms: &Sms, provider: &Capabilities) -> Vec<Part> {
    let text = match sms.transliterate {
        Transliterate::Saves => transliterate_if_saves(text, MapSet::EVERYDAY),
        Transliterate::Always => transliterate(text, MapSet::EVERYDAY),
        _ => Cow::Borrowed(text),
    };
    let mode = match sms.chunk_mode {
        ChunkMode::Single => telephony_sms::ChunkMode::Single,
        ChunkMode::Multi => telephony_sms::ChunkMode::Multi,
        _ => telephony_sms::ChunkMode::Auto,
    };
    let mut cap = MessageCap::lengths(size(provider.gsm7_characters), size(provider.ucs2_units));
    cap.segments = provider.segments.map_or(cap.segments, size);
    let options = PlanOptions::new().mode(mode).numbering(sms.segment_numbering).cap(cap);
    let mut parts: Vec<Part> = if text.is_empty() && !media.is_empty() {
        Vec::new()
    } else {
        texts(&text, options, size(sms.max_length), sms.max_segments_per_reply.map(size))
            .into_iter()
            .map(|text| Part::new(text.into(), Vec::new()))
            .collect()
    };
    for (index, media) in media.chunks(size(provider.media_count).max(1)).enumerate() {
        match parts.get_mut(index) {
            Some(part) => part.media = media.to_vec(),
            None => parts.push(Part::new("".into(), media.to_vec())),
        }
    }
    parts
}

/// The texts of the first `max_length` characters, of no more segments in all than there may be: a
/// beginning of the text is kept that fits.
fn texts(
    text: &str,
    options: PlanOptions,
    max_length: usize,
    max_segments: Option<usize>,
) -> Vec<String> {
    let within = |limit: usize| -> Option<Vec<String>> {
        let plan = telephony_sms::plan(text, options.max_length(limit)).ok()?;
        let fits = max_segments.is_none_or(|most| plan.segments() <= most.max(1));
        fits.then(|| plan.messages.into_iter().map(|message| message.text.into_owned()).collect())
    };
    if let Some(texts) = within(max_length) {
        return texts;
    }
    // More characters hardly ever need fewer segments, so what is found by halving is the longest
    // that fits, or nearly so.
    let (mut fits, mut too_long) = (0, max_length.min(text.chars().count()));
    let mut best = Vec::new();
    while too_long - fits > 1 {
        let middle = fits + (too_long - fits) / 2;
        match within(middle) {
            Some(texts) => (fits, best) = (middle, texts),
            None => too_long = middle,
        }
    }
    best
}

fn size(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use telephony_core::config::{Host, from_value};
    use telephony_providers::{MessagingProvider as _, MockProvider};
    use telephony_sms::analyze;

    use super::*;

    fn parts(text: &str, media: usize, sms: Value) -> Vec<(String, usize)> {
        let config = json!({ "provider": "mock", "fromNumber": "+15550001111", "sms": sms });
        let config = from_value(config, Host::Standalone, &|_| None).unwrap();
        let url: HttpUrl = "https://example.com/a.jpg".parse().unwrap();
        let capabilities = MockProvider::default().capabilities();
        plan(text, &vec![url; media], &config.accounts[0].sms, &capabilities)
            .into_iter()
            .map(|part| (part.body.as_str().to_owned(), part.media.len()))
            .collect()
    }

    #[test]
    fn what_fits_one_segment_goes_as_it_is() {
        assert_eq!(parts("Hello", 0, json!({})), [("Hello".to_owned(), 0)]);
        assert_eq!(parts(&"a".repeat(160), 0, json!({})).len(), 1);
    }

    #[test]
    fn longer_texts_follow_the_chunk_mode() {
        let text = "word ".repeat(60);
        let numbered = parts(&text, 0, json!({}));
        assert!(numbered.len() > 1);
        assert!(numbered[0].0.starts_with("[1/"), "{numbered:?}");
        assert!(numbered.iter().all(|(text, _)| analyze(text).segments == 1));
        let carrier = parts(&text, 0, json!({ "segmentNumbering": false }));
        assert_eq!(carrier, [(text.clone(), 0)]);
        let own = parts(&text, 0, json!({ "segmentNumbering": false, "chunkMode": "multi" }));
        assert_eq!(own.iter().map(|(text, _)| text.as_str()).collect::<String>(), text);
        assert_eq!(parts(&text, 0, json!({ "chunkMode": "single" })).len(), 1);
    }

    #[test]
    fn a_reply_has_no_more_segments_than_it_may() {
        let text = "word ".repeat(200);
        for most in [1, 2, 3] {
            let parts = parts(&text, 0, json!({ "maxSegmentsPerReply": most }));
            let segments: usize = parts.iter().map(|(text, _)| analyze(text).segments).sum();
            assert_eq!(segments, most, "{parts:?}");
        }
    }

    #[test]
    fn a_reply_is_no_longer_than_it_may_be_either() {
        let text = "word ".repeat(60_000);
        for (length, most) in [(100, 1), (100, 50), (400, 2), (1600, 200)] {
            let sms = json!({
                "maxLength": length, "maxSegmentsPerReply": most, "segmentNumbering": false,
            });
            let parts = parts(&text, 0, sms);
            let characters: usize = parts.iter().map(|(text, _)| text.chars().count()).sum();
            let segments: usize = parts.iter().map(|(text, _)| analyze(text).segments).sum();
            assert!(characters <= length && segments <= most, "{length} {most}: {characters}");
            assert!(characters + 10 > length.min(most * 153), "{length} {most}: {characters}");
        }
    }

    #[test]
    fn pictures_go_with_the_first_part_and_alone_where_there_is_no_text() {
        assert_eq!(parts("Hello", 2, json!({})), [("Hello".to_owned(), 2)]);
        assert_eq!(parts("", 1, json!({})), [(String::new(), 1)]);
        let many = parts("Hello", 12, json!({}));
        assert_eq!(many, [("Hello".to_owned(), 10), (String::new(), 2)]);
    }

    #[test]
    fn letters_are_written_in_gsm_7_where_that_is_asked_for() {
        let sms = json!({ "transliterate": "always" });
        assert_eq!(parts("“Győr”", 0, sms), [("\"Gyor\"".to_owned(), 0)]);
    }
}
