//! Whether somebody may talk, decided from what is known. Nothing here asks or stores.

use telephony_core::config::{AllowFrom, InboundPolicy};
use telephony_core::{PhoneNumber, Sender};

use crate::code::PairingCode;

/// Whether a sender may talk.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Access {
    /// They may.
    Allow,
    /// They may not, and are told nothing.
    Block(BlockReason),
    /// They are sent this code. `new` says whether it was made just now: one text a request.
    Challenge {
        /// The code.
        code: PairingCode,
        /// Whether it is new.
        new: bool,
    },
}

/// Why somebody may not talk, for the operator's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BlockReason {
    /// The policy lets nobody in.
    Disabled,
    /// They are not on the list.
    NotListed,
    /// Short codes and names are machines: they are neither answered nor challenged.
    NotAPerson,
    /// Too many others wait for approval.
    TooManyWaiting,
    /// The host does not let them in.
    Host,
}

/// What the policy alone says of a sender.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Standing<'sender> {
    /// They may talk.
    Allowed,
    /// They may not.
    Blocked(BlockReason),
    /// They may if this number has been approved, and can ask to be.
    AskStore(&'sender PhoneNumber),
}

/// Decides by the policy and the list of who may always talk.
#[must_use]
pub fn standing<'sender>(
    policy: InboundPolicy,
    allow_from: &[AllowFrom],
    sender: &'sender Sender,
) -> Standing<'sender> {
    if policy == InboundPolicy::Disabled {
        return Standing::Blocked(BlockReason::Disabled);
    }
    let Some(number) = sender.number() else {
        return Standing::Blocked(BlockReason::NotAPerson);
    };
    let listed = allow_from.iter().any(|allowed| match allowed {
        AllowFrom::Anyone => true,
        AllowFrom::Number(allowed) => allowed == number,
        // Groups are the host's, which asks by itself.
        _ => false,
    });
    match policy {
        InboundPolicy::Open => Standing::Allowed,
        _ if listed => Standing::Allowed,
        InboundPolicy::Pairing => Standing::AskStore(number),
        _ => Standing::Blocked(BlockReason::NotListed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_policy_for_every_sender() {
        let friend: PhoneNumber = "+15550001111".parse().unwrap();
        let listed = Sender::from(friend.clone());
        let stranger: Sender = "+15550002222".parse().unwrap();
        let machine: Sender = "72345".parse().unwrap();
        let list = [AllowFrom::Number(friend)];
        let everybody = [AllowFrom::Anyone];
        let Sender::Number(number) = &stranger else { panic!() };
        use BlockReason::{Disabled, NotAPerson, NotListed};
        use InboundPolicy as P;
        use Standing::{Allowed, AskStore, Blocked};
        for (policy, list, sender, expected) in [
            (P::Disabled, &list, &listed, Blocked(Disabled)),
            (P::Disabled, &everybody, &stranger, Blocked(Disabled)),
            (P::Allowlist, &list, &listed, Allowed),
            (P::Allowlist, &list, &stranger, Blocked(NotListed)),
            (P::Allowlist, &everybody, &stranger, Allowed),
            (P::Pairing, &list, &listed, Allowed),
            (P::Pairing, &list, &stranger, AskStore(number)),
            (P::Open, &list, &stranger, Allowed),
            (P::Open, &list, &machine, Blocked(NotAPerson)),
            (P::Pairing, &everybody, &machine, Blocked(NotAPerson)),
        ] {
            assert_eq!(standing(policy, list, sender), expected, "{policy:?} {sender:?}");
        }
    }
}
