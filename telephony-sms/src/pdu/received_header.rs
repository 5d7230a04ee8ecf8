//! The user data header of a received message.

use core::iter::FusedIterator;

#[cfg(feature = "nli")]
use crate::nli::Language;
use crate::pdu::header::identifier;
use crate::pdu::{Concatenation, DecodeError, MessageReference, Tables};

/// A user data header as it was received (3GPP TS 23.040, clause 9.2.3.24).
///
/// Elements are read as that clause tells receivers to: one that is unknown, or that says what
/// cannot be, is passed over; of those that repeat or exclude each other the last one counts.
///
/// ```
/// use telephony_sms::pdu::ReceivedHeader;
///
/// let header = ReceivedHeader::parse(&[0x05, 0x00, 0x03, 0x2A, 0x03, 0x01, 0xFF])?;
/// let part = header.concatenation().unwrap();
/// assert_eq!((part.sequence(), part.total(), header.octets()), (1, 3, 6));
/// # Ok::<(), telephony_sms::pdu::DecodeError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ReceivedHeader<'data> {
    /// What follows the length octet; known to hold whole elements.
    elements: &'data [u8],
}

impl<'data> ReceivedHeader<'data> {
    /// Reads the header that `data` begins with; what follows it is left alone.
    ///
    /// # Errors
    ///
    /// [`DecodeError::HeaderTruncated`] when the header, and [`DecodeError::ElementTruncated`]
    /// when an element in it, is longer than the room it has. The standard lets a receiver ignore
    /// such a header whole.
    pub fn parse(data: &'data [u8]) -> Result<Self, DecodeError> {
        let truncated = |expected| DecodeError::HeaderTruncated { expected, found: data.len() };
        let (&length, rest) = data.split_first().ok_or(truncated(1))?;
        let length = usize::from(length);
        let elements = rest.get(..length).ok_or(truncated(length + 1))?;
        let mut unread = elements;
        while let Some(&identifier) = unread.first() {
            let offset = elements.len() - unread.len() + 1;
            (_, unread) = split_element(unread)
                .ok_or(DecodeError::ElementTruncated { identifier, offset })?;
        }
        Ok(Self { elements })
    }

    /// Its octets, the length octet included; at least 1.
    #[must_use]
    pub const fn octets(self) -> usize {
        self.elements.len() + 1
    }

    /// All its elements in order, those unknown to this crate too.
    #[must_use]
    pub const fn elements(self) -> Elements<'data> {
        Elements { unread: self.elements }
    }

    /// Which part of which message this is, by an 8-bit or a 16-bit reference.
    ///
    /// An element that names part 0, a part after the last, or no part at all is passed over
    /// (3GPP TS 23.040, clauses 9.2.3.24.1 and 9.2.3.24.8).
    #[must_use]
    pub fn concatenation(self) -> Option<Concatenation> {
        self.last(|element| match (element.identifier, element.data) {
            (identifier::CONCATENATION_8_BIT, &[reference, total, sequence]) => {
                Concatenation::new(MessageReference::Bits8(reference), sequence, total)
            }
            (identifier::CONCATENATION_16_BIT, &[high, low, total, sequence]) => {
                let reference = u16::from_be_bytes([high, low]);
                Concatenation::new(MessageReference::Bits16(reference), sequence, total)
            }
            _ => None,
        })
    }

    /// The language identifier of the single shift element, reserved ones too
    /// (3GPP TS 23.040, clause 9.2.3.24.15).
    #[must_use]
    pub fn single_shift(self) -> Option<u8> {
        self.shift(identifier::SINGLE_SHIFT)
    }

    /// The language identifier of the locking shift element, reserved ones too
    /// (3GPP TS 23.040, clause 9.2.3.24.16).
    #[must_use]
    pub fn locking_shift(self) -> Option<u8> {
        self.shift(identifier::LOCKING_SHIFT)
    }

    /// The tables that the shift elements announce.
    ///
    /// A language without tables here (all of them without the feature `nli`) leaves the default
    /// ones in force, as 3GPP TS 23.038, clause 6.2.1.2, asks of a receiver that lacks a table.
    #[must_use]
    pub fn tables(self) -> Tables {
        #[cfg(feature = "nli")]
        {
            Tables::national(
                self.locking_shift().and_then(Language::from_id),
                self.single_shift().and_then(Language::from_id),
            )
        }
        #[cfg(not(feature = "nli"))]
        Tables::DEFAULT
    }

    fn shift(self, identifier: u8) -> Option<u8> {
        self.last(|element| match element.data {
            &[language] if element.identifier == identifier => Some(language),
            _ => None,
        })
    }

    fn last<T>(self, read: impl Fn(Element<'data>) -> Option<T>) -> Option<T> {
        self.elements().filter_map(read).last()
    }
}

