//! What is written instead of the characters that force UCS-2.
#![cfg(all(feature = "translit", feature = "alloc"))]

use std::hint::black_box;

use proptest::prelude::*;
use serde_json::Value;
use telephony_sms::translit::{
    Map, MapSet, Tally, offenders, pieces, savings, tally, transliterate, transliterate_if_saves,
};
use telephony_sms::{Encoding, alphabet, analyze};
use unicode_normalization::UnicodeNormalization;

const SMART_ENCODING: &str = include_str!("../data/smart_encoding_map.json");

#[test]
fn the_twilio_map_is_the_published_list() {
    let published: Vec<Value> = serde_json::from_str(SMART_ENCODING).unwrap();
    assert_eq!(published.len(), 271);
    for entry in &published {
        let code = entry["cp"].as_str().unwrap().strip_prefix("U+").unwrap();
        let character = u32::from_str_radix(code, 16).ok().and_then(char::from_u32).unwrap();
        assert_eq!(Map::Twilio.replacement(character), entry["to"].as_str(), "{character:?}");
    }
    let known = ('\0'..=char::MAX).filter(|known| Map::Twilio.replacement(*known).is_some());
    assert_eq!(known.count(), published.len());
}

#[test]
fn gsm_accents_are_kept() {
    let text = "Ààèéùìòñöü§¿¡ΔΦ€";
    let all = Map::ALL.iter().fold(MapSet::NONE, |set, map| set.with(*map));
    assert_eq!(transliterate("àèéùìòÇØøÅåÄÖÑÜß€", all), "àèéùìòÇØøÅåÄÖÑÜß€");
    assert_eq!(transliterate(text, MapSet::EVERYDAY), text.replace('À', "A"));
}

#[test]
fn the_twilio_map_alone_looks_at_no_neighbour() {
    let twilio = MapSet::NONE.with(Map::Twilio);
    assert_eq!(transliterate("n\u{303} 1½ \t漢\u{200B}", twilio), "n~ 11/2        漢");
}

#[test]
fn combining_marks_become_what_gsm7_has() {
    let text = "cafe\u{301} a\u{301} n\u{303} x\u{308}\u{301} u\u{308}\u{304} C\u{327}";
    assert_eq!(transliterate(text, MapSet::EVERYDAY), "café a ñ x ü Ç");
    let letters = MapSet::NONE.with(Map::Hungarian);
    assert_eq!(transliterate("Gyo\u{30B}r, re\u{301}gi", letters), "Györ, régi");
    let typographic = MapSet::NONE.with(Map::Typographic);
    assert_eq!(transliterate("cafe\u{301}", typographic), "cafe\u{301}");
}

#[test]
fn an_offender_with_its_letter_keeps_its_own_offset() {
    let text = "Cafe\u{301} и\u{306}";
    let maps = MapSet::EVERYDAY.with(Map::Bulgarian);
    let found: Vec<_> = offenders(text, maps)
        .map(|found| (found.offset, found.character, found.replacement, found.range()))
        .collect();
    let mark = (4, '\u{301}', Some("é"), 3..6);
    assert_eq!(found, [mark, (7, 'и', Some("y"), 7..11)]);
}

/// A letter and its mark are the same text as the one character that Unicode composes of them.
#[test]
fn a_decomposed_character_is_replaced_as_the_composed_one() {
    let mut compared = 0;
    for map in Map::ALL.iter().filter(|map| **map != Map::Twilio) {
        let maps = match map {
            Map::Typographic => MapSet::EVERYDAY,
            other => MapSet::NONE.with(*other),
        };
        for character in '\0'..=char::MAX {
            if map.replacement(character).is_none() {
                continue;
            }
            let composed = String::from(character);
            let decomposed: String = composed.nfd().collect();
            if decomposed == composed {
                continue;
            }
            let (one, other) = (transliterate(&composed, maps), transliterate(&decomposed, maps));
            assert_eq!(one, other, "{map:?} {character:?}");
            compared += 1;
        }
    }
    assert!(compared > 1000, "{compared}");
    for character in ('\0'..=char::MAX).filter(|character| alphabet::is_gsm7(*character)) {
        let decomposed: String = String::from(character).nfd().collect();
        assert_eq!(transliterate(&decomposed, MapSet::EVERYDAY), String::from(character));
    }
}

