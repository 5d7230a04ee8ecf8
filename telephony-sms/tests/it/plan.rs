//! The messages that texts become.
#![cfg(feature = "alloc")]

use proptest::prelude::*;
use telephony_sms::{Boundary, ChunkMode, Encoding, Error, MessageCap, PlanOptions, analyze, plan};

fn texts_of(text: &str, options: PlanOptions) -> Vec<String> {
    let plan = plan(text, options).expect("a plan");
    plan.messages.into_iter().map(|message| message.text.into_owned()).collect()
}

fn numbered() -> PlanOptions {
    PlanOptions::new().numbering(true)
}

#[test]
fn what_fits_one_segment_goes_as_it_is() {
    for mode in [ChunkMode::Auto, ChunkMode::Single, ChunkMode::Multi] {
        for text in ["", "hello", "😀", &"a".repeat(160), &"漢".repeat(70)] {
            assert_eq!(texts_of(text, numbered().mode(mode)), [text]);
        }
    }
}

#[test]
fn auto_numbers_its_own_parts() {
    let text = "a".repeat(161);
    let parts = texts_of(&text, numbered());
    // Two brackets of two septets: eight septets of number leave 152.
    assert_eq!(parts, [format!("[1/2] {}", "a".repeat(152)), format!("[2/2] {}", "a".repeat(9))]);
}

#[test]
fn auto_without_numbers_leaves_concatenation_to_the_carrier() {
    let text = "a".repeat(500);
    let plan = plan(&text, PlanOptions::new()).unwrap();
    assert_eq!(plan.messages.len(), 1);
    assert_eq!(plan.messages[0].text, text);
    assert_eq!(plan.segments(), 4);
}

#[test]
fn auto_without_numbers_cuts_at_the_carriers_cap() {
    let options = PlanOptions::new().boundary(Boundary::CodePoint);
    let lengths = |text: &str, cap| {
        let parts = texts_of(text, options.cap(cap));
        parts.iter().map(|part| part.chars().count()).collect::<Vec<_>>()
    };
    assert_eq!(lengths(&"a".repeat(1601), MessageCap::lengths(1600, 1600)), [1600, 1]);
    assert_eq!(lengths(&"a".repeat(1531), MessageCap::segments(10)), [1530, 1]);
    assert_eq!(lengths(&"漢".repeat(671), MessageCap::segments(10)), [670, 1]);
    assert_eq!(lengths(&"漢".repeat(738), MessageCap::lengths(1600, 737)), [737, 1]);
    // The cap of a message is that of its own encoding.
    let mixed = "a".repeat(1000) + "漢";
    assert_eq!(lengths(&mixed, MessageCap::lengths(1600, 737)), [1000, 1]);
}

#[test]
fn multi_makes_parts_of_one_segment() {
    let options = PlanOptions::new().mode(ChunkMode::Multi).boundary(Boundary::CodePoint);
    let text = "a".repeat(321);
    let lengths: Vec<_> = texts_of(&text, options).iter().map(String::len).collect();
    assert_eq!(lengths, [160, 160, 1]);
}

#[test]
fn a_link_that_fits_a_part_is_not_cut() {
    let link = format!("https://example.com/{}", "a".repeat(100));
    let text = format!("{} {link} and more", "word ".repeat(15));
    let parts = texts_of(&text, numbered());
    assert_eq!(parts.len(), 2);
    assert!(parts[1].starts_with(&format!("[2/2] {link}")), "{parts:?}");
}

#[test]
fn numbering_converges_when_the_count_gains_a_digit() {
    // Nine parts of 152 septets hold 1,368; one more makes ten parts, whose numbers are longer.
    assert_eq!(texts_of(&"a".repeat(1368), numbered()).len(), 9);
    let parts = texts_of(&"a".repeat(1369), numbered());
    assert_eq!(parts.len(), 10);
    assert!(parts[0].starts_with("[1/10] a"));
    assert!(parts[9].starts_with("[10/10] a"));
    // Nine of 151 and ninety of 150, then a hundred.
    let hundred = texts_of(&"a".repeat(9 * 151 + 90 * 150 + 1), numbered());
    assert_eq!(hundred.len(), 100);
    assert!(hundred[99].starts_with("[100/100] a"));
}

#[test]
fn a_part_pays_only_for_its_own_characters() {
    let text = format!("{} 😀", "word ".repeat(60));
    let plan = plan(&text, numbered()).unwrap();
    let encodings: Vec<_> = plan.messages.iter().map(|message| message.analysis.encoding).collect();
    assert_eq!(encodings[0], Encoding::Gsm7);
    assert_eq!(encodings.last(), Some(&Encoding::Ucs2));
    assert_eq!(plan.encoding(), Encoding::Ucs2);
}

