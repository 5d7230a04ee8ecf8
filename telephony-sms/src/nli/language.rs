//! The national languages that have tables.

use super::tables;

/// A language with national tables, by its identifier (3GPP TS 23.038, clause 6.2.1.2.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
#[repr(u8)]
pub enum Language {
    /// Identifier 1.
    Turkish = 1,
    /// Identifier 2. Has a single shift table alone.
    Spanish = 2,
    /// Identifier 3.
    Portuguese = 3,
    /// Identifier 4.
    Bengali = 4,
    /// Identifier 5.
    Gujarati = 5,
    /// Identifier 6.
    Hindi = 6,
    /// Identifier 7.
    Kannada = 7,
    /// Identifier 8.
    Malayalam = 8,
    /// Identifier 9.
    Oriya = 9,
    /// Identifier 10.
    Punjabi = 10,
    /// Identifier 11.
    Tamil = 11,
    /// Identifier 12.
    Telugu = 12,
    /// Identifier 13.
    Urdu = 13,
}

impl Language {
    /// All of them, in the order of their identifiers.
    pub const ALL: [Self; 13] = [
        Self::Turkish,
        Self::Spanish,
        Self::Portuguese,
        Self::Bengali,
        Self::Gujarati,
        Self::Hindi,
        Self::Kannada,
        Self::Malayalam,
        Self::Oriya,
        Self::Punjabi,
        Self::Tamil,
        Self::Telugu,
        Self::Urdu,
    ];

    /// The language of an identifier in a shift element; `None` where it is reserved.
    #[must_use]
    pub fn from_id(id: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.id() == id)
    }

    /// The identifier that a shift element carries.
    #[must_use]
    pub const fn id(self) -> u8 {
        self as u8
    }

    /// The name in English, as the standard has it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Turkish => "Turkish",
            Self::Spanish => "Spanish",
            Self::Portuguese => "Portuguese",
            Self::Bengali => "Bengali",
            Self::Gujarati => "Gujarati",
            Self::Hindi => "Hindi",
            Self::Kannada => "Kannada",
            Self::Malayalam => "Malayalam",
            Self::Oriya => "Oriya",
            Self::Punjabi => "Punjabi",
            Self::Tamil => "Tamil",
            Self::Telugu => "Telugu",
            Self::Urdu => "Urdu",
        }
    }

    /// Whether the language has a locking shift table; all do but Spanish, which is written in
    /// the default alphabet (3GPP TS 23.038, clause A.3.2 is void).
    #[must_use]
    pub fn has_locking_shift(self) -> bool {
        tables::locking(self).is_some()
    }

    /// The character of a septet in the locking shift table (3GPP TS 23.038, clause A.3), which
    /// replaces the default alphabet.
    ///
    /// `None` where the cell is empty, for the escape (0x1B), above 0x7F, and without a table.
    #[must_use]
    pub fn locking_char(self, septet: u8) -> Option<char> {
        tables::locking(self)?.character(septet)
    }

    /// The character of a septet in the single shift table (3GPP TS 23.038, clause A.2), which
    /// replaces the extension table: what the septet means after the escape.
    ///
    /// `None` where the cell is empty or reserved (0x0D, 0x1B), and above 0x7F.
    #[must_use]
    pub fn single_char(self, septet: u8) -> Option<char> {
        tables::single(self)?.character(septet)
    }

    /// The septet of a character in the locking shift table.
    #[must_use]
    pub fn locking_septet(self, character: char) -> Option<u8> {
        tables::locking(self)?.septet(character)
    }

    /// The septet that, after the escape, is this character in the single shift table. The
    /// Indic tables have `*` and `¡` twice: the lower septet is written, both are read.
    #[must_use]
    pub fn single_septet(self, character: char) -> Option<u8> {
        tables::single(self)?.septet(character)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_lead_back_to_their_languages() {
        for (id, language) in (1..).zip(Language::ALL) {
            assert_eq!(language.id(), id);
            assert_eq!(Language::from_id(id), Some(language));
        }
        assert_eq!((Language::from_id(0), Language::from_id(14)), (None, None));
    }
}
