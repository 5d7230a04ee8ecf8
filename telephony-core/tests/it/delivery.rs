//! What became of a message or a call does not depend on the order in which it is told.

use proptest::prelude::*;
use proptest::sample::select;
use telephony_core::{
    AccountId, Applied, CallState, CallStatus, CallUpdate, CarrierCode, DeliveryState,
    MessageStatus, Order, ProviderCallId, StatusReport, Timestamp,
};

const MESSAGE: [MessageStatus; 8] = [
    MessageStatus::Queued,
    MessageStatus::Sending,
    MessageStatus::Sent,
    MessageStatus::Failed,
    MessageStatus::Undelivered,
    MessageStatus::Delivered,
    MessageStatus::Received,
    MessageStatus::Read,
];

const CALL: [CallStatus; 9] = [
    CallStatus::Queued,
    CallStatus::Initiated,
    CallStatus::Ringing,
    CallStatus::InProgress,
    CallStatus::Canceled,
    CallStatus::Failed,
    CallStatus::NoAnswer,
    CallStatus::Busy,
    CallStatus::Completed,
];

/// Few values, so that ties are common.
fn order() -> impl Strategy<Value = Order> {
    prop_oneof![
        Just(Order::Unknown),
        (0..3_u64).prop_map(Order::Sequence),
        (0..3_i64).prop_map(|second| Order::OccurredAt(Timestamp::from_second(second))),
    ]
}

fn report() -> impl Strategy<Value = StatusReport> {
    let code = prop::option::of(select(&["1", "2"][..]));
    (select(&MESSAGE[..]), any::<bool>(), order(), select(&["a", "b"][..]), code).prop_map(
        |(status, is_final, order, raw, code)| {
            let mut report = StatusReport::new(status, raw);
            report.is_final = is_final;
            report.order = order;
            report.code = code.map(CarrierCode::new);
            report
        },
    )
}

fn call_update() -> impl Strategy<Value = CallUpdate> {
    (prop::option::of(select(&CALL[..])), order()).prop_map(|(status, order)| {
        let account = AccountId::default_account();
        let mut update =
            CallUpdate::new(account, ProviderCallId::new("CA1").unwrap(), status, "raw");
        update.order = order;
        update
    })
}

/// Calls `visit` with every order of `items` (Heap's algorithm).
fn permute<T>(items: &mut [T], count: usize, visit: &mut impl FnMut(&[T])) {
    if count <= 1 {
        return visit(items);
    }
    for index in 0..count {
        permute(items, count - 1, visit);
        items.swap(if count.is_multiple_of(2) { index } else { 0 }, count - 1);
    }
}

/// What the reports amount to, said without the reducer.
fn is_contradicted(reports: &[StatusReport]) -> bool {
    let any = |wanted: &[MessageStatus]| reports.iter().any(|r| wanted.contains(&r.status));
    let arrived = any(&[MessageStatus::Delivered, MessageStatus::Read]);
    let ends = [
        arrived,
        any(&[MessageStatus::Failed]),
        any(&[MessageStatus::Undelivered]),
        any(&[MessageStatus::Received]),
    ];
    ends.into_iter().filter(|&end| end).count() > 1
}

fn unchanged(state: &DeliveryState, before: &DeliveryState) -> bool {
    state.report() == before.report() && state.is_settled() == before.is_settled()
}

fn told(reports: &[StatusReport]) -> DeliveryState {
    let mut state = DeliveryState::new(StatusReport::new(MessageStatus::Queued, ""));
    for report in reports {
        let before = state.clone();
        let applied = state.apply(report.clone());
        assert!(state.status().rank() >= before.status().rank(), "the rank never falls");
        let regressed = before.status().is_terminal() && !state.status().is_terminal();
        assert!(!regressed, "a terminal state stays one");
        assert!(state.is_settled() || !before.is_settled(), "what is settled stays settled");
        assert!(state.is_conflicted() || !before.is_conflicted(), "a flag stays");
        let flagged = state.is_conflicted() && !before.is_conflicted();
        assert_eq!(applied == Applied::Conflicted, flagged);
        assert_eq!(applied == Applied::Ignored, !flagged && unchanged(&state, &before));
        let again = state.clone();
        assert_eq!(state.apply(report.clone()), Applied::Ignored, "a repeat does nothing");
        assert_eq!(state, again);
    }
    state
}

proptest! {
    // Each case is up to 720 orders.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn delivery_reducer(
        mut reports in prop::collection::vec(report(), 1..=6),
    ) {
        let expected = told(&reports);
        let highest = reports.iter().map(|report| report.status.rank()).max();
        prop_assert_eq!(Some(expected.status().rank()), highest);
        prop_assert_eq!(expected.is_conflicted(), is_contradicted(&reports));
        prop_assert_eq!(expected.is_settled(), reports.iter().any(StatusReport::is_settled));
        let count = reports.len();
        permute(&mut reports, count, &mut |reports| assert_eq!(told(reports), expected));
    }

    #[test]
    fn a_stored_state_goes_on_as_if_it_had_not_been_stored(
        reports in prop::collection::vec(report(), 2..=6),
        cut in 0..6_usize,
    ) {
        let (first, rest) = reports.split_at(cut.min(reports.len()));
        let stored = serde_json::to_string(&told(first)).unwrap();
        let mut state: DeliveryState = serde_json::from_str(&stored).unwrap();
        for report in rest {
            state.apply(report.clone());
        }
        prop_assert_eq!(state, told(&reports));
    }

    #[test]
    fn every_order_of_up_to_five_call_events_ends_alike(
        mut updates in prop::collection::vec(call_update(), 1..=5),
    ) {
        let told = |updates: &[CallUpdate]| {
            let mut state = CallState::new(CallStatus::Queued);
            for update in updates {
                let before = state;
                let moved = state.apply(update);
                assert!(state.status().rank() >= before.status().rank());
                assert_eq!(moved, state != before);
            }
            state
        };
        let expected = told(&updates);
        let count = updates.len();
        permute(&mut updates, count, &mut |updates| assert_eq!(told(updates), expected));
    }
}
