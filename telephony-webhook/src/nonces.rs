//! The nonces of weak signatures, each of which is good for one event.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use telephony_core::AccountId;

use crate::inbox::EventKey;

/// The most nonces that are remembered; the oldest are forgotten first.
const MAX_NONCES: usize = 10_000;

/// Remembers which event each nonce came with. Plivo's V2 signs URL and nonce alone, so whoever
/// saw one request could send any other with its signature: with the nonce bound to its event,
/// they can only repeat that, which changes nothing. It is kept in memory; after a restart the
/// nonces seen before it are good once more, one of the reasons why V2 is off by default.
#[derive(Debug, Default)]
pub(crate) struct Nonces(Mutex<Seen>);

#[derive(Debug, Default)]
struct Seen {
    events: HashMap<(AccountId, String), EventKey>,
    order: VecDeque<(AccountId, String)>,
}

impl Nonces {
    /// Whether a nonce is new, or came with this event before.
    pub(crate) fn fits(&self, account: &AccountId, nonce: &str, event: &EventKey) -> bool {
        let known = (account.clone(), nonce.to_owned());
        self.seen().events.get(&known).is_none_or(|known| known == event)
    }

    /// Binds a nonce to the event it came with.
    pub(crate) fn remember(&self, account: &AccountId, nonce: &str, event: EventKey) {
        let mut seen = self.seen();
        let nonce = (account.clone(), nonce.to_owned());
        if seen.events.insert(nonce.clone(), event).is_some() {
            return;
        }
        seen.order.push_back(nonce);
        if seen.order.len() > MAX_NONCES
            && let Some(oldest) = seen.order.pop_front()
        {
            seen.events.remove(&oldest);
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_is_good_for_one_event() {
        let nonces = Nonces::default();
        let account = AccountId::default_account();
        let (first, second) =
            (EventKey::new("message", "1", ""), EventKey::new("message", "2", ""));
        assert!(nonces.fits(&account, "n", &first));
        nonces.remember(&account, "n", first.clone());
        assert!(nonces.fits(&account, "n", &first));
        assert!(!nonces.fits(&account, "n", &second));
        let other = AccountId::new("other").unwrap();
        assert!(nonces.fits(&other, "n", &second));
        for count in 0..2 * MAX_NONCES {
            nonces.remember(&account, &count.to_string(), second.clone());
        }
        assert!(nonces.seen().events.len() <= MAX_NONCES);
        assert!(nonces.seen().order.len() <= MAX_NONCES);
    }
}
