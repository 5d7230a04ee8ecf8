//! The national tables, cell by cell, and the choice among them, against every pair tried in turn.

use proptest::prelude::*;
use serde_json::Value;
use telephony_sms::alphabet::{self, Septets};
use telephony_sms::nli::{Choice, Language, cheapest_tables, choose};
use telephony_sms::pdu::{
    Concatenation, MessageReference, ReceivedHeader, ReceivedUserData, Tables, UserData,
};
use telephony_sms::{Encoding, Error, Reference, analyze_as, analyze_with_reference};

/// What the data say of a cell; disputed ones are settled here as the standard has them.
fn cell(language: Language, table: &Value, which: &str, septet: u8) -> Option<char> {
    let key = format!("{septet:02X}");
    if let Some(agreed) = table["agreed"].get(&key) {
        return agreed.as_str().unwrap().chars().next();
    }
    table["disputed"].get(&key)?;
    match (language, which, septet) {
        // Reserved for a control character, so never written.
        (_, "single", 0x0D) => None,
        (_, "locking", 0x2C) => Some(','),
        (Language::Hindi, "locking", 0..=2) => char::from_u32(0x0901 + u32::from(septet)),
        (Language::Kannada, "locking", 0x24) => Some('\u{0CA1}'),
        (Language::Telugu, "single", 0x65) => Some('€'),
        unsettled => panic!("{unsettled:?} is disputed"),
    }
}

#[test]
fn every_cell_is_that_of_the_data() {
    let data: Value = serde_json::from_str(include_str!("../data/national_tables.json")).unwrap();
    let mut cells = 0;
    for language in Language::ALL {
        let tables = &data["tables"][language.id().to_string()];
        assert_eq!(tables["name"], language.name());
        for septet in 0..=u8::MAX {
            let locking = cell(language, &tables["locking"], "locking", septet);
            if language.has_locking_shift() {
                assert_eq!(language.locking_char(septet), locking, "{language:?} {septet:02X}");
            } else {
                assert_eq!(language.locking_char(septet), None);
                assert_eq!(alphabet::decode(septet), locking);
            }
            let single = cell(language, &tables["single"], "single", septet);
            assert_eq!(language.single_char(septet), single, "{language:?} {septet:02X}");
            cells += usize::from(locking.is_some()) + usize::from(single.is_some());
        }
    }
    // 2,406 cells are agreed, and 15 of those disputed are settled with a character.
    assert_eq!(cells, 2406 + 15);
}

#[test]
fn only_spanish_has_no_locking_shift() {
    let without: Vec<_> =
        Language::ALL.into_iter().filter(|language| !language.has_locking_shift()).collect();
    assert_eq!(without, [Language::Spanish]);
}

#[test]
fn single_shift_tables_extend_the_default_extension() {
    for language in Language::ALL {
        for character in "\x0C^{}\\[~]|€".chars() {
            let Some(Septets::Extension(septet)) = alphabet::encode(character) else { panic!() };
            assert_eq!(language.single_char(septet), Some(character), "{language:?}");
        }
    }
}

/// Every way to write a text in GSM-7, shift by shift.
fn all_tables() -> impl Iterator<Item = Tables> {
    let languages = || [None].into_iter().chain(Language::ALL.map(Some));
    languages()
        .flat_map(move |locking| languages().map(move |single| Tables::national(locking, single)))
}

fn shifts(tables: Tables) -> usize {
    usize::from(tables.locking().is_some()) + usize::from(tables.single().is_some())
}

/// Segments by filling them one after the other, and the header of each.
fn segments(
    costs: &[usize],
    encoding: Encoding,
    shifts: usize,
    reference: Reference,
) -> (usize, usize) {
    let alone = if shifts == 0 { 0 } else { 1 + 3 * shifts };
    if costs.iter().sum::<usize>() <= encoding.capacity(alone) {
        return (1, alone);
    }
    let header = reference.header_octets() + 3 * shifts;
    let (mut segments, mut used) = (1, 0);
    for cost in costs {
        if used + cost > encoding.capacity(header) {
            (segments, used) = (segments + 1, 0);
        }
        used += cost;
    }
    (segments, header)
}

fn costs(text: &str, tables: Tables) -> Option<Vec<usize>> {
    text.chars().map(|it| Some(tables.septets_of(it)?.units())).collect()
}

