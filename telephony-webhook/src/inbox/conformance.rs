//! What every inbox must do, as tests that each inbox runs.
//!
//! `inbox_conformance!(module, make_an_inbox())` makes a module of tests.
#![allow(clippy::indexing_slicing, clippy::panic, reason = "a test fails by panicking")]

use std::time::Duration;

use telephony_core::{
    AccountId, DeliveryUpdate, Event, InboundMessage, MessageId, MessageStatus, ProviderMessageId,
    Sender, StatusReport, Timestamp,
};

use super::{
    Counts, EntryState, EventKey, FURTHEST_DUE, Inbox, Inserted, Lease, Leased, MAX_ATTEMPTS,
    MAX_REASON_BYTES, NewEntry, Waiting,
};

/// When the tests take place.
pub const NOW: Timestamp = Timestamp::from_second(1_800_000_000);

/// For how long the tests lease.
const LEASE: Duration = Duration::from_secs(60);

/// The message `number` of `sender`, received [`NOW`].
#[must_use]
pub fn message(sender: u32, number: u32) -> NewEntry {
    of_account(&AccountId::default_account(), sender, number)
}

fn of_account(account: &AccountId, sender: u32, number: u32) -> NewEntry {
    let from: Sender = answered(format!("+1555000{sender:04}").parse());
    let to: Sender = answered("+15559990000".parse());
    let carriers_id = format!("SM{number}");
    let key = EventKey::new("message", &carriers_id, "");
    let carriers_id = answered(ProviderMessageId::new(carriers_id));
    let mut message = InboundMessage::new(account.clone(), carriers_id, from, to, NOW);
    message.body = format!("number {number} – “ö” 🙂").into();
    let id = answered(MessageId::new(format!("msg_{account}_{number}")));
    NewEntry::new(id, key, Event::Message(message), NOW)
}

fn later(seconds: u64) -> Timestamp {
    NOW.saturating_add(Duration::from_secs(seconds))
}

async fn insert(inbox: &dyn Inbox, entries: &[NewEntry]) {
    for entry in entries {
        assert_eq!(answered(inbox.insert(entry.clone()).await), Inserted::New);
    }
}

/// Leases all there is.
async fn lease(inbox: &dyn Inbox, now: Timestamp) -> Vec<Leased> {
    answered(inbox.lease(None, now, now.saturating_add(LEASE), 100).await)
}

async fn lease_one(inbox: &dyn Inbox, now: Timestamp) -> Leased {
    let mut leased = lease(inbox, now).await;
    assert_eq!(leased.len(), 1, "one event is to be leased: {leased:?}");
    answered(leased.pop().ok_or("no event"))
}

fn ids(leased: &[Leased]) -> Vec<&MessageId> {
    leased.iter().map(|leased| &leased.lease.id).collect()
}

async fn counts(inbox: &dyn Inbox) -> [u64; 3] {
    let Counts { waiting, done, failed, .. } = answered(inbox.counts().await);
    [waiting, done, failed]
}

async fn finish(inbox: &dyn Inbox, lease: &Lease, now: Timestamp) {
    assert!(answered(inbox.finish(lease, now).await), "the lease is held");
}

/// Lets one event fail for good.
async fn fail(inbox: &dyn Inbox, reason: &str) -> MessageId {
    for attempt in 1..=MAX_ATTEMPTS {
        let leased = lease_one(inbox, NOW).await;
        assert_eq!(leased.attempt, attempt);
        let state = answered(inbox.put_back(&leased.lease, NOW, reason).await);
        if attempt == MAX_ATTEMPTS {
            assert_eq!(state, Some(EntryState::Failed));
            return leased.lease.id;
        }
        assert_eq!(state, Some(EntryState::Waiting));
    }
    unreachable!("the last attempt returns")
}

