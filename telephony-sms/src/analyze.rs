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
    match scan::gsm7(text) {
        Gsm7Scan::Encodable { units, pairs } => gsm7(text, units, pairs, reference),
        Gsm7Scan::Foreign(offset) => ucs2(text, reference, non_gsm(text, offset)),
    }
}

/// As [`analyze`], in the encoding asked for.
///
/// # Errors
///
/// [`Error::NotGsm7`] names the first character that GSM-7 cannot write.
pub fn analyze_as(text: &str, encoding: Encoding, reference: Reference) -> Result<Analysis, Error> {
    match (encoding, scan::gsm7(text)) {
        (Encoding::Gsm7, Gsm7Scan::Encodable { units, pairs }) => {
            Ok(gsm7(text, units, pairs, reference))
        }
        (Encoding::Gsm7, Gsm7Scan::Foreign(offset)) => {
            let character = text.get(offset..).and_then(|rest| rest.chars().next());
            Err(Error::NotGsm7 { offset, character: character.unwrap_or_default() })
        }
        (Encoding::Ucs2, Gsm7Scan::Encodable { .. }) => Ok(ucs2(text, reference, None)),
        (Encoding::Ucs2, Gsm7Scan::Foreign(offset)) => {
            Ok(ucs2(text, reference, non_gsm(text, offset)))
        }
    }
}

fn non_gsm(text: &str, offset: usize) -> Option<NonGsm> {
    let character = text.get(offset..)?.chars().next()?;
    Some(NonGsm { offset, character })
}

fn gsm7(text: &str, units: usize, pairs: bool, reference: Reference) -> Analysis {
    measured::<Gsm7Cost>(text, Encoding::Gsm7, units, pairs, reference, None)
}

fn ucs2(text: &str, reference: Reference, first_non_gsm: Option<NonGsm>) -> Analysis {
    let units = scan::units::<Ucs2Cost>(text.as_bytes());
    let pairs = units > Encoding::Ucs2.single_capacity() && units != text.chars().count();
    measured::<Ucs2Cost>(text, Encoding::Ucs2, units, pairs, reference, first_non_gsm)
}

fn measured<C: UnitCost>(
    text: &str,
    encoding: Encoding,
    units: usize,
    pairs: bool,
    reference: Reference,
    first_non_gsm: Option<NonGsm>,
) -> Analysis {
    let single = encoding.single_capacity();
    let (segments, capacity, last) = if units <= single {
        (1, single, units)
    } else {
        let capacity = encoding.part_capacity(reference);
        let (segments, last) = if pairs {
            walk::<C>(text.as_bytes(), capacity)
        } else {
            // Every character takes one unit: nothing can straddle the end of a part.
            let full = (units - 1) / capacity;
            (full + 1, units - full * capacity)
        };
        (segments, capacity, last)
    };
    Analysis { encoding, units, segments, capacity, remaining: capacity - last, first_non_gsm }
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