#[test]
fn languages() {
    for (map, text, expected) in [
        (Map::Bulgarian, "София, улица Щастие ѝ", "Sofia, ulitsa Shtastie i"),
        (Map::Bulgarian, "Илиян, Юлия! СОФИЯ", "Iliyan, Yulia! SOFIA"),
        (Map::Catalan, "Què passa, col·legi? això, ç", "Què passa, col.legi? això, c"),
        (Map::Croatian, "Đurđevac, ĐAK", "Djurdjevac, DJAK"),
        (Map::Czech, "Příliš žluťoučký kůň", "Prilis zlutoucky kun"),
        (Map::Estonian, "Õhtul küll", "Ohtul küll"),
        (Map::French, "Cœur brisé, ça va, forêt, Noël", "Coeur brisé, ca va, foret, Noel"),
        (Map::German, "STRAẞE, Straße, Öl", "STRASSE, Straße, Öl"),
        (Map::GreekCapitals, "Καλημέρα κόσμε", "KAΛHMEPA KOΣME"),
        (Map::GreekCapitals, "Τι κάνεις\u{37E}", "TI KANEIΣ;"),
        (Map::Hungarian, "árvíztűrő tükörfúrógép", "arviztürö tükörfurogép"),
        (Map::Icelandic, "Það er ÞÓR, Þór", "Thad er THOR, Thor"),
        (Map::Latvian, "Ķīna, šūpoles", "Kina, supoles"),
        (Map::Lithuanian, "Ąžuolas, žąsis", "Azuolas, zasis"),
        (Map::Polish, "Zażółć gęślą jaźń", "Zazolc gesla jazn"),
        (Map::Portuguese, "À ação, não é? Você", "A acao, nao é? Voce"),
        (Map::Romanian, "Țară, ţară, învățăm, și", "Tara, tara, invatam, si"),
        (Map::Russian, "Привет, мир! Щука, ЩУКА, объезд", "Privet, mir! Shchuka, SHCHUKA, obieezd"),
        (Map::Serbian, "Љубав, ЉУБАВ, ђак, Чачак", "Ljubav, LJUBAV, djak, Cacak"),
        (Map::Slovak, "Ľúbim ťa, kôň, dážď", "Lubim ta, kon, dazd"),
        (Map::Slovene, "Češnja, žaba", "Cesnja, zaba"),
        (Map::Spanish, "¿Dónde está mañana?", "¿Donde esta mañana?"),
        (Map::Turkish, "Ağaç, ışık, İstanbul", "Agac, isik, Istanbul"),
        (Map::Vietnamese, "Việt Nam đẹp", "Viet Nam dep"),
    ] {
        assert_eq!(transliterate(text, MapSet::NONE.with(map)), expected);
    }
}

/// The examples in Resolution 55 of 2010 itself.
#[test]
fn ukrainian_as_the_resolution_writes_it() {
    for (text, expected) in [
        ("Алушта", "Alushta"),
        ("Борщагівка", "Borshchahivka"),
        ("Вінниця", "Vinnytsia"),
        ("Гадяч", "Hadiach"),
        ("Ґалаґан", "Galagan"),
        ("Єнакієве", "Yenakiieve"),
        ("Згорани", "Zghorany"),
        ("Розгон", "Rozghon"),
        ("Їжакевич", "Yizhakevych"),
        ("Кадиївка", "Kadyivka"),
        ("Йосипівка", "Yosypivka"),
        ("Стрий", "Stryi"),
        ("Юрій", "Yurii"),
        ("Крюківка", "Kriukivka"),
        ("Яготин", "Yahotyn"),
        ("Ічня", "Ichnia"),
        ("Знамʼянка", "Znamianka"),
        ("Феодосія", "Feodosiia"),
        ("ЗГУРІВКА, ЮРІЙ", "ZGHURIVKA, YURII"),
    ] {
        assert_eq!(transliterate(text, MapSet::NONE.with(Map::Ukrainian)), expected);
        let decomposed: String = text.nfd().collect();
        assert_eq!(transliterate(&decomposed, MapSet::NONE.with(Map::Ukrainian)), expected);
    }
}