/// A key of an account is taken once, whatever became of its event.
pub async fn repeats_are_known(inbox: &dyn Inbox) {
    let first = message(1, 1);
    insert(inbox, std::slice::from_ref(&first)).await;
    let mut repeated = message(1, 1);
    repeated.id = answered(MessageId::new("msg_repeated"));
    let known = Inserted::Duplicate(first.id.clone());
    assert_eq!(answered(inbox.insert(repeated.clone()).await), known);
    let leased = lease_one(inbox, NOW).await;
    assert_eq!(answered(inbox.insert(repeated.clone()).await), known, "leased");
    finish(inbox, &leased.lease, NOW).await;
    assert_eq!(answered(inbox.insert(repeated).await), known, "done");
    assert_eq!(counts(inbox).await, [0, 1, 0]);
    let other = answered(AccountId::new("other"));
    insert(inbox, &[of_account(&other, 1, 1)]).await;
    assert_eq!(lease_one(inbox, NOW).await.event.account(), &other);
}

/// What was put in comes out.
pub async fn events_come_back_whole(inbox: &dyn Inbox) {
    let text = message(1, 1);
    let report = StatusReport::new(MessageStatus::Delivered, "delivered");
    let carriers_id = answered(ProviderMessageId::new("SM7"));
    let update = DeliveryUpdate::new(AccountId::default_account(), carriers_id, report);
    let receipt = NewEntry::new(
        answered(MessageId::new("msg_receipt")),
        EventKey::new("delivery", "SM7", "delivered"),
        Event::Delivery(update),
        later(1),
    );
    let oldest = async || answered(inbox.counts().await).oldest_waiting;
    assert_eq!(oldest().await, None);
    insert(inbox, &[text.clone(), receipt.clone()]).await;
    let leased = lease(inbox, later(1)).await;
    assert_eq!(leased.len(), 2);
    assert_eq!(oldest().await, Some(text.received_at), "what is leased is not done");
    finish(inbox, &Lease::new(text.id.clone(), 1), later(1)).await;
    assert_eq!(oldest().await, Some(later(1)));
    for (leased, entry) in leased.into_iter().zip([text, receipt]) {
        let lease = Lease::new(entry.id, 1);
        assert_eq!(leased, Leased::new(lease, entry.event, 1, entry.received_at));
    }
}

/// Events of a sender come in their order, one at a time; senders do not wait for each other.
pub async fn lanes_keep_their_order(inbox: &dyn Inbox) {
    let (first, second, other) = (message(1, 1), message(1, 2), message(2, 3));
    insert(inbox, &[first.clone(), second.clone(), other.clone()]).await;
    let leased = lease(inbox, NOW).await;
    assert_eq!(ids(&leased), [&first.id, &other.id]);
    assert!(lease(inbox, NOW).await.is_empty(), "a lane has one lease");
    finish(inbox, &leased[0].lease, NOW).await;
    assert_eq!(ids(&lease(inbox, NOW).await), [&second.id]);
    assert_eq!(counts(inbox).await, [2, 1, 0]);
}

/// What waits for an account that nobody asks for waits on, and its attempts are not counted.
pub async fn accounts_are_leased_apart(inbox: &dyn Inbox) {
    let [ours, theirs] = ["ours", "ours-too"].map(|name| answered(name.parse::<AccountId>()));
    insert(inbox, &[of_account(&ours, 1, 1), of_account(&theirs, 1, 1)]).await;
    let of = async |accounts: &[AccountId]| {
        answered(inbox.lease(Some(accounts), NOW, later(60), 9).await)
    };
    assert!(of(&[]).await.is_empty());
    let leased = of(std::slice::from_ref(&ours)).await;
    assert_eq!(leased.iter().map(|leased| leased.event.account()).collect::<Vec<_>>(), [&ours]);
    assert!(of(std::slice::from_ref(&ours)).await.is_empty());
    let leased = of(&[ours, theirs.clone()]).await;
    assert_eq!(leased.len(), 1);
    assert_eq!((leased[0].event.account(), leased[0].attempt), (&theirs, 1));
}

/// No more is leased than was asked for.
pub async fn few_are_leased_at_once(inbox: &dyn Inbox) {
    let entries: Vec<_> = (0..5).map(|number| message(number, number)).collect();
    insert(inbox, &entries).await;
    let mut all = Vec::new();
    for expected in [2, 2, 1, 0] {
        let leased = answered(inbox.lease(None, NOW, later(60), 2).await);
        assert_eq!(leased.len(), expected);
        all.extend(leased.into_iter().map(|leased| leased.lease.id));
    }
    all.sort_unstable();
    assert_eq!(all, entries.into_iter().map(|entry| entry.id).collect::<Vec<_>>());
}

