//! The texts that the server sends in its own name. Each is one GSM-7 segment.

use telephony_pairing::{CODE_LIFETIME, Note, NoteKind};

/// What a note says.
pub(super) fn of(note: &Note) -> String {
    match note.kind {
        NoteKind::Challenge => format!(
            "This number answers people it knows. Your pairing code is {}. \
             Its owner can approve it within {} minutes.",
            note.code,
            CODE_LIFETIME.as_secs() / 60
        ),
        NoteKind::Confirmation => {
            "You are approved. Text this number again to begin. Reply STOP to end.".to_owned()
        }
    }
}

#[cfg(test)]
mod tests {
    use telephony_core::AccountId;
    use telephony_pairing::PairingCode;

    use super::*;

    #[test]
    fn each_is_one_segment() {
        for kind in [NoteKind::Challenge, NoteKind::Confirmation] {
            let account = AccountId::default_account();
            let number = "+15550001234".parse().unwrap();
            let code = PairingCode::parse("ABCD2345").unwrap();
            let text = of(&Note::new(account, number, code, kind));
            let analysis = telephony_sms::analyze(&text);
            assert_eq!(analysis.segments, 1, "{text}");
            assert_eq!(kind == NoteKind::Challenge, text.contains("ABCD2345"));
        }
    }
}
