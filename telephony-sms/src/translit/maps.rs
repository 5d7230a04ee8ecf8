//! The maps and sets of them.

use core::fmt;

use super::{marks, tables};

macro_rules! maps {
    ($($(#[$doc:meta])* $name:ident => $table:expr,)+) => {
        /// A map from characters that GSM-7 lacks to text that it has.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Map { $($(#[$doc])* $name,)+ }

        impl Map {
            /// All maps: languages first, then the general ones.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            const fn table(self) -> &'static [(char, &'static str)] {
                match self { $(Self::$name => $table,)+ }
            }
        }
    };
}

maps! {
    /// Bulgarian: the Streamlined System of the Transliteration Act of 2009. Its exception for
    /// the country's name is not made.
    Bulgarian => tables::BULGARIAN,
    /// Catalan.
    Catalan => tables::CATALAN,
    /// Croatian, Bosnian, Montenegrin, and Serbian in Latin letters: `đ` as `dj`.
    Croatian => tables::CROATIAN,
    /// Czech.
    Czech => tables::CZECH,
    /// Estonian.
    Estonian => tables::ESTONIAN,
    /// French: `œ` as `oe`.
    French => tables::FRENCH,
    /// German: the capital `ẞ` as `SS`.
    German => tables::GERMAN,
    /// Hungarian: `ő` and `ű` as `ö` and `ü`.
    Hungarian => tables::HUNGARIAN,
    /// Icelandic: `þ` as `th`, `ð` as `d`.
    Icelandic => tables::ICELANDIC,
    /// Latvian.
    Latvian => tables::LATVIAN,
    /// Lithuanian.
    Lithuanian => tables::LITHUANIAN,
    /// Polish.
    Polish => tables::POLISH,
    /// Portuguese.
    Portuguese => tables::PORTUGUESE,
    /// Romanian.
    Romanian => tables::ROMANIAN,
    /// Russian: ICAO Doc 9303, part 3.
    Russian => tables::RUSSIAN,
    /// Serbian in Cyrillic letters.
    Serbian => tables::SERBIAN,
    /// Slovak.
    Slovak => tables::SLOVAK,
    /// Slovene.
    Slovene => tables::SLOVENE,
    /// Spanish.
    Spanish => tables::SPANISH,
    /// Turkish.
    Turkish => tables::TURKISH,
    /// Ukrainian: Resolution 55 of the Cabinet of Ministers of 2010. An apostrophe that GSM-7 has
    /// stays, though the resolution leaves it out.
    Ukrainian => tables::UKRAINIAN,
    /// Vietnamese.
    Vietnamese => tables::VIETNAMESE,
    /// Greek in capitals, of which GSM-7 has ten; the others are their Latin look-alikes.
    GreekCapitals => tables::GREEK,
    /// The 271 replacements of Twilio's Smart Encoding. Some add spaces; a tab becomes seven.
    Twilio => tables::TWILIO,
    /// Quotes, dashes, spaces, bullets, fractions and other signs, as a typewriter has them. What
    /// cannot be seen is left out. Letters keep their marks.
    Typographic => tables::TYPOGRAPHIC,
    /// Any Latin letter without its marks.
    Latin => tables::LATIN,
}

impl Map {
    /// What this map writes instead of `character` where nothing stands beside it: within a text
    /// a neighbour may call for another form, as in `Щука` and `ЩУКА`.
    ///
    /// A map of letters leaves combining marks out.
    #[must_use]
    pub fn replacement(self, character: char) -> Option<&'static str> {
        let table = self.table();
        match table.binary_search_by_key(&character, |(from, _)| *from) {
            Ok(found) => table.get(found).map(|(_, to)| *to),
            Err(_) => (self.has_letters() && marks::is_mark(character)).then_some(""),
        }
    }

    /// Whether this map is about letters, and so about the marks on them.
    pub(super) const fn has_letters(self) -> bool {
        !matches!(self, Self::Typographic | Self::Twilio)
    }

    /// Where a set asks this map: the more particular ones first.
    const fn rank(self) -> u8 {
        match self {
            Self::Latin => 4,
            Self::Typographic => 3,
            Self::Twilio => 2,
            Self::GreekCapitals => 1,
            _ => 0,
        }
    }
}

