//! Calls in the ledger: written down once, found by what the carrier knows, ended once.

use std::time::Duration;

use telephony_core::{
    AccountId, CallContent, CallId, CallStatus, CallUpdate, IdempotencyKey, MachineDetection,
    Order, ProviderCallId, ProviderKind, RawStatus, Reference, Sender, Timestamp,
};

use super::{in_memory, on_each_store};
use crate::outbound::call::{CallOutcome, Direction, NewCall, Opened, Reception};
use crate::outbound::ledger::{Ledger, Unheard};

const NOW: Timestamp = Timestamp::EPOCH;

fn account() -> AccountId {
    AccountId::default_account()
}

fn call(id: &str, words: &str, key: Option<&str>) -> NewCall {
    NewCall {
        id: CallId::new(id).unwrap(),
        account: account(),
        provider: ProviderKind::Plivo,
        to: "+15550001234".parse().unwrap(),
        content: CallContent::Say { text: words.into(), language: None },
        machine_detection: MachineDetection::Hangup,
        reference: Reference::new(format!("ref-{id}")).unwrap(),
        key: key.map(|key| IdempotencyKey::new(key).unwrap()),
        asked: words.to_owned(),
    }
}

fn update(id: &str, status: CallStatus, reference: Option<&str>) -> CallUpdate {
    let id = ProviderCallId::new(id).unwrap();
    let mut update = CallUpdate::new(account(), id, Some(status), status.as_str());
    update.reference = reference.map(|text| Reference::new(text).unwrap());
    update
}

fn unheard() -> Unheard {
    let (id, provider) = (CallId::new("call_in").unwrap(), ProviderKind::Plivo);
    Unheard { id, provider, reception: Reception::Rejected }
}

async fn apply(ledger: &Ledger, update: CallUpdate) -> Option<CallStatus> {
    let report = ledger.apply_call(update, unheard(), NOW).await.unwrap();
    report.and_then(|report| report.call.status)
}

async fn one_key_is_one_call(ledger: Ledger) {
    let open = async |id, words| ledger.open_call(call(id, words, Some("k")), NOW).await.unwrap();
    assert!(matches!(open("call_1", "Hi").await, Opened::New));
    let Opened::Known(known) = open("call_2", "Hi").await else { panic!("it is placed twice") };
    assert_eq!((known.id.as_str(), known.outcome), ("call_1", CallOutcome::Pending));
    assert!(matches!(open("call_3", "Ho").await, Opened::Conflict));
    // What was not placed may be placed by asking again; what nobody knows of is not.
    let first = CallId::new("call_1").unwrap();
    let failed = async |id: &CallId, outcome| {
        ledger.call_failed(id, outcome, "no".to_owned(), NOW).await.unwrap().unwrap()
    };
    assert_eq!(failed(&first, CallOutcome::NotPlaced).await.reason.as_deref(), Some("no"));
    assert!(matches!(open("call_4", "Hi").await, Opened::New));
    failed(&CallId::new("call_4").unwrap(), CallOutcome::Unknown).await;
    assert!(matches!(open("call_5", "Hi").await, Opened::Known(_)));
}

async fn a_report_finds_its_call_by_the_token_and_settles_what_is_unknown(ledger: Ledger) {
    let id = CallId::new("call_1").unwrap();
    ledger.open_call(call("call_1", "Hi", None), NOW).await.unwrap();
    ledger.call_failed(&id, CallOutcome::Unknown, "no answer".to_owned(), NOW).await.unwrap();
    // Another account's token names nothing of ours.
    let mut foreign = update("P1", CallStatus::Ringing, Some("ref-call_1"));
    foreign.account = AccountId::new("other").unwrap();
    assert_eq!(apply(&ledger, foreign).await, None);
    let ringing = update("P1", CallStatus::Ringing, Some("ref-call_1"));
    assert_eq!(apply(&ledger, ringing).await, Some(CallStatus::Ringing));
    let known = ledger.call("P1").await.unwrap().unwrap();
    assert_eq!((known.id, known.outcome, known.reason), (id, CallOutcome::Placed, None));
    // Once the carrier's id is known, a token names it no more: not every carrier signs the token.
    assert_eq!(apply(&ledger, update("P2", CallStatus::Busy, Some("ref-call_1"))).await, None);
}

