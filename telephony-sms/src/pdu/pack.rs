//! Packing septets into octets: eight septets in seven octets, least significant bit first.

/// Zero bits before the first septet, so that a text after a header begins on a septet boundary
/// (3GPP TS 23.040, clause 9.2.3.24). At most 6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct FillBits(u8);

impl FillBits {
    /// No header, no fill bits.
    pub const NONE: Self = Self(0);

    /// `bits` fill bits; `None` above 6.
    #[must_use]
    pub const fn new(bits: u8) -> Option<Self> {
        if bits < 7 { Some(Self(bits)) } else { None }
    }

    /// The fill bits after a header of `octets`, its length octet included.
    ///
    /// ```
    /// use telephony_sms::pdu::FillBits;
    ///
    /// assert_eq!(FillBits::after_header(6).get(), 1);
    /// assert_eq!(FillBits::after_header(7).get(), 0);
    /// ```
    #[must_use]
    pub const fn after_header(octets: usize) -> Self {
        // 8 bits an octet are 1 more than a septet, each time.
        Self(((7 - octets % 7) % 7) as u8)
    }

    /// How many they are: 0 to 6.
    #[must_use]
    pub const fn get(self) -> u8 {
        self.0
    }
}

/// Packs septets into octets (3GPP TS 23.038, clause 6.1.2.1). The spare bits at the end are zero;
/// without septets there are no octets, whatever the fill bits.
///
/// Only the low seven bits of each septet count.
///
/// ```
/// use telephony_sms::pdu::{FillBits, Tables, pack};
///
/// let octets: Vec<u8> = pack(Tables::DEFAULT.encode("hello")?, FillBits::NONE).collect();
/// assert_eq!(octets, [0xE8, 0x32, 0x9B, 0xFD, 0x06]);
/// # Ok::<(), telephony_sms::pdu::EncodeError>(())
/// ```
pub fn pack<I>(septets: I, fill_bits: FillBits) -> impl Iterator<Item = u8>
where
    I: IntoIterator<Item = u8>,
{
    let mut septets = septets.into_iter().fuse();
    let mut fill_bits = u32::from(fill_bits.0);
    // The low `bits` of `pending` are yet to be given out.
    let (mut pending, mut bits) = (0u16, 0u32);
    core::iter::from_fn(move || {
        while bits < 8 {
            let Some(septet) = septets.next() else { break };
            bits += core::mem::take(&mut fill_bits);
            pending |= u16::from(septet & 0x7F) << bits;
            bits += 7;
        }
        if bits == 0 {
            return None;
        }
        let [octet, rest] = pending.to_le_bytes();
        (pending, bits) = (u16::from(rest), bits.saturating_sub(8));
        Some(octet)
    })
}

/// Unpacks `count` septets, or as many as `octets` hold whole after the fill bits.
///
/// ```
/// use telephony_sms::pdu::{FillBits, Tables, unpack};
///
/// let septets = unpack(&[0xE8, 0x32, 0x9B, 0xFD, 0x06], 5, FillBits::NONE);
/// assert_eq!(Tables::DEFAULT.decode(septets).collect::<String>(), "hello");
/// ```
pub fn unpack(
    octets: &[u8],
    count: usize,
    fill_bits: FillBits,
) -> impl ExactSizeIterator<Item = u8> + Clone {
    let mut octets = octets.iter().copied();
    let available = (octets.len() * 8).saturating_sub(usize::from(fill_bits.0)) / 7;
    let mut pending = u16::from(octets.next().unwrap_or(0)) >> fill_bits.0;
    let mut bits = 8 - u32::from(fill_bits.0);
    (0..count.min(available)).map(move |_| {
        if bits < 7 {
            pending |= u16::from(octets.next().unwrap_or(0)) << bits;
            bits += 8;
        }
        let septet = (pending & 0x7F) as u8;
        (pending, bits) = (pending >> 7, bits - 7);
        septet
    })
}

const CARRIAGE_RETURN: u8 = 0x0D;

