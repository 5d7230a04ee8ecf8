//! The characters that force UCS-2, one by one.

use core::iter::Peekable;
use core::str::CharIndices;

use super::{Map, MapSet};
use crate::alphabet;

/// A character that GSM-7 cannot write, and what to write instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Offender {
    /// Where it begins, in bytes of UTF-8. At the letter before it, when it is a combining mark
    /// that is replaced together with that.
    pub offset: usize,
    /// The bytes that the replacement stands for.
    pub length: usize,
    /// The character.
    #[cfg_attr(feature = "serde", serde(rename = "char"))]
    pub character: char,
    /// What to write instead: nothing, where it is empty. `None` when no map knows.
    pub replacement: Option<&'static str>,
}

/// All characters of `text` that force UCS-2, in order, with what `maps` write instead.
///
/// Allocates nothing.
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
    Offenders { characters: text.char_indices().peekable(), maps }
}

/// The characters of a text that force UCS-2, made by [`offenders`].
#[derive(Debug, Clone)]
#[must_use = "iterators are lazy"]
pub struct Offenders<'text> {
    characters: Peekable<CharIndices<'text>>,
    maps: MapSet,
}

impl Iterator for Offenders<'_> {
    type Item = Offender;

    fn next(&mut self) -> Option<Self::Item> {
        while let Some((offset, character)) = self.characters.next() {
            if alphabet::is_gsm7(character) {
                if let Some(composed) = self.composed_with_next(offset, character) {
                    return Some(composed);
                }
                continue;
            }
            let replacement = self.maps.replacement(character);
            let length = character.len_utf8();
            return Some(Offender { offset, length, character, replacement });
        }
        None
    }
}

impl Offenders<'_> {
    /// A letter and the combining mark after it, where GSM-7 has both in one character.
    fn composed_with_next(&mut self, offset: usize, letter: char) -> Option<Offender> {
        let &(mark_offset, mark) = self.characters.peek()?;
        if !self.maps.contains(Map::Latin) {
            return None;
        }
        let composed = compose(letter, mark)?;
        self.characters.next();
        let length = mark_offset + mark.len_utf8() - offset;
        Some(Offender { offset, length, character: mark, replacement: Some(composed) })
    }
}

/// The letters of GSM-7 that Unicode takes apart into a letter and a mark.
const fn compose(letter: char, mark: char) -> Option<&'static str> {
    Some(match (letter, mark) {
        ('a', '\u{300}') => "à",
        ('e', '\u{300}') => "è",
        ('i', '\u{300}') => "ì",
        ('o', '\u{300}') => "ò",
        ('u', '\u{300}') => "ù",
        ('e', '\u{301}') => "é",
        ('E', '\u{301}') => "É",
        ('n', '\u{303}') => "ñ",
        ('N', '\u{303}') => "Ñ",
        ('a', '\u{308}') => "ä",
        ('o', '\u{308}') => "ö",
        ('u', '\u{308}') => "ü",
        ('A', '\u{308}') => "Ä",
        ('O', '\u{308}') => "Ö",
        ('U', '\u{308}') => "Ü",
        ('a', '\u{30A}') => "å",
        ('A', '\u{30A}') => "Å",
        ('C', '\u{327}') => "Ç",
        _ => return None,
    })
}
