//! Kannada: 3GPP TS 23.038, clauses A.3.7 (locking shift) and A.2.7 (single shift).

use super::NONE;

/// The locking shift table by septet.
///
/// 0x24 is U+0CA1, the letter between its neighbours; V9.1.1 prints U+0CAA, which 0x3D has.
#[rustfmt::skip]
pub(super) const LOCKING: [char; 128] = [
    NONE, '\u{C82}', '\u{C83}', '\u{C85}', '\u{C86}', '\u{C87}', '\u{C88}', '\u{C89}',
    '\u{C8A}', '\u{C8B}', '\n', '\u{C8C}', NONE, '\r', '\u{C8E}', '\u{C8F}',
    '\u{C90}', NONE, '\u{C92}', '\u{C93}', '\u{C94}', '\u{C95}', '\u{C96}', '\u{C97}',
    '\u{C98}', '\u{C99}', '\u{C9A}', NONE, '\u{C9B}', '\u{C9C}', '\u{C9D}', '\u{C9E}',
    ' ', '!', '\u{C9F}', '\u{CA0}', '\u{CA1}', '\u{CA2}', '\u{CA3}', '\u{CA4}',
    ')', '(', '\u{CA5}', '\u{CA6}', ',', '\u{CA7}', '.', '\u{CA8}',
    '0', '1', '2', '3', '4', '5', '6', '7',
    '8', '9', ':', ';', NONE, '\u{CAA}', '\u{CAB}', '?',
    '\u{CAC}', '\u{CAD}', '\u{CAE}', '\u{CAF}', '\u{CB0}', '\u{CB1}', '\u{CB2}', '\u{CB3}',
    NONE, '\u{CB5}', '\u{CB6}', '\u{CB7}', '\u{CB8}', '\u{CB9}', '\u{CBC}', '\u{CBD}',
    '\u{CBE}', '\u{CBF}', '\u{CC0}', '\u{CC1}', '\u{CC2}', '\u{CC3}', '\u{CC4}', NONE,
    '\u{CC6}', '\u{CC7}', '\u{CC8}', NONE, '\u{CCA}', '\u{CCB}', '\u{CCC}', '\u{CCD}',
    '\u{CD5}', 'a', 'b', 'c', 'd', 'e', 'f', 'g',
    'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o',
    'p', 'q', 'r', 's', 't', 'u', 'v', 'w',
    'x', 'y', 'z', '\u{CD6}', '\u{CE0}', '\u{CE1}', '\u{CE2}', '\u{CE3}',
];

/// The single shift table: the septet after the escape, and its character.
#[rustfmt::skip]
pub(super) const SINGLE: &[(u8, char)] = &[
    (0x00, '@'), (0x01, '£'), (0x02, '$'), (0x03, '¥'), (0x04, '¿'), (0x05, '"'), (0x06, '¤'),
    (0x07, '%'), (0x08, '&'), (0x09, '\''), (0x0A, '\x0C'), (0x0B, '*'), (0x0C, '+'), (0x0E, '-'),
    (0x0F, '/'), (0x10, '<'), (0x11, '='), (0x12, '>'), (0x13, '¡'), (0x14, '^'), (0x15, '¡'),
    (0x16, '_'), (0x17, '#'), (0x18, '*'), (0x19, '\u{964}'), (0x1A, '\u{965}'), (0x1C, '\u{CE6}'),
    (0x1D, '\u{CE7}'), (0x1E, '\u{CE8}'), (0x1F, '\u{CE9}'), (0x20, '\u{CEA}'), (0x21, '\u{CEB}'),
    (0x22, '\u{CEC}'), (0x23, '\u{CED}'), (0x24, '\u{CEE}'), (0x25, '\u{CEF}'), (0x26, '\u{CDE}'),
    (0x27, '\u{CF1}'), (0x28, '{'), (0x29, '}'), (0x2A, '\u{CF2}'), (0x2F, '\\'), (0x3C, '['),
    (0x3D, '~'), (0x3E, ']'), (0x40, '|'), (0x41, 'A'), (0x42, 'B'), (0x43, 'C'), (0x44, 'D'),
    (0x45, 'E'), (0x46, 'F'), (0x47, 'G'), (0x48, 'H'), (0x49, 'I'), (0x4A, 'J'), (0x4B, 'K'),
    (0x4C, 'L'), (0x4D, 'M'), (0x4E, 'N'), (0x4F, 'O'), (0x50, 'P'), (0x51, 'Q'), (0x52, 'R'),
    (0x53, 'S'), (0x54, 'T'), (0x55, 'U'), (0x56, 'V'), (0x57, 'W'), (0x58, 'X'), (0x59, 'Y'),
    (0x5A, 'Z'), (0x65, '€'),
];
