//! Phone numbers and senders: what is read has its form, and no output shows more than it may.
#![no_main]

use libfuzzer_sys::fuzz_target;
use telephony_core::{MAX_DIGITS, MAX_NAME_CHARACTERS, MIN_DIGITS, PhoneNumber, Sender};

fuzz_target!(|input: &[u8]| {
    let Ok(text) = std::str::from_utf8(input) else { return };
    for read in [PhoneNumber::parse(text), PhoneNumber::from_international_digits(text)] {
        match read {
            Ok(number) => numbered(&number),
            Err(error) => assert!(tells_nothing(&error.to_string()), "{error}"),
        }
    }
    match Sender::parse(text) {
        Ok(sender) => sent_by(&sender),
        Err(error) => assert!(tells_nothing(&error.to_string()), "{error}"),
    }
});

fn numbered(number: &PhoneNumber) {
    let digits = number.digits();
    assert!((MIN_DIGITS..=MAX_DIGITS).contains(&digits.len()));
    assert!(digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0'));
    assert_eq!(number.as_str(), format!("+{digits}"));
    assert_eq!(PhoneNumber::parse(number.as_str()).as_ref(), Ok(number));
    assert_eq!(PhoneNumber::from_international_digits(digits).as_ref(), Ok(number));
    assert_eq!(Sender::parse(number.as_str()), Ok(Sender::Number(number.clone())));
    assert!(!format!("{number:?}").contains(digits));
}

fn sent_by(sender: &Sender) {
    assert_eq!(Sender::parse(sender.as_str()).as_ref(), Ok(sender), "{}", sender.as_str());
    let stored = serde_json::to_string(sender).expect("it can be stored");
    assert_eq!(serde_json::from_str::<Sender>(&stored).ok().as_ref(), Some(sender));
    assert_eq!(sender.can_be_answered(), sender.number().is_some());
    if let Sender::Alphanumeric(name) = sender {
        assert!(name.as_str().chars().count() <= MAX_NAME_CHARACTERS);
        assert!(!name.as_str().contains(char::is_control));
    }
}

/// Whether a sentence holds no row of digits that is a number; limits and code points are shorter.
fn tells_nothing(sentence: &str) -> bool {
    let bytes = sentence.as_bytes();
    !bytes.windows(MIN_DIGITS).any(|some| some.iter().all(u8::is_ascii_digit))
}
