//! Sends that their asker repeats: what was not sent waits for that, and goes then in its place.

use super::*;

fn queued(to: u32, key: &str, texts: &[&str]) -> NewSend {
    send(to, Source::Queued(key.parse().unwrap()), texts).retried_by_asker()
}

async fn what_was_not_sent_goes_when_it_is_asked_for_again_and_what_was_does_not(ledger: Ledger) {
    add(&ledger, "a", queued(1, "q", &["a0", "a1", "a2"])).await;
    sent(&ledger, &claim_one(&ledger, NOW).await, "SM1").await;
    let second = claim_one(&ledger, NOW).await;
    ledger.given_back(second.this(), "busy".to_owned(), NOW).await.unwrap();
    assert_eq!(
        states(&ledger, "a").await,
        [PartState::Sent, PartState::NotSent, PartState::NotSent]
    );
    assert_eq!(status(&ledger, "a").await.outcome, SendOutcome::Partial);
    assert!(claim(&ledger, later(86_400)).await.is_empty(), "nothing goes by itself");

    let again = enqueue(&ledger, "b", queued(1, "q", &["a0", "a1", "a2"]), later(9)).await;
    assert_eq!(again, Enqueued::Existing(id("a")));
    for expected in ["a1", "a2"] {
        let claimed = claim_one(&ledger, later(9)).await;
        assert_eq!(claimed.part.body.as_str(), expected);
        sent(&ledger, &claimed, expected).await;
    }
    let again = enqueue(&ledger, "c", queued(1, "q", &["a0", "a1", "a2"]), later(10)).await;
    assert_eq!(again, Enqueued::Existing(id("a")));
    assert!(claim(&ledger, later(10)).await.is_empty(), "all of it was sent");
    let other = enqueue(&ledger, "d", queued(1, "q", &["other"]), later(11)).await;
    assert_eq!(other, Enqueued::Conflict);
}

async fn a_send_that_is_resumed_goes_before_what_came_later_one_at_a_time(ledger: Ledger) {
    add(&ledger, "a", queued(1, "q", &["a0"])).await;
    let first = claim_one(&ledger, NOW).await;
    ledger.given_back(first.this(), "busy".to_owned(), NOW).await.unwrap();
    for name in ["b", "c", "d"] {
        add(&ledger, name, reply(1, name, &[name])).await;
    }
    let on_its_way = claim_one(&ledger, NOW).await;
    enqueue(&ledger, "again", queued(1, "q", &["a0"]), NOW).await;
    assert!(claim(&ledger, NOW).await.is_empty(), "the number is being sent to");
    ledger.not_sent(on_its_way.this(), NOW, "busy".to_owned(), NOW).await.unwrap();
    for expected in ["a0", "b", "c"] {
        let claimed = claim_one(&ledger, NOW).await;
        assert_eq!(claimed.part.body.as_str(), expected);
        sent(&ledger, &claimed, expected).await;
    }
    enqueue(&ledger, "again", queued(1, "q", &["a0"]), NOW).await;
    assert_eq!(texts(&claim(&ledger, NOW).await), ["d"]);
}

async fn what_waits_is_given_back_unless_it_has_begun(ledger: Ledger) {
    add(&ledger, "a", queued(1, "a", &["a0", "a1"])).await;
    add(&ledger, "b", queued(1, "b", &["b0"])).await;
    let begun = claim_one(&ledger, NOW).await;
    for name in ["a", "b"] {
        ledger.withdraw(&id(name), NOW).await.unwrap();
    }
    assert_eq!(states(&ledger, "a").await, [PartState::Sending, PartState::Queued]);
    assert_eq!(states(&ledger, "b").await, [PartState::NotSent]);
    sent(&ledger, &begun, "SM1").await;
    assert_eq!(texts(&claim(&ledger, NOW).await), ["a1"]);
}

async fn after_a_crash_nothing_of_theirs_begins_by_itself(ledger: Ledger) {
    add(&ledger, "a", queued(1, "a", &["a0"])).await;
    add(&ledger, "b", reply(2, "b", &["b0"])).await;
    add(&ledger, "c", queued(3, "c", &["c0", "c1"])).await;
    let claimed = ledger.claim(NOW, everyone(), 3).await.unwrap();
    assert_eq!(texts(&claimed), ["a0", "b0", "c0"]);
    ledger.given_back(claimed[0].this(), "busy".to_owned(), NOW).await.unwrap();
    add(&ledger, "d", queued(4, "d", &["d0"])).await;
    assert_eq!(ledger.recover(later(60), later(60)).await.unwrap().0, 2);
    assert_eq!(states(&ledger, "c").await, [PartState::Unknown, PartState::NotSent]);
    assert_eq!(states(&ledger, "d").await, [PartState::NotSent]);
    assert!(claim(&ledger, later(86_400)).await.is_empty());
    // Whoever asked this process was quicker than it was to look.
    enqueue(&ledger, "e", queued(5, "e", &["e0"]), later(60)).await;
    assert_eq!(ledger.recover(later(60), later(61)).await.unwrap(), (0, 0));
    assert_eq!(texts(&claim(&ledger, later(61)).await), ["e0"]);
    enqueue(&ledger, "again", queued(3, "c", &["c0", "c1"]), NOW).await;
    assert_eq!(texts(&claim(&ledger, NOW).await), ["c1"], "the unknown one stays unknown");
}

on_each_store![
    what_was_not_sent_goes_when_it_is_asked_for_again_and_what_was_does_not,
    a_send_that_is_resumed_goes_before_what_came_later_one_at_a_time,
    what_waits_is_given_back_unless_it_has_begun,
    after_a_crash_nothing_of_theirs_begins_by_itself,
];