#[test]
fn signs_do_not_become_part_of_a_number() {
    for (text, expected) in [
        ("1½ cups, ½ cup", "1 1/2 cups, 1/2 cup"),
        ("10² m²; 10⁻³; 10²³", "10^2 m2; 10^-3; 10^23"),
        ("20°C, n° 5", "20 degC, no 5"),
        ("a ≠ b, a =\u{338} b", "a != b, a != b"),
        ("\u{FEFF}it\u{92}s\u{AD} 1\u{FE0F}\u{20E3}\u{1B}", "it's 1"),
    ] {
        assert_eq!(transliterate(text, MapSet::EVERYDAY), expected);
    }
}

#[test]
fn what_belongs_to_a_character_that_stays_stays_with_it() {
    let text = "\u{200B}❤\u{FE0F} 👩\u{200D}👩\u{200D}👧 и\u{301} \u{200D}…";
    let expected = "❤\u{FE0F} 👩\u{200D}👩\u{200D}👧 и\u{301} ...";
    assert_eq!(transliterate(text, MapSet::EVERYDAY), expected);
}

#[test]
fn languages_are_asked_in_the_order_in_which_they_were_added() {
    let one = MapSet::EVERYDAY.with(Map::Russian).with(Map::Ukrainian);
    let other = MapSet::NONE.with(Map::Ukrainian).with(Map::Russian).with(Map::Latin);
    assert_eq!(transliterate("ги, її", one), "gi, yii");
    assert_eq!(transliterate("ги, ы", other), "hy, y");
    let ranked: Vec<_> = one.iter().collect();
    assert_eq!(ranked, [Map::Russian, Map::Ukrainian, Map::Typographic, Map::Latin]);
    let all = Map::ALL.iter().fold(MapSet::NONE, |set, map| set.with(*map).with(*map));
    assert_eq!(all.iter().count(), Map::ALL.len());
    assert!(Map::ALL.iter().all(|map| all.contains(*map)));
    assert!(!one.contains(Map::Twilio));
}

#[test]
fn a_text_is_changed_only_where_that_saves_a_segment() {
    let one = "it’s ".repeat(14);
    assert_eq!(transliterate_if_saves(&one, MapSet::EVERYDAY), one);
    let two = "it’s ".repeat(15);
    assert_eq!(transliterate_if_saves(&two, MapSet::EVERYDAY), "it's ".repeat(15));
    let stubborn = two + "😀";
    assert_eq!(transliterate_if_saves(&stubborn, MapSet::EVERYDAY), stubborn);
    // Shorter, but UCS-2 still.
    let shorter = "a\u{200B}".repeat(70) + "😀";
    assert_eq!(analyze(&transliterate(&shorter, MapSet::EVERYDAY)).segments, 2);
    assert_eq!(transliterate_if_saves(&shorter, MapSet::EVERYDAY), shorter);
    // GSM-7, but no shorter.
    let longer = "…".repeat(70);
    assert_eq!(transliterate_if_saves(&longer, MapSet::EVERYDAY), longer);
}

#[test]
fn a_tally_counts_each_character_once() {
    let text = "it’s ".repeat(15);
    let [only] = tally(&text, MapSet::EVERYDAY)[..] else { panic!("one character") };
    let Tally { character, replacement, count, first_offset, segments_saved, .. } = only;
    assert_eq!((character, replacement, count, first_offset), ('’', Some("'"), 15, 2));
    assert_eq!(segments_saved, 1);

    let found = tally(&format!("{text} –"), MapSet::EVERYDAY);
    assert_eq!(found.iter().map(|tally| tally.count).collect::<Vec<_>>(), [15, 1]);
    assert!(found.iter().all(|tally| tally.segments_saved == 0));
    assert_eq!(tally("plain", MapSet::EVERYDAY), []);
}

