//! The characters that force UCS-2, each once.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use super::{MapSet, offenders, savings};

/// All occurrences of a character that forces UCS-2 and is replaced in the same way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Tally {
    /// The character.
    #[cfg_attr(feature = "serde", serde(rename = "char"))]
    pub character: char,
    /// What to write instead: nothing, where it is empty. `None` when no map knows.
    pub replacement: Option<&'static str>,
    /// How often it occurs.
    pub count: usize,
    /// Where it first begins, in bytes of UTF-8.
    pub first_offset: usize,
    /// The segments saved by replacing all occurrences and nothing else. One character left is
    /// enough to force UCS-2, so this is 0 unless it is the only one; what replacing all
    /// characters saves is in [`savings`].
    pub segments_saved: usize,
}

/// The characters of `text` that force UCS-2, each once, in the order in which they first occur.
///
/// ```
/// use telephony_sms::translit::{MapSet, tally};
///
/// let found = tally("“Łódź”, “Łeba”", MapSet::EVERYDAY);
/// let found: Vec<_> = found.iter().map(|tally| (tally.character, tally.count)).collect();
/// assert_eq!(found, [('“', 2), ('Ł', 2), ('ó', 1), ('ź', 1), ('”', 2)]);
/// ```
#[must_use]
pub fn tally(text: &str, maps: MapSet) -> Vec<Tally> {
    let mut places = BTreeMap::new();
    let mut tallies: Vec<Tally> = Vec::new();
    for offender in offenders(text, maps) {
        let (character, replacement) = (offender.character, offender.replacement);
        let place = *places.entry((character, replacement)).or_insert(tallies.len());
        if let Some(tally) = tallies.get_mut(place) {
            tally.count += 1;
        } else {
            let first_offset = offender.offset;
            let (count, segments_saved) = (1, 0);
            tallies.push(Tally { character, replacement, count, first_offset, segments_saved });
        }
    }
    if let [only] = tallies.as_mut_slice() {
        only.segments_saved = savings(text, maps).segments();
    }
    tallies
}
