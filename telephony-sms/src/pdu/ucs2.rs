//! UCS-2 octets, in practice UTF-16: big-endian, surrogate pairs kept.

/// The octets of `text` in UTF-16, big-endian (3GPP TS 23.038, clause 6.2.3).
///
/// ```
/// use telephony_sms::pdu::encode_ucs2;
///
/// assert!(encode_ucs2("é😀").eq([0x00, 0xE9, 0xD8, 0x3D, 0xDE, 0x00]));
/// ```
pub fn encode_ucs2(text: &str) -> impl Iterator<Item = u8> + Clone {
    text.encode_utf16().flat_map(u16::to_be_bytes)
}

/// The characters of UTF-16 octets, big-endian.
///
/// What a stranger sends is shown as far as it can be: a surrogate without its other half, and a
/// single octet left over at the end, give U+FFFD.
///
/// ```
/// use telephony_sms::pdu::decode_ucs2;
///
/// let text: String = decode_ucs2(&[0x00, 0xE9, 0xD8, 0x3D, 0x00]).collect();
/// assert_eq!(text, "é\u{FFFD}\u{FFFD}");
/// ```
pub fn decode_ucs2(octets: &[u8]) -> impl Iterator<Item = char> + Clone {
    let (units, rest) = octets.as_chunks::<2>();
    let characters = char::decode_utf16(units.iter().map(|unit| u16::from_be_bytes(*unit)))
        .map(|decoded| decoded.unwrap_or(char::REPLACEMENT_CHARACTER));
    characters.chain(rest.iter().map(|_| char::REPLACEMENT_CHARACTER))
}
