//! Any text is a number or is refused, in one way only.

use proptest::prelude::*;
use telephony_core::{MAX_DIGITS, MIN_DIGITS, PhoneNumber, PhoneNumberError};

const SEPARATORS: [&str; 10] = ["", " ", "-", ".", "(", ")", "/", "\u{A0}", "\u{2011}", "\u{202C}"];

fn is_e164(text: &str) -> bool {
    let Some(digits) = text.strip_prefix('+') else { return false };
    (MIN_DIGITS..=MAX_DIGITS).contains(&digits.len())
        && !digits.starts_with('0')
        && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn longest_run_of_digits(text: &str) -> usize {
    text.split(|character: char| !character.is_ascii_digit()).map(str::len).max().unwrap_or(0)
}

proptest! {
    #[test]
    fn any_text_is_a_number_in_one_form_or_refused(text in ".*") {
        if let Ok(number) = PhoneNumber::parse(&text) {
            prop_assert!(is_e164(number.as_str()));
        }
    }

    #[test]
    fn what_looks_like_a_number_is_one_in_one_form_or_refused(
        text in r"(tel:|sms:|)[ (]{0,2}(\+|%2B|)[0-9 ().;x-]{0,24}",
    ) {
        match PhoneNumber::parse(&text) {
            Ok(number) => {
                prop_assert!(is_e164(number.as_str()));
                let digits: String = text.chars().filter(char::is_ascii_digit).collect();
                prop_assert!(digits.contains(number.digits()));
            }
            Err(error) => prop_assert!(longest_run_of_digits(&error.to_string()) <= 3),
        }
    }

    #[test]
    fn separators_change_nothing(
        digits in "[1-9][0-9]{6,14}",
        separators in prop::collection::vec(prop::sample::select(&SEPARATORS[..]), 17),
    ) {
        let written: String = std::iter::once('+')
            .chain(digits.chars())
            .zip(&separators)
            .flat_map(|(character, separator)| [separator.to_string(), character.to_string()])
            .collect();
        // The one thing that brackets can say is tested for itself.
        prop_assume!(PhoneNumber::parse(&written) != Err(PhoneNumberError::TrunkPrefix));
        let number = PhoneNumber::parse(&written);
        prop_assert_eq!(number.as_ref().map(PhoneNumber::digits), Ok(digits.as_str()));
    }

    #[test]
    fn a_number_is_itself_in_every_form(digits in "[1-9][0-9]{6,14}") {
        let number = PhoneNumber::from_international_digits(&digits).unwrap();
        prop_assert_eq!(PhoneNumber::parse(number.as_str()), Ok(number.clone()));
        prop_assert_eq!(PhoneNumber::parse(&format!("tel:{number}")), Ok(number.clone()));
        prop_assert_eq!(PhoneNumber::parse(&format!("sms:%2B{digits}?body=1")), Ok(number.clone()));
        let json = serde_json::to_string(&number).unwrap();
        prop_assert_eq!(serde_json::from_str::<PhoneNumber>(&json).unwrap(), number.clone());
        let debug = format!("{number:?} {number:#?}");
        prop_assert!(longest_run_of_digits(&debug) <= 4, "{}", debug);
        prop_assert_eq!(PhoneNumber::parse(&digits), Err(PhoneNumberError::MissingPlus));
    }
}

#[test]
fn a_megabyte_is_refused_like_a_line() {
    assert_eq!(
        PhoneNumber::parse(&format!("+{}", "1".repeat(1 << 20))),
        Err(PhoneNumberError::TooLong)
    );
    let brackets = format!("+1{}", "(0".repeat(1 << 19));
    assert!(PhoneNumber::parse(&brackets).is_err());
}
