//! What every store must do, as tests that each store runs.
//!
//! `pairing_store_conformance!(module, async { make_a_store().await })` makes a module of tests.

use std::time::Duration;

use telephony_core::{AccountId, ManualClock, PhoneNumber, SeededEntropy, Timestamp};

use crate::code::{CODE_LIFETIME, PairingCode};
use crate::store::{
    ApproveError, MAX_FAILED_APPROVALS, MAX_PENDING, Note, NoteKind, PairingStore, Requested,
};

/// When the tests take place.
const NOW: Timestamp = Timestamp::from_second(1_800_000_000);

/// An account, some people and a store.
#[derive(Debug)]
pub struct Scene<'store> {
    store: &'store dyn PairingStore,
    account: AccountId,
    entropy: SeededEntropy,
}

impl<'store> Scene<'store> {
    /// Sets the scene on an empty store.
    #[must_use]
    pub fn new(store: &'store dyn PairingStore) -> Self {
        Self { store, account: AccountId::default_account(), entropy: SeededEntropy::new(7) }
    }

    async fn ask(&self, who: u32, now: Timestamp) -> Requested {
        let code = code(&self.entropy);
        answered(self.store.request(&self.account, &person(who), &code, now).await)
    }

    /// The code of somebody who asks for the first time.
    async fn new_code(&self, who: u32, now: Timestamp) -> PairingCode {
        match self.ask(who, now).await {
            Requested::New(request) => request.code,
            other => unexpected(&other),
        }
    }

    async fn owed(&self, now: Timestamp) -> Vec<Note> {
        answered(self.store.owed(&self.account, now).await)
    }

    async fn is_approved(&self, who: u32) -> bool {
        answered(self.store.is_approved(&self.account, &person(who)).await)
    }
}

/// A number has one code at a time, which is texted once.
pub async fn one_code_a_number(store: &dyn PairingStore) {
    let scene = Scene::new(store);
    let code = scene.new_code(1, NOW).await;
    let Requested::Waiting(again) = scene.ask(1, NOW).await else { unexpected(&"not waiting") };
    assert_eq!(again.code, code);
    assert_eq!(again.expires_at, NOW.saturating_add(CODE_LIFETIME));
    assert_eq!(scene.owed(NOW).await.len(), 1, "one text a request");
    let pending = answered(store.pending(&scene.account, NOW).await);
    assert_eq!(pending, [again]);
}

/// At most [`MAX_PENDING`] wait; a void code makes room.
pub async fn few_wait_at_once(store: &dyn PairingStore) {
    let scene = Scene::new(store);
    for who in 0..MAX_PENDING as u32 {
        scene.new_code(who, NOW).await;
    }
    assert_eq!(scene.ask(99, NOW).await, Requested::Full);
    let other = answered(AccountId::new("other"));
    let code = code(&scene.entropy);
    let elsewhere = answered(store.request(&other, &person(99), &code, NOW).await);
    assert!(matches!(elsewhere, Requested::New(_)), "accounts do not share their places");
    let later = NOW.saturating_add(CODE_LIFETIME);
    assert!(answered(store.pending(&scene.account, later).await).is_empty());
    assert!(scene.owed(later).await.is_empty(), "a void code is texted to nobody");
    scene.new_code(99, later).await;
}

/// Approving lets in, once, and owes a confirmation instead of the challenge.
pub async fn approving_lets_in(store: &dyn PairingStore) {
    let scene = Scene::new(store);
    let code = scene.new_code(1, NOW).await;
    let clock = ManualClock::new(NOW);
    clock.advance(CODE_LIFETIME - std::time::Duration::from_millis(1));
    let now = telephony_core::Clock::now(&clock);
    let other = answered(AccountId::new("other"));
    assert!(store.approve(&other, &code, now).await.is_err(), "a code is one account's");
    let approved = answered(store.approve(&scene.account, &code, now).await);
    assert_eq!(approved.number, person(1));
    assert!(scene.is_approved(1).await);
    assert!(!scene.is_approved(2).await);
    assert_eq!(answered(store.approved(&scene.account).await), [person(1)]);
    assert_eq!(scene.ask(1, now).await, Requested::Approved);
    let again = store.approve(&scene.account, &code, now).await;
    assert!(matches!(again, Err(ApproveError::Unknown)), "a code is approved once");
    let owed = scene.owed(now).await;
    assert_eq!(owed.len(), 1);
    assert_eq!(owed.first().map(|note| note.kind), Some(NoteKind::Confirmation));
    let much_later = now.saturating_add(CODE_LIFETIME * 100);
    assert_eq!(scene.owed(much_later).await, owed, "a confirmation stays owed");
}

/// What is owed is settled by one of those who try.
pub async fn what_is_owed_is_settled_once(store: &dyn PairingStore) {
    let scene = Scene::new(store);
    scene.new_code(1, NOW).await;
    scene.new_code(2, NOW).await;
    let owed = scene.owed(NOW).await;
    let order: Vec<_> = owed.iter().map(|note| note.number.clone()).collect();
    assert_eq!(order, [person(1), person(2)], "the oldest first");
    for note in &owed {
        assert!(answered(store.settle(note).await));
        assert!(!answered(store.settle(note).await));
    }
    assert!(scene.owed(NOW).await.is_empty());
}

