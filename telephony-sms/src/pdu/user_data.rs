//! The user data of one message: header and packed text, assembled and taken apart.

use core::fmt;

use crate::encoding::{Encoding, USER_DATA_OCTETS};
use crate::pdu::{
    DecodeError, EncodeError, FillBits, Header, ReceivedHeader, Tables, decode_ucs2, encode_ucs2,
    pack, unpack,
};

/// The user data of one message to send (3GPP TS 23.040, clause 9.2.3.24).
///
/// ```
/// use telephony_sms::Encoding;
/// use telephony_sms::pdu::{Concatenation, Header, MessageReference, UserData};
///
/// let part = Concatenation::new(MessageReference::Bits8(0x2A), 2, 2).unwrap();
/// let header = Header::new().concatenation(part);
/// let user_data = UserData::encode(&header, Encoding::Gsm7, "hello")?;
/// assert_eq!(
///     user_data.octets(),
///     [0x05, 0x00, 0x03, 0x2A, 0x02, 0x02, 0xD0, 0x65, 0x36, 0xFB, 0x0D]
/// );
/// assert_eq!((user_data.length(), user_data.has_header()), (12, true));
/// # Ok::<(), telephony_sms::pdu::EncodeError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct UserData {
    octets: [u8; USER_DATA_OCTETS],
    /// Octets in use.
    used: usize,
    length: u8,
    has_header: bool,
}

impl UserData {
    /// Assembles the header and `text` in `encoding`. In GSM-7 the text is written with the tables
    /// that the header announces.
    ///
    /// # Errors
    ///
    /// [`EncodeError::TooLong`] when the text does not fit beside the header, and
    /// [`EncodeError::NotInTables`] for the first character that GSM-7 cannot write.
    pub fn encode(header: &Header, encoding: Encoding, text: &str) -> Result<Self, EncodeError> {
        let tables = header.announced_tables();
        let header_octets = header.octets();
        let units = match encoding {
            Encoding::Gsm7 => tables.units(text)?,
            Encoding::Ucs2 => text.encode_utf16().count(),
        };
        let capacity = encoding.capacity(header_octets);
        if units > capacity {
            return Err(EncodeError::TooLong { units, capacity });
        }
        let mut user_data = Self {
            octets: [0; USER_DATA_OCTETS],
            used: 0,
            length: 0,
            has_header: header_octets > 0,
        };
        user_data.append(header.bytes());
        let length = match encoding {
            Encoding::Gsm7 => {
                user_data.append(pack(tables.encode(text)?, FillBits::after_header(header_octets)));
                let length = header_septets(header_octets) + units;
                // Fill bits that no septet follows are sent all the same: they are in the length.
                user_data.used = packed_octets(length);
                length
            }
            Encoding::Ucs2 => {
                user_data.append(encode_ucs2(text));
                user_data.used
            }
        };
        user_data.length = length as u8;
        Ok(user_data)
    }

    /// The octets of TP-UD, at most 140.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        self.octets.get(..self.used).unwrap_or_default()
    }

    /// TP-UDL: in GSM-7 the septets, those that header and fill bits take included; in UCS-2 the
    /// octets (3GPP TS 23.040, clause 9.2.3.16).
    #[must_use]
    pub const fn length(&self) -> u8 {
        self.length
    }

    /// TP-UDHI: whether the octets begin with a header (3GPP TS 23.040, clause 9.2.3.23).
    #[must_use]
    pub const fn has_header(&self) -> bool {
        self.has_header
    }

    fn append(&mut self, octets: impl Iterator<Item = u8>) {
        for (place, octet) in self.octets.iter_mut().skip(self.used).zip(octets) {
            *place = octet;
            self.used += 1;
        }
    }
}

/// Says how long it is, never what it says.
impl fmt::Debug for UserData {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("UserData")
            .field("octets", &self.used)
            .field("length", &self.length)
            .field("has_header", &self.has_header)
            .finish_non_exhaustive()
    }
}

