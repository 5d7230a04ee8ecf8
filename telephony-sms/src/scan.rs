//! Counting units over UTF-8 bytes, in blocks that compile to vector instructions.
//!
//! Both encodings allow a cost per *byte*: the first byte of a character carries all of its
//! units and the bytes after it carry none. Sums over blocks then need no decoding, and a part
//! that is extended byte by byte never ends inside a character.

use core::ops::Range;

use crate::alphabet;

/// Bytes handled at once. A multiple of every vector width in use; small enough that the
/// remainder of a 160-septet message stays cheap.
const BLOCK: usize = 32;

/// The units that a byte of UTF-8 adds to a message.
pub(crate) trait UnitCost {
    /// 0 for a continuation byte, else the units of the character that begins here.
    fn of(byte: u8) -> u8;
}

/// Septets. Right only where [`gsm7`] found nothing foreign: the only character of GSM-7
/// with three bytes in UTF-8 is the euro sign, so its first byte may stand for it.
pub(crate) struct Gsm7Cost;

/// UTF-16 code units.
pub(crate) struct Ucs2Cost;

/// The first byte of the euro sign.
const EURO_LEAD: u8 = 0xE2;

impl UnitCost for Gsm7Cost {
    #[inline(always)]
    fn of(byte: u8) -> u8 {
        u8::from(begins_character(byte)) + u8::from(is_ascii_extension(byte) | (byte == EURO_LEAD))
    }
}

impl UnitCost for Ucs2Cost {
    #[inline(always)]
    fn of(byte: u8) -> u8 {
        u8::from(begins_character(byte)) + u8::from(byte >= 0xF0)
    }
}

#[inline(always)]
fn begins_character(byte: u8) -> bool {
    byte & 0xC0 != 0x80
}

/// `[ \ ] ^ { | } ~` and form feed. The two runs of four differ in bit 0x20 alone.
#[inline(always)]
fn is_ascii_extension(byte: u8) -> bool {
    ((byte | 0x20).wrapping_sub(b'{') < 4) | (byte == 0x0C)
}

/// ASCII that GSM-7 cannot write: control characters but LF, FF and CR, the back-tick and DEL.
#[inline(always)]
fn is_foreign_ascii(byte: u8) -> bool {
    let control = (byte < 0x20) & (byte != b'\n') & (byte != 0x0C) & (byte != b'\r');
    control | (byte == b'`') | (byte == 0x7F)
}

/// The units of all of `bytes`.
pub(crate) fn units<C: UnitCost>(bytes: &[u8]) -> usize {
    // Lane-wise counters of one byte hold 127 blocks of at most 2 units a byte.
    const BLOCKS_BEFORE_OVERFLOW: usize = 127;
    let mut total = 0;
    for run in bytes.chunks(BLOCK * BLOCKS_BEFORE_OVERFLOW) {
        let (blocks, rest) = run.as_chunks::<BLOCK>();
        let mut lanes = [0u8; BLOCK];
        for block in blocks {
            for (lane, &byte) in lanes.iter_mut().zip(block) {
                *lane += C::of(byte);
            }
        }
        total += lanes.iter().map(|&lane| usize::from(lane)).sum::<usize>();
        total += rest.iter().map(|&byte| usize::from(C::of(byte))).sum::<usize>();
    }
    total
}

/// The characters that take a surrogate pair in UCS-2: those of four bytes in UTF-8.
pub(crate) fn surrogate_pairs(bytes: &[u8]) -> usize {
    let (runs, rest) = bytes.as_chunks::<128>();
    let pairs = |run: &[u8]| run.iter().map(|&byte| u8::from(byte >= 0xF0)).sum::<u8>();
    runs.iter().map(|run| usize::from(pairs(run))).sum::<usize>() + usize::from(pairs(rest))
}

/// What GSM-7 makes of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gsm7Scan {
    /// All of it can be written.
    Encodable {
        /// Its septets.
        units: usize,
        /// Whether a character takes two of them, so that one may straddle the end of a part.
        pairs: bool,
    },
    /// The character that begins at this byte cannot.
    Foreign(usize),
}

