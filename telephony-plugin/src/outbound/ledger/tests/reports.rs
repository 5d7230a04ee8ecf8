//! What carriers report on parts.

use telephony_core::Applied;

use super::*;
use crate::outbound::ledger::Backlog;

#[tokio::test]
async fn a_report_resolves_what_is_unknown() {
    let ledger = in_memory();
    add(&ledger, "a", reply(1, "a", &["a0"])).await;
    let a0 = claim_one(&ledger, NOW).await;
    ledger.unknown(a0.row, "no answer".to_owned(), NOW).await.unwrap();
    assert_eq!(ledger.backlog().await.unwrap().unknown, 1);
    let receipt = update("A", MessageStatus::Delivered, Some("a-0"));
    assert_eq!(ledger.apply(receipt, NOW).await.unwrap(), Some(Applied::Advanced));
    let known = status(&ledger, "a").await;
    assert_eq!((known.outcome, &known.parts[0].reason), (SendOutcome::Sent, &None));
    assert_eq!(known.parts[0].provider_id.as_ref().unwrap().as_str(), "A");
    assert_eq!(ledger.backlog().await.unwrap(), Backlog::default());
}

#[tokio::test]
async fn a_report_may_be_quicker_than_the_answer() {
    let ledger = in_memory();
    for (name, to) in [("a", 1), ("b", 2)] {
        add(&ledger, name, reply(to, name, &[name])).await;
    }
    let claimed = claim(&ledger, NOW).await;
    let receipt = |name: &str| update(name, MessageStatus::Delivered, Some(&format!("{name}-0")));
    for name in ["a", "b"] {
        ledger.apply(receipt(name), NOW).await.unwrap();
    }
    sent(&ledger, &claimed[0], "a").await;
    ledger.unknown(claimed[1].row, "no answer".to_owned(), NOW).await.unwrap();
    for name in ["a", "b"] {
        let known = status(&ledger, name).await;
        assert_eq!(known.outcome, SendOutcome::Sent, "{name}: the report proves it");
        assert_eq!(known.parts[0].reason, None);
        let delivery = known.parts[0].delivery.as_ref().unwrap();
        assert_eq!(delivery.status(), MessageStatus::Delivered, "{name}");
    }
}

#[tokio::test]
async fn reports_are_for_the_part_with_the_carriers_id() {
    use MessageStatus::{Delivered, Failed};

    let ledger = in_memory();
    for (name, to) in [("a", 1), ("b", 2)] {
        add(&ledger, name, reply(to, name, &[name])).await;
    }
    let claimed = claim(&ledger, NOW).await;
    sent(&ledger, &claimed[0], "A").await;
    sent(&ledger, &claimed[1], "B").await;
    let delivered = async |name| {
        let known = status(&ledger, name).await;
        known.parts[0].delivery.as_ref().unwrap().status()
    };
    // Whoever changes the reference in a URL that is not signed does not change the part.
    ledger.apply(update("B", Failed, Some("a-0")), NOW).await.unwrap();
    assert_eq!([delivered("a").await, delivered("b").await], [MessageStatus::Queued, Failed]);
    let stray = update("C", Failed, Some("a-0"));
    assert_eq!(ledger.apply(stray, NOW).await.unwrap(), None, "a's id is another");
    assert_eq!(ledger.apply(update("C", Failed, Some("c-0")), NOW).await.unwrap(), None);
    let mut elsewhere = update("A", Failed, None);
    elsewhere.account = account("other");
    assert_eq!(ledger.apply(elsewhere, NOW).await.unwrap(), None);
    assert_eq!(delivered("a").await, MessageStatus::Queued);
    let contradiction = ledger.apply(update("B", Delivered, None), NOW).await.unwrap();
    assert_eq!(contradiction, Some(Applied::Conflicted));
}
