//! What carriers report on a message comes to the same in whatever order it arrives: every word of
//! theirs, as it is posted.

use proptest::prelude::*;
use proptest::sample::subsequence;
use serde_json::json;
use telephony_core::{DeliveryState, Event, MessageStatus, Order, StatusReport, Timestamp};
use telephony_webhook::{Notice, Route, parse};

use crate::parse::{ACCOUNTS, verified};

use MessageStatus::{Delivered, Failed, Queued, Read, Received, Sending, Sent, Undelivered};

/// A word of a carrier, and what it means; nothing where the word is a new one.
type Word = (&'static str, Option<MessageStatus>);

const TWILIO: [Word; 12] = [
    ("accepted", Some(Queued)),
    ("scheduled", Some(Queued)),
    ("queued", Some(Queued)),
    ("sending", Some(Sending)),
    ("sent", Some(Sent)),
    ("delivered", Some(Delivered)),
    ("partially_delivered", Some(Delivered)),
    ("undelivered", Some(Undelivered)),
    ("failed", Some(Failed)),
    ("canceled", Some(Failed)),
    ("read", Some(Read)),
    ("teleported", None),
];

const TELNYX: [Word; 13] = [
    ("queued", Some(Queued)),
    ("scheduled", Some(Queued)),
    ("sending", Some(Sending)),
    ("sent", Some(Sent)),
    ("delivery_unconfirmed", Some(Sent)),
    ("delivered", Some(Delivered)),
    ("delivery_failed", Some(Undelivered)),
    ("sending_failed", Some(Failed)),
    ("expired", Some(Failed)),
    ("cancelled", Some(Failed)),
    ("webhook_delivered", Some(Received)),
    ("read", Some(Read)),
    ("teleported", None),
];

const PLIVO: [Word; 8] = [
    ("queued", Some(Queued)),
    ("sent", Some(Sent)),
    ("delivered", Some(Delivered)),
    ("undelivered", Some(Undelivered)),
    ("failed", Some(Failed)),
    ("rejected", Some(Failed)),
    ("read", Some(Read)),
    ("teleported", None),
];

/// What is posted: of which carrier, in which word, and where it says that it stands.
type Posted = (usize, Word, u8);

fn is_finalized(place: u8) -> bool {
    place.is_multiple_of(2)
}

/// Where a report stands, as its carrier says it.
fn stands(&(carrier, _, place): &Posted) -> Order {
    match carrier {
        0 => Order::Unknown,
        1 => Order::OccurredAt(Timestamp::from_second(1_767_225_600 + i64::from(place))),
        _ => Order::Sequence(u64::from(place)),
    }
}

/// Reads a report as it is posted; nothing where the carrier said nothing that is known.
fn read(&(carrier, (word, _), place): &Posted) -> Option<StatusReport> {
    let form = "application/x-www-form-urlencoded";
    let (kind, body) = match carrier {
        0 => (
            form,
            format!("AccountSid=AC1&MessageSid=SM1&MessageStatus={word}&From=%2B15550001111"),
        ),
        1 => {
            let kind = if is_finalized(place) { "message.finalized" } else { "message.sent" };
            let payload = json!({
                "id": "m1", "from": { "phone_number": "+15550001111" },
                "to": [{ "phone_number": "+15550001234", "status": word }],
            });
            let data = json!({
                "event_type": kind, "id": format!("{word}-{place}"), "payload": payload,
                "occurred_at": format!("2026-01-01T00:00:0{place}.000Z"),
            });
            ("application/json", json!({ "data": data }).to_string())
        }
        _ => (form, format!("MessageUUID=5b&Status={word}&Sequence={place}&From=15550001111")),
    };
    let request = verified("POST", "ref=r-1", kind, body.as_bytes());
    match parse(&request, &ACCOUNTS[carrier], Route::Status).unwrap() {
        Notice::Event { event, .. } => match *event {
            Event::Delivery(update) => Some(update.report),
            other => panic!("{other:?}"),
        },
        other => {
            assert_eq!(other, Notice::Ignored { name: word.to_owned() });
            None
        }
    }
}

/// Up to six of a carrier's words in any order, each with a place that need not fit the order.
fn posted() -> impl Strategy<Value = Vec<Posted>> {
    let of = |carrier: usize, words: &'static [Word]| {
        let words = subsequence(words, 1..=6).prop_shuffle();
        (words, prop::collection::vec(0..7_u8, 6)).prop_map(move |(words, places)| {
            words.into_iter().zip(places).map(|(word, place)| (carrier, word, place)).collect()
        })
    };
    prop_oneof![of(0, &TWILIO), of(1, &TELNYX), of(2, &PLIVO)]
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

/// What the reports come to, each told twice, after the API said that the message is queued.
fn told(reports: &[StatusReport]) -> DeliveryState {
    let mut state = DeliveryState::new(StatusReport::new(Queued, "queued"));
    for report in reports {
        let before = state.clone();
        state.apply(report.clone());
        state.apply(report.clone());
        assert!(state.status().rank() >= before.status().rank(), "{before:?} {report:?}");
        assert!(state.status().is_terminal() || !before.status().is_terminal());
        assert!(state.is_conflicted() || !before.is_conflicted());
    }
    state
}

/// Whether a carrier said two things of which one is untrue.
fn is_contradicted(meant: &[MessageStatus]) -> bool {
    let any = |ends: &[MessageStatus]| ends.iter().any(|end| meant.contains(end));
    let ends = [any(&[Delivered, Read]), any(&[Failed]), any(&[Undelivered]), any(&[Received])];
    ends.into_iter().filter(|end| *end).count() > 1
}

proptest! {
    // Each case is up to 720 orders.
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn every_order_of_up_to_six_reports_of_a_carrier_ends_alike(posted in posted()) {
        let meant: Vec<_> = posted.iter().filter_map(|(_, (_, means), _)| *means).collect();
        let mut reports: Vec<_> = posted.iter().filter_map(read).collect();
        prop_assert_eq!(reports.iter().map(|report| report.status).collect::<Vec<_>>(), meant.clone());
        let state = told(&reports);
        let rank = meant.iter().map(|status| status.rank()).max().unwrap_or_default();
        prop_assert_eq!(state.status().rank(), rank);
        prop_assert_eq!(state.is_conflicted(), is_contradicted(&meant));
        // Of what is as far along, the carrier's own order decides.
        let furthest = posted.iter().filter(|(_, (_, means), _)| {
            means.is_some_and(|status| status.rank() == rank)
        });
        let latest = furthest.map(stands).max().unwrap_or_default();
        prop_assert_eq!(state.report().order, latest);
        let finalized = |(carrier, (_, means), place): &Posted| {
            *carrier == 1 && means.is_some() && is_finalized(*place)
        };
        let ends = meant.iter().any(|status| status.is_terminal());
        prop_assert_eq!(state.is_settled(), ends || posted.iter().any(finalized));
        let count = reports.len();
        permute(&mut reports, count, &mut |reports| assert_eq!(told(reports), state));
    }
}