/// A void code lets nobody in.
pub async fn void_codes_let_nobody_in(store: &dyn PairingStore) {
    let scene = Scene::new(store);
    let code = scene.new_code(1, NOW).await;
    let late = NOW.saturating_add(CODE_LIFETIME);
    let result = store.approve(&scene.account, &code, late).await;
    assert!(matches!(result, Err(ApproveError::Unknown)));
    assert!(!scene.is_approved(1).await);
}

/// Guessing ends soon, and a pause makes up for it.
pub async fn guessing_ends_soon(store: &dyn PairingStore) {
    let scene = Scene::new(store);
    let code_of_one = scene.new_code(1, NOW).await;
    for _ in 0..MAX_FAILED_APPROVALS {
        let wrong = store.approve(&scene.account, &code(&scene.entropy), NOW).await;
        assert!(matches!(wrong, Err(ApproveError::Unknown)));
    }
    let right = store.approve(&scene.account, &code_of_one, NOW).await;
    assert!(matches!(right, Err(ApproveError::TooManyAttempts)));
    let later = NOW.saturating_add(CODE_LIFETIME);
    let code = scene.new_code(2, later).await;
    answered(store.approve(&scene.account, &code, later).await);
}

/// What was written while the clock was far ahead keeps nobody out once it is set right.
pub async fn a_clock_that_is_set_back_locks_nobody_out(store: &dyn PairingStore) {
    let scene = Scene::new(store);
    let ahead = NOW.saturating_add(Duration::from_secs(365 * 24 * 60 * 60));
    for who in 0..MAX_PENDING as u32 {
        scene.new_code(who, ahead).await;
    }
    assert!(answered(store.pending(&scene.account, NOW).await).is_empty());
    assert!(scene.owed(NOW).await.is_empty(), "what is void is texted to nobody");
    for _ in 0..MAX_FAILED_APPROVALS {
        let wrong = store.approve(&scene.account, &code(&scene.entropy), ahead).await;
        assert!(matches!(wrong, Err(ApproveError::Unknown)));
    }
    let code = scene.new_code(50, NOW).await;
    answered(store.approve(&scene.account, &code, NOW).await);
    // What a small step has done ends by itself soon.
    let before = NOW.saturating_sub(CODE_LIFETIME);
    let code = scene.new_code(51, NOW).await;
    assert!(matches!(scene.ask(51, before).await, Requested::Waiting(_)));
    answered(store.approve(&scene.account, &code, before).await);
}

/// Dismissing forgets a request, revoking an approval, and what was owed with either.
pub async fn dismissing_and_revoking_forget(store: &dyn PairingStore) {
    let scene = Scene::new(store);
    let code = scene.new_code(1, NOW).await;
    assert!(answered(store.dismiss(&scene.account, &code).await));
    assert!(!answered(store.dismiss(&scene.account, &code).await));
    assert!(scene.owed(NOW).await.is_empty());
    let code = scene.new_code(1, NOW).await;
    answered(store.approve(&scene.account, &code, NOW).await);
    assert!(answered(store.revoke(&scene.account, &person(1)).await));
    assert!(!answered(store.revoke(&scene.account, &person(1)).await));
    assert!(!scene.is_approved(1).await);
    assert!(scene.owed(NOW).await.is_empty());
    scene.new_code(1, NOW).await;
}

fn person(who: u32) -> PhoneNumber {
    answered(format!("+1555000{who:04}").parse())
}

fn code(entropy: &SeededEntropy) -> PairingCode {
    answered(PairingCode::generate(entropy))
}

#[allow(clippy::panic, reason = "a test fails by panicking")]
fn answered<T, E: std::fmt::Debug>(result: Result<T, E>) -> T {
    result.unwrap_or_else(|error| panic!("{error:?}"))
}

#[allow(clippy::panic, reason = "a test fails by panicking")]
fn unexpected(what: &dyn std::fmt::Debug) -> ! {
    panic!("unexpected: {what:?}")
}

/// Makes a module of tests that run the suite on stores made by an expression, which may await. An
/// attribute after it is one of each test, as for those that are not always run. Needs `tokio` with
/// its macros among the dependencies of the crate that uses it.
#[macro_export]
macro_rules! pairing_store_conformance {
    ($module:ident, $store:expr) => {
        $crate::pairing_store_conformance!($module, $store, #[cfg(all())]);
    };
    ($module:ident, $store:expr, #[$attribute:meta]) => {
        mod $module {
            use super::*;

            $crate::pairing_store_conformance!(@tests #[$attribute] $store;
                one_code_a_number,
                few_wait_at_once,
                approving_lets_in,
                what_is_owed_is_settled_once,
                void_codes_let_nobody_in,
                guessing_ends_soon,
                a_clock_that_is_set_back_locks_nobody_out,
                dismissing_and_revoking_forget,
            );
        }
    };
    (@tests #[$attribute:meta] $store:expr; $($test:ident,)+) => { $(
        #[tokio::test]
        #[$attribute]
        async fn $test() {
            let store = $store;
            $crate::conformance::$test(&store).await;
        }
    )+ };
}
