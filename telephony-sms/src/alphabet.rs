//! The GSM 7-bit default alphabet and its extension table.
//!
//! Source: 3GPP TS 23.038, clause 6.2.1 (default alphabet) and 6.2.1.1 (extension table).
#![allow(
    clippy::indexing_slicing,
    reason = "const functions have no `get`; every index is compared with its bound just above"
)]

/// The escape septet that leads to the extension table (3GPP TS 23.038, clause 6.2.1).
pub const ESCAPE: u8 = 0x1B;

/// The default alphabet by septet; position 0x1B is the escape and stands for no character.
#[rustfmt::skip]
const DEFAULT: [char; 128] = [
    '@', '£', '$', '¥', 'è', 'é', 'ù', 'ì', 'ò', 'Ç', '\n', 'Ø', 'ø', '\r', 'Å', 'å',
    'Δ', '_', 'Φ', 'Γ', 'Λ', 'Ω', 'Π', 'Ψ', 'Σ', 'Θ', 'Ξ', '\x1B', 'Æ', 'æ', 'ß', 'É',
    ' ', '!', '"', '#', '¤', '%', '&', '\'', '(', ')', '*', '+', ',', '-', '.', '/',
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', ':', ';', '<', '=', '>', '?',
    '¡', 'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O',
    'P', 'Q', 'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z', 'Ä', 'Ö', 'Ñ', 'Ü', '§',
    '¿', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o',
    'p', 'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z', 'ä', 'ö', 'ñ', 'ü', 'à',
];

/// The extension table: the septet that follows the escape, and its character.
const EXTENSION: [(u8, char); 10] = [
    (0x0A, '\x0C'),
    (0x14, '^'),
    (0x28, '{'),
    (0x29, '}'),
    (0x2F, '\\'),
    (0x3C, '['),
    (0x3D, '~'),
    (0x3E, ']'),
    (0x40, '|'),
    (0x65, '€'),
];

/// How a character is written in GSM-7.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub enum Septets {
    /// One septet of the default alphabet.
    Default(u8),
    /// The escape, then this septet of the extension table: two septets, never split.
    Extension(u8),
}

impl Septets {
    /// The septets the character takes: 1 or 2.
    #[must_use]
    pub const fn units(self) -> usize {
        match self {
            Self::Default(_) => 1,
            Self::Extension(_) => 2,
        }
    }
}

/// How `character` is written in GSM-7, or `None` when it forces UCS-2.
///
/// ```
/// use telephony_sms::alphabet::{Septets, encode};
///
/// assert_eq!(encode('@'), Some(Septets::Default(0x00)));
/// assert_eq!(encode('€'), Some(Septets::Extension(0x65)));
/// assert_eq!(encode('ç'), None);
/// ```
#[must_use]
pub const fn encode(character: char) -> Option<Septets> {
    let code = character as u32;
    if code < 0x80 {
        return decode_entry(ASCII[code as usize]);
    }
    match character {
        '€' => Some(Septets::Extension(0x65)),
        '\u{A0}'..='\u{FF}' => decode_entry(LATIN_1[(code - 0xA0) as usize]),
        'Γ'..='Ω' => decode_entry(GREEK[(code - 'Γ' as u32) as usize]),
        _ => None,
    }
}

/// Whether `character` can be written in GSM-7, in one septet or two.
#[must_use]
pub const fn is_gsm7(character: char) -> bool {
    encode(character).is_some()
}

/// The character of a septet of the default alphabet.
///
/// `None` for the escape (0x1B) and for values above 0x7F.
#[must_use]
pub const fn decode(septet: u8) -> Option<char> {
    if septet == ESCAPE || septet > 0x7F { None } else { Some(DEFAULT[septet as usize]) }
}

/// The character of a septet of the extension table.
///
/// `None` where the table is empty: a receiver then shows the character that the default
/// alphabet has there (3GPP TS 23.038, clause 6.2.1.1).
#[must_use]
pub const fn decode_extension(septet: u8) -> Option<char> {
    let mut entry = 0;
    while entry < EXTENSION.len() {
        if EXTENSION[entry].0 == septet {
            return Some(EXTENSION[entry].1);
        }
        entry += 1;
    }
    None
}

/// Set in a lookup entry that holds a septet of the extension table.
const EXTENSION_BIT: u8 = 0x80;
/// A lookup entry without a septet. It cannot be mistaken: 0x7F is `à`, which no table below
/// reaches by an extension.
const NONE: u8 = 0xFF;

const ASCII: [u8; 0x80] = lookup::<0x80>(0);
const LATIN_1: [u8; 0x60] = lookup::<0x60>(0xA0);
const GREEK: [u8; 0x17] = lookup::<0x17>('Γ' as u32);

const fn decode_entry(entry: u8) -> Option<Septets> {
    match entry {
        NONE => None,
        septet if septet & EXTENSION_BIT != 0 => Some(Septets::Extension(septet & 0x7F)),
        septet => Some(Septets::Default(septet)),
    }
}

/// The inverse of the two tables, for the `N` code points from `first`.
const fn lookup<const N: usize>(first: u32) -> [u8; N] {
    let mut table = [NONE; N];
    let mut septet = 0;
    while septet < DEFAULT.len() {
        let code = DEFAULT[septet] as u32;
        if septet != ESCAPE as usize && code >= first && code < first + N as u32 {
            table[(code - first) as usize] = septet as u8;
        }
        septet += 1;
    }
    let mut entry = 0;
    while entry < EXTENSION.len() {
        let code = EXTENSION[entry].1 as u32;
        if code >= first && code < first + N as u32 {
            table[(code - first) as usize] = EXTENSION[entry].0 | EXTENSION_BIT;
        }
        entry += 1;
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoding_is_the_inverse_of_decoding_for_every_character() {
        let mut encodable = 0;
        for character in '\0'..=char::MAX {
            match encode(character) {
                Some(Septets::Default(septet)) => assert_eq!(decode(septet), Some(character)),
                Some(Septets::Extension(septet)) => {
                    assert_eq!(decode_extension(septet), Some(character));
                }
                None => continue,
            }
            encodable += 1;
        }
        assert_eq!(encodable, 127 + 10);
    }

    #[test]
    fn look_alikes_are_not_encodable() {
        for character in ['\x1B', '`', '\t', '\u{A0}', 'ç', '\u{2126}', '\x7F', '…'] {
            assert_eq!(encode(character), None, "{character:?}");
        }
    }
}