/// A lease that ran out is given again, and what its first holder does changes nothing.
pub async fn stale_leases_change_nothing(inbox: &dyn Inbox) {
    insert(inbox, &[message(1, 1), message(1, 2)]).await;
    let stale = lease_one(inbox, NOW).await;
    let end = NOW.saturating_add(LEASE);
    let almost = end.saturating_sub(Duration::from_millis(1));
    assert!(lease(inbox, almost).await.is_empty(), "the lease runs");
    let fresh = lease_one(inbox, end).await;
    assert_eq!(fresh.lease.id, stale.lease.id, "the lane keeps its order");
    assert!(fresh.lease.number > stale.lease.number);
    assert_eq!((stale.attempt, fresh.attempt), (1, 2));
    assert!(!answered(inbox.renew(&stale.lease, later(999)).await));
    assert!(!answered(inbox.finish(&stale.lease, end).await));
    assert!(!answered(inbox.is_finished(&fresh.lease).await), "it is on its way");
    assert_eq!(answered(inbox.put_back(&stale.lease, end, "stale").await), None);
    assert_eq!(answered(inbox.next_due(end).await), Some(end.saturating_add(LEASE)));
    finish(inbox, &fresh.lease, end).await;
    assert!(!answered(inbox.finish(&fresh.lease, end).await), "it is done once");
    assert!(answered(inbox.is_finished(&fresh.lease).await));
    assert!(!answered(inbox.is_finished(&stale.lease).await), "another lease finished it");
    assert_eq!(answered(inbox.put_back(&fresh.lease, end, "done").await), None);
    assert!(!answered(inbox.renew(&fresh.lease, later(999)).await));
    assert_eq!(counts(inbox).await, [1, 1, 0]);
}

/// A lease can be made longer.
pub async fn leases_are_renewed(inbox: &dyn Inbox) {
    insert(inbox, &[message(1, 1)]).await;
    let leased = lease_one(inbox, NOW).await;
    assert!(answered(inbox.renew(&leased.lease, later(600)).await));
    assert!(lease(inbox, later(599)).await.is_empty());
    assert_eq!(answered(inbox.next_due(NOW).await), Some(later(600)));
    assert_eq!(lease_one(inbox, later(600)).await.attempt, 2);
}

/// What is put back waits until it is due, and its lane with it.
pub async fn what_is_put_back_holds_its_lane(inbox: &dyn Inbox) {
    let (first, second) = (message(1, 1), message(1, 2));
    insert(inbox, &[first.clone(), second]).await;
    let leased = lease_one(inbox, NOW).await;
    let state = answered(inbox.put_back(&leased.lease, later(30), "not now").await);
    assert_eq!(state, Some(EntryState::Waiting));
    assert!(!answered(inbox.finish(&leased.lease, NOW).await), "the lease was given back");
    assert!(lease(inbox, later(29)).await.is_empty());
    assert_eq!(answered(inbox.next_due(NOW).await), Some(later(30)));
    let listed = answered(inbox.list(EntryState::Waiting, 9).await);
    let reasons: Vec<_> = listed.iter().map(|entry| entry.reason.as_deref()).collect();
    assert_eq!(reasons, [None, Some("not now")], "the newest first");
    assert_eq!(ids(&[lease_one(inbox, later(30)).await]), [&first.id]);
}

/// What was put back, leased or received before the clock was set back is due, and in its order.
pub async fn a_clock_that_is_set_back_holds_nobody_up(inbox: &dyn Inbox) {
    let entries = [message(1, 1), message(1, 2), message(2, 3), message(3, 4)];
    insert(inbox, &entries).await;
    let leased = lease(inbox, NOW).await;
    answered(inbox.put_back(&leased[1].lease, later(30), "not now").await);
    finish(inbox, &leased[2].lease, NOW).await;
    let before = NOW.saturating_sub(Duration::from_secs(24 * 60 * 60));
    assert_eq!(ids(&lease(inbox, before).await), [&entries[2].id, &entries[0].id]);
    assert!(lease(inbox, before).await.is_empty(), "they are leased by the clock as it is now");
    assert!(!answered(inbox.finish(&leased[0].lease, before).await), "its lease is another's");
    // By no more than what is waited for anyway it is waited for.
    let little = NOW.saturating_sub(FURTHEST_DUE);
    insert(inbox, &[message(4, 5)]).await;
    assert!(!ids(&lease(inbox, little).await).contains(&&message(4, 5).id));
}

