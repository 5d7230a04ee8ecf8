//! Several processes that send from one ledger: what each leaves to the others, and what nobody may
//! do twice.

mod postgres {
    use std::collections::{BTreeMap, HashMap};
    use std::sync::Mutex;

    use telephony_core::{Clock as _, SystemClock};
    use telephony_webhook::PostgresPool;
    use telephony_webhook::testing::Cut;

    use super::super::super::SENDING;
    use super::super::*;
    use crate::sql::Store;

    /// The same ledger as several processes have it.
    async fn nodes<const COUNT: usize>() -> [Ledger; COUNT] {
        let url = TestServer::shared().database().await;
        let mut nodes = Vec::new();
        for _ in 0..COUNT {
            let tls = telephony_providers::tls_configuration().unwrap();
            let pool = PostgresPool::connect(&url, tls, &[Ledger::POSTGRES]).await.unwrap();
            nodes.push(Ledger::new(Store::Postgres(pool)));
        }
        nodes.try_into().unwrap()
    }

    /// A send is written down once, and a part that was claimed without an answer waits again.
    #[tokio::test]
    #[ignore = "needs PostgreSQL: cargo xtask ci runs it"]
    async fn a_connection_that_is_lost_in_a_commit_leaves_nothing_unknown() {
        let (url, cut) = Cut::to(&TestServer::shared().database().await).await;
        let tls = telephony_providers::tls_configuration().unwrap();
        let pool = PostgresPool::connect(&url, tls, &[Ledger::POSTGRES]).await.unwrap();
        let ledger = Ledger::new(Store::Postgres(pool));
        let send = || reply(1, "a", &["a0", "a1"]);
        let references = ["a-0", "a-1"].map(|text| Reference::new(text).unwrap());
        cut.after_commit();
        ledger.enqueue(id("a"), send(), references.to_vec(), NOW).await.unwrap_err();
        assert_eq!(enqueue(&ledger, "a", send(), NOW).await, Enqueued::Existing(id("a")));
        let limits = || HashMap::from([(account("default"), usize::MAX)]);
        cut.before_commit();
        ledger.claim(NOW, limits(), 9).await.unwrap_err();
        assert_eq!(states(&ledger, "a").await, [PartState::Queued; 2]);
        cut.after_commit();
        ledger.claim(NOW, limits(), 9).await.unwrap_err();
        assert_eq!(states(&ledger, "a").await, [PartState::Sending, PartState::Queued]);
        let claimed = claim_one(&ledger, NOW).await;
        assert_eq!((claimed.part.body.as_str(), claimed.attempt), ("a0", 2));
        assert!(!cut.is_set() && claim(&ledger, NOW).await.is_empty(), "what is had is kept");
    }

    #[tokio::test]
    #[ignore = "needs PostgreSQL: cargo xtask ci runs it"]
    async fn by_a_wrong_clock_nothing_is_sent_or_given_up() {
        let [one] = nodes().await;
        let Store::Postgres(pool) = &one.0 else { unreachable!() };
        add(&one, "a", reply(1, "a", &["a0"])).await;
        pool.heed_clock(Duration::from_secs(10), &SystemClock).await.unwrap();
        let reference = Reference::new("b-0").unwrap();
        one.enqueue(id("b"), reply(2, "b", &["b0"]), vec![reference], NOW).await.unwrap_err();
        let limits = || HashMap::from([(account("default"), usize::MAX)]);
        one.claim(NOW, limits(), 9).await.unwrap_err();
        one.recover(NOW, NOW).await.unwrap_err();
        let claimed = one.claim(SystemClock.now(), limits(), 9).await.unwrap();
        assert_eq!(texts(&claimed), ["a0"]);
    }

    /// What was begun by a clock that was ahead does not hold its lane until that time has come.
    #[tokio::test]
    #[ignore = "needs PostgreSQL: cargo xtask ci runs it"]
    async fn what_was_begun_before_the_clock_was_set_back_is_given_up() {
        let [one, other] = nodes().await;
        add(&one, "a", reply(1, "a", &["a0", "a1"])).await;
        claim_one(&one, NOW).await;
        let before = NOW.saturating_sub(Duration::from_secs(3_600));
        assert_eq!(other.recover(before, before).await.unwrap().0, 1);
        assert_eq!(states(&one, "a").await, [PartState::Unknown, PartState::Queued]);
        assert_eq!(texts(&claim(&other, before).await), ["a1"]);
    }