/// Packs septets as USSD and cell broadcast do (3GPP TS 23.038, clauses 6.1.2.2 and 6.1.2.3).
///
/// Their messages carry no count of septets, so seven spare bits at the end would be read as `@`:
/// a carriage return fills them. A text that itself ends in a carriage return, on an octet
/// boundary, gets another one, since the receiver takes the last one for such a filling.
///
/// ```
/// use telephony_sms::pdu::pack_ussd;
///
/// let octets: Vec<u8> = pack_ussd(*b"1234567").collect();
/// assert_eq!(octets, [0x31, 0xD9, 0x8C, 0x56, 0xB3, 0xDD, 0x1A]);
/// ```
pub fn pack_ussd<I>(septets: I) -> impl Iterator<Item = u8>
where
    I: IntoIterator<Item = u8>,
{
    let mut septets = septets.into_iter().fuse();
    let (mut count, mut last, mut ended) = (0usize, 0, false);
    let padded = core::iter::from_fn(move || {
        if let Some(septet) = septets.next() {
            (count, last) = (count.wrapping_add(1), septet & 0x7F);
            return Some(septet);
        }
        let seven_spare_bits = count % 8 == 7;
        let final_return = count > 0 && count.is_multiple_of(8) && last == CARRIAGE_RETURN;
        let pad = !ended && (seven_spare_bits || final_return);
        ended = true;
        pad.then_some(CARRIAGE_RETURN)
    });
    pack(padded, FillBits::NONE)
}

/// Unpacks what [`pack_ussd`] packs (3GPP TS 23.038, clause 6.1.2.3.1): a carriage return that
/// ends on an octet boundary is padding and left out, and so is the second of two that was added
/// to keep the first.
///
/// The standard lets a receiver perform both of those two. They mean the same as one, and without
/// the second the text is the one that was sent.
///
/// ```
/// use telephony_sms::pdu::unpack_ussd;
///
/// assert!(unpack_ussd(&[0x31, 0xD9, 0x8C, 0x56, 0xB3, 0xDD, 0x1A]).eq(*b"1234567"));
/// ```
pub fn unpack_ussd(octets: &[u8]) -> impl ExactSizeIterator<Item = u8> + Clone {
    // Septets end on an octet boundary after every seventh octet, whose high bits are the last.
    let filled = |octet: u8| octet >> 1 == CARRIAGE_RETURN;
    let padded = match (octets.len() % 7, octets) {
        (0, [.., last]) => filled(*last),
        (1, [.., before, last]) => filled(*before) && *last == CARRIAGE_RETURN,
        _ => false,
    };
    let count = octets.len() * 8 / 7;
    unpack(octets, count - usize::from(padded), FillBits::NONE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    fn padded(septets: &[u8]) -> Vec<u8> {
        unpack_ussd(&pack_ussd(septets.iter().copied()).collect::<Vec<_>>()).collect()
    }

    #[test]
    fn fill_bits_reach_the_next_septet_boundary() {
        for octets in 0..=140 {
            let fill = FillBits::after_header(octets).get();
            assert!(fill < 7);
            assert_eq!((octets * 8 + usize::from(fill)) % 7, 0);
        }
        assert_eq!(FillBits::new(6), Some(FillBits(6)));
        assert_eq!(FillBits::new(7), None);
    }

    #[test]
    fn unpacking_stops_where_the_octets_end() {
        let octets = [0xFF; 7];
        let count = |count, fill| unpack(&octets, count, FillBits(fill)).count();
        assert_eq!(count(usize::MAX, 0), 8);
        assert_eq!(count(usize::MAX, 1), 7);
        assert_eq!(count(3, 6), 3);
        assert_eq!(unpack(&[], 9, FillBits(6)).count(), 0);
        assert_eq!(unpack(&[0xFF], 9, FillBits(6)).count(), 0);
    }

    #[test]
    fn ussd_padding_is_taken_away_again() {
        assert_eq!(padded(b"1234567"), b"1234567");
        assert_eq!(padded(b"12345678"), b"12345678");
        assert_eq!(padded(b"123456\r"), b"123456\r");
        assert_eq!(padded(b"1234567\r"), b"1234567\r");
        assert_eq!(padded(b"12345678\r"), b"12345678\r");
        assert_eq!(padded(b""), b"");
    }
}