/// After [`MAX_ATTEMPTS`] an event is set aside with its reason, and the next one goes.
pub async fn too_many_attempts_fail(inbox: &dyn Inbox) {
    let second = message(1, 2);
    insert(inbox, &[message(1, 1), second.clone()]).await;
    // Two bytes a character, after one of one: the cap falls within a character.
    let reason = format!("x{}", "ö".repeat(MAX_REASON_BYTES));
    let failed = fail(inbox, &reason).await;
    let listed = answered(inbox.list(EntryState::Failed, 9).await);
    assert_eq!(listed.len(), 1);
    assert_eq!((&listed[0].id, listed[0].attempts), (&failed, MAX_ATTEMPTS));
    let kept = listed[0].reason.as_deref().unwrap_or_default();
    assert_eq!(kept.len(), MAX_REASON_BYTES - 1);
    assert!(reason.starts_with(kept));
    assert_eq!(ids(&lease(inbox, NOW).await), [&second.id]);
}

/// Leases that run out count as attempts too: whoever takes the event may crash each time.
pub async fn leases_that_run_out_fail_too(inbox: &dyn Inbox) {
    let second = message(1, 2);
    insert(inbox, &[message(1, 1), second.clone()]).await;
    let mut now = NOW;
    for attempt in 1..=MAX_ATTEMPTS {
        assert_eq!(lease_one(inbox, now).await.attempt, attempt);
        now = now.saturating_add(LEASE);
    }
    assert_eq!(ids(&lease(inbox, now).await), [&second.id]);
    let listed = answered(inbox.list(EntryState::Failed, 9).await);
    assert!(listed[0].reason.is_some(), "it is said why");
    assert_eq!(counts(inbox).await, [1, 0, 1]);
}

/// A failed event goes back to the end of its lane, with its attempts counted anew.
pub async fn what_failed_is_requeued(inbox: &dyn Inbox) {
    let first = message(1, 1);
    insert(inbox, std::slice::from_ref(&first)).await;
    assert!(!answered(inbox.requeue(&first.id, NOW).await), "it has not failed");
    fail(inbox, "down").await;
    let second = message(1, 2);
    insert(inbox, std::slice::from_ref(&second)).await;
    assert!(answered(inbox.requeue(&first.id, NOW).await));
    assert!(!answered(inbox.requeue(&first.id, NOW).await), "once");
    assert_eq!(counts(inbox).await, [2, 0, 0]);
    let leased = lease_one(inbox, NOW).await;
    assert_eq!(leased.lease.id, second.id);
    finish(inbox, &leased.lease, NOW).await;
    let again = lease_one(inbox, NOW).await;
    assert_eq!((&again.lease.id, again.attempt), (&first.id, 1));
    assert!(again.lease.number > u64::from(MAX_ATTEMPTS), "an old lease stays void");
    assert!(!answered(inbox.requeue(&answered(MessageId::new("msg_none")), NOW).await));
    // A lane that was empty takes it as well.
    finish(inbox, &again.lease, NOW).await;
    insert(inbox, &[message(3, 3)]).await;
    let alone = fail(inbox, "down").await;
    assert!(answered(inbox.requeue(&alone, later(5)).await));
    assert_eq!(answered(inbox.next_due(NOW).await), Some(later(5)));
}

/// Rows are listed, the newest first.
pub async fn rows_are_listed(inbox: &dyn Inbox) {
    insert(inbox, &[message(1, 1), message(2, 2), message(3, 3)]).await;
    let listed = answered(inbox.list(EntryState::Waiting, 2).await);
    assert_eq!(listed.len(), 2);
    for (entry, new) in listed.iter().zip([message(3, 3), message(2, 2)]) {
        assert_eq!((&entry.id, &entry.key), (&new.id, &new.key));
        assert_eq!((&entry.account, entry.received_at), (new.event.account(), NOW));
        assert_eq!((entry.attempts, &entry.reason), (0, &None));
    }
    for empty in [EntryState::Done, EntryState::Failed] {
        assert!(answered(inbox.list(empty, 9).await).is_empty());
    }
}

