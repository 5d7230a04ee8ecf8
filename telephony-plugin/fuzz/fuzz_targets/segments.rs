//! Texts into parts and messages: joined they are the text, and each fits.
//!
//! The input is two octets of options, then the text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use telephony_sms::translit::{MapSet, offenders, savings, transliterate, transliterate_if_saves};
use telephony_sms::{
    Boundary, ChunkMode, Encoding, MessageCap, PlanOptions, Reference, SplitOptions, analyze,
    analyze_with_reference, plan, split,
};

fuzz_target!(|input: &[u8]| {
    let [options, limit, text @ ..] = input else { return };
    let Ok(text) = std::str::from_utf8(text) else { return };
    let options = Options::of(*options, *limit);
    parts(text, &options);
    messages(text, &options);
    replaced(text);
});

struct Options {
    reference: Reference,
    boundary: Boundary,
    mode: ChunkMode,
    numbering: bool,
    max_length: Option<usize>,
    cap: MessageCap,
}

impl Options {
    fn of(bits: u8, limit: u8) -> Self {
        Self {
            reference: if bits & 1 == 0 { Reference::Bits8 } else { Reference::Bits16 },
            boundary: match (bits >> 1) % 3 {
                0 => Boundary::CodePoint,
                1 => Boundary::Word,
                _ => Boundary::Grapheme,
            },
            mode: match (bits >> 4) % 3 {
                0 => ChunkMode::Auto,
                1 => ChunkMode::Single,
                _ => ChunkMode::Multi,
            },
            numbering: bits & 0x80 != 0,
            // From nothing to a few segments, or no limit.
            max_length: (limit < 0xC0).then(|| usize::from(limit) * 3),
            cap: if bits & 0x40 == 0 { MessageCap::NONE } else { MessageCap::segments(3) },
        }
    }
}

fn parts(text: &str, options: &Options) {
    let analysis = analyze_with_reference(text, options.reference);
    let cut = SplitOptions::new().reference(options.reference).boundary(options.boundary);
    for cut in [cut, cut.encoding(Encoding::Ucs2)] {
        let Ok(parts) = split(text, cut) else { continue };
        let (encoding, total) = (parts.encoding(), parts.total());
        let capacity = if total == 1 {
            encoding.single_capacity()
        } else {
            encoding.part_capacity(options.reference)
        };
        let (mut joined, mut count) = (String::new(), 0);
        for part in parts {
            let units = part.text.chars().map(|character| encoding.units_of(character));
            assert_eq!(units.sum::<Option<usize>>(), Some(part.units));
            assert!(part.units <= capacity && (!part.text.is_empty() || text.is_empty()));
            assert_eq!((part.start, part.index), (joined.len(), count));
            joined.push_str(part.text);
            count += 1;
        }
        assert_eq!((joined.as_str(), count), (text, total));
        if encoding == analysis.encoding {
            assert!(total >= analysis.segments, "fewer than there must be");
        }
    }
}

fn messages(text: &str, options: &Options) {
    let mut wanted = PlanOptions::new()
        .mode(options.mode)
        .numbering(options.numbering)
        .boundary(options.boundary)
        .reference(options.reference)
        .cap(options.cap);
    if let Some(characters) = options.max_length {
        wanted = wanted.max_length(characters);
    }
    let Ok(plan) = plan(text, wanted) else { return };
    let total = plan.messages.len();
    assert!(total == 1 || options.mode != ChunkMode::Single);
    let (mut sent, mut end) = (String::new(), 0);
    for (message, number) in plan.messages.iter().zip(1..) {
        let expected = analyze_with_reference(&message.text, options.reference);
        assert_eq!(message.analysis, expected);
        assert_eq!(message.range.start, end, "a piece is lost or sent twice");
        end = message.range.end;
        let numbered = format!("[{number}/{total}] ");
        let own = message.text.strip_prefix(&numbered).filter(|_| total > 1 && options.numbering);
        sent.push_str(own.unwrap_or(&message.text));
        if options.mode == ChunkMode::Single {
            assert_eq!(message.analysis.segments, 1);
        }
    }
    if let Some(characters) = options.max_length {
        assert!(sent.chars().count() <= characters);
    }
    if plan.truncated {
        let kept = text.get(..end).expect("a cut between characters");
        let ellipsis = sent.strip_prefix(kept).expect("a beginning of the text");
        assert!(["", "...", "…"].contains(&ellipsis), "{ellipsis:?}");
    } else {
        assert_eq!(sent, text);
    }
}

fn replaced(text: &str) {
    let maps = MapSet::EVERYDAY;
    let mut end = 0;
    for offender in offenders(text, maps) {
        assert!(offender.start >= end && offender.start < offender.end, "in order and not empty");
        end = offender.end;
    }
    assert!(end <= text.len());
    let before = analyze(text);
    let after = analyze(&transliterate_if_saves(text, maps));
    assert_eq!(after.segments, before.segments - savings(text, maps).segments());
    let all = transliterate(text, maps);
    if before.encoding == Encoding::Gsm7 {
        assert_eq!(all, text, "nothing is replaced that need not be");
    }
}