/// The figures of the best pair: segments, units, shifts.
fn best_of_all_pairs(text: &str, reference: Reference) -> Option<(usize, usize, usize)> {
    all_tables()
        .filter_map(|tables| {
            let costs = costs(text, tables)?;
            let (segments, _) = segments(&costs, Encoding::Gsm7, shifts(tables), reference);
            Some((segments, costs.iter().sum(), shifts(tables)))
        })
        .min()
}

fn check(choice: Choice<'_>, text: &str, reference: Reference) {
    let costs = match choice.encoding {
        Encoding::Gsm7 => costs(text, choice.tables).unwrap(),
        Encoding::Ucs2 => text.chars().map(char::len_utf16).collect(),
    };
    let shifts = shifts(choice.tables);
    let (segments, header) = segments(&costs, choice.encoding, shifts, reference);
    assert_eq!(choice.units, costs.iter().sum::<usize>());
    assert_eq!((choice.segments, choice.header_octets), (segments, header));
    assert_eq!(choice.capacity, choice.encoding.capacity(header));

    let total = u8::try_from(choice.segments).unwrap();
    let mut joined = String::new();
    for (sequence, part) in (1..).zip(choice.parts().unwrap()) {
        assert_eq!((part.start, part.index + 1), (joined.len(), usize::from(sequence)));
        assert!(part.units <= choice.capacity);
        let mut header = choice.header();
        if total > 1 {
            let message = match reference {
                Reference::Bits8 => MessageReference::Bits8(1),
                Reference::Bits16 => MessageReference::Bits16(1),
            };
            header = header.concatenation(Concatenation::new(message, sequence, total).unwrap());
        }
        assert_eq!(header.octets(), choice.header_octets);
        let sent = UserData::encode(&header, choice.encoding, part.text).unwrap();
        let received = ReceivedUserData::parse(
            sent.octets(),
            sent.length(),
            sent.has_header(),
            choice.encoding,
        )
        .unwrap();
        let tables = received.header().map_or(Tables::DEFAULT, ReceivedHeader::tables);
        assert_eq!(tables, choice.tables);
        assert_eq!(received.text().collect::<String>(), part.text);
        joined.extend(received.text());
    }
    assert_eq!(joined, text);
}

#[test]
fn headers_of_shifts_leave_the_capacity_of_the_standard() {
    // Two letters, of which one or two tables have to be told.
    for (letters, alone, bits8, bits16) in
        [("ab", 160, 153, 152), ("ğı", 155, 149, 148), ("ğक", 152, 146, 145)]
    {
        let choice = |count, reference| {
            let text = letters.repeat(count);
            let choice = cheapest_tables(&text, reference).unwrap();
            (choice.capacity, choice.segments)
        };
        assert_eq!(choice(1, Reference::Bits8), (alone, 1));
        assert_eq!(choice(150, Reference::Bits8).0, bits8);
        assert_eq!(choice(150, Reference::Bits16).0, bits16);
    }
}

#[test]
fn an_escape_pair_is_never_split() {
    // 148 letters leave one septet in the first part, too little for a bracket.
    let text = format!("{}[{}", "ğ".repeat(148), "ğ".repeat(20));
    let choice = cheapest_tables(&text, Reference::Bits8).unwrap();
    let units: Vec<_> = choice.parts().unwrap().map(|part| part.units).collect();
    assert_eq!((choice.capacity, units), (149, vec![148, 22]));
}

#[test]
fn national_tables_have_to_save_a_segment() {
    fn choice(text: &str) -> Choice<'_> {
        choose(text, Reference::Bits8)
    }
    let turkish = choice(&"ş".repeat(71)).tables;
    assert_eq!(turkish, Tables::national(Some(Language::Turkish), None));
    assert_eq!(choice(&"ş".repeat(70)).encoding, Encoding::Ucs2);
    assert_eq!(choice("€uro [x]").tables, Tables::DEFAULT);
    // A Portuguese message has all of these in its main table, the default one behind the escape.
    let symbols = "^|~\\€".repeat(20);
    assert_eq!(choice(&symbols).encoding, Encoding::Gsm7);
    assert_eq!(choice(&symbols).tables.locking(), Some(Language::Portuguese));
    // No table has an emoji.
    let emoji = "ş😀".repeat(40);
    assert_eq!(choice(&emoji).encoding, Encoding::Ucs2);
    assert_eq!(cheapest_tables(&emoji, Reference::Bits8), None);
}