#[tokio::test]
async fn in_whatever_order_reports_come_the_call_ends_once() {
    let steps =
        [CallStatus::Initiated, CallStatus::Ringing, CallStatus::InProgress, CallStatus::Completed];
    let orders: Vec<[usize; 4]> = (0..256)
        .map(|number| [number & 3, number >> 2 & 3, number >> 4 & 3, number >> 6 & 3])
        .filter(|order| (0..4).all(|step| order.contains(&step)))
        .collect();
    assert_eq!(orders.len(), 24);
    for order in orders {
        let ledger = in_memory();
        ledger.open_call(call("call_1", "Hi", None), NOW).await.unwrap();
        let mut ended = false;
        for step in order {
            let mut report = update("P1", steps[step], Some("ref-call_1"));
            report.order = Order::Sequence(step as u64);
            let status = apply(&ledger, report).await.unwrap();
            ended |= step == 3;
            assert_eq!(status.is_terminal(), ended, "{order:?}");
        }
        let known = ledger.call("call_1").await.unwrap().unwrap();
        assert_eq!((known.status, known.history.len()), (Some(CallStatus::Completed), 4));
        let reference = Reference::new("ref-call_1").unwrap();
        assert!(ledger.call_says(&account(), &reference).await.unwrap().is_none(), "it is erased");
    }
}

async fn telnyx_ends_normally_what_nobody_answered(ledger: Ledger) {
    let new = NewCall { provider: ProviderKind::Telnyx, ..call("call_1", "Hi", None) };
    ledger.open_call(new, NOW).await.unwrap();
    let reference = Some("ref-call_1");
    let mut ended = update("P1", CallStatus::Completed, reference);
    ended.raw = RawStatus::new("call.hangup");
    assert_eq!(apply(&ledger, ended).await, Some(CallStatus::Canceled));
    // That it was answered may be told later, and is news then.
    let answered = update("P1", CallStatus::InProgress, reference);
    let report = ledger.apply_call(answered, unheard(), NOW).await.unwrap().unwrap();
    assert_eq!((report.call.status, report.advanced), (Some(CallStatus::Completed), true));
    // That it is not alive any more says nothing of how it ended.
    let new = NewCall { provider: ProviderKind::Telnyx, ..call("call_2", "Hi", None) };
    ledger.open_call(new, NOW).await.unwrap();
    let mut asked = update("P2", CallStatus::Completed, Some("ref-call_2"));
    asked.raw = RawStatus::new("not-alive");
    assert_eq!(apply(&ledger, asked).await, Some(CallStatus::Completed));
}

async fn a_call_is_found_by_the_id_it_was_placed_as(ledger: Ledger) {
    let id = CallId::new("call_1").unwrap();
    ledger.open_call(call("call_1", "Hi", None), NOW).await.unwrap();
    ledger.call_placed(&id, update("R1", CallStatus::Queued, None), NOW).await.unwrap();
    let mut ringing = update("P1", CallStatus::Ringing, None);
    ringing.placed_as = Some(ProviderCallId::new("R1").unwrap());
    assert_eq!(apply(&ledger, ringing).await, Some(CallStatus::Ringing));
    // From now on it goes by the other.
    assert_eq!(apply(&ledger, update("P1", CallStatus::Busy, None)).await, Some(CallStatus::Busy));
}

async fn who_calls_is_kept_once_and_a_stranger_to_us_is_not(ledger: Ledger) {
    let mut calls = update("P1", CallStatus::Ringing, None);
    assert_eq!(apply(&ledger, calls.clone()).await, None, "somebody else has placed it");
    calls.inbound = true;
    calls.from = Sender::parse("+15550001234").ok();
    for (status, expected) in [(CallStatus::Ringing, true), (CallStatus::Completed, false)] {
        let mut update = calls.clone();
        update.status = Some(status);
        let report = ledger.apply_call(update, unheard(), NOW).await.unwrap().unwrap();
        assert_eq!((report.is_new, report.advanced), (expected, true));
    }
    let latest = ledger.latest_calls(&account(), 9).await.unwrap();
    assert_eq!((latest.len(), latest[0].direction), (1, Direction::Inbound));
}

async fn what_a_dead_process_was_placing_is_unknown_and_old_calls_are_forgotten(ledger: Ledger) {
    ledger.open_call(call("call_1", "Hi", None), NOW).await.unwrap();
    let after = |seconds| NOW.saturating_add(Duration::from_secs(seconds));
    assert_eq!(ledger.recover(after(60), after(60)).await.unwrap().0, 1);
    let known = ledger.call("call_1").await.unwrap().unwrap();
    assert_eq!(known.outcome, CallOutcome::Unknown);
    let later = after(61);
    assert_eq!(ledger.clean(later, NOW, 10).await.unwrap(), 1, "its words");
    assert_eq!(ledger.clean(later, later, 10).await.unwrap(), 1, "all of it");
    assert!(ledger.call("call_1").await.unwrap().is_none());
}

on_each_store![
    one_key_is_one_call,
    a_report_finds_its_call_by_the_token_and_settles_what_is_unknown,
    telnyx_ends_normally_what_nobody_answered,
    a_call_is_found_by_the_id_it_was_placed_as,
    who_calls_is_kept_once_and_a_stranger_to_us_is_not,
    what_a_dead_process_was_placing_is_unknown_and_old_calls_are_forgotten,
];
