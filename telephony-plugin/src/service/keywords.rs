//! The words by which people say that they want no more messages, or want them again.

use telephony_core::{InboundMessage, OptOut};

/// What carriers take for "no more". Twilio's default list, of which Telnyx's and Plivo's are
/// parts, Plivo's two words in one, and ARRET, which Canada's carriers ask for beside STOP.
///
/// END is left out, which is a word like any other in a conversation. A carrier that takes it for
/// STOP says so with the message, or when it refuses what we send next; both are heeded.
const STOP: [&str; 12] = [
    "STOP",
    "STOPALL",
    "STOP ALL",
    "UNSUBSCRIBE",
    "UNSUB",
    "CANCEL",
    "QUIT",
    "OPTOUT",
    "OPT OUT",
    "REVOKE",
    "ARRET",
    "ARRÊT",
];

/// What they take for "again". These are so only from somebody who wanted no more: YES answers many
/// a question of an agent.
const START: [&str; 6] = ["START", "UNSTOP", "YES", "RESUME", "OPTIN", "OPT IN"];

/// The most bytes of a text that can be such a word: nobody's long message is copied for this.
const MAX_WORD_BYTES: usize = 32;

/// What a message says about messages: by what the carrier says of it, else by its whole text.
///
/// What is [`OptOut::Start`] by its text alone is so only from somebody who wanted no more. Help is
/// asked of the carrier only where the carrier says that it has answered.
pub(super) fn keyword(message: &InboundMessage) -> Option<OptOut> {
    if message.opt_out.is_some() {
        return message.opt_out;
    }
    let text = message.body.as_str().trim();
    if !message.media.is_empty() || text.len() > MAX_WORD_BYTES {
        return None;
    }
    let words: Vec<_> = text.trim_end_matches(['.', '!', ' ']).split_whitespace().collect();
    let word = words.join(" ").to_uppercase();
    if STOP.contains(&word.as_str()) {
        Some(OptOut::Stop)
    } else if START.contains(&word.as_str()) {
        Some(OptOut::Start)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::handler::tests::message;

    #[test]
    fn whole_texts_are_words_and_parts_of_texts_are_not() {
        for (text, expected) in [
            ("STOP", Some(OptOut::Stop)),
            (" stop. ", Some(OptOut::Stop)),
            ("Stop  All!", Some(OptOut::Stop)),
            ("unsubscribe", Some(OptOut::Stop)),
            ("arrêt", Some(OptOut::Stop)),
            ("start", Some(OptOut::Start)),
            ("yes", Some(OptOut::Start)),
            ("help", None),
            ("end", None),
            ("stop the music", None),
            ("/stop", None),
            ("", None),
            ("don't stop", None),
        ] {
            assert_eq!(keyword(&message(text)), expected, "{text:?}");
        }
        let mut by_carrier = message("bitte nicht mehr");
        by_carrier.opt_out = Some(OptOut::Stop);
        assert_eq!(keyword(&by_carrier), Some(OptOut::Stop));
    }
}
