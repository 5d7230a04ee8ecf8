//! Whoever answers is away for a minute of the service's clock, and nothing is given up.

use std::collections::BTreeMap;

use super::*;

const SENDERS: u32 = 40;

/// Fewer than there may be replies to one number within a minute.
const EACH: usize = 25;

#[tokio::test]
async fn a_thousand_texts_wait_for_a_minute_and_each_is_answered_once_in_order() {
    let scene = Scene::start(json!({ "inboundPolicy": "open" }));
    scene.handler.failures.store(usize::MAX, Ordering::SeqCst);
    scene.handler.let_through.add_permits(1_000);
    for number in 0..EACH {
        for sender in 0..SENDERS {
            scene.text(sender, &number.to_string()).await;
        }
    }
    let inbox = &scene.service.inbox;
    // A second passes when all that is due by then is in a turn, or was and is put off.
    let second = async || {
        let now = scene.service.clock.now();
        let is_due = async || inbox.next_due(now).await.unwrap().is_some_and(|due| due <= now);
        eventually(async || !is_due().await).await;
        scene.clock.advance(Duration::from_secs(1));
        scene.service.arrived.notify_one();
    };
    for _ in 0..60 {
        second().await;
    }
    assert!(scene.asked().len() >= 5 * SENDERS as usize, "they were tried in vain");
    assert_eq!(scene.sent().len(), 0);
    let counts = inbox.counts().await.unwrap();
    assert_eq!((counts.waiting, counts.failed), (1_000, 0), "nothing is given up");

    // What was tried after 31 seconds is tried again after 63. A lease, which is no turn's end,
    // takes longer to run out than passes here.
    scene.handler.failures.store(0, Ordering::SeqCst);
    for _ in 0..20 {
        second().await;
    }
    scene.until_done(1_000).await;
    eventually(async || scene.sent().len() == 1_000).await;
    let mut answered: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for sent in scene.mock.sent() {
        let body = sent.message.body().as_str().to_owned();
        answered.entry(sent.message.to().as_str().to_owned()).or_default().push(body);
    }
    let in_order: Vec<_> = (0..EACH).map(|number| format!("re: {number}")).collect();
    assert_eq!(answered.len(), SENDERS as usize);
    assert!(answered.values().all(|replies| *replies == in_order), "{answered:?}");
}
