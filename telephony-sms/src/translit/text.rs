//! Whole texts with their offenders replaced.

use alloc::borrow::Cow;
use alloc::string::String;

use super::{MapSet, offenders, savings};

/// `text` with everything replaced that `maps` know a replacement for.
///
/// What they do not know stays, and with it UCS-2, however much else was replaced: see
/// [`transliterate_if_saves`].
///
/// ```
/// use telephony_sms::translit::{Map, MapSet, transliterate};
///
/// let maps = MapSet::EVERYDAY.with(Map::Hungarian);
/// assert_eq!(transliterate("“Győr” – è già…", maps), "\"Györ\" - è già...");
/// ```
#[must_use]
pub fn transliterate(text: &str, maps: MapSet) -> Cow<'_, str> {
    let mut replaced = String::new();
    let mut copied = 0;
    for offender in offenders(text, maps) {
        if let Some(replacement) = offender.replacement {
            replaced.push_str(text.get(copied..offender.start).unwrap_or_default());
            replaced.push_str(replacement);
            copied = offender.end;
        }
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    replaced.push_str(text.get(copied..).unwrap_or_default());
    Cow::Owned(replaced)
}

/// [`transliterate`], but only when that makes the text GSM-7 and takes fewer segments; else
/// `text` as it is. So no text is changed that stays UCS-2 all the same.
///
/// ```
/// use telephony_sms::translit::{MapSet, transliterate_if_saves};
///
/// // One segment either way: the curly quote may stay.
/// assert_eq!(transliterate_if_saves("it’s", MapSet::EVERYDAY), "it’s");
/// let long = "it’s ".repeat(20);
/// assert_eq!(transliterate_if_saves(&long, MapSet::EVERYDAY), "it's ".repeat(20));
/// ```
#[must_use]
pub fn transliterate_if_saves(text: &str, maps: MapSet) -> Cow<'_, str> {
    if savings(text, maps).segments() > 0 { transliterate(text, maps) } else { Cow::Borrowed(text) }
}
