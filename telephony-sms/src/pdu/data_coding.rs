//! The data coding scheme octet that says how the user data is written.

use crate::encoding::Encoding;

/// The data coding scheme (TP-DCS) of a plain message in `encoding`: 0x00 or 0x08 (3GPP TS
/// 23.038, clause 4).
#[must_use]
pub const fn data_coding(encoding: Encoding) -> u8 {
    match encoding {
        Encoding::Gsm7 => 0x00,
        Encoding::Ucs2 => 0x08,
    }
}

/// How the text of a message with this data coding scheme is written (3GPP TS 23.038, clause 4).
///
/// `None` for 8-bit data and for compressed text. Reserved codings are read as the default
/// alphabet, as the standard asks of receivers.
///
/// ```
/// use telephony_sms::{Encoding, pdu::encoding_of};
///
/// assert_eq!(encoding_of(0x08), Some(Encoding::Ucs2));
/// assert_eq!(encoding_of(0x04), None);
/// ```
#[must_use]
pub const fn encoding_of(data_coding: u8) -> Option<Encoding> {
    match data_coding {
        // General data coding, and the same with automatic deletion.
        0x00..=0x7F => {
            let compressed = data_coding & 0x20 != 0;
            match data_coding & 0x0C {
                _ if compressed => None,
                0x04 => None,
                0x08 => Some(Encoding::Ucs2),
                _ => Some(Encoding::Gsm7),
            }
        }
        // Message waiting, stored, in UCS-2.
        0xE0..=0xEF => Some(Encoding::Ucs2),
        // Data coding and message class: 8-bit data.
        0xF0..=0xFF if data_coding & 0x04 != 0 => None,
        _ => Some(Encoding::Gsm7),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_group_is_read_as_clause_4_says() {
        use Encoding::{Gsm7, Ucs2};
        for (octets, encoding) in [
            (&[0x00, 0x10, 0x13, 0x0C, 0x40, 0x80, 0xC0, 0xD8, 0xF0, 0xF3][..], Some(Gsm7)),
            (&[0x08, 0x18, 0x1B, 0x48, 0xE0, 0xE8], Some(Ucs2)),
            (&[0x04, 0x15, 0x44, 0xF4, 0xF7, 0x20, 0x28, 0x60], None),
        ] {
            for &octet in octets {
                assert_eq!(encoding_of(octet), encoding, "{octet:02X}");
            }
        }
        for encoding in [Gsm7, Ucs2] {
            assert_eq!(encoding_of(data_coding(encoding)), Some(encoding));
        }
    }
}
