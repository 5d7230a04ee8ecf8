//! Any text is a sender or is refused, and a sender is read back as itself.

use proptest::prelude::*;
use telephony_core::{MAX_NAME_CHARACTERS, Sender};

proptest! {
    #[test]
    fn a_sender_is_read_back_as_itself(text in r"(\+?[0-9]{1,16}|.{0,13}|[A-Za-z0-9 &.-]{1,12})") {
        if let Ok(sender) = Sender::parse(&text) {
            prop_assert_eq!(Sender::parse(sender.as_str()), Ok(sender.clone()));
            let json = serde_json::to_string(&sender).unwrap();
            prop_assert_eq!(serde_json::from_str::<Sender>(&json).unwrap(), sender.clone());
            prop_assert_eq!(sender.can_be_answered(), sender.number().is_some());
            if let Sender::Alphanumeric(name) = &sender {
                prop_assert!(name.as_str().chars().count() <= MAX_NAME_CHARACTERS);
                prop_assert!(!name.as_str().chars().any(char::is_control));
            }
        }
    }
}
