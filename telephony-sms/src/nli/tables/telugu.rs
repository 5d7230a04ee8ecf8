//! Telugu: 3GPP TS 23.038, clauses A.3.12 (locking shift) and A.2.12 (single shift).

use super::NONE;

/// The locking shift table by septet.
#[rustfmt::skip]
pub(super) const LOCKING: [char; 128] = [
    '\u{C01}', '\u{C02}', '\u{C03}', '\u{C05}', '\u{C06}', '\u{C07}', '\u{C08}', '\u{C09}',
    '\u{C0A}', '\u{C0B}', '\n', '\u{C0C}', NONE, '\r', '\u{C0E}', '\u{C0F}',
    '\u{C10}', NONE, '\u{C12}', '\u{C13}', '\u{C14}', '\u{C15}', '\u{C16}', '\u{C17}',
    '\u{C18}', '\u{C19}', '\u{C1A}', NONE, '\u{C1B}', '\u{C1C}', '\u{C1D}', '\u{C1E}',
    ' ', '!', '\u{C1F}', '\u{C20}', '\u{C21}', '\u{C22}', '\u{C23}', '\u{C24}',
    ')', '(', '\u{C25}', '\u{C26}', ',', '\u{C27}', '.', '\u{C28}',
    '0', '1', '2', '3', '4', '5', '6', '7',
    '8', '9', ':', ';', NONE, '\u{C2A}', '\u{C2B}', '?',
    '\u{C2C}', '\u{C2D}', '\u{C2E}', '\u{C2F}', '\u{C30}', '\u{C31}', '\u{C32}', '\u{C33}',
    NONE, '\u{C35}', '\u{C36}', '\u{C37}', '\u{C38}', '\u{C39}', NONE, '\u{C3D}',
    '\u{C3E}', '\u{C3F}', '\u{C40}', '\u{C41}', '\u{C42}', '\u{C43}', '\u{C44}', NONE,
    '\u{C46}', '\u{C47}', '\u{C48}', NONE, '\u{C4A}', '\u{C4B}', '\u{C4C}', '\u{C4D}',
    '\u{C55}', 'a', 'b', 'c', 'd', 'e', 'f', 'g',
    'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o',
    'p', 'q', 'r', 's', 't', 'u', 'v', 'w',
    'x', 'y', 'z', '\u{C56}', '\u{C60}', '\u{C61}', '\u{C62}', '\u{C63}',
];

/// The single shift table: the septet after the escape, and its character.
///
/// The euro sign is missing from a transcription in circulation, not from the standard.
#[rustfmt::skip]
pub(super) const SINGLE: &[(u8, char)] = &[
    (0x00, '@'), (0x01, '£'), (0x02, '$'), (0x03, '¥'), (0x04, '¿'), (0x05, '"'), (0x06, '¤'),
    (0x07, '%'), (0x08, '&'), (0x09, '\''), (0x0A, '\x0C'), (0x0B, '*'), (0x0C, '+'), (0x0E, '-'),
    (0x0F, '/'), (0x10, '<'), (0x11, '='), (0x12, '>'), (0x13, '¡'), (0x14, '^'), (0x15, '¡'),
    (0x16, '_'), (0x17, '#'), (0x18, '*'), (0x1C, '\u{C66}'), (0x1D, '\u{C67}'), (0x1E, '\u{C68}'),
    (0x1F, '\u{C69}'), (0x20, '\u{C6A}'), (0x21, '\u{C6B}'), (0x22, '\u{C6C}'), (0x23, '\u{C6D}'),
    (0x24, '\u{C6E}'), (0x25, '\u{C6F}'), (0x26, '\u{C58}'), (0x27, '\u{C59}'), (0x28, '{'),
    (0x29, '}'), (0x2A, '\u{C78}'), (0x2B, '\u{C79}'), (0x2C, '\u{C7A}'), (0x2D, '\u{C7B}'),
    (0x2E, '\u{C7C}'), (0x2F, '\\'), (0x30, '\u{C7D}'), (0x31, '\u{C7E}'), (0x32, '\u{C7F}'),
    (0x3C, '['), (0x3D, '~'), (0x3E, ']'), (0x40, '|'), (0x41, 'A'), (0x42, 'B'), (0x43, 'C'),
    (0x44, 'D'), (0x45, 'E'), (0x46, 'F'), (0x47, 'G'), (0x48, 'H'), (0x49, 'I'), (0x4A, 'J'),
    (0x4B, 'K'), (0x4C, 'L'), (0x4D, 'M'), (0x4E, 'N'), (0x4F, 'O'), (0x50, 'P'), (0x51, 'Q'),
    (0x52, 'R'), (0x53, 'S'), (0x54, 'T'), (0x55, 'U'), (0x56, 'V'), (0x57, 'W'), (0x58, 'X'),
    (0x59, 'Y'), (0x5A, 'Z'), (0x65, '€'),
];
