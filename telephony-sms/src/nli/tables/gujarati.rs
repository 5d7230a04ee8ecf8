//! Gujarati: 3GPP TS 23.038, clauses A.3.5 (locking shift) and A.2.5 (single shift).

use super::NONE;

/// The locking shift table by septet.
#[rustfmt::skip]
pub(super) const LOCKING: [char; 128] = [
    '\u{A81}', '\u{A82}', '\u{A83}', '\u{A85}', '\u{A86}', '\u{A87}', '\u{A88}', '\u{A89}',
    '\u{A8A}', '\u{A8B}', '\n', '\u{A8C}', '\u{A8D}', '\r', NONE, '\u{A8F}',
    '\u{A90}', '\u{A91}', NONE, '\u{A93}', '\u{A94}', '\u{A95}', '\u{A96}', '\u{A97}',
    '\u{A98}', '\u{A99}', '\u{A9A}', NONE, '\u{A9B}', '\u{A9C}', '\u{A9D}', '\u{A9E}',
    ' ', '!', '\u{A9F}', '\u{AA0}', '\u{AA1}', '\u{AA2}', '\u{AA3}', '\u{AA4}',
    ')', '(', '\u{AA5}', '\u{AA6}', ',', '\u{AA7}', '.', '\u{AA8}',
    '0', '1', '2', '3', '4', '5', '6', '7',
    '8', '9', ':', ';', NONE, '\u{AAA}', '\u{AAB}', '?',
    '\u{AAC}', '\u{AAD}', '\u{AAE}', '\u{AAF}', '\u{AB0}', NONE, '\u{AB2}', '\u{AB3}',
    NONE, '\u{AB5}', '\u{AB6}', '\u{AB7}', '\u{AB8}', '\u{AB9}', '\u{ABC}', '\u{ABD}',
    '\u{ABE}', '\u{ABF}', '\u{AC0}', '\u{AC1}', '\u{AC2}', '\u{AC3}', '\u{AC4}', '\u{AC5}',
    NONE, '\u{AC7}', '\u{AC8}', '\u{AC9}', NONE, '\u{ACB}', '\u{ACC}', '\u{ACD}',
    '\u{AD0}', 'a', 'b', 'c', 'd', 'e', 'f', 'g',
    'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o',
    'p', 'q', 'r', 's', 't', 'u', 'v', 'w',
    'x', 'y', 'z', '\u{AE0}', '\u{AE1}', '\u{AE2}', '\u{AE3}', '\u{AF1}',
];

/// The single shift table: the septet after the escape, and its character.
#[rustfmt::skip]
pub(super) const SINGLE: &[(u8, char)] = &[
    (0x00, '@'), (0x01, '£'), (0x02, '$'), (0x03, '¥'), (0x04, '¿'), (0x05, '"'), (0x06, '¤'),
    (0x07, '%'), (0x08, '&'), (0x09, '\''), (0x0A, '\x0C'), (0x0B, '*'), (0x0C, '+'), (0x0E, '-'),
    (0x0F, '/'), (0x10, '<'), (0x11, '='), (0x12, '>'), (0x13, '¡'), (0x14, '^'), (0x15, '¡'),
    (0x16, '_'), (0x17, '#'), (0x18, '*'), (0x19, '\u{964}'), (0x1A, '\u{965}'), (0x1C, '\u{AE6}'),
    (0x1D, '\u{AE7}'), (0x1E, '\u{AE8}'), (0x1F, '\u{AE9}'), (0x20, '\u{AEA}'), (0x21, '\u{AEB}'),
    (0x22, '\u{AEC}'), (0x23, '\u{AED}'), (0x24, '\u{AEE}'), (0x25, '\u{AEF}'), (0x28, '{'),
    (0x29, '}'), (0x2F, '\\'), (0x3C, '['), (0x3D, '~'), (0x3E, ']'), (0x40, '|'), (0x41, 'A'),
    (0x42, 'B'), (0x43, 'C'), (0x44, 'D'), (0x45, 'E'), (0x46, 'F'), (0x47, 'G'), (0x48, 'H'),
    (0x49, 'I'), (0x4A, 'J'), (0x4B, 'K'), (0x4C, 'L'), (0x4D, 'M'), (0x4E, 'N'), (0x4F, 'O'),
    (0x50, 'P'), (0x51, 'Q'), (0x52, 'R'), (0x53, 'S'), (0x54, 'T'), (0x55, 'U'), (0x56, 'V'),
    (0x57, 'W'), (0x58, 'X'), (0x59, 'Y'), (0x5A, 'Z'), (0x65, '€'),
];
