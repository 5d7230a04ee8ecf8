//! What replacing would save, without replacing.

use super::{MapSet, offenders, pieces};
use crate::analyze::{Analysis, analyze};
use crate::encoding::{Encoding, Reference};
use crate::scan::{self, Gsm7Cost, Ucs2Cost};

/// What a text costs as it is, and what it would cost with its offenders replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Savings {
    /// The text as it is.
    pub before: Analysis,
    /// The encoding it would have.
    pub encoding: Encoding,
    /// The segments it would take.
    pub segments_after: usize,
    /// The characters that would be replaced.
    pub replaced: usize,
    /// The characters that force UCS-2 and that no map knows.
    pub unknown: usize,
}

impl Savings {
    /// The segments that the text saves by becoming GSM-7; 0 if it stays UCS-2, so that no text
    /// is changed in vain.
    #[must_use]
    pub const fn segments(&self) -> usize {
        match self.encoding {
            Encoding::Gsm7 => self.before.segments.saturating_sub(self.segments_after),
            Encoding::Ucs2 => 0,
        }
    }
}

/// Measures `text` as it is and as it would be with what `maps` write instead.
///
/// Since one character is enough to force UCS-2, replacing saves nothing unless all are replaced:
/// [`Savings::unknown`] says how many are in the way. Takes linear time and allocates nothing.
///
/// ```
/// use telephony_sms::translit::{MapSet, savings};
///
/// let text = "Don’t forget: the doors open at 8, the show starts at 9. See you there!";
/// let savings = savings(text, MapSet::EVERYDAY);
/// assert_eq!((savings.before.segments, savings.segments_after, savings.segments()), (2, 1, 1));
/// ```
#[must_use]
pub fn savings(text: &str, maps: MapSet) -> Savings {
    let before = analyze(text);
    let (mut replaced, mut unknown) = (0, 0);
    for offender in offenders(text, maps) {
        match offender.replacement {
            Some(_) => replaced += 1,
            None => unknown += 1,
        }
    }
    let encoding = if unknown == 0 { Encoding::Gsm7 } else { Encoding::Ucs2 };
    let mut parts = Parts::new(encoding);
    for piece in pieces(text, maps) {
        parts.add(piece);
    }
    Savings { before, encoding, segments_after: parts.segments(), replaced, unknown }
}

/// Counts the parts of a text that comes in pieces.
struct Parts {
    encoding: Encoding,
    units: usize,
    /// The units of the last part, and the parts.
    last: usize,
    parts: usize,
}

impl Parts {
    const fn new(encoding: Encoding) -> Self {
        Self { encoding, units: 0, last: 0, parts: 1 }
    }

    fn add(&mut self, piece: &str) {
        let capacity = self.encoding.part_capacity(Reference::Bits8);
        let bytes = piece.as_bytes();
        let mut start = 0;
        while start < bytes.len() {
            let free = capacity - self.last;
            let stretch = match self.encoding {
                Encoding::Gsm7 => scan::advance::<Gsm7Cost>(bytes, start, free),
                Encoding::Ucs2 => scan::advance::<Ucs2Cost>(bytes, start, free),
            };
            self.units += stretch.units;
            self.last += stretch.units;
            start = stretch.end;
            if start < bytes.len() {
                (self.last, self.parts) = (0, self.parts + 1);
            }
        }
    }

    const fn segments(&self) -> usize {
        if self.units <= self.encoding.single_capacity() { 1 } else { self.parts }
    }
}