/// Looks for the first character that GSM-7 cannot write, and counts septets on the way.
pub(crate) fn gsm7(text: &str) -> Gsm7Scan {
    let bytes = text.as_bytes();
    let (mut pairs, mut continuations) = (0, 0);
    let (runs, rest) = bytes.as_chunks::<RUN>();
    for (index, run) in runs.iter().enumerate() {
        if is_plain(run) {
            continue;
        }
        let found = inspect(run);
        if let Some(offset) = found.first_foreign(bytes, index * RUN, run) {
            return Gsm7Scan::Foreign(offset);
        }
        pairs += usize::from(found.pairs);
        continuations += usize::from(found.continuations);
    }
    let found = inspect(rest);
    if let Some(offset) = found.first_foreign(bytes, bytes.len() - rest.len(), rest) {
        return Gsm7Scan::Foreign(offset);
    }
    pairs += usize::from(found.pairs);
    continuations += usize::from(found.continuations);
    Gsm7Scan::Encodable { units: bytes.len() - continuations + pairs, pairs: pairs > 0 }
}

/// Bytes looked at before anything is decided: enough that the decision costs little, and few
/// enough that counters of one byte hold.
const RUN: usize = 64;

/// Whether every byte is a printable character of ASCII that takes one septet: the common case,
/// asked for first because it takes half the work.
#[inline(always)]
fn is_plain(run: &[u8; RUN]) -> bool {
    let mut other = false;
    for &byte in run {
        // Space to `Z`, and `a` to `z`.
        other |= !((byte.wrapping_sub(b' ') < 0x3B) | (byte.wrapping_sub(b'a') < 26));
    }
    !other
}

/// What a run of bytes holds, counted without a branch.
struct Inspection {
    /// There is ASCII that GSM-7 cannot write.
    foreign: bool,
    /// The bytes that begin no character.
    continuations: u8,
    /// The characters that take two septets.
    pairs: u8,
}

#[inline(always)]
fn inspect(run: &[u8]) -> Inspection {
    let (mut foreign, mut continuations, mut pairs) = (0, 0, 0);
    for &byte in run {
        foreign |= u8::from(is_foreign_ascii(byte));
        continuations += u8::from(!begins_character(byte));
        pairs += u8::from(is_ascii_extension(byte) | (byte == EURO_LEAD));
    }
    Inspection { foreign: foreign != 0, continuations, pairs }
}

impl Inspection {
    /// The first character of `run` that GSM-7 cannot write; the run is at `start` of `bytes`.
    #[inline(always)]
    fn first_foreign(&self, bytes: &[u8], start: usize, run: &[u8]) -> Option<usize> {
        let range = start..start + run.len();
        if self.foreign {
            range.into_iter().find(|&offset| begins_foreign(bytes, offset))
        } else {
            first_foreign_of_many_bytes(bytes, range)
        }
    }
}

/// The first character outside ASCII that GSM-7 cannot write, of those that begin in `range`.
#[inline]
fn first_foreign_of_many_bytes(bytes: &[u8], range: Range<usize>) -> Option<usize> {
    let run = bytes.get(range.clone())?;
    for (index, word) in run.chunks(8).enumerate() {
        let mut padded = [0; 8];
        for (to, from) in padded.iter_mut().zip(word) {
            *to = *from;
        }
        // The top two bits of a byte are set just where a character of several bytes begins.
        let word = u64::from_le_bytes(padded);
        let mut leads = word & (word << 1) & 0x8080_8080_8080_8080;
        while leads != 0 {
            let offset = range.start + index * 8 + leads.trailing_zeros() as usize / 8;
            if begins_foreign(bytes, offset) {
                return Some(offset);
            }
            leads &= leads - 1;
        }
    }
    None
}

/// Whether a character that GSM-7 cannot write begins at `offset`.
#[inline(always)]
fn begins_foreign(bytes: &[u8], offset: usize) -> bool {
    match bytes.get(offset..) {
        Some([byte @ 0x00..=0x7F, ..]) => is_foreign_ascii(*byte),
        Some([0xC2, next, ..]) => !has(LATIN_1_SIGNS, *next),
        Some([0xC3, next, ..]) => !has(LATIN_1_LETTERS, *next),
        Some([0xCE, next, ..]) => !has(GREEK, *next),
        Some([EURO_LEAD, rest @ ..]) => !rest.starts_with(&[0x82, 0xAC]),
        Some([0xC4..=0xFF, ..]) => true,
        _ => false,
    }
}

