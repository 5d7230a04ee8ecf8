//! The maps and sets of them.

use super::tables;

macro_rules! maps {
    ($($(#[$doc:meta])* $name:ident => $table:expr,)+) => {
        /// A map from characters that GSM-7 lacks to text that it has.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Map { $($(#[$doc])* $name,)+ }

        impl Map {
            /// All maps, in the order in which a set asks them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            const fn table(self) -> &'static [(char, &'static str)] {
                match self { $(Self::$name => $table,)+ }
            }
        }
    };
}

maps! {
    /// Bulgarian: the Streamlined System of the Transliteration Act of 2009.
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
    /// Ukrainian: Resolution 55 of the Cabinet of Ministers of 2010, in its forms within a word.
    Ukrainian => tables::UKRAINIAN,
    /// Vietnamese.
    Vietnamese => tables::VIETNAMESE,
    /// Greek in capitals, of which GSM-7 has ten; the others are their Latin look-alikes.
    GreekCapitals => tables::GREEK,
    /// Quotes, dashes, spaces, bullets, fractions and other signs, as a type-writer has them.
    Typographic => tables::TYPOGRAPHIC,
    /// The 271 replacements of Twilio's Smart Encoding. Some add spaces; a tab becomes seven.
    Twilio => tables::TWILIO,
    /// Any Latin letter without its marks. Letters that are written with combining marks become
    /// those that GSM-7 has, where it has them.
    Latin => tables::LATIN,
}

impl Map {
    /// What this map writes instead of `character`.
    #[must_use]
    pub fn replacement(self, character: char) -> Option<&'static str> {
        let table = self.table();
        let found = table.binary_search_by_key(&character, |(from, _)| *from).ok()?;
        table.get(found).map(|(_, to)| *to)
    }
}

/// A set of maps. Where several know a character, languages come before the general maps, as in
/// [`Map::ALL`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[must_use = "a set does nothing by itself"]
pub struct MapSet(u64);

impl MapSet {
    /// No map.
    pub const NONE: Self = Self(0);

    /// [`Map::Typographic`] and [`Map::Latin`]: keeps the sense of a text in any Latin script.
    pub const EVERYDAY: Self = Self::NONE.with(Map::Typographic).with(Map::Latin);

    /// This set and `map`.
    pub const fn with(self, map: Map) -> Self {
        Self(self.0 | 1 << map as u64)
    }

    /// Whether `map` is in this set.
    #[must_use]
    pub const fn contains(self, map: Map) -> bool {
        self.0 & (1 << map as u64) != 0
    }

    /// What the first map that knows `character` writes instead.
    #[must_use]
    pub fn replacement(self, character: char) -> Option<&'static str> {
        let maps = Map::ALL.iter().filter(|map| self.contains(**map));
        maps.into_iter().find_map(|map| map.replacement(character))
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