/// The user data of a received message, borrowed from its octets.
///
/// ```
/// use telephony_sms::{Encoding, pdu::ReceivedUserData};
///
/// let octets = [0x05, 0x00, 0x03, 0x2A, 0x02, 0x02, 0xD0, 0x65, 0x36, 0xFB, 0x0D];
/// let user_data = ReceivedUserData::parse(&octets, 12, true, Encoding::Gsm7)?;
/// assert_eq!(user_data.text().collect::<String>(), "hello");
/// assert_eq!(user_data.header().unwrap().concatenation().unwrap().sequence(), 2);
/// # Ok::<(), telephony_sms::pdu::DecodeError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ReceivedUserData<'data> {
    header: Option<ReceivedHeader<'data>>,
    encoding: Encoding,
    /// The octets after the header.
    body: &'data [u8],
    /// Septets of text; of no meaning in UCS-2.
    septets: usize,
}

impl<'data> ReceivedUserData<'data> {
    /// Takes TP-UD apart: `length` is TP-UDL, `has_header` TP-UDHI, and `encoding` what the data
    /// coding scheme says ([`encoding_of`](crate::pdu::encoding_of)). Octets after those that the
    /// length covers are left alone.
    ///
    /// # Errors
    ///
    /// [`DecodeError`] when the fields contradict each other.
    pub fn parse(
        octets: &'data [u8],
        length: u8,
        has_header: bool,
        encoding: Encoding,
    ) -> Result<Self, DecodeError> {
        let units = usize::from(length);
        let (largest, expected) = match encoding {
            Encoding::Gsm7 => (Encoding::Gsm7.single_capacity(), packed_octets(units)),
            Encoding::Ucs2 => (USER_DATA_OCTETS, units),
        };
        if units > largest {
            return Err(DecodeError::LengthTooLarge { length, largest: largest as u8 });
        }
        let data = octets
            .get(..expected)
            .ok_or(DecodeError::DataTruncated { expected, found: octets.len() })?;
        let header = if has_header { Some(ReceivedHeader::parse(data)?) } else { None };
        let header_octets = header.map_or(0, ReceivedHeader::octets);
        let body = data.get(header_octets..).unwrap_or_default();
        // The header lies within the octets that the septets fill, so at most the bits that
        // fill up its own last septet are missing.
        let septets = units.saturating_sub(header_septets(header_octets));
        Ok(Self { header, encoding, body, septets })
    }

    /// The header, if there is one.
    #[must_use]
    pub const fn header(&self) -> Option<ReceivedHeader<'data>> {
        self.header
    }

    /// The text, with U+FFFD for what is no character.
    pub fn text(&self) -> impl Iterator<Item = char> + use<'data> {
        let (mut gsm7, mut ucs2) = (None, None);
        match self.encoding {
            Encoding::Gsm7 => {
                let header_octets = self.header.map_or(0, ReceivedHeader::octets);
                let fill_bits = FillBits::after_header(header_octets);
                let tables = self.header.map_or(Tables::DEFAULT, ReceivedHeader::tables);
                gsm7 = Some(tables.decode(unpack(self.body, self.septets, fill_bits)));
            }
            Encoding::Ucs2 => ucs2 = Some(decode_ucs2(self.body)),
        }
        gsm7.into_iter().flatten().chain(ucs2.into_iter().flatten())
    }
}

/// Says how long it is, never what it says.
impl fmt::Debug for ReceivedUserData<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ReceivedUserData")
            .field("header", &self.header)
            .field("encoding", &self.encoding)
            .field("body_octets", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// The septets that a header and its fill bits take.
const fn header_septets(header_octets: usize) -> usize {
    (header_octets * 8).div_ceil(7)
}

/// The octets that so many septets are packed into.
const fn packed_octets(septets: usize) -> usize {
    (septets * 7).div_ceil(8)
}