/// Which of the 64 characters that share their first byte in UTF-8 are in GSM-7, by the low six
/// bits of their second.
const LATIN_1_SIGNS: u64 = members('\u{80}');
const LATIN_1_LETTERS: u64 = members('\u{C0}');
const GREEK: u64 = members('\u{380}');

const fn members(first: char) -> u64 {
    let mut set = 0;
    let mut bit = 0;
    while bit < 64 {
        if let Some(character) = char::from_u32(first as u32 + bit) {
            set |= (alphabet::is_gsm7(character) as u64) << bit;
        }
        bit += 1;
    }
    set
}

#[inline(always)]
const fn has(set: u64, continuation: u8) -> bool {
    set >> (continuation & 0x3F) & 1 == 1
}

/// A stretch of text that goes into one part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stretch {
    /// The byte after its last.
    pub(crate) end: usize,
    /// The units it takes.
    pub(crate) units: usize,
}

/// The longest stretch from `start` that takes at most `capacity` units.
pub(crate) fn advance<C: UnitCost>(bytes: &[u8], start: usize, capacity: usize) -> Stretch {
    /// Halves a block once, so that few bytes are left to count one by one.
    const SMALL: usize = 8;
    let mut end = start;
    let mut units = 0;
    let mut rest = bytes.get(start..).unwrap_or_default();
    while let Some((block, tail)) = rest.split_first_chunk::<BLOCK>() {
        let cost = block.iter().map(|&byte| C::of(byte)).sum::<u8>();
        if units + usize::from(cost) > capacity {
            break;
        }
        (units, end, rest) = (units + usize::from(cost), end + BLOCK, tail);
    }
    while let Some((block, tail)) = rest.split_first_chunk::<SMALL>() {
        let cost = block.iter().map(|&byte| C::of(byte)).sum::<u8>();
        if units + usize::from(cost) > capacity {
            break;
        }
        (units, end, rest) = (units + usize::from(cost), end + SMALL, tail);
    }
    for &byte in rest {
        let cost = usize::from(C::of(byte));
        if units + cost > capacity {
            break;
        }
        units += cost;
        end += 1;
    }
    Stretch { end, units }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::Encoding;
    use std::string::String;

    #[test]
    fn the_cost_of_bytes_is_the_cost_of_the_character() {
        for character in '\0'..=char::MAX {
            let mut buffer = [0; 4];
            let text: &str = character.encode_utf8(&mut buffer);
            assert_eq!(units::<Ucs2Cost>(text.as_bytes()), character.len_utf16());
            match Encoding::Gsm7.units_of(character) {
                Some(septets) => {
                    assert_eq!(units::<Gsm7Cost>(text.as_bytes()), septets, "{character:?}");
                    let pairs = septets == 2;
                    let expected = Gsm7Scan::Encodable { units: septets, pairs };
                    assert_eq!(gsm7(text), expected, "{character:?}");
                }
                None => assert_eq!(gsm7(text), Gsm7Scan::Foreign(0), "{character:?}"),
            }
        }
    }

    #[test]
    fn an_unencodable_character_is_found_wherever_it_stands() {
        for before in 0..100 {
            for filler in ["a", "é", "€"] {
                for foreign in ["`", "ç", "…", "😀", "\0"] {
                    let mut text = filler.repeat(before);
                    let offset = text.len();
                    text.push_str(foreign);
                    text.push_str(&"b".repeat(50));
                    assert_eq!(gsm7(&text), Gsm7Scan::Foreign(offset));
                }
            }
        }
    }

    #[test]
    fn a_stretch_is_as_long_as_it_can_be() {
        let text: String = "a{é€".repeat(60);
        for capacity in 0..200 {
            let mut expected = Stretch { end: 0, units: 0 };
            for (offset, character) in text.char_indices() {
                let units = expected.units + Encoding::Gsm7.units_of(character).unwrap();
                if units > capacity {
                    break;
                }
                expected = Stretch { end: offset + character.len_utf8(), units };
            }
            assert_eq!(advance::<Gsm7Cost>(text.as_bytes(), 0, capacity), expected);
        }
    }
}
