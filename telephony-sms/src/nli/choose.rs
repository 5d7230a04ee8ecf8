//! The cheapest way to write a text when national tables may be used.

use core::fmt;
use core::iter::FusedIterator;

use super::Language;
use super::coverage::{Coverage, ESCAPED_TABLES, MAIN_TABLES, TableSet};
use crate::alphabet::Septets;
use crate::encoding::{Encoding, MAX_PARTS, Reference};
use crate::error::Error;
use crate::pdu::{Header, Tables};
use crate::split::Segment;

/// How a text is written, and what that costs.
#[derive(Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct Choice<'text> {
    /// How the message is written.
    pub encoding: Encoding,
    /// With which tables, in GSM-7.
    pub tables: Tables,
    /// Octets of user data header in every segment, the length octet included.
    pub header_octets: usize,
    /// Units that one segment carries beside that header.
    pub capacity: usize,
    /// Septets or UCS-2 units of the whole text, headers not counted.
    pub units: usize,
    /// Messages the carrier sends and bills. An empty text is one.
    pub segments: usize,
    #[cfg_attr(feature = "serde", serde(skip))]
    text: &'text str,
}

/// The cheapest way to write `text`: the default alphabet, UCS-2, or the best pair of national
/// tables, with parts that carry a `reference`.
///
/// National tables are chosen only when they save a segment. Then they are worth what they risk:
/// a telephone that lacks them shows the wrong characters, where the default alphabet and UCS-2
/// are read by all. Of those two the default alphabet comes first.
///
/// Takes time linear in the text and allocates nothing.
///
/// ```
/// use telephony_sms::nli::{Language, choose};
/// use telephony_sms::{Encoding, Reference};
///
/// let text = "Pijamalı hasta yağız şoföre çabucak güvendi. ".repeat(3);
/// let choice = choose(&text, Reference::Bits8);
/// assert_eq!(choice.tables.locking(), Some(Language::Turkish));
/// assert_eq!((choice.units, choice.segments, choice.capacity), (135, 1, 155));
///
/// // One segment either way: what every telephone can read.
/// assert_eq!(choose("Pijamalı", Reference::Bits8).encoding, Encoding::Ucs2);
/// ```
#[must_use]
pub fn choose<'text>(text: &'text str, reference: Reference) -> Choice<'text> {
    let survey = Survey::of(text);
    let ucs2_units = text.chars().map(char::len_utf16).sum();
    let ucs2 = Choice::measure(text, Encoding::Ucs2, Tables::DEFAULT, ucs2_units, reference);
    let plain = survey.choice(0, text, reference).filter(|it| it.tables == Tables::DEFAULT);
    let national = survey.cheapest(text, reference);
    // Of equals, the first one stays.
    let fewer = |best: Choice<'text>, other: Choice<'text>| {
        if other.segments < best.segments { other } else { best }
    };
    national.into_iter().fold(plain.map_or(ucs2, |plain| fewer(plain, ucs2)), fewer)
}

/// The cheapest pair of tables for `text` in GSM-7: fewest segments, then fewest units, then
/// fewest shift elements. `None` when no pair has all its characters.
///
/// For a receiver known to have the tables; [`choose`] assumes less.
///
/// ```
/// use telephony_sms::Reference;
/// use telephony_sms::nli::{Language, cheapest_tables};
///
/// let choice = cheapest_tables("नमस्ते", Reference::Bits8).unwrap();
/// assert_eq!(choice.tables.locking(), Some(Language::Hindi));
/// assert_eq!((choice.units, choice.capacity), (6, 155));
/// ```
#[must_use]
pub fn cheapest_tables(text: &str, reference: Reference) -> Option<Choice<'_>> {
    Survey::of(text).cheapest(text, reference)
}

impl<'text> Choice<'text> {
    /// Cuts the text between code points into its parts. Joined, they are the text.
    ///
    /// # Errors
    ///
    /// [`Error::TooManyParts`] when there are more than [`MAX_PARTS`].
    pub fn parts(self) -> Result<Parts<'text>, Error> {
        if self.segments > MAX_PARTS {
            return Err(Error::TooManyParts { parts: self.segments });
        }
        Ok(self.uncounted_parts())
    }

    /// The header of a message of one segment. For a part of several, the concatenation is to be
    /// [added](Header::concatenation).
    pub const fn header(self) -> Header {
        Header::new().tables(self.tables)
    }

    fn measure(
        text: &'text str,
        encoding: Encoding,
        tables: Tables,
        units: usize,
        reference: Reference,
    ) -> Self {
        let header_octets = Header::new().tables(tables).octets();
        let room = encoding.capacity(header_octets);
        let one =
            Self { encoding, tables, header_octets, capacity: room, units, segments: 1, text };
        if units <= room {
            return one;
        }
        // The shift elements share the length octet that the concatenation brings.
        let header_octets = reference.header_octets() + header_octets.saturating_sub(1);
        let capacity = encoding.capacity(header_octets);
        let several = Self { header_octets, capacity, ..one };
        Self { segments: several.uncounted_parts().count(), ..several }
    }

    const fn uncounted_parts(self) -> Parts<'text> {
        Parts { choice: self, start: 0, index: 0 }
    }

    /// The units of a character of the text.
    fn units_of(&self, character: char) -> usize {
        match self.encoding {
            Encoding::Gsm7 => self.tables.septets_of(character).map_or(1, Septets::units),
            Encoding::Ucs2 => character.len_utf16(),
        }
    }
}

