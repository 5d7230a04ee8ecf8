//! What holds for every text.

use proptest::prelude::*;
use telephony_sms::{
    Analysis, Boundary, Encoding, Reference, Segment, SplitOptions, alphabet,
    analyze_with_reference, split,
};

/// Texts made of what is hard: extension characters, surrogate pairs, clusters, white space.
fn texts() -> impl Strategy<Value = String> {
    let pieces = prop_oneof![
        8 => "[a-zA-Z0-9 .,]{1,40}",
        2 => "[\\[\\]{}~^|€\\\\\\x0C]{1,8}",
        2 => "[àéèùìòÇØÅÄÖÑÜßΔΦΓΛΩ]{1,8}",
        1 => "[çá’“”…—]{1,3}",
        1 => prop::sample::select(vec![
            "😀", "🇺🇳", "👨‍👩‍👧‍👦", "e\u{301}", "\r\n", "\n", "\t", "क्षि", "漢字", "\u{1B}", " \u{301}",
        ])
        .prop_map(str::to_owned),
        1 => any::<char>().prop_map(String::from),
    ];
    prop::collection::vec(pieces, 0..60).prop_map(|pieces| pieces.concat())
}

fn references() -> impl Strategy<Value = Reference> {
    prop::sample::select(vec![Reference::Bits8, Reference::Bits16])
}

/// Units by the definition: the slow and plain way.
fn units_of(text: &str, encoding: Encoding) -> usize {
    text.chars().map(|character| encoding.units_of(character).expect("encodable")).sum()
}

fn parts_of(text: &str, options: SplitOptions) -> (Analysis, Vec<Segment<'_>>) {
    let segments = split(text, options).expect("few parts");
    let analysis = segments.analysis();
    let total = segments.total();
    let (least, most) = segments.size_hint();
    assert!(least <= total && Some(total) <= most);
    let parts: Vec<_> = segments.collect();
    assert_eq!(parts.len(), total);
    (analysis, parts)
}

fn check_parts(text: &str, analysis: &Analysis, parts: &[Segment<'_>]) {
    assert_eq!(parts.iter().map(|part| part.text).collect::<String>(), text);
    for (index, part) in parts.iter().enumerate() {
        assert_eq!(part.index, index);
        assert_eq!(&text[part.range()], part.text);
        assert_eq!(part.units, units_of(part.text, analysis.encoding));
        assert!(part.units <= analysis.capacity);
        assert!(!part.text.is_empty() || text.is_empty());
    }
}

proptest! {
    #[test]
    fn the_first_foreign_character_is_the_first(text in texts()) {
        let expected = text.char_indices().find(|(_, character)| !alphabet::is_gsm7(*character));
        let analysis = telephony_sms::analyze(&text);
        let found = analysis.first_non_gsm.map(|found| (found.offset, found.character));
        prop_assert_eq!(found, expected);
        prop_assert_eq!(analysis.units, units_of(&text, analysis.encoding));
    }

    #[test]
    fn parts_joined_are_the_text_and_fit(text in texts(), reference in references()) {
        let options = SplitOptions::new().reference(reference);
        let (analysis, parts) = parts_of(&text, options);
        check_parts(&text, &analysis, &parts);
        prop_assert_eq!(parts.len(), analysis.segments);
        prop_assert_eq!(analysis, analyze_with_reference(&text, reference));
        let last = parts.last().expect("at least one part");
        prop_assert_eq!(analysis.remaining, analysis.capacity - last.units);
        // Every part but the last is full: its next character would not have fitted.
        for pair in parts.windows(2) {
            let next = pair[1].text.chars().next().expect("not empty");
            let more = analysis.encoding.units_of(next).expect("encodable");
            prop_assert!(pair[0].units + more > analysis.capacity);
        }
    }

    #[test]
    fn word_parts_cut_only_words_that_fit_no_part(text in texts(), reference in references()) {
        let options = SplitOptions::new().reference(reference).boundary(Boundary::Word);
        let (analysis, parts) = parts_of(&text, options);
        check_parts(&text, &analysis, &parts);
        for pair in parts.windows(2) {
            let cut = pair[1].start;
            let (before, after) = text.split_at(cut);
            let head = before.rsplit(char::is_whitespace).next().unwrap_or_default();
            let tail = after.split(char::is_whitespace).next().unwrap_or_default();
            let whole = format!("{head}{tail}");
            let clusters = unicode_segmentation::UnicodeSegmentation::graphemes(text.as_str(), true);
            let joined = clusters.into_iter().any(|c| c.starts_with(' ') && c.len() > 1);
            prop_assert!(
                head.is_empty() || tail.is_empty() || joined
                    || units_of(&whole, analysis.encoding) > analysis.capacity
                    || head.len() == pair[0].text.len(),
                "{head:?} | {tail:?}"
            );
        }
    }

    #[cfg(feature = "grapheme")]
    #[test]
    fn grapheme_parts_cut_no_cluster_that_fits_a_part(text in texts(), reference in references()) {
        use unicode_segmentation::UnicodeSegmentation;
        for boundary in [Boundary::Grapheme, Boundary::Word] {
            let options = SplitOptions::new().reference(reference).boundary(boundary);
            let (analysis, parts) = parts_of(&text, options);
            check_parts(&text, &analysis, &parts);
            for part in &parts[1..] {
                let cut = text.grapheme_indices(true).find(|(offset, cluster)| {
                    *offset < part.start && part.start < offset + cluster.len()
                });
                if let Some((_, cluster)) = cut {
                    prop_assert!(units_of(cluster, analysis.encoding) > analysis.capacity);
                }
            }
        }
    }
}