/// It is said when to come back, and that need not be in the past.
pub async fn next_due_is_told(inbox: &dyn Inbox) {
    assert_eq!(answered(inbox.next_due(NOW).await), None);
    insert(inbox, &[message(1, 1), message(2, 2)]).await;
    assert_eq!(answered(inbox.next_due(later(7)).await), Some(later(7)));
    let leased = lease(inbox, NOW).await;
    assert_eq!(answered(inbox.next_due(NOW).await), Some(NOW.saturating_add(LEASE)));
    answered(inbox.put_back(&leased[1].lease, later(20), "busy").await);
    assert_eq!(answered(inbox.next_due(NOW).await), Some(later(20)));
    finish(inbox, &leased[0].lease, NOW).await;
    assert_eq!(answered(inbox.next_due(NOW).await), Some(later(20)));
}

/// Contents of what is done are erased, then its key is forgotten; what waits or failed stays.
pub async fn cleaning_erases_and_forgets(inbox: &dyn Inbox) {
    insert(inbox, &[message(1, 1)]).await;
    fail(inbox, "down").await;
    let done = message(2, 2);
    insert(inbox, &[done.clone(), message(3, 3)]).await;
    for leased in lease(inbox, NOW).await {
        finish(inbox, &leased.lease, later(10)).await;
    }
    insert(inbox, &[message(4, 4)]).await;
    let clean = async |erase, forget, limit| answered(inbox.clean(erase, forget, limit).await);
    assert_eq!(clean(later(10), NOW, 9).await, 0, "neither is over yet");
    assert_eq!(clean(later(11), NOW, 1).await, 1, "one at a time");
    assert_eq!(clean(later(11), NOW, 9).await, 1);
    assert_eq!(clean(later(11), NOW, 9).await, 0, "what is erased is erased");
    let known = answered(inbox.insert(done.clone()).await);
    assert_eq!(known, Inserted::Duplicate(done.id.clone()), "the key outlives the contents");
    assert_eq!(clean(later(11), later(1), 1).await, 1);
    assert_eq!(clean(later(11), later(1), 9).await, 1);
    assert_eq!(clean(later(999), later(999), 9).await, 0);
    assert_eq!(counts(inbox).await, [1, 0, 1]);
    insert(inbox, &[done]).await;
    assert_eq!(lease(inbox, NOW).await.len(), 2, "what waits comes as ever");
}

/// What waits behind a lease is seen and not touched, until it is joined and ends with the first.
pub async fn what_is_joined_ends_with_the_first(inbox: &dyn Inbox) {
    let [first, second, third, fourth] = [1, 2, 3, 4].map(|number| message(1, number));
    let others = [message(2, 5), message(2, 6)];
    insert(inbox, &[first.clone(), others[0].clone(), second.clone()]).await;
    let leased = lease(inbox, NOW).await;
    insert(inbox, &[third.clone(), others[1].clone(), fourth.clone()]).await;
    let [ours, theirs] = [&leased[0], &leased[1]];
    assert_eq!((&ours.lease.id, ours.joined), (&first.id, None));
    let behind = async |lease: &Lease, limit| answered(inbox.behind(lease, limit).await);
    let waiting = |new: &NewEntry| Waiting::new(new.id.clone(), new.event.clone(), NOW);
    let all = [&second, &third, &fourth].map(waiting);
    assert_eq!(behind(&ours.lease, 9).await, all, "in order, of this lane");
    assert_eq!(behind(&ours.lease, 2).await, all[..2]);
    assert_eq!(behind(&theirs.lease, 9).await, [waiting(&others[1])]);
    assert!(lease(inbox, NOW).await.is_empty(), "they wait on");

    assert!(answered(inbox.join(&ours.lease, 2).await));
    assert_eq!(counts(inbox).await, [6, 0, 0], "nothing is done yet");
    let state = answered(inbox.put_back(&ours.lease, NOW, "not now").await);
    assert_eq!(state, Some(EntryState::Waiting));
    assert!(behind(&ours.lease, 9).await.is_empty(), "the lease was given back");
    assert!(!answered(inbox.join(&ours.lease, 3).await));
    let again = lease_one(inbox, NOW).await;
    assert_eq!((&again.lease.id, again.joined), (&first.id, Some(2)), "it is remembered");
    finish(inbox, &again.lease, later(10)).await;
    assert_eq!(counts(inbox).await, [3, 3, 0]);
    assert!(!answered(inbox.join(&again.lease, 1).await), "it is done");
    assert_eq!(answered(inbox.clean(later(11), NOW, 9).await), 3, "contents of all are erased");
    let last = lease_one(inbox, NOW).await;
    assert_eq!((&last.lease.id, last.attempt, last.joined), (&fourth.id, 1, None));

    // No more is joined than is there: what comes later is on its own.
    assert!(answered(inbox.join(&last.lease, 9).await));
    insert(inbox, &[message(1, 7)]).await;
    finish(inbox, &last.lease, NOW).await;
    assert_eq!(lease_one(inbox, NOW).await.lease.id, message(1, 7).id);
    assert_eq!(counts(inbox).await, [3, 4, 0], "the other lane is as it was");
}