/// The most maps a set can have.
const MAPS: usize = Map::ALL.len();

/// A set of maps.
///
/// Where several know a character, languages are asked first, in the order in which they were
/// added; then [`Map::GreekCapitals`], [`Map::Twilio`], [`Map::Typographic`] and [`Map::Latin`].
///
/// ```
/// use telephony_sms::translit::{Map, MapSet};
///
/// assert_eq!(MapSet::EVERYDAY.replacement('ő'), Some("o"));
/// assert_eq!(MapSet::EVERYDAY.with(Map::Hungarian).replacement('ő'), Some("ö"));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
#[must_use = "a set does nothing by itself"]
pub struct MapSet([Option<Map>; MAPS]);

impl MapSet {
    /// No map.
    pub const NONE: Self = Self([None; MAPS]);

    /// [`Map::Typographic`] and [`Map::Latin`]: keeps the sense of a text in any Latin script.
    pub const EVERYDAY: Self = Self::NONE.with(Map::Typographic).with(Map::Latin);

    /// This set and `map`.
    #[allow(
        clippy::indexing_slicing,
        reason = "const functions have no `get`; every index is compared with its bound"
    )]
    pub const fn with(self, map: Map) -> Self {
        if self.contains(map) {
            return self;
        }
        let Self(mut maps) = self;
        let mut place = 0;
        while place < MAPS && matches!(maps[place], Some(other) if other.rank() <= map.rank()) {
            place += 1;
        }
        let mut moved = MAPS - 1;
        while moved > place {
            maps[moved] = maps[moved - 1];
            moved -= 1;
        }
        maps[place] = Some(map);
        Self(maps)
    }

    /// Whether `map` is in this set.
    #[must_use]
    #[allow(
        clippy::indexing_slicing,
        reason = "const functions have no `get`; every index is compared with its bound"
    )]
    pub const fn contains(self, map: Map) -> bool {
        let mut place = 0;
        while place < MAPS {
            if matches!(self.0[place], Some(other) if other as u8 == map as u8) {
                return true;
            }
            place += 1;
        }
        false
    }

    /// The maps of this set, in the order in which they are asked.
    pub fn iter(&self) -> impl Iterator<Item = Map> + '_ {
        self.0.iter().map_while(|map| *map)
    }

    /// What the first map that knows `character` writes instead, as [`Map::replacement`].
    #[must_use]
    pub fn replacement(self, character: char) -> Option<&'static str> {
        self.find(character).map(|(_, replacement)| replacement)
    }

    /// The first map that knows `character`, and what it writes instead.
    pub(super) fn find(&self, character: char) -> Option<(Map, &'static str)> {
        self.iter().find_map(|map| Some((map, map.replacement(character)?)))
    }
}

impl fmt::Debug for MapSet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alphabet::is_gsm7;

    #[test]
    fn tables_are_sorted_and_replace_only_what_gsm7_lacks_by_what_it_has() {
        for map in Map::ALL {
            let table = map.table();
            assert!(table.is_sorted_by(|one, other| one.0 < other.0), "{map:?}");
            for (from, to) in table {
                assert!(!is_gsm7(*from), "{map:?} {from:?}");
                assert!(to.chars().all(is_gsm7), "{map:?} {from:?} {to:?}");
            }
        }
    }

    #[test]
    fn languages_come_before_the_general_maps() {
        let maps = MapSet::EVERYDAY.with(Map::Hungarian);
        assert_eq!(MapSet::EVERYDAY.replacement('ő'), Some("o"));
        assert_eq!(maps.replacement('ő'), Some("ö"));
        assert_eq!(maps.replacement('ж'), None);
        assert_eq!(maps.with(Map::Russian).replacement('Щ'), Some("Shch"));
    }
}
