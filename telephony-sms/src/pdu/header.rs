//! The user data header of a message to send: concatenation and national language shifts.

use crate::encoding::Reference;
use crate::pdu::Tables;

/// Identifiers of information elements (3GPP TS 23.040, clause 9.2.3.24).
pub(super) mod identifier {
    pub(in crate::pdu) const CONCATENATION_8_BIT: u8 = 0x00;
    pub(in crate::pdu) const CONCATENATION_16_BIT: u8 = 0x08;
    pub(in crate::pdu) const SINGLE_SHIFT: u8 = 0x24;
    pub(in crate::pdu) const LOCKING_SHIFT: u8 = 0x25;
}

/// What the parts of one message have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub enum MessageReference {
    /// An 8-bit reference (3GPP TS 23.040, clause 9.2.3.24.1).
    Bits8(u8),
    /// A 16-bit reference (3GPP TS 23.040, clause 9.2.3.24.8).
    Bits16(u16),
}

impl MessageReference {
    /// Its width.
    #[must_use]
    pub const fn width(self) -> Reference {
        match self {
            Self::Bits8(_) => Reference::Bits8,
            Self::Bits16(_) => Reference::Bits16,
        }
    }
}

/// Which part of which message this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Concatenation {
    reference: MessageReference,
    total: u8,
    sequence: u8,
}

impl Concatenation {
    /// Part `sequence`, from 1, of `total`.
    ///
    /// `None` when there is no such part: receivers ignore such an element, and show the parts
    /// as messages of their own.
    #[must_use]
    pub const fn new(reference: MessageReference, sequence: u8, total: u8) -> Option<Self> {
        if sequence == 0 || sequence > total {
            return None;
        }
        Some(Self { reference, total, sequence })
    }

    /// What the parts of the message have in common.
    #[must_use]
    pub const fn reference(self) -> MessageReference {
        self.reference
    }

    /// The parts of the message, at least 1.
    #[must_use]
    pub const fn total(self) -> u8 {
        self.total
    }

    /// This part's place among them, from 1 to the total.
    #[must_use]
    pub const fn sequence(self) -> u8 {
        self.sequence
    }
}

/// The user data header of one part (3GPP TS 23.040, clause 9.2.3.24).
///
/// ```
/// use telephony_sms::pdu::{Concatenation, Header, MessageReference};
///
/// let part = Concatenation::new(MessageReference::Bits8(0x2A), 1, 3).unwrap();
/// let header = Header::new().concatenation(part);
/// assert!(header.bytes().eq([0x05, 0x00, 0x03, 0x2A, 0x03, 0x01]));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[must_use = "a header does nothing until user data is encoded with it"]
pub struct Header {
    concatenation: Option<Concatenation>,
    tables: Tables,
}

impl Header {
    /// No header at all: no element, not even a length octet.
    pub const fn new() -> Self {
        Self { concatenation: None, tables: Tables::DEFAULT }
    }

    /// Adds the concatenation element.
    pub const fn concatenation(mut self, concatenation: Concatenation) -> Self {
        self.concatenation = Some(concatenation);
        self
    }

    /// Adds the shift elements that announce `tables` (3GPP TS 23.040, clauses 9.2.3.24.15 and
    /// 9.2.3.24.16). They mean nothing to a text in UCS-2.
    #[cfg(feature = "nli")]
    pub const fn tables(mut self, tables: Tables) -> Self {
        self.tables = tables;
        self
    }

    /// Its octets, the length octet included: 0 without elements, at most 13.
    #[must_use]
    pub fn octets(&self) -> usize {
        self.bytes().len()
    }

    /// The header as it is sent, elements in the order of their identifiers.
    pub fn bytes(&self) -> impl ExactSizeIterator<Item = u8> + Clone + use<> {
        let mut octets = [0; Self::LARGEST];
        let mut len = 1;
        let mut append = |element: &[u8]| {
            for (place, octet) in octets.iter_mut().skip(len).zip(element) {
                *place = *octet;
            }
            len += element.len();
        };
        if let Some(Concatenation { reference, total, sequence }) = self.concatenation {
            match reference {
                MessageReference::Bits8(reference) => {
                    append(&[identifier::CONCATENATION_8_BIT, 3, reference, total, sequence]);
                }
                MessageReference::Bits16(reference) => {
                    let [high, low] = reference.to_be_bytes();
                    append(&[identifier::CONCATENATION_16_BIT, 4, high, low, total, sequence]);
                }
            }
        }
        #[cfg(feature = "nli")]
        {
            if let Some(language) = self.tables.single() {
                append(&[identifier::SINGLE_SHIFT, 1, language.id()]);
            }
            if let Some(language) = self.tables.locking() {
                append(&[identifier::LOCKING_SHIFT, 1, language.id()]);
            }
        }
        let [length, ..] = &mut octets;
        *length = (len - 1) as u8;
        octets.into_iter().take(if len == 1 { 0 } else { len })
    }

    pub(super) const fn announced_tables(&self) -> Tables {
        self.tables
    }

    /// Length octet, 16-bit concatenation and two shifts, in octets.
    const LARGEST: usize = 1 + 6 + 3 + 3;
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    fn bytes(header: Header) -> Vec<u8> {
        let bytes: Vec<_> = header.bytes().collect();
        assert_eq!(bytes.len(), header.octets());
        bytes
    }

    #[test]
    fn a_header_without_elements_is_no_header() {
        assert_eq!(bytes(Header::new()), []);
    }

    #[test]
    fn sixteen_bit_references_are_big_endian() {
        let part = Concatenation::new(MessageReference::Bits16(0x1234), 255, 255).unwrap();
        let header = Header::new().concatenation(part);
        assert_eq!(bytes(header), [0x06, 0x08, 0x04, 0x12, 0x34, 0xFF, 0xFF]);
    }

    #[test]
    fn there_is_no_part_zero_and_none_after_the_last() {
        let part =
            |sequence, total| Concatenation::new(MessageReference::Bits8(7), sequence, total);
        assert_eq!((part(0, 0), part(0, 2), part(3, 2)), (None, None, None));
        assert!(part(1, 1).is_some());
    }

    #[cfg(feature = "nli")]
    #[test]
    fn shifts_follow_the_concatenation() {
        use crate::nli::Language;

        let tables = Tables::national(Some(Language::Turkish), Some(Language::Urdu));
        let part = Concatenation::new(MessageReference::Bits16(1), 1, 2).unwrap();
        assert_eq!(bytes(Header::new().tables(tables)), [6, 0x24, 1, 13, 0x25, 1, 1]);
        assert_eq!(
            bytes(Header::new().tables(tables).concatenation(part)),
            [12, 0x08, 4, 0, 1, 2, 1, 0x24, 1, 13, 0x25, 1, 1]
        );
    }
}
