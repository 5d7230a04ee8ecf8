//! A text with its offenders replaced, piece by piece.

use core::iter::FusedIterator;
use core::{fmt, mem};

use super::{MapSet, Offenders, offenders};

/// What [`transliterate`](super::transliterate) would write, in pieces, allocating nothing.
///
/// ```
/// use telephony_sms::translit::{MapSet, pieces};
///
/// let written: Vec<_> = pieces("“Déjà vu”…", MapSet::EVERYDAY).collect();
/// assert_eq!(written, ["\"", "Déjà vu", "\"", "..."]);
/// ```
pub fn pieces(text: &str, maps: MapSet) -> Pieces<'_> {
    Pieces { text, written: 0, offenders: offenders(text, maps), replacement: "" }
}

/// The pieces of a text with its offenders replaced, made by [`pieces`]. None is empty.
#[derive(Clone)]
#[must_use = "iterators are lazy"]
pub struct Pieces<'text> {
    text: &'text str,
    /// The end of what has been written or replaced.
    written: usize,
    offenders: Offenders<'text>,
    /// The replacement to be written next.
    replacement: &'static str,
}

impl<'text> Iterator for Pieces<'text> {
    type Item = &'text str;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if !self.replacement.is_empty() {
                return Some(mem::take(&mut self.replacement));
            }
            let replaced =
                self.offenders.find_map(|found| Some((found.range(), found.replacement?)));
            let end = self.text.len();
            let (range, replacement) = replaced.unwrap_or((end..end, ""));
            let piece = self.text.get(self.written..range.start)?;
            (self.written, self.replacement) = (range.end, replacement);
            if !piece.is_empty() {
                return Some(piece);
            }
            if self.replacement.is_empty() && self.written == end {
                return None;
            }
        }
    }
}

impl FusedIterator for Pieces<'_> {}

impl fmt::Debug for Pieces<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Pieces").field("written", &self.written).finish_non_exhaustive()
    }
}
