//! What a call does after each of its events.

use serde_json::{Value, json};
use telephony_core::{CallStep, CallUpdate};

use super::state::{Say, State};

/// The voice that speaks every language Telnyx has.
const VOICE: &str = "female";

/// The command that follows an event, and its body.
pub(super) fn next(update: &CallUpdate, inbound: &CallStep) -> Option<(&'static str, Value)> {
    let state = update.client_state.as_ref().and_then(|state| State::decode(state.as_str()));
    match update.raw.as_str() {
        "call.initiated" if update.inbound => Some(first(inbound)),
        "call.answered" => state.filter(|state| !state.waits).and_then(|state| speak(state.say)),
        "call.machine.detection.ended" | "call.machine.premium.detection.ended" => {
            let state = state.filter(|state| state.waits)?;
            // Who cannot be told from a person is spoken to.
            if update.answered_by_machine == Some(true) { hang_up() } else { speak(state.say) }
        }
        "call.speak.ended" => state.and_then(|_| hang_up()),
        _ => None,
    }
}

/// What becomes of somebody who calls.
fn first(step: &CallStep) -> (&'static str, Value) {
    match step {
        CallStep::Say { text, language } => {
            let state = State::to_say(text.as_str(), language.as_deref(), false);
            ("answer", json!({ "command_id": "answer", "client_state": state.encode() }))
        }
        _ => ("reject", json!({ "command_id": "reject", "cause": "CALL_REJECTED" })),
    }
}

fn speak(say: Option<Say>) -> Option<(&'static str, Value)> {
    let Say { text, language } = say?;
    let body = json!({
        "payload": text,
        "payload_type": "text",
        "voice": VOICE,
        "language": language.as_deref().unwrap_or("en-US"),
        "command_id": "speak",
        "client_state": State::said().encode(),
    });
    Some(("speak", body))
}

fn hang_up() -> Option<(&'static str, Value)> {
    Some(("hangup", json!({ "command_id": "hangup" })))
}

#[cfg(test)]
mod tests {
    use telephony_core::{AccountId, ClientState, ProviderCallId};

    use super::*;

    fn after(raw: &str, state: Option<State>) -> CallUpdate {
        let id = ProviderCallId::new("v3:abc").unwrap();
        let mut update = CallUpdate::new(AccountId::default_account(), id, None, raw);
        update.client_state = state.map(|state| ClientState::new(state.encode()));
        update
    }

    fn action(update: &CallUpdate) -> Option<&'static str> {
        next(update, &CallStep::Reject).map(|(action, _)| action)
    }

    fn to_say(waits: bool) -> Option<State> {
        Some(State::to_say("Hello", None, waits))
    }

    #[test]
    fn it_speaks_when_it_is_answered_and_ends_when_it_has_spoken() {
        let (action, body) =
            next(&after("call.answered", to_say(false)), &CallStep::Reject).unwrap();
        assert_eq!((action, &body["payload"]), ("speak", &json!("Hello")));
        let left = State::decode(body["client_state"].as_str().unwrap());
        let (action, _) = next(&after("call.speak.ended", left), &CallStep::Reject).unwrap();
        assert_eq!(action, "hangup");
    }

    #[test]
    fn a_machine_is_hung_up_on_where_that_is_wanted() {
        assert_eq!(action(&after("call.answered", to_say(true))), None);
        let detected = |machine, waits| {
            let mut update = after("call.machine.detection.ended", to_say(waits));
            update.answered_by_machine = machine;
            action(&update)
        };
        assert_eq!(detected(Some(true), true), Some("hangup"));
        assert_eq!(detected(Some(false), true), Some("speak"));
        assert_eq!(detected(None, true), Some("speak"));
        // It speaks already.
        assert_eq!(detected(Some(true), false), None);
    }

    #[test]
    fn who_calls_is_rejected_or_spoken_to() {
        let mut call = after("call.initiated", None);
        assert_eq!(action(&call), None, "that is a call of ours");
        call.inbound = true;
        assert_eq!(action(&call), Some("reject"));
        let say = CallStep::Say { text: "Write to us".into(), language: Some("en-GB".to_owned()) };
        let (answer, body) = next(&call, &say).unwrap();
        assert_eq!(answer, "answer");
        let state = State::decode(body["client_state"].as_str().unwrap());
        let (_, speak) = next(&after("call.answered", state), &CallStep::Reject).unwrap();
        assert_eq!(
            (&speak["payload"], &speak["language"]),
            (&json!("Write to us"), &json!("en-GB"))
        );
    }

    #[test]
    fn calls_of_others_are_left_alone() {
        for raw in ["call.answered", "call.speak.ended", "call.machine.detection.ended"] {
            assert_eq!(action(&after(raw, None)), None, "{raw}");
        }
        assert_eq!(action(&after("call.hangup", to_say(false))), None);
    }
}
