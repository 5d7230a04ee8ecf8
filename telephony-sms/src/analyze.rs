//! What a text costs: encoding, units and segments.

use crate::encoding::{Encoding, Reference};
use crate::error::Error;
use crate::scan::{self, Gsm7Cost, Gsm7Scan, Ucs2Cost, UnitCost};

/// What a text costs as a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Analysis {
    /// How the message is written.
    pub encoding: Encoding,
    /// Septets or UCS-2 units of the whole text, headers not counted.
    pub units: usize,
    /// Messages the carrier sends and bills. An empty text is one.
    pub segments: usize,
    /// Units that one segment of this message carries: 160 or 70 when it is the only one.
    pub capacity: usize,
    /// Units still free in the last segment.
    pub remaining: usize,
    /// The first character that GSM-7 cannot write: the one that forces UCS-2.
    pub first_non_gsm: Option<NonGsm>,
}

/// A character that GSM-7 cannot write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct NonGsm {
    /// Where it begins, in bytes of UTF-8.
    pub offset: usize,
    /// The character.
    #[cfg_attr(feature = "serde", serde(rename = "char"))]
    pub character: char,
}

/// Measures `text` as carriers do: the cheapest encoding, an 8-bit reference, parts that end
/// between code points.
///
/// Takes time linear in the text and allocates nothing. A text that needs more than
/// [`MAX_PARTS`](crate::MAX_PARTS) segments is measured all the same; only
/// [`split`](crate::split) refuses it.
///
/// ```
/// use telephony_sms::{Encoding, analyze};
///
/// let analysis = analyze("Caffè at 8? It’s on me");
/// assert_eq!(analysis.encoding, Encoding::Ucs2);
/// assert_eq!((analysis.units, analysis.segments, analysis.remaining), (22, 1, 48));
/// let culprit = analysis.first_non_gsm.unwrap();
/// assert_eq!((culprit.offset, culprit.character), (15, '’'));
/// ```
#[must_use]
pub fn analyze(text: &str) -> Analysis {
    analyze_with_reference(text, Reference::Bits8)
}

/// As [`analyze`], with the reference the parts are to carry.
#[must_use]
pub fn analyze_with_reference(text: &str, reference: Reference) -> Analysis {
    Measured::cheapest(text).analysis(text, reference)
}

/// As [`analyze`], in the encoding asked for.
///
/// # Errors
///
/// [`Error::NotGsm7`] names the first character that GSM-7 cannot write.
pub fn analyze_as(text: &str, encoding: Encoding, reference: Reference) -> Result<Analysis, Error> {
    Ok(Measured::forced(text, encoding)?.analysis(text, reference))
}

/// What is known of a text before it is cut.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Measured {
    pub(crate) encoding: Encoding,
    pub(crate) units: usize,
    /// Whether a character takes two units, so that one may straddle the end of a part.
    pairs: bool,
    first_non_gsm: Option<NonGsm>,
}

impl Measured {
    /// In the encoding that costs less.
    pub(crate) fn cheapest(text: &str) -> Self {
        match scan::gsm7(text) {
            Gsm7Scan::Encodable { units, pairs } => Self::gsm7(units, pairs),
            Gsm7Scan::Foreign(offset) => Self::ucs2(text, non_gsm(text, offset)),
        }
    }

    /// In `encoding`, if that can write the text.
    pub(crate) fn forced(text: &str, encoding: Encoding) -> Result<Self, Error> {
        match (encoding, Self::cheapest(text)) {
            (Encoding::Gsm7, Self { first_non_gsm: Some(NonGsm { offset, character }), .. }) => {
                Err(Error::NotGsm7 { offset, character })
            }
            (Encoding::Ucs2, Self { encoding: Encoding::Gsm7, .. }) => Ok(Self::ucs2(text, None)),
            (_, measured) => Ok(measured),
        }
    }

    const fn gsm7(units: usize, pairs: bool) -> Self {
        Self { encoding: Encoding::Gsm7, units, pairs, first_non_gsm: None }
    }

    fn ucs2(text: &str, first_non_gsm: Option<NonGsm>) -> Self {
        // A character is a unit, and a surrogate pair one more.
        let surrogate_pairs = scan::surrogate_pairs(text.as_bytes());
        let units = text.chars().count() + surrogate_pairs;
        let pairs = surrogate_pairs > 0;
        Self { encoding: Encoding::Ucs2, units, pairs, first_non_gsm }
    }

    /// The units that a part of this text carries.
    pub(crate) const fn capacity(&self, reference: Reference) -> usize {
        let single = self.encoding.single_capacity();
        if self.units <= single { single } else { self.encoding.part_capacity(reference) }
    }

    /// The fewest and the most parts that the text can need, cut between code points: each part
    /// but the last may lack the one unit that a pair did not fit into.
    pub(crate) const fn bounds(&self, reference: Reference) -> (usize, usize) {
        let capacity = self.capacity(reference);
        let fullest = if self.pairs { capacity - 1 } else { capacity };
        let (least, most) = (self.units.div_ceil(capacity), self.units.div_ceil(fullest));
        if self.units <= capacity { (1, 1) } else { (least, most) }
    }

    /// Counts the parts.
    pub(crate) fn analysis(&self, text: &str, reference: Reference) -> Analysis {
        let Self { encoding, units, pairs, first_non_gsm } = *self;
        let capacity = self.capacity(reference);
        let (segments, last) = match (units <= capacity, pairs, encoding) {
            (true, ..) => (1, units),
            (false, true, Encoding::Gsm7) => walk::<Gsm7Cost>(text.as_bytes(), capacity),
            (false, true, Encoding::Ucs2) => walk::<Ucs2Cost>(text.as_bytes(), capacity),
            // Every character takes one unit: nothing can straddle the end of a part.
            (false, false, _) => {
                let full = (units - 1) / capacity;
                (full + 1, units - full * capacity)
            }
        };
        let remaining = capacity - last;
        Analysis { encoding, units, segments, capacity, remaining, first_non_gsm }
    }
}

fn non_gsm(text: &str, offset: usize) -> Option<NonGsm> {
    let character = text.get(offset..)?.chars().next()?;
    Some(NonGsm { offset, character })
}

/// The parts of `capacity` units that a text needs, and the units of the last.
fn walk<C: UnitCost>(bytes: &[u8], capacity: usize) -> (usize, usize) {
    let (mut segments, mut end, mut last) = (0, 0, 0);
    while end < bytes.len() {
        let stretch = scan::advance::<C>(bytes, end, capacity);
        (segments, end, last) = (segments + 1, stretch.end, stretch.units);
    }
    (segments, last)
}

/// The units of `bytes`, whole characters that `encoding` can write.
pub(crate) fn units(bytes: &[u8], encoding: Encoding) -> usize {
    match encoding {
        Encoding::Gsm7 => scan::units::<Gsm7Cost>(bytes),
        Encoding::Ucs2 => scan::units::<Ucs2Cost>(bytes),
    }
}
