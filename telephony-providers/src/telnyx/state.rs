//! What a call carries with it: every event of it brings it back, so whoever handles the events
//! needs no memory.
//!
//! <https://developers.telnyx.com/docs/voice/programmable-voice/voice-api-commands-and-resources>

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

/// The version of what is written here. Another is of another program, or of a later one of ours.
const VERSION: u32 = 1;

/// What is left to be done of a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct State {
    v: u32,
    /// What is to be said; nothing once it is being said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) say: Option<Say>,
    /// Whether that waits until it is known that no machine answered.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) waits: bool,
}

/// Words, and their language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Say {
    pub(super) text: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) language: Option<String>,
}

impl State {
    /// Of a call that is to say something.
    pub(super) fn to_say(text: &str, language: Option<&str>, waits: bool) -> Self {
        let say = Say { text: text.to_owned(), language: language.map(str::to_owned) };
        Self { v: VERSION, say: Some(say), waits }
    }

    /// Of a call that says it now, and is to end then.
    pub(super) const fn said() -> Self {
        Self { v: VERSION, say: None, waits: false }
    }

    /// As Telnyx takes it.
    pub(super) fn encode(&self) -> String {
        STANDARD.encode(serde_json::to_vec(self).unwrap_or_default())
    }

    /// As Telnyx gives it back; `None` of a call that somebody else has placed.
    pub(super) fn decode(text: &str) -> Option<Self> {
        let state: Self = serde_json::from_slice(&STANDARD.decode(text).ok()?).ok()?;
        (state.v == VERSION).then_some(state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_to_be_spoken_comes_back_with_the_call() {
        let state = State::to_say("Hi \"you\" 😀", Some("de-DE"), true);
        assert_eq!(State::decode(&state.encode()), Some(state));
        assert_eq!(State::decode(&State::said().encode()), Some(State::said()));
    }

    #[test]
    fn what_is_not_ours_is_left_alone() {
        for text in ["", "aGk=", "not base64", &STANDARD.encode(r#"{"v":2}"#)] {
            assert_eq!(State::decode(text), None, "{text}");
        }
    }
}
