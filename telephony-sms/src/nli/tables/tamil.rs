//! Tamil: 3GPP TS 23.038, clauses A.3.11 (locking shift) and A.2.11 (single shift).

use super::NONE;

/// The locking shift table by septet.
#[rustfmt::skip]
pub(super) const LOCKING: [char; 128] = [
    NONE, '\u{B82}', '\u{B83}', '\u{B85}', '\u{B86}', '\u{B87}', '\u{B88}', '\u{B89}',
    '\u{B8A}', NONE, '\n', NONE, NONE, '\r', '\u{B8E}', '\u{B8F}',
    '\u{B90}', NONE, '\u{B92}', '\u{B93}', '\u{B94}', '\u{B95}', NONE, NONE,
    NONE, '\u{B99}', '\u{B9A}', NONE, NONE, '\u{B9C}', NONE, '\u{B9E}',
    ' ', '!', '\u{B9F}', NONE, NONE, NONE, '\u{BA3}', '\u{BA4}',
    ')', '(', NONE, NONE, ',', NONE, '.', '\u{BA8}',
    '0', '1', '2', '3', '4', '5', '6', '7',
    '8', '9', ':', ';', '\u{BA9}', '\u{BAA}', NONE, '?',
    NONE, NONE, '\u{BAE}', '\u{BAF}', '\u{BB0}', '\u{BB1}', '\u{BB2}', '\u{BB3}',
    '\u{BB4}', '\u{BB5}', '\u{BB6}', '\u{BB7}', '\u{BB8}', '\u{BB9}', NONE, NONE,
    '\u{BBE}', '\u{BBF}', '\u{BC0}', '\u{BC1}', '\u{BC2}', NONE, NONE, NONE,
    '\u{BC6}', '\u{BC7}', '\u{BC8}', NONE, '\u{BCA}', '\u{BCB}', '\u{BCC}', '\u{BCD}',
    '\u{BD0}', 'a', 'b', 'c', 'd', 'e', 'f', 'g',
    'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o',
    'p', 'q', 'r', 's', 't', 'u', 'v', 'w',
    'x', 'y', 'z', '\u{BD7}', '\u{BF0}', '\u{BF1}', '\u{BF2}', '\u{BF9}',
];

/// The single shift table: the septet after the escape, and its character.
#[rustfmt::skip]
pub(super) const SINGLE: &[(u8, char)] = &[
    (0x00, '@'), (0x01, '£'), (0x02, '$'), (0x03, '¥'), (0x04, '¿'), (0x05, '"'), (0x06, '¤'),
    (0x07, '%'), (0x08, '&'), (0x09, '\''), (0x0A, '\x0C'), (0x0B, '*'), (0x0C, '+'), (0x0E, '-'),
    (0x0F, '/'), (0x10, '<'), (0x11, '='), (0x12, '>'), (0x13, '¡'), (0x14, '^'), (0x15, '¡'),
    (0x16, '_'), (0x17, '#'), (0x18, '*'), (0x19, '\u{964}'), (0x1A, '\u{965}'), (0x1C, '\u{BE6}'),
    (0x1D, '\u{BE7}'), (0x1E, '\u{BE8}'), (0x1F, '\u{BE9}'), (0x20, '\u{BEA}'), (0x21, '\u{BEB}'),
    (0x22, '\u{BEC}'), (0x23, '\u{BED}'), (0x24, '\u{BEE}'), (0x25, '\u{BEF}'), (0x26, '\u{BF3}'),
    (0x27, '\u{BF4}'), (0x28, '{'), (0x29, '}'), (0x2A, '\u{BF5}'), (0x2B, '\u{BF6}'),
    (0x2C, '\u{BF7}'), (0x2D, '\u{BF8}'), (0x2E, '\u{BFA}'), (0x2F, '\\'), (0x3C, '['), (0x3D, '~'),
    (0x3E, ']'), (0x40, '|'), (0x41, 'A'), (0x42, 'B'), (0x43, 'C'), (0x44, 'D'), (0x45, 'E'),
    (0x46, 'F'), (0x47, 'G'), (0x48, 'H'), (0x49, 'I'), (0x4A, 'J'), (0x4B, 'K'), (0x4C, 'L'),
    (0x4D, 'M'), (0x4E, 'N'), (0x4F, 'O'), (0x50, 'P'), (0x51, 'Q'), (0x52, 'R'), (0x53, 'S'),
    (0x54, 'T'), (0x55, 'U'), (0x56, 'V'), (0x57, 'W'), (0x58, 'X'), (0x59, 'Y'), (0x5A, 'Z'),
    (0x65, '€'),
];
