//! Cutting a text into the parts of one concatenated message.

use core::iter::FusedIterator;
use core::ops::Range;

use crate::analyze::{self, Analysis, Measured};
use crate::boundary::{self, Boundary};
use crate::encoding::{Encoding, MAX_PARTS, Reference};
use crate::error::Error;
use crate::scan::{self, Gsm7Cost, Stretch, Ucs2Cost};

/// How a text is to be cut. The default is what carriers do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[must_use = "options do nothing until a text is split with them"]
pub struct SplitOptions {
    encoding: Option<Encoding>,
    reference: Reference,
    boundary: Boundary,
}

impl SplitOptions {
    /// The cheapest encoding, an 8-bit reference, cuts between code points.
    pub const fn new() -> Self {
        Self { encoding: None, reference: Reference::Bits8, boundary: Boundary::CodePoint }
    }

    /// Writes the text in `encoding` instead of the cheapest one.
    pub const fn encoding(mut self, encoding: Encoding) -> Self {
        self.encoding = Some(encoding);
        self
    }

    /// The reference that the parts carry.
    pub const fn reference(mut self, reference: Reference) -> Self {
        self.reference = reference;
        self
    }

    /// Where the text may be cut.
    pub const fn boundary(mut self, boundary: Boundary) -> Self {
        self.boundary = boundary;
        self
    }
}

/// One part of a message, borrowed from its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Segment<'text> {
    /// The text of this part.
    pub text: &'text str,
    /// Its first byte within the whole text.
    pub start: usize,
    /// The units it takes, header not counted.
    pub units: usize,
    /// Its place among the parts, from 0.
    pub index: usize,
}

impl Segment<'_> {
    /// The bytes of the whole text that are in this part.
    #[must_use]
    pub const fn range(&self) -> Range<usize> {
        self.start..self.start + self.text.len()
    }
}

/// Cuts `text` into parts as `options` say. Joined, the parts are the text.
///
/// Takes time linear in the text and allocates nothing. An empty text is one empty part.
///
/// ```
/// use telephony_sms::{Boundary, SplitOptions, split};
///
/// let text = "over and ".repeat(20);
/// let options = SplitOptions::new().boundary(Boundary::Word);
/// let parts: Vec<_> = split(&text, options)?.map(|part| part.units).collect();
/// assert_eq!(parts, [153, 27]);
/// # Ok::<(), telephony_sms::Error>(())
/// ```
///
/// # Errors
///
/// [`Error::TooManyParts`] when the text needs more than [`MAX_PARTS`], and [`Error::NotGsm7`]
/// when GSM-7 was asked for and cannot write the text.
pub fn split(text: &str, options: SplitOptions) -> Result<Segments<'_>, Error> {
    let SplitOptions { encoding, reference, boundary } = options;
    let measured = match encoding {
        None => Measured::cheapest(text),
        Some(encoding) => Measured::forced(text, encoding)?,
    };
    let capacity = measured.capacity(reference);
    // The quick way to the end of a part: a byte is a character is a unit.
    let plain = measured.units == text.len() && text.is_ascii();
    let cut = Cut { text, reference, boundary, measured, capacity, plain };
    // Counting takes as long as cutting, so the parts are counted only where the limit is near or
    // where they may end early.
    let (least, most) = measured.bounds(reference);
    let known = match boundary {
        _ if least == most && (least == 1 || boundary == Boundary::CodePoint) => Some(least),
        Boundary::CodePoint if most <= MAX_PARTS => None,
        _ => Some(cut.parts().take(MAX_PARTS + 1).count().max(least)),
    };
    match known {
        Some(parts) if parts > MAX_PARTS => Err(Error::TooManyParts { parts }),
        known => Ok(Segments { parts: cut.parts(), known }),
    }
}

/// The parts of a message, made by [`split`].
#[derive(Debug, Clone)]
pub struct Segments<'text> {
    parts: Parts<'text>,
    /// The parts of the whole message, if they have been counted.
    known: Option<usize>,
}

impl Segments<'_> {
    /// The parts of the whole message, however many have been taken already. May take as long as
    /// cutting the text: ask once.
    #[must_use]
    pub fn total(&self) -> usize {
        self.known.unwrap_or_else(|| self.parts.cut.parts().count())
    }

    /// The encoding all parts are written in.
    #[must_use]
    pub const fn encoding(&self) -> Encoding {
        self.parts.cut.measured.encoding
    }

    /// What the whole text costs when it is cut between code points.
    #[must_use]
    pub fn analysis(&self) -> Analysis {
        let Cut { text, reference, measured, .. } = &self.parts.cut;
        measured.analysis(text, *reference)
    }
}

impl<'text> Iterator for Segments<'text> {
    type Item = Segment<'text>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        self.parts.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let Parts { cut, index, .. } = &self.parts;
        let (least, most) = match self.known {
            Some(known) => (known, known),
            None => cut.measured.bounds(cut.reference),
        };
        (least.saturating_sub(*index), Some(most.saturating_sub(*index)))
    }
}

impl FusedIterator for Segments<'_> {}

/// A text and how to cut it.
#[derive(Debug, Clone, Copy)]
struct Cut<'text> {
    text: &'text str,
    reference: Reference,
    boundary: Boundary,
    measured: Measured,
    capacity: usize,
    plain: bool,
}

impl<'text> Cut<'text> {
    const fn parts(self) -> Parts<'text> {
        Parts { cut: self, start: 0, index: 0 }
    }

    /// The end of the part that begins at `start`, and its units.
    #[inline]
    fn part(&self, start: usize) -> Stretch {
        let Self { text, boundary, measured: Measured { encoding, .. }, capacity, .. } = *self;
        let bytes = text.as_bytes();
        let stretch = if self.plain {
            let end = (start + capacity).min(bytes.len());
            Stretch { end, units: end - start }
        } else {
            match encoding {
                Encoding::Gsm7 => scan::advance::<Gsm7Cost>(bytes, start, capacity),
                Encoding::Ucs2 => scan::advance::<Ucs2Cost>(bytes, start, capacity),
            }
        };
        let end = boundary::settle(text, start, stretch.end, boundary, encoding, capacity);
        if end == stretch.end {
            return stretch;
        }
        let given_back = bytes.get(end..stretch.end).unwrap_or_default();
        Stretch { end, units: stretch.units - analyze::units(given_back, encoding) }
    }
}

#[derive(Debug, Clone)]
struct Parts<'text> {
    cut: Cut<'text>,
    start: usize,
    index: usize,
}

impl<'text> Iterator for Parts<'text> {
    type Item = Segment<'text>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let (start, index) = (self.start, self.index);
        if start >= self.cut.text.len() && index > 0 {
            return None;
        }
        let Stretch { end, units } = self.cut.part(start);
        let text = self.cut.text.get(start..end)?;
        (self.start, self.index) = (end, index + 1);
        Some(Segment { text, start, units, index })
    }
}