#[test]
fn a_text_in_one_script_takes_its_tables() {
    for (text, locking) in [
        ("আমি বাংলায় গান গাই", Language::Bengali),
        ("ગુજરાતી ભાષા", Language::Gujarati),
        ("हिन्दी भाषा", Language::Hindi),
        ("ಕನ್ನಡ ಭಾಷೆ", Language::Kannada),
        ("മലയാളം ഭാഷ", Language::Malayalam),
        ("ଓଡ଼ିଆ ଭାଷା", Language::Oriya),
        ("ਪੰਜਾਬੀ ਭਾਸ਼ਾ", Language::Punjabi),
        ("தமிழ் மொழி", Language::Tamil),
        ("తెలుగు భాష", Language::Telugu),
        ("اردو زبان", Language::Urdu),
    ] {
        let choice = cheapest_tables(text, Reference::Bits8).unwrap();
        assert_eq!(choice.tables.locking(), Some(locking), "{text}");
        check(choice, text, Reference::Bits8);
    }
}

#[test]
fn more_than_255_parts_are_measured_and_refused() {
    let text = "ğ".repeat(149 * 255 + 1);
    let choice = choose(&text, Reference::Bits8);
    assert_eq!(choice.segments, 256);
    assert_eq!(choice.parts().err(), Some(Error::TooManyParts { parts: 256 }));
    let text = "ğ".repeat(149 * 255);
    assert_eq!(choose(&text, Reference::Bits8).parts().unwrap().count(), 255);
}

#[test]
fn an_empty_text_is_one_empty_segment() {
    let choice = choose("", Reference::Bits16);
    assert_eq!((choice.segments, choice.units, choice.tables), (1, 0, Tables::DEFAULT));
    check(choice, "", Reference::Bits16);
}

#[test]
fn choosing_allocates_nothing() {
    let text = "Pijamalı hasta yağız şoföre çabucak güvendi [€]. ".repeat(20);
    let counted = allocation_counter::measure(|| {
        let choice = choose(&text, Reference::Bits8);
        assert_eq!(choice.parts().unwrap().count(), choice.segments);
    });
    assert_eq!(counted.count_total, 0);
}

/// Texts whose characters are those of few tables, so that pairs differ in little.
fn text() -> impl Strategy<Value = String> {
    let of = |language: Language| {
        let characters: Vec<_> = (0..0x80)
            .flat_map(|septet| [language.locking_char(septet), language.single_char(septet)])
            .flatten()
            .collect();
        prop::sample::select(characters)
    };
    let plain = (0u8..0x80).prop_filter_map("the escape is no character", alphabet::decode);
    (0..13usize, 0..13usize, 1..40usize).prop_flat_map(move |(first, second, repeats)| {
        let character = prop_oneof![
            4 => plain.clone(),
            3 => of(Language::ALL[first]),
            1 => of(Language::ALL[second]),
        ];
        prop::collection::vec(character, 0..12)
            .prop_map(move |characters| String::from_iter(characters).repeat(repeats))
    })
}

proptest! {
    #[test]
    fn no_pair_is_cheaper(text in text(), wide: bool) {
        let reference = if wide { Reference::Bits16 } else { Reference::Bits8 };
        let cheapest = cheapest_tables(&text, reference);
        let figures = cheapest.map(|it| (it.segments, it.units, shifts(it.tables)));
        prop_assert_eq!(figures, best_of_all_pairs(&text, reference));
        if let Some(cheapest) = cheapest {
            check(cheapest, &text, reference);
        }
        let choice = choose(&text, reference);
        check(choice, &text, reference);
        let plain = analyze_with_reference(&text, reference);
        let ucs2 = analyze_as(&text, Encoding::Ucs2, reference).unwrap();
        if choice.tables == Tables::DEFAULT && choice.encoding == plain.encoding {
            prop_assert_eq!((choice.units, choice.segments), (plain.units, plain.segments));
        } else if choice.encoding == Encoding::Ucs2 {
            prop_assert!(choice.segments < plain.segments);
        } else {
            prop_assert!(choice.segments < plain.segments.min(ucs2.segments));
        }
    }

    #[test]
    fn any_text_is_chosen_for_without_panic(text: String) {
        check(choose(&text, Reference::Bits8), &text, Reference::Bits8);
    }
}
