//! Packing, against the cases of `tests/data/packing.json`.

use serde_json::Value;
use telephony_sms::pdu::{FillBits, Tables, pack, pack_ussd, unpack, unpack_ussd};

fn octets(hex: &Value) -> Vec<u8> {
    let digits = hex.as_str().unwrap().as_bytes().chunks(2);
    digits.map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

#[test]
fn every_case_is_packed_and_unpacked() {
    let data: Value = serde_json::from_str(include_str!("../data/packing.json")).unwrap();
    let cases = data["cases"].as_array().unwrap();
    let (mut plain, mut ussd, mut zeros_after_at) = (0, 0, 0);
    for case in cases {
        let text = case["text"].as_str().unwrap();
        let (septets, packed) = (octets(&case["septets"]), octets(&case["packed"]));
        let encoded: Vec<u8> = Tables::DEFAULT.encode(text).unwrap().collect();
        assert_eq!(encoded, septets, "{case}");
        assert_eq!(Tables::DEFAULT.decode(septets.clone()).collect::<String>(), text, "{case}");
        assert_eq!(Tables::DEFAULT.units(text), Ok(septets.len()), "{case}");
        if case["ussd"] == true {
            ussd += 1;
            let ours: Vec<u8> = pack_ussd(encoded).collect();
            assert!(unpack_ussd(&ours).eq(septets.iter().copied()), "{case}");
            if septets.len() % 8 == 7 && septets.ends_with(&[0]) {
                // 3GPP TS 23.038, clause 6.1.2.3.1, wants a carriage return in seven spare bits
                // whatever the text ends in. These data leave zeros after an `@`: one `@` more.
                assert_eq!(unpack_ussd(&packed).count(), septets.len() + 1, "{case}");
                zeros_after_at += 1;
                continue;
            }
            assert_eq!(ours, packed, "{case}");
        } else {
            let bits = u8::try_from(case["fill_bits"].as_u64().unwrap()).unwrap();
            let fill_bits = FillBits::new(bits).unwrap();
            assert!(pack(encoded, fill_bits).eq(packed.iter().copied()), "{case}");
            assert!(unpack(&packed, septets.len(), fill_bits).eq(septets), "{case}");
            plain += 1;
        }
    }
    assert_eq!((plain, ussd, zeros_after_at), (169, 24, 1));
}