    #[tokio::test]
    #[ignore = "needs PostgreSQL: cargo xtask ci runs it"]
    async fn what_others_have_begun_is_theirs_until_they_must_have_ended() {
        let [one, other] = nodes().await;
        add(&one, "a", reply(1, "a", &["a0", "a1"])).await;
        let held = claim_one(&one, NOW).await;
        assert!(claim(&other, NOW).await.is_empty(), "a1 is behind what is on its way");
        let almost = NOW.saturating_add(SENDING - Duration::from_millis(1));
        assert_eq!(other.recover(almost, almost).await.unwrap().0, 0);
        assert!(one.holds(&held).await.unwrap());
        assert_eq!(
            other
                .recover(NOW.saturating_add(SENDING), NOW.saturating_add(SENDING))
                .await
                .unwrap()
                .0,
            1
        );
        assert!(!one.holds(&held).await.unwrap(), "whoever was held up must not send it");
        assert_eq!(states(&one, "a").await, [PartState::Unknown, PartState::Queued]);
        assert_eq!(texts(&claim(&other, NOW).await), ["a1"]);
        // It had been sent just before: the carrier's answer is heeded all the same.
        sent(&one, &held, "SM1").await;
        assert_eq!(states(&other, "a").await, [PartState::Sent, PartState::Sending]);
    }

    #[tokio::test]
    #[ignore = "needs PostgreSQL: cargo xtask ci runs it"]
    async fn whoever_asked_and_lives_is_waited_for() {
        let [one, other] = nodes().await;
        let asked = send(1, Source::Queued("k".parse().unwrap()), &["a0"]);
        add(&one, "a", asked.retried_by_asker()).await;
        assert_eq!(
            other.recover(later(1), later(1)).await.unwrap().0,
            0,
            "another node has just started"
        );
        assert_eq!(states(&one, "a").await, [PartState::Queued]);
        other.recover(NOW.saturating_add(SENDING), NOW.saturating_add(SENDING)).await.unwrap();
        assert_eq!(states(&one, "a").await, [PartState::NotSent]);
    }

    /// Three nodes write down and send at once: no part is claimed twice, each number gets its parts
    /// in the order in which they were written down.
    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    #[ignore = "needs PostgreSQL: cargo xtask ci runs it"]
    async fn no_part_is_claimed_twice_nor_out_of_order() {
        const SENDS: usize = 40;
        const NUMBERS: u32 = 7;
        let nodes: [Ledger; 3] = nodes().await;
        let claimed: Mutex<BTreeMap<PhoneNumber, Vec<String>>> = Mutex::default();
        let written: Mutex<BTreeMap<PhoneNumber, Vec<String>>> = Mutex::default();
        let write = async |node: usize| {
            for count in 0..SENDS {
                let to = u32::try_from(count).unwrap() % NUMBERS;
                let name = format!("{node}-{count}");
                let texts = [format!("{name} 0"), format!("{name} 1")];
                let send = reply(to, &name, &[texts[0].as_str(), texts[1].as_str()]);
                add(&nodes[node], &name, send).await;
                written.lock().unwrap().entry(number(to)).or_default().extend(texts);
            }
        };
        let work = async |node: usize| {
            let ledger = &nodes[node];
            loop {
                let parts = claim(ledger, NOW).await;
                let done = claimed.lock().unwrap().values().map(Vec::len).sum::<usize>();
                if parts.is_empty() && done == 3 * 2 * SENDS {
                    return;
                }
                for part in parts {
                    let text = part.part.body.as_str().to_owned();
                    claimed.lock().unwrap().entry(part.to.clone()).or_default().push(text.clone());
                    sent(ledger, &part, &text.replace(' ', "-")).await;
                }
            }
        };
        tokio::join!(write(0), write(1), write(2), work(0), work(1), work(2));
        let (claimed, written) = (claimed.into_inner().unwrap(), written.into_inner().unwrap());
        for (to, texts) in claimed {
            let mut sorted = texts.clone();
            sorted.sort_unstable();
            sorted.dedup();
            assert_eq!(sorted.len(), texts.len(), "to {to}: {texts:?}");
            // Sends of different nodes may come in either order, and each of them stays whole.
            for pair in texts.chunks(2) {
                assert_eq!(pair[0].strip_suffix('0'), pair[1].strip_suffix('1'), "{texts:?}");
            }
            for node in 0..3 {
                let of_node = |texts: &[String]| -> Vec<String> {
                    let own = format!("{node}-");
                    texts.iter().filter(|text| text.starts_with(&own)).cloned().collect()
                };
                assert_eq!(of_node(&texts), of_node(&written[&to]));
            }
        }
    }
}