/// When what others were joined to is set aside, they go by themselves, and it comes back alone.
pub async fn what_was_joined_outlives_the_first(inbox: &dyn Inbox) {
    let (first, second) = (message(1, 1), message(1, 2));
    insert(inbox, &[first.clone(), second.clone()]).await;
    let leased = lease_one(inbox, NOW).await;
    assert!(answered(inbox.join(&leased.lease, 1).await));
    answered(inbox.put_back(&leased.lease, NOW, "down").await);
    for attempt in 2..=MAX_ATTEMPTS {
        let leased = lease_one(inbox, NOW).await;
        assert_eq!((leased.attempt, leased.joined), (attempt, Some(1)));
        answered(inbox.put_back(&leased.lease, NOW, "down").await);
    }
    assert_eq!(counts(inbox).await, [1, 0, 1]);
    let leased = lease_one(inbox, NOW).await;
    assert_eq!((&leased.lease.id, leased.attempt, leased.joined), (&second.id, 1, None));
    assert!(answered(inbox.requeue(&first.id, NOW).await));
    finish(inbox, &leased.lease, NOW).await;
    insert(inbox, &[message(1, 3)]).await;
    let again = lease_one(inbox, NOW).await;
    assert_eq!((&again.lease.id, again.joined), (&first.id, None));
    finish(inbox, &again.lease, NOW).await;
    assert_eq!(counts(inbox).await, [1, 2, 0]);
}

fn answered<T, E: std::fmt::Debug>(result: Result<T, E>) -> T {
    result.unwrap_or_else(|error| panic!("{error:?}"))
}

/// Makes a module of tests that run the suite on inboxes made by an expression, which may await. An
/// attribute after it is one of each test, as for those that are not always run. Needs `tokio` with
/// its macros among the dependencies of the crate that uses it.
#[macro_export]
macro_rules! inbox_conformance {
    ($module:ident, $inbox:expr) => {
        $crate::inbox_conformance!($module, $inbox, #[cfg(all())]);
    };
    ($module:ident, $inbox:expr, #[$attribute:meta]) => {
        mod $module {
            use super::*;

            $crate::inbox_conformance!(@tests #[$attribute] $inbox;
                repeats_are_known,
                events_come_back_whole,
                lanes_keep_their_order,
                few_are_leased_at_once,
                accounts_are_leased_apart,
                stale_leases_change_nothing,
                leases_are_renewed,
                what_is_put_back_holds_its_lane,
                a_clock_that_is_set_back_holds_nobody_up,
                too_many_attempts_fail,
                leases_that_run_out_fail_too,
                what_failed_is_requeued,
                rows_are_listed,
                next_due_is_told,
                cleaning_erases_and_forgets,
                what_is_joined_ends_with_the_first,
                what_was_joined_outlives_the_first,
            );
        }
    };
    (@tests #[$attribute:meta] $inbox:expr; $($test:ident,)+) => { $(
        #[tokio::test]
        #[$attribute]
        async fn $test() {
            let inbox = $inbox;
            $crate::conformance::$test(&inbox).await;
        }
    )+ };
}
