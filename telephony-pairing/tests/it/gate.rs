//! The gate over a store.

use std::sync::Arc;

use telephony_core::config::{AllowFrom, InboundPolicy};
use telephony_core::{AccountId, Entropy, EntropyError, ManualClock, OsEntropy, Sender, Timestamp};
use telephony_pairing::{
    Access, AccessGate, BlockReason, GateError, MemoryPairingStore, PolicyGate,
};

#[derive(Debug)]
struct NoEntropy;

impl Entropy for NoEntropy {
    fn fill(&self, _: &mut [u8]) -> Result<(), EntropyError> {
        Err(EntropyError::new("none"))
    }
}

fn gate(
    policy: InboundPolicy,
    allow_from: Vec<AllowFrom>,
    entropy: Arc<dyn Entropy>,
) -> PolicyGate {
    let clock = ManualClock::new(Timestamp::from_second(1_800_000_000));
    PolicyGate::new(
        policy,
        allow_from,
        Arc::new(MemoryPairingStore::new()),
        Arc::new(clock),
        entropy,
    )
}

fn sender(text: &str) -> Sender {
    text.parse().unwrap()
}

#[tokio::test]
async fn a_fourth_stranger_waits_in_silence() {
    let gate = gate(InboundPolicy::Pairing, Vec::new(), Arc::new(OsEntropy));
    let account = AccountId::default_account();
    for who in ["+15550000001", "+15550000002", "+15550000003"] {
        let access = gate.check(&account, &sender(who)).await.unwrap();
        assert!(matches!(access, Access::Challenge { new: true, .. }));
        let again = gate.check(&account, &sender(who)).await.unwrap();
        assert!(matches!(again, Access::Challenge { new: false, .. }));
    }
    let fourth = gate.check(&account, &sender("+15550000004")).await.unwrap();
    assert_eq!(fourth, Access::Block(BlockReason::TooManyWaiting));
    let machine = gate.check(&account, &sender("72345")).await.unwrap();
    assert_eq!(machine, Access::Block(BlockReason::NotAPerson));
}

#[tokio::test]
async fn without_randomness_nobody_is_let_in_and_no_code_is_made_up() {
    let gate = gate(InboundPolicy::Pairing, Vec::new(), Arc::new(NoEntropy));
    let result = gate.check(&AccountId::default_account(), &sender("+15550000001")).await;
    assert!(matches!(result, Err(GateError::Entropy(_))));
}