/// One information element.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Element<'data> {
    /// What it is about (IEI).
    pub identifier: u8,
    /// What it says (IED).
    pub data: &'data [u8],
}

/// The elements of a header, made by [`ReceivedHeader::elements`].
#[derive(Debug, Clone)]
pub struct Elements<'data> {
    unread: &'data [u8],
}

impl<'data> Iterator for Elements<'data> {
    type Item = Element<'data>;

    fn next(&mut self) -> Option<Self::Item> {
        let (element, unread) = split_element(self.unread)?;
        self.unread = unread;
        Some(element)
    }
}

impl FusedIterator for Elements<'_> {}

/// The first element and what follows it; `None` when it is not there whole.
fn split_element(elements: &[u8]) -> Option<(Element<'_>, &[u8])> {
    let (&[identifier, length], rest) = elements.split_first_chunk()?;
    let (data, rest) = rest.split_at_checked(usize::from(length))?;
    Some((Element { identifier, data }, rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    fn part(header: &[u8]) -> Option<(MessageReference, u8, u8)> {
        let part = ReceivedHeader::parse(header).unwrap().concatenation()?;
        Some((part.reference(), part.sequence(), part.total()))
    }

    #[test]
    fn of_elements_that_exclude_each_other_the_last_counts() {
        use MessageReference::{Bits8, Bits16};
        let eight = [0x00, 0x03, 0x11, 0x02, 0x01];
        let sixteen = [0x08, 0x04, 0x22, 0x33, 0x04, 0x03];
        let header = |elements: &[&[u8]]| {
            let elements = elements.concat();
            [&[elements.len() as u8], &elements[..]].concat()
        };
        assert_eq!(part(&header(&[&eight, &sixteen])), Some((Bits16(0x2233), 3, 4)));
        assert_eq!(part(&header(&[&sixteen, &eight])), Some((Bits8(0x11), 1, 2)));
        // What the later one says cannot be, so it is passed over.
        for nonsense in
            [[0x00, 0x03, 0x44, 0, 0], [0x00, 0x03, 0x44, 1, 2], [0x00, 0x03, 0x44, 2, 0]]
        {
            assert_eq!(part(&header(&[&eight, &nonsense])), Some((Bits8(0x11), 1, 2)));
            assert_eq!(part(&header(&[&nonsense])), None);
        }
        assert_eq!(part(&header(&[&[0x00, 0x02, 0x44, 0x01]])), None);
    }

    #[test]
    fn shifts_are_kept_as_received() {
        let header = ReceivedHeader::parse(&[9, 0x24, 1, 3, 0x25, 1, 77, 0x24, 1, 4]).unwrap();
        assert_eq!((header.single_shift(), header.locking_shift()), (Some(4), Some(77)));
        #[cfg(feature = "nli")]
        assert_eq!(header.tables(), Tables::national(None, Some(Language::Bengali)));
    }

    #[test]
    fn unknown_elements_are_kept() {
        let header = ReceivedHeader::parse(&[7, 0x05, 4, 1, 2, 3, 4, 0x70]);
        assert_eq!(header, Err(DecodeError::ElementTruncated { identifier: 0x70, offset: 7 }));
        let header = ReceivedHeader::parse(&[8, 0x05, 4, 1, 2, 3, 4, 0x70, 0, 0xFF]).unwrap();
        let elements: Vec<_> =
            header.elements().map(|element| (element.identifier, element.data)).collect();
        assert_eq!(elements, [(0x05, &[1, 2, 3, 4][..]), (0x70, &[])]);
        assert_eq!((header.concatenation(), header.octets()), (None, 9));
    }

    #[test]
    fn a_header_that_lies_about_its_length_is_refused() {
        for (data, error) in [
            (&[][..], DecodeError::HeaderTruncated { expected: 1, found: 0 }),
            (&[5, 0, 3], DecodeError::HeaderTruncated { expected: 6, found: 3 }),
            (&[1, 0], DecodeError::ElementTruncated { identifier: 0, offset: 1 }),
            (&[3, 0, 3, 1, 2, 1], DecodeError::ElementTruncated { identifier: 0, offset: 1 }),
        ] {
            assert_eq!(ReceivedHeader::parse(data), Err(error), "{data:02X?}");
        }
        assert_eq!(ReceivedHeader::parse(&[0]).unwrap().octets(), 1);
    }
}
