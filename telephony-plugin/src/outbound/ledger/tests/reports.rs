//! What carriers report on parts.

use telephony_core::Applied;

use super::*;
use crate::outbound::ledger::Backlog;

async fn a_report_resolves_what_is_unknown(ledger: Ledger) {
    add(&ledger, "a", reply(1, "a", &["a0"])).await;
    let a0 = claim_one(&ledger, NOW).await;
    ledger.unknown(a0.this(), "no answer".to_owned(), NOW).await.unwrap();
    assert_eq!(ledger.backlog().await.unwrap().unknown, 1);
    let receipt = update("A", MessageStatus::Delivered, Some("a-0"));
    let applied = ledger.apply(receipt, NOW).await.unwrap().map(|delivery| delivery.applied);
    assert_eq!(applied, Some(Applied::Advanced));
    let known = status(&ledger, "a").await;
    assert_eq!((known.outcome, &known.parts[0].reason), (SendOutcome::Sent, &None));
    assert_eq!(known.parts[0].provider_id.as_ref().unwrap().as_str(), "A");
    assert_eq!(ledger.backlog().await.unwrap(), Backlog::default());
}

async fn a_report_may_be_quicker_than_the_answer(ledger: Ledger) {
    for (name, to) in [("a", 1), ("b", 2)] {
        add(&ledger, name, reply(to, name, &[name])).await;
    }
    let claimed = claim(&ledger, NOW).await;
    let receipt = |name: &str| update(name, MessageStatus::Delivered, Some(&format!("{name}-0")));
    for name in ["a", "b"] {
        ledger.apply(receipt(name), NOW).await.unwrap();
    }
    sent(&ledger, &claimed[0], "a").await;
    ledger.unknown(claimed[1].this(), "no answer".to_owned(), NOW).await.unwrap();
    for name in ["a", "b"] {
        let known = status(&ledger, name).await;
        assert_eq!(known.outcome, SendOutcome::Sent, "{name}: the report proves it");
        assert_eq!(known.parts[0].reason, None);
        let delivery = known.parts[0].delivery.as_ref().unwrap();
        assert_eq!(delivery.status(), MessageStatus::Delivered, "{name}");
    }
}

async fn reports_are_for_the_part_with_the_carriers_id(ledger: Ledger) {
    use MessageStatus::{Delivered, Failed};

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
    assert_eq!(contradiction.map(|delivery| delivery.applied), Some(Applied::Conflicted));
}

async fn what_the_carrier_said_is_kept_in_its_order(ledger: Ledger) {
    let mut new = reply(1, "a", &["a0"]);
    new.provider = Some(telephony_core::ProviderKind::Twilio);
    add(&ledger, "a", new).await;
    sent(&ledger, &claim_one(&ledger, NOW).await, "A").await;
    let mut failed = update("A", MessageStatus::Undelivered, None);
    failed.report.code = Some(telephony_core::CarrierCode::new("30003"));
    for (seconds, report) in [
        (1, update("A", MessageStatus::Sent, None)),
        (2, failed.clone()),
        (3, failed),
        (4, update("A", MessageStatus::Sending, None)),
    ] {
        ledger.apply(report, later(seconds)).await.unwrap();
    }
    let known = status(&ledger, "a").await.parts.remove(0);
    use MessageStatus::{Queued, Sending, Sent, Undelivered};
    let told: Vec<_> = known.history.iter().map(|told| (told.at, told.report.status)).collect();
    let expected = [(0, Queued), (1, Sent), (2, Undelivered), (4, Sending)];
    assert_eq!(told, expected.map(|(seconds, status)| (later(seconds), status)));
    assert_eq!(known.delivery.unwrap().status(), Undelivered);
    let words = known.explanation.unwrap();
    assert_eq!(
        words,
        telephony_providers::explain(telephony_core::ProviderKind::Twilio, "30003").sentence
    );
}

async fn a_carrier_that_says_much_fills_no_disk(ledger: Ledger) {
    add(&ledger, "a", reply(1, "a", &["a0"])).await;
    sent(&ledger, &claim_one(&ledger, NOW).await, "A").await;
    for sequence in 0..100 {
        let mut told = update("A", MessageStatus::Sent, None);
        told.report.order = telephony_core::Order::Sequence(sequence);
        ledger.apply(told, NOW).await.unwrap();
    }
    let known = status(&ledger, "a").await.parts.remove(0);
    assert_eq!(known.history.len(), super::super::history::MAX_REPORTS);
    let last = known.delivery.unwrap().report().order;
    assert_eq!(last, telephony_core::Order::Sequence(99), "what is not kept counts all the same");
}

async fn so_many_sends_are_known_and_no_more(ledger: Ledger) {
    for (seconds, name) in (0..).zip(["a", "b", "c", "d"]) {
        enqueue(&ledger, name, reply(1, name, &["x"]), later(seconds)).await;
        sent(&ledger, &claim_one(&ledger, later(seconds)).await, name).await;
    }
    let latest = ledger.latest(&AccountId::default_account(), 2).await.unwrap();
    let latest: Vec<_> = latest.iter().map(|status| status.id.as_str()).collect();
    assert_eq!(latest, ["msg_send_d", "msg_send_c"]);
    assert!(ledger.latest(&account("other"), 2).await.unwrap().is_empty());
    assert_eq!(ledger.beyond(4).await.unwrap(), None);
    let beyond = ledger.beyond(2).await.unwrap();
    assert_eq!(beyond, Some(later(1)));
    assert_eq!(ledger.clean(NOW, beyond.unwrap(), 10).await.unwrap(), 1);
    assert!(ledger.status("msg_send_a").await.unwrap().is_none());
    assert!(ledger.status("msg_send_b").await.unwrap().is_some());
}

on_each_store![
    reports_are_for_the_part_with_the_carriers_id,
    a_report_resolves_what_is_unknown,
    a_report_may_be_quicker_than_the_answer,
    what_the_carrier_said_is_kept_in_its_order,
    a_carrier_that_says_much_fills_no_disk,
    so_many_sends_are_known_and_no_more,
];
