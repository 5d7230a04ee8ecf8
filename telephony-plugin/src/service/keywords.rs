//! The words by which people say that they want no more messages. They never reach the agent.

use telephony_core::{InboundMessage, OptOut};

/// What carriers take for "no more": Twilio's default list, of which Telnyx's and Plivo's are
/// parts, and Plivo's "STOP ALL".
const STOP: [&str; 11] = [
    "STOP",
    "STOPALL",
    "STOP ALL",
    "UNSUBSCRIBE",
    "UNSUB",
    "CANCEL",
    "END",
    "QUIT",
    "OPTOUT",
    "OPT OUT",
    "REVOKE",
];

/// What they take for "again". `YES` is left out: it answers many a question of an agent.
const START: [&str; 2] = ["START", "UNSTOP"];

/// What they answer by themselves.
const HELP: [&str; 1] = ["HELP"];

/// The most bytes of a text that can be such a word: nobody's long message is copied for this.
const MAX_WORD_BYTES: usize = 32;

/// Whether a message is such a word: by what the carrier says of it, else by its whole text.
pub(super) fn opt_out(message: &InboundMessage) -> Option<OptOut> {
    if message.opt_out.is_some() {
        return message.opt_out;
    }
    let text = message.body.as_str().trim();
    if !message.media.is_empty() || text.len() > MAX_WORD_BYTES {
        return None;
    }
    let words: Vec<_> = text.trim_end_matches(['.', '!', ' ']).split_whitespace().collect();
    let word = words.join(" ").to_ascii_uppercase();
    let is_in = |words: &[&str]| words.contains(&word.as_str());
    if is_in(&STOP) {
        Some(OptOut::Stop)
    } else if is_in(&START) {
        Some(OptOut::Start)
    } else if is_in(&HELP) {
        Some(OptOut::Help)
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
            ("start", Some(OptOut::Start)),
            ("help", Some(OptOut::Help)),
            ("stop the music", None),
            ("yes", None),
            ("/stop", None),
            ("", None),
            ("don't stop", None),
        ] {
            assert_eq!(opt_out(&message(text)), expected, "{text:?}");
        }
        let mut by_carrier = message("bitte nicht mehr");
        by_carrier.opt_out = Some(OptOut::Stop);
        assert_eq!(opt_out(&by_carrier), Some(OptOut::Stop));
    }
}
