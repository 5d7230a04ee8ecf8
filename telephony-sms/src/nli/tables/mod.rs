//! The national language tables of 3GPP TS 23.038, annex A, one file a language.
//!
//! The single shift tables have nothing at 0x0D and 0x1B. The standard reserves both: 0x0D is a
//! control character ("CR2" in its drawings), 0x1B is the escape to a further table. Transcriptions
//! that show LF or CR at 0x0D give a meaning to a cell that no message may use.
#![allow(
    clippy::indexing_slicing,
    reason = "const functions have no `get`; every index is compared with its bound just above"
)]

mod bengali;
mod gujarati;
mod hindi;
mod kannada;
mod malayalam;
mod oriya;
mod portuguese;
mod punjabi;
mod spanish;
mod tamil;
mod telugu;
mod turkish;
mod urdu;

use super::Language;

/// The table that replaces the default alphabet; Spanish has none.
pub(super) fn locking(language: Language) -> Option<&'static Table> {
    LOCKING.get(usize::from(language.id() - 1))?.as_ref()
}

/// The table that replaces the extension table.
pub(super) fn single(language: Language) -> Option<&'static Table> {
    SINGLE.get(usize::from(language.id() - 1))
}

/// By language identifier less 1.
pub(super) static LOCKING: [Option<Table>; 13] = [
    Some(Table::locking(&turkish::LOCKING)),
    None,
    Some(Table::locking(&portuguese::LOCKING)),
    Some(Table::locking(&bengali::LOCKING)),
    Some(Table::locking(&gujarati::LOCKING)),
    Some(Table::locking(&hindi::LOCKING)),
    Some(Table::locking(&kannada::LOCKING)),
    Some(Table::locking(&malayalam::LOCKING)),
    Some(Table::locking(&oriya::LOCKING)),
    Some(Table::locking(&punjabi::LOCKING)),
    Some(Table::locking(&tamil::LOCKING)),
    Some(Table::locking(&telugu::LOCKING)),
    Some(Table::locking(&urdu::LOCKING)),
];

/// By language identifier less 1.
pub(super) static SINGLE: [Table; 13] = [
    Table::single(turkish::SINGLE),
    Table::single(spanish::SINGLE),
    Table::single(portuguese::SINGLE),
    Table::single(bengali::SINGLE),
    Table::single(gujarati::SINGLE),
    Table::single(hindi::SINGLE),
    Table::single(kannada::SINGLE),
    Table::single(malayalam::SINGLE),
    Table::single(oriya::SINGLE),
    Table::single(punjabi::SINGLE),
    Table::single(tamil::SINGLE),
    Table::single(telugu::SINGLE),
    Table::single(urdu::SINGLE),
];

/// Stands in an empty cell. No table has U+0000.
const NONE: char = '\0';

/// 128 characters by septet, and the way back.
#[derive(Debug)]
pub(super) struct Table {
    /// Code points; all of annex A is in the Basic Multilingual Plane. 0 where the cell is empty.
    pub(super) codes: [u16; 128],
    /// The septets in use in the order of their code points; `len` of them count.
    by_code: [u8; 128],
    len: usize,
}

impl Table {
    /// The character at `septet`; `None` where the cell is empty and above 0x7F.
    pub(super) fn character(&self, septet: u8) -> Option<char> {
        let code = *self.codes.get(usize::from(septet))?;
        char::from_u32(u32::from(code)).filter(|&character| character != NONE)
    }

    /// The septet of `character`; the lowest one when it is in the table twice.
    pub(super) fn septet(&self, character: char) -> Option<u8> {
        let code = u16::try_from(u32::from(character)).ok()?;
        let by_code = self.by_code.get(..self.len)?;
        let code_at = |septet: &u8| self.codes.get(usize::from(*septet)).copied().unwrap_or(0);
        let place = by_code.binary_search_by_key(&code, code_at).ok()?;
        by_code.get(place).copied()
    }

    const fn locking(characters: &[char; 128]) -> Self {
        let mut codes = [0; 128];
        let mut septet = 0;
        while septet < 128 {
            codes[septet] = code(characters[septet]);
            septet += 1;
        }
        Self::from_codes(codes)
    }

    const fn single(cells: &[(u8, char)]) -> Self {
        let mut codes = [0; 128];
        let mut cell = 0;
        while cell < cells.len() {
            codes[cells[cell].0 as usize] = code(cells[cell].1);
            cell += 1;
        }
        Self::from_codes(codes)
    }

    /// Sorts by insertion, which meets the tables nearly sorted; runs while compiling.
    const fn from_codes(codes: [u16; 128]) -> Self {
        let mut by_code = [0; 128];
        let mut len = 0;
        let mut septet = 0;
        while septet < 128 {
            let code = codes[septet];
            let mut place = len;
            while place > 0 && codes[by_code[place - 1] as usize] > code {
                place -= 1;
            }
            let repeated = place > 0 && codes[by_code[place - 1] as usize] == code;
            if code != 0 && !repeated {
                let mut moved = len;
                while moved > place {
                    by_code[moved] = by_code[moved - 1];
                    moved -= 1;
                }
                by_code[place] = septet as u8;
                len += 1;
            }
            septet += 1;
        }
        Self { codes, by_code, len }
    }
}

const fn code(character: char) -> u16 {
    assert!((character as u32) < 0x1_0000);
    character as u16
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_that_stands_twice_is_written_as_its_lowest_septet() {
        let bengali = single(Language::Bengali).unwrap();
        assert_eq!((bengali.character(0x0B), bengali.character(0x18)), (Some('*'), Some('*')));
        assert_eq!(bengali.septet('*'), Some(0x0B));
        assert_eq!((bengali.character(0x13), bengali.character(0x15)), (Some('¡'), Some('¡')));
        assert_eq!(bengali.septet('¡'), Some(0x13));
    }

    #[test]
    fn every_septet_of_a_table_is_found_by_its_character() {
        let tables = LOCKING.iter().flatten().chain(&SINGLE);
        for table in tables {
            for septet in 0..=u8::MAX {
                if let Some(character) = table.character(septet) {
                    let found = table.septet(character).unwrap();
                    assert_eq!(table.character(found), Some(character));
                    assert!(found <= septet);
                }
            }
            assert_eq!(table.septet('\0'), None);
            assert_eq!(table.septet('😀'), None);
        }
    }
}
