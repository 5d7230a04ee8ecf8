//! The two encodings of a text message and what one part of each carries.
//!
//! A short message carries 140 octets of user data (3GPP TS 23.040, clause 9.2.3.24). A
//! concatenated one gives 6 of them (8-bit reference) or 7 (16-bit reference) to the user data
//! header of every part.

use core::fmt;

/// Octets of user data in one short message.
pub const USER_DATA_OCTETS: usize = 140;

/// The most parts one concatenated message can have: the header counts them in one octet
/// (3GPP TS 23.040, clause 9.2.3.24.1).
pub const MAX_PARTS: usize = 255;

/// How the characters of a message are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// The GSM 7-bit default alphabet with its extension table; the unit is a septet.
    Gsm7,
    /// UCS-2, in practice UTF-16; the unit is 16 bits, and a character outside the Basic
    /// Multilingual Plane takes two.
    Ucs2,
}

impl Encoding {
    /// The units a message of a single part carries: 160 septets or 70 UCS-2 units.
    #[must_use]
    pub const fn single_capacity(self) -> usize {
        self.capacity(0)
    }

    /// The units each part of a concatenated message carries: 153 or 67 with an 8-bit reference,
    /// 152 or 66 with a 16-bit one.
    #[must_use]
    pub const fn part_capacity(self, reference: Reference) -> usize {
        self.capacity(reference.header_octets())
    }

    /// The units that fit beside a user data header of `header_octets`, its length octet
    /// included: septets that begin on a septet boundary, or whole UCS-2 units.
    #[must_use]
    pub const fn capacity(self, header_octets: usize) -> usize {
        let octets = USER_DATA_OCTETS.saturating_sub(header_octets);
        match self {
            Self::Gsm7 => octets * 8 / 7,
            Self::Ucs2 => octets / 2,
        }
    }

    /// The units `character` takes, or `None` when this encoding cannot write it.
    #[must_use]
    pub const fn units_of(self, character: char) -> Option<usize> {
        match self {
            Self::Gsm7 => match crate::alphabet::encode(character) {
                Some(septets) => Some(septets.units()),
                None => None,
            },
            Self::Ucs2 => Some(character.len_utf16()),
        }
    }

    /// The name people know: `GSM-7` or `UCS-2`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gsm7 => "GSM-7",
            Self::Ucs2 => "UCS-2",
        }
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Encoding {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// How the parts of a concatenated message say that they belong together.
///
/// Carriers' APIs mostly use 8 bits; toll-free routes in the United States and many SMPP
/// gateways use 16, which costs one more octet a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Reference {
    /// An 8-bit reference: 6 octets of header (`05 00 03 reference total sequence`).
    #[default]
    Bits8,
    /// A 16-bit reference: 7 octets of header (`06 08 04 high low total sequence`).
    Bits16,
}

impl Reference {
    /// The octets of user data header in every part, with its length octet.
    #[must_use]
    pub const fn header_octets(self) -> usize {
        match self {
            Self::Bits8 => 6,
            Self::Bits16 => 7,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capacities_are_those_of_the_standard() {
        let capacities = |encoding: Encoding| {
            [
                encoding.single_capacity(),
                encoding.part_capacity(Reference::Bits8),
                encoding.part_capacity(Reference::Bits16),
            ]
        };
        assert_eq!(capacities(Encoding::Gsm7), [160, 153, 152]);
        assert_eq!(capacities(Encoding::Ucs2), [70, 67, 66]);
    }
}
