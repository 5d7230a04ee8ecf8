//! The longest beginning of a text that fits somewhere.

use alloc::string::String;
use alloc::vec::Vec;

use super::{MessageCap, Part, PlanOptions};
use crate::analyze::analyze;
use crate::boundary;
use crate::encoding::{Encoding, MAX_PARTS, Reference};
use crate::error::Error;

/// Where a text is to fit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    cap: MessageCap,
    /// Septets or units that something before the text takes.
    taken: [usize; 2],
}

impl Room {
    /// Everything fits.
    pub(super) const UNLIMITED: Self = Self::cap(MessageCap {
        gsm7_characters: usize::MAX,
        ucs2_units: usize::MAX,
        segments: usize::MAX,
    });

    pub(super) const fn cap(cap: MessageCap) -> Self {
        Self { cap, taken: [0, 0] }
    }

    pub(super) const fn segments(segments: usize) -> Self {
        Self::cap(MessageCap { gsm7_characters: usize::MAX, ucs2_units: usize::MAX, segments })
    }

    /// This room, less what `text`, which GSM-7 can write, takes of it.
    pub(super) fn without(self, text: &str) -> Self {
        let gsm7 = text.chars().filter_map(|character| Encoding::Gsm7.units_of(character)).sum();
        Self { taken: [gsm7, text.encode_utf16().count()], ..self }
    }
}

/// The longest beginning of `text` that fits, in characters at the most `limit`, as a byte length.
///
/// Two beginnings compete: one that GSM-7 can write throughout, which may be long, and one in
/// UCS-2, which may hold anything. The longer wins.
pub(super) fn longest(text: &str, limit: usize, room: Room, reference: Reference) -> usize {
    let narrow = longest_as(text, limit, room, reference, Encoding::Gsm7);
    if narrow.reached_limit {
        return narrow.end;
    }
    let wide = longest_as(text, limit, room, reference, Encoding::Ucs2);
    narrow.end.max(wide.end)
}

/// As [`longest`], with room left for `suffix`, in one encoding.
pub(super) fn longest_before(
    text: &str,
    limit: usize,
    room: Room,
    reference: Reference,
    encoding: Encoding,
    suffix: &str,
) -> usize {
    longest_as(text, limit, room.without(suffix), reference, encoding).end
}

struct Longest {
    end: usize,
    /// The room was used up, or the text ended: UCS-2 could not hold more.
    reached_limit: bool,
}

fn longest_as(
    text: &str,
    limit: usize,
    room: Room,
    reference: Reference,
    encoding: Encoding,
) -> Longest {
    let [gsm7_taken, ucs2_taken] = room.taken;
    let MessageCap { gsm7_characters, ucs2_units, segments } = room.cap;
    let (taken, most_characters, most_units) = match encoding {
        Encoding::Gsm7 => (gsm7_taken, limit.min(gsm7_characters), usize::MAX),
        Encoding::Ucs2 => (ucs2_taken, limit, ucs2_units),
    };
    let single = encoding.single_capacity();
    let part = encoding.part_capacity(reference);
    let (mut characters, mut units) = (0, taken);
    // The units of the last part, were the message concatenated, and the parts.
    let (mut last, mut parts) = (taken, 1);
    for (offset, character) in text.char_indices() {
        let Some(cost) = encoding.units_of(character) else {
            return Longest { end: offset, reached_limit: false };
        };
        characters += 1;
        units += cost;
        last += cost;
        if last > part {
            (last, parts) = (cost, parts + 1);
        }
        let fits = units <= single && segments >= 1 || parts <= segments;
        if characters > most_characters || units > most_units || !fits {
            return Longest { end: offset, reached_limit: true };
        }
    }
    Longest { end: text.len(), reached_limit: true }
}

/// Cuts `text` into parts that fit `room` each.
pub(super) fn parts(text: &str, room: Room, options: PlanOptions) -> Result<Vec<Part>, Error> {
    let mut parts = Vec::new();
    let mut start = 0;
    while start < text.len() || parts.is_empty() {
        if parts.len() == MAX_PARTS {
            return Err(Error::TooManyParts { parts: MAX_PARTS + 1 });
        }
        let end = next_end(text, start, room, options);
        parts.push(Part { range: start..end, prefix: String::new() });
        start = end;
    }
    Ok(parts)
}

/// Where the part that begins at `start` ends. After `start`, unless the text ends there.
pub(super) fn next_end(text: &str, start: usize, room: Room, options: PlanOptions) -> usize {
    let rest = text.get(start..).unwrap_or_default();
    let fitting = longest(rest, usize::MAX, room, options.reference);
    // A room too small for even one character gets one all the same, so that cutting ends.
    let first = rest.chars().next().map_or(0, char::len_utf8);
    let end = start + fitting.max(first);
    // A word that the next part could hold moves there whole, when it is written as this one is.
    let encoding = analyze(text.get(start..end).unwrap_or_default()).encoding;
    let [gsm7_taken, ucs2_taken] = room.taken;
    let capacity = match encoding {
        Encoding::Gsm7 => encoding.single_capacity() - gsm7_taken,
        Encoding::Ucs2 => encoding.single_capacity() - ucs2_taken,
    };
    boundary::settle(text, start, end, options.boundary, encoding, capacity)
}
