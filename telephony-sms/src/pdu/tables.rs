//! The tables a GSM 7-bit text is written with: from characters to septets and back.

use crate::alphabet::{self, ESCAPE, Septets};
#[cfg(feature = "nli")]
use crate::nli::Language;
use crate::pdu::EncodeError;

/// The two tables that a GSM 7-bit text is written with: a main one, and one behind the escape.
///
/// Without the feature `nli` they are always the default alphabet and its extension table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Tables {
    #[cfg(feature = "nli")]
    locking: Option<Language>,
    #[cfg(feature = "nli")]
    single: Option<Language>,
}

impl Tables {
    /// The default alphabet and its extension table (3GPP TS 23.038, clause 6.2.1).
    pub const DEFAULT: Self = Self {
        #[cfg(feature = "nli")]
        locking: None,
        #[cfg(feature = "nli")]
        single: None,
    };

    /// The tables that shift elements in the header announce (3GPP TS 23.038, clause 6.2.1.2):
    /// `locking` in place of the default alphabet, `single` in place of its extension table.
    ///
    /// A locking shift to Spanish, which has no such table, is the default alphabet.
    #[cfg(feature = "nli")]
    #[must_use]
    pub fn national(locking: Option<Language>, single: Option<Language>) -> Self {
        Self { locking: locking.filter(|language| language.has_locking_shift()), single }
    }

    /// The language whose locking shift table replaces the default alphabet.
    #[cfg(feature = "nli")]
    #[must_use]
    pub const fn locking(self) -> Option<Language> {
        self.locking
    }

    /// The language whose single shift table replaces the extension table.
    #[cfg(feature = "nli")]
    #[must_use]
    pub const fn single(self) -> Option<Language> {
        self.single
    }

    /// How `character` is written: in the main table, behind the escape, or not at all.
    #[must_use]
    pub fn septets_of(self, character: char) -> Option<Septets> {
        match self.main_septet(character) {
            Some(septet) => Some(Septets::Default(septet)),
            None => self.extension_septet(character).map(Septets::Extension),
        }
    }

    /// The septets of `text`, escapes counted.
    ///
    /// # Errors
    ///
    /// [`EncodeError::NotInTables`] for the first character that the tables do not have.
    pub fn units(self, text: &str) -> Result<usize, EncodeError> {
        text.char_indices().try_fold(0, |units, (offset, character)| {
            match self.septets_of(character) {
                Some(septets) => Ok(units + septets.units()),
                None => Err(EncodeError::NotInTables { offset, character }),
            }
        })
    }

    /// The septets that write `text`, each in the low seven bits of an octet.
    ///
    /// ```
    /// use telephony_sms::pdu::Tables;
    ///
    /// let septets: Vec<u8> = Tables::DEFAULT.encode("1 €")?.collect();
    /// assert_eq!(septets, [0x31, 0x20, 0x1B, 0x65]);
    /// # Ok::<(), telephony_sms::pdu::EncodeError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`EncodeError::NotInTables`] for the first character that the tables do not have.
    pub fn encode(self, text: &str) -> Result<impl Iterator<Item = u8> + Clone, EncodeError> {
        self.units(text)?;
        Ok(text.chars().filter_map(move |character| self.septets_of(character)).flat_map(
            |septets| {
                let (escape, septet) = match septets {
                    Septets::Default(septet) => (None, septet),
                    Septets::Extension(septet) => (Some(ESCAPE), septet),
                };
                escape.into_iter().chain([septet])
            },
        ))
    }

    /// The characters that `septets` write; whatever they are, there is one to show.
    ///
    /// 3GPP TS 23.038, clauses 6.2.1 and 6.2.1.1, say what a receiver does with septets that mean
    /// nothing to it: after an escape it shows the character of the main table, for two escapes
    /// a space, and a space for an escape that nothing follows. A cell that is empty in a
    /// locking shift table, and a value above 0x7F, give U+FFFD.
    ///
    /// ```
    /// use telephony_sms::pdu::Tables;
    ///
    /// let text: String = Tables::DEFAULT.decode([0x1B, 0x65, 0x1B, 0x41, 0x1B]).collect();
    /// assert_eq!(text, "€A ");
    /// ```
    pub fn decode<I>(self, septets: I) -> impl Iterator<Item = char>
    where
        I: IntoIterator<Item = u8>,
    {
        let mut septets = septets.into_iter().fuse();
        core::iter::from_fn(move || match septets.next()? {
            ESCAPE => Some(septets.next().map_or(' ', |septet| self.escaped_character(septet))),
            septet => Some(self.shown_character(septet)),
        })
    }