/// Were the time not linear in the text, this would take minutes.
#[test]
fn hundred_kilobytes_of_anything_give_an_answer() {
    let maps = Map::ALL.iter().fold(MapSet::NONE, |set, map| set.with(*map));
    let clusters = ["`", "😀", "\u{301}", "e\u{301}", "Щ", "и\u{306}", "1½", "❤\u{FE0F}"];
    for cluster in clusters {
        let text = format!("=я{}", cluster.repeat(100_000 / cluster.len()));
        for maps in [maps, MapSet::EVERYDAY, MapSet::NONE.with(Map::Twilio)] {
            let found = offenders(&text, maps).last();
            assert_eq!(found.map(|found| found.end), Some(text.len()));
        }
    }
}

#[test]
fn listing_and_measuring_allocate_nothing() {
    let text = "“Щука” à 1½ €, cafe\u{301}… 😀 ".repeat(50);
    let maps = MapSet::EVERYDAY.with(Map::Ukrainian);
    let counted = allocation_counter::measure(|| {
        black_box(offenders(&text, maps).count());
        black_box(pieces(&text, maps).map(str::len).sum::<usize>());
        black_box(savings(&text, maps));
        black_box(transliterate("à plain {text}", maps));
    });
    assert_eq!(counted.count_total, 0);
}

fn texts() -> impl Strategy<Value = String> {
    let pieces = prop_oneof![
        "[a-zA-Z0-9 {}€]{1,40}",
        "[“”‘’–…•ąćęłőűßéàПриветКαλη\u{301}\u{308}\u{200B}\t]{1,12}",
        "[aouOiCzg10='ЗзГгЩЮїиія＝ｏﬀœ½²°❤]{1,3}",
        "[ouиі=я][\u{200B}\u{200D}\u{FE0F}\u{301}\u{303}\u{306}\u{308}\u{30B}\u{338}]{1,3}",
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
    fn pieces_are_the_transliterated_text(text in texts(), maps in map_sets()) {
        let pieces: Vec<_> = pieces(&text, maps).collect();
        prop_assert!(pieces.iter().all(|piece| !piece.is_empty()));
        prop_assert_eq!(pieces.concat(), transliterate(&text, maps));
    }

    #[test]
    fn only_what_gsm7_lacks_is_replaced(text in texts(), maps in map_sets()) {
        let mut end = 0;
        for offender in offenders(&text, maps) {
            prop_assert!(end <= offender.start && offender.start <= offender.offset);
            prop_assert!(offender.offset < offender.end);
            prop_assert!(analyze(&text[end..offender.start]).first_non_gsm.is_none());
            prop_assert!(text[offender.offset..].starts_with(offender.character));
            prop_assert!(!alphabet::is_gsm7(offender.character));
            let written = offender.replacement.unwrap_or_default();
            prop_assert_eq!(analyze(written).encoding, Encoding::Gsm7);
            end = offender.end;
        }
        prop_assert!(analyze(&text[end..]).first_non_gsm.is_none());
    }

    #[test]
    fn a_text_that_is_changed_to_save_becomes_gsm7(text in texts(), maps in map_sets()) {
        let written = transliterate_if_saves(&text, maps);
        if written != text {
            let (before, after) = (analyze(&text), analyze(&written));
            prop_assert_eq!(after.encoding, Encoding::Gsm7);
            prop_assert!(after.segments < before.segments);
        }
    }

    #[test]
    fn a_tally_counts_all_offenders(text in texts(), maps in map_sets()) {
        let counted: usize = tally(&text, maps).iter().map(|tally| tally.count).sum();
        prop_assert_eq!(counted, offenders(&text, maps).count());
    }

    #[test]
    fn without_offenders_a_text_is_gsm7(text in texts()) {
        let none = offenders(&text, MapSet::NONE).next().is_none();
        prop_assert_eq!(none, analyze(&text).encoding == Encoding::Gsm7);
    }
}
