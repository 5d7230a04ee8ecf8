//! Which tables have a character: all of them asked at once.
#![allow(
    clippy::indexing_slicing,
    reason = "const functions have no `get`; every index is compared with its bound just above"
)]

use super::tables::{LOCKING, SINGLE};
use crate::alphabet::{self, Septets};

/// Sets of tables: bit 0 is the default table, bit n the one of language identifier n.
pub(super) type TableSet = u16;

/// Every main table: the default alphabet and the locking shift tables.
pub(super) const MAIN_TABLES: TableSet = 0x3FFF & !(1 << 2);

/// Every table behind the escape: the extension table and the single shift tables.
pub(super) const ESCAPED_TABLES: TableSet = 0x3FFF;

/// The tables that have a character.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Coverage {
    code: u16,
    /// Main tables.
    pub(super) main: TableSet,
    /// Tables behind the escape.
    pub(super) escaped: TableSet,
}

impl Coverage {
    /// `None` when no table has `character`.
    pub(super) fn of(character: char) -> Option<Self> {
        let code = u16::try_from(u32::from(character)).ok()?;
        let place = COVERAGE.binary_search_by_key(&code, |coverage| coverage.code).ok()?;
        COVERAGE.get(place).copied()
    }
}

/// Every character of every table, in the order of the code points.
static COVERAGE: [Coverage; CHARACTERS] = {
    let by_code = by_code();
    let mut coverage = [Coverage { code: 0, main: 0, escaped: 0 }; CHARACTERS];
    let (mut code, mut filled) = (0, 0);
    while code < CODES {
        let (main, escaped) = by_code[code];
        if main | escaped != 0 {
            coverage[filled] = Coverage { code: code as u16, main, escaped };
            filled += 1;
        }
        code += 1;
    }
    coverage
};

/// How many characters there are in all the tables together.
const CHARACTERS: usize = {
    let by_code = by_code();
    let (mut code, mut characters) = (0, 0);
    while code < CODES {
        if by_code[code].0 | by_code[code].1 != 0 {
            characters += 1;
        }
        code += 1;
    }
    characters
};

/// No table has a code point from here on; building the tables fails if one does.
const CODES: usize = 0x2300;

const fn by_code() -> [(TableSet, TableSet); CODES] {
    let mut sets = [(0, 0); CODES];
    let mut code = 0;
    while code < CODES {
        if let Some(character) = char::from_u32(code as u32) {
            match alphabet::encode(character) {
                Some(Septets::Default(_)) => sets[code].0 = 1,
                Some(Septets::Extension(_)) => sets[code].1 = 1,
                None => {}
            }
        }
        code += 1;
    }
    let mut table = 0;
    while table < SINGLE.len() {
        let bit = 2 << table;
        let mut septet = 0;
        while septet < 128 {
            sets[SINGLE[table].codes[septet] as usize].1 |= bit;
            if let Some(locking) = &LOCKING[table] {
                sets[locking.codes[septet] as usize].0 |= bit;
            }
            septet += 1;
        }
        table += 1;
    }
    // An empty cell is no character.
    sets[0] = (0, 0);
    sets
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nli::Language;

    #[test]
    fn coverage_is_what_the_tables_say() {
        for character in '\0'..=char::MAX {
            let (mut main, mut escaped) = (0, 0);
            match alphabet::encode(character) {
                Some(Septets::Default(_)) => main |= 1,
                Some(Septets::Extension(_)) => escaped |= 1,
                None => {}
            }
            for language in Language::ALL {
                main |=
                    TableSet::from(language.locking_septet(character).is_some()) << language.id();
                escaped |=
                    TableSet::from(language.single_septet(character).is_some()) << language.id();
            }
            let found = Coverage::of(character).map_or((0, 0), |it| (it.main, it.escaped));
            assert_eq!(found, (main, escaped), "{character:?}");
            assert_eq!((main & !MAIN_TABLES, escaped & !ESCAPED_TABLES), (0, 0));
        }
    }
}
