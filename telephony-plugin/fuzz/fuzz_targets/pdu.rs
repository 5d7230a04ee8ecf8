//! Octets from the air: any are read, and what was read is written and read again as the same.
//!
//! The input is the data coding scheme, whether there is a header, the length, then the user data.
#![no_main]

use libfuzzer_sys::fuzz_target;
use telephony_sms::pdu::{
    Concatenation, FillBits, Header, ReceivedHeader, ReceivedUserData, Tables, UserData,
    decode_ucs2, encode_ucs2, encoding_of, pack, pack_ussd, unpack, unpack_ussd,
};
use telephony_sms::{Encoding, USER_DATA_OCTETS};

/// What one message holds at most, in septets.
const MAX_CHARACTERS: usize = 160;

fuzz_target!(|input: &[u8]| {
    let [coding, flags, length, octets @ ..] = input else { return };
    if let Some(encoding) = encoding_of(*coding) {
        user_data(octets, *length, flags & 1 == 1, encoding);
    }
    header(octets);
    septets(octets, *length, FillBits::new(flags % 7).expect("below 7"));
    let text: String = decode_ucs2(octets).collect();
    assert_eq!(text.is_empty(), octets.is_empty());
    // Halves that belong together are whole when they are written side by side.
    assert_eq!(decode_ucs2(&encode_ucs2(&text).collect::<Vec<_>>()).collect::<String>(), text);
});

fn user_data(octets: &[u8], length: u8, has_header: bool, encoding: Encoding) {
    let Ok(received) = ReceivedUserData::parse(octets, length, has_header, encoding) else {
        return;
    };
    let text: String = received.text().collect();
    assert!(text.chars().count() <= MAX_CHARACTERS);
    assert_eq!(received.header().is_some(), has_header);
    let place = received.header().and_then(ReceivedHeader::concatenation);
    let tables = received.header().map_or(Tables::DEFAULT, ReceivedHeader::tables);
    let header = place.map_or(Header::new(), |place| Header::new().concatenation(place));
    let header = header.tables(tables);
    // What is no character of the tables reads as U+FFFD, which they cannot write.
    let Ok(sent) = UserData::encode(&header, encoding, &text) else { return };
    assert!(sent.octets().len() <= USER_DATA_OCTETS);
    let again = ReceivedUserData::parse(sent.octets(), sent.length(), sent.has_header(), encoding)
        .expect("what is sent can be read");
    assert_eq!(again.text().collect::<String>(), text);
    assert_eq!(again.header().and_then(ReceivedHeader::concatenation), place);
}

fn header(octets: &[u8]) {
    let Ok(header) = ReceivedHeader::parse(octets) else { return };
    let elements: usize = header.elements().map(|element| 2 + element.data.len()).sum();
    assert_eq!(elements + 1, header.octets());
    assert!(header.octets() <= octets.len());
    if let Some(part) = header.concatenation() {
        let same = Concatenation::new(part.reference(), part.sequence(), part.total());
        assert_eq!(same, Some(part));
    }
}

fn septets(octets: &[u8], count: u8, fill_bits: FillBits) {
    let septets: Vec<u8> = unpack(octets, usize::from(count), fill_bits).collect();
    assert!(septets.len() <= usize::from(count) && septets.iter().all(|septet| *septet < 0x80));
    let packed: Vec<u8> = pack(septets.iter().copied(), fill_bits).collect();
    assert!(unpack(&packed, septets.len(), fill_bits).eq(septets.iter().copied()));
    assert!(Tables::DEFAULT.decode(septets.iter().copied()).count() <= septets.len());
    let plain: Vec<u8> = unpack_ussd(octets).collect();
    let packed: Vec<u8> = pack_ussd(plain.iter().copied()).collect();
    let again: Vec<u8> = unpack_ussd(&packed).collect();
    // Two carriage returns at an octet's end are one, as the standard has it.
    assert!(again == plain || plain.ends_with(b"\r\r"));
}
