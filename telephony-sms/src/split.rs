//! Cutting a text into the parts of one concatenated message.

use core::iter::FusedIterator;
use core::ops::Range;

use crate::analyze::{self, Analysis};
use crate::boundary::{self, Boundary};
use crate::encoding::{Encoding, MAX_PARTS, Reference};
use crate::error::Error;
use crate::scan::{self, Gsm7Cost, Ucs2Cost};

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
    let analysis = match encoding {
        None => analyze::analyze_with_reference(text, reference),
        Some(encoding) => analyze::analyze_as(text, encoding, reference)?,
    };
    // Cutting anywhere else than between code points never takes fewer parts.
    within_limit(analysis.segments)?;
    let one_byte_a_unit = analysis.units == text.len() && text.is_ascii();
    let cut = Cut { text, boundary, analysis, one_byte_a_unit };
    let total = match boundary {
        Boundary::CodePoint => analysis.segments,
        _ if analysis.segments == 1 => 1,
        _ => cut.parts().take(MAX_PARTS + 1).count(),
    };
    within_limit(total)?;
    Ok(Segments { parts: cut.parts(), total })
}

fn within_limit(parts: usize) -> Result<(), Error> {
    if parts > MAX_PARTS { Err(Error::TooManyParts { parts }) } else { Ok(()) }
}

/// The parts of a message, made by [`split`].
#[derive(Debug, Clone)]
pub struct Segments<'text> {
    parts: Parts<'text>,
    total: usize,
}

impl Segments<'_> {
    /// The parts of the whole message, however many have been taken already.
    #[must_use]
    pub const fn total(&self) -> usize {
        self.total
    }

    /// The encoding all parts are written in.
    #[must_use]
    pub const fn encoding(&self) -> Encoding {
        self.parts.cut.analysis.encoding
    }

    /// What the whole text would cost when cut between code points.
    #[must_use]
    pub const fn analysis(&self) -> &Analysis {
        &self.parts.cut.analysis
    }
}

impl<'text> Iterator for Segments<'text> {
    type Item = Segment<'text>;

    fn next(&mut self) -> Option<Self::Item> {
        self.parts.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.total.saturating_sub(self.parts.index);
        (left, Some(left))
    }
}

impl ExactSizeIterator for Segments<'_> {}

impl FusedIterator for Segments<'_> {}

/// A text and how to cut it.
#[derive(Debug, Clone, Copy)]
struct Cut<'text> {
    text: &'text str,
    boundary: Boundary,
    analysis: Analysis,
    /// Then the end of a part is known without counting.
    one_byte_a_unit: bool,
}

impl<'text> Cut<'text> {
    const fn parts(self) -> Parts<'text> {
        Parts { cut: self, start: 0, index: 0 }
    }

    /// The end of the part that begins at `start`, and its units.
    fn part(&self, start: usize) -> scan::Stretch {
        let Analysis { encoding, capacity, .. } = self.analysis;
        let bytes = self.text.as_bytes();
        let stretch = if self.one_byte_a_unit {
            let end = (start + capacity).min(bytes.len());
            scan::Stretch { end, units: end - start }
        } else {
            match encoding {
                Encoding::Gsm7 => scan::advance::<Gsm7Cost>(bytes, start, capacity),
                Encoding::Ucs2 => scan::advance::<Ucs2Cost>(bytes, start, capacity),
            }
        };
        let end =
            boundary::settle(self.text, start, stretch.end, self.boundary, encoding, capacity);
        let given_back = bytes.get(end..stretch.end).unwrap_or_default();
        let units = stretch.units - analyze::units(given_back, encoding);
        scan::Stretch { end, units }
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
        let scan::Stretch { end, units } = self.cut.part(start);
        let text = self.cut.text.get(start..end)?;
        (self.start, self.index) = (end, index + 1);
        Some(Segment { text, start, units, index })
    }
}
