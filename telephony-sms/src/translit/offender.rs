//! The characters that force UCS-2, one by one.

use core::fmt;
use core::iter::FusedIterator;
use core::ops::Range;

use super::{Map, MapSet, context, marks};
use crate::alphabet;
use crate::scan::{self, Gsm7Scan};

/// A character that GSM-7 cannot write, and what to write instead.
///
/// A letter and a combining mark that are replaced together are one offender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Offender {
    /// Where it begins, in bytes of UTF-8.
    pub offset: usize,
    /// The character.
    #[cfg_attr(feature = "serde", serde(rename = "char"))]
    pub character: char,
    /// What to write instead: nothing, where it is empty. `None` when no map knows.
    pub replacement: Option<&'static str>,
    /// Where what the replacement stands for begins, in bytes of UTF-8: at `offset`, or at the
    /// letter before it that it is a mark of.
    pub start: usize,
    /// Where what the replacement stands for ends, in bytes of UTF-8.
    pub end: usize,
}

impl Offender {
    /// The bytes that the replacement stands for.
    #[must_use]
    pub const fn range(&self) -> Range<usize> {
        self.start..self.end
    }
}

/// All characters of `text` that force UCS-2, in order, with what `maps` write instead.
///
/// A letter with a combining mark is taken for the one character that it looks like, if `maps`
/// know letters: `e` and U+0301 become `é`, which GSM-7 has. A character that would only vanish,
/// such as a joiner or a variation selector, has no replacement after a character that stays:
/// `❤️` is replaced as a whole or not at all. ([`Map::Twilio`] makes neither distinction.)
///
/// Takes linear time and allocates nothing.
///
/// ```
/// use telephony_sms::translit::{MapSet, offenders};
///
/// let found: Vec<_> = offenders("Café – 5 €! 😀", MapSet::EVERYDAY)
///     .map(|offender| (offender.offset, offender.character, offender.replacement))
///     .collect();
/// assert_eq!(found, [(6, '–', Some("-")), (17, '😀', None)]);
/// ```
pub fn offenders(text: &str, maps: MapSet) -> Offenders<'_> {
    let composes = maps.iter().any(Map::has_letters);
    Offenders { text, done: 0, maps, composes, after_kept: false }
}

/// The characters of a text that force UCS-2, made by [`offenders`].
#[derive(Clone)]
#[must_use = "iterators are lazy"]
pub struct Offenders<'text> {
    text: &'text str,
    /// The end of the last offender.
    done: usize,
    maps: MapSet,
    composes: bool,
    /// Whether what would be written up to `done` ends in a character that forces UCS-2.
    after_kept: bool,
}

impl Iterator for Offenders<'_> {
    type Item = Offender;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.text.get(self.done..)?;
        let Some(plain) = plain_prefix(rest) else {
            self.done = self.text.len();
            return None;
        };
        let (offset, rest) = (self.done + plain.len(), rest.get(plain.len()..)?);
        let character = rest.chars().next()?;
        self.after_kept &= plain.is_empty();

        let found = self.composed(offset, character).unwrap_or_else(|| {
            let end = offset + character.len_utf8();
            let replacement = self.replacement(character, offset, end);
            Offender { offset, character, replacement, start: offset, end }
        });
        self.done = found.end;
        self.after_kept = match found.replacement {
            None => true,
            Some(written) => self.after_kept && written.is_empty(),
        };
        Some(found)
    }
}

impl FusedIterator for Offenders<'_> {}

impl Offenders<'_> {
    /// What to write instead of `character`, which stands for the bytes from `start` to `end`.
    fn replacement(&self, character: char, start: usize, end: usize) -> Option<&'static str> {
        let (map, plain) = self.maps.find(character)?;
        if plain.is_empty() && self.after_kept && map != Map::Twilio {
            return None;
        }
        let before = self.text.get(..start).unwrap_or_default();
        let after = self.text.get(end..).unwrap_or_default();
        Some(context::in_context(map, character, plain, before, after))
    }

    /// The offender that `character` at `offset` makes with a mark: as the mark of the letter
    /// before it, or as the letter of the mark after it.
    fn composed(&self, offset: usize, character: char) -> Option<Offender> {
        if !self.composes {
            return None;
        }
        let end = offset + character.len_utf8();
        if marks::is_mark(character) {
            let letter = self.text.get(self.done..offset)?.chars().next_back()?;
            let start = offset - letter.len_utf8();
            let replacement = match marks::compose(letter, character) {
                Some(composed) => Some(composed),
                None => self.replacement(marks::compose_beyond(letter, character)?, start, end),
            };
            return Some(Offender { offset, character, replacement, start, end });
        }
        let mark = self.text.get(end..)?.chars().next()?;
        let composed = marks::compose_beyond(character, mark)?;
        let (start, end) = (offset, end + mark.len_utf8());
        let replacement = self.replacement(composed, start, end);
        Some(Offender { offset, character, replacement, start, end })
    }
}

impl fmt::Debug for Offenders<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = formatter.debug_struct("Offenders");
        shown.field("done", &self.done).field("maps", &self.maps).finish_non_exhaustive()
    }
}

/// What comes before the first character of `text` that GSM-7 cannot write.
fn plain_prefix(text: &str) -> Option<&str> {
    // Where such characters follow one another, looking is quicker than scanning.
    if !alphabet::is_gsm7(text.chars().next()?) {
        return Some("");
    }
    match scan::gsm7(text) {
        Gsm7Scan::Encodable { .. } => None,
        Gsm7Scan::Foreign(offset) => text.get(..offset),
    }
}