    fn escaped_character(self, septet: u8) -> char {
        match self.extension_character(septet) {
            Some(character) => character,
            None if septet == ESCAPE => ' ',
            None => self.shown_character(septet),
        }
    }

    fn shown_character(self, septet: u8) -> char {
        self.main_character(septet).unwrap_or(char::REPLACEMENT_CHARACTER)
    }

    fn main_septet(self, character: char) -> Option<u8> {
        #[cfg(feature = "nli")]
        if let Some(language) = self.locking {
            return language.locking_septet(character);
        }
        match alphabet::encode(character)? {
            Septets::Default(septet) => Some(septet),
            Septets::Extension(_) => None,
        }
    }

    fn extension_septet(self, character: char) -> Option<u8> {
        #[cfg(feature = "nli")]
        if let Some(language) = self.single {
            return language.single_septet(character);
        }
        match alphabet::encode(character)? {
            Septets::Default(_) => None,
            Septets::Extension(septet) => Some(septet),
        }
    }

    fn main_character(self, septet: u8) -> Option<char> {
        #[cfg(feature = "nli")]
        if let Some(language) = self.locking {
            return language.locking_char(septet);
        }
        alphabet::decode(septet)
    }

    fn extension_character(self, septet: u8) -> Option<char> {
        #[cfg(feature = "nli")]
        if let Some(language) = self.single {
            return language.single_char(septet);
        }
        alphabet::decode_extension(septet)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::String;

    fn decoded(tables: Tables, septets: &[u8]) -> String {
        tables.decode(septets.iter().copied()).collect()
    }

    #[test]
    fn a_receiver_shows_something_for_every_septet() {
        for (septets, text) in [
            (&[0x1B, 0x14][..], "^"),
            (&[0x1B, 0x41], "A"),
            (&[0x1B, 0x1B], " "),
            (&[0x1B, 0x1B, 0x14], " Λ"),
            (&[0x1B], " "),
            (&[0x41, 0x1B], "A "),
            (&[0x80], "\u{FFFD}"),
            (&[0x1B, 0xE5], "\u{FFFD}"),
            (&[], ""),
        ] {
            assert_eq!(decoded(Tables::DEFAULT, septets), text, "{septets:02X?}");
        }
    }

    #[test]
    fn the_first_foreign_character_is_named() {
        let error = Tables::DEFAULT.units("é ç ‘").unwrap_err();
        assert_eq!(error, EncodeError::NotInTables { offset: 3, character: 'ç' });
        assert_eq!(Tables::DEFAULT.encode("é ç ‘").err(), Some(error));
    }

    #[cfg(feature = "nli")]
    #[test]
    fn national_tables_stand_in_for_the_default_ones() {
        let hindi = Tables::national(Some(Language::Hindi), Some(Language::Hindi));
        assert_eq!(hindi.units("नमस्ते [A]"), Ok(6 + 1 + 6));
        // The escape leads to the locking table where the single one is empty, CR2 included.
        assert_eq!(decoded(hindi, &[0x1B, 0x70, 0x1B, 0x0D, 0x1B, 0x1B]), "p\r ");
        let urdu = Tables::national(Some(Language::Urdu), None);
        assert_eq!(decoded(urdu, &[0x1B, 0x65, 0x2D, 0x1B, 0x41]), "€\u{696}\u{636}");
        let bengali = Tables::national(Some(Language::Bengali), None);
        assert_eq!(decoded(bengali, &[0x0C]), "\u{FFFD}");
    }

    #[cfg(feature = "nli")]
    #[test]
    fn spanish_has_no_locking_shift() {
        let tables = Tables::national(Some(Language::Spanish), Some(Language::Spanish));
        assert_eq!((tables.locking(), tables.single()), (None, Some(Language::Spanish)));
        assert_eq!(tables.units("¿Qué? Sí"), Ok(9));
    }
}
