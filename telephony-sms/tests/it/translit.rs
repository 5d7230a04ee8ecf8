//! What is written instead of the characters that force UCS-2.
#![cfg(all(feature = "translit", feature = "alloc"))]

use proptest::prelude::*;
use serde_json::Value;
use telephony_sms::translit::{
    Map, MapSet, offenders, savings, transliterate, transliterate_if_saves,
};
use telephony_sms::{Encoding, analyze};

const SMART_ENCODING: &str = include_str!("../data/smart_encoding_map.json");

#[test]
fn the_twilio_map_is_the_published_list() {
    let published: Vec<Value> = serde_json::from_str(SMART_ENCODING).unwrap();
    assert_eq!(published.len(), 271);
    let mut known = 0;
    for character in '\0'..=char::MAX {
        let code = format!("U+{:04X}", u32::from(character));
        let expected = published.iter().find(|entry| entry["cp"] == code.as_str());
        let expected = expected.map(|entry| entry["to"].as_str().unwrap());
        if let Some(replacement) = Map::Twilio.replacement(character) {
            assert_eq!(Some(replacement), expected, "{code}");
            known += 1;
        }
    }
    assert_eq!(known, published.len());
}

#[test]
fn gsm_accents_are_kept() {
    let text = "Ààèéùìòñöü§¿¡ΔΦ€";
    let all = Map::ALL.iter().fold(MapSet::NONE, |set, map| set.with(*map));
    assert_eq!(transliterate("àèéùìòÇØøÅåÄÖÑÜß€", all), "àèéùìòÇØøÅåÄÖÑÜß€");
    assert_eq!(transliterate(text, MapSet::EVERYDAY), text.replace('À', "A"));
}

#[test]
fn combining_marks_become_what_gsm7_has() {
    let text = "cafe\u{301} a\u{301} n\u{303} x\u{308}\u{301}";
    assert_eq!(transliterate(text, MapSet::EVERYDAY), "café a ñ x");
}

#[test]
fn languages() {
    for (map, text, expected) in [
        (Map::Polish, "Zażółć gęślą jaźń", "Zazólc gesla jazn"),
        (Map::Russian, "Привет, мир", "Privet, mir"),
        (Map::Ukrainian, "Київ", "Kyiv"),
        (Map::GreekCapitals, "Καλημέρα κόσμε", "KAΛHMEPA KOΣME"),
        (Map::Turkish, "Ağaç, ışık, İstanbul", "Agac, isik, Istanbul"),
        (Map::Croatian, "Đurđevac", "Djurdjevac"),
        (Map::German, "STRAẞE", "STRASSE"),
        (Map::Vietnamese, "Việt Nam đẹp", "Viet Nam dep"),
    ] {
        let expected = expected.replace('ó', "o");
        assert_eq!(transliterate(text, MapSet::NONE.with(map)), expected);
    }
}

#[test]
fn a_text_is_changed_only_where_that_saves_a_segment() {
    let one = "it’s ".repeat(14);
    assert_eq!(transliterate_if_saves(&one, MapSet::EVERYDAY), one);
    let two = "it’s ".repeat(15);
    assert_eq!(transliterate_if_saves(&two, MapSet::EVERYDAY), "it's ".repeat(15));
    let stubborn = two + "😀";
    assert_eq!(transliterate_if_saves(&stubborn, MapSet::EVERYDAY), stubborn);
}

fn texts() -> impl Strategy<Value = String> {
    let pieces = prop_oneof![
        "[a-zA-Z0-9 {}€]{1,40}",
        "[“”‘’–…•ąćęłőűßéàПриветКαλη\u{301}\u{308}\u{200B}\t]{1,12}",
        any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(pieces, 0..30).prop_map(|pieces| pieces.concat())
}

fn map_sets() -> impl Strategy<Value = MapSet> {
    prop::collection::vec(prop::sample::select(Map::ALL), 0..5)
        .prop_map(|maps| maps.into_iter().fold(MapSet::NONE, |set, map| set.with(map)))
}

proptest! {
    #[test]
    fn transliterating_twice_is_transliterating_once(text in texts(), maps in map_sets()) {
        let once = transliterate(&text, maps);
        prop_assert_eq!(transliterate(&once, maps), once.as_ref());
    }

    #[test]
    fn savings_are_what_transliterating_saves(text in texts(), maps in map_sets()) {
        let savings = savings(&text, maps);
        let after = analyze(&transliterate(&text, maps));
        prop_assert_eq!(savings.before, analyze(&text));
        prop_assert_eq!(savings.encoding, after.encoding);
        prop_assert_eq!(savings.segments_after, after.segments);
        prop_assert_eq!(savings.replaced + savings.unknown, offenders(&text, maps).count());
    }

    #[test]
    fn without_offenders_a_text_is_gsm7(text in texts()) {
        let none = offenders(&text, MapSet::NONE).next().is_none();
        prop_assert_eq!(none, analyze(&text).encoding == Encoding::Gsm7);
    }
}