#[test]
fn an_ellipsis_never_flips_the_encoding() {
    let single = PlanOptions::new().mode(ChunkMode::Single);
    let narrow = texts_of(&"a".repeat(200), single);
    assert_eq!(narrow, ["a".repeat(157) + "..."]);
    let wide = texts_of(&"漢".repeat(200), single);
    assert_eq!(wide, ["漢".repeat(69) + "…"]);
    // What is kept decides, not what is cut off.
    let late = texts_of(&("a".repeat(150) + &"漢".repeat(50)), single);
    assert_eq!(late, ["a".repeat(150) + "..."]);
}

#[test]
fn max_length_counts_characters_and_comes_first() {
    let options = PlanOptions::new().max_length(10);
    assert_eq!(texts_of("0123456789", options), ["0123456789"]);
    assert_eq!(texts_of("0123456789a", options), ["0123456..."]);
    assert_eq!(texts_of("漢字漢字漢字漢字漢字漢", options), ["漢字漢字漢字漢字漢…"]);
    assert_eq!(texts_of("hello, world", options), ["hello,..."]);
    assert_eq!(texts_of("hello", PlanOptions::new().max_length(2)), ["he"]);
    assert_eq!(texts_of("hello", PlanOptions::new().max_length(0)), [""]);
    let plan = plan("0123456789a", options).unwrap();
    assert!(plan.truncated);
    assert_eq!(plan.messages[0].range, 0..7);
}

#[test]
fn more_than_255_messages_is_an_error() {
    let options = PlanOptions::new().mode(ChunkMode::Multi);
    let error = plan(&"a".repeat(160 * 256), options).unwrap_err();
    assert!(matches!(error, Error::TooManyParts { .. }));
    assert!(plan(&"a".repeat(152 * 255), options.numbering(true)).is_err());
}

fn texts() -> impl Strategy<Value = String> {
    let pieces = prop_oneof![
        6 => "[a-zA-Z ]{1,60}",
        2 => "[\\[\\]{}~^|€]{1,12}",
        2 => "[漢字かな]{1,30}",
        1 => prop::sample::select(vec!["😀", "🇺🇳", "👨‍👩‍👧‍👦", "e\u{301}", "\r\n", "…"])
            .prop_map(str::to_owned),
    ];
    prop::collection::vec(pieces, 0..40).prop_map(|pieces| pieces.concat())
}

fn modes() -> impl Strategy<Value = ChunkMode> {
    prop::sample::select(vec![ChunkMode::Auto, ChunkMode::Single, ChunkMode::Multi])
}

proptest! {
    #[test]
    fn what_is_sent_is_the_text(
        text in texts(),
        mode in modes(),
        numbering in any::<bool>(),
        max_length in prop::option::of(0usize..400),
    ) {
        let mut options = PlanOptions::new().mode(mode).numbering(numbering);
        if let Some(characters) = max_length {
            options = options.max_length(characters);
        }
        let plan = plan(&text, options).expect("few messages");
        let total = plan.messages.len();
        let mut sent = String::new();
        let mut end = 0;
        for (index, message) in plan.messages.iter().enumerate() {
            prop_assert_eq!(message.analysis, analyze(&message.text));
            prop_assert_eq!(message.range.start, end);
            end = message.range.end;
            let own = if total > 1 && numbering {
                let prefix = format!("[{}/{total}] ", index + 1);
                message.text.strip_prefix(prefix.as_str()).expect("a number")
            } else {
                &message.text
            };
            sent.push_str(own);
            if mode == ChunkMode::Single || total > 1 {
                prop_assert_eq!(message.analysis.segments, 1);
            }
        }
        prop_assert!(mode != ChunkMode::Single || total == 1);
        if let Some(characters) = max_length {
            prop_assert!(sent.chars().count() <= characters);
        }
        if plan.truncated {
            let kept = &text[..end];
            let ellipsis = sent.strip_prefix(kept).expect("a beginning of the text");
            prop_assert!(["", "...", "…"].contains(&ellipsis), "{ellipsis:?}");
            if ellipsis == "…" {
                prop_assert_eq!(analyze(kept).encoding, Encoding::Ucs2);
            }
        } else {
            prop_assert_eq!(&sent, &text);
        }
    }

    #[cfg(feature = "grapheme")]
    #[test]
    fn no_cluster_is_cut(text in texts(), mode in modes(), numbering in any::<bool>()) {
        use unicode_segmentation::UnicodeSegmentation;
        let plan = plan(&text, PlanOptions::new().mode(mode).numbering(numbering)).unwrap();
        let starts: Vec<_> = text.grapheme_indices(true).map(|(start, _)| start).collect();
        for message in &plan.messages {
            prop_assert!(message.range.end == text.len() || starts.contains(&message.range.end));
        }
    }
}
