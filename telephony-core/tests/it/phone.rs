//! What holds for every text that is read as a number.

use proptest::prelude::*;
use telephony_core::{MAX_DIGITS, MIN_DIGITS, PhoneNumber, Sender};

proptest! {
    #[test]
    fn any_text_is_a_number_or_an_error_without_it(text in ".{0,40}") {
        match PhoneNumber::parse(&text) {
            Ok(number) => {
                let digits = number.digits();
                prop_assert!((MIN_DIGITS..=MAX_DIGITS).contains(&digits.len()));
                prop_assert!(digits.bytes().all(|byte| byte.is_ascii_digit()));
                prop_assert_eq!(PhoneNumber::parse(number.as_str()), Ok(number.clone()));
                let json = serde_json::to_string(&number).unwrap();
                prop_assert_eq!(serde_json::from_str::<PhoneNumber>(&json).unwrap(), number);
            }
            Err(error) => {
                let shown = error.to_string();
                let digits: String = text.chars().filter(char::is_ascii_digit).collect();
                prop_assert!(digits.len() < 7 || !shown.contains(&digits));
            }
        }
    }

    #[test]
    fn punctuation_changes_nothing(digits in "[1-9][0-9]{6,14}", marks in "[-. ()]{15}") {
        let plain = PhoneNumber::parse(&format!("+{digits}")).unwrap();
        let written: String = digits.chars().zip(marks.chars()).flat_map(|(d, m)| [d, m]).collect();
        prop_assert_eq!(PhoneNumber::parse(&format!("+{written}")), Ok(plain.clone()));
        prop_assert_eq!(PhoneNumber::from_international_digits(&digits), Ok(plain.clone()));
        let shown = format!("{plain:?}");
        prop_assert!(!shown.contains(&digits[1..]));
    }

    #[test]
    fn any_text_is_a_sender_or_not(text in ".{0,20}") {
        if let Ok(sender) = Sender::parse(&text) {
            prop_assert_eq!(Sender::parse(sender.as_str()), Ok(sender.clone()));
        }
    }
}