/// Says what the text costs, never what it says.
impl fmt::Debug for Choice<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Choice")
            .field("encoding", &self.encoding)
            .field("tables", &self.tables)
            .field("header_octets", &self.header_octets)
            .field("capacity", &self.capacity)
            .field("units", &self.units)
            .field("segments", &self.segments)
            .finish_non_exhaustive()
    }
}

/// The parts of a message, made by [`Choice::parts`].
#[derive(Debug, Clone)]
pub struct Parts<'text> {
    choice: Choice<'text>,
    start: usize,
    index: usize,
}

impl<'text> Iterator for Parts<'text> {
    type Item = Segment<'text>;

    fn next(&mut self) -> Option<Self::Item> {
        let (start, index) = (self.start, self.index);
        let rest = self.choice.text.get(start..)?;
        if rest.is_empty() && index > 0 {
            return None;
        }
        let (mut units, mut end) = (0, rest.len());
        for (offset, character) in rest.char_indices() {
            let more = self.choice.units_of(character);
            if units + more > self.choice.capacity {
                end = offset;
                break;
            }
            units += more;
        }
        (self.start, self.index) = (start + end, index + 1);
        Some(Segment { text: rest.get(..end)?, start, units, index })
    }
}

impl FusedIterator for Parts<'_> {}

/// One pass over a text: what every pair of tables makes of it.
///
/// A character takes one septet when the main table has it, and two when only the table behind
/// the escape has. So the units of a pair depend on its main table alone, and the other table only
/// has to have what the main one lacks: 14 sums and 14 sets stand for the 14 by 14 pairs.
struct Survey {
    characters: usize,
    /// Main tables that still have a partner.
    main: TableSet,
    /// For each main table, the tables that have all it lacks.
    escaped: [TableSet; TABLES],
    /// For each main table, the characters it lacks.
    lacking: [usize; TABLES],
}

/// The default table and those of 13 languages.
const TABLES: usize = 14;

impl Survey {
    fn of(text: &str) -> Self {
        let mut survey = Self {
            characters: 0,
            main: MAIN_TABLES,
            escaped: [ESCAPED_TABLES; TABLES],
            lacking: [0; TABLES],
        };
        for character in text.chars() {
            survey.characters += 1;
            let (main, escaped) = match Coverage::of(character) {
                Some(coverage) => (coverage.main, coverage.escaped),
                None => (0, 0),
            };
            let lacking = survey.main & !main;
            if lacking == 0 {
                continue;
            }
            let by_main = survey.escaped.iter_mut().zip(&mut survey.lacking).enumerate();
            for (table, (partners, count)) in by_main {
                if lacking & (1 << table) != 0 {
                    *count += 1;
                    *partners &= escaped;
                    if *partners == 0 {
                        survey.main &= !(1 << table);
                    }
                }
            }
            if survey.main == 0 {
                break;
            }
        }
        survey
    }

    /// The text in this main table and the partner with the least shifts, if there is one.
    fn choice<'text>(
        &self,
        main: usize,
        text: &'text str,
        reference: Reference,
    ) -> Option<Choice<'text>> {
        if self.main & (1 << main) == 0 {
            return None;
        }
        let (escaped, lacking) = (self.escaped.get(main)?, self.lacking.get(main)?);
        // The extension table is bit 0: it comes first, and needs no shift.
        let tables = Tables::national(
            Language::from_id(main as u8),
            Language::from_id(escaped.trailing_zeros() as u8),
        );
        let units = self.characters + lacking;
        Some(Choice::measure(text, Encoding::Gsm7, tables, units, reference))
    }

    fn cheapest<'text>(&self, text: &'text str, reference: Reference) -> Option<Choice<'text>> {
        (0..TABLES)
            .filter_map(|main| self.choice(main, text, reference))
            .min_by_key(|choice| (choice.segments, choice.units, choice.header_octets))
    }
}
