//! How far a part has come, as the ledger's column holds it.

use crate::outbound::send::PartState;

pub(super) const fn state(number: i64) -> PartState {
    match number {
        0 => PartState::Queued,
        1 => PartState::Sending,
        2 => PartState::Sent,
        3 => PartState::Refused,
        5 => PartState::NotSent,
        _ => PartState::Unknown,
    }
}

pub(super) const fn number(state: PartState) -> i64 {
    match state {
        PartState::Queued => 0,
        PartState::Sending => 1,
        PartState::Sent => 2,
        PartState::Refused => 3,
        PartState::Unknown => 4,
        PartState::NotSent => 5,
    }
}
